"""Planted drift of the sample's readers against the date that `drift` finds, and false alarms among all others.

Writes results/drift.json. A date counts as within one window where it is off by at most a sixth of the history.
"""

from __future__ import annotations

import argparse

import numpy as np
from common import ROOT, write


def main() -> None:
    """Measure and write."""
    from gnnrec_core.change.drift import N_WINDOWS, history_in_time, labels_of, telling
    from gnnrec_core.change.turn import LEVEL, find_turn
    from gnnrec_core.data.store import load_dataset
    from gnnrec_core.data.truth import load_truth
    from gnnrec_core.ranking.intervals import share_interval

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shuffles", type=int, default=499)
    arguments = parser.parse_args()
    folder = ROOT / "sample_data" / "classics"
    dataset, truth = load_dataset(folder), load_truth(folder)
    shares = telling(dataset, labels_of(dataset))
    rows = []
    for user in range(dataset.n_users):
        items, _, _ = history_in_time(dataset, user)
        planted = [p for p, item in enumerate(items.tolist()) if truth.cause(user, item).reason == "drift"]
        turn = find_turn(shares[items], arguments.shuffles)
        called = turn is not None and turn.stands
        near = turn is not None and bool(planted) and abs(turn.cut - planted[0]) <= np.ceil(len(items) / N_WINDOWS)
        rows.append((len(planted), called, called and near))
    n_planted, called, near = (np.array(column) for column in zip(*rows, strict=True))
    figures = {
        f"at least {least} books of the new genre": {
            "n_readers": int((n_planted >= least).sum()),
            "called": share_interval(called[n_planted >= least].astype(float)).to_dict(),
            "dated_within_one_window_of_those_called": share_interval(
                near[(n_planted >= least) & called].astype(float)
            ).to_dict(),
        }
        for least in (1, 3, 5, 8)
    }
    still = called[n_planted == 0].astype(float)
    figures["without drift"] = {"n_readers": len(still), "false_alarms": share_interval(still).to_dict()}
    write("drift", {**vars(arguments), "level": LEVEL, "n_windows": N_WINDOWS}, figures)


if __name__ == "__main__":
    main()
