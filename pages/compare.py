"""Runs side by side on the same data and the same people, with the baselines that any of them has to beat."""

import streamlit as st

from gnnrec_ui import audit_ask
from gnnrec_ui.audit import audit_view, compare_view
from gnnrec_ui.decide import search_view
from gnnrec_ui.frame import pickers, roles, shell

with shell.page("compare") as study:
    place, dataset = roles.workspace(), study.dataset_entry
    assert dataset is not None  # the frame has checked it
    chosen, judged, length = st.columns([6, 2, 1], vertical_alignment="bottom")
    with chosen:
        runs = compare_view.choose_runs(place, dataset.fingerprint)
    with length:
        k = pickers.choose_k(20, study.dataset.n_items)
    with judged:
        part = audit_view.choose_part(study.dataset)
    if not runs:
        st.info(
            "Choose one run or more: each is compared with the first and with the baselines.", icon=":material/add:"
        )
    else:
        found = audit_ask.comparison(place, runs, k, part)
        names = compare_view.names_of(found, runs)
        compare_view.frontier(found, names)
        compare_view.table(found, names)
        compare_view.differences(found, names)
        compare_view.published(found, names)
        search_view.latest_front(place, study)
        compare_view.downloads(found)
