"""Colours, number formats and the look that all charts share.

Colours are Okabe and Ito's (2008), told apart with every common colour blindness; those of marks have a contrast of
at least 3:1 on the light and on the dark background: one figure serves both themes.
"""

from __future__ import annotations

import math
from textwrap import wrap
from typing import Any

import plotly.graph_objects as go

ACCENT = "#0072b2"
POSITIVE = "#0072b2"
NEGATIVE = "#d55e00"
LETTERS = {"light": ("#0063a0", "#b54e00"), "dark": ("#6cb8ee", "#f09560")}
"""Positive and negative for letters, which need more contrast (4.5 : 1) than marks (3 : 1)."""
TOTAL = "#5b6b7c"
BASELINE = "#8a94a0"
HIGHLIGHT = "#e69f00"
TRANSPARENT = "rgba(0,0,0,0)"
GRID = "rgba(138,148,160,0.25)"
BAND = "rgba(0,114,178,0.15)"
CATEGORIES = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8a94a0")
"""For unordered groups, in this order; more groups than colours become "other" (the last)."""
DIVERGING = ((0.0, "#e0803f"), (0.25, "#f0b890"), (0.5, "#d3d9df"), (0.75, "#98cbe9"), (1.0, "#4297cd"))
"""Negative to positive, grey at zero; letters in `ON_SCALE` can be read on all of it, in light and in dark."""
ON_SCALE = "#10151c"
SEQUENTIAL = ((0.0, "#a9b4bf"), (0.35, "#8fb8d6"), (0.7, "#4297cd"), (1.0, "#0072b2"))
"""Little to much; both ends can be seen on light and on dark."""


def styled(figure: go.Figure, height: int = 360) -> go.Figure:
    """Give `figure` our look (changed in place).

    In one assignment: each `update_layout` or `update_xaxes` costs plotly a millisecond or more.
    """
    held = {name: value for name, value in figure.layout.to_plotly_json().items() if name != "template"}
    figure.layout = look(held, height)
    return figure


def look(layout: dict[str, Any], height: int = 360) -> dict[str, Any]:
    """A layout (nested, without "title_text" and the like) with our margins, transparent background, quiet axes and a
    legend above the plot."""
    axis = {"automargin": True, "zeroline": False, "gridcolor": GRID, "tickfont": {"size": 13}}
    axes = {"xaxis", "yaxis", *(name for name in layout if name.startswith(("xaxis", "yaxis")))}
    ours = {
        "height": height,
        "margin": {"l": 8, "r": 16, "t": 28, "b": 8},
        "paper_bgcolor": TRANSPARENT,
        "plot_bgcolor": TRANSPARENT,
        "font": {"size": 13},
        "hoverlabel": {"font": {"size": 13}},
        "legend": {"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0, "title": {"text": ""}},
        "colorway": list(CATEGORIES),
    }
    return _merged(layout, {**ours, **dict.fromkeys(axes, axis)})


def _merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """`old` with what `new` says, one level of nested settings after the other."""
    both = {key: _merged(old[key], new[key]) for key in new if isinstance(old.get(key), dict)}
    return {**old, **new, **both}


def two_panels(figure: go.Figure, upper: str, lower: str, tickformat: str = "") -> go.Figure:
    """Traces on axis y in the upper half and those on y2 in the lower, each with its title and from zero (changed in
    place): two figures beside each other, and no two scales in one frame that suggest they were equal."""
    axis = {"rangemode": "tozero", "automargin": True, "zeroline": False, "gridcolor": GRID, "tickfont": {"size": 13}}
    figure.update_layout(
        yaxis={**axis, "title": {"text": upper}, "domain": [0.56, 1.0]},
        yaxis2={**axis, "title": {"text": lower}, "domain": [0.0, 0.44], "tickformat": tickformat, "anchor": "x"},
        xaxis={"anchor": "y2"},
    )
    return figure


def signed_colour(value: float) -> str:
    """Blue for what raises, vermilion for what lowers."""
    return POSITIVE if value >= 0 else NEGATIVE


def number(value: float | None, digits: int = 3) -> str:
    """`value` with `digits` significant places after the point and a real minus sign; a dash where there is none.

    >>> number(-1234.5678, 2), number(0.12345), number(None), number(0.00012)
    ('−1,234.57', '0.123', '–', '0.00012')
    """
    if value is None or not math.isfinite(value):
        return "–"
    small = value != 0 and abs(value) < 0.5 * 10**-digits
    text = f"{abs(value):.2g}" if small else f"{abs(value):,.{digits}f}"
    return f"−{text}" if value < 0 and float(text.replace(",", "")) else text


def signed(value: float | None, digits: int = 3) -> str:
    """Like `number`, with a plus sign before what is above zero.

    >>> signed(0.5, 2), signed(-0.5, 2)
    ('+0.50', '−0.50')
    """
    text = number(value, digits)
    return f"+{text}" if value is not None and math.isfinite(value) and value > 0 else text


def percent(share: float | None, digits: int = 1) -> str:
    """A share as per cent; what would round to nothing is said so.

    >>> percent(0.1234), percent(0.00001), percent(-0.5, 0)
    ('12.3 %', 'under 0.1 %', '−50 %')
    """
    if share is None or not math.isfinite(share):
        return "–"
    if 0 < abs(share) * 100 < 10**-digits / 2:
        return f"under {10**-digits:g} %"
    sign = "−" if share < 0 else ""
    return f"{sign}{abs(share) * 100:.{digits}f} %"


def shortened(text: str, length: int = 34) -> str:
    """`text` cut at a word near `length` with an ellipsis, for the labels of a chart; tables show it whole.

    >>> shortened("A Connecticut Yankee in King Arthur's Court", 24)
    'A Connecticut Yankee in…'
    """
    if len(text) <= length:
        return text
    cut = text[:length].rsplit(" ", 1)[0] if " " in text[length // 2 : length] else text[: length - 1]
    return cut.rstrip(" ,;:-") + "…"


def wrapped(text: str, width: int, most: int = 2) -> str:
    """`text` as a plotly label of at most `most` lines of `width` letters, with an ellipsis where that is not all.

    >>> wrapped("A Connecticut Yankee in King Arthur's Court", 14)
    'A Connecticut<br>Yankee in…'
    """
    lines = wrap(text, width, max_lines=most, placeholder="…")
    return "<br>".join(plotly_text(line) for line in lines)


def plotly_text(text: Any) -> str:
    """Text from data for a plotly label: plotly reads a few tags (`<b>`, `<a href>`), so angle brackets are escaped."""
    from gnnrec_core.base.text import for_html

    return for_html(text)


def ordinal(rank: int) -> str:
    """A rank in words' short form.

    >>> [ordinal(rank) for rank in (1, 2, 3, 4, 11, 22, 113, 1001)]
    ['1st', '2nd', '3rd', '4th', '11th', '22nd', '113th', '1,001st']
    """
    ending = "th" if rank % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(rank % 10, "th")
    return f"{rank:,}{ending}"
