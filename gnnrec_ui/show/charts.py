"""One way to put a chart on a page: a line that says how to read it, our toolbar, and the same as a table.

The toolbar's camera saves a picture (SVG, or PNG where that was chosen); the button below shows the table (for
keyboards and screen readers) and saves a CSV.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from gnnrec_core.base.text import clean
from gnnrec_core.render.blocks import Chart
from gnnrec_core.render.charts.chart_data import chart_table
from gnnrec_ui.frame.popovers import popover
from gnnrec_ui.show import tables
from gnnrec_ui.show.downloads import download
from gnnrec_ui.taken.heard import stands_for

CONFIG: dict[str, Any] = {
    "displaylogo": False,
    "typesetMath": False,
    "modeBarButtonsToRemove": ["zoom2d", "pan2d", "select2d", "lasso2d", "zoomIn2d", "zoomOut2d", "autoScale2d"],
}
PICTURES = ("svg", "png")
MOST_SHOWN = 1000
_PICTURE = "_picture_format"


def chart(
    figure: go.Figure,
    reading: str = "",
    key: str = "",
    alt: str = "",
    table: pd.DataFrame | None = None,
    on_point: Callable[[Any], None] | None = None,
    narrow: go.Figure | None = None,
) -> None:
    """Draw `figure` with `reading` (one line on how to read it) above it and a button for its table below.

    `alt` is its alternative text where it is not that line; `table` is what the chart shows in full words, where its
    own labels are shortened. `on_point` is called with the customdata of a mark that was clicked, before the page runs
    again; whoever gives it offers the same choice to keyboards. `narrow` is the same for where there is little room, a
    phone: the browser shows one of them.
    """
    with stands_for(lambda: (_block(figure, reading or alt, table),)):
        if reading:
            st.caption(reading)
        _draw(figure, key, alt or reading, on_point, narrow)
    as_table(lambda: chart_table(figure) if table is None else table, key, alt or reading)


def _block(figure: go.Figure, caption: str, table: pd.DataFrame | None) -> Chart:
    from gnnrec_ui.taken.elements import table_of
    from gnnrec_ui.taken.words import plain

    return Chart(figure.to_json(), plain(caption), table_of(chart_table(figure) if table is None else table))


def _draw(
    figure: go.Figure, key: str, alt: str, on_point: Callable[[Any], None] | None, narrow: go.Figure | None
) -> None:
    clicked: Any = "ignore" if on_point is None else partial(_clicked, key, on_point)
    drawn = {"config": config(key), "alt": alt, "on_select": clicked, "selection_mode": ("points",)}
    if narrow is None:
        st.plotly_chart(figure, key=key, **drawn)
    else:
        with st.container(key=f"fits_{key}", gap=None):
            st.container(key=f"wide_{key}").plotly_chart(figure, key=key, **drawn)
            st.container(key=f"narrow_{key}").plotly_chart(narrow, key=f"{key}_narrow", **drawn)


def config(key: str) -> dict[str, Any]:
    """The toolbar of the chart `key`, whose camera saves what the visitor chose."""
    picture = {"format": st.session_state.get(_PICTURE, PICTURES[0]), "filename": file_name(key), "scale": 2}
    return {**CONFIG, "toImageButtonOptions": picture}


def file_name(key: str) -> str:
    """A plain file name for the chart `key`.

    >>> file_name("How unevenly items are shown")
    'how-unevenly-items-are-shown'
    """
    return re.sub(r"[^a-z0-9]+", "-", key.lower()).strip("-") or "chart"


def _clicked(key: str, act: Callable[[Any], None]) -> None:
    points = st.session_state[key]["selection"]["points"]
    if points and points[0].get("customdata"):
        act(points[0]["customdata"])


def as_table(make: Callable[[], pd.DataFrame], key: str, alt: str) -> None:
    """A button that opens the table of a chart, with its CSV; the table is made when it is opened."""

    def fill() -> None:
        found = make()
        shown = found.head(MOST_SHOWN).map(lambda cell: clean(cell) if isinstance(cell, str) else cell)
        st.dataframe(shown, hide_index=True, alt=alt, placeholder="–")
        if len(found) > MOST_SHOWN:
            st.caption(f"The first {MOST_SHOWN:,} of {len(found):,} rows; the file has all.")
        with st.container(horizontal=True, vertical_alignment="bottom"):
            download(
                "Table (CSV)", lambda: tables.as_csv(found), f"{file_name(key)}.csv", key=f"_csv_{key}", is_quiet=False
            )
            _choose_picture(key)

    popover("Table and downloads", ":material/table:", f"_as_table_{key}", fill, type="tertiary")


def _choose_picture(key: str) -> None:
    held = f"_picture_of_{key}"
    st.session_state[held] = st.session_state.get(_PICTURE, PICTURES[0])
    st.segmented_control(
        "The camera above a chart saves",
        PICTURES,
        key=held,
        format_func=str.upper,
        required=True,
        on_change=lambda: st.session_state.update({_PICTURE: st.session_state[held]}),
    )
