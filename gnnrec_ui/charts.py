"""One way to put a chart on a page: a line that says how to read it, our toolbar, and an alternative text."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
import streamlit as st

CONFIG: dict[str, Any] = {
    "displaylogo": False,
    "modeBarButtonsToRemove": ["zoom2d", "pan2d", "select2d", "lasso2d", "zoomIn2d", "zoomOut2d", "autoScale2d"],
    "toImageButtonOptions": {"format": "svg"},
}


def chart(figure: go.Figure, reading: str, key: str) -> None:
    """Draw `figure` with `reading` (one line, also its alternative text) above it. The camera saves an SVG."""
    st.caption(reading)
    st.plotly_chart(figure, key=key, config=CONFIG, alt=reading)
