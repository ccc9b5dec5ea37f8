"""How far an explanation can be believed: measured by removing and keeping what it names, never assumed.

The truth is recomputation: the graph without edges, degrees and attention anew, embeddings kept. With s(S) the
explained number (score or margin) when S of the user's n edges are removed, and U = |score of the pair|:

* deletion curve: s after the method's first j edges are gone; insertion curve: s with only its first j edges kept.
  Their area is the mean over the curve of (s(S) - s(everything removed)) / U, by the trapezoid rule over the share of
  edges. Deletion: lower is better. Insertion: higher is better.
* necessity at m = (s - s(first m removed)) / U, higher is better; sufficiency gap at m = (s - s(first m kept)) / U,
  lower is better. Both at m edges and at 20 % of them, with the item's rank.
* Spearman and Kendall correlation with exact leave-one-out, in -1..1.
* stability: mean Spearman correlation of the method's own orders over several seeds; 1 where it draws nothing.

Each stands beside two controls: random orders (mean of several) and the user's most popular items first. A method beats
random on this case when at most 5 % of random sets of the same size (20 % of the edges) lower the explained number at
least as much (p = (1 + number of such sets) / (1 + number of sets)). Following DeYoung et al. 2020 (ERASER) and
Petsiuk et al. 2018.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.base import progress
from gnnrec_core.data.dataset import Dataset, IntArray
from gnnrec_core.explain.case import excluded_items
from gnnrec_core.explain.explanation import AT_RANDOM, Case, Explanation
from gnnrec_core.explain.scores.agreement import mean_agreement
from gnnrec_core.explain.scores.edge_effects import leave_one_out
from gnnrec_core.explain.scores.scoring import Rescorer, rescorer_of
from gnnrec_core.ranking.intervals import Interval, correlation_interval
from gnnrec_core.ranking.topk import rank_of

Float = NDArray[np.float64]
N_RANDOM_SETS = 39
N_SEEDS = 5
N_RANDOM_CURVES = 3
MAX_P = 0.05


@dataclass(frozen=True)
class Curve:
    """s after the first `n_edges[j]` of an order are removed (`deletion`) or kept alone (`insertion`)."""

    name: str
    n_edges: tuple[int, ...]
    deletion: tuple[float, ...]
    insertion: tuple[float, ...]
    deletion_area: float
    insertion_area: float


@dataclass(frozen=True)
class SetEffect:
    """What the first `n_edges` of an order do: alone removed, and alone kept."""

    name: str
    n_edges: int
    necessity: float
    sufficiency_gap: float
    rank_without: int
    rank_only: int


@dataclass(frozen=True)
class Faithfulness:
    """The panel of one explanation. `curves` and `sets` hold the method first, then the controls.

    `spearman_low` to `spearman_high` is the 95 % interval of the rank correlation over `n_compared` interactions, taken
    for a sample of such interactions.
    """

    method: str
    n_edges: int
    curves: tuple[Curve, ...]
    sets: tuple[SetEffect, ...]
    spearman: float | None
    kendall: float | None
    n_compared: int
    stability: float | None
    p_random: float | None
    beats_random: bool
    verdict: str
    spearman_low: float | None = None
    spearman_high: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """As the contract's `faithfulness`."""
        return asdict(self)


def measure(
    model: Any,
    dataset: Dataset,
    explanation: Explanation,
    rerun: Callable[[int], Explanation] | None = None,
    m: int = 5,
    n_steps: int = 10,
    max_compared: int = 40,
    seed: int = 0,
    truth: Truth | None = None,
) -> Faithfulness:
    """The panel of `explanation`, computed from the model, the case and the explanation alone.

    `rerun(seed)` explains the case again (given for methods that draw random numbers; five seeds are compared).
    Edges that the explanation has no figure for count as 0: behind what speaks for the item, before what speaks
    against it. `max_compared` bounds leave-one-out where the model has no closed form for it. Panels of several methods
    on one case may share a `truth`.
    """
    truth = truth or truth_of(model, dataset, explanation.case)
    scorer, edges = truth.scorer, truth.edges
    values = _values(explanation, edges, scorer)
    if not len(edges):
        return Faithfulness(
            explanation.method, 0, (), (), None, None, 0, None, None, False, "The user has no interactions to remove."
        )
    order = np.argsort(-values, kind="stable")
    popular = np.argsort(-_popularity(scorer, edges), kind="stable")
    shuffled, drawn = random_orders(len(edges), seed)
    orders = ((explanation.method, [order]), (AT_RANDOM, shuffled), ("most popular", [popular]))
    sizes = sorted({min(m, len(edges)), max(1, math.ceil(0.2 * len(edges)))})
    curves = tuple(_mean_curve(truth, name, found, n_steps) for name, found in orders)
    sets = tuple(_mean_effect(truth, name, found, n) for n in sizes for name, found in orders)
    spearman, kendall, n_compared = _agreement(truth, values, max_compared, seed)
    p_random = _p_random(truth, order, drawn)
    stability = _stability(scorer, explanation, rerun, edges, values)
    beats = p_random is not None and p_random <= MAX_P
    span = None if spearman is None else correlation_interval(spearman, n_compared)
    verdict = _verdict(explanation.method, len(edges), p_random, span)
    return Faithfulness(
        explanation.method,
        len(edges),
        curves,
        sets,
        spearman,
        kendall,
        n_compared,
        stability,
        p_random,
        beats,
        verdict,
        None if span is None else span.low,
        None if span is None else span.high,
    )


class Truth:
    """s and the item's rank on the graph without some of the user's edges `[n]`, each set recomputed once."""

    def __init__(self, scorer: Rescorer, case: Case, edges: IntArray, excluded: IntArray) -> None:
        self.scorer, self.case, self.edges, self._excluded = scorer, case, edges, excluded
        self._numbers: dict[bytes, float] = {}
        self._ranks: dict[bytes, int] = {}
        self._lost: dict[bytes, Float] = {}
        self.unit = abs(case.score) or 1.0

    def without(self, places: IntArray) -> tuple[float, int]:
        """The explained number and the rank without the edges at `places`."""
        places = np.sort(places)
        key = places.tobytes()
        if self.scorer.has_fast_leave_one_out:
            self.number_without(places)  # by the same sums, whichever is asked first
        if key not in self._ranks:
            scores = self.scorer.scores_without(self.case.user_index, self.edges[places])
            if key not in self._numbers:
                self._numbers[key] = float(sum(sign * scores[item] for item, sign in self.case.signed_items))
            self._ranks[key] = rank_of(scores, self.case.item_index, self._excluded)
        return self.number_without(places), self._ranks[key]

    def number_without(self, places: IntArray) -> float:
        """The explained number without the edges at `places`; no other item is scored where one alone costs less."""
        places = np.sort(places)
        key = places.tobytes()
        if key not in self._numbers and not self.scorer.has_fast_leave_one_out:
            self.without(places)
        elif key not in self._numbers:
            items, signs = np.array(self.case.signed_items).T
            case, edges = self.case, self.edges[places]
            scores = self.scorer.scores_without(case.user_index, edges, items.astype(np.int64))
            self._numbers[key] = float(scores @ signs)
        return self._numbers[key]

    def others(self, places: IntArray) -> IntArray:
        """All places but these: without the others, only `places` are left of the user's edges."""
        found: IntArray = np.setdiff1d(np.arange(len(self.edges)), places)
        return found

    def lost_without_each(self, places: IntArray) -> Float:
        """What the explained number loses without each of the edges at `places` in turn."""
        key = places.tobytes()
        if key not in self._lost:
            self._lost[key] = leave_one_out(self.scorer, self.case, self.edges[places])
        return self._lost[key]


def truth_of(model: Any, dataset: Dataset, case: Case) -> Truth:
    """The truth of a case, empty: sets are recomputed when they are asked for."""
    scorer = rescorer_of(model)
    return Truth(scorer, case, scorer.edges_of(case.user_index), excluded_items(dataset, case.user_index))


def _values(explanation: Explanation, edges: IntArray, scorer: Rescorer) -> Float:
    """The method's figure for each of the user's edges; 0 where it has none."""
    half = scorer.graph.n_edges // 2
    named = {int(part.edge) % half: part.value for part in explanation.contributions if part.edge is not None}
    return np.array([named.get(int(edge) % half, 0.0) for edge in edges], dtype=np.float64)


def _popularity(scorer: Rescorer, edges: IntArray) -> Float:
    """Edges of the node at the other end of each of the user's edges."""
    return scorer.graph.n_links(scorer.graph.targets(edges)).astype(np.float64)


def _mean_curve(truth: Truth, name: str, orders: list[IntArray], n_steps: int) -> Curve:
    n = len(truth.edges)
    steps = np.unique(np.round(np.linspace(0, n, min(n, n_steps) + 1)).astype(np.int64))
    deletion = np.mean([[truth.number_without(order[:step]) for step in steps] for order in orders], axis=0)
    insertion = np.mean(
        [[truth.number_without(truth.others(order[:step])) for step in steps] for order in orders], axis=0
    )
    area = partial(_area, steps / n, truth.number_without(np.arange(n)), truth.unit)
    return Curve(
        name,
        tuple(steps.tolist()),
        tuple(deletion.tolist()),
        tuple(insertion.tolist()),
        area(deletion),
        area(insertion),
    )


def _area(shares: Float, floor: float, unit: float, values: Float) -> float:
    return float(np.trapezoid((values - floor) / unit, shares))


def _mean_effect(truth: Truth, name: str, orders: list[IntArray], n: int) -> SetEffect:
    effects = [(truth.without(order[:n]), truth.without(truth.others(order[:n]))) for order in orders]
    now = truth.number_without(np.arange(0))
    gone, kept = (np.mean([effect[side][0] for effect in effects]) for side in (0, 1))
    rank_gone, rank_kept = (float(np.median([effect[side][1] for effect in effects])) for side in (0, 1))
    return SetEffect(
        name, n, float((now - gone) / truth.unit), float((now - kept) / truth.unit), round(rank_gone), round(rank_kept)
    )


def _agreement(truth: Truth, values: Float, limit: int, seed: int) -> tuple[float | None, float | None, int]:
    from scipy.stats import kendalltau, spearmanr  # half a second that no explanation needs before it is measured

    chosen = np.arange(len(truth.edges))
    if not truth.scorer.has_fast_leave_one_out and len(chosen) > limit:
        chosen = np.sort(np.random.default_rng(seed).permutation(len(chosen))[:limit])
    lost = truth.lost_without_each(chosen)
    if len(chosen) < 3 or np.ptp(values[chosen]) == 0 or np.ptp(lost) == 0:
        return None, None, len(chosen)
    spearman, kendall = spearmanr(values[chosen], lost).statistic, kendalltau(values[chosen], lost).statistic
    return float(spearman), float(kendall), len(chosen)


def n_first(n_edges: int) -> int | None:
    """How many of the first edges of an order are held against random sets: a fifth; None where that is all."""
    n = max(1, math.ceil(0.2 * n_edges))
    return n if n < n_edges else None


def random_orders(n_edges: int, seed: int) -> tuple[list[IntArray], list[IntArray]]:
    """Orders of the edges by chance: those of the curves, and those whose first edges are the random sets."""
    rng = np.random.default_rng(seed)
    drawn = [rng.permutation(n_edges) for _ in range(N_RANDOM_CURVES + N_RANDOM_SETS)]
    return drawn[:N_RANDOM_CURVES], drawn[N_RANDOM_CURVES:]


def p_of(ours: Float | float, random: Float, unit: Float | float) -> Any:
    """(1 + random sets without which the explained number is no higher than `ours`) / (1 + sets); sets come first."""
    as_good = (random <= np.asarray(ours) + 1e-9 * np.asarray(unit)).sum(axis=0)
    return (1 + as_good) / (1 + len(random))


def _p_random(truth: Truth, order: IntArray, drawn: list[IntArray]) -> float | None:
    """Share of random sets whose removal lowers s at least as much; None where all sets are one."""
    n = n_first(len(truth.edges))
    if n is None:
        return None
    random = np.array([truth.number_without(chosen[:n]) for chosen in drawn])
    return float(p_of(truth.number_without(order[:n]), random, truth.unit))


def _stability(
    scorer: Rescorer,
    explanation: Explanation,
    rerun: Callable[[int], Explanation] | None,
    edges: IntArray,
    values: Float,
) -> float | None:
    if rerun is None:
        return 1.0
    others = []
    for number in range(1, N_SEEDS):
        with progress.part(number - 1, N_SEEDS - 1):
            others.append(_values(rerun(explanation.seed + number), edges, scorer))
    return mean_agreement([values, *others])


def _verdict(method: str, n: int, p_random: float | None, span: Interval | None) -> str:
    if p_random is None:
        return f"With {n} edge{'s' if n > 1 else ''} there is no smaller set to compare with."
    if p_random > MAX_P:
        return (
            f"{method} does not beat random on this case: {p_random:.0%} of random sets as large as its top 20 % lower "
            "the explained number at least as much."
        )
    agreement = ""
    if span is not None:
        agreement = f" Its order agrees with exact deletion at {span.value:.2f} (1 is full; {_span(span)})."
    return f"{method} beats random on this case: removing its top 20 % lowers the explained number more.{agreement}"


def _span(found: Interval) -> str:
    return f"95 % interval {found.low:.2f} to {found.high:.2f}".replace("-", "−")
