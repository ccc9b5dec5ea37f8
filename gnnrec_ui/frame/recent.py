"""People and items that this visitor looked at last, by dataset; kept for the session only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import streamlit as st

from gnnrec_core.base.text import for_markdown
from gnnrec_ui.frame.popovers import popover
from gnnrec_ui.frame.study import Study

MOST = 8
_KEPT = "_looked_at"


def note(study: Study, kind: Literal["user", "item"], raw_id: str) -> None:
    """`raw_id` is what is being looked at now."""
    kept = st.session_state.setdefault(_KEPT, {})
    place = (_dataset(study), kind)
    kept[place] = [raw_id, *(old for old in kept.get(place, ()) if old != raw_id)][: MOST + 1]


def latest(study: Study, kind: Literal["user", "item"], without: str) -> list[str]:
    """Raw ids that were looked at before `without`, the last one first."""
    kept: dict[tuple[str, str], list[str]] = st.session_state.get(_KEPT, {})
    return [raw_id for raw_id in kept.get((_dataset(study), kind), ()) if raw_id != without][:MOST]


def recent_people(study: Study, current: str, open_person: Callable[[str], None]) -> None:
    """A menu of the people who were looked at before the `current` one."""

    def fill() -> None:
        found = latest(study, "user", current)
        if not found:
            st.caption("People that you look at will stand here.")
        for raw_id in found:
            st.button(
                for_markdown(raw_id), key=f"_recent_{raw_id}", on_click=open_person, args=(raw_id,), width="stretch"
            )

    popover("Recent", ":material/history:", "_recent", fill, width="stretch")


def _dataset(study: Study) -> str:
    return study.dataset_entry.id if study.dataset_entry else ""
