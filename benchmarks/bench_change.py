"""Shaking, rounds and forgetting on ML-100K and the sample: seconds, and the direction of published results.

Writes results/change.json. Rounds are asked for the direction of Mansoury et al. (2020): are the minority (women in
ML-100K, the region with fewest readers in the sample) led further from their taste than others? On the sample every
re-ranker is played beside the model's own lists. The panel of `lightgcn` keeps its parameters (of few epochs, as they
change no time); `--forget` also lets a LightGCN of the sample forget people by training again, and by keeping
parameters, each against a training without them. ML-100K lies in ../shared; without it only the sample is measured.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from common import DATA, RESULTS, ROOT, write

KINDS = ("drop", "add", "rewire", "one")
SEEDS = 5
QUICK = {"epochs": 10, "embedding_dim": 32}
FORGOTTEN = range(5, 800, 80)


def main() -> None:
    """Measure and write; other worlds and models stay as they were measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--of", nargs="*", default=["sample", "ml-100k"])
    parser.add_argument("--models", nargs="*", default=["itemknn", "ease"])
    parser.add_argument("--forget", action="store_true")
    arguments = parser.parse_args()
    file = RESULTS / "change.json"
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))["figures"] if file.is_file() else {}
    for name in arguments.of:
        if name == "sample" or (DATA / "ml-100k").is_dir():
            for model in arguments.models:
                found[f"{name}, {model}"] = measured(name, model)
    if arguments.forget:
        found["sample, lightgcn forgets"] = forgets()
    write("change", {"share": 0.05, "n": 10, "seeds": SEEDS}, found)


def measured(name: str, model: str) -> dict[str, Any]:
    """The panel, and rounds for a model that refits."""
    from gnnrec_core.audit.rerankers import RERANKERS
    from gnnrec_core.change.robustness import robustness
    from gnnrec_core.change.rounds import rounds
    from gnnrec_core.explain.truth.retraining import refits
    from gnnrec_core.runs.training import fit

    dataset, group_by = world(name)
    run = fit(dataset, model, QUICK if model == "lightgcn" else {}, device="cpu")
    row: dict[str, Any] = {}
    start = time.process_time()
    for kind in KINDS:
        shaken = robustness(run, kind, 0.05, group_by=group_by)
        row[kind] = {"overlap": shaken.overlap.to_dict(), "control": shaken.control, "level": shaken.level}
    row["panel_seconds"] = time.process_time() - start
    if not refits(run):
        return row
    start = time.process_time()
    played = rounds(run, 10, group_by=group_by, seeds=SEEDS)
    row["rounds_seconds"] = time.process_time() - start
    row |= told(played.lists)
    if name == "sample":
        ways = [plugin.name for plugin in RERANKERS]
        start = time.process_time()
        compared = rounds(run, 10, group_by=group_by, seeds=SEEDS, mitigations=ways)
        row["rounds_with_rerankers_seconds"] = time.process_time() - start
        row["rerankers"] = {
            loop.name: {t.name: t.against.to_dict() for t in loop.tracks if t.against is not None}
            for loop in compared.mitigations
        }
    return row


def told(loop: Any) -> dict[str, Any]:
    """Changes of figures beside those of the control, groups, and how many providers gain and lose."""
    return {
        "changes": {t.name: [t.change.to_dict(), t.control_change.value] for t in loop.tracks},
        "more_than_others": {g.group: [g.n_users, g.more_than_others.to_dict()] for g in loop.groups},
        "providers_told_of_that_gain": sum(p.change.low > 0 for p in loop.providers),
        "providers_told_of_that_lose": sum(p.change.high < 0 for p in loop.providers),
    }


def forgets() -> dict[str, Any]:
    """What the receipts of both ways say: means over `FORGOTTEN`, with intervals over them."""
    import numpy as np

    from gnnrec_core.change.forgetting import forget
    from gnnrec_core.ranking.intervals import mean_interval
    from gnnrec_core.runs.training import fit

    found: dict[str, Any] = {}
    run = fit(world("sample")[0], "lightgcn", QUICK, device="cpu")
    for method in ("kept", "again"):
        start, told = time.process_time(), []
        for person in FORGOTTEN:
            with tempfile.TemporaryDirectory() as folder:
                _, receipt = forget(run, "user", person, Path(folder) / "new", method)
            told.append(receipt.to_dict()["against"])
        found[method] = {
            "people": len(told),
            "seconds_a_person": (time.process_time() - start) / len(told),
            "largest_difference": max(each["largest_difference"] for each in told),
            "overlap": mean_interval(np.array([each["overlap"] for each in told])).to_dict(),
        }
        for name in ("membership", "membership_before"):
            areas = np.array([each[name]["value"] for each in told if each[name] is not None])
            found[method][name] = mean_interval(areas).to_dict()
    return found


def world(name: str) -> tuple[Any, str]:
    """The dataset of that name, and the groups that are looked at."""
    from gnnrec_core.data.importing import import_source
    from gnnrec_core.data.options import ImportOptions
    from gnnrec_core.data.store import load_dataset

    if name == "sample":
        return load_dataset(ROOT / "sample_data" / "classics"), "region"
    return import_source(DATA / "ml-100k", ImportOptions()), "gender"


if __name__ == "__main__":
    main()
