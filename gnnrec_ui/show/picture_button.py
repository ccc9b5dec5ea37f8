"""A button that saves a drawing (SVG, whole in itself) as a PNG: the browser makes the pixels."""

from __future__ import annotations

import streamlit as st

from gnnrec_ui.show.picture_tools import source


def picture_button(label: str, svg: str, file: str, key: str) -> None:
    """Offer `svg` as `file`."""
    st.components.v2.component(
        "gnnrec_picture_button",
        html='<button type="button"></button>',
        css=source("picture_button", "css"),
        js=source("picture_button", "js"),
    )(key=key, data={"label": label, "svg": svg, "file": file}, height="content")
