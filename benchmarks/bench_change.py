"""Shaking and rounds on ML-100K and the sample: seconds, and the direction of published results.

Writes results/change.json. Rounds are asked for the direction of Mansoury et al. (2020): are the minority (women in
ML-100K, the region with fewest readers in the sample) led further from their taste than others? ML-100K lies in
../shared; without it only the sample is measured.
"""

from __future__ import annotations

import time
from typing import Any

from common import DATA, ROOT, write

KINDS = ("drop", "add", "rewire", "one")


def main() -> None:
    """Measure and write."""
    from gnnrec_core.change.robustness import robustness
    from gnnrec_core.change.rounds import rounds
    from gnnrec_core.data.importing import import_source
    from gnnrec_core.data.options import ImportOptions
    from gnnrec_core.data.store import load_dataset
    from gnnrec_core.runs.training import fit

    found: dict[str, Any] = {}
    worlds = {"sample": (load_dataset(ROOT / "sample_data" / "classics"), "region")}
    movies = DATA / "ml-100k"
    if movies.is_dir():
        worlds["ml-100k"] = (import_source(movies, ImportOptions()), "gender")
    for name, (dataset, group_by) in worlds.items():
        for model in ("itemknn", "ease"):
            run, row = fit(dataset, model), {}
            start = time.perf_counter()
            for kind in KINDS:
                shaken = robustness(run, kind, 0.05, group_by=group_by)
                row[kind] = {"overlap": shaken.overlap.to_dict(), "control": shaken.control}
            row["panel_seconds"] = time.perf_counter() - start
            start = time.perf_counter()
            played = rounds(run, 10, group_by=group_by, seeds=5)
            row["rounds_seconds"] = time.perf_counter() - start
            row["changes"] = {t.name: [t.change.to_dict(), t.control_change.value] for t in played.tracks}
            row["more_than_others"] = {g.group: [g.n_users, g.more_than_others.to_dict()] for g in played.groups}
            found[f"{name}, {model}"] = row
    write("change", {"share": 0.05, "n": 10, "seeds": 5}, found)


if __name__ == "__main__":
    main()
