"""Explanations as plotly figures: the ledger as a waterfall, methods side by side, curves, the table of layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from gnnrec_core.explain.explanation import Explanation
from gnnrec_core.render import theme

BASELINE_LABEL = "Taste learned in training"
ROW_HEIGHT = 30


def waterfall(explanation: Explanation, n: int = 10, keys: Sequence[str] = (), chosen: str = "") -> go.Figure:
    """Baseline, the `n` largest parts, all others together, and the score (or lead) that they sum to; of an explanation
    that is no sum the `n` largest effects alone, each from zero.

    `keys` names each part: its bar carries that as `customdata`, and the bar of the `chosen` one stands out.
    """
    parts = explanation.contributions
    shown, rest = parts[:n], parts[n:]
    labels, values = [part.label for part in shown], [float(part.value) for part in shown]
    if rest and explanation.is_additive:
        labels.append(f"{len(rest):,} smaller parts")
        values.append(float(sum(part.value for part in rest)))
    total = "Lead" if explanation.case.target == "margin" else "Score"
    figure = (
        sum_of_parts(labels, values, explanation.baseline, explanation.score, total, baseline_label(explanation))
        if explanation.is_additive
        else _bars(labels, values, np.zeros(len(values)), list(map(theme.signed_colour, values)), "lost without it")
    )
    if keys:
        n_bars = len(figure.data[0].x)
        first = n_bars - len(labels) - explanation.is_additive  # the baseline, where there is one
        named = [*[""] * first, *keys[: len(shown)], *[""] * (n_bars - first - len(shown))]
        figure.data[0].customdata = [[name] if name else None for name in named]
        if chosen in keys:
            figure.data[0].marker.opacity = [1.0 if name == chosen else 0.35 for name in named]
    return figure


def baseline_label(explanation: Explanation) -> str:
    """What charts call the baseline; "" where the model has none."""
    name = explanation.baseline_name
    return BASELINE_LABEL if name == "taste in the own embedding" else name[:1].upper() + name[1:]


def sum_of_parts(
    labels: Sequence[str],
    values: Sequence[float],
    baseline: float,
    total: float,
    total_label: str = "Score",
    baseline_label: str = BASELINE_LABEL,
) -> go.Figure:
    """Bars that start where the last one ended: the baseline (where there is one), the parts, and their total."""
    first = [(baseline_label, baseline, theme.BASELINE)] if baseline and baseline_label else []
    steps = [*first, *((label, value, theme.signed_colour(value)) for label, value in zip(labels, values, strict=True))]
    lengths = [value for _, value, _ in steps]
    starts = np.concatenate([[0.0], np.cumsum(lengths)])
    starts[-1] = 0.0  # the total starts at zero again
    names = [*(label for label, _, _ in steps), total_label]
    lengths.append(total)
    said = [*(theme.signed(value) for value in lengths[:-1]), theme.number(total)]
    return _bars(names, lengths, starts, [*(colour for _, _, colour in steps), theme.TOTAL], "sum so far", said)


def _bars(
    names: Sequence[str],
    lengths: Sequence[float],
    starts: NDArray[np.float64],
    colours: Sequence[str],
    axis: str,
    said: Sequence[str] = (),
) -> go.Figure:
    """Lying bars with their numbers beside them; `axis` says what a length means, in score units."""
    said = said or [theme.signed(value) for value in lengths]
    rows = list(range(len(names)))
    bars = go.Bar(
        y=rows,
        x=lengths,
        base=starts,
        orientation="h",
        marker={"color": list(colours)},
        text=list(said),
        textposition="outside",
        textfont={"size": 13},
        cliponaxis=False,
        hovertemplate="%{hovertext}<extra></extra>",
        hovertext=[f"{theme.plotly_text(name)}: {value}" for name, value in zip(names, said, strict=True)],
    )
    ticks = [theme.plotly_text(theme.shortened(name, 26)) for name in names]
    layout = {
        "yaxis": {"tickvals": rows, "ticktext": ticks, "autorange": "reversed", "showgrid": False},
        "xaxis": {"title": {"text": f"{axis}, in score units"}, "range": room(starts, lengths)},
        "bargap": 0.35,
        "showlegend": False,
        "shapes": [_line_at_zero()],
    }
    return go.Figure(bars, theme.look(layout, height=ROW_HEIGHT * len(names) + 70))


def _line_at_zero() -> dict[str, Any]:
    line = {"color": theme.BASELINE, "width": 1}
    return {"type": "line", "x0": 0, "x1": 0, "y0": 0, "y1": 1, "xref": "x", "yref": "y domain", "line": line}


def compared(explanations: Sequence[Explanation], titles: Mapping[str, str], n: int = 8) -> go.Figure:
    """What each method says of the same reasons: rows are the largest parts of the first, colour the share of the
    method's own total |value| (so that methods with other units can be read beside each other)."""
    first = [part for part in explanations[0].contributions if part.edge is not None][:n]
    grid = np.full((len(first), len(explanations)), np.nan)
    for column, explanation in enumerate(explanations):
        total = sum(abs(part.value) for part in explanation.contributions) or 1.0
        by_edge = {part.edge: part.value / total for part in explanation.contributions}
        grid[:, column] = [by_edge.get(part.edge, np.nan) for part in first]
    return heat_map(
        grid,
        [part.label for part in first],
        [titles.get(explanation.method, explanation.method) for explanation in explanations],
        as_percent=True,
    )


def heat_map(
    values: NDArray[np.float64],
    rows: Sequence[str],
    columns: Sequence[str],
    middle: float = 0.0,
    as_percent: bool = False,
) -> go.Figure:
    """A table of numbers with the diverging colours around `middle`; every cell has its number written in it."""
    extent = float(np.nanmax(np.abs(values - middle), initial=0.0))
    if not (np.isfinite(extent) and extent > 1e-12 * max(1.0, abs(middle))):  # else both ends of the scale are one
        extent = 1.0
    digits = 0 if as_percent else int(np.clip(1 - np.floor(np.log10(extent)), 2, 6))  # the largest shows two of its own
    scale = 100 if as_percent else 1
    unit = "\u00a0%" if as_percent else ""
    text = [["" if np.isnan(value) else _cell(scale * float(value), digits) + unit for value in row] for row in values]
    said = [["" if np.isnan(value) else theme.number(float(value), 4) for value in row] for row in values]
    figure = go.Figure(
        go.Heatmap(
            z=values,
            y=list(range(len(rows))),
            x=list(range(len(columns))),
            text=text,
            texttemplate="%{text}",
            textfont={"color": theme.ON_SCALE},
            zmin=middle - extent,
            zmax=middle + extent,
            colorscale=[list(stop) for stop in theme.DIVERGING],
            showscale=False,  # the cells say their numbers
            xgap=2,
            ygap=2,
            hovertext=said,
            hovertemplate="%{hovertext}<extra></extra>",
        )
    )
    ticks = [theme.wrapped(row, 20) for row in rows]
    row_height = ROW_HEIGHT + 8 * any("<br>" in tick for tick in ticks)
    theme.styled(figure, height=row_height * len(rows) + 110)
    figure.update_yaxes(tickvals=list(range(len(rows))), ticktext=ticks, autorange="reversed", showgrid=False)
    heads = [theme.plotly_text(column) for column in columns]
    figure.update_xaxes(tickvals=list(range(len(columns))), ticktext=heads, side="top", showgrid=False)
    return figure


def curves(
    lines: Mapping[str, tuple[Sequence[float], Sequence[float]]], x_title: str, y_title: str, quiet: Sequence[str] = ()
) -> go.Figure:
    """Named lines (x, y); those in `quiet` are controls, drawn grey and dashed."""
    figure = go.Figure()
    for name, (x, y) in lines.items():
        control = name in quiet
        line = {"dash": "dot", "width": 2, "color": theme.BASELINE} if control else {"width": 3}
        figure.add_scatter(x=list(x), y=list(y), name=theme.plotly_text(name), mode="lines+markers", line=line)
    theme.styled(figure, height=320)
    figure.update_xaxes(title=theme.plotly_text(x_title))
    figure.update_yaxes(title=theme.plotly_text(y_title))
    return figure


def layer_chart(table: NDArray[np.float64]) -> go.Figure:
    """The table of `explain.layers`: what layer l of the person and layer m of the item add together."""
    rows = [f"person, layer {layer}" for layer in range(table.shape[0])]
    columns = [f"item, layer {layer}" for layer in range(table.shape[1])]
    return heat_map(table, rows, columns)


def _cell(value: float, digits: int) -> str:
    """A number for a cell: few letters, as the longest one sets the size of all.

    >>> _cell(0.4, 0), _cell(-31.2, 0), _cell(-0.00091, 2), _cell(-0.0212, 3)
    ('0', '−31', '0.00', '−0.021')
    """
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if not text.strip("-0.") else text.replace("-", "−")


def room(starts: NDArray[np.float64], values: Sequence[float]) -> list[float]:
    """An x range with room for the numbers beside the bars."""
    bars = np.array(values)
    ends = np.concatenate([starts, starts + bars, [0.0]])
    low, high = float(ends.min()), float(ends.max())
    width = (high - low) or 1.0
    beside = (starts + bars)[bars < 0] - 0.34 * width  # the numbers of what lowers stand on the left
    return [min([low - 0.02 * width, *beside.tolist()]), high + 0.28 * width]
