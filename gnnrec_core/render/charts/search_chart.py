"""The trials of a search: accuracy against what it is paid with, and the front that no other trial beats."""

from __future__ import annotations

import plotly.graph_objects as go

from gnnrec_core.decide.objectives import OBJECTIVES
from gnnrec_core.decide.trials import Found, front
from gnnrec_core.render.charts.audit_charts import LINE
from gnnrec_core.render.theme import ACCENT, BASELINE, HIGHLIGHT, plotly_text, styled


def trials_chart(found: Found, against: str) -> go.Figure:
    """Each trial that came to its end; trial 0 has the settings that the model comes with."""
    whole = [trial for trial in found.trials if not trial.ended_early]
    best = front(whole, ("accuracy", against))
    figure = go.Figure()
    kinds = (
        ("a trial", BASELINE, [t for t in whole if t not in best and t.number]),
        ("no other beats it", ACCENT, [t for t in best if t.number]),
        ("as it comes", HIGHLIGHT, [t for t in whole if not t.number]),
    )
    for name, colour, trials in kinds:
        if trials:
            figure.add_scatter(
                x=[trial.figures[against] for trial in trials],
                y=[trial.figures["accuracy"] for trial in trials],
                mode="markers+text",
                name=name,
                text=[str(trial.number) for trial in trials],
                textposition="top center",
                customdata=[trial.number for trial in trials],
                hovertext=[
                    plotly_text(", ".join(f"{key} {value}" for key, value in trial.settings.items()) or "the defaults")
                    for trial in trials
                ],
                marker={"color": colour, "size": 10},
            )
    line = sorted(best, key=lambda trial: trial.figures[against])
    figure.add_scatter(
        x=[trial.figures[against] for trial in line],
        y=[trial.figures["accuracy"] for trial in line],
        mode="lines",
        name="Pareto front",
        line=LINE,
    )
    figure.update_xaxes(title_text=OBJECTIVES[against].title)
    figure.update_yaxes(title_text=OBJECTIVES["accuracy"].title)
    return styled(figure, 420)
