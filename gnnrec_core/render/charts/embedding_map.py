"""People and items in two dimensions (`whole.map.layout`): dots, how to colour them, names, and the crowd behind."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go
import polars as pl
from numpy.typing import NDArray

from gnnrec_core.audit.sources import first_values
from gnnrec_core.data.dataset import Dataset, FloatArray, IntArray
from gnnrec_core.render import theme
from gnnrec_core.render.charts.chart_data import UNSEEN

Side = Literal["items", "people"]
Kind = type[go.Scatter] | type[go.Scattergl]
SVG_POINTS = 3_000
"""Up to so many dots need no graphics card; a browser that has none draws a sample of as many."""
FIRST_POINTS = 5_000
"""So many are drawn at once; a browser without a graphics card needs a second for 60,000."""
MOST_POINTS = 60_000
CELLS = 160
"""Cells of the crowd behind the dots along each axis."""
OTHER = "other"
UNKNOWN = "unknown"
TICKS = (0, 1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000)
"""Numbers of interactions that the colour bar names."""


@dataclass(frozen=True)
class Mark:
    """Nodes that stand out from all dots by a plotly `symbol`; `label` is written beside them."""

    name: str
    nodes: IntArray
    symbol: str
    colour: str
    size: int = 13
    label: str = ""


def sample(n: int, most: int = MOST_POINTS, always: Sequence[int] = (), seed: int = 0) -> IntArray:
    """All of 0..n-1, or `most` of them drawn without replacement together with those in `always`, ascending."""
    if n <= most:
        return np.arange(n, dtype=np.int64)
    drawn = np.random.default_rng(seed).choice(n, most, replace=False)
    return np.union1d(drawn, np.asarray(always, dtype=np.int64)).astype(np.int64)


def within(points: FloatArray, x: Sequence[float], y: Sequence[float]) -> NDArray[np.bool_]:
    """Which `points` `[n, 2]` lie in the closed line through the corners `x`, `y` `[m]` (even-odd rule), `[n]`.

    >>> within(np.array([[1.0, 1.0], [3.0, 1.0]]), [0, 2, 2, 0], [0, 0, 2, 2]).tolist()
    [True, False]
    """
    inside = np.zeros(len(points), dtype=bool)
    corners = np.column_stack([x, y]).astype(np.float64)
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if y0 != y1:
            crosses = (points[:, 1] < y0) != (points[:, 1] < y1)
            inside ^= crosses & (points[:, 0] < x0 + (x1 - x0) * (points[:, 1] - y0) / (y1 - y0))
    return inside


def colour_groups(dataset: Dataset, side: Side, column: str, n: int = len(theme.CATEGORIES) - 1) -> pl.Series:
    """The group of each item or person by a column, as text: its `n` most frequent values, else "other" (a list column
    counts by its first entry; an empty cell is "unknown")."""
    table = dataset.item_table if side == "items" else dataset.user_table
    values = first_values(table, column, UNKNOWN).rename("value")
    counts = values.to_frame().filter(pl.col("value") != UNKNOWN).group_by("value", maintain_order=True).len()
    frequent = counts.sort("len", descending=True, maintain_order=True)["value"].head(n).to_list()
    kept = [*frequent, UNKNOWN]
    return values.replace_strict(kept, kept, default=OTHER)


def colour_columns(dataset: Dataset, side: Side) -> list[str]:
    """Attribute columns that can colour the map: with 2 to 200 different values."""
    table = dataset.item_table if side == "items" else dataset.user_table
    left_out = {"user_index", "item_index", "user_id", "item_id", "title"}
    columns = [name for name in table.columns if name not in left_out]
    return [name for name in columns if 2 <= first_values(table, name, UNKNOWN).n_unique() <= 200]


def embedding_map(
    position: FloatArray,
    nodes: IntArray,
    names: list[str],
    groups: list[str] | None,
    popularity: NDArray[Any] | None,
    sizes: Mapping[str, int] | None = None,
    marks: Sequence[Mark] = (),
    numbers: IntArray | None = None,
    webgl: bool = False,
    regions: Sequence[tuple[str, tuple[float, float]]] = (),
    crowd: FloatArray | None = None,
) -> go.Figure:
    """One dot a node, as SVG, which every browser draws, or (`webgl`) by the graphics card, for many.

    Colour by `groups` `[n]` or, without, by `popularity` `[n]` on a logarithmic scale. `customdata` is the node, or its
    number in `numbers` `[n]` where ids must say nothing. `sizes` is how many each group has, drawn or not. `marks` lie
    over the dots. `regions` are names with their places, the largest first; `crowd` are all places `[n, 2]` where only
    some have a dot.
    """
    figure = go.Figure() if crowd is None else go.Figure(_crowd(crowd))
    numbers = nodes if numbers is None else numbers
    kind: Kind = go.Scattergl if webgl else go.Scatter
    if groups is None:
        figure.add_trace(_by_popularity(kind, position, nodes, names, np.asarray(popularity), numbers))
    else:
        sizes = Counter(groups) if sizes is None else sizes
        figure.add_traces(_by_group(kind, position, nodes, names, groups, sizes, numbers))
    for mark in marks:
        figure.add_trace(_marked(position, mark, kind))
        for x, y in position[mark.nodes].tolist() if mark.label else ():
            said = theme.plotly_text(theme.shortened(mark.label))
            figure.add_annotation(x=x, y=y, text=said, showarrow=False, yshift=mark.size)
    theme.styled(figure, height=620)
    for name, (x, y) in _apart(regions):
        said = theme.plotly_text(theme.shortened(name, 22))
        figure.add_annotation(x=x, y=y, text=f"<b>{said}</b>", showarrow=False, font={"size": 13})
    for axis, values in zip(("x", "y"), position[nodes].T, strict=True):
        low, high = (float(values.min()), float(values.max())) if len(nodes) else (-1.0, 1.0)
        room = 0.06 * (high - low) or 1.0
        figure.update_layout({f"{axis}axis": {"visible": False, "range": [low - room, high + room]}})
    figure.update_layout(dragmode="lasso", legend={"itemsizing": "constant"})
    return figure


def _crowd(points: FloatArray) -> go.Heatmap:
    """How many of all `points` `[n, 2]` lie where, on a grid and by the logarithm: what a sample cannot show."""
    cell = ((np.asarray(points) + 1) * (CELLS / 2)).astype(np.int64).clip(0, CELLS - 1)  # [n, 2]
    counts = np.bincount(cell[:, 1] * CELLS + cell[:, 0], minlength=CELLS * CELLS).reshape(CELLS, CELLS)
    middle = (np.arange(CELLS) + 0.5) * 2 / CELLS - 1
    return go.Heatmap(
        x=middle, y=middle, z=np.where(counts > 0, np.log10(1 + counts), np.nan),
        colorscale=[[0.0, "rgba(138,148,160,0.10)"], [1.0, "rgba(138,148,160,0.75)"]], showscale=False,
        hoverinfo="skip", meta=UNSEEN,
    )  # fmt: skip


def _apart(regions: Sequence[tuple[str, tuple[float, float]]]) -> list[tuple[str, tuple[float, float]]]:
    """Names that can be read: those that would lie over an earlier (larger) one are left out."""
    kept: list[tuple[str, tuple[float, float]]] = []
    for name, (x, y) in regions:
        if all(abs(x - u) > 0.014 * (len(name) + len(other)) or abs(y - v) > 0.09 for other, (u, v) in kept):
            kept.append((name, (x, y)))
    return kept


def _marked(position: FloatArray, mark: Mark, kind: Kind) -> Any:
    return kind(
        x=position[mark.nodes, 0],
        y=position[mark.nodes, 1],
        mode="markers",
        marker={"size": mark.size, "symbol": mark.symbol, "color": mark.colour, "line": {"width": 2}},
        name=theme.plotly_text(mark.name),
        hoverinfo="skip",
    )


def _by_popularity(
    kind: Kind,
    position: FloatArray,
    nodes: IntArray,
    names: list[str],
    popularity: NDArray[Any],
    numbers: IntArray,
) -> Any:
    return kind(
        x=position[nodes, 0],
        y=position[nodes, 1],
        mode="markers",
        text=[f"{theme.plotly_text(name)}: {count:,}" for name, count in zip(names, popularity.tolist(), strict=True)],
        hovertemplate="%{text}<extra></extra>",
        customdata=numbers,
        marker={
            "size": _dot(len(names)),
            "opacity": 0.8,
            "color": np.log10(1.0 + popularity),
            "colorscale": [list(stop) for stop in theme.SEQUENTIAL],
            "colorbar": {
                "title": {"text": "interactions", "side": "right"},
                "thickness": 10,
                "tickvals": [math.log10(1 + count) for count in TICKS],
                "ticktext": [f"{count:,}" for count in TICKS],
            },
        },
        name="",
        showlegend=False,
    )


def _by_group(
    kind: Kind,
    position: FloatArray,
    nodes: IntArray,
    names: list[str],
    groups: list[str],
    sizes: Mapping[str, int],
    numbers: IntArray,
) -> list[Any]:
    ordered, traces = sorted(sizes, key=lambda group: (group in (OTHER, UNKNOWN), -sizes[group])), []
    of_group = np.array(groups, dtype=object)
    for number, group in enumerate(ordered):
        chosen = np.flatnonzero(of_group == group)
        grey = group in (OTHER, UNKNOWN)
        trace = kind(
            x=position[nodes[chosen], 0],
            y=position[nodes[chosen], 1],
            mode="markers",
            text=[theme.plotly_text(names[place]) for place in chosen],
            hovertemplate="%{text}<extra></extra>",
            customdata=numbers[chosen],
            marker={
                "size": _dot(len(groups)),
                "opacity": 0.45 if grey else 0.85,
                "color": theme.BASELINE if grey else theme.CATEGORIES[number % (len(theme.CATEGORIES) - 1)],
            },
            name=f"{theme.plotly_text(theme.shortened(group, 28))} ({sizes[group]:,})",
        )
        traces.append(trace)
    return traces


def _dot(n: int) -> int:
    return 9 if n < 1500 else 6 if n < 10_000 else 4
