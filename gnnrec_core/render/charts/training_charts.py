"""The curves of a training: loss and validation figures by epoch."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from gnnrec_core.models.protocol import Epoch
from gnnrec_core.render import theme


def training_curves(history: Sequence[Epoch], height: int = 300) -> go.Figure:
    """Loss (above) and every validation figure (below) by epoch; a diamond marks the best epoch."""
    figure = go.Figure()
    losses = [epoch for epoch in history if epoch.loss is not None]
    if losses:
        figure.add_scatter(
            x=[epoch.epoch for epoch in losses],
            y=[epoch.loss for epoch in losses],
            name="loss",
            mode="lines+markers" if len(losses) == 1 else "lines",
            line={"color": theme.BASELINE, "width": 1.5, "dash": "dot"},
            hovertemplate="epoch %{x}<br>loss %{y:.4f}<extra></extra>",
        )
    validated = [epoch for epoch in history if epoch.validation]
    names = list(dict.fromkeys(name for epoch in validated for name in epoch.validation))
    for number, name in enumerate(names):
        figure.add_scatter(
            x=[epoch.epoch for epoch in validated],
            y=[epoch.validation.get(name) for epoch in validated],
            name=f"validation {name}",
            mode="lines+markers" if len(validated) == 1 else "lines",
            yaxis="y2",
            line={"color": theme.CATEGORIES[number % len(theme.CATEGORIES)], "width": 2.5},
            hovertemplate=f"epoch %{{x}}<br>{name} %{{y:.4f}}<extra></extra>",
        )
    best = best_epoch(history)
    if best is not None and names:
        figure.add_scatter(
            x=[best.epoch],
            y=[best.validation.get(names[0])],
            name=f"best: epoch {best.epoch}",
            mode="markers",
            yaxis="y2",
            marker={"symbol": "diamond", "size": 11, "color": theme.HIGHLIGHT},
            hovertemplate=f"best epoch %{{x}}<br>{names[0]} %{{y:.4f}}<extra></extra>",
        )
    theme.styled(figure, height)
    figure.update_xaxes(title="epoch", rangemode="tozero")
    figure.update_traces(cliponaxis=False)
    return theme.two_panels(figure, "loss", "validation", ".2f")


def best_epoch(history: Sequence[Epoch]) -> Epoch | None:
    """The latest epoch that was the best so far; None where nothing was validated."""
    return next((epoch for epoch in reversed(history) if epoch.is_best and epoch.validation), None)
