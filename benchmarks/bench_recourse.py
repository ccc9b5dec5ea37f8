"""Recourse of items, trained again: how often does what was verified in the model hold in a training with the links?

Writes results/recourse.json. Items of the sample that few lists hold, drawn at random; LightGCN. For each the fewest
links that bring it to `--more` more people are sought and verified on the graph ("in this model"), then the model is
trained with them and without, by the same seed. Held: more lists than without the links; reached: as many as promised.
The control is as many links drawn at random, trained again too.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
from common import ROOT, write


def main() -> None:
    """Measure and write."""
    from gnnrec_core.ranking.intervals import share_interval
    from gnnrec_core.runs.run import load_run
    from gnnrec_core.whole.items.recourse import Link, recourse, trained_with
    from gnnrec_core.whole.items.standing import standing

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=12)
    parser.add_argument("--more", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--run", default="lightgcn", help="of the sample's runs")
    arguments = parser.parse_args()
    run = load_run(ROOT / "sample_data" / "runs" / arguments.run)
    rng, rows = np.random.default_rng(0), []
    rare = np.flatnonzero((run.graph.popularity > 2) & (run.graph.popularity < 40))
    for item in rng.choice(rare, arguments.items, replace=False).tolist():
        now = standing(run, item, 10)
        found = recourse(run, item, now, arguments.more, 3, trainings=arguments.seeds)
        last, trained = found.steps[-1], found.trained
        assert trained is not None
        people = rng.choice(np.flatnonzero(now.open), len(last.links), replace=False)
        control = trained_with(run, item, tuple(Link("interaction", int(user)) for user in people), 10, arguments.seeds)
        rows.append((last.n_before, last.n_after, trained, control, found.goal))
        print(item, len(last.links), last.n_before, last.n_after, trained, control, flush=True)
    figures: dict[str, Any] = {
        "held": _share(share_interval, [t.held for _, _, t, _, _ in rows], arguments.seeds),
        "reached": _share(
            share_interval, [sum(a >= goal for a in t.n_after) for _, _, t, _, goal in rows], arguments.seeds
        ),
        "held_by_random_links": _share(share_interval, [c.held for *_, c, _ in rows], arguments.seeds),
        "mean_more_lists": {
            "in this model": float(np.mean([after - before for before, after, *_ in rows])),
            "trained again": float(np.mean([np.mean(t.n_after) - np.mean(t.n_before) for _, _, t, _, _ in rows])),
            "random links, trained again": float(
                np.mean([np.mean(c.n_after) - np.mean(c.n_before) for *_, c, _ in rows])
            ),
        },
    }
    write("recourse", vars(arguments), figures)


def _share(interval: Any, counts: list[int], n: int) -> dict[str, Any]:
    found: dict[str, Any] = interval(np.concatenate([np.arange(n) < count for count in counts]).astype(float)).to_dict()
    return found


if __name__ == "__main__":
    main()
