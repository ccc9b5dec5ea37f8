"""What a sample of cells looks like: times, ratings or ids. Names come first; this judges what names leave open."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl

from gnnrec_core.base.errors import LensError
from gnnrec_core.data.clean.times import clean_times
from gnnrec_core.data.formats.source import Table

Sample = Callable[[str], pl.Series]
"""The first cells of a column, by its name."""
N_SAMPLE = 500
_TIME_NAME = re.compile(r"(?i)(date|time|stamp|(^|_)ts($|_)|_at$|_on$|when|created|updated)")
_FIRST, _YEARS_AHEAD = 473_385_600, 2
"""1985-01-01: earlier times in a log are more likely something else."""
MOST_RATINGS = 101


@dataclass(frozen=True)
class TimeLook:
    """A column that holds times: how many different ones the sample has, and what they are written as."""

    column: str
    n_distinct: int
    certain: bool
    """Nothing else than times is written so (small numbers such as 0829 may be ids)."""


def time_look(column: str, cells: pl.Series) -> TimeLook | None:
    """Are all cells likely times, between 1985 and two years from now? None where they are not."""
    cells = cells.drop_nulls().head(N_SAMPLE)
    if not len(cells):
        return None
    try:
        found = clean_times(Table("a sample", pl.DataFrame({column: cells}), len(cells)), column)
    except LensError:
        return None
    known = found.values[found.values > 0]
    last = time.time() + _YEARS_AHEAD * 31_557_600
    if not len(known) or known.min() < _FIRST or known.max() > last:
        return None
    certain = not found.says.startswith(("days", "months", "years"))
    return TimeLook(column, len(set(known.tolist())), certain and not re.search(r"\bYYMMDD", found.says))


def time_columns(names: Sequence[str], sample: Sample) -> list[TimeLook]:
    """The columns named like times whose cells are some; the finest first (most different times in the sample)."""
    looks = [look for name in names if _TIME_NAME.search(name) and (look := time_look(name, sample(name)))]
    return sorted(looks, key=lambda look: -look.n_distinct)


def looks_like_ratings(cells: pl.Series) -> bool:
    """Few different numbers of a small range: what a rating column holds."""
    numbers = cells.cast(pl.String).str.strip_chars().cast(pl.Float64, strict=False).drop_nulls()
    n = len(cells.drop_nulls())
    if not n or len(numbers) < 0.9 * n:
        return False
    return float(numbers.min()) >= -101 and float(numbers.max()) <= 101 and numbers.n_unique() <= MOST_RATINGS  # type: ignore[arg-type]


def holds_one_vocabulary(columns: Sequence[pl.Series]) -> bool:
    """Do several columns hold the same values, as lines of all the items of a person do?"""
    sets = [set(column.drop_nulls().cast(pl.String).to_list()) - {""} for column in columns[:50]]
    if len(sets) < 3 or min(map(len, sets)) < 3:
        return False
    shared = [len(one & set().union(*(other for other in sets if other is not one))) / len(one) for one in sets]
    return min(shared) > 0.5


def fitting_order(names: Sequence[str], sample: Sample) -> dict[str, str] | None:
    """The order that fits the columns of a table without names, where the usual one (user, item, rating, time) is
    contradicted; None where it is not."""
    looks = {name: time_look(name, sample(name)) for name in names}
    times = [name for name, look in looks.items() if look and look.certain]
    ratings = [name for name in names if looks_like_ratings(sample(name)) and sample(name).n_unique() > 1]
    if len(names) == 4 and names[3] in times:
        return None
    if len(names) == 4 and not times and names[3] in ratings and names[2] not in ratings:
        return {"user": names[0], "item": names[1], "rating": names[3]}
    others = [name for name in names if name not in times]
    if not times or len(others) < 2:
        return None
    rating = next((name for name in others[2:] if name in ratings), None)
    return {"user": others[0], "item": others[1], **({"rating": rating} if rating else {}), "time": times[0]}


_WHAT_HAPPENED = re.compile(
    r"(event|action|behaviou?r|interaction|activity|feedback|reaction)(_?(type|name|kind|code|id))?|event_?weight"
    r"|label|target|(is|has|was)?_?(long_?view|valid_?play|profile_?enter|comment_?like)"
    r"|(is|has|was|n|num)?_?(un)?(dis)?(click|view|like|purchase|buy|cart|add_?to_?cart|order|follow|comment|forward"
    r"|hate|skip|play|watch|share|favou?rite|save|convert|conversion|impression|expos|exposure|read|listen|book|check)"
    r"(e?d|s|ed|t)?|bought|shown|read|success",
    re.IGNORECASE,
)
_VAGUE = re.compile(r"(type|status|kind|category_?type|op|operation|click_?type)", re.IGNORECASE)
_EVENTS = (
    "view click purchase buy cart addtocart add_to_cart order transaction like dislike impression pv fav share skip "
    "play wishlist favorite remove_from_cart exposure follow hate comment"
)
WORDS = frozenset(_EVENTS.split())
MOST_BEHAVIOURS = 20


def may_say_what_happened(name: str, cells: pl.Series) -> bool:
    """A column named like events, labels or flags (or vaguely, with words for events in it), with few values."""
    plain = name.split(":")[0].strip()
    if cells.dtype == pl.Duration:
        return False
    there = cells.drop_nulls().head(N_SAMPLE).cast(pl.String).str.strip_chars()
    values = set(there.filter(there != "").str.to_lowercase().to_list())
    if not 0 < len(values) <= MOST_BEHAVIOURS:
        return False
    if _WHAT_HAPPENED.fullmatch(plain):
        return True
    return bool(_VAGUE.fullmatch(plain)) and bool(values & WORDS)
