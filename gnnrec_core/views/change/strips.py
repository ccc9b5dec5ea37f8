"""Groups and an item over several days: as JSON and as blocks."""

from __future__ import annotations

from typing import Any

from gnnrec_core.audit.metrics import METRICS
from gnnrec_core.audit.report import AuditReport
from gnnrec_core.base.plain import plain
from gnnrec_core.change.strips import GapChange, GroupStrip, ItemStrip
from gnnrec_core.render.blocks import Curves, Section, Table, Text, Verdict


def strip_json(found: GroupStrip) -> dict[str, Any]:
    """A row for each day and group, and the day of change of each gap."""
    rows = [
        {"day": day.isoformat(), "group": group, "value": value, "gap": gap}
        for day, values, gaps in zip(found.days, found.values, found.gaps, strict=True)
        for group, value, gap in zip(found.groups, values, gaps, strict=True)
    ]
    changes = [{**vars(each), "day": each.day.isoformat(), "found": each.stands} for each in found.changes]
    told: dict[str, Any] = plain({"metric": found.metric, "by": found.by, "rows": rows, "changes": changes})
    return {**told, "level_means": found.words, "verdicts": list(strip_sentences(found))}


def strip_sentences(found: GroupStrip) -> tuple[str, ...]:
    """The changes that stand, or that none does."""
    said = tuple(_sentence(found, change) for change in found.changes if change.stands)
    if said or not found.changes:
        return said or ("No gap can be followed: no group may be shown every day, or there is one day only.",)
    return (
        f"No day stands out on which the gap of a group changed (the surest: {found.changes[0].group}, adjusted p = "
        f"{found.changes[0].p_adjusted:.3f}); a slow or small change may be missed.",
    )


def strip_sections(found: GroupStrip) -> tuple[Section, ...]:
    """When gaps changed, the strip of gaps, and the figures themselves."""
    title, xs = title_of(found.metric), tuple(float(day.toordinal() - found.days[0].toordinal()) for day in found.days)
    about = f"{title} of lists as of each day, on the same held-out choices ({found.words})."
    rows = tuple(
        (c.group, c.day.isoformat(), c.before, c.after, c.after - c.before, c.p_adjusted) for c in found.changes
    )
    caption = (
        "Mean gap before the day and from it on. Adjusted p: the share of shuffles of who is in which group in which "
        "the gap of any group changes as much on any day."
    )
    columns = ("group", "best day of change", "gap before", "gap after", "change", "adjusted p")
    return (
        Section(
            "When gaps changed", (*(Verdict(said) for said in strip_sentences(found)), Table(columns, rows, caption))
        ),
        Section(
            f"Gaps of groups by {found.by} over time",
            (
                Curves(
                    _series(found, found.gaps, xs),
                    f"days after {found.days[0]}",
                    f"{title} less that of all others",
                    f"{about} 0: as well served as all others.",
                ),
                Curves(
                    _series(found, found.values, xs), f"days after {found.days[0]}", title, f"{about} Higher is better."
                ),
                Text((f"Days: {', '.join(day.isoformat() for day in found.days)}.",)),
            ),
        ),
    )


def groups_section(report: AuditReport, metric: str, title: str, words: str) -> Section:
    """A figure of each group that may be shown, with its gap to all others."""
    gaps = {each.group: each for each in report.differences if each.metric == metric}
    rows = []
    for group in report.by_group:
        gap, figure = gaps.get(group.group), group.metrics.get(metric)
        ends = (None,) * 4 if gap is None else (gap.value, gap.low, gap.high, gap.p_adjusted)
        rows.append((group.group, group.n_users, None if figure is None else figure.value, *ends))
    columns = ("group", "people", title_of(metric), "less all others", "low", "high", "adjusted p")
    caption = f"Lists of {report.scope.k} of that day ({words}); intervals that hold for all groups together, 95 %."
    return Section(title, (Table(columns, tuple(rows), caption),))


def title_of(metric: str) -> str:
    """What a metric is called."""
    return METRICS[metric].title if metric in METRICS else metric


def _sentence(found: GroupStrip, change: GapChange) -> str:
    return (
        f"From {change.day} on the gap of {change.group} is {change.after:+.3f} instead of {change.before:+.3f} "
        f"({title_of(found.metric)}, mean of the days; adjusted p = {change.p_adjusted:.3f})."
    )


def _series(
    found: GroupStrip, table: tuple[tuple[float, ...], ...], xs: tuple[float, ...]
) -> tuple[tuple[str, tuple[float, ...], tuple[float, ...]], ...]:
    """A line for each group that may be shown every day."""
    return tuple(
        (name, xs, tuple(row[place] for row in table))
        for place, name in enumerate(found.groups)
        if all(row[place] == row[place] for row in table)
    )


def item_strip_section(found: ItemStrip) -> Section:
    """Readers and lists over the days."""
    xs = tuple(float(day.toordinal() - found.days[0].toordinal()) for day in found.days)
    series = (
        ("people who have it", xs, tuple(map(float, found.n_readers))),
        (f"lists of {found.k} that hold it", xs, tuple(map(float, found.n_listed))),
    )
    rows = tuple(zip((day.isoformat() for day in found.days), found.n_readers, found.n_listed, strict=True))
    caption = f"As of each day ({found.words}); lists of those who had it not yet."
    return Section(
        "Over time",
        (
            Curves(series, f"days since {found.days[0]}", "people", caption),
            Table(("as of", "people who have it", "lists that hold it"), rows),
        ),
    )
