"""Captum's attributions on masks of interactions, relation types or node features: second opinions beside the ledger.

What is attributed is a function built anew for each case (`games`); the model is only read, so no state
can leak from one method to the next. Masks act after normalisation and attention: degrees count as they are.

* `integrated_gradients` (Sundararajan et al. 2017) from masks 0 to 1. The score is a polynomial of degree at most 2K in
  a common mask value, so K Gauss-Legendre points give the integral exactly; baseline + sum = score. (On features of a
  network with gates it is none: many points, and the sum holds only nearly.)
* `saliency` (Simonyan et al. 2014): |derivative| at masks 1; unsigned, no sum.
* `input_x_gradient` (Shrikumar et al. 2016): derivative times mask (1); signed, no sum.
* `shapley` (Castro et al. 2009, sampling): mean gain of a part over random orders of joining; baseline + sum = score.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from captum.attr import InputXGradient, IntegratedGradients, Saliency, ShapleyValueSampling
from pydantic import Field

from gnnrec_core.base.errors import RequestError, UnsupportedError
from gnnrec_core.base.settings import Settings
from gnnrec_core.data.dataset import Dataset
from gnnrec_core.explain.explanation import Case, Explanation
from gnnrec_core.explain.protocol import answer, frozen_warning
from gnnrec_core.explain.scores.feature_game import feature_game
from gnnrec_core.explain.scores.games import Game, group_weakest, make_game, removal_game
from gnnrec_core.explain.scores.scoring import rescorer_of, scorer_of
from gnnrec_core.models.protocol import AskedRecommender, ModuleRecommender

N_POINTS = 64
"""Of the integral where there is no polynomial to be exact for."""


class CaptumSettings(Settings):
    """What gets a mask of its own."""

    players: Literal["interactions", "relations", "features"] = Field(
        "interactions",
        description="interactions: each edge of the user; relations: each relation type in the whole graph; "
        "features: each attribute of the user and the item, in models that have them.",
    )


class ShapleySettings(CaptumSettings):
    """Settings of Shapley value sampling."""

    n_samples: int = Field(25, ge=1, le=1000, description="Random orders of joining.")
    max_players: int = Field(
        60, ge=2, le=400, description="With a longer history the weakest interactions join as one group."
    )
    max_calls: int = Field(
        2000, ge=4, le=1_000_000, description="Where a scorer outside is asked: about how many questions in all."
    )


def _game(model: Any, dataset: Dataset, case: Case, players: str) -> Game:
    if players == "features":
        return feature_game(model, dataset, case)
    return make_game(model, dataset, case, players)


class _CaptumMethod:
    """What the four methods share: build the game, ask Captum, put the figures into words."""

    name: ClassVar[str]
    settings_type: ClassVar[type[Settings]] = CaptumSettings
    is_additive: ClassVar[bool] = False
    is_stochastic: ClassVar[bool] = False

    def supports(self, model: Any) -> None:
        if not isinstance(model, ModuleRecommender):
            scorer_of(model)

    def game(self, model: Any, dataset: Dataset, case: Case, settings: Any) -> Game:
        """What is attributed."""
        return _game(model, dataset, case, settings.players)

    def explain(self, model: Any, dataset: Dataset, case: Case, settings: Any, seed: int) -> Explanation:
        start = time.perf_counter()
        game = self.grouped(self.game(model, dataset, case, settings), settings)
        said = self.warnings(game, settings) + frozen_warning(tuple(f for f in game.frozen if f != "degrees"))
        values = self.attribute(game, settings, seed) if game.parts else np.zeros(0)
        is_additive = self.sums(game)
        baseline = game.at(0.0) if is_additive else 0.0
        contributions = [part(float(value)) for part, value in zip(game.parts, values, strict=True)]
        if not is_additive:  # what does not sum to the score is no share of it
            contributions = [replace(part, share=0.0) for part in contributions]
        return answer(
            case,
            self,
            settings,
            contributions,
            baseline=baseline,
            is_additive=is_additive,
            frozen=game.frozen,
            warnings=said,
            seed=seed,
            seconds=time.perf_counter() - start,
        )

    def sums(self, game: Game) -> bool:
        """Whether baseline and parts sum to the explained number."""
        return self.is_additive

    def grouped(self, game: Game, settings: Any) -> Game:
        """The game that is played; the same one unless there are too many parts."""
        return game

    def attribute(self, game: Game, settings: Any, seed: int) -> Any:
        """One value for each part `[n]`."""
        raise NotImplementedError

    def warnings(self, game: Game, settings: Any) -> tuple[str, ...]:
        """Sentences that a reader of the figures needs."""
        return ("The parts order the reasons; they do not sum to the score.",)


class IntegratedGradientsMethod(_CaptumMethod):
    """Mean derivative on the straight way from no interaction to all; baseline + sum = score."""

    name = "integrated_gradients"
    is_additive = True

    def attribute(self, game: Game, settings: Any, seed: int) -> Any:
        ones = torch.ones(1, len(game.parts), dtype=torch.float64)
        n_points = N_POINTS if game.degree is None else max(2, (game.degree + 1) // 2)
        found = IntegratedGradients(game.function).attribute(
            ones, baselines=torch.zeros_like(ones), n_steps=n_points, method="gausslegendre"
        )
        return found[0].detach().numpy()

    def sums(self, game: Game) -> bool:
        return game.degree is not None

    def warnings(self, game: Game, settings: Any) -> tuple[str, ...]:
        if self.sums(game):
            return ()
        return (f"Integrated over {N_POINTS} points; gates open and close on the way, so the parts sum only nearly.",)


class SaliencyMethod(_CaptumMethod):
    """|derivative| of the score at the full graph."""

    name = "saliency"

    def attribute(self, game: Game, settings: Any, seed: int) -> Any:
        ones = torch.ones(1, len(game.parts), dtype=torch.float64, requires_grad=True)
        return Saliency(game.function).attribute(ones, abs=True)[0].detach().numpy()


class InputXGradientMethod(_CaptumMethod):
    """Derivative of the score at the full graph times the mask, which is 1."""

    name = "input_x_gradient"

    def attribute(self, game: Game, settings: Any, seed: int) -> Any:
        ones = torch.ones(1, len(game.parts), dtype=torch.float64, requires_grad=True)
        return InputXGradient(game.function).attribute(ones)[0].detach().numpy()


class ShapleyMethod(_CaptumMethod):
    """Mean gain of each part over random orders; exact in sum, approximate in each part."""

    name = "shapley"
    settings_type = ShapleySettings
    is_additive = True
    is_stochastic = True

    def supports(self, model: Any) -> None:
        rescorer_of(model)

    def game(self, model: Any, dataset: Dataset, case: Case, settings: ShapleySettings) -> Game:
        if not isinstance(model, AskedRecommender):
            return super().game(model, dataset, case, settings)
        if settings.players != "interactions":
            raise UnsupportedError(
                "A black box is given a history, and nothing else of it can be left out.",
                "Choose players = interactions.",
            )
        return removal_game(model, dataset, case)

    def grouped(self, game: Game, settings: ShapleySettings) -> Game:
        if not game.by_removal:
            return group_weakest(game, settings.max_players)
        if len(game.parts) > settings.max_calls:
            raise RequestError(
                f"{len(game.parts):,} interactions cannot be told apart in {settings.max_calls:,} questions.",
                "Raise max_calls, or use leave_one_out.",
            )
        return group_weakest(game, min(settings.max_players, max(2, settings.max_calls // 2)))

    def orders(self, game: Game, settings: ShapleySettings) -> int:
        """Random orders that are drawn: fewer where each step asks a scorer outside and the questions are limited."""
        if not game.by_removal:
            return settings.n_samples
        return max(1, min(settings.n_samples, settings.max_calls // max(1, len(game.parts))))

    def attribute(self, game: Game, settings: ShapleySettings, seed: int) -> Any:
        ones = torch.ones(1, len(game.parts), dtype=torch.float64)
        draws = torch.Generator().manual_seed(seed)  # the global one is shared by all threads of a server
        method = ShapleyValueSampling(game.function)
        method.permutation_generator = lambda n_parts, n_orders: (
            torch.randperm(n_parts, generator=draws).tolist() for _ in range(n_orders)
        )
        with torch.no_grad():
            found = method.attribute(
                ones, baselines=torch.zeros_like(ones), n_samples=self.orders(game, settings), perturbations_per_eval=64
            )
        return found[0].numpy()

    def warnings(self, game: Game, settings: ShapleySettings) -> tuple[str, ...]:
        said = [f"Sampled: {self.orders(game, settings)} random orders; the sum is exact, each part is an estimate."]
        grouped = next((part(0.0).detail.get("n_edges") for part in game.parts if part(0.0).kind == "rest"), None)
        if grouped:
            said.append(f"The {grouped} interactions that matter least by themselves are one part.")
        return tuple(said)
