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
import json
import shutil
import tempfile
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from common import RESULTS, ROOT, write


def main() -> None:
    """Measure and write."""
    from gnnrec_core.runs.run import load_run
    from gnnrec_core.views.whole.item_side import rate_json
    from gnnrec_core.whole.items.measured import measure_recourse
    from gnnrec_core.whole.items.rate import RecourseRate, save_rate

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", default="lightgcn", help="of the sample's runs")
    parser.add_argument("--items", type=int, default=40)
    parser.add_argument("--more", type=int, default=5)
    parser.add_argument("--sure", type=int, default=2)
    parser.add_argument("--others", type=int, default=16)
    parser.add_argument("--folded", type=int, default=12)
    parser.add_argument(
        "--parts", nargs="*", default=["rate", "new_items", "margin"], help="the others stay as they are"
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:  # the rate is kept beside a run: beside a copy of the sample's
        shutil.copytree(ROOT / "sample_data", Path(place) / "sample_data")
        run = load_run(Path(place) / "sample_data" / "runs" / arguments.run)
        for part in arguments.parts:
            figures = _so_far()
            if part == "rate":
                found = rate_json(measure_recourse(run, arguments.items, more=arguments.more))
            elif part == "margin":
                names = {each.name for each in fields(RecourseRate)}
                known = {name: value for name, value in figures["rate"].items() if name in names}
                save_rate(RecourseRate(run.dataset.fingerprint, run.record.created, **known), run)
                found = _margin(run, arguments.others, arguments.sure, arguments.items)
            else:
                found = _folded(run, arguments.folded)
            write("recourse", vars(arguments), {**_so_far(), part: found})  # after each: the next takes minutes


def _so_far() -> dict[str, Any]:
    """The parts that were measured before."""
    path = RESULTS / "recourse.json"
    return json.loads(path.read_text(encoding="utf-8"))["figures"] if path.is_file() else {}  # type: ignore[no-any-return]


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
    found: dict[str, Any] = {"aimed_at_from_none": rate.aimed(0, more), "more": more, "n_items": len(items)}
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
    """Copies of items as new ones, with some of their readers and their attributes: foretold and trained."""
    from scipy.stats import spearmanr

    from gnnrec_core.runs.run import Run
    from gnnrec_core.whole.items.links import trained_on
    from gnnrec_core.whole.items.new_item import new_item
    from gnnrec_core.whole.items.standing import standing

    rng = np.random.default_rng(1)
    graph, dataset = run.graph, run.dataset
    first = dataset.n_users + dataset.n_items
    rows, readers_given = [], 12
    for item in rng.choice(np.flatnonzero(graph.popularity >= 15), n, replace=False).tolist():
        ends = graph.targets(graph.edges_of(int(graph.item_node(item))))
        readers = rng.permutation(ends[ends < dataset.n_users])[:readers_given]
        labels = dataset.attribute_table.filter(dataset.attribute_table["attribute_index"].is_in(
            (ends[ends >= first] - first).tolist()))  # fmt: skip
        pairs = list(zip(labels["relation"].to_list(), labels["label"].to_list(), strict=True))
        found = new_item(run, "copy", pairs[:2], readers.tolist())
        trained = Run.of(trained_on(run, found.run.dataset, run.record.seed), found.run.dataset)
        told, again = (standing(each, found.item, 10) for each in (found.run, trained))
        ranks = told.rank[told.open], again.rank[told.open]
        agreement = float(spearmanr(*ranks).statistic)
        rows.append((told.listed.sum(), again.listed.sum(), *map(np.median, ranks), agreement))
        print(item, rows[-1], flush=True)
    table = np.array(rows, float)
    names = ("lists_foretold", "lists_trained", "median_rank_foretold", "median_rank_trained")
    return {
        "n_items": len(rows), "readers": readers_given,
        **{f"mean_{name}": float(table[:, column].mean()) for column, name in enumerate(names)},
        "mean_absolute_difference_of_lists": float(np.abs(table[:, 0] - table[:, 1]).mean()),
        "spearman_of_median_ranks": float(spearmanr(table[:, 2], table[:, 3]).statistic),
        "mean_spearman_over_people": float(table[:, 4].mean()), "lowest_spearman_over_people": float(table[:, 4].min()),
    }  # fmt: skip


if __name__ == "__main__":
    main()
