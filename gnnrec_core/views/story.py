"""The story of one case for one page: question, claim with its level, checks, caveat, picture, and its source."""

from __future__ import annotations

from gnnrec_core.data.dataset import Dataset
from gnnrec_core.explain.explanation import Contribution, Explanation
from gnnrec_core.explain.narrative import percent
from gnnrec_core.render.blocks import Flow
from gnnrec_core.render.story_card import Story
from gnnrec_core.render.theme import ordinal, signed

ABOUT = "This explains the model, not the person: what the score is made of, not why somebody reads."


def tell_story(
    explanation: Explanation, dataset: Dataset, picture: Flow, source: str, link: str = "", label: str | None = None
) -> Story:
    """The story of a case by its ledger: the claim is about the part called `label`, else the largest that speaks for
    the item. What stands in names of other people is what the explanation has."""
    case = explanation.case
    title, user = dataset.title(case.item_index), dataset.users.ids[case.user_index]
    what = "lead" if case.target == "margin" else "score"
    part = _part(explanation, label)
    question = f"Why does {title} stand {ordinal(explanation.rank)} for {user}?"
    if part is None:
        claim, level = f"No single link speaks for it: its {what} is {explanation.baseline_name or 'nothing'}.", ""
    else:
        claim = f"{_amount(explanation, part.value, what)} {part.label}."
        level = f"An exact part of the {what} in this model; what happens without it was checked as told below."
    checks = tuple(_checks(part, explanation.rank)) if part is not None else ()
    return Story(question, claim, level, checks, _caveat(explanation, what), picture, source, link)


def _part(explanation: Explanation, label: str | None) -> Contribution | None:
    parts = explanation.contributions
    chosen = next((part for part in parts if part.label == label), None) if label is not None else None
    return chosen or next((part for part in parts if part.value > 0), None)


def _amount(explanation: Explanation, value: float, what: str) -> str:
    """How much, as a share where that reads as one."""
    share = explanation.share_of(value)
    if value < 0:
        return f"What speaks most clearly against it ({signed(value)} of the {what}):"
    if share is None or share > 1.5:
        return f"{signed(value)} of the {what}, {signed(explanation.score)} in all, comes from"
    return f"{percent(share)} of the {what} comes from"


def _checks(part: Contribution, rank: int) -> list[tuple[str, str]]:
    """Where the item stands without the part, at each level that is known."""
    now, found = ordinal(rank), []
    if part.checked is not None:
        found.append(("In this model", f"{now} to {ordinal(part.checked.rank_without)} without it, recomputed"))
    if part.foretold is not None:
        told = part.foretold
        low, high = told.rank_low, told.rank_high
        span = "" if low is None or high is None or low == high else f" ({ordinal(low)} to {ordinal(high)})"
        found.append(("Foretold", f"about {ordinal(told.rank_without)}{span} if trained without it"))
    if part.retrained is not None:
        how = "refitted exactly" if part.retrained.exact else f"{part.retrained.n_seeds} trainings"
        found.append(("Trained again", f"{ordinal(part.retrained.rank_without)} without it ({how})"))
    else:
        found.append(("Trained again", "not done"))
    return found


def _caveat(explanation: Explanation, what: str) -> str:
    """What no link carries, and what an explanation is of."""
    share = explanation.share_of(explanation.baseline)
    if explanation.baseline_name and share is not None and 0 < share <= 1.5:
        return f"{percent(share)} of the {what} is {explanation.baseline_name}, which no link carries. {ABOUT}"
    return ABOUT
