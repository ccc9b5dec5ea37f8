"""What edge dropout and the penalty on time cost, and what they buy: accuracy against how far lists move.

Writes results/stability.json. LightGCN, trained with `--seeds` seeds for at most `--epochs`. Accuracy: NDCG@20 on the
test part, with the paired 95 % interval over people against the training without either, mean over the seeds. Lists of
10, rank-biased overlap:

* `another_seed`: of two trainings with other seeds;
* `a_tenth_rewired`: after a tenth of the train interactions has gone to other items, parameters kept (3 draws);
* `a_tenth_earlier`: as of the day by which nine tenths of the train interactions were there, parameters kept.

`seconds_per_epoch` is the price in time; `settings` are epochs, length of embeddings and seeds. The sample is split for
each reader, ML-100K (in ../shared; left out without it) by date.
"""

from __future__ import annotations

import argparse
import json
import time
from itertools import combinations
from typing import Any

import numpy as np
from bench_time import ndcg, world
from common import DATA, RESULTS, write

WAYS = {
    "neither": {},
    "edge_dropout=0.1": {"edge_dropout": 0.1},
    "edge_dropout=0.3": {"edge_dropout": 0.3},
    "time_consistency=100": {"time_consistency": 100.0},
    "time_consistency=1000": {"time_consistency": 1000.0},
}


def main() -> None:
    """Measure and write; the other worlds and ways stay as they were measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--of", nargs="*", default=["sample", "ml-100k"])
    parser.add_argument("--ways", nargs="*", default=list(WAYS), choices=list(WAYS))
    parser.add_argument("--epochs", type=int, default=20, help="most of each training")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--dim", type=int, default=32, help="length of the embeddings")
    arguments = parser.parse_args()
    file = RESULTS / "stability.json"
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))["figures"] if file.is_file() else {}
    for name in arguments.of:
        if name == "sample" or (DATA / "ml-100k").is_dir():
            found[name] = found.get(name, {}) | measured(world(name), arguments)
            write("stability", vars(arguments), found)


def measured(dataset: Any, arguments: Any) -> dict[str, Any]:
    """Each way of training, against the one with neither."""
    from gnnrec_core.runs.training import fit

    fit(dataset, "lightgcn", {"epochs": 1, "embedding_dim": arguments.dim}, device="cpu")  # nobody pays for the first
    rows: dict[str, Any] = {}
    plain: list[Any] = []
    for way in ["neither", *(way for way in arguments.ways if way != "neither")]:
        started = time.process_time()
        runs = trained(dataset, WAYS[way], arguments)
        spent = time.process_time() - started
        test = [ndcg(dataset, run.model.score, "test") for run in runs]
        plain = plain or test
        rows[way] = {"settings": [arguments.epochs, arguments.dim, arguments.seeds], **judged(test, plain)}
        rows[way] |= moved(dataset, runs)
        rows[way]["epochs"] = [run.record.figures["epochs_run"] for run in runs]
        rows[way]["seconds_per_epoch"] = spent / sum(rows[way]["epochs"])
        print(way, {name: value for name, value in rows[way].items() if not isinstance(value, dict)}, flush=True)
    return rows


def trained(dataset: Any, way: dict[str, Any], arguments: Any) -> list[Any]:
    """A run for each seed."""
    from gnnrec_core.runs.training import fit

    settings = {"epochs": arguments.epochs, "embedding_dim": arguments.dim, **way}
    return [fit(dataset, "lightgcn", settings, seed, device="cpu") for seed in range(arguments.seeds)]


def judged(test: list[Any], plain: list[Any]) -> dict[str, Any]:
    """NDCG@20, and the paired difference."""
    from gnnrec_core.ranking.intervals import mean_interval

    own, base = (np.mean(one, axis=0) for one in (test, plain))
    figures = {"test": float(np.nanmean(own))}
    return figures if test is plain else {**figures, "less_neither": mean_interval(own - base).to_dict()}


def moved(dataset: Any, runs: list[Any]) -> dict[str, Any]:
    """How far lists are from those of another seed, of a rewired graph, and of an earlier day."""
    from gnnrec_core.change.as_of import state_of
    from gnnrec_core.change.robustness import robustness
    from gnnrec_core.change.strips import even_days
    from gnnrec_core.ranking.overlap import rank_biased_overlap
    from gnnrec_core.ranking.topk import rank_items
    from gnnrec_core.runs.recommend import left_out

    had, everybody = left_out(dataset), np.arange(dataset.n_users)

    def lists(model: Any) -> Any:
        return rank_items(model.score, everybody, had, 10).item_index

    own = [lists(run.model) for run in runs]
    day = even_days(runs[0], 10)[-2]
    return {
        "another_seed": interval([rank_biased_overlap(a, b) for a, b in combinations(own, 2)]),
        "a_tenth_rewired": interval([robustness(run, "rewire", 0.1, n_draws=3).per_user for run in runs]),
        "a_tenth_earlier": interval(
            [rank_biased_overlap(a, lists(state_of(run, day).run.model)) for a, run in zip(own, runs, strict=True)]
        ),
    }


def interval(overlaps: list[Any]) -> dict[str, float]:
    """Mean over people of their mean over what was compared, with its 95 % interval."""
    from gnnrec_core.ranking.intervals import UNIT, mean_interval

    return mean_interval(np.mean(overlaps, axis=0), bounds=UNIT).to_dict()


if __name__ == "__main__":
    main()
