"""A list after a change, with where each item stood before, coloured by the way it went."""

from __future__ import annotations

from typing import Any

import streamlit as st

from gnnrec_core.render import theme
from gnnrec_ui.frame.study import Study
from gnnrec_ui.show import tables


def moved_list(study: Study, result: Any, in_hand: int | None = None) -> None:
    """The list of a `WhatIf`; the item in hand is marked."""
    frame = tables.moved_table(study.dataset, result)
    if in_hand is not None:
        frame["Title"] = [
            f"▸ {title}" if int(item) == in_hand else title
            for title, item in zip(frame["Title"], result.after.tolist(), strict=True)
        ]
    is_changed = bool(len(result.removed) + len(result.added))
    st.dataframe(
        frame.style.map(_colour, subset=["Moved"]) if is_changed else frame,
        hide_index=True,
        height=36 * len(frame) + 40,
        column_config={
            **{name: st.column_config.Column(width=pixels) for name, pixels in tables.MOVED_WIDTHS.items()},
            "Score": st.column_config.NumberColumn(format="%.3f", width=70),
        },
        placeholder="–",
        alt="The list after the change",
    )


def _colour(cell: object) -> str:
    text = str(cell)
    raised, lowered = theme.LETTERS["dark" if st.context.theme.type == "dark" else "light"]
    if text.startswith("▲") or text == "came back":
        return f"color: {raised}; font-weight: 600"
    return f"color: {lowered}; font-weight: 600" if text.startswith("▼") else ""
