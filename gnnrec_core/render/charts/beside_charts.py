"""Two cases side by side: a slope graph of places, and two ledgers on one axis of labels."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from gnnrec_core.render import theme

ROW = 26
Places = tuple[int | None, int | None]


def slope_chart(
    names: tuple[str, str], rows: Sequence[tuple[str, Places]], most: int, narrow: bool = False
) -> go.Figure:
    """Places on the left and on the right, a line for each row; what is beyond `most` on a side stands below the line
    there, with its place. Blue rises from left to right, orange falls, grey stays. `narrow` is for a phone."""
    figure = go.Figure()
    below, letters = most + 1.6, 13 if narrow else 24
    for label, (one, other) in rows:
        ends = [place if place and place <= most else below for place in (one, other)]
        rise = ends[0] - ends[1]
        colour = theme.POSITIVE if rise > 0 else theme.NEGATIVE if rise < 0 else theme.BASELINE
        said = [_said(place) for place in (one, other)]
        figure.add_scatter(
            x=[0, 1],
            y=ends,
            mode="lines+markers",
            line={"color": colour, "width": 2.5},
            marker={"size": 8},
            hovertext=f"{theme.plotly_text(label)}: {said[0]}, then {said[1]}",
            hoverinfo="text",
            showlegend=False,
        )
    for side, anchor in ((0, "right"), (1, "left")):
        for label, pair in rows:
            place = pair[side]
            if place is not None and place <= most:
                text = theme.plotly_text(f"{place}. {theme.shortened(label, letters)}")
                shift = 12 * (2 * side - 1)
                figure.add_annotation(x=side, y=place, text=text, xanchor=anchor, xshift=shift, showarrow=False)
    figure.add_annotation(x=0.5, y=below + 0.5, text=f"beyond {most}", showarrow=False)
    style = theme.styled(figure, height=ROW * (most + 2) + 60)
    axis = {"showgrid": False, "zeroline": False}
    heads = [theme.plotly_text(theme.shortened(name, 12 if narrow else 30)) for name in names]
    style.update_xaxes(range=[-1.15, 2.15], tickvals=[0, 1], ticktext=heads, tickangle=0, side="top", **axis)
    style.update_yaxes(range=[below + 1.1, 0.4], showticklabels=False, **axis)
    return style


def ledgers_chart(
    names: tuple[str, str], rows: Sequence[tuple[str, float | None, float | None]], as_share: bool
) -> go.Figure:
    """The same parts on both sides, each side with the same scale."""
    labels = [theme.plotly_text(theme.shortened(label, 26)) for label, *_ in rows]
    figure = go.Figure()
    for side in (0, 1):
        values = [row[1] if side == 0 else row[2] for row in rows]
        said = ["none" if value is None else _value(value, as_share) for value in values]
        figure.add_bar(
            y=list(range(len(rows))),
            x=[0.0 if value is None else value for value in values],
            orientation="h",
            marker={"color": [theme.signed_colour(value or 0.0) for value in values]},
            text=said,
            textposition="outside",
            cliponaxis=False,
            hovertext=[f"{label}: {text}" for label, text in zip(labels, said, strict=True)],
            hovertemplate="%{hovertext}<extra></extra>",
            name=theme.plotly_text(names[side]),
            xaxis="x" if side == 0 else "x2",
            showlegend=False,
        )
    every = [value for _, *pair in rows for value in pair if value is not None] or [1.0]
    low, high = min(0.0, *every), max(0.0, *every)
    width = (high - low) or 1.0
    span = [low - (0.34 * width if low < 0 else 0.02 * width), high + 0.34 * width]
    theme.styled(figure, height=30 * len(rows) + 80)
    axis = {"range": span, "side": "top", "tickformat": ".0%" if as_share else "", "nticks": 4, "automargin": True}
    line = {"zeroline": True, "zerolinecolor": theme.BASELINE, "gridcolor": theme.GRID}
    heads = [{"text": theme.plotly_text(theme.shortened(name, 30)), "standoff": 6} for name in names]
    figure.update_layout(
        xaxis={**axis, **line, "domain": [0, 0.48], "title": heads[0]},
        xaxis2={**axis, **line, "domain": [0.52, 1], "title": heads[1]},
    )
    figure.update_yaxes(tickvals=list(range(len(rows))), ticktext=labels, autorange="reversed", showgrid=False)
    return figure


def _said(place: int | None) -> str:
    return "not in the ranking" if place is None else theme.ordinal(place)


def _value(value: float, as_share: bool) -> str:
    return theme.percent(value) if as_share else theme.signed(value)
