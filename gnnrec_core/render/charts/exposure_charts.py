"""The charts of what is shown: concentration, exposure, deciles, calibration, short histories."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
import polars as pl

from gnnrec_core.audit.curves import Lorenz, PopularityExposure
from gnnrec_core.audit.metrics import METRICS
from gnnrec_core.render.charts.audit_charts import LINE, label
from gnnrec_core.render.charts.named_axis import name_axis
from gnnrec_core.render.theme import (
    ACCENT,
    CATEGORIES,
    HIGHLIGHT,
    NEGATIVE,
    plotly_text,
    styled,
)

HEIGHT = 380


def lorenz_chart(curves: Sequence[Lorenz]) -> go.Figure:
    """Cumulative share of items against what they get; the diagonal is equality."""
    figure = go.Figure()
    for number_, curve in enumerate(curves):
        dash = "dash" if curve.name == "train interactions" else "solid"
        line = {"color": CATEGORIES[number_ % len(CATEGORIES)], "dash": dash}
        figure.add_scatter(x=curve.x, y=curve.y, mode="lines", name=plotly_text(curve.name), line=line)
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", name="equality", line=LINE, hoverinfo="skip")
    figure.update_xaxes(title_text="share of items, least first", tickformat=".0%")
    figure.update_yaxes(title_text="share of what they get", tickformat=".0%")
    return styled(figure, HEIGHT)


def popularity_exposure_chart(points: PopularityExposure, titles: Sequence[str]) -> go.Figure:
    """Popularity against exposure on log axes, which have no zero: it has a place of its own below and left of them,
    and items that are never shown lie there, marked."""
    shown, some = points.exposure > 0, points.popularity > 0
    drawn = [*points.exposure[shown], *points.bin_exposure[points.bin_exposure > 0]]
    lowest = min(drawn, default=1.0)
    floor, left = 10.0 ** (np.floor(np.log10(lowest)) - 0.5), 10.0**-0.5
    places = np.where(some, points.popularity, left), np.where(shown, points.exposure, floor)
    figure = go.Figure()
    for name, chosen, colour, symbol in (
        ("an item", shown, ACCENT, "circle"),
        ("never shown", ~shown, NEGATIVE, "x-thin-open"),
    ):
        items = points.item_index[chosen]
        figure.add_scatter(
            x=places[0][chosen],
            y=places[1][chosen],
            mode="markers",
            name=name,
            marker={"size": 6, "opacity": 0.5, "color": colour, "symbol": symbol},
            text=[label(titles[index]) for index in items],
            customdata=np.stack([items, points.popularity[chosen], points.exposure[chosen]], axis=1),
            hovertemplate="%{text}: in %{customdata[1]:,.0f} histories, exposure %{customdata[2]:.2g} a person"
            "<extra></extra>",
        )
    figure.add_scatter(
        x=points.bin_popularity,
        y=np.where(points.bin_exposure > 0, points.bin_exposure, np.nan),
        mode="lines+markers",
        name="mean",
        line={"color": HIGHLIGHT, "width": 3},
    )
    total, people = points.exposure.sum(), points.popularity.sum()
    if total > 0 and people > 0:
        x = np.array([1.0, max(2.0, points.popularity.max())])
        figure.add_scatter(x=x, y=x * total / people, mode="lines", name="proportional", line=LINE)
    highest = points.exposure.max(initial=lowest)
    figure.update_xaxes(
        **_with_zero(left, 1.0, points.popularity.max(initial=1.0)), title_text="histories with the item"
    )
    figure.update_yaxes(**_with_zero(floor, lowest, highest), title_text="exposure a person")
    return styled(figure, HEIGHT)


def _with_zero(zero: float, low: float, high: float) -> dict[str, Any]:
    """A log axis from `low` to `high` whose ticks are powers of ten, with "0" written at the place `zero`."""
    powers = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
    ends = [float(np.log10(zero)) - 0.2, float(np.log10(high)) + 0.2]
    texts = [
        "0",
        *(f"{power:,.0f}" if power >= 1 else np.format_float_positional(power, 12, trim="-") for power in powers),
    ]
    return {"type": "log", "tickvals": [zero, *powers.tolist()], "ticktext": texts, "range": ends}


def decile_chart(table: pl.DataFrame) -> go.Figure:
    """Tenths of the catalogue, most popular first: share of histories, lists and hits."""
    figure = go.Figure()
    for name, colour in zip(("history", "lists", "hits"), CATEGORIES, strict=False):
        figure.add_bar(x=table["decile"], y=table[name], name=name, marker={"color": colour})
    figure.update_xaxes(title_text="tenth of the catalogue, most popular first", dtick=1)
    figure.update_yaxes(title_text="share", tickformat=".0%", rangemode="tozero")
    return styled(figure, HEIGHT)


def cold_start_chart(table: pl.DataFrame, metric: str = "ndcg") -> go.Figure:
    """A metric against the length of history with its interval; below each band of lengths its people."""
    figure = go.Figure()
    figure.add_scatter(
        x=list(range(table.height)),
        y=table["value"],
        name=METRICS[metric].title,
        mode="lines+markers",
        line={"color": ACCENT},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": (table["high"] - table["value"]).to_list(),
            "arrayminus": (table["value"] - table["low"]).to_list(),
        },
        customdata=table["held_out"],
        cliponaxis=False,
        hovertemplate="%{y:.3f}, %{customdata:.1f} held-out items a person<extra></extra>",
    )
    spans = [
        f"{low}" if low == high else f"{low}–{high}"
        for low, high in zip(table["low_items"], table["high_items"], strict=True)
    ]
    figure.update_xaxes(title_text="train items of the person (below: how many people)")
    figure.update_yaxes(title_text=METRICS[metric].title, rangemode="tozero")
    name_axis(figure, "x", spans, [f"<br>{n:,}" for n in table["n_users"]])
    figure.update_xaxes(tickangle=0, tickfont={"size": 11})
    return styled(figure, HEIGHT)
