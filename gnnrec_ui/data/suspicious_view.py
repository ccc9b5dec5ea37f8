"""Suspicious interactions of the chosen dataset: looked for when somebody asks, under pseudonyms."""

from __future__ import annotations

from typing import Any

import streamlit as st

from gnnrec_core.data.suspicious import Suspicion, find_suspicious
from gnnrec_core.runs.without_people import WithoutPeople, lists_without
from gnnrec_core.views.suspicious import suspicion_json, suspicion_sections
from gnnrec_ui.frame import privacy, shell
from gnnrec_ui.frame.study import Study
from gnnrec_ui.server.slow_work import line, waiting_room
from gnnrec_ui.show import blocks


def suspicious_view(study: Study) -> None:
    """A button that looks for them, then who, why, and what the lists of others would be without them."""
    entry = study.dataset_entry
    assert entry is not None  # the page has checked it
    dataset = study.dataset
    key = ("suspicious", entry.fingerprint)

    def look() -> tuple[Suspicion, WithoutPeople | None]:
        found = find_suspicious(dataset)
        k = min(10, dataset.n_items)
        return found, lists_without(dataset, found.users, k=k, watched=found.pushed) if found.suspects else None

    def ask() -> None:
        line().ask(key, look)

    work: Any = line().find(key)
    if work is not None and work.state in ("waiting", "running"):
        waiting_room(work, "Looking for suspicious interactions", "suspicious")
        return
    if work is not None and work.error is not None:
        shell.show_error(work.error)
        return
    if work is None or work.state != "done":
        st.subheader("Suspicious interactions", anchor=False)
        st.button(
            "Look for suspicious interactions",
            icon=":material/troubleshoot:",
            on_click=ask,
            help="Programs, bursts, copies of one history, and profiles made to push an item; and what the lists of "
            "everybody else would be without them. Nothing is removed.",
        )
        return
    found, without = work.answer
    content = suspicion_json(found, dataset, privacy.name_user(study), without)
    blocks.draw(suspicion_sections(content), "suspicious")
