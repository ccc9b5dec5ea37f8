"""Sections of blocks on a page: what the terminal, reports and notebooks show too."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from gnnrec_core.base.text import clean, for_markdown
from gnnrec_core.render.blocks import Bars, Block, Curves, Facts, Section, Table, Text, Verdict
from gnnrec_core.render.theme import plotly_text, styled
from gnnrec_ui.show.charts import chart


def show_sections(sections: Iterable[Section], key: str) -> None:
    """Each section under its heading; `key` tells the charts of this place from others."""
    for place, section in enumerate(sections):
        st.subheader(clean(section.title), anchor=False)
        for number, block in enumerate(section.blocks):
            _show(block, section.title, f"{key}_{place}_{number}")


def _show(block: Block, title: str, key: str) -> None:
    if isinstance(block, Verdict):
        {"good": st.success, "warning": st.warning, "note": st.info}[block.kind](for_markdown(block.text))
    elif isinstance(block, Text):
        for paragraph in block.paragraphs:
            st.caption(for_markdown(paragraph))
    elif isinstance(block, Facts):
        _table(("", "value"), block.pairs, title)
    elif isinstance(block, Table):
        _table(block.columns, block.rows, title)
        if block.caption:
            st.caption(for_markdown(block.caption))
    elif isinstance(block, Curves):
        chart(_lines(block), key=key, reading=block.caption)
    elif isinstance(block, Bars):
        _table(("part", "value"), tuple(zip(block.labels, block.values, strict=True)), title)


def _table(columns: tuple[str, ...], rows: Iterable[tuple[object, ...]], alt: str) -> None:
    """Numbers stay numbers, so that a column can be sorted; text from data is made inert."""
    cells = [[clean(cell) if isinstance(cell, str) else cell for cell in row] for row in rows]
    st.dataframe(pd.DataFrame(cells, columns=list(columns)), hide_index=True, placeholder="–", alt=clean(alt))


def _lines(block: Curves) -> go.Figure:
    figure = go.Figure(
        [
            go.Scatter(x=list(xs), y=list(ys), name=plotly_text(name), mode="lines+markers")
            for name, xs, ys in block.series
        ],
        {
            "xaxis": {"title": {"text": plotly_text(block.x_label)}},
            "yaxis": {"title": {"text": plotly_text(block.y_label)}},
        },
    )
    return styled(figure, 320)
