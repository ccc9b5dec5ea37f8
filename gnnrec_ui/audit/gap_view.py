"""Which interactions carry a difference: asked for with a button, because everybody is ranked again for each."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from gnnrec_core.audit.report import AuditReport
from gnnrec_core.audit.studies.gap_edges import GapEdges
from gnnrec_core.audit.verdicts import figure
from gnnrec_core.base.text import clean, for_markdown
from gnnrec_core.views.privacy import NameUser
from gnnrec_ui.frame import privacy, shell
from gnnrec_ui.frame.study import Study
from gnnrec_ui.show import figures

CHECKED = 20


def gap(study: Study, report: AuditReport, group: str) -> None:
    """What can be said of the group's difference in NDCG, the button, and its answer."""
    found = next((d for d in report.differences if d.metric == "ndcg" and d.group == group), None)
    if found is None:
        st.caption("NDCG of this group and of everybody else cannot be compared, so there is no difference to explain.")
        return
    if not found.stands:
        st.caption(for_markdown(found.sentence))
        st.caption("What is found below may carry a difference that is there by chance.")
    grouping, k, part = report.grouping, report.scope.k, report.scope.split
    asked = st.button(
        "Which interactions carry its difference?",
        icon=":material/manage_search:",
        help=f"Takes the {CHECKED} most promising interactions out one by one and ranks everybody again for each.",
    )
    if asked:
        with shell.boundary():
            edges = _gap(study.run, study.key, grouping, report.scope.group_by, group, k, part)
            _answer(privacy.name_user(study), edges)


@st.cache_resource(max_entries=8, show_spinner="Ranking everybody again, interaction by interaction …")
def _gap(_run: Any, key: str, _grouping: Any, group_by: str, group: str, k: int, part: Any) -> GapEdges:
    from gnnrec_core.audit.studies.gap_edges import gap_edges

    return gap_edges(_run, _grouping, group, k=k, n_checked=CHECKED, split=part)


def _answer(name: NameUser, found: GapEdges) -> None:
    st.markdown(
        f"{for_markdown(found.group)}: {figures.title(found.metric)} {figure(found.group_value)}, all others "
        f"{figure(found.rest_value)}, a difference of {figure(found.gap, True)}."
    )
    edges = [
        {
            "Person": clean(name(edge.user)),
            "Item": clean(edge.title),
            "Difference without it": figure(edge.gap_without, True),
            "Shrinks by": figure(edge.change, True),
        }
        for edge in found.edges
    ]
    st.dataframe(
        pd.DataFrame(edges), hide_index=True, height=260, alt="Interactions that carry the difference", placeholder="–"
    )
    bundles = [
        {
            "Taken out together": bundle.n,
            "Difference": figure(bundle.gap_without, True),
            "The group": figure(bundle.group_without),
            "All others": figure(bundle.rest_without),
        }
        for bundle in found.bundles
    ]
    st.dataframe(pd.DataFrame(bundles), hide_index=True, alt="Larger sets taken out together", placeholder="–")
    st.caption(
        "Each row was measured on the changed graph. A difference can also shrink because others are served worse."
    )
