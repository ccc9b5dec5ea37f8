"""Home's example: one item of one person taken apart at once, on the study at hand."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from gnnrec_core.base.errors import LensError
from gnnrec_core.base.text import for_markdown
from gnnrec_core.views.case_picture import case_picture
from gnnrec_ui import ask
from gnnrec_ui.frame import privacy, shell
from gnnrec_ui.frame.study import Study
from gnnrec_ui.show.flow_view import flow_view
from gnnrec_ui.taken.heard import stands_for

N_DRAWN, N_SENTENCES = (5, 3), 3
"""Links and bridging nodes of the picture, and sentences below it."""
HEIGHT = 640
"""Pixels kept free for the answer, so that nothing moves when it comes."""


def room() -> DeltaGenerator:
    """The place of the answer, empty at first: `answer` fills it when the rest of the page stands."""
    place = st.empty()
    with place.container(border=True, height=HEIGHT, key="answer_to_come"):
        st.caption("Opening the run and taking one score apart …")
    return place


def answer(place: DeltaGenerator, study: Study) -> None:
    """Why the first item of `ask.telling_user` leads: the picture of the case, and sentences below it.

    A run whose scores have no parts has no example; then the place stays empty.
    """
    try:
        user = ask.telling_user(study)
        k = min(ask.LENGTH, study.dataset.n_items)
        first = int(ask.recommendations(study, user, k).item_index[0, 0])
        found = ask.explanation(study, user, first, "ledger", "margin", k)
    except LensError:  # the Explain page says why
        place.empty()
        return
    who, what = study.dataset.users.ids[user], study.dataset.items.ids[first]
    with place.container(border=True, key="answer", gap="small"):
        title = for_markdown(study.dataset.title(first))
        st.markdown(f"#### Why is *{title}* first for {for_markdown(who)}?")
        flow = case_picture(
            found.case, ask.bridges(study, found.case), study.run.graph, study.dataset,
            privacy.name_user(study, user), *N_DRAWN,
        )  # fmt: skip
        with stands_for(lambda: (flow,)):
            picked = flow_view(flow, "first_picture", "why-this-item")
        if picked is not None:
            shell.open_page("explain", user=who, item=what, view="Picture", part=picked or None)
        st.markdown("\n".join(f"- {for_markdown(said)}" for said in found.narrative[1 : 1 + N_SENTENCES]))
        with st.container(horizontal=True):
            shell.link("explain", "The whole answer", icon=":material/search_insights:", user=who, item=what)
            shell.link("recommend", "See the list", icon=":material/recommend:", user=who)
            shell.link("explain", "As a picture", icon=":material/hub:", user=who, item=what, view="Picture")
