"""Popovers that are filled when they are opened: what nobody looks into costs a rerun nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st


def popover(label: str, icon: str, key: str, fill: Callable[[], None], **look: Any) -> None:
    """A button that opens what `fill` draws; opening it runs the page again."""
    opened = st.popover(label, icon=icon, key=key, on_change="rerun", **look)
    if opened.open:
        with opened:
            fill()
