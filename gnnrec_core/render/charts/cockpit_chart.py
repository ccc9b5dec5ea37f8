"""All items by how many people have them and how many times their share of the places they get."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from gnnrec_core.audit.studies.cockpit import KINDS, Cockpit
from gnnrec_core.render.charts.audit_charts import LINE, label
from gnnrec_core.render.theme import ACCENT, BASELINE, CATEGORIES, HIGHLIGHT, NEGATIVE, styled

MOST_DOTS = 3_000
COLOURS = {
    "never shown": (NEGATIVE, "x-thin-open"),
    "under": (HIGHLIGHT, "triangle-down"),
    "in proportion": (BASELINE, "circle"),
    "over": (ACCENT, "triangle-up"),
    "new": (CATEGORIES[2], "diamond"),
}


def cockpit_chart(found: Cockpit, titles: Sequence[str], chosen: int | None = None, seed: int = 0) -> go.Figure:
    """One mark an item (a sample of `MOST_DOTS` where there are more, and what is `chosen`): readers to the right,
    times its share upwards, both logarithmic; what has none lies on a line of its own. Customdata is the item."""
    items = found.items
    rows = np.arange(items.height)
    if len(rows) > MOST_DOTS:
        rows = np.sort(np.random.default_rng(seed).choice(rows, MOST_DOTS, replace=False))
        rows = rows if chosen is None else np.union1d(rows, [chosen])
    readers, factor = items["readers"].to_numpy().astype(float), items["factor"].to_numpy()
    positive = factor[np.isfinite(factor) & (factor > 0)]
    floor = float(positive.min()) / 3 if len(positive) else 0.1
    x, y = np.maximum(readers, 0.5), np.where(np.isfinite(factor) & (factor > 0), factor, floor)
    kinds = items["kind"].to_numpy()
    figure = go.Figure()
    for kind in KINDS:
        own = rows[kinds[rows] == kind]
        colour, symbol = COLOURS[kind]
        if len(own):
            figure.add_scatter(
                x=x[own],
                y=y[own],
                mode="markers",
                name=f"{kind} ({found.count(kind):,})",
                marker={"color": colour, "symbol": symbol, "size": 8, "opacity": 0.7, "line": {"width": 1}},
                text=[label(titles[item]) for item in own],
                customdata=np.stack([own, readers[own], items["lists"].to_numpy()[own]], axis=1),
                hovertemplate="%{text}: %{customdata[1]:,.0f} have it, in %{customdata[2]:,.0f} lists<extra></extra>",
            )
    if chosen is not None:
        figure.add_scatter(
            x=[x[chosen]], y=[y[chosen]], mode="markers+text", name="chosen", text=[label(titles[chosen])],
            textposition="top center", cliponaxis=False, hoverinfo="skip",
            marker={"symbol": "circle-open", "size": 20, "color": NEGATIVE, "line": {"width": 3}},
        )  # fmt: skip
    figure.add_hline(y=1, line=LINE)
    ticks = [tick for tick in (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100) if floor * 2 < tick < 3 * max(2.0, y.max())]
    figure.update_yaxes(
        type="log", title_text="times its share of the places", tickvals=[floor, *ticks],
        ticktext=["never", *(f"{tick:g}" for tick in ticks)],
    )  # fmt: skip
    people = [tick for tick in (1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000) if tick <= 2 * x.max()]
    figure.update_xaxes(
        type="log",
        title_text="people who have it",
        tickvals=[0.5, *people],
        ticktext=["0", *(f"{t:,}" for t in people)],
    )
    return styled(figure, 400)
