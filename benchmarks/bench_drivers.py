"""Drivers of everybody's lists: seconds, memory, exactness, against the lists alone and against single ledgers.

Must hold: MovieLens 100K, all users x top 10, in 5 s, for every model with a ledger; Gowalla in 120 s on two cores;
memory up to 2 GiB; shares that sum to 1 within 1e-6. Models are trained for an epoch or two (the time of drivers
does not depend on how well). The single ledgers are those of `explain`, one case after the other, for a few people.
`holds` judges CPU seconds on one thread, which other work does not lengthen. Writes results/drivers-NAME.json.
"""

from __future__ import annotations

import argparse
import resource
import time
from typing import Any

import numpy as np
from common import gowalla, movielens, write

QUICK = {"epochs": 2}
GOWALLA: dict[str, dict[str, Any]] = {"lightgcn": {"epochs": 1}, "itemknn": {}, "lowpass": {}}
LIMITS = {"ml-100k": 5.0, "gowalla": 120.0}
MOST_MIB, EXACT = 2048, 1e-6


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--of", default="ml-100k", choices=tuple(LIMITS))
    parser.add_argument("--models", nargs="*", help="of those (default all)")
    parser.add_argument("--k", type=int, default=10)
    arguments = parser.parse_args()
    dataset = movielens(0) if arguments.of == "ml-100k" else gowalla()
    rows, limit = [], LIMITS[arguments.of]
    for name, settings in (GOWALLA if arguments.of == "gowalla" else _all_models()).items():
        if not arguments.models or name in arguments.models:
            row = _measure(dataset, name, settings, arguments.k)
            if row is None:
                continue
            slowest = max(row["cpu_seconds_score"], row["cpu_seconds_margin"])
            exact = max(abs(row[f"sum_of_shares_{target}"] - 1) for target in ("score", "margin"))
            rows.append({**row, "holds": slowest <= limit and row["peak_mib"] <= MOST_MIB and exact <= EXACT})
            figures = {"limit_seconds": limit, "limit_mib": MOST_MIB, "models": rows, "peak_mib": _peak()}
            clock = "seconds by the clock on the wall; cpu_seconds: CPU time of this process"
            write(f"drivers-{arguments.of}", vars(arguments), figures, clock)  # after each: the next may take long


def _all_models() -> dict[str, dict[str, Any]]:
    from gnnrec_core.models import MODELS

    return {name: QUICK if "epochs" in MODELS.load(name).settings_type.model_fields else {} for name in MODELS.names}


def _measure(dataset: Any, name: str, settings: dict[str, Any], k: int) -> dict[str, Any] | None:
    from gnnrec_core.base.errors import UnsupportedError
    from gnnrec_core.explain.case import make_case
    from gnnrec_core.explain.scores.edge_effects import user_ledger
    from gnnrec_core.explain.scores.scoring import scorer_of
    from gnnrec_core.runs.recommend import recommend
    from gnnrec_core.runs.training import fit
    from gnnrec_core.whole.drivers import drivers

    run = fit(dataset, name, settings, device="cpu")
    try:
        scorer_of(run.model)
    except UnsupportedError as error:
        print(f"{name}: {error.message}")
        return None
    before = _peak()
    row: dict[str, Any] = {"model": name, "peak_mib_after_training": before}
    start = time.perf_counter()
    lists = recommend(run, np.arange(dataset.n_users), k)
    row["seconds_lists_alone"] = time.perf_counter() - start
    for target in ("score", "margin"):
        start, busy = time.perf_counter(), time.process_time()
        found = drivers(run, k, "item", target)
        row[f"seconds_{target}"] = time.perf_counter() - start
        row[f"cpu_seconds_{target}"] = time.process_time() - busy
        whole = found.everybody
        row[f"sum_of_shares_{target}"] = sum(each.share for each in whole.drivers) + whole.unassigned.share
        row[f"difference_{target}"] = found.difference
    row["peak_mib"] = _peak()
    users = np.random.default_rng(0).choice(dataset.n_users, 5 if dataset.n_users < 10_000 else 2, replace=False)
    start, total = time.perf_counter(), 0.0
    for user in users.tolist():
        for item in lists.item_index[user].tolist():
            own, _, values = user_ledger(run.model, make_case(run.model, dataset, user, item, "margin", k))
            total += own + values.sum()
    row["seconds_single_ledgers_of_all_extrapolated"] = (time.perf_counter() - start) * dataset.n_users / len(users)
    row["single_ledgers_differ_by"] = float(abs(total - found.total[users].sum()) / abs(total))
    return row


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
