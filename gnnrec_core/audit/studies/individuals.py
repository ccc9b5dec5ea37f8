"""Single people: twins who get different lists, and how much a list has changed."""

from __future__ import annotations

import numpy as np
import polars as pl

from gnnrec_core.audit.evidence import Evidence
from gnnrec_core.audit.groups import Grouping
from gnnrec_core.audit.metrics.individual import list_overlap
from gnnrec_core.audit.studies.twins import find_twins
from gnnrec_core.ranking.recommendations import Recommendations


def twin_table(
    evidence: Evidence, min_overlap: float = 0.99, grouping: Grouping | None = None, most: int = 100
) -> pl.DataFrame:
    """Pairs of users with (nearly) the same history, least alike lists first.

    `first, second` user indices, `history_overlap`, `list_overlap` (Jaccard), `across`: whether the two are in
    different groups of `grouping` (False without one). `min_overlap` is above 0.5; below about 0.9 the search compares
    many pairs and grows with the square of the users.
    """
    pairs = evidence.twins if min_overlap == 0.99 else find_twins(evidence.train, min_overlap)
    rows = np.arange(len(pairs.first))
    lists = [
        Recommendations(rows, evidence.lists.item_index[side], evidence.lists.score[side])
        for side in (pairs.first, pairs.second)
    ]
    overlap = list_overlap(lists[0], lists[1])
    across = np.zeros(len(rows), dtype=bool)
    if grouping is not None:
        both = grouping.known[pairs.first] & grouping.known[pairs.second]
        across = both & (grouping.member[pairs.first] != grouping.member[pairs.second]).any(1)
    order = np.lexsort((-pairs.history_overlap, overlap))[:most]
    users = evidence.lists.user_index
    return pl.DataFrame(
        {
            "first": users[pairs.first[order]],
            "second": users[pairs.second[order]],
            "history_overlap": pairs.history_overlap[order],
            "list_overlap": overlap[order],
            "across": across[order],
        }
    )
