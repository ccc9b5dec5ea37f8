"""Runs that are trained in a second, for tests of the audit."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from gnnrec_core.base.settings import read_settings
from gnnrec_core.data.dataset import Dataset
from gnnrec_core.data.store import load_dataset
from gnnrec_core.graph import RecGraph, build_graph
from gnnrec_core.models import MODELS
from gnnrec_core.models.ops.propagation import Propagation
from gnnrec_core.models.protocol import FitOptions
from gnnrec_core.runs.record import RunRecord
from gnnrec_core.runs.run import Run

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data" / "classics"


@cache
def sample() -> Dataset:
    return load_dataset(SAMPLE)


def run_of(dataset: Dataset, model: object, name: str = "itemknn") -> Run:
    """A run in memory around a model that is trained already."""
    record = RunRecord(name, {}, 0, dataset.name, "../data", dataset.fingerprint, "cpu", "finished", "2026-01-01")
    run = Run(Path("workspace/runs") / name, record, dataset)
    run.__dict__["model"] = model
    return run


def trained(dataset: Dataset, name: str = "itemknn") -> Run:
    """A run of a model that is computed in one go."""
    kind = MODELS.load(name)
    model = kind.create(dataset, read_settings(kind.settings_type, {}), 0, "cpu")
    for _ in model.fit(FitOptions()):
        pass
    return run_of(dataset, model, name)


class Linear:
    """LightGCN with random layer-0 embeddings."""

    def __init__(self, dataset: Dataset, n_layers: int = 2, dim: int = 8, seed: int = 0) -> None:
        self.graph = build_graph(dataset)
        self.n_layers = n_layers
        self.table = np.random.default_rng(seed).normal(size=(self.graph.n_nodes, dim)).astype(np.float32)

    def propagation(self, graph: RecGraph | None = None) -> Propagation:
        graph = graph or self.graph
        weights = np.full(self.n_layers + 1, 1.0 / (self.n_layers + 1))
        operators = tuple((graph.normalised_adjacency,) for _ in range(self.n_layers))
        return Propagation(graph.n_users, self.table, weights, operators, symmetric=True)

    def embeddings(self) -> np.ndarray:
        return self.propagation().final.astype(np.float32)

    def score(self, users: np.ndarray) -> np.ndarray:
        final = self.embeddings()
        items = final[self.graph.n_users : self.graph.n_users + self.graph.n_items]
        return final[users] @ items.T
