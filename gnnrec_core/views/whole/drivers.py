"""What drives all lists: as the JSON of the contract, as rows, and as blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from gnnrec_core.render.blocks import Bars, Block, Section, Table, Text, Verdict
from gnnrec_core.whole.against.driver_differences import Differences
from gnnrec_core.whole.decided import Decided
from gnnrec_core.whole.drivers import Driver, Drivers, Part

LEVEL = "in this model: embeddings and weights as they are, nothing trained again"
SIGNED = (
    "A share is the signed sum of a driver's parts over all lists, divided by the sum of all explained numbers: parts "
    "that speak against items count below zero, and all shares sum to 1."
)
SHOWN = 20


def drivers_json(
    found: Drivers,
    top: int | None = None,
    decided: Sequence[Decided] = (),
    differences: Sequence[Differences] = (),
) -> dict[str, Any]:
    """The object of the contract; with `top` the drivers after the first so many are one."""
    whole = part_json(found.everybody, top)
    return {
        "run": found.run,
        "target": found.target,
        "k": found.k,
        "by": found.by,
        "segment": found.segment,
        "definition": found.definition,
        "level": LEVEL,
        **{name: value for name, value in whole.items() if name != "group"},
        "group_by": found.group_by,
        "groups": [part_json(part, top) for part in found.groups],
        "hidden_groups": found.hidden,
        "difference_from_lists": found.difference,
        "decided": [{**asdict(each), "cases": len(each.cases), "sentence": each.sentence} for each in decided],
        "differences": [difference_json(each) for each in differences],
        "warnings": list(found.warnings),
    }


def difference_json(found: Differences) -> dict[str, Any]:
    """The two sides, their largest difference in words, and the drivers."""
    rows = [{**asdict(each), "difference": each.difference, "stands": each.stands} for each in found.drivers]
    return {"first": found.first, "second": found.second, "of": found.kind, "sentence": found.sentence, "drivers": rows}


def difference_blocks(found: Differences, top: int = SHOWN) -> tuple[Block, ...]:
    """The largest difference in words, and the table."""
    rows = tuple((e.name, e.first, e.second, e.difference, e.low, e.high) for e in found.drivers[:top])
    caption = f"Shares of {found.kind}, second minus first; 95 % intervals over people. {LEVEL[0].upper()}{LEVEL[1:]}."
    return (
        Verdict(found.sentence),
        Table(("driver", found.first, found.second, "difference", "low", "high"), rows, caption),
    )


def driver_rows(found: Drivers) -> tuple[dict[str, Any], ...]:
    """One row a driver: group ("everybody" first), name, item, share, low, high, value, n_lists."""
    return tuple(
        {"group": part.group, **asdict(driver)}
        for part in (found.everybody, *found.groups)
        for driver in (*part.drivers, part.unassigned)
    )


def drivers_sections(
    found: Drivers, decided: Sequence[Decided] = (), top: int = SHOWN, differences: Sequence[Differences] = ()
) -> tuple[Section, ...]:
    """The largest drivers with their intervals, what they decide, and the same by group."""
    whole = found.everybody
    said: list[Block] = [
        Text((headline(found), f"A driver is {found.definition}. {SIGNED}", f"All of it is said {LEVEL}."))
    ]
    said += [Verdict(sentence, "warning") for sentence in found.warnings]
    sections = [Section("What drives the lists", (*said, driver_bars(whole, top), _table(whole, top)))]
    if decided:
        sections.append(Section("What they decide", tuple(Verdict(each.sentence) for each in decided)))
    sections += [Section(f"{each.first} and {each.second}", difference_blocks(each)) for each in differences]
    sections += [
        Section(f"{found.group_by}: {part.group}", (driver_bars(part, top), _table(part, top))) for part in found.groups
    ]
    if found.hidden:
        said_of = f"{found.hidden} group{'s are' if found.hidden > 1 else ' is'} not shown: too few people."
        sections.append(Section("Groups that are not shown", (Text((said_of,)),)))
    return tuple(sections)


def headline(found: Drivers) -> str:
    """The first sentence: over whom, over what, and the largest driver."""
    whole = found.everybody
    what = "scores" if found.target == "score" else f"leads over the item at rank {found.k + 1}"
    first = whole.drivers[0] if whole.drivers else whole.unassigned
    where = "" if found.segment is None else f" (only places that hold {found.segment} items)"
    return (
        f"The {what} of the top {found.k} of {whole.n_users:,} people{where}: {_percent(first)} comes from {first.name}"
        f", {_percent(whole.unassigned)} was learned for people and is carried by no link of theirs."
    )


def driver_bars(part: Part, top: int = SHOWN) -> Bars:
    """The largest drivers and what is unassigned, as signed shares."""
    shown = (*part.drivers[:top], part.unassigned)
    return Bars(
        tuple(each.name for each in shown),
        tuple(each.share for each in shown),
        f"Signed share of the total of {part.n_users:,} people; whiskers: 95 % intervals over people (bootstrap).",
        tuple((each.low, each.high) for each in shown),
    )


def folded(part: Part, top: int | None) -> tuple[Driver, ...]:
    """The first `top` drivers, and all others as one without an interval."""
    if top is None or len(part.drivers) <= top:
        return part.drivers
    rest = part.drivers[top:]
    nan = float("nan")
    together = replace(
        rest[0],
        name=f"all {len(rest):,} others",
        item=None,
        share=sum(each.share for each in rest),
        value=sum(each.value for each in rest),
        low=nan,
        high=nan,
        n_lists=max(each.n_lists for each in rest),
    )
    return (*part.drivers[:top], together)


def part_json(part: Part, top: int | None) -> dict[str, Any]:
    """The drivers of some people, those after the first `top` as one."""
    return {
        "group": part.group,
        "n_users": part.n_users,
        "total": part.total,
        "drivers": [asdict(driver) for driver in folded(part, top)],
        "unassigned": part.unassigned.share,
        "unassigned_low": part.unassigned.low,
        "unassigned_high": part.unassigned.high,
    }


def _table(part: Part, top: int) -> Table:
    rows = tuple(
        (each.name, each.share, each.low, each.high, each.n_lists) for each in (*folded(part, top), part.unassigned)
    )
    return Table(("driver", "share", "low", "high", "people"), rows, f"Total {part.total:,.4g}; people who have it.")


def _percent(driver: Driver) -> str:
    return f"{driver.share:.1%}".replace("-", "−").replace("%", " %")
