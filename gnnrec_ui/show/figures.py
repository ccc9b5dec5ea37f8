"""Figures with their intervals as text and as tables; every metric explained by its own definition."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from gnnrec_core.audit.metrics import METRICS
from gnnrec_core.audit.verdicts import figure, of_people, with_interval
from gnnrec_core.base.text import for_markdown
from gnnrec_core.ranking.intervals import Interval
from gnnrec_core.render.blocks import Table
from gnnrec_ui.taken.heard import stands_for

NO_BREAK = "\u00a0"
THREE_LINES = 70
"""Pixels of a row whose cells are broken into lines; Streamlit breaks them from about this height on."""
ARROWS = {"higher": "higher is better", "lower": "lower is better", "neither": "neither end is better as such"}


def table(rows: Sequence[tuple[str, Mapping[str, Interval]]], metrics: Sequence[str], corner: str) -> None:
    """One row a group or run with its name, one column a metric: the figure, and below it its 95 % interval.

    Each cell begins with the metric in italics, which our style shows on phones only, where a row becomes a block.
    """
    cells = {
        title(metric): [
            f"*{for_markdown(title(metric))}*  \n{_in_table(figures.get(metric, Interval(math.nan)))}"
            for _, figures in rows
        ]
        for metric in metrics
    }
    names = pd.Index([for_markdown(name) for name, _ in rows], name=corner)
    with stands_for(lambda: (_block(rows, metrics, corner),)):
        st.table(pd.DataFrame(cells, index=names), border="horizontal")


def _block(rows: Sequence[tuple[str, Mapping[str, Interval]]], metrics: Sequence[str], corner: str) -> Table:
    nothing = Interval(math.nan)
    cells = ((name, *(with_interval(row.get(metric, nothing)) for metric in metrics)) for name, row in rows)
    return Table((corner, *map(title, metrics)), tuple(cells))


def _in_table(found: Interval) -> str:
    """As `with_interval` in Markdown on two lines."""
    value, _, interval = with_interval(found).partition(" ")
    return f"{value}  \n:small[{interval.strip('()').replace(' ', NO_BREAK)}]" if interval else value


def title(metric: str) -> str:
    """What a metric is called."""
    return METRICS[metric].title if metric in METRICS else metric


def definition(metric: str) -> str:
    """What a metric is, in one tooltip."""
    found = METRICS[metric]
    return of_people(f"{found.definition} Range {found.range}; {ARROWS[found.direction]}. Over {found.denominator}.")


def headline(figures: dict[str, Interval], names: Sequence[str]) -> None:
    """A row of large figures with the interval below each."""
    shown = [name for name in names if name in figures and math.isfinite(figures[name].value)]
    with st.container(horizontal=True):
        for name in shown:
            found = figures[name]
            spread = f"{figure(found.low)} to {figure(found.high)}" if math.isfinite(found.low) else None
            st.metric(
                title(name), figure(found.value), spread, delta_color="off", delta_arrow="off", help=definition(name)
            )


def all_figures(figures: dict[str, Interval]) -> None:
    """Every figure, those of one family together, with definition, source and direction."""
    rows = [
        {
            "Figure": METRICS[name].title,
            "Value": with_interval(found) + (f" ({found.reason})" if found.reason else ""),
            "Read it": ARROWS[METRICS[name].direction],
            "Definition": of_people(f"{METRICS[name].definition} {METRICS[name].source}."),
        }
        for name in METRICS
        if (found := figures.get(name)) is not None
    ]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        height=min(900, THREE_LINES * len(rows) + 40),
        row_height=THREE_LINES,
        column_config={
            "Figure": st.column_config.TextColumn(width=150),
            "Value": st.column_config.TextColumn(width=165),
            "Read it": st.column_config.TextColumn(width=110),
            "Definition": st.column_config.TextColumn(width=395),
        },
        alt="All figures with their definitions",
        placeholder="–",
    )
