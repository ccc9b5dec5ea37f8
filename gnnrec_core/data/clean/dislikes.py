"""Known negatives: pairs that a log says were not liked, kept beside the graph where a person asks for it.

A fifth of them, drawn by the seed of the import, is held out: training may use `DISLIKED`, evaluation counts those of
`HELD_OUT` that stand in lists. A pair that is an interaction as well is no known negative.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from gnnrec_core.data.clean.impressions import pair_relation
from gnnrec_core.data.dataset import Dataset, IntArray, Interactions, Problem, Relation, Vocabulary
from gnnrec_core.data.log import Log
from gnnrec_core.data.options import ImportOptions

DISLIKED, HELD_OUT = "disliked", "disliked_held_out"
SHARE_HELD_OUT = 0.2


def low_ratings(log: Log, options: ImportOptions) -> pl.DataFrame:
    """Pairs `user`, `item` rated below `options.min_rating`; what has no rating says nothing."""
    rows = np.zeros(0, np.int64)
    if options.negatives == "keep" and options.min_rating is not None and log.rating is not None:
        rows = np.flatnonzero(log.rating < options.min_rating)
    users = [log.user_ids[index] for index in log.user[rows].tolist()]
    items = [log.item_ids[index] for index in log.item[rows].tolist()]
    return pl.DataFrame({"user": users, "item": items}, schema={"user": pl.String, "item": pl.String})


def disliked_relations(
    pairs: pl.DataFrame, users: Vocabulary, items: Vocabulary, log: Interactions, seed: int
) -> tuple[tuple[Relation, ...], tuple[Problem, ...]]:
    """The pairs as two relations, for training and held out, and what became of those that cannot be kept."""
    if not pairs.height:
        return (), ()
    every, gone = pair_relation(pairs, DISLIKED, users, items)
    liked = np.isin(every.source * len(items) + every.target - len(users), log.user_index * len(items) + log.item_index)
    kept = np.flatnonzero(~liked)
    held_out = np.zeros(len(kept), bool)
    order = np.random.default_rng([seed, len(kept)]).permutation(len(kept))
    held_out[order[: round(SHARE_HELD_OUT * len(kept))]] = True
    relations = tuple(
        Relation(name, "user-item", every.source[rows], every.target[rows], every.weight[rows])
        for name, rows in ((DISLIKED, kept[~held_out]), (HELD_OUT, kept[held_out]))
        if len(rows)
    )
    text = (
        f"{len(kept):,} known negatives are kept beside the graph: {len(kept) - held_out.sum():,} for training "
        f"(--set known_negatives=0.5), {held_out.sum():,} held out for evaluation"
    )
    both = f"; {liked.sum():,} pairs are interactions as well and stay those" if liked.any() else ""
    lost = f"; {gone:,} lead to people or items without any interaction and were left out" if gone else ""
    return relations, (Problem("known_negatives", "info", len(kept), "kept", f"{text}{both}{lost}."),)


def known_negatives(dataset: Dataset, name: str = DISLIKED) -> tuple[IntArray, IntArray]:
    """User and item indices `[n]` of the known negatives of one relation, sorted by user; empty where none are."""
    for relation in dataset.relations:
        if relation.name == name and relation.kind == "user-item":
            return relation.source, relation.target - dataset.n_users
    return np.zeros(0, np.int64), np.zeros(0, np.int64)
