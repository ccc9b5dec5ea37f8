"""Suspicious interactions of the chosen dataset: looked for when somebody asks, under pseudonyms."""

from __future__ import annotations

import streamlit as st

from gnnrec_core.data.about.suspicious import Suspicion, find_suspicious
from gnnrec_core.runs.without_people import WithoutPeople, lists_without
from gnnrec_core.views.suspicious import suspicion_json, suspicion_sections
from gnnrec_ui.frame import privacy
from gnnrec_ui.frame.asking import when_wanted
from gnnrec_ui.frame.study import Study
from gnnrec_ui.show import blocks


def suspicious_view(study: Study) -> None:
    """A button that looks for them, then who, why, and what the lists of others would be without them."""
    dataset = study.dataset

    def look() -> tuple[Suspicion, WithoutPeople | None]:
        found = find_suspicious(dataset)
        k = min(10, dataset.n_items)
        return found, lists_without(dataset, found.users, k=k, watched=found.pushed) if found.suspects else None

    place = st.container()
    answer = when_wanted(
        study,
        "Look for suspicious interactions",
        ":material/troubleshoot:",
        "Programs, bursts, copies of one history, and profiles made to push an item; and what the lists of everybody "
        "else would be without them. Nothing is removed.",
        ("suspicious", dataset.fingerprint),
        look,
    )
    if answer is None:
        place.subheader("Suspicious interactions", anchor=False)
        return
    found, without = answer
    content = suspicion_json(found, dataset, privacy.name_user(study), without)
    blocks.draw(suspicion_sections(content), "suspicious")
