"""Planted drivers of the sample: what the simulator planted, beside what the models' lists and found choices rest on.

The simulated readers chose for recorded reasons (`truth.parquet`). For each of three planted drivers: `planted`, its
share of the choices of the simulator; `carried`, what the exact ledgers say; and whether the one lies in the 95 %
interval (over people) of the other, which it need not: a model may be right for other reasons than the reader's.

* hub: planted, the share of train interactions that are with the 16 hub books; carried, their share of everybody's
  lists (`drivers --by item`), of what links carry. `first`: how many of the first 16 drivers are hub books.
* author, friend: planted, the share of held-out choices that the model found (rank at most 20) whose reason is an
  author, or a friend; carried, the mean weight in these choices' ledgers of what speaks for that reason: the reader's
  other books by the author; the links to friends, and what a friend brought before. `when_it_was` and `else` are the
  means over the choices with that reason and without; `auc`: how often the former is larger. `rest_on_it`: share of
  the choices in which it carries over a twentieth, `of_which_recorded` those of them that have this reason.

`side_edges`: LightGCN trained with heavier links to friends: their share of all lists, and accuracy.
Writes results/planted_drivers.json.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
from common import ROOT, write

MAX_RANK, TWENTIETH = 20, 0.05


def main() -> None:
    """Measure and write."""
    from gnnrec_core.data.store import load_dataset
    from gnnrec_core.runs.run import load_run
    from gnnrec_core.runs.training import fit

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", nargs="*", help="of the sample, or models", default=["lightgcn", "itemknn", "ridge"])
    parser.add_argument("--side-edges", nargs="*", type=float, default=[1.0, 3.0, 10.0])
    arguments = parser.parse_args()
    figures: dict[str, Any] = {}
    for name in arguments.runs:
        place = ROOT / "sample_data" / "runs" / name
        run = (
            load_run(place) if place.is_dir() else fit(load_dataset(place.parents[1] / "classics"), name, device="cpu")
        )
        figures[name] = {"hub": _hub(run), **_causes(run)}
        print(name, figures[name], flush=True)
    figures["side_edges"] = [_side_edges(weight) for weight in arguments.side_edges]
    write("planted_drivers", vars(arguments), figures)


def _hub(run: Any) -> dict[str, Any]:
    from gnnrec_core.data.sample.catalogue import HUB
    from gnnrec_core.ranking.intervals import mean_interval
    from gnnrec_core.whole.bootstrap import shares
    from gnnrec_core.whole.drivers import drivers

    dataset, log = run.dataset, run.dataset.interactions
    is_hub = np.isin(np.array(dataset.items.ids), HUB)
    train = log.rows("train")
    held = np.bincount(log.user_index[train], is_hub[log.item_index[train]], dataset.n_users)
    size = np.maximum(1, np.bincount(log.user_index[train], minlength=dataset.n_users))
    found: dict[str, Any] = {
        "planted": float(is_hub[log.item_index[train]].mean()),
        "planted_by_person": mean_interval(held / size).to_dict(),
    }
    for target in ("score", "margin"):
        whole = drivers(run, 10, "item", target)
        hub = np.array([raw in HUB for raw in whole.sorting.ids])
        carried = np.asarray(whole.per_user.sum(axis=1)).ravel()
        by_hub = np.asarray(whole.per_user[:, np.flatnonzero(hub)].sum(axis=1)).ravel()
        one = shares(_column(by_hub), carried, 0)
        first = [each.item in HUB for each in whole.everybody.drivers[: len(HUB)]]
        found[target] = {
            "carried": float(one.share[0]), "low": float(one.low[0]), "high": float(one.high[0]),
            "inside": bool(one.low[0] <= found["planted"] <= one.high[0]), "first": int(sum(first)),
        }  # fmt: skip
    return found


def _column(values: Any) -> Any:
    import scipy.sparse as sp

    return sp.csr_array(values[:, None])


def _causes(run: Any) -> dict[str, Any]:
    """Author and friend, over the held-out choices that the model found."""
    from gnnrec_core.data.truth import load_truth
    from gnnrec_core.explain.case import excluded_items
    from gnnrec_core.explain.scores.scoring import scorer_of
    from gnnrec_core.ranking.topk import rank_of

    dataset, scorer = run.dataset, scorer_of(run.model)
    truth = load_truth(ROOT / "sample_data" / "classics")
    authors = np.array(dataset.item_table["author"].to_list())
    rows = []
    for row in dataset.interactions.rows("test").tolist():
        user, item = (int(part[row]) for part in (dataset.interactions.user_index, dataset.interactions.item_index))
        if rank_of(scorer.scores(user), item, excluded_items(dataset, user)) > MAX_RANK:
            continue
        parts = scorer.parts(user, np.array([item]))
        weight = np.maximum(parts.values[:, 0], 0.0)
        total = weight.sum() + max(float(parts.own[0]), 0.0)
        ends, own = run.graph.targets(parts.edges), run.graph.kinds(parts.edges) == 0
        items = np.where(own, ends - dataset.n_users, 0)
        same = own & (authors[items] == authors[item])
        brought = [truth.cause(user, int(each)).reason == "friend" for each in items[own]]
        friend = ~own
        friend[own] = brought
        cause = truth.cause(user, item).reason
        rows.append((user, cause, weight[same].sum() / total, weight[friend].sum() / total))
    users = np.array([row[0] for row in rows])
    causes = np.array([row[1] for row in rows])
    found: dict[str, Any] = {"n_choices": len(rows)}
    for column, cause in ((2, "author"), (3, "friend")):
        found[cause] = _one(users, causes == cause, np.array([row[column] for row in rows]))
    return found


def _one(users: Any, is_cause: Any, weight: Any) -> dict[str, Any]:
    from scipy.stats import mannwhitneyu

    from gnnrec_core.whole.bootstrap import shares

    n = users.max() + 1
    planted, carried = (np.bincount(users, values.astype(float), n)[np.unique(users)] for values in (is_cause, weight))
    size = np.bincount(users, minlength=n)[np.unique(users)].astype(float)
    own, told = (shares(_column(values), size, 0) for values in (planted, carried))
    share = float(own.share[0])
    low, high = float(told.low[0]), float(told.high[0])
    n_pairs = is_cause.sum() * (~is_cause).sum()
    return {
        "planted": share, "planted_low": float(own.low[0]), "planted_high": float(own.high[0]),
        "carried": float(told.share[0]), "low": low, "high": high, "inside": bool(low <= share <= high),
        "rest_on_it": float((weight > TWENTIETH).mean()),
        "of_which_recorded": float(is_cause[weight > TWENTIETH].mean()) if (weight > TWENTIETH).any() else None,
        "when_it_was": float(weight[is_cause].mean()), "else": float(weight[~is_cause].mean()),
        "auc": float(mannwhitneyu(weight[is_cause], weight[~is_cause]).statistic / n_pairs),
    }  # fmt: skip


def _side_edges(weight: float) -> dict[str, Any]:
    from gnnrec_core.data.store import load_dataset
    from gnnrec_core.runs.recommend import evaluate
    from gnnrec_core.runs.training import fit
    from gnnrec_core.whole.drivers import drivers

    run = fit(load_dataset(ROOT / "sample_data" / "classics"), "lightgcn", {"side_edges": weight}, device="cpu")
    found = {each.name: each for each in drivers(run, 10, "relation").everybody.drivers}
    friend = found["friend (side edges)"] if "friend (side edges)" in found else found["friend"]
    ndcg = evaluate(run, 20).accuracy["ndcg"].to_dict()
    row = {"side_edges": weight, "friend_share": friend.share, "low": friend.low, "high": friend.high, "ndcg@20": ndcg}
    print(row, flush=True)
    return row


if __name__ == "__main__":
    main()
