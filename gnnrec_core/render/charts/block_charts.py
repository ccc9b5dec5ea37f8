"""Bars and curves of blocks as plotly figures: what `render.svg` draws for files."""

from __future__ import annotations

import plotly.graph_objects as go

from gnnrec_core.render.blocks import Bars, Curves
from gnnrec_core.render.charts.named_axis import name_axis
from gnnrec_core.render.theme import CATEGORIES, plotly_text, signed_colour, styled


def bars_chart(bars: Bars) -> go.Figure:
    """Horizontal bars from 0, the first on top, with whiskers where there are intervals."""
    places = list(range(len(bars.labels)))
    error = None
    if bars.intervals:
        error = {
            "type": "data",
            "symmetric": False,
            "array": [high - value for value, (_, high) in zip(bars.values, bars.intervals, strict=True)],
            "arrayminus": [value - low for value, (low, _) in zip(bars.values, bars.intervals, strict=True)],
        }
    colours = [signed_colour(value) for value in bars.values]
    figure = go.Figure(go.Bar(x=list(bars.values), y=places, orientation="h", error_x=error, marker_color=colours))
    figure.update_yaxes(autorange="reversed")
    name_axis(figure, "y", bars.labels)
    figure.update_yaxes(range=[len(bars.labels) - 0.5, -0.5], autorange=None)
    return styled(figure, 80 + 28 * max(3, len(bars.labels)))


def curves_chart(curves: Curves) -> go.Figure:
    """One line a series, with its band where it has one; a series without a point is left out."""
    figure = go.Figure()
    for place, (name, xs, ys) in enumerate(curves.series):
        if xs:
            line = {"color": CATEGORIES[place % len(CATEGORIES)]}
            for edges in curves.bands[place : place + 1]:
                for word, edge in zip(("low", "high"), edges, strict=True):
                    figure.add_scatter(
                        x=list(xs),
                        y=list(edge),
                        mode="lines",
                        line={"width": 0},
                        fill="tonexty" if word == "high" else None,
                        fillcolor=_pale(line["color"]),
                        showlegend=False,
                        name=plotly_text(f"{name}: {word}"),
                    )
            figure.add_scatter(x=list(xs), y=list(ys), mode="lines+markers", name=plotly_text(name), line=line)
    figure.update_layout(legend_traceorder="normal")  # plotly turns it round where areas are filled
    figure.update_xaxes(title_text=plotly_text(curves.x_label))
    figure.update_yaxes(title_text=plotly_text(curves.y_label))
    return styled(figure)


def _pale(colour: str) -> str:
    """A colour (#rrggbb) that what lies behind shows through."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.15)"
