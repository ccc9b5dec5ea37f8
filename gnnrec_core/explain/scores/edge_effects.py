"""What each edge of a user does to the explained number: what it carries, what its removal costs, exactly and to first
order. Methods, checks and measures of faithfulness all ask here."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gnnrec_core.data.dataset import IntArray
from gnnrec_core.explain.explanation import Case
from gnnrec_core.explain.scores.masks import masked_score
from gnnrec_core.explain.scores.scoring import Rescorer, scorer_of
from gnnrec_core.models.protocol import WeightedRecommender

Float = NDArray[np.float64]


def user_ledger(model: Any, case: Case) -> tuple[float, IntArray, Float]:
    """Baseline, edge columns of the user `[n]` and the contribution of each `[n]`."""
    items, signs = np.array(case.signed_items).T
    parts = scorer_of(model).parts(case.user_index, items.astype(np.int64))
    return float(parts.own @ signs), parts.edges, parts.values @ signs


def leave_one_out(scorer: Rescorer, case: Case, edges: IntArray) -> NDArray[np.float64]:
    """What the explained number loses without each of `edges` (columns that share their source) `[n]`."""
    items, signs = np.array(case.signed_items).T
    now = scorer.scores(case.user_index)[items.astype(np.int64)] @ signs
    without = scorer.scores_without_each(case.user_index, edges, items.astype(np.int64)) @ signs
    lost: NDArray[np.float64] = now - without
    return lost


def mask_gradient(model: Any, case: Case) -> NDArray[np.float64]:
    """d(explained number) / d(mask) at masks 1 of each of the user's edges `[n]`, attention held as it is."""
    score = masked_score(model, case)
    ones = torch.ones(1, len(score.edges), dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(score(ones).sum(), ones)
    found: NDArray[np.float64] = slope[0].numpy()
    return found


def weight_gradient(model: WeightedRecommender, case: Case, edges: IntArray) -> NDArray[np.float64]:
    """w_e d(explained number) / d(w_e) `[n]` for columns `edges` of the model's graph, either direction of each."""
    graph = model.graph  # type: ignore[attr-defined]
    half = graph.n_edges // 2
    weight = torch.from_numpy(graph.edge_weight[:half].copy()).requires_grad_()
    final = model.embeddings_at(weight)
    items, signs = np.array(case.signed_items).T
    target = torch.from_numpy(signs).to(final) @ final[graph.n_users + items.astype(np.int64)]
    (slope,) = torch.autograd.grad(final[case.user_index] @ target, weight)
    found: NDArray[np.float64] = (weight * slope).detach().double().numpy()[edges % half]
    return found
