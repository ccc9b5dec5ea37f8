"""What attention may see of an edge beside its ends: relation, rating, recency, weight."""

from __future__ import annotations

from typing import Any

import numpy as np

from gnnrec_core.data.dataset import FloatArray
from gnnrec_core.graph import RecGraph


def edge_feature_names(graph: RecGraph, settings: Any) -> tuple[str, ...]:
    """Names of what attention sees of an edge: each feature once for messages to users, once for all others."""
    if not settings.edge_features:
        return ()
    names = [f"relation:{name}" for name in graph.relations[1:]] + list(graph.feature_names)
    if np.ptp(graph.edge_weight[: graph.n_edges // 2]) > 0:
        names.append("weight")
    return tuple(f"{name}>{side}" for name in names for side in ("user", "other"))


def edge_features(graph: RecGraph, names: tuple[str, ...]) -> FloatArray:
    """The features `names` of every edge, float32 `[n_edges, n_features]`; 0 where the message goes the other way."""
    to_user = graph.edge_index[1] < graph.n_users
    columns = [_edge_feature(graph, name.rpartition(">")[0]) for name in names]
    sides = [to_user if name.endswith(">user") else ~to_user for name in names]
    if not columns:
        return np.zeros((graph.n_edges, 0), np.float32)
    return np.stack([column * side for column, side in zip(columns, sides, strict=True)], axis=1).astype(np.float32)


def _edge_feature(graph: RecGraph, name: str) -> FloatArray:
    if name == "weight":
        logarithm: FloatArray = np.log(graph.edge_weight)
        return logarithm
    if name.startswith("relation:"):
        number = graph.relations.index(name.removeprefix("relation:"))
        indicator: FloatArray = (graph.edge_type == number).astype(np.float32)
        return indicator
    feature: FloatArray = graph.edge_features[:, graph.feature_names.index(name)]
    return feature
