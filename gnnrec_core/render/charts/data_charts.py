"""What a dataset looks like: degrees on log axes, the long tail, interactions over time, ratings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from gnnrec_core.data.dataset import IntArray
from gnnrec_core.render import theme

TAIL_POINTS = 400
"""A long-tail curve is drawn with at most this many points."""


def degree_chart(user_degrees: IntArray, item_degrees: IntArray, height: int = 320) -> go.Figure:
    """Share of users (of items) with at least x interactions, both axes logarithmic: a straight line is a power law."""
    figure = go.Figure()
    for number, (name, degrees) in enumerate((("people", user_degrees), ("items", item_degrees))):
        values, share = survival(degrees)
        figure.add_scatter(
            x=values,
            y=share,
            name=name,
            mode="lines+markers" if len(values) < 30 else "lines",
            line={"color": theme.CATEGORIES[number], "width": 2.5, "shape": "hv"},
            hovertemplate=f"%{{y:.1%}} of {name} have at least %{{x:,}}<extra></extra>",
        )
    theme.styled(figure, height)
    none = {name: int((degrees == 0).sum()) for name, degrees in (("people", user_degrees), ("items", item_degrees))}
    left = " and ".join(f"{n:,} {name}" for name, n in none.items() if n)
    title = f"interactions ({left} have none: no place on this axis)" if left else "interactions"
    figure.update_xaxes(type="log", title=title, dtick=1)
    figure.update_yaxes(type="log", title="share with at least so many", tickformat="~%", dtick=1)
    return figure


def survival(degrees: IntArray) -> tuple[IntArray, NDArray[np.float64]]:
    """Each degree above 0 that occurs, and the share of all entities (also of those with 0) that have at least it.

    >>> survival(np.array([1, 1, 2, 5, 0]))
    (array([1, 2, 5]), array([0.8, 0.4, 0.2]))
    """
    known = degrees[degrees > 0]
    values, counts = np.unique(known, return_counts=True)
    return values, counts[::-1].cumsum()[::-1] / max(1, len(degrees))


def long_tail_chart(item_degrees: IntArray, height: int = 320) -> go.Figure:
    """Share of all interactions on the most popular x % of items (a Lorenz curve from the head)."""
    share = long_tail(item_degrees)
    places = np.unique(np.linspace(0, len(share) - 1, TAIL_POINTS).astype(int))
    figure = go.Figure()
    figure.add_scatter(
        x=places / max(1, len(share) - 1),
        y=share[places],
        mode="lines",
        line={"color": theme.ACCENT, "width": 2.5},
        fill="tozeroy",
        fillcolor="rgba(0,114,178,0.12)",
        hovertemplate="the most popular %{x:.1%} of items<br>hold %{y:.1%} of interactions<extra></extra>",
        showlegend=False,
    )
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"color": theme.BASELINE, "dash": "dot"}, name="all items alike"
    )
    theme.styled(figure, height)
    figure.update_xaxes(title="items, most popular first", tickformat=".0%")
    figure.update_yaxes(title="share of interactions", tickformat=".0%", rangemode="tozero")
    return figure


def long_tail(item_degrees: IntArray) -> NDArray[np.float64]:
    """Cumulated share of interactions, most popular item first, from 0 items on `[n_items + 1]`.

    >>> long_tail(np.array([1, 3, 0, 4])).round(3)
    array([0.   , 0.5  , 0.875, 1.   , 1.   ])
    """
    ordered = np.sort(item_degrees)[::-1].cumsum(dtype=np.float64)
    total = ordered[-1] if len(ordered) and ordered[-1] > 0 else 1.0
    return np.concatenate([[0.0], ordered / total])


def time_chart(per_month: Sequence[tuple[str, int]], height: int = 320) -> go.Figure:
    """Interactions of each month."""
    figure = go.Figure()
    figure.add_bar(
        x=[month for month, _ in per_month],
        y=[count for _, count in per_month],
        marker={"color": theme.ACCENT},
        hovertemplate="%{x}: %{y:,} interactions<extra></extra>",
    )
    theme.styled(figure, height)
    figure.update_xaxes(title="", type="date", tickformat="%b %Y")
    figure.update_yaxes(title="interactions a month")
    return figure


def rating_chart(counts: Mapping[str, int], height: int = 320) -> go.Figure:
    """How often each rating was given."""
    figure = go.Figure()
    figure.add_bar(
        x=[theme.plotly_text(name) for name in counts],
        y=list(counts.values()),
        marker={"color": theme.ACCENT},
        hovertemplate="rating %{x}: %{y:,}<extra></extra>",
    )
    theme.styled(figure, height)
    figure.update_xaxes(title="rating", type="category")
    figure.update_yaxes(title="interactions")
    return figure
