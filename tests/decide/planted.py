"""A candidate with a planted fault: the events of some people on books of one genre weigh too much."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.audit.groups import group_users
from gnnrec_core.audit.sources import item_labels
from gnnrec_core.graph import RecGraph
from gnnrec_core.models.ops.propagation import Propagation
from gnnrec_core.runs.run import Run, load_run

RUNS = Path(__file__).resolve().parents[2] / "sample_data" / "runs"
WORST, GENRE = "Islands", "society"
"""The group of the sample that is served worst, and the genre whose weights are wrong."""


@cache
def shipped(name: str = "lightgcn") -> Run:
    return load_run(RUNS / name)


class OnGraph:
    """A trained propagation model on another graph."""

    name = "lightgcn"

    def __init__(self, model: object, graph: RecGraph) -> None:
        self.model, self.graph = model, graph

    def propagation(self, graph: RecGraph | None = None) -> Propagation:
        return self.model.propagation(graph or self.graph)  # type: ignore[attr-defined]

    def embeddings(self) -> NDArray[np.float32]:
        return self.propagation().final.astype(np.float32)

    def score(self, users: NDArray[np.int64]) -> NDArray[np.float32]:
        final, graph = self.embeddings(), self.graph
        return final[users] @ final[graph.n_users : graph.n_users + graph.n_items].T


def worst_served() -> NDArray[np.bool_]:
    grouping = group_users(shipped().dataset, "region")
    return grouping.member[:, grouping.labels.index(WORST)]


def harmed(factor: float = 1000.0) -> Run:
    """The shipped LightGCN where the worst-served group's events on `GENRE` weigh `factor` times as much."""
    run = shipped()
    graph, labels = run.graph, item_labels(run.dataset, "genres")
    assert labels is not None
    half, weight = graph.n_edges // 2, graph.edge_weight.copy()
    events = graph.edge_type[:half] == 0
    people = np.where(events, graph.edge_index[0, :half], 0)
    items = np.where(events, graph.edge_index[1, :half] - graph.n_users, 0)
    of_genre = labels.dense[:, labels.labels.index(GENRE)] > 0
    wrong = np.flatnonzero(events & worst_served()[people] & of_genre[items])
    weight[wrong] *= factor
    weight[wrong + half] *= factor
    return Run.of(OnGraph(run.model, replace(graph, edge_weight=weight)), run.dataset)
