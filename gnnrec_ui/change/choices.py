"""What several sections of the page "Over time" let people choose."""

from __future__ import annotations

from datetime import date

import streamlit as st

from gnnrec_core.base.errors import LensError
from gnnrec_core.base.text import clean, for_markdown
from gnnrec_core.data.moments import read_day, span
from gnnrec_ui.frame import forms, state
from gnnrec_ui.frame.study import Study

PLAY, BESIDE = ":material/play_arrow:", "The page stays usable meanwhile."


def choose_day(study: Study) -> date:
    """The day of the slider, `?asof=` in the URL; a link to another day than the log has is told so."""
    first, last = span(study.dataset)

    def is_day(text: str) -> bool:
        try:
            return first <= read_day(text) <= last
        except LensError:
            return False

    asked = state.gone("asof", is_day)
    if asked is not None:
        state.notice(f"The link asks for the day “{for_markdown(asked)}”; the log has {first} to {last}.")
    held = date.fromisoformat(state.follow("asof", is_day, last.isoformat()))
    if first == last:
        return last
    st.session_state["asof"] = held
    chosen: date = st.slider("As of", first, last, key="asof", help="The end of this day, UTC.")
    state.settle("asof", chosen.isoformat(), last.isoformat())
    return chosen


def grouping(study: Study) -> str | None:
    """What people are grouped by, `?group=` in the URL: an attribute first, or how they behave; None where they have no
    groups."""
    from gnnrec_core.audit.groups import available_groupings

    choices = sorted(available_groupings(study.dataset), key=lambda choice: choice.kind != "attribute")
    titles = {choice.name: choice.title for choice in choices}
    if not titles:
        return None
    return forms.choose("Group people by", list(titles), "group", name_of=lambda name: clean(titles[name]))
