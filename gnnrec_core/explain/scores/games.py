"""Games: the explained number as a function of masks of parts, for methods that share a number among parts.

The parts are the edges of the user (`masks`: everything else stays as it is) or the relation types of the whole graph
(`graph_masks`). Each part knows how to put its value into words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gnnrec_core.base.errors import UnsupportedError
from gnnrec_core.data.dataset import Dataset, IntArray
from gnnrec_core.explain.explanation import Case, Contribution
from gnnrec_core.explain.nodes import edge_contribution
from gnnrec_core.explain.scores.graph_masks import PairScore, differentiable
from gnnrec_core.explain.scores.linear import prepare
from gnnrec_core.explain.scores.masks import masked_score
from gnnrec_core.explain.scores.scoring import rescorer_of
from gnnrec_core.models import able
from gnnrec_core.models.protocol import PropagationRecommender

Function = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Game:
    """Masks `[b, n]` of `n` parts -> the explained number `[b]`; `parts` has a function value -> Contribution each.

    `degree` bounds the degree of the function as a polynomial in a common mask value; None where it is none. Where
    `by_removal`, a mask is 0 (the edge is removed, the model asked again) or 1, and nothing is differentiable.
    """

    function: Function
    parts: tuple[Callable[[float], Contribution], ...]
    frozen: tuple[str, ...]
    degree: int | None
    by_removal: bool = False

    def at(self, value: float) -> float:
        """The explained number with all masks at `value`."""
        with torch.no_grad():
            return float(self.function(torch.full((1, len(self.parts)), value, dtype=torch.float64))[0])


def make_game(model: Any, dataset: Dataset, case: Case, players: str) -> Game:
    """The game of a case; UnsupportedError where relation types cannot be masked in this model."""
    if players == "relations":
        return _relation_game(model, case)
    score = masked_score(model, case)
    return Game(score, _edge_parts(model, dataset, case, score.edges), score.frozen, score.degree)


def removal_game(model: Any, dataset: Dataset, case: Case) -> Game:
    """The same parts, truly removed: for models that can only be asked again on the changed graph."""
    scorer = rescorer_of(model)
    edges = scorer.edges_of(case.user_index)

    def one(row: Tensor) -> float:
        scores = scorer.scores_without(case.user_index, edges[row.numpy() < 0.5])
        return float(sum(sign * scores[item] for item, sign in case.signed_items))

    def function(masks: Tensor) -> Tensor:
        return torch.tensor([one(row) for row in masks], dtype=torch.float64)

    return Game(function, _edge_parts(model, dataset, case, edges), (), None, by_removal=True)


def _edge_parts(
    model: Any, dataset: Dataset, case: Case, edges: IntArray
) -> tuple[Callable[[float], Contribution], ...]:
    graph = rescorer_of(model).graph

    def part(edge: int) -> Callable[[float], Contribution]:
        return lambda value: edge_contribution(dataset, graph, edge, value, case.explained, case.user_index)

    return tuple(map(part, edges.tolist()))


def group_weakest(game: Game, max_players: int) -> Game:
    """At most `max_players` parts: those with the largest |derivative| (by removal: |effect of removing it alone|)
    stay, the others become one."""
    if len(game.parts) <= max_players:
        return game
    strongest = torch.sort(torch.argsort(-_first_order(game).abs(), stable=True)[: max_players - 1]).values
    place = torch.full((len(game.parts),), max_players - 1)
    place[strongest] = torch.arange(max_players - 1)
    n_rest = len(game.parts) - (max_players - 1)
    explained = game.at(1.0)

    def rest(value: float) -> Contribution:
        share = value / explained if explained else 0.0
        return Contribution("rest", f"{n_rest} other interactions", value, share, detail={"n_edges": n_rest})

    parts = (*(game.parts[index] for index in strongest.tolist()), rest)
    return replace(game, function=lambda masks: game.function(masks[:, place]), parts=parts)


def _first_order(game: Game) -> Tensor:
    """What a small change of each mask does to the number, or its removal alone `[n]`."""
    ones = torch.ones(1, len(game.parts), dtype=torch.float64)
    if game.by_removal:
        without = torch.ones(len(game.parts), len(game.parts), dtype=torch.float64).fill_diagonal_(0.0)
        return game.function(ones) - game.function(without)
    ones.requires_grad_()
    (gradient,) = torch.autograd.grad(game.function(ones).sum(), ones)
    return gradient[0]


def _relation_game(model: Any, case: Case) -> Game:
    """One mask for each relation type, on all its edges in the whole graph."""
    if not isinstance(model, PropagationRecommender):
        raise UnsupportedError(
            "Relation types can be masked in a graph network only; this model passes no messages.",
            f"Choose players = interactions, or a run of {able(PropagationRecommender)}.",
        )
    prepared = prepare(model)
    graph, score = prepared.graph, PairScore.of(prepared, case)
    types = torch.from_numpy(graph.edge_type.astype(np.int64))

    def function(masks: Tensor) -> Tensor:
        return torch.stack([differentiable(score, row[types]) for row in masks])

    def part(relation: str) -> Callable[[float], Contribution]:
        def named(value: float) -> Contribution:
            share = value / case.explained if case.explained else 0.0
            return Contribution("relation", relation, value, share, detail={"relation": relation})

        return named

    frozen = ("degrees", *prepared.propagation.frozen)
    return Game(function, tuple(map(part, graph.relations)), frozen, max(1, 2 * prepared.propagation.n_layers))
