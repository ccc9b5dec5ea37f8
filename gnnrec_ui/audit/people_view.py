"""The people of an audit: how groups differ, and from a group to its people."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from gnnrec_core.audit.report import AuditReport, GroupFigures
from gnnrec_core.base.text import clean, for_markdown
from gnnrec_core.render.charts import audit_charts
from gnnrec_ui.audit.gap_view import gap
from gnnrec_ui.frame import forms, privacy, shell, state
from gnnrec_ui.frame.study import Study
from gnnrec_ui.show import figures
from gnnrec_ui.show.charts import chart

BY_GROUP = ("ndcg", "recall", "hit_rate", "novelty", "long_tail_share", "upd", "calibration_js")
MOST_PEOPLE = 200


def people(study: Study, report: AuditReport) -> None:
    """All differences in one picture, then one group with its people; sizes and single figures behind folds. A click
    on a group in any of the charts chooses it, as the menu does."""
    if not report.by_group:
        st.info("No group is large enough to be shown.", icon=":material/groups:")
        return
    labels = [group.group for group in report.by_group]
    worst = report.scorecard.worst if report.scorecard else None
    first = worst.group if worst is not None and worst.group in labels else labels[0]
    of = state.follow("of", labels.__contains__, first)
    if report.differences:
        _heat_map(report, of)
    _one_group(study, report, labels, first)
    with st.expander("How many people are in each group, and every figure by group", key="_fold_sizes"):
        _by_group(report, of)
    if report.differences:
        with st.expander("One figure of each group against everybody else, with intervals", key="_fold_forest"):
            _forest(report, of)


def _heat_map(report: AuditReport, of: str) -> None:
    drawn = audit_charts.heat_map(report).update_traces(showscale=False, selector={"type": "heatmap"})
    reading = (
        "Each group against everybody else: blue is better, orange worse, a star stands up to the tests. Click a group."
    )
    chart(drawn, reading, f"heat_map_{of}", on_point=_choose_group)


def _by_group(report: AuditReport, of: str) -> None:
    table = sizes_table(report.by_group)
    chart(audit_charts.group_sizes(report), "People in each group.", f"sizes_{of}", table=table, on_point=_choose_group)
    if report.suppressed:
        st.caption(f"Not shown, being too small or letting a small group be worked out: {len(report.suppressed)}.")
    names = [name for name in BY_GROUP if any(name in group.metrics for group in report.by_group)]
    rows = [("all people", report.overall), *((group.group, group.metrics) for group in report.by_group)]
    figures.table(rows, names, "Group")
    st.caption("Below each figure its 95 % interval over people.")


def _forest(report: AuditReport, of: str) -> None:
    tested = list(dict.fromkeys(difference.metric for difference in report.differences))
    metric = forms.choose("Figure", tested, "metric", name_of=figures.title)
    chart(
        audit_charts.forest(report, metric),
        f"{for_markdown(figures.definition(metric))} "
        "Bars are 95 % intervals for all that was tested together, and so is p: a bar that leaves out 0 stands.",
        f"forest_{of}",
        alt=f"Differences in {metric}",
        on_point=_choose_group,
    )


def _choose_group(mark: Any) -> None:
    """A mark of a chart was clicked: its customdata ends with the group."""
    state.choose("of", str(mark[-1]))


def sizes_table(groups: tuple[GroupFigures, ...]) -> pd.DataFrame:
    """Group sizes, with what each group's accuracy rests on."""
    return pd.DataFrame(
        {
            "Group": [clean(group.group) for group in groups],
            "People": [group.n_users for group in groups],
            "With held-out items": [group.n_evaluable for group in groups],
            "Held-out items each": [group.n_held_out for group in groups],
            "Note": [clean(group.note) for group in groups],
        }
    )


def _one_group(study: Study, report: AuditReport, labels: list[str], first: str) -> None:
    """What stands of a group, its people, the worst served first, and on to one person's list and its reasons."""
    if report.grouping is None:
        return
    label = forms.choose("Group", labels, "of", first, name_of=clean)
    said = [d.sentence for d in report.differences if d.group == label and d.stands]
    st.markdown(
        "\n".join(f"- {for_markdown(sentence)}" for sentence in said)
        or "Nothing that was tested stands for this group: no difference from all others can be told."
    )
    rows = people_of(report, label)
    if not len(rows):
        st.caption("Nobody of this group has held-out items.")
        return
    if privacy.are_ids_shown(study):
        _list(study, report, rows)
    else:
        st.caption(
            "Figures of single people are not listed: with them the figure of any small group could be worked out. "
            "Who may see ids sees them here."
        )
    gap(study, report, label)


def _list(study: Study, report: AuditReport, rows: np.ndarray) -> None:
    ids, name = study.dataset.users.ids, privacy.name_user(study)
    ndcg, recall = report.per_user["ndcg"][rows], report.per_user["recall"][rows]
    table = pd.DataFrame({"Person": [clean(name(ids[row])) for row in rows], "NDCG": ndcg, "Recall": recall})
    st.caption("The worst served first; 1 is the best possible. Select a row to see that person's list and ask why.")
    chosen = st.dataframe(
        table,
        hide_index=True,
        height=215,
        on_select="rerun",
        selection_mode="single-row",
        key="people_table",
        column_config={name: st.column_config.NumberColumn(format="%.3f") for name in ("NDCG", "Recall")},
        alt="People of the group with their figures",
        placeholder="–",
    )
    selected = chosen["selection"]["rows"]
    if selected and selected[0] < len(rows):
        user = ids[rows[selected[0]]]
        with st.container(horizontal=True):
            shell.link("recommend", "Their list", icon=":material/recommend:", user=user)
            shell.link("explain", "Why their first item", icon=":material/search_insights:", user=user)


def people_of(report: AuditReport, label: str) -> np.ndarray:
    """User indices of a group that have an NDCG, the lowest first (at most `MOST_PEOPLE`)."""
    assert report.grouping is not None
    member = report.grouping.member[:, report.grouping.labels.index(label)]
    rows = np.flatnonzero(member & np.isfinite(report.per_user["ndcg"]))
    return rows[np.argsort(report.per_user["ndcg"][rows], kind="stable")][:MOST_PEOPLE]
