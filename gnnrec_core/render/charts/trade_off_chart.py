"""What a fix buys against what it costs, at every strength, with the one that is chosen."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from gnnrec_core.audit.metrics import METRICS
from gnnrec_core.audit.studies.mitigation import Mitigation
from gnnrec_core.audit.studies.trade_off import TradeOff
from gnnrec_core.render.theme import ACCENT, BAND, BASELINE, HIGHLIGHT, NEGATIVE, styled


def trade_off_chart(found: TradeOff, chosen: Mitigation, gain: str) -> go.Figure:
    """A line through the steps: the figure `gain` to the right, NDCG upwards with the 95 % interval of its change; a
    square is the model without the fix, a diamond the `chosen` setting. Customdata is the value of a step."""
    changes = [step.change("ndcg") for step in found.steps]
    x = [step.change(gain).after for step in found.steps]
    figure = go.Figure()
    known = [place for place, change in enumerate(changes) if np.isfinite(change.low)]
    low = [changes[place].before + changes[place].low for place in known]
    high = [changes[place].before + changes[place].high for place in known]
    along = [x[place] for place in known]
    figure.add_scatter(
        x=[*along, *along[::-1]], y=[*high, *low[::-1]], fill="toself", mode="none", fillcolor=BAND,
        hoverinfo="skip", name="95 % interval", showlegend=True,
    )  # fmt: skip
    figure.add_scatter(
        x=x,
        y=[change.after for change in changes],
        mode="lines+markers+text",
        name=f"{found.along}, step by step",
        line={"color": ACCENT},
        marker={"size": 12},
        text=[f"{value:g}" for value in found.values],
        textposition="top center",
        cliponaxis=False,
        customdata=[[value] for value in found.values],
        hovertemplate=f"{found.along} %{{customdata[0]:g}}: %{{x:.3f}}, NDCG %{{y:.4f}}<extra></extra>",
    )
    before = found.steps[0].change(gain).before
    for name, point, symbol, colour, size in (
        ("without the fix", (before, changes[0].before), "square", BASELINE, 14),
        ("chosen", (chosen.change(gain).after, chosen.change("ndcg").after), "diamond", HIGHLIGHT, 20),
    ):
        figure.add_scatter(
            x=[point[0]], y=[point[1]], mode="markers", name=name, cliponaxis=False, hoverinfo="name",
            marker={"symbol": symbol, "color": colour, "size": size, "line": {"width": 2, "color": NEGATIVE}},
        )  # fmt: skip
    best = {"higher": " (higher is better)", "lower": " (lower is better)", "neither": ""}[METRICS[gain].direction]
    figure.update_xaxes(title_text=f"{METRICS[gain].title}{best}")
    figure.update_yaxes(title_text="NDCG (higher is better)")
    return styled(figure, 380)
