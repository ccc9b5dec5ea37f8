"""Fold-in: a list for somebody who is not in the data, from items that they name, without training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.base.errors import RequestError, UnsupportedError
from gnnrec_core.data.dataset import IntArray
from gnnrec_core.models import able
from gnnrec_core.models.history_protocol import InductiveRecommender, NewUserParts
from gnnrec_core.models.ops.propagation import Propagation
from gnnrec_core.models.protocol import PropagationRecommender
from gnnrec_core.ranking.topk import check_k, top_k
from gnnrec_core.runs.run import Run


@dataclass(frozen=True)
class FoldIn:
    """A list of `n` items for a new user with `m` given items, and what each given item carries of each score.

    score `[n]` = own `[n]` + values `[m, n]` summed over the given items, float64, exactly (up to rounding). `frozen`
    names what the model held fixed; `warnings` are sentences for people.
    """

    given: IntArray
    item_index: IntArray
    score: NDArray[np.float64]
    own: NDArray[np.float64]
    values: NDArray[np.float64]
    frozen: tuple[str, ...]
    warnings: tuple[str, ...]


def fold_in(run: Run, item_indices: Sequence[int] | IntArray, k: int = 10) -> FoldIn:
    """The `k` best items for a new user with these items; the given ones are left out.

    A model with a way of its own (`InductiveRecommender`) uses it; a symmetric propagation (LightGCN) is extended by
    the new user, see `sent_to_new_user`.

    Raises RequestError where no item is given, one is unknown or stands twice, `k` is below 1, or nobody has any of
    the items; UnsupportedError where the model needs what only training gives.
    """
    given = _checked(run, item_indices, k)
    parts = _parts(run, given)
    scores = parts.own + parts.values.sum(axis=0)
    masked = scores.copy()
    masked[given] = -np.inf
    best = top_k(masked[None, :], k)[0][0]
    best = best[np.isfinite(masked[best])].astype(np.int64)
    unknown = given[run.graph.popularity[given] == 0]
    warnings = tuple(f"Nobody in the train data has {run.dataset.title(int(item))}." for item in unknown)
    return FoldIn(given, best, scores[best], parts.own[best], parts.values[:, best], parts.frozen, warnings)


def sent_to_new_user(propagation: Propagation, degree: NDArray[np.float64], given: IntArray) -> NDArray[np.float64]:
    """What each given item sends to a new user u with items N in LightGCN `[m, d]`; their sum is the embedding of u.

    Everything trained is held fixed and e_u^(0) = 0: e_u^(l) = sum over i in N of (|N| d_i)^-1/2 e_i^(l-1), and
    e_u = sum_l a_l e_u^(l). `degree` `[n_nodes]` are the weighted degrees of the trained graph; an item that nobody has
    sends nothing.
    """
    nodes = propagation.n_users + given
    scale = np.zeros(len(given))
    np.divide(1.0, np.sqrt(len(given) * degree[nodes]), out=scale, where=degree[nodes] > 0)
    reached = np.zeros((len(given), propagation.embedding.shape[1]))
    for weight, layer in zip(propagation.layer_weights[1:], propagation.layers[:-1], strict=True):
        reached += weight * layer[nodes]
    sent: NDArray[np.float64] = scale[:, None] * reached
    return sent


def _parts(run: Run, given: IntArray) -> NewUserParts:
    model: Any = run.model
    if isinstance(model, InductiveRecommender):
        return model.new_user_parts(given)
    if isinstance(model, PropagationRecommender):
        propagation = _propagation(model)
        if propagation.symmetric and propagation.n_layers > 0:
            if not run.graph.degree[run.dataset.n_users + given].any():
                raise RequestError("Nobody in the data has any of these items.", "Name items that people have.")
            sent = sent_to_new_user(propagation, run.graph.degree, given)
            first = propagation.n_users
            items = propagation.final[first : first + run.dataset.n_items].astype(np.float64)
            return NewUserParts(np.zeros(run.dataset.n_items), sent @ items.T)
    raise UnsupportedError(
        f"A {run.record.model} run cannot make a list for somebody who is not in its data: "
        "what it takes from a person's items depends on an embedding of that person that only training gives.",
        f"Use a run of {able(InductiveRecommender)}, or of a model whose messages are normalised symmetrically.",
        model=run.record.model,
    )


def _propagation(model: PropagationRecommender) -> Propagation:
    """The model's propagation, made when it is first asked for and kept as long as the model lives."""
    found = _KEPT.get(model)
    if found is None:
        found = _KEPT[model] = model.propagation()
    return found


_KEPT: WeakKeyDictionary[Any, Propagation] = WeakKeyDictionary()


def _checked(run: Run, item_indices: Sequence[int] | IntArray, k: int) -> IntArray:
    given = np.asarray(item_indices, dtype=np.int64)
    check_k(k, run.dataset.n_items)
    if given.ndim != 1 or len(given) == 0:
        raise RequestError("No items are given.", "Name at least one item that the person has.")
    if given.min() < 0 or given.max() >= run.dataset.n_items:
        wrong = int(given.min() if given.min() < 0 else given.max())
        raise RequestError(f"There is no item with index {wrong}.", f"Choose 0 to {run.dataset.n_items - 1}.")
    if len(np.unique(given)) < len(given):
        raise RequestError("An item is given twice.", "Name each item once.")
    return given
