"""What drives all lists together, which inputs they rest on, and the system card."""

import streamlit as st

from gnnrec_ui.frame import pickers, shell
from gnnrec_ui.whole.drivers_view import drivers_view
from gnnrec_ui.whole.parameters_view import card_view, parameters_view

VIEWS = {"drivers": "Drivers", "parameters": "Main parameters", "card": "System card"}

with shell.page("drivers") as study:
    view, length = st.columns([6, 1], vertical_alignment="bottom")
    with view:
        chosen = pickers.choose_one("Look at", VIEWS, "whole")
    with length:
        k = pickers.choose_k(10, study.dataset.n_items)
    with st.container(key=f"whole_{chosen}"):
        {"drivers": drivers_view, "parameters": parameters_view, "card": card_view}[chosen](study, k)
