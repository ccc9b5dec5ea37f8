"""A page: how many people and items there are."""

import streamlit as st

from gnnrec_ui.frame import shell


def draw() -> None:
    """The body of the page."""
    with shell.page("sizes") as study:
        st.metric("People", f"{study.dataset.n_users:,}")
        st.metric("Items", f"{study.dataset.n_items:,}")
