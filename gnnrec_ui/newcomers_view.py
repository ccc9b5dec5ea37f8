"""Somebody new on the What if page: the questions that would teach most, live, and which list to show at all."""

from __future__ import annotations

import numpy as np
import streamlit as st

from gnnrec_core.base.errors import LensError
from gnnrec_core.base.text import for_label, for_markdown
from gnnrec_core.decide.cold_start import cold_start
from gnnrec_core.decide.questions import Teaching, teach
from gnnrec_core.render import theme
from gnnrec_core.runs.run import Run
from gnnrec_core.views.decide.newcomers import cold_start_sections
from gnnrec_ui.frame import pickers, shell
from gnnrec_ui.frame.asking import when_wanted
from gnnrec_ui.frame.study import Study
from gnnrec_ui.show import blocks


def ask_more(study: Study, given: list[int]) -> None:
    """Three questions with a button each for yes: the item joins what the person has, and new questions follow."""
    try:
        found: Teaching = _teaching(study, tuple(given))
    except LensError as error:
        shell.show_error(error)
        return
    if not found.questions:
        return
    st.markdown("**Ask next: the questions that would teach most**")
    for column, question in zip(st.columns(3), found.questions, strict=False):
        title = study.dataset.title(question.item)
        with column.container(border=True):
            st.markdown(f"Do you have *{for_markdown(title)}*?")
            st.caption(
                f"{theme.percent(question.share_yes, 0)} say yes; lists gain {theme.number(question.gain, 3)} NDCG."
            )
            st.button(for_label("Yes"), key=f"_yes_{question.item}", icon=":material/add:",
                      on_click=pickers.add_item, args=("given", question.item))  # fmt: skip
    who = "people who have the same" if found.alike else "anybody, for too few have the same"
    st.caption(
        f"Tried on {found.n_people} people of the data ({who}): each answers by their own history, judged by what "
        f"else they have. Without a question NDCG is {theme.number(found.ndcg, 3)}. The second comes after the first."
    )


def which_list(study: Study) -> None:
    """Popularity, content, social, personal: each measured, and when to switch."""
    with st.expander("Which list for somebody of whom little is known?"):
        run, k = study.run, pickers.k_in_url(study.dataset.n_items)
        found = when_wanted(
            study,
            "Measure each kind of list",
            ":material/trending_up:",
            "Lists by popularity, labels, links and this model, for people of whom 0 to 10 interactions are known.",
            ("cold start", k),
            lambda: cold_start(run, k),
        )
        if found is not None:
            blocks.draw(cold_start_sections(found.to_dict()), "cold_start")


def _teaching(study: Study, given: tuple[int, ...]) -> Teaching:
    return _taught(study.run, study.key, given, pickers.k_in_url(study.dataset.n_items))


@st.cache_resource(max_entries=200, show_spinner="Looking for the best questions …")
def _taught(_run: Run, key: str, given: tuple[int, ...], k: int) -> Teaching:
    return teach(_run, np.array(given, np.int64), k)
