"""Sections of blocks on a page: the same that a file, a terminal and a notebook show."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from gnnrec_core.base.text import clean, for_label, for_markdown
from gnnrec_core.render.blocks import Bars, Block, Curves, Facts, Section, Table, Text, Verdict, number
from gnnrec_core.render.charts.block_charts import bars_chart, curves_chart
from gnnrec_ui.show.charts import chart

BOXES = {"good": st.success, "warning": st.warning, "note": st.info}
ICONS = {"good": ":material/check_circle:", "warning": ":material/warning:", "note": ":material/info:"}


def draw(sections: tuple[Section, ...], key: str) -> None:
    """Each section under its heading; `key` tells its charts from those of other results."""
    for place, section in enumerate(sections):
        st.subheader(for_label(section.title), anchor=False)
        for number_, block in enumerate(section.blocks):
            _draw(block, f"{key}_{place}_{number_}", section.title)


def _draw(block: Block, key: str, title: str) -> None:
    match block:
        case Text(paragraphs):
            for paragraph in paragraphs:
                st.markdown(for_markdown(paragraph))
        case Facts(pairs):
            _table(("Figure", "Value"), tuple((name, _text(value)) for name, value in pairs), "Figures")
        case Table():
            _table(block.columns, block.rows, block.caption or title)
            if block.caption:
                st.caption(for_markdown(block.caption))
        case Bars():
            chart(bars_chart(block), for_markdown(block.caption), key)
        case Curves():
            chart(curves_chart(block), for_markdown(block.caption), key)
        case Verdict(sentence, kind):
            BOXES[kind](for_markdown(sentence), icon=ICONS[kind])
        case _:
            raise TypeError(f"a page does not draw {type(block).__name__} yet")


def _table(columns: tuple[str, ...], rows: tuple[tuple[Any, ...], ...], alt: str) -> None:
    cells = [_column([row[place] for row in rows]) for place in range(len(columns))]
    table = pd.DataFrame({_unique(columns, place): cells[place] for place in range(len(columns))})
    st.dataframe(table, hide_index=True, alt=clean(alt), placeholder="–")


def _unique(columns: tuple[str, ...], place: int) -> str:
    """The name of a column; two may be called alike (a run and its figure)."""
    name = clean(columns[place]) or " "
    return name if columns.index(columns[place]) == place else f"{name} ({place + 1})"


def _column(values: list[Any]) -> list[Any]:
    """Numbers where all are, so that they sort; else text."""
    numeric = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    return values if numeric else [_text(value) for value in values]


def _text(value: Any) -> str:
    return number(value) if value is None or isinstance(value, bool | int | float) else clean(value)
