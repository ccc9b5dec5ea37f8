"""Blocks: what any result is drawn from, once, for the page, the terminal, a notebook and a file.

A block is a value and knows no output. Strings in blocks are text as the data have it; whoever draws a block makes it
inert for that sink (`render.html`, `render.terminal`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Text:
    """Paragraphs of plain text."""

    paragraphs: tuple[str, ...]


@dataclass(frozen=True)
class Facts:
    """Names with their values, in two columns."""

    pairs: tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class Table:
    """Rows under column names; numbers are aligned right and written by `number`."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    caption: str = ""


@dataclass(frozen=True)
class Bars:
    """Horizontal bars from zero, one a label; `intervals` (low, high) draws whiskers where given."""

    labels: tuple[str, ...]
    values: tuple[float, ...]
    caption: str
    intervals: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class Curves:
    """Lines over a common x axis: (name, xs, ys) each; `bands` are the (lows, highs) around the first of them."""

    series: tuple[tuple[str, tuple[float, ...], tuple[float, ...]], ...]
    x_label: str
    y_label: str
    caption: str
    bands: tuple[tuple[tuple[float, ...], tuple[float, ...]], ...] = ()


@dataclass(frozen=True)
class Chart:
    """A plotly figure (its JSON) with a line on how to read it, and the same as a table, for whoever does not see it.

    Labels in a figure are read as plotly's markup: whoever makes one escapes text from data (`theme.plotly_text`).
    """

    figure: str
    caption: str
    table: Table


@dataclass(frozen=True)
class Verdict:
    """One sentence that stands out: a check that held ("good"), a caution ("warning"), or a note."""

    text: str
    kind: Literal["good", "warning", "note"] = "note"


@dataclass(frozen=True)
class Stop:
    """A place in a `Flow`: its name, the column it stands in (0 on the left), what it is, what passes it, in words.

    `key` names what stands here and can be chosen ("item:12"), "" for what cannot.
    """

    name: str
    column: int
    shape: Literal["person", "item", "attribute", "rest"]
    value: float
    told: str
    key: str = ""


@dataclass(frozen=True)
class Stream:
    """What flows from one stop (position in `Flow.stops`) to another; `is_link` where the graph has that link.

    `name` is written on one that passes all columns.
    """

    source: int
    target: int
    value: float
    is_link: bool
    name: str = ""


@dataclass(frozen=True)
class Flow:
    """A layered picture, left to right: signed streams between stops. What flows into the last stop is the whole.

    `columns` are what stands in each column, in a word or two; none where nothing is said.
    """

    stops: tuple[Stop, ...]
    streams: tuple[Stream, ...]
    caption: str
    columns: tuple[str, ...] = ()


Block = Text | Facts | Table | Bars | Curves | Chart | Flow | Verdict


@dataclass(frozen=True)
class Section:
    """A heading with its blocks."""

    title: str
    blocks: tuple[Block, ...]


def number(value: Any) -> str:
    """A figure as it stands in a table: thousands set apart, four significant digits, a dash where there is none.

    >>> number(12345), number(0.123456), number(None), number(-2.0)
    ('12,345', '0.1235', '–', '−2')
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = f"{value:,}" if isinstance(value, int) else _significant(value)
    return text.replace("-", "−", 1) if text.startswith("-") else text


def _significant(value: float) -> str:
    if not math.isfinite(value):
        return f"{value}"
    if value == 0 or abs(value) < 1e-4:
        return f"{value:.3g}"
    digits = max(0, 3 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
