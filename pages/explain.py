"""Why this item stands in this person's list, taken apart and checked."""

from collections.abc import Callable

import streamlit as st

from gnnrec_core.base.errors import UnsupportedError
from gnnrec_core.explain.explanation import Target
from gnnrec_ui import ask
from gnnrec_ui.explain.answer import answer, cannot_be_explained, heading, reasons
from gnnrec_ui.explain.beside import beside
from gnnrec_ui.explain.change import change
from gnnrec_ui.explain.methods import methods
from gnnrec_ui.explain.paths import attention, paths
from gnnrec_ui.explain.picture import picture
from gnnrec_ui.explain.review import review
from gnnrec_ui.frame import pickers, serving, shell, style

NEEDS: serving.ViewNeeds = {
    "Reasons": ("changed graph",),
    "Picture": ("parts",),
    "Paths": ("parts", "paths"),
    "Attention": ("attention",),
    "Methods": ("changed graph",),
    "What would change it": ("changed graph",),
}

with shell.page("explain") as study:
    person, which, about = st.columns([4, 5, 3], vertical_alignment="bottom")
    headline = st.container(horizontal=True, vertical_alignment="center", key="headline")
    said, ways = headline.container(), headline.container(horizontal=True, width="content", gap="small")
    with person:
        user = pickers.choose_user(study, ways=ways)
    with about:
        target: Target = pickers.choose_one(
            "Explain",
            {"margin": "Its lead", "score": "Its score"},
            "target",
            help="The lead over the item that would take its place explains why it is in the list; "
            "the score explains how much the model expects.",
        )
    k = pickers.k_in_url(study.dataset.n_items)
    listed = [int(item) for item in ask.recommendations(study, user, k).item_index[0] if item >= 0]
    with which:
        item = pickers.choose_item(study, listed)

    refusals = serving.refused(study, NEEDS)
    try:
        if "Reasons" in refusals:
            raise refusals["Reasons"].error
        explanation = ask.reasons(study, user, item, target, k)
    except UnsupportedError as error:  # that of a scorer which is not at hand, too
        cannot_be_explained(study, error, user)
        st.stop()
    with said:
        heading(study, explanation.case)
    answer(study, explanation)
    case = (study, user, item, target, k)
    views: dict[str, Callable[[], None]] = {
        "Reasons": lambda: reasons(study, explanation),
        "Picture": lambda: picture(study, explanation),
        "Paths": lambda: paths(*case),
        "Attention": lambda: attention(*case),
        "Methods": lambda: methods(*case),
        "What would change it": lambda: change(study, user, item, explanation.rank, k),
        "Side by side": lambda: beside(study, user, item, listed, k),
        "Review": lambda: review(*case, has_evidence=explanation.is_additive),
    }
    serving.say_refused(refusals, {view: view for view in views})
    with st.container(key="explain_tabs"):
        style.grey_tabs("explain_tabs", [number for number, view in enumerate(views, 1) if view in refusals])
        tabs = st.tabs(list(views), on_change="rerun", key="view", bind="query-params")
    for number, (tab, (name, view)) in enumerate(zip(tabs, views.items(), strict=True)):
        if tab.open:
            with tab, st.container(key=f"view_{number}"), shell.boundary():
                if name in refusals:
                    serving.instead(study, refusals[name], "explain", view=name)
                else:
                    view()
