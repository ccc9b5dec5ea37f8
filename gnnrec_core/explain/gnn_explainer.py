"""GNNExplainer (Ying et al. 2019) as PyTorch Geometric 2.8 computes it, from two propagated rows instead of all nodes.

A mask value for every directed edge is learned so that the masked graph keeps the score while few edges stay:

    (score(sigmoid(M)) - score)^2 + edge_size * sum sigmoid(M) + mean entropy(sigmoid(M)),

by Adam from M ~ N(0, 2 / n_nodes). From the second step on, sum and entropy run over the edges whose first gradient is
not zero, and the others get importance 0 in the end. At the same seed the masks equal those of
`torch_geometric.explain.GNNExplainer` (held together by `tests/explain/test_gnn_explainer.py`).
"""

from __future__ import annotations

import math
import time
from itertools import combinations
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from scipy.stats import spearmanr

from gnnrec_core.data.values import Dataset, IntArray
from gnnrec_core.errors import UnsupportedError
from gnnrec_core.explain.graph_masks import PairScore, differentiable
from gnnrec_core.explain.linear import prepare
from gnnrec_core.explain.nodes import edge_contribution
from gnnrec_core.explain.protocol import answer
from gnnrec_core.explain.values import Case, Explanation
from gnnrec_core.models.protocol import PropagationRecommender
from gnnrec_core.settings import Settings

Float = NDArray[np.float64]
EPS = 1e-15


class GNNExplainerSettings(Settings):
    """Settings of GNNExplainer; `edge_size` decides how faithful the masks are (PyG's own default is 0.005)."""

    edge_size: float = Field(0.1, ge=0.0, le=10.0, description="Price of each edge that stays.")
    n_epochs: int = Field(300, ge=1, le=5000, description="Steps of the optimiser.")
    learning_rate: float = Field(0.01, gt=0.0, le=1.0, description="Step size of Adam.")
    n_seeds: int = Field(3, ge=1, le=10, description="Optimisations from different starts that are averaged.")


class GNNExplainer:
    """Importance in 0..1 of each of the user's edges: the mean of its two directions and of all seeds. Approximate."""

    name: ClassVar[str] = "gnnexplainer"
    settings_type: ClassVar[type[Settings]] = GNNExplainerSettings
    is_stochastic: ClassVar[bool] = True

    def supports(self, model: Any) -> None:
        if not isinstance(model, PropagationRecommender):
            raise UnsupportedError(
                "GNNExplainer masks the messages of a graph network; this model passes no messages.",
                "Choose a run of lightgcn or gat, or the method ledger.",
                model=getattr(model, "name", type(model).__name__),
            )

    def explain(
        self, model: Any, dataset: Dataset, case: Case, settings: GNNExplainerSettings, seed: int
    ) -> Explanation:
        prepared = prepare(model)
        start = time.perf_counter()
        graph, score = prepared.graph, PairScore.of(prepared, case)
        edges = prepared.edges_of(case.user_index)
        seeds = [seed * settings.n_seeds + number for number in range(settings.n_seeds)]
        masks = [
            _both_directions(learn_mask(score, case.explained, settings, s), edges, graph.reverse(edges)) for s in seeds
        ]
        importance = np.mean(masks, axis=0) if masks else np.zeros(len(edges))
        stability = mean_agreement(masks)
        contributions = [
            edge_contribution(dataset, graph, edge, value, case.explained, case.user_index)
            for edge, value in zip(edges.tolist(), importance.tolist(), strict=True)
        ]
        return answer(
            case,
            self,
            settings,
            contributions,
            frozen=("degrees", *prepared.propagation.frozen),
            warnings=_warnings(stability, settings),
            seed=seed,
            seconds=time.perf_counter() - start,
        )


def learn_mask(score: PairScore, target: float, settings: GNNExplainerSettings, seed: int) -> Float:
    """The learned importance of every directed edge `[n_edges]` in 0..1, from one start."""
    std = math.sqrt(2.0) * math.sqrt(2.0 / (2 * score.propagation.embedding.shape[0]))
    generator = torch.Generator().manual_seed(seed)
    mask = torch.nn.Parameter(torch.randn(score.n_edges, generator=generator) * std)
    optimiser = torch.optim.Adam([mask], lr=settings.learning_rate)
    used: torch.Tensor | None = None
    for _ in range(settings.n_epochs):
        optimiser.zero_grad()
        loss = (differentiable(score, mask.sigmoid().double()) - target).square()
        if used is not None:
            loss = loss + _size_and_entropy(mask[used].sigmoid(), settings.edge_size)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        if used is None and mask.grad is not None:
            used = mask.grad != 0
    learned = mask.detach().sigmoid()
    if used is not None:
        learned[~used] = 0.0
    return learned.double().numpy()


def _size_and_entropy(kept: torch.Tensor, edge_size: float) -> torch.Tensor:
    entropy = -kept * torch.log(kept + EPS) - (1 - kept) * torch.log(1 - kept + EPS)
    return edge_size * kept.sum() + entropy.mean()


def mean_agreement(rankings: list[Float]) -> float | None:
    """Mean Spearman correlation over all pairs of rankings, in -1..1; None where there is no pair or no spread."""
    found = [
        float(spearmanr(one, other).statistic)
        for one, other in combinations(rankings, 2)
        if np.ptp(one) > 0 and np.ptp(other) > 0
    ]
    return float(np.mean(found)) if found else None


def _both_directions(mask: Float, edges: IntArray, reverse: IntArray) -> Float:
    mean: Float = (mask[edges] + mask[reverse]) / 2
    return mean


def _warnings(stability: float | None, settings: GNNExplainerSettings) -> tuple[str, ...]:
    said = ["Approximate: learned masks order the reasons, they do not sum to the score."]
    if stability is not None:
        said.append(
            f"Agreement of the {settings.n_seeds} starts on the user's interactions: "
            f"mean rank correlation {stability:.2f} (1 is full agreement)."
        )
    return tuple(said)
