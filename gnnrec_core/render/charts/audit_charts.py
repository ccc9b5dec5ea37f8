"""The charts of groups, trade-offs and comparisons: plotly figures as functions of results."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import Any

import numpy as np
import plotly.graph_objects as go
import polars as pl

from gnnrec_core.audit.metrics import METRICS
from gnnrec_core.audit.report import AuditReport, Difference
from gnnrec_core.audit.studies.comparing import Comparison
from gnnrec_core.audit.studies.frontier import Point, pareto_front
from gnnrec_core.audit.studies.mitigation import Mitigation
from gnnrec_core.audit.verdicts import p_text
from gnnrec_core.render.charts.chart_data import UNSEEN
from gnnrec_core.render.charts.label_sides import label_sides
from gnnrec_core.render.charts.named_axis import name_axis
from gnnrec_core.render.theme import (
    ACCENT,
    BASELINE,
    DIVERGING,
    HIGHLIGHT,
    NEGATIVE,
    ON_SCALE,
    number,
    plotly_text,
    shortened,
    signed,
    signed_colour,
    styled,
    two_panels,
    wrapped,
)

ROW = 34
THIRDS = (-1 / 3, 0.0, 1 / 3)
LINE = {"color": BASELINE, "dash": "dot", "width": 1}


def label(text: Any) -> str:
    """A short, escaped label for an axis."""
    return plotly_text(shortened(str(text)))


def group_sizes(report: AuditReport) -> go.Figure:
    """People of each shown group, in their order: what to look at before any figure; customdata is the group."""
    groups = report.by_group[::-1]
    figure = go.Figure(
        go.Bar(
            x=[group.n_users for group in groups],
            y=list(range(len(groups))),
            orientation="h",
            marker={"color": ACCENT},
            text=[f"{group.n_users:,}" for group in groups],
            textposition="outside",
            cliponaxis=False,
            customdata=[[plotly_text(group.group), group.group] for group in groups],
            hovertemplate="%{customdata[0]}: %{x:,} people<extra></extra>",
        )
    )
    figure.update_xaxes(title_text="people", rangemode="tozero")
    name_axis(figure, "y", [group.group for group in groups])
    return styled(figure, 80 + ROW * len(groups))


def forest(report: AuditReport, metric: str) -> go.Figure:
    """Each shown group minus everybody else with the interval and the p-value that its decision rests on, grey where it
    does not stand; a group that cannot be compared has its row too. Customdata ends with the group."""
    found = {d.group: d for d in report.differences if d.metric == metric}
    groups = [group.group for group in report.by_group][::-1]
    rows = [(place, found[group]) for place, group in enumerate(groups) if group in found]
    chosen = [d for _, d in rows]
    figure = go.Figure(
        go.Scatter(
            x=[d.value for d in chosen],
            y=[place for place, _ in rows],
            mode="markers",
            marker={"size": 11, "color": [signed_colour(d.value) if d.stands else BASELINE for d in chosen]},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [_reach_of(d.high - d.value) for d in chosen],
                "arrayminus": [_reach_of(d.value - d.low) for d in chosen],
                "color": BASELINE,
            },
            customdata=[[wrapped(d.sentence, 64, 12), d.group] for d in chosen],
            hovertemplate="%{customdata[0]}<extra></extra>",
        )
    )
    for place, group in enumerate(groups):
        figure.add_annotation(
            xref="paper",
            x=1.0,
            y=place,
            xanchor="right",
            yshift=14,
            text=_beside(found[group]) if group in found else "too few measurable people to compare",
            showarrow=False,
            font={"size": 11},
        )
    sizes = [f" (n = {found[group].n_group:,})" if group in found else "" for group in groups]
    figure.add_vline(x=0, line=LINE)
    figure.update_xaxes(title_text=f"{METRICS[metric].title}, difference")
    name_axis(figure, "y", groups, sizes)
    return styled(figure, 110 + (ROW + 12) * max(1, len(groups)))


def _beside(d: Difference) -> str:
    star = " ★" if d.stands else ""
    return f"{signed(d.value)}, p {p_text(d.p_adjusted)}{star}"


def _reach_of(value: float) -> float:
    return max(0.0, value) if np.isfinite(value) else 0.0


def heat_map(report: AuditReport, metrics: Sequence[str] | None = None) -> go.Figure:
    """Group x metric: the difference as a share of the figure of all others; a star where it stands up to the tests.
    The colour is blue for better, orange for worse, and none where neither end is better as such.

    Heat maps report no clicks, so unseen marks lie over the cells; their customdata is the group.
    """
    names = list(metrics or dict.fromkeys(d.metric for d in report.differences))
    groups = [group.group for group in report.by_group]
    cells = {(d.group, d.metric): d for d in report.differences}
    values = [[_good_share(cells.get((group, name))) for name in names] for group in groups]
    texts = [[_cell_text(cells.get((group, name))) for name in names] for group in groups]
    widest = max([abs(v) for row in values for v in row if np.isfinite(v)], default=0.1)
    figure = go.Figure(
        go.Heatmap(
            z=values,
            x=list(range(len(names))),
            y=list(range(len(groups))),
            text=texts,
            texttemplate="%{text}",
            textfont={"color": ON_SCALE},
            xgap=2,
            ygap=2,
            colorscale=[list(stop) for stop in DIVERGING],
            zmin=-widest,
            zmax=widest,
            colorbar={"tickformat": ".0%", "title": {"text": "better than others"}},
            hoverinfo="skip",
        )
    )
    places = [(row, column) for row in range(len(groups)) for column in range(len(names))]
    figure.add_scatter(
        x=[column + part for _, column in places for part in THIRDS],
        y=[row for row, _ in places for _ in THIRDS],
        mode="markers",
        marker={"symbol": "square", "size": ROW - 4, "opacity": 0},
        customdata=[[groups[row]] for row, _ in places for _ in THIRDS],
        text=[_cell_name(groups[row], names[column], texts[row][column]) for row, column in places for _ in THIRDS],
        hovertemplate="%{text}<extra></extra>",
        showlegend=False,
        meta=UNSEEN,
    )
    titles = ["<br>".join(wrap(METRICS[name].title, 16)) for name in names]
    figure.update_xaxes(tickvals=list(range(len(names))), ticktext=titles, side="top", range=[-0.5, len(names) - 0.5])
    name_axis(figure, "y", groups)
    figure.update_yaxes(range=[len(groups) - 0.5, -0.5])
    styled(figure, 140 + ROW * len(groups))
    figure.update_xaxes(showgrid=False)
    return figure


def _cell_name(group: str, metric: str, text: str) -> str:
    return f"{label(group)}, {METRICS[metric].title}: {text}"


def _good_share(difference: Difference | None) -> float:
    """The relative difference, signed so that more is better; 0 where neither end is."""
    if difference is None:
        return float("nan")
    return difference.relative * {"higher": 1.0, "lower": -1.0, "neither": 0.0}[METRICS[difference.metric].direction]


def _cell_text(difference: Difference | None) -> str:
    if difference is None:
        return "not shown"
    star = " ★" if difference.stands else ""
    if not np.isfinite(difference.relative):
        return f"{number(difference.own)}, others 0{star}"
    share = round(100 * difference.relative)
    return f"{signed(share, 0) if share else '0'} %{star}"


def frontier_chart(points: Sequence[Point], x_metric: str, y_metric: str = "ndcg") -> go.Figure:
    """Accuracy against a fairness figure over runs, baselines and tried settings, with the Pareto front.

    What is no better than chance is no trade: the front leaves it out.
    """
    figure = go.Figure()
    kinds = {"run": (ACCENT, "circle"), "baseline": (BASELINE, "square"), "what if": (HIGHLIGHT, "diamond")}
    texts = [label(point.name) for point in points]
    bars = [(point.y_low, point.y_high) for point in points]
    sides = label_sides([(point.x, point.y) for point in points], [len(text) for text in texts], bars)
    for kind, (colour, symbol) in kinds.items():
        places = [place for place, point in enumerate(points) if point.kind == kind]
        own = [points[place] for place in places]
        if own:
            figure.add_scatter(
                x=[point.x for point in own],
                y=[point.y for point in own],
                mode="markers+text",
                name=kind,
                text=[texts[place] for place in places],
                textposition=[sides[place] for place in places],
                cliponaxis=False,
                marker={"color": colour, "symbol": symbol, "size": 11},
                error_y={
                    "type": "data",
                    "symmetric": False,
                    "array": [max(0.0, point.y_high - point.y) if np.isfinite(point.y_high) else 0 for point in own],
                    "arrayminus": [max(0.0, point.y - point.y_low) if np.isfinite(point.y_low) else 0 for point in own],
                    "color": BASELINE,
                },
            )
    front = pareto_front(points, METRICS[x_metric].direction != "lower", METRICS[y_metric].direction != "lower")
    figure.add_scatter(
        x=[point.x for point in front], y=[point.y for point in front], mode="lines", name="Pareto front", line=LINE
    )
    figure.update_xaxes(title_text=METRICS[x_metric].title)
    figure.update_yaxes(title_text=METRICS[y_metric].title)
    return styled(figure, 460)


def layer_chart(table: pl.DataFrame, metric: str = "arp") -> go.Figure:
    """A figure of the lists of the same model stopped after 0, 1, .. layers; below it NDCG, on an axis of its own."""
    figure = go.Figure()
    for name, axis, colour in ((metric, "y", NEGATIVE), ("ndcg", "y2", ACCENT)):
        figure.add_scatter(
            x=table["depth"], y=table[name], mode="lines+markers", name=METRICS[name].title, yaxis=axis,
            line={"color": colour}, cliponaxis=False,
        )  # fmt: skip
    figure.update_xaxes(title_text="layers of propagation", dtick=1)
    styled(figure)
    return two_panels(figure, METRICS[metric].title, "NDCG")


def mitigation_chart(mitigation: Mitigation, metrics: Sequence[str] | None = None) -> go.Figure:
    """Change of each figure as a share of what it was, with paired intervals where there are some."""
    chosen = [
        c for c in mitigation.changes if (metrics is None or c.metric in metrics) and c.before and np.isfinite(c.value)
    ]
    chosen = chosen[::-1]
    figure = go.Figure(
        go.Bar(
            x=[c.value / abs(c.before) for c in chosen],
            y=list(range(len(chosen))),
            orientation="h",
            marker={"color": [_good(c.metric, c.value) for c in chosen]},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [_reach(c.high - c.value, c.before) for c in chosen],
                "arrayminus": [_reach(c.value - c.low, c.before) for c in chosen],
                "color": BASELINE,
            },
            customdata=[[METRICS[c.metric].title, number(c.before), number(c.after), signed(c.value)] for c in chosen],
            hovertemplate="%{customdata[0]}: %{customdata[1]} → %{customdata[2]} (%{customdata[3]})<extra></extra>",
        )
    )
    figure.add_vline(x=0, line=LINE)
    figure.update_xaxes(title_text="change", tickformat=".0%", nticks=4)
    name_axis(figure, "y", [METRICS[c.metric].title for c in chosen])
    return styled(figure, 90 + 24 * len(chosen))


def _reach(value: float, before: float) -> float:
    return abs(value / before) if np.isfinite(value) else 0.0


def _good(metric: str, value: float) -> str:
    direction = METRICS[metric].direction
    return BASELINE if direction == "neither" else signed_colour(value if direction == "higher" else -value)


def comparison_chart(comparison: Comparison, metric: str = "ndcg") -> go.Figure:
    """A metric of each run and baseline with its interval, best first."""
    rows = sorted(comparison.rows, key=lambda row: row.metrics[metric].value)
    figure = go.Figure(
        go.Scatter(
            x=[row.metrics[metric].value for row in rows],
            y=list(range(len(rows))),
            mode="markers",
            marker={"size": 11, "color": [BASELINE if row.is_baseline else ACCENT for row in rows]},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [_reach_of(row.metrics[metric].high - row.metrics[metric].value) for row in rows],
                "arrayminus": [_reach_of(row.metrics[metric].value - row.metrics[metric].low) for row in rows],
                "color": BASELINE,
            },
            hovertemplate="%{x:.4f}<extra></extra>",
        )
    )
    figure.update_xaxes(title_text=METRICS[metric].title, rangemode="tozero")
    name_axis(figure, "y", [row.name for row in rows])
    return styled(figure, 100 + ROW * len(rows))
