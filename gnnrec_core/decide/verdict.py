"""The gate's verdict in one word, why, and what would settle it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from gnnrec_core.audit.metrics import METRICS
from gnnrec_core.audit.studies.comparing import PairedDifference
from gnnrec_core.audit.verdicts import figure as number

MOST_SAID = 5
Word = Literal["ship", "hold", "cannot tell"]


class Figure(Protocol):
    """What a verdict needs of a figure."""

    @property
    def name(self) -> str: ...
    @property
    def ok(self) -> bool | None: ...
    @property
    def margin(self) -> float: ...
    @property
    def needed(self) -> int | None: ...
    @property
    def found(self) -> PairedDifference: ...


@dataclass(frozen=True)
class Verdict:
    """ "hold": a figure or a group is worse. "ship": for every figure that has a direction a loss of the margin is
    ruled out, and no group is found worse. "cannot tell": neither. `settle` says what would."""

    word: Word
    sentences: tuple[str, ...]
    settle: tuple[str, ...] = ()


def verdict_of(
    figures: Sequence[Figure], groups: Sequence[tuple[str, str, Figure]], n_tests: int, margin: float
) -> Verdict:
    """The verdict on figures of everybody and of groups (grouping, label, figure), `n_tests` tested together."""
    judged = [figure for figure in figures if METRICS[figure.name].direction != "neither"]
    worse = [figure.found.sentence for figure in judged if figure.ok is False]
    harmed = _harmed([group for group in groups if group[2].ok is False])
    share = f"{100 * margin:g} %"
    family = f"All {n_tests:,} differences were tested together, at 5 %."
    if worse or harmed:
        return Verdict("hold", (*worse, *harmed, family), _mend(bool(harmed)))
    unknown = [figure for figure in judged if figure.ok is None]
    if unknown or not judged:
        names = ", ".join(METRICS[figure.name].title for figure in unknown) or "any figure that has a direction"
        said = f"Nothing is found worse, and a loss of {share} is not ruled out in {names}."
        return Verdict("cannot tell", (said, family), tuple(_settle(figure, share) for figure in unknown))
    open_groups = [(grouping, label, f) for grouping, label, f in groups if f.ok is None]
    sentences = [f"In every declared figure a loss of {share} is ruled out, and no group is found worse."]
    if open_groups:
        sentences.append(_not_ruled_out(open_groups, len(groups), share))
    return Verdict("ship", (*sentences, family))


def _harmed(groups: Sequence[tuple[str, str, Figure]]) -> list[str]:
    """The groups that lose, the largest share of what they had first, and how many more."""
    ordered = sorted(groups, key=lambda one: -abs(one[2].found.value) / (one[2].margin or 1.0))
    said = [f"{grouping} {label}: {figure.found.sentence}" for grouping, label, figure in ordered[:MOST_SAID]]
    more = len(ordered) - MOST_SAID
    return [*said, f"So do {more:,} more groups, which overlap with these."] if more > 0 else said


def _not_ruled_out(groups: Sequence[tuple[str, str, Figure]], n: int, share: str) -> str:
    """What shipping risks: the groups too small for the margin, and the one of which least is known."""
    grouping, label, widest = max(groups, key=lambda one: one[2].found.high - one[2].found.low)
    worst = widest.found.low if METRICS[widest.name].direction == "higher" else widest.found.high
    return (
        f"For {len(groups):,} of {n:,} groups a loss of {share} is not ruled out, for they are few people; the least "
        f"is known of {grouping} {label}, where {METRICS[widest.name].title} may differ by {number(worst, True)}."
    )


def _settle(figure: Figure, share: str) -> str:
    title = METRICS[figure.name].title
    if figure.needed is None:
        return f"{title}: no number of people would settle it at what the difference seems to be; look at its reasons."
    return (
        f"{title}: about {figure.needed:,} people would rule a loss of {share} out if the difference is what it "
        f"seems; there are {figure.found.n_users:,}. An A/B test is the other way."
    )


def _mend(by_group: bool) -> tuple[str, ...]:
    first = "Look at the reasons for the change, mend the candidate, and ask again on people not yet looked at."
    return (first, "Or ship it to the others only, where the groups can be told apart.") if by_group else (first,)
