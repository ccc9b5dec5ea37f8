"""The explained number as a function of masks of node features: attributes of the user and of the items of a case.

A mask of 0 makes one feature of one node 0 (for a standardised column: its mean), and messages carry the change. All
other nodes keep their features, and gates open and close as they will.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gnnrec_core.base.errors import UnsupportedError
from gnnrec_core.data.dataset import Dataset
from gnnrec_core.explain.explanation import Case, Contribution, Node
from gnnrec_core.explain.nodes import describe_node
from gnnrec_core.explain.scores.games import Game
from gnnrec_core.models import able
from gnnrec_core.models.protocol import FeatureRecommender


def feature_game(model: Any, dataset: Dataset, case: Case) -> Game:
    """One part for each feature that the user, the item or the reference item has."""
    if not isinstance(model, FeatureRecommender):
        raise UnsupportedError(
            "This model knows nodes by their ids alone; there are no features that could be masked.",
            f"Choose players = interactions, or a run of {able(FeatureRecommender)}.",
        )
    n_users = dataset.n_users
    nodes = np.array([case.user_index, *(n_users + item for item, _ in case.signed_items)])
    present = [model.features_of(int(node)) for node in nodes]
    owner = torch.from_numpy(np.repeat(np.arange(len(nodes)), [len(columns) for _, columns in present]))
    column = torch.from_numpy(np.concatenate([columns for _, columns in present]))
    rows = model.feature_rows(nodes)
    signs = torch.tensor([sign for _, sign in case.signed_items], dtype=torch.float64)

    def one(mask: Tensor) -> Tensor:
        final = model.embeddings_from(nodes, rows * _factors(rows, owner, column, mask))
        result: Tensor = signs @ (final[torch.from_numpy(nodes[1:])] @ final[case.user_index])
        return result

    parts = [
        _part(case, describe_node(dataset, int(node)), name)
        for node, (names, _) in zip(nodes, present, strict=True)
        for name in names
    ]
    return Game(lambda masks: torch.stack([one(mask) for mask in masks]), tuple(parts), ("other nodes",), None)


def _factors(rows: Tensor, owner: Tensor, column: Tensor, mask: Tensor) -> Tensor:
    return torch.ones_like(rows).index_put((owner, column), mask)


def _part(case: Case, node: Node, feature: str) -> Callable[[float], Contribution]:
    def named(value: float) -> Contribution:
        who = "user" if node.type == "user" else node.title
        share = value / case.explained if case.explained else 0.0
        detail = {"feature": feature, "of": node.type}
        return Contribution("feature", f"{who}: {feature}", value, share, nodes=(node,), detail=detail)

    return named
