"""Two models for one case: rank and score in each, and the two ledgers beside each other."""

from __future__ import annotations

from dataclasses import dataclass

from gnnrec_core.base.errors import RequestError
from gnnrec_core.explain.explaining import explain
from gnnrec_core.explain.explanation import Contribution, Explanation, Target
from gnnrec_core.runs.run import Run


@dataclass(frozen=True)
class Pair:
    """One part of the score in both models; None where a model has no such part.

    Compare shares, not values: the scores of two models have different scales.
    """

    label: str
    kind: str
    first: Contribution | None
    second: Contribution | None


@dataclass(frozen=True)
class ComparedCase:
    """Two explanations of one pair. `rank_change` > 0: the item stands that many places lower in the second model."""

    first: Explanation
    second: Explanation
    pairs: tuple[Pair, ...]
    rank_change: int


def compare_case(
    first: Run,
    second: Run,
    user_index: int,
    item_index: int,
    method: str = "ledger",
    target: Target = "score",
    k: int = 10,
    check_top: int = 10,
) -> ComparedCase:
    """Both runs' explanations by `method`, part by part, largest |share| first.

    RequestError where the runs were trained on different data, UnsupportedError where the method cannot serve one.
    """
    if first.dataset.fingerprint != second.dataset.fingerprint:
        raise RequestError(
            "The two runs were trained on different data.",
            "Compare runs of one dataset.",
            first=first.dataset.fingerprint,
            second=second.dataset.fingerprint,
        )
    ours, theirs = (
        explain(run, user_index, item_index, method, target, k, check_top=check_top) for run in (first, second)
    )
    return ComparedCase(ours, theirs, _pairs(ours, theirs), theirs.rank - ours.rank)


def _pairs(ours: Explanation, theirs: Explanation) -> tuple[Pair, ...]:
    sides = [{(part.kind, part.user, part.item, part.label): part for part in e.contributions} for e in (ours, theirs)]
    keys = list(dict.fromkeys([*sides[0], *sides[1]]))
    pairs = [Pair(key[3], key[0], sides[0].get(key), sides[1].get(key)) for key in keys]
    return tuple(sorted(pairs, key=lambda pair: -max(abs(part.share) for part in (pair.first, pair.second) if part)))
