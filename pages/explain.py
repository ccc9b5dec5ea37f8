"""Why this item stands in this person's list, taken apart and checked."""

from collections.abc import Callable

import streamlit as st

from gnnrec_core.base.errors import UnsupportedError
from gnnrec_core.explain.explanation import Target
from gnnrec_ui import ask
from gnnrec_ui.explain.answer import answer, cannot_be_explained, reasons
from gnnrec_ui.explain.beside import beside
from gnnrec_ui.explain.change import change
from gnnrec_ui.explain.methods import methods
from gnnrec_ui.explain.paths import attention, paths
from gnnrec_ui.explain.picture import picture
from gnnrec_ui.explain.review import review
from gnnrec_ui.frame import pickers, shell

OF_SUMS = ("Picture", "Paths", "Side by side")
"""Views of scores that are sums over interactions."""

with shell.page("explain") as study:
    user = pickers.choose_user(study)
    item_column, about = st.columns([5, 2], vertical_alignment="bottom")
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
    with item_column:
        item = pickers.choose_item(study, listed)

    try:
        explanation = ask.reasons(study, user, item, target, k)
    except UnsupportedError as error:
        cannot_be_explained(study, error, user)
        st.stop()
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
    if not explanation.is_additive:  # a black box: no sum to draw, and no paths that it could travel
        views = {name: view for name, view in views.items() if name not in OF_SUMS}
    tabs = st.tabs(list(views), on_change="rerun", key="view", bind="query-params")
    for number, (tab, view) in enumerate(zip(tabs, views.values(), strict=True)):
        if tab.open:
            with tab, st.container(key=f"view_{number}"), shell.boundary():
                view()
