"""What a chart shows, as a table: for people who cannot see it, and for spreadsheets."""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

SERIES = "Series"
UNSEEN = "unseen"
"""The `meta` of a trace that is drawn only to be clicked, and is no part of what the chart shows."""


def chart_table(figure: go.Figure) -> pd.DataFrame:
    """The marks of `figure`, one row each: the series (where there are several), and what stands on each axis.

    Bars, lines, dots, heat maps (one row a cell) and Sankey diagrams (one row a stream).

    >>> chart_table(go.Figure(go.Bar(x=["a", "b"], y=[1, 2]))).to_dict("list")
    {'x': ['a', 'b'], 'y': [1, 2]}
    """
    shown = [trace for trace in figure.data if trace.visible is not False and trace.meta != UNSEEN]
    tables = [(trace, _rows(trace, figure)) for trace in shown]
    told = [(plain(trace.name or ""), table) for trace, table in tables if len(table)]
    if len({name for name, _ in told}) > 1:
        for name, table in told:
            table.insert(0, SERIES, name)
    return pd.concat([table for _, table in told], ignore_index=True) if told else pd.DataFrame()


def plain(text: Any) -> str:
    """A plotly label as plain text.

    >>> plain("Crime &amp; <b>punishment</b><br>1866")
    'Crime & punishment 1866'
    """
    for tag in ("<b>", "</b>", "<i>", "</i>"):
        text = str(text).replace(tag, "")
    return html.unescape(str(text).replace("<br>", " "))


def _rows(trace: Any, figure: go.Figure) -> pd.DataFrame:
    if trace.type == "sankey":
        return _streams(trace)
    if trace.type == "heatmap":
        return _cells(trace, figure)
    columns = {name: values for name, values in _axes(trace, figure) if values is not None}
    length = min((len(values) for values in columns.values()), default=0)
    return pd.DataFrame({name: values[:length] for name, values in columns.items()})


def _axes(trace: Any, figure: go.Figure) -> Iterator[tuple[str, list[Any] | None]]:
    """Both axes, what the bar or dot is called, and the ends of its error bar."""
    for axis in ("x", "y"):
        values = getattr(trace, axis, None)
        place = _axis_of(trace, axis)
        heading = _heading(figure, place)
        yield heading, None if values is None else _named(values, figure, place)
        error = getattr(trace, f"error_{axis}", None)
        if values is not None and error is not None and error.array is not None:
            plus = np.asarray(error.array, dtype=float)
            minus = plus if error.arrayminus is None else np.asarray(error.arrayminus, dtype=float)
            middle = np.asarray(values, dtype=float)
            yield f"{heading}, from", (middle - minus).tolist()
            yield f"{heading}, to", (middle + plus).tolist()
    text = getattr(trace, "text", None)
    yield "Label", [plain(value) for value in text] if isinstance(text, list | tuple | np.ndarray) else None


def _axis_of(trace: Any, axis: str) -> str:
    """The layout's name of the axis that a trace stands on: "y2" is "yaxis2"."""
    own = getattr(trace, f"{axis}axis", None) or axis
    return f"{axis}axis{own[1:]}"


def _streams(trace: Any) -> pd.DataFrame:
    whole = trace.node.label if trace.node.customdata is None else trace.node.customdata
    labels = [plain(label) for label in whole]
    said = trace.link.customdata if trace.link.customdata is not None else trace.link.value
    rows = [
        {"From": labels[source], "To": labels[target], "Value": value}
        for source, target, value in zip(trace.link.source, trace.link.target, said, strict=True)
        if labels[target]
    ]
    return pd.DataFrame(rows)


def _cells(trace: Any, figure: go.Figure) -> pd.DataFrame:
    """A grid as it is drawn: one row a row, one column a column."""
    grid = np.asarray(trace.z, dtype=float)
    rows = _named(range(grid.shape[0]) if trace.y is None else trace.y, figure, "yaxis")
    columns = _named(range(grid.shape[1]) if trace.x is None else trace.x, figure, "xaxis")
    table = pd.DataFrame(grid, columns=[str(column) for column in columns])
    table.insert(0, _heading(figure, "yaxis"), rows)
    return table


def _named(values: Any, figure: go.Figure, axis: str) -> list[Any]:
    """Values of an axis; where the axis writes words in their place, those words, and whole where `named_axis` has
    shortened them."""
    layout = getattr(figure.layout, axis)
    whole = (figure.layout.meta or {}).get(axis)
    words: dict[Any, str] = {}
    if whole is not None:
        words = {place: plain(name) for place, name in enumerate(whole)}
    elif layout.tickvals is not None and layout.ticktext is not None:
        words = {_key(value): plain(text) for value, text in zip(layout.tickvals, layout.ticktext, strict=True)}
    return [words.get(_key(value), plain(value) if isinstance(value, str) else _key(value)) for value in values]


def _key(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _heading(figure: go.Figure, axis: str) -> str:
    layout = getattr(figure.layout, axis)
    if layout.title.text:
        return plain(layout.title.text).capitalize()
    return axis.removesuffix("axis") if layout.ticktext is None else "Name"
