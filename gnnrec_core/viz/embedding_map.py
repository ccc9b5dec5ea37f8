"""People and items in two dimensions: the two main directions of the final embeddings, and how to colour them."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from gnnrec_core.data.values import Dataset, FloatArray, IntArray
from gnnrec_core.text import clean
from gnnrec_core.viz import theme

Side = Literal["items", "people"]
MOST_POINTS = 60_000
OTHER = "other"
UNKNOWN = "unknown"
TICKS = (0, 1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000)
"""Numbers of interactions that the colour bar names."""


@dataclass(frozen=True)
class Plane:
    """`position` float32 `[n_nodes, 2]`; `share` of the variance that each axis keeps, in 0..1."""

    position: FloatArray
    share: tuple[float, float]


def principal_plane(embeddings: NDArray[Any]) -> Plane:
    """Principal component analysis of `[n, d]` by the eigenvectors of the covariance; the sign makes the largest
    loading positive, so the same embeddings give the same picture.

    >>> plane = principal_plane(np.array([[0.0, 0.0], [2.0, 0.0], [4.0, 0.0]]))
    >>> plane.position[:, 0].tolist(), plane.share
    ([-2.0, 0.0, 2.0], (1.0, 0.0))
    """
    centred = embeddings.astype(np.float64) - embeddings.mean(axis=0, dtype=np.float64)
    values, vectors = np.linalg.eigh(centred.T @ centred)
    axes = vectors[:, ::-1][:, :2]
    if axes.shape[1] < 2:
        axes = np.concatenate([axes, np.zeros((len(axes), 2 - axes.shape[1]))], axis=1)
    axes = axes * np.where(axes[np.abs(axes).argmax(axis=0), [0, 1]] < 0, -1.0, 1.0)
    total = max(float(values.sum()), 1e-300)
    kept = np.append(values[::-1][:2].clip(0), [0.0, 0.0])[:2] / total
    return Plane((centred @ axes).astype(np.float32), (float(kept[0]), float(kept[1])))


def sample(n: int, most: int = MOST_POINTS, seed: int = 0) -> IntArray:
    """All of 0..n-1, or `most` of them drawn without replacement, ascending."""
    if n <= most:
        return np.arange(n, dtype=np.int64)
    return np.sort(np.random.default_rng(seed).choice(n, most, replace=False)).astype(np.int64)


def colour_groups(dataset: Dataset, side: Side, column: str, n: int = len(theme.CATEGORIES) - 1) -> list[str]:
    """The group of each item or person by a column: its `n` most frequent values, else "other" (a list column counts
    by its first entry; an empty cell is "unknown")."""
    table = dataset.item_table if side == "items" else dataset.user_table
    values = [_first(value) for value in table[column].to_list()]
    frequent = {value for value, _ in Counter(value for value in values if value != UNKNOWN).most_common(n)}
    return [value if value in frequent or value == UNKNOWN else OTHER for value in values]


def colour_columns(dataset: Dataset, side: Side) -> list[str]:
    """Attribute columns that can colour the map: with 2 to 200 different values."""
    table = dataset.item_table if side == "items" else dataset.user_table
    left_out = {"user_index", "item_index", "user_id", "item_id", "title"}
    columns = [name for name in table.columns if name not in left_out]
    return [name for name in columns if 2 <= len({_first(value) for value in table[name].to_list()}) <= 200]


def embedding_map(
    plane: Plane,
    nodes: IntArray,
    names: list[str],
    groups: list[str] | None,
    popularity: NDArray[Any] | None,
    marked: tuple[int, str] | None = None,
) -> go.Figure:
    """One dot a node (WebGL). Colour by `groups` `[n]` or, without, by `popularity` `[n]` on a logarithmic scale.

    `customdata` is the position in `nodes`. `marked` is a node that gets a ring and its name.
    """
    figure = go.Figure()
    position = plane.position[nodes]
    if groups is None:
        figure.add_trace(_by_popularity(position, names, np.asarray(popularity)))
    else:
        _add_groups(figure, position, names, groups)
    if marked is not None:
        x, y = plane.position[marked[0]]
        figure.add_scattergl(
            x=[x],
            y=[y],
            mode="markers+text",
            text=[theme.plotly_text(theme.shortened(marked[1]))],
            textposition="top center",
            marker={"size": 18, "symbol": "circle-open", "color": theme.NEGATIVE, "line": {"width": 4}},
            textfont={"size": 14},
            name="the person",
            hoverinfo="skip",
        )
    theme.styled(figure, height=620)
    figure.update_xaxes(
        showticklabels=False,
        showgrid=False,
        title=f"first direction ({theme.percent(plane.share[0], 0)} of the spread)",
    )
    figure.update_yaxes(
        showticklabels=False, showgrid=False, title=f"second direction ({theme.percent(plane.share[1], 0)})"
    )
    figure.update_layout(dragmode="lasso", legend={"itemsizing": "constant"})
    return figure


def _by_popularity(position: FloatArray, names: list[str], popularity: NDArray[Any]) -> go.Scattergl:
    return go.Scattergl(
        x=position[:, 0],
        y=position[:, 1],
        mode="markers",
        text=[f"{theme.plotly_text(name)}: {count:,}" for name, count in zip(names, popularity.tolist(), strict=True)],
        hovertemplate="%{text}<extra></extra>",
        customdata=np.arange(len(names)),
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


def _add_groups(figure: go.Figure, position: FloatArray, names: list[str], groups: list[str]) -> None:
    counts = Counter(groups)
    ordered = [group for group, _ in counts.most_common() if group not in (OTHER, UNKNOWN)]
    ordered += [group for group in (OTHER, UNKNOWN) if group in counts]
    of_group = np.array(groups, dtype=object)
    for number, group in enumerate(ordered):
        chosen = np.flatnonzero(of_group == group)
        grey = group in (OTHER, UNKNOWN)
        figure.add_scattergl(
            x=position[chosen, 0],
            y=position[chosen, 1],
            mode="markers",
            text=[theme.plotly_text(names[place]) for place in chosen],
            hovertemplate="%{text}<extra></extra>",
            customdata=chosen,
            marker={
                "size": _dot(len(groups)),
                "opacity": 0.45 if grey else 0.85,
                "color": theme.BASELINE if grey else theme.CATEGORIES[number % (len(theme.CATEGORIES) - 1)],
            },
            name=f"{theme.plotly_text(theme.shortened(group, 28))} ({counts[group]:,})",
        )


def _dot(n: int) -> int:
    return 9 if n < 1500 else 6 if n < 10_000 else 4


def _first(value: Any) -> str:
    if isinstance(value, list):
        value = value[0] if value else None
    return UNKNOWN if value is None or value == "" else clean(value)
