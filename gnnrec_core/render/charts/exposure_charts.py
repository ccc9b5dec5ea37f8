"""The charts of what is shown: concentration, exposure, deciles, calibration, short histories."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
import polars as pl

from gnnrec_core.audit.curves import Lorenz, PopularityExposure
from gnnrec_core.audit.metrics import METRICS
from gnnrec_core.render.charts.audit_charts import LINE, label
from gnnrec_core.render.theme import (
    ACCENT,
    BASELINE,
    CATEGORIES,
    HIGHLIGHT,
    number,
    percent,
    plotly_text,
    right_axis,
    signed_colour,
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
    """Popularity against exposure on log axes; items that are never shown lie on the floor."""
    shown = points.exposure > 0
    floor = points.exposure[shown].min() / 3 if shown.any() else 1e-6
    figure = go.Figure()
    figure.add_scatter(
        x=np.maximum(points.popularity, 0.7),
        y=np.where(shown, points.exposure, floor),
        mode="markers",
        name="an item",
        marker={"size": 6, "opacity": 0.5, "color": np.where(shown, ACCENT, BASELINE)},
        text=[label(titles[index]) for index in points.item_index],
        customdata=points.item_index,
        hovertemplate="%{text}: in %{x:,.0f} histories, exposure %{y:.2g} a person<extra></extra>",
    )
    figure.add_scatter(
        x=points.bin_popularity,
        y=np.maximum(points.bin_exposure, floor),
        mode="lines+markers",
        name="median",
        line={"color": HIGHLIGHT, "width": 3},
    )
    total, people = points.exposure.sum(), points.popularity.sum()
    if total > 0 and people > 0:
        x = np.array([1.0, max(2.0, points.popularity.max())])
        figure.add_scatter(x=x, y=x * total / people, mode="lines", name="proportional", line=LINE)
    figure.update_xaxes(type="log", title_text="histories that hold the item", dtick=1, tickformat=",")
    figure.update_yaxes(type="log", title_text="exposure a person", dtick=1, tickformat=".6~g")
    return styled(figure, HEIGHT)


def exposure_ratio_chart(table: pl.DataFrame, most: int = 25) -> go.Figure:
    """Exposure share / target share of each segment on a log axis; 1 is proportional. Those never shown: 0.01."""
    table = table.sort("target_share", descending=True).head(most).reverse()
    ratio = [max(value, 0.01) if value is not None and np.isfinite(value) else 0.01 for value in table["ratio"]]
    figure = go.Figure(
        go.Bar(
            x=[value - 1 for value in ratio],
            base=1,
            y=[label(name) for name in table["segment"]],
            orientation="h",
            marker={"color": [signed_colour(value - 1) for value in ratio]},
            customdata=[
                [percent(exposure), percent(target), number(value, 2), f"{n:,}"]
                for exposure, target, value, n in zip(
                    table["exposure_share"], table["target_share"], table["ratio"], table["n_items"], strict=True
                )
            ],
            hovertemplate="%{y}: %{customdata[0]} of exposure for %{customdata[1]} of the target, "
            "ratio %{customdata[2]}, %{customdata[3]} items<extra></extra>",
        )
    )
    figure.add_vline(x=1, line=LINE)
    figure.update_xaxes(type="log", title_text="exposure share / target share")
    return styled(figure, 100 + 26 * table.height)


def decile_chart(table: pl.DataFrame) -> go.Figure:
    """Tenths of the catalogue, most popular first: share of histories, lists and hits."""
    figure = go.Figure()
    for name, colour in zip(("history", "lists", "hits"), CATEGORIES, strict=False):
        figure.add_bar(x=table["decile"], y=table[name], name=name, marker={"color": colour})
    figure.update_xaxes(title_text="tenth of the catalogue, most popular first", dtick=1)
    figure.update_yaxes(title_text="share", tickformat=".0%")
    return styled(figure, HEIGHT)


def cold_start_chart(table: pl.DataFrame, metric: str = "ndcg") -> go.Figure:
    """A metric against the length of history with its interval, and the users of each bin."""
    x = [f"{low}–{high}" for low, high in zip(table["low_items"], table["high_items"], strict=True)]
    figure = go.Figure()
    figure.add_bar(x=x, y=table["n_users"], name="people", yaxis="y2", marker={"color": BASELINE}, opacity=0.25)
    figure.add_scatter(
        x=x,
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
        hovertemplate="%{x} train items: %{y:.3f}, %{customdata:.1f} held-out items a person<extra></extra>",
    )
    figure.update_xaxes(title_text="train items of the person")
    figure.update_yaxes(title_text=METRICS[metric].title, rangemode="tozero")
    figure.update_layout(yaxis2=right_axis("people", ",d"))
    return styled(figure, HEIGHT)


def calibration_chart(table: pl.DataFrame, most: int = 20) -> go.Figure:
    """Dumbbells: the share of each label in histories and in lists."""
    table = table.sort("history", descending=True).head(most).reverse()
    names = [label(name) for name in table["label"]]
    figure = go.Figure()
    for name, before, after in zip(names, table["history"], table["lists"], strict=True):
        line = {"color": signed_colour(after - before), "width": 2}
        figure.add_scatter(
            x=[before, after], y=[name, name], mode="lines", line=line, showlegend=False, hoverinfo="skip"
        )
    marks = (("history", "circle-open", BASELINE), ("lists", "circle", ACCENT))
    for column, symbol, colour in marks:
        figure.add_scatter(
            x=table[column],
            y=names,
            mode="markers",
            name=column,
            marker={"symbol": symbol, "size": 10, "color": colour},
        )
    figure.update_xaxes(title_text="mean share", tickformat=".0%")
    return styled(figure, 110 + 24 * table.height)
