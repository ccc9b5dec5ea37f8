"""One way to put a chart on a page: a line that says how to read it, our toolbar, and the same as a table.

The toolbar saves an SVG; the button below shows the table (for keyboards and screen readers) and saves a CSV.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from gnnrec_core.text import clean
from gnnrec_core.viz.chart_data import chart_table
from gnnrec_ui import tables

CONFIG: dict[str, Any] = {
    "displaylogo": False,
    "modeBarButtonsToRemove": ["zoom2d", "pan2d", "select2d", "lasso2d", "zoomIn2d", "zoomOut2d", "autoScale2d"],
    "toImageButtonOptions": {"format": "svg", "filename": "chart"},
}
MOST_SHOWN = 1000


def chart(
    figure: go.Figure, reading: str = "", key: str = "", alt: str = "", table: pd.DataFrame | None = None
) -> None:
    """Draw `figure` with `reading` (one line on how to read it) above it and a button for its table below.

    `alt` is its alternative text where it is not that line; `table` is what the chart shows in full words, where its
    own labels are shortened.
    """
    if reading:
        st.caption(reading)
    st.plotly_chart(figure, key=key, config=CONFIG, alt=alt or reading)
    as_table(lambda: chart_table(figure) if table is None else table, key, alt or reading)


def as_table(make: Callable[[], pd.DataFrame], key: str, alt: str) -> None:
    """A button that opens the table of a chart, with its CSV; the table is made when it is opened."""
    opened = st.popover(
        "As a table", icon=":material/table:", type="tertiary", key=f"_as_table_{key}", on_change="rerun"
    )
    if not opened.open:
        return
    with opened:
        found = make()
        shown = found.head(MOST_SHOWN).map(lambda cell: clean(cell) if isinstance(cell, str) else cell)
        st.dataframe(shown, hide_index=True, alt=alt)
        if len(found) > MOST_SHOWN:
            st.caption(f"The first {MOST_SHOWN:,} of {len(found):,} rows; the file has all.")
        st.download_button(
            "Download (CSV)",
            lambda: tables.as_csv(found),
            f"{re.sub(r'[^a-z0-9]+', '-', key.lower()).strip('-')}.csv",
            "text/csv",
            key=f"_csv_{key}",
            on_click="ignore",
            icon=":material/download:",
        )
