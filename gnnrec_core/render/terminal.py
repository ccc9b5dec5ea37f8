"""Blocks as plain text for a terminal: control characters of the data are taken out, columns stand under each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gnnrec_core.base.text import for_terminal
from gnnrec_core.render.blocks import Bars, Block, Chart, Curves, Facts, Flow, Section, Table, Text, Verdict, number

BAR_WIDTH = 40
WIDE = 240
"""Letters in a row from which a table is written row by row."""
MARKS = {"good": "✓", "warning": "!", "note": "·"}


def text(sections: tuple[Section, ...]) -> str:
    """All sections, one under the other.

    >>> print(text((Section("Sizes", (Table(("group", "n"), (("a", 12), ("bc", 3))),)),)))
    Sizes
      group   n
      a      12
      bc      3
    """
    return "\n\n".join("\n".join((for_terminal(section.title), *_lines(section))) for section in sections)


def _lines(section: Section) -> Iterator[str]:
    for block in section.blocks:
        for line in _block(block):
            yield f"  {line}"


def _block(block: Block) -> list[str]:
    match block:
        case Text(paragraphs):
            return [for_terminal(paragraph) for paragraph in paragraphs]
        case Facts(pairs):
            width = max((len(for_terminal(name)) for name, _ in pairs), default=0)
            return [f"{for_terminal(name):{width}}  {_value(value)}" for name, value in pairs]
        case Table():
            return _table(block)
        case Bars():
            return _bars(block)
        case Curves():
            ends = [(name, xs, ys) for name, xs, ys in block.series if len(xs)]
            return [for_terminal(block.caption)] + [
                f"{for_terminal(name)}: {number(ys[0])} at {number(xs[0])} to {number(ys[-1])} at {number(xs[-1])}"
                for name, xs, ys in ends
            ]
        case Chart(caption=caption, table=table):
            return [for_terminal(caption), *_table(table)]
        case Flow(stops):  # the first column stands in the table of parts, too
            return [for_terminal(block.caption), *(for_terminal(stop.told) for stop in stops if stop.column == 2)]
        case Verdict(sentence, kind):
            return [f"{MARKS[kind]} {for_terminal(sentence)}"]


def _table(table: Table) -> list[str]:
    cells = [[_value(value) for value in row] for row in table.rows]
    rights = [all(_is_number(row[column]) for row in table.rows) for column in range(len(table.columns))]
    if sum(max(map(len, column)) for column in zip(*cells)) > WIDE:
        return [*_caption(table), *_row_by_row(table, cells)]
    widths = [max(len(row[column]) for row in ([*table.columns], *cells)) for column in range(len(table.columns))]

    def line(row: list[str]) -> str:
        marked = zip(row, widths, rights, strict=True)
        return "  ".join(f"{cell:>{width}}" if right else f"{cell:{width}}" for cell, width, right in marked).rstrip()

    head = line([for_terminal(name) for name in table.columns])
    return [*_caption(table), head, *(line(row) for row in cells)]


def _caption(table: Table) -> list[str]:
    return [for_terminal(table.caption)] if table.caption else []


def _row_by_row(table: Table, cells: list[list[str]]) -> Iterator[str]:
    """What is too wide to stand side by side: each row as its first cell, the others named under it."""
    for row in cells:
        yield row[0]
        for name, cell in zip(table.columns[1:], row[1:], strict=True):
            if cell:
                yield f"  {for_terminal(name)}: {cell}"


def _bars(bars: Bars) -> list[str]:
    most = max((abs(value) for value in bars.values), default=0.0) or 1.0
    width = max((len(for_terminal(label)) for label in bars.labels), default=0)
    return [for_terminal(bars.caption)] + [
        f"{for_terminal(label):{width}}  {number(value):>8}  {'█' * round(BAR_WIDTH * abs(value) / most)}"
        for label, value in zip(bars.labels, bars.values, strict=True)
    ]


def _value(value: Any) -> str:
    return number(value) if value is None or isinstance(value, (bool, int, float)) else for_terminal(str(value))


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, (int, float)) and not isinstance(value, bool))
