"""GNNExplainer (Ying et al. 2019) as PyTorch Geometric 2.8 computes it, from two propagated rows instead of all nodes.

A mask value for every directed edge is learned so that the masked graph keeps the score while few edges stay:

    c^2 (score(sigmoid(M)) - score)^2 + edge_size * sum sigmoid(M) + mean entropy(sigmoid(M)),

by Adam from M ~ N(0, 2 / n_nodes). c = counts_as / |score| makes the prices of edges mean the same for every model: one
whose scores are a tenth of another's would otherwise keep no edge at all. `counts_as` 0 sets c = 1, as PyG does. From
the second step on, sum and entropy run over the edges whose first gradient is not zero, and the others get importance 0
in the end. At the same seed and settings the masks equal those of `torch_geometric.explain.GNNExplainer`, which runs on
our models as `pyg_gnnexplainer` (`explain.scores.pyg_module`; held together by `tests/explain/test_gnn_explainer.py`).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field

from gnnrec_core.base import progress
from gnnrec_core.base.errors import UnsupportedError
from gnnrec_core.base.settings import Settings
from gnnrec_core.data.dataset import Dataset, IntArray
from gnnrec_core.explain.explanation import Case, Explanation
from gnnrec_core.explain.nodes import edge_contributions
from gnnrec_core.explain.protocol import answer
from gnnrec_core.explain.scores.agreement import mean_agreement
from gnnrec_core.explain.scores.graph_masks import PairScore
from gnnrec_core.explain.scores.linear import prepare
from gnnrec_core.explain.scores.scoring import rescorer_of
from gnnrec_core.models import able
from gnnrec_core.models.protocol import ModuleRecommender, PropagationRecommender

Float = NDArray[np.float64]
EPS = 1e-15
BETA_1, BETA_2, ADAM_EPS = 0.9, 0.999, 1e-8


class GNNExplainerSettings(Settings):
    """Settings of GNNExplainer; `edge_size` decides how faithful the masks are (PyG's own default is 0.005)."""

    edge_size: float = Field(0.1, ge=0.0, le=10.0, description="Price of each edge that stays.")
    counts_as: float = Field(
        5.0, ge=0.0, le=1000.0, description="What the explained number counts as beside the prices of edges; 0: itself."
    )
    n_epochs: int = Field(300, ge=1, le=5000, description="Steps of the optimiser.")
    learning_rate: float = Field(0.01, gt=0.0, le=1.0, description="Step size of Adam.")
    n_seeds: int = Field(3, ge=1, le=10, description="Optimisations from different starts that are averaged.")


class PyGSettings(GNNExplainerSettings):
    """The same settings with defaults that take the slower computation into account."""

    n_epochs: int = Field(100, ge=1, le=5000, description="Steps of the optimiser.")
    n_seeds: int = Field(1, ge=1, le=10, description="Optimisations from different starts that are averaged.")


class GNNExplainer:
    """Importance in 0..1 of each of the user's edges: the mean of its two directions and of all seeds. Approximate."""

    name: ClassVar[str] = "gnnexplainer"
    settings_type: ClassVar[type[Settings]] = GNNExplainerSettings
    is_stochastic: ClassVar[bool] = True

    def supports(self, model: Any) -> None:
        if not isinstance(model, PropagationRecommender):
            raise UnsupportedError(
                "GNNExplainer masks the messages of a graph network; this model passes no messages.",
                f"Choose a run of {able(PropagationRecommender)}, or the method ledger.",
                model=getattr(model, "name", type(model).__name__),
            )

    def explain(
        self, model: Any, dataset: Dataset, case: Case, settings: GNNExplainerSettings, seed: int
    ) -> Explanation:
        scorer = rescorer_of(model)
        start = time.perf_counter()
        graph, learn = scorer.graph, self.learner(model, case, settings)
        edges = scorer.edges_of(case.user_index)
        seeds = [seed * settings.n_seeds + number for number in range(settings.n_seeds)]
        masks = []
        for number, one_seed in enumerate(seeds):
            with progress.part(number, len(seeds)):
                mask = learn(one_seed)
            masks.append(_both_directions(mask, edges, graph.reverse(edges)))
        importance = np.mean(masks, axis=0)
        stability = mean_agreement(masks)
        contributions = edge_contributions(dataset, graph, edges, importance, 0.0, case.user_index)
        return answer(
            case,
            self,
            settings,
            contributions,
            frozen=_frozen(model),
            warnings=_warnings(stability, settings),
            seed=seed,
            seconds=time.perf_counter() - start,
        )

    def learner(self, model: Any, case: Case, settings: GNNExplainerSettings) -> Callable[[int], Float]:
        """seed -> the learned importance of every directed edge `[n_edges]`."""
        score = PairScore.of(prepare(model), case)
        return lambda seed: learn_mask(score, case.explained, settings, seed)


class PyGGNNExplainer(GNNExplainer):
    """The same masks, learned by PyTorch Geometric's own `Explainer` and `GNNExplainer` on the whole graph."""

    name: ClassVar[str] = "pyg_gnnexplainer"
    settings_type: ClassVar[type[Settings]] = PyGSettings

    def supports(self, model: Any) -> None:
        if not isinstance(model, ModuleRecommender):
            super().supports(model)

    def learner(self, model: Any, case: Case, settings: GNNExplainerSettings) -> Callable[[int], Float]:
        """seed -> PyG's edge mask."""
        from gnnrec_core.explain.scores.pyg_module import pair_module, pyg_mask

        module = pair_module(model, case, _unit(case.explained, settings.counts_as))
        chosen = (settings.n_epochs, settings.learning_rate, settings.edge_size)
        return lambda seed: pyg_mask(module, *chosen, seed).numpy()


def _frozen(model: Any) -> tuple[str, ...]:
    """What the masks leave as it is."""
    if isinstance(model, PropagationRecommender):
        return ("degrees", *model.propagation().frozen)
    return ()


def _unit(explained: float, counts_as: float) -> float:
    """The factor c on the explained number."""
    return counts_as / abs(explained) if counts_as and explained else 1.0


def learn_mask(score: PairScore, target: float, settings: GNNExplainerSettings, seed: int) -> Float:
    """The learned importance of every directed edge `[n_edges]` in 0..1, from one start."""
    std = math.sqrt(2.0) * math.sqrt(2.0 / (2 * score.propagation.embedding.shape[0]))
    mask = torch.randn(score.n_edges, generator=torch.Generator().manual_seed(seed)) * std
    first, second = torch.zeros_like(mask), torch.zeros_like(mask)
    used = torch.zeros_like(mask, dtype=torch.bool)
    unit = _unit(target, settings.counts_as)
    for step in range(1, settings.n_epochs + 1):
        progress.report(step - 1, settings.n_epochs)
        kept = mask.sigmoid()
        value, slope = score.value_and_gradient(kept.double().numpy())
        gradient = torch.from_numpy(2 * unit**2 * (value - target) * slope).float()
        if step > 1:
            gradient = torch.where(used, gradient + _price_slope(kept, settings.edge_size, int(used.sum())), 0.0)
        gradient *= kept * (1 - kept)
        if step == 1:
            used = gradient != 0
        first.lerp_(gradient, 1 - BETA_1)  # Adam (Kingma and Ba 2015), in the order of operations of torch.optim
        second.mul_(BETA_2).addcmul_(gradient, gradient, value=1 - BETA_2)
        root = (second.sqrt() / math.sqrt(1 - BETA_2**step)).add_(ADAM_EPS)
        mask.addcdiv_(first, root, value=-settings.learning_rate / (1 - BETA_1**step))
    return torch.where(used, mask.sigmoid(), 0.0).double().numpy()


def _price_slope(kept: torch.Tensor, edge_size: float, n_used: int) -> torch.Tensor:
    """Derivative of edge_size * sum m + mean entropy(m) to each m."""
    rest = 1 - kept
    slope = torch.log(rest + EPS) + rest / (rest + EPS) - torch.log(kept + EPS) - kept / (kept + EPS)
    return edge_size + slope / max(1, n_used)


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
