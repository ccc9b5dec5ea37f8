"""The world of `oracle.json`: 6 users, 8 items, lists of 3, worked out by hand and confirmed independently."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

from gnnrec_core.audit.evidence import Categories, Evidence
from gnnrec_core.ranking.recommendations import Recommendations

ORACLE: dict[str, Any] = json.loads((Path(__file__).parent / "oracle.json").read_text(encoding="utf-8"))
FIXTURE = ORACLE["fixture"]
N_USERS, N_ITEMS, K = FIXTURE["n_users"], FIXTURE["n_items"], FIXTURE["k"]


def matrix(sets: dict[str, list[int]], n: int = N_USERS) -> sp.csr_array:
    dense = np.zeros((n, N_ITEMS), dtype=bool)
    for user, items in sets.items():
        dense[int(user), items] = True
    return sp.csr_array(dense)


def labels(name: str, of_item: dict[str, Any]) -> Categories:
    lists = {int(item): value if isinstance(value, list) else [value] for item, value in of_item.items()}
    known = sorted({str(label) for values in lists.values() for label in values})
    member = np.zeros((N_ITEMS, len(known)), dtype=bool)
    for item, values in lists.items():
        member[item, [known.index(str(label)) for label in values]] = True
    return Categories(name, tuple(known), sp.csr_array(member))


def lists_of(recs: dict[str, list[int]]) -> Recommendations:
    items = np.array([recs[str(user)] for user in range(N_USERS)])
    return Recommendations(np.arange(N_USERS), items, np.tile([0.9, 0.6, 0.3], (N_USERS, 1)))


def world(recs: str = "recs", categories: str = "genres") -> Evidence:
    train = matrix(FIXTURE["train"])
    return Evidence(
        lists_of(FIXTURE[recs]),
        train,
        matrix(FIXTURE["test"]),
        np.bincount(train.indices, minlength=N_ITEMS),
        N_USERS,
        labels(categories, FIXTURE[categories]),
        labels("provider", FIXTURE["item_group"]),
    )


def members(group: str) -> np.ndarray:
    return np.array([FIXTURE["user_group"][str(user)] == group for user in range(N_USERS)])


def small(recs: list[int], test: list[int], k: int) -> Evidence:
    """One user with this list and these held-out items."""
    padded = np.full((1, k), -1)
    padded[0, : len(recs)] = recs
    lists = Recommendations(np.array([0]), padded, np.where(padded >= 0, 1.0, -np.inf))
    return Evidence(lists, matrix({}, 1), matrix({"0": test}, 1), np.zeros(N_ITEMS, np.int64), 1)
