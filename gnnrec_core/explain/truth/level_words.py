"""What happens without a part, in words that claim no more than their level.

The strongest level that is known leads: trained again, else foretold with its interval, else in this model; what this
model says as it stands follows in brackets.
"""

from __future__ import annotations

from gnnrec_core.explain.explanation import Check, Contribution, Foretold, Retrained

IN_THIS_MODEL = "in this model as it stands"


def ordinal(rank: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th.

    >>> [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 112)]
    ['1st', '2nd', '3rd', '4th', '11th', '12th', '13th', '21st', '112th']
    """
    ending = "th" if rank % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(rank % 10, "th")
    return f"{rank:,}{ending}"


def places(low: int, high: int) -> str:
    """One place, or from one to another.

    >>> places(19, 27), places(4, 4)
    ('19th–27th', '4th')
    """
    return ordinal(low) if low == high else f"{ordinal(low)}–{ordinal(high)}"


def moves(before: int, low: int, high: int, about: str = "") -> str:
    """How an item moves from place `before` to somewhere in `low` to `high`.

    >>> moves(7, 19, 27, "about "), moves(7, 7, 7), moves(7, 5, 9, "about ")
    ('falls from 7th to about 19th–27th', 'stays 7th', 'stands about 5th–9th (now 7th)')
    """
    if low == high == before:
        return f"stays {ordinal(before)}"
    if low <= before <= high:
        return f"stands {about}{places(low, high)} (now {ordinal(before)})"
    return f"{'falls' if low > before else 'rises'} from {ordinal(before)} to {about}{places(low, high)}"


def without_it(part: Contribution, before: int) -> str:
    """The clause after a part: "without it the item falls ..."; empty where nothing is known of it.

    The condition under which the move is true stands in the clause itself.
    """
    if part.checked is None:
        return ""
    here = f"{ordinal(part.checked.rank_without)} {IN_THIS_MODEL}"
    if part.retrained is not None:
        return f"without it the item {_retrained(part.retrained, before)}; {here})"
    if part.foretold is not None and part.foretold.rank_low is not None and part.foretold.rank_high is not None:
        low, high = part.foretold.rank_low, part.foretold.rank_high
        said = moves(before, low, high, "about ")
        return f"without it the item {said} if the model is trained without it (foretold; {here})"
    return f"without it the item {_in_this_model(part.checked, before)}{_guess(part.foretold)}"


def _retrained(found: Retrained, before: int) -> str:
    rank = found.rank_without
    how = "exactly" if found.exact else f"{found.n_seeds} seed{'s' * (found.n_seeds > 1)}"
    return f"{moves(before, rank, rank)} if the model is trained without it (trained again, {how}"


def _in_this_model(check: Check, before: int) -> str:
    return f"{moves(before, check.rank_without, check.rank_without)} {IN_THIS_MODEL} (recomputed)"


def _guess(foretold: Foretold | None) -> str:
    if foretold is None:
        return ""
    return f"; trained without it perhaps {ordinal(foretold.rank_without)} (foretold, but this run is not calibrated)"
