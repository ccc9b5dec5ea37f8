"""How well each method finds the planted reasons, with intervals and the line of chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from gnnrec_core.render import theme

CHANCE = 0.5


def planted_chart(rows: Sequence[Mapping[str, Any]], titles: Mapping[str, str]) -> go.Figure:
    """One point a method and model: the AUC with its 95 % interval, best method on top; 0.5 is chance.

    `rows` are those of `PlantedScores.to_rows`; `titles` names methods and models.
    """
    best: dict[str, float] = {}
    for row in rows:
        best[row["method"]] = max(best.get(row["method"], 0.0), row["auc"])
    methods = sorted(best, key=lambda name: best[name])
    models = list(dict.fromkeys(row["model"] for row in rows))
    figure = go.Figure()
    for number, model in enumerate(models):
        own = [row for row in rows if row["model"] == model]
        shift = 0.22 * (number - (len(models) - 1) / 2)
        figure.add_scatter(
            x=[row["auc"] for row in own],
            y=[methods.index(row["method"]) - shift for row in own],
            mode="markers",
            name=theme.plotly_text(titles.get(model, model)),
            marker={"size": 11, "color": theme.CATEGORIES[number % len(theme.CATEGORIES)]},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [row["auc_high"] - row["auc"] for row in own],
                "arrayminus": [row["auc"] - row["auc_low"] for row in own],
                "thickness": 2,
            },
            text=[f"{theme.number(row['auc'], 2)}, {row['n_cases']:,} cases" for row in own],
            hovertemplate="%{text}<extra>%{fullData.name}</extra>",
        )
    theme.styled(figure, height=42 * len(methods) + 110)
    names = [theme.plotly_text(titles.get(method, method)) for method in methods]
    figure.update_yaxes(tickvals=list(range(len(methods))), ticktext=names)
    figure.update_xaxes(title="AUC")
    figure.add_vline(CHANCE, line_dash="dot", line_color=theme.BASELINE, line_width=2)
    return figure
