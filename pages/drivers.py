"""What drives all lists together, cases by shape, the inputs that lists rest on, and the system card."""

import streamlit as st

from gnnrec_ui.frame import pickers, serving, shell
from gnnrec_ui.whole.cases_view import cases_view
from gnnrec_ui.whole.drivers_view import drivers_view
from gnnrec_ui.whole.parameters_view import card_view, parameters_view

VIEWS = {
    "drivers": ("Drivers", drivers_view),
    "cases": ("Cases by shape", cases_view),
    "parameters": ("Main parameters", parameters_view),
    "card": ("System card", card_view),
}

NEEDS: serving.ViewNeeds = {"drivers": ("parts",), "cases": ("parts",)}

with shell.page("drivers") as study:
    refusals = serving.refused(study, NEEDS)
    view, length = st.columns([6, 1], vertical_alignment="bottom")
    with view:
        chosen = pickers.choose_one(
            "Look at", {name: title for name, (title, _) in VIEWS.items()}, "whole", refusals=refusals
        )
    with length:
        k = pickers.choose_k(10, study.dataset.n_items)
    with st.container(key=f"whole_{chosen}"):
        if chosen in refusals:
            serving.instead(study, refusals[chosen], "drivers", whole=chosen)
        else:
            VIEWS[chosen][1](study, k)
