"""What the lists of all others would be without some people: a model of one computation is made anew without them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from gnnrec_core.base.errors import RequestError
from gnnrec_core.data.dataset import Dataset, IntArray, without_rows
from gnnrec_core.models import MODELS
from gnnrec_core.models.ops.closed_form import ClosedFormRecommender
from gnnrec_core.ranking.topk import check_k, rank_items
from gnnrec_core.runs.recommend import left_out
from gnnrec_core.runs.training import fit

MODEL = "itemknn"
LEVEL = "trained again"
"""The level of all that is said here: the model is made anew, exactly, and no seed decides it."""


@dataclass(frozen=True)
class WithoutPeople:
    """Lists of `k` of the `n_others` people (all but those left out who have train interactions), by `model`.

    `changed`, `first_changed`: how many have another list, another first item (0 to `n_others`). `overlap`: mean share
    of a list that stays, 0..1. `items`: how many of these lists hold each item of `watched` before and after.
    """

    model: str
    level: str
    k: int
    n_left_out: int
    n_others: int
    changed: int
    first_changed: int
    overlap: float
    items: tuple[dict[str, Any], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As `data suspicious` prints it."""
        return asdict(self)


def lists_without(
    dataset: Dataset, users: IntArray, model: str = MODEL, k: int = 10, watched: tuple[int, ...] = ()
) -> WithoutPeople:
    """Make `model` with and without the interactions of `users` (indices) and hold the others' lists together.

    RequestError where `model` is none of one computation: two trainings would differ by their luck as well.
    """
    check_k(k, dataset.n_items)
    if not issubclass(MODELS.load(model), ClosedFormRecommender):
        able = [name for name in MODELS.names if issubclass(MODELS.load(name), ClosedFormRecommender)]
        raise RequestError(
            f"{model} is trained step by step, so its lists change by luck as well.",
            f"Choose one that one computation makes: {', '.join(able)}.",
            value=model,
        )
    log = dataset.interactions
    gone = np.isin(log.user_index, users)
    kept = np.bincount(log.user_index[log.rows("train")], minlength=dataset.n_users) > 0
    kept[users] = False
    others = np.flatnonzero(kept)
    before, after = (
        rank_items(fit(data, model, device="cpu").model.score, others, left_out(dataset), k).item_index
        for data in (dataset, without_rows(dataset, np.flatnonzero(gone)))
    )
    stays = (before[:, :, None] == after[:, None, :]).any(2).mean(1)
    return WithoutPeople(
        model=model,
        level=LEVEL,
        k=k,
        n_left_out=len(users),
        n_others=len(others),
        changed=int((before != after).any(1).sum()),
        first_changed=int((before[:, 0] != after[:, 0]).sum()),
        overlap=float(stays.mean()) if len(others) else float("nan"),
        items=tuple(
            {
                "item": dataset.items.ids[item],
                "title": dataset.title(item),
                "lists_before": int((before == item).any(1).sum()),
                "lists_after": int((after == item).any(1).sum()),
            }
            for item in watched
        ),
    )
