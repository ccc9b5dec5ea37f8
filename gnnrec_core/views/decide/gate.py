"""The gate, as blocks: verdict, figures, groups, lists, reasons, people."""

from __future__ import annotations

from typing import Any

from gnnrec_core.audit.metrics import METRICS
from gnnrec_core.audit.verdicts import p_text
from gnnrec_core.decide.gate import Gate, GateFigure
from gnnrec_core.decide.reasons import Reason
from gnnrec_core.render.blocks import Bars, Block, Facts, Section, Table, Text, Verdict
from gnnrec_core.views.privacy import NameUser

KINDS: dict[str, Any] = {"ship": "good", "hold": "warning", "cannot tell": "note"}
OK = {True: "a loss is ruled out", False: "worse", None: "open"}
SAID = {"ship": "Ship", "hold": "Hold", "cannot tell": "Cannot tell"}
MOST_BARS = 8


def gate_sections(found: Gate, name_user: NameUser) -> tuple[Section, ...]:
    """Everything on one page."""
    verdict = found.verdict
    said: list[Block] = [Verdict(f"{SAID[verdict.word]}. {verdict.sentences[0]}", KINDS[verdict.word])]
    said += [Text(verdict.sentences[1:])]
    if verdict.settle:
        what = "What to do" if verdict.word == "hold" else "What would settle it"
        said.append(Text((f"{what}: {' '.join(verdict.settle)}",)))
    return (
        Section("Verdict", tuple(said)),
        Section("Figures", (_figures(found),)),
        Section("For whom", (_groups(found), *_hidden(found))),
        Section("What changed in the lists", _changes(found)),
        Section("Why", tuple(_why(found))),
        Section("People whose lists change most", (_people(found, name_user),)),
    )


def _figures(found: Gate) -> Table:
    rows = tuple((METRICS[f.name].title, *_cells(f), _state(f)) for f in found.figures)
    return Table(
        ("figure", found.incumbent, "difference", "low", "high", "accepted loss", "adjusted p", "people", "so"),
        rows,
        f"{found.candidate} less {found.incumbent} on the same people, lists of {found.k}, {found.split} part. "
        "Intervals hold with 95 % for all figures and groups together; open: neither a loss of that size is shown nor "
        "its absence.",
    )


def _cells(figure: GateFigure) -> tuple[Any, ...]:
    d = figure.found
    return figure.incumbent, d.value, d.low, d.high, figure.margin, p_cell(d.p_adjusted), d.n_users


def p_cell(p: float) -> str:
    """A p-value as a cell: "< 0.001" rather than a row of zeros."""
    return p_text(p).removeprefix("= ") if p == p else "–"


def _state(figure: GateFigure) -> str:
    return "shown, not judged" if METRICS[figure.name].direction == "neither" else OK[figure.ok]


def _groups(found: Gate) -> Table:
    ordered = sorted(found.groups, key=lambda g: g.figure.found.value / (abs(g.figure.incumbent) or 1.0))
    title = METRICS[found.settings.group_figure].title
    return Table(
        ("grouping", "group", title, "difference", "low", "high", "accepted loss", "adjusted p", "people", "so"),
        tuple((g.grouping.replace("_", " "), g.group, *_cells(g.figure), _state(g.figure)) for g in ordered),
        "The largest relative loss first. A group is called worse only where the tests say so for all groups together.",
    )


def _hidden(found: Gate) -> tuple[Block, ...]:
    if not found.n_hidden:
        return ()
    return (Text((f"{found.n_hidden:,} groups are not shown: fewer than {found.settings.min_group_size} people, or "
                  "such a group could be worked out from them.",)),)  # fmt: skip


def _changes(found: Gate) -> tuple[Block, ...]:
    lists = found.changes
    facts: list[tuple[str, Any]] = [
        ("share of a list that is kept", lists.overlap.value),
        ("people whose list has the same items", lists.same_list.value),
        ("people whose first item is the same", lists.same_first.value),
        ("share of all exposure that moved", lists.exposure_moved),
    ]
    for name, old, new in lists.figures:
        facts += [
            (f"{METRICS[name].title}, {found.incumbent}", old),
            (f"{METRICS[name].title}, {found.candidate}", new),
        ]
    rows = tuple((m.by, m.name, m.before, m.after, m.change) for m in (*lists.by_label, *lists.by_item))
    caption = "Share of all exposure (an item at rank r counts 1 / log2(r + 1)); what gained or lost most."
    return Facts(tuple(facts)), Table(("by", "name", found.incumbent, found.candidate, "change"), rows, caption)


def _why(found: Gate) -> list[Block]:
    if found.reasons_missing:
        return [Text((found.reasons_missing,))]
    blocks: list[Block] = [
        Text((
            "Why the new items passed those that left: the difference of the two models' ledgers, summed over people. "
            "Shares by relation are 1 together; those by item and attribute split what interactions carry.",
        ))
    ]  # fmt: skip
    blocks += _bars(found.reasons, "the change of all lists")
    for group in found.groups:
        if group.reasons:
            blocks += _bars(group.reasons, f"the change for {group.grouping} {group.group}")[:2]
    return blocks


def _bars(reasons: tuple[Reason, ...], what: str) -> list[Block]:
    found: list[Block] = []
    for by in dict.fromkeys(reason.by for reason in reasons):
        of = [reason for reason in reasons if reason.by == by][:MOST_BARS]
        found.append(
            Bars(
                tuple(r.name for r in of),
                tuple(r.share for r in of),
                f"By {by}: share of {what}, with its 95 % interval over people.",
                tuple((r.low, r.high) for r in of),
            )
        )
    return found


def people_rows(found: Gate, name_user: NameUser) -> tuple[dict[str, Any], ...]:
    """One row a person, named by `name_user`. Their own figures only where ids are shown (`str`): with those of single
    people the figure of any small group could be worked out."""
    dataset = found.runs[0].dataset
    rows = []
    for person in found.people:
        row: dict[str, Any] = {"user": name_user(dataset.users.ids[person.user_index]), "kept": person.kept}
        for side, index in (("came", person.came), ("went", person.went)):
            row[side] = None if index is None else {"item": dataset.items.ids[index], "title": dataset.title(index)}
        if name_user is str:
            row |= {"incumbent": person.before, "candidate": person.after}
        rows.append(row)
    return tuple(rows)


def _people(found: Gate, name_user: NameUser) -> Table:
    rows = tuple(
        (row["user"], row["kept"], *((row[side] or {}).get("title", "–") for side in ("came", "went")))
        for row in people_rows(found, name_user)
    )
    return Table(
        ("person", "share kept", "first that came", "first that went"), rows, "The least of whose list is kept."
    )
