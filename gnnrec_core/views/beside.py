"""Two cases side by side for reading: one sentence, the places in both lists, the aligned ledgers, what both share."""

from __future__ import annotations

from gnnrec_core.explain.questions.beside import MOST_REASONS, Beside
from gnnrec_core.render import theme
from gnnrec_core.render.blocks import Chart, Section, Table, Text
from gnnrec_core.render.charts.beside_charts import ledgers_chart, slope_chart

SHOWN = 10
"""Parts of the ledgers that are drawn; the table has all."""


def sentence(found: Beside, names: tuple[str, str]) -> str:
    """What the two have in common and what tells them apart, in one sentence."""
    data = found.sides[0].run.dataset
    titles = [data.title(side.item_index) for side in found.sides]
    at = ["nowhere (they have had it)" if rank is None else theme.ordinal(rank) for rank in found.ranks]
    if found.kind == "items":
        said = f"{titles[0]} stands {at[0]} and {titles[1]} {at[1]}"
        shared = f"{len(found.in_both)} of their first {MOST_REASONS} reasons are the same"
    else:
        where = ("in ", "in ") if found.kind == "runs" else ("for ", "for ")
        said = f"{titles[0]} stands {at[0]} {where[0]}{names[0]} and {at[1]} {where[1]}{names[1]}"
        shared = f"{len(found.in_both)} of {found.k} items stand in both lists"
    strongest = _strongest(found, names)
    return f"{said}; {shared}{'; ' if strongest else ''}{strongest}."


def slope_rows(found: Beside) -> list[tuple[str, tuple[int | None, int | None]]]:
    """What is ranked, by name, with its places on both sides."""
    data = found.sides[0].run.dataset
    return [(data.title(key) if isinstance(key, int) else key, pair) for key, pair in found.places.items()]


def ledger_rows(found: Beside) -> tuple[bool, list[tuple[str, float | None, float | None]]]:
    """Whether the values are shares of the score (both scores are above 0), and each part on both sides."""
    if found.explanations is None:
        return True, []
    first, second = found.explanations
    as_share = first.score > 0 and second.score > 0
    scales = (first.score, second.score) if as_share else (1.0, 1.0)
    rows: list[tuple[str, float | None, float | None]] = []
    if first.baseline_name or second.baseline_name:
        name = first.baseline_name or second.baseline_name
        rows.append((name, first.baseline / scales[0], second.baseline / scales[1]))
    for pair in found.pairs:
        values = [None if part is None else part.value for part in (pair.first, pair.second)]
        rows.append((pair.label, *(None if v is None else v / s for v, s in zip(values, scales))))  # type: ignore[arg-type]
    return as_share, rows


def beside_sections(found: Beside, names: tuple[str, str]) -> tuple[Section, ...]:
    """The same as blocks, for files and notebooks."""
    as_share, ledgers = ledger_rows(found)
    places = tuple((label, *pair) for label, pair in slope_rows(found))
    most = MOST_REASONS if found.kind == "items" else found.k
    table = Table(("what is ranked", *names), places, "Places on both sides.")
    sections = [
        Section("In short", (Text((sentence(found, names),)),)),
        Section(
            "Places", (Chart(slope_chart(names, slope_rows(found), most).to_json(), "From left to right.", table),)
        ),
    ]
    if ledgers:
        caption = "Shares of the score, part by part." if as_share else "Contributions, part by part."
        rows = Table(("part", *names), tuple(ledgers), caption)
        drawn = ledgers_chart(names, ledgers[: SHOWN + 1], as_share)
        sections.append(Section("Ledgers", (Chart(drawn.to_json(), caption, rows),)))
    else:
        sections.append(Section("Ledgers", (Text((found.reason,)),)))
    return tuple(sections)


def _strongest(found: Beside, names: tuple[str, str]) -> str:
    """The largest reason of both sides, in words."""
    if found.explanations is None:
        return ""
    tops = [max(each.contributions, key=lambda part: part.value, default=None) for each in found.explanations]
    if any(top is None or top.value <= 0 for top in tops):
        return ""
    one, other = (top.label for top in tops if top)
    if one == other:
        return f"the strongest reason of both is {one}"
    return f"the strongest reason is {one} in the first case and {other} in the second"
