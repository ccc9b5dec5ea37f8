"""Recourse of items, trained again: how often does what was verified in the model hold in a training with the links?

Items of a run of the sample are drawn at random; for each the fewest links that bring it to `--more` more people are
sought and verified on the graph ("in this model"), then the model is trained with them and without, by the same random
draws (`measure_recourse`). Held: more lists with the links than without; reached: as many as promised. The control is
as many links drawn at random, trained too. Then other items are asked with the margin that was learned on the first
ones (`surely`) and without it, for `--sure` more people, and trained again: that is what the margin is worth. Last,
copies of items of the sample are folded in as new ones, from some of their readers and their attributes, and trained
with the same links. Writes results/recourse.json.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from common import ROOT, write


def main() -> None:
    """Measure and write."""
    from gnnrec_core.runs.run import load_run
    from gnnrec_core.views.whole.item_side import rate_json
    from gnnrec_core.whole.items.measured import measure_recourse

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", default="lightgcn", help="of the sample's runs")
    parser.add_argument("--items", type=int, default=100)
    parser.add_argument("--more", type=int, default=5)
    parser.add_argument("--sure", type=int, default=2)
    parser.add_argument("--others", type=int, default=40)
    parser.add_argument("--folded", type=int, default=24)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:  # the rate is kept beside a run: beside a copy of the sample's
        shutil.copytree(ROOT / "sample_data", Path(place) / "sample_data")
        run = load_run(Path(place) / "sample_data" / "runs" / arguments.run)
        figures: dict[str, Any] = {"rate": rate_json(measure_recourse(run, arguments.items, more=arguments.more))}
        print(figures["rate"]["sentence"], flush=True)
        figures["margin"] = _margin(run, arguments.others, arguments.sure, arguments.items)
        print(figures["margin"], flush=True)
        figures["new_items"] = _folded(run, arguments.folded)
    write("recourse", vars(arguments), figures)


def _margin(run: Any, n: int, more: int, before: int) -> dict[str, Any]:
    """Items that the margin was not learned on: which gain `more` lists when trained, asked for with it and without."""
    from gnnrec_core.ranking.intervals import share_interval
    from gnnrec_core.whole.items.links import trained_with
    from gnnrec_core.whole.items.rate import load_rate
    from gnnrec_core.whole.items.recourse import recourse
    from gnnrec_core.whole.items.standing import standing

    rate = load_rate(run)
    assert rate is not None
    known = np.flatnonzero(run.graph.popularity > 0)
    items = np.random.default_rng((0, 3)).permutation(known)[before : before + n].tolist()
    found: dict[str, Any] = {"aimed_at": rate.aimed(more), "more": more, "n_items": len(items)}
    for name, surely in (("plain", False), ("with_margin", True)):
        ways = {item: recourse(run, item, standing(run, item, 10), more, 6, surely=surely) for item in items}
        ways = {item: way for item, way in ways.items() if way.reached}
        trained = trained_with(run, {item: way.steps[-1].links for item, way in ways.items()}, 10, 1)
        gains = np.array([trained[item].n_after[0] - trained[item].n_before[0] for item in ways])
        likely = [rate.foretold(way.steps[-1].n_before, way.steps[-1].n_after) for way in ways.values()]
        told = [(low - way.steps[-1].n_before, high - way.steps[-1].n_before) for way, (_, low, high) in
                zip(ways.values(), likely, strict=True)]  # fmt: skip
        inside = np.array([low <= gain <= high for gain, (low, high) in zip(gains, told, strict=True)])
        found[name] = {
            "n_answered": len(ways),
            "mean_links": float(np.mean([len(way.steps[-1].links) for way in ways.values()])),
            "held": share_interval((gains > 0).astype(float)).to_dict(),
            "gained_what_was_wanted": share_interval((gains >= more).astype(float)).to_dict(),
            "inside_the_80_percent_interval": share_interval(inside.astype(float)).to_dict(),
        }
    return found


def _folded(run: Any, n: int) -> dict[str, Any]:
    """Copies of items as new ones, with eight to forty of their readers and their attributes: foretold and trained."""
    from scipy.stats import spearmanr

    from gnnrec_core.whole.items.new_item import new_item

    rng = np.random.default_rng(1)
    graph, dataset = run.graph, run.dataset
    first = dataset.n_users + dataset.n_items
    rows = []
    for item in rng.choice(np.flatnonzero(graph.popularity >= 15), n, replace=False).tolist():
        ends = graph.targets(graph.edges_of(int(graph.item_node(item))))
        readers = rng.permutation(ends[ends < dataset.n_users])[:15]
        labels = dataset.attribute_table.filter(dataset.attribute_table["attribute_index"].is_in(
            (ends[ends >= first] - first).tolist()))  # fmt: skip
        pairs = list(zip(labels["relation"].to_list(), labels["label"].to_list(), strict=True))
        found = new_item(run, "copy", pairs[:5], readers.tolist(), trainings=1)
        rows.append((found.side.n_listed, found.trained[0], dict(found.side.ranks)["median"]))
        print(item, rows[-1], flush=True)
    told, trained = (np.array(rows, float)[:, column] for column in (0, 1))
    return {
        "n_items": len(rows),
        "readers": 15,
        "spearman_of_lists": float(spearmanr(told, trained).statistic),
        "mean_lists_foretold": float(told.mean()),
        "mean_lists_trained": float(trained.mean()),
        "mean_absolute_difference": float(np.abs(told - trained).mean()),
        "in_any_list_agrees": float(((told > 0) == (trained > 0)).mean()),
    }


if __name__ == "__main__":
    main()
