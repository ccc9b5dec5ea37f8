"""Every explanation method against the planted truth of the sample, with random numbers as the floor.

Writes results/planted.json. Slow methods see fewer of the same cases; their intervals say so.
"""

from __future__ import annotations

import argparse
from typing import Any

from common import ROOT, write

MASKS = ("gnnexplainer", "pyg_gnnexplainer")
SLOW = {"lightgcn": MASKS, "gat": (*MASKS, "attention", "leave_one_out"), "itemknn": ()}
"""Models, and their slow methods."""


def main() -> None:
    """Measure and write."""
    from gnnrec_core.data.truth import load_truth
    from gnnrec_core.explain.truth.planted import MAX_RANK, score_planted
    from gnnrec_core.runs.run import load_run

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n-cases", type=int, default=200)
    parser.add_argument("--slow-cases", type=int, default=24, help="cases of the slow methods")
    arguments = parser.parse_args()
    truth = load_truth(ROOT / "sample_data" / "classics")
    rows: list[dict[str, Any]] = []
    not_served: dict[str, dict[str, str]] = {}
    for model, slow in SLOW.items():
        limits = dict.fromkeys(slow, arguments.slow_cases)
        run = load_run(ROOT / "sample_data" / "runs" / model)
        scores = score_planted(run, truth, n_cases=arguments.n_cases, limits=limits)
        rows += scores.to_rows()
        not_served[model] = scores.not_served
    settings = {**vars(arguments), "max_rank": MAX_RANK, "slow": SLOW, "dataset": "sample_data/classics"}
    write("planted", settings, {"methods": rows, "not_served": not_served})


if __name__ == "__main__":
    main()
