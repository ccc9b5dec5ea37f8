"""What an import says of the columns of its source: what each became, and what the times in them are."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from gnnrec_core.data.dataset import NO_TIME, IntArray, Problem
from gnnrec_core.data.formats.source import Part

OLD = 788_918_400
"""1995-01-01: before it there were no logs of the kind that is imported here."""
_SAMPLE = 100_000


def columns_read(parts: tuple[Part, ...], times: IntArray | None, says: str) -> tuple[Problem, ...]:
    """One note for each way in which the columns of a part were read (shards are read alike and share theirs)."""
    found: dict[str, list[Part]] = {}
    for part in parts:
        found.setdefault(f"{part.roles.says}|{part.roles.names}", []).append(part)
    notes = []
    for number, alike in enumerate(found.values()):
        roles, file = alike[0].roles, alike[0].table.file
        used = (roles.user, roles.item, roles.rating, roles.time, *roles.extra)
        unread = [name for name in roles.names if name not in used]
        text = f"Columns were read as {roles.says}"
        text += f", of {len(alike):,} files." if len(alike) > 1 else "."
        if times is not None and number == 0:
            text += f" Times are {says}: {span(times)}."
        if roles.other_times and roles.time:
            text += f" Times stand in {_shown(roles.other_times)}, too (--time-col chooses)."
        if unread:
            text += f" Not used: {_shown(tuple(unread))}."
        n = len(roles.names) or len(roles.columns)
        notes.append(Problem("columns", "info", n, "read", text, file, alike[0].table.first_line))
    return tuple(notes)


def span(times: IntArray) -> str:
    """First, median and last date of times (the median of at most 100,000 of them, evenly spaced)."""
    first, last = _ends(times)
    step = max(1, len(times) // _SAMPLE)
    some = times[::step]
    middle = int(np.median(some[some != NO_TIME])) if (some != NO_TIME).any() else first
    return f"first {day(first)}, median {day(middle)}, last {day(last)}"


def day(seconds: int) -> str:
    """The date of seconds since 1970 (UTC).

    >>> day(86_400)
    '1970-01-02'
    """
    return str(np.datetime64(int(seconds), "s").astype("datetime64[D]"))


def time_doubts(times: IntArray | None, parts: tuple[Part, ...]) -> tuple[Problem, ...]:
    """Times that are all older than any log, or all in the future; and times that nobody read."""
    roles, file = parts[0].roles, parts[0].table.file
    if times is None:
        if not roles.other_times or any(part.roles.time for part in parts):
            return ()
        text = f"No times were read, but {_shown(roles.other_times)} holds some: --time-col {roles.other_times[0]}."
        return (
            Problem(
                "unread_times", "warning", len(roles.other_times), "ignored", text, file, column=roles.other_times[0]
            ),
        )
    first, last = _ends(times)
    now = int(datetime.now(UTC).timestamp()) + 86_400
    if last >= OLD and first <= now:
        return ()
    where = "before 1995" if last < OLD else "in the future"
    text = (
        f"All times lie {where} ({span(times)}): they may be something else than was read. "
        "Look at the column, or leave times unread with --time-col none."
    )
    count = int(np.count_nonzero(times != NO_TIME))
    return (Problem("old_times", "warning", count, "kept", text, file, column=roles.time, value=day(first)),)


def _ends(times: IntArray) -> tuple[int, int]:
    lowest, last = int(times.min()), int(times.max())
    return (int(times[times != NO_TIME].min()) if lowest == NO_TIME else lowest), last


def _shown(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return ", ".join(repr(name[:60]) for name in names[:8]) + more
