"""Who is served badly, what is never shown, and what fixing it costs."""

import streamlit as st

from gnnrec_ui import audit_ask
from gnnrec_ui.audit import audit_view, mitigation_view, people_view
from gnnrec_ui.audit.scorecard_view import scorecard_view
from gnnrec_ui.frame import pickers, roles, shell
from gnnrec_ui.show import figures

with shell.page("audit") as study:
    group_column, convention_column, part_column, length = st.columns([10, 4, 3, 3], vertical_alignment="bottom")
    with convention_column:
        convention = audit_view.choose_convention()
    with length:
        k = pickers.choose_k(20, study.dataset.n_items)
    with part_column:
        part = audit_view.choose_part(study.dataset)
    with group_column:
        group_by = audit_view.choose_grouping(study, k, part)
    report = audit_ask.report(study, k, group_by, convention, part)
    verdicts = st.container(gap="small", key="scorecard")

    sections = {"people": "People", "items": "Items", "fix": "What a fix costs", "all": "All figures"}
    section = pickers.choose_one("Look at", sections, "section", is_labelled=False)
    with verdicts:
        scorecard_view(study, report, is_short=section != "people")
    if section == "people":
        people_view.people(study, report)
    elif section == "items":
        audit_view.items(study, report)
    elif section == "fix":
        mitigation_view.what_if(roles.workspace(), study, k, group_by, part)
    else:
        figures.headline(report.items | report.overall, audit_view.HEADLINE)
        figures.all_figures(report.items | report.overall)
    audit_view.basis(report)
    audit_view.downloads(report)
