"""The sections of the Audit page: scope and verdicts, people by group, items, all figures, downloads."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from gnnrec_core.audit import curves
from gnnrec_core.audit.groups import available_groupings
from gnnrec_core.audit.metrics import conventions
from gnnrec_core.audit.report import AuditReport, GroupFigures
from gnnrec_core.base.plain import plain
from gnnrec_core.base.text import clean, csv_file, for_markdown
from gnnrec_core.data.dataset import Dataset, SplitName
from gnnrec_core.render.charts import audit_charts, exposure_charts
from gnnrec_core.views.audit_report import audit_page, per_user_csv, shown_sections
from gnnrec_ui import audit_ask
from gnnrec_ui.audit.gap_view import gap
from gnnrec_ui.frame import forms, privacy, shell, state
from gnnrec_ui.frame.study import Study
from gnnrec_ui.show import blocks, figures
from gnnrec_ui.show.charts import as_table, chart
from gnnrec_ui.show.downloads import download

HEADLINE = ("ndcg", "recall", "hit_rate", "coverage", "gini", "long_tail_share")
BY_GROUP = ("ndcg", "recall", "hit_rate", "novelty", "long_tail_share", "upd", "calibration_js")
MOST_PEOPLE = 200


def choose_grouping(study: Study, k: int, part: SplitName) -> str:
    """A user attribute or a behaviour, alone or crossed with a second one (`?group=age_band+region`); at first the one
    with most to tell."""
    dataset = study.dataset
    choices = {choice.name: f"{choice.title} ({choice.kind})" for choice in available_groupings(dataset)}
    if not choices:
        return ""
    one, _, other = st.query_params.get("group", "").partition("+")
    if st.query_params.get("group") not in choices and one in choices and other in choices:
        state.choose("group", one)
        state.choose("cross", other)
    first_one = audit_ask.telling_grouping(study, k, part)
    first, second = st.columns(2)
    with first:
        own = forms.choose("Group people by", list(choices), "group", first_one, lambda name: clean(choices[name]))
    with second:
        others = ["", *(name for name in choices if name != own)]
        crossed = forms.choose(
            "Crossed with", others, "cross", name_of=lambda name: clean(choices[name]) if name else "nothing"
        )
    if not crossed:
        return own
    return f"{own}+{crossed}" if f"{own}+{crossed}" not in choices else f"{crossed}+{own}"  # a column of that name


def choose_part(dataset: Dataset) -> SplitName:
    """The held-out part that lists are judged on; a choice where there are several, `?part=`."""
    held_out: list[SplitName] = [name for name in ("test", "validation") if len(dataset.interactions.rows(name))]
    if len(held_out) < 2:
        return held_out[0] if held_out else "test"
    chosen = forms.choose(
        "Judged on", held_out, "part", help="The held-out part. Models were chosen by validation, so it flatters them."
    )
    return _part(chosen)


def _part(name: str) -> SplitName:
    return "validation" if name == "validation" else "test"


def choose_convention() -> str:
    """Whose definition a figure follows where libraries use one name for several things."""
    return forms.choose(
        "Defined as in",
        conventions(),
        "convention",
        name_of=lambda name: "this project" if name == "ours" else name,
        help="Some figures share a name but not a definition; choose another library to get its numbers.",
    )


def scope(report: AuditReport) -> None:
    """What was audited, in one line, with the sentences that come first."""
    about = report.scope
    facts = [
        f"{about.n_evaluable:,} of {about.n_users:,} people have held-out items",
        f"lists of {about.k} out of {about.n_items:,} items",
        f"{about.split} part",
        f"groups under {about.min_group_size} people are never shown",
        f"differences under {100 * about.practical:.0f}\u00a0% do not matter",
    ]
    st.caption(" · ".join(facts))
    if about.group_definition:
        st.caption(f"Groups: {for_markdown(about.group_definition)}.")


def verdicts(report: AuditReport, most: int = 4) -> None:
    """The leading sentences; the rest behind a fold."""
    said = [f"- {for_markdown(sentence)}" for sentence in report.verdicts]
    if said:
        st.markdown("\n".join(said[:most]))
    if len(said) > most:
        with st.expander(f"{len(said) - most} more"):
            st.markdown("\n".join(said[most:]))
    if report.warnings:
        with st.expander(f"What to know before believing this ({len(report.warnings)})"):
            st.markdown("\n".join(f"- {for_markdown(warning)}" for warning in report.warnings))


def people(study: Study, report: AuditReport) -> None:
    """Sizes first, then figures by group, then differences, then the people themselves. A click on a group in any of
    the charts chooses it, as the menu above its people does."""
    if not report.by_group:
        st.info("No group is large enough to be shown.", icon=":material/groups:")
        return
    labels = [group.group for group in report.by_group]
    of = state.follow("of", labels.__contains__, labels[0])
    st.subheader("How many people are in each group", anchor=False)
    chart(
        audit_charts.group_sizes(report),
        "Click a group, here or in a chart below, to choose it at the end of this page.",
        f"sizes_{of}",
        table=sizes_table(report.by_group),
        on_point=_choose_group,
    )
    if report.suppressed:
        st.caption(f"Not shown, being too small or letting a small group be worked out: {len(report.suppressed)}.")
    st.subheader("Figures by group", anchor=False)
    names = [name for name in BY_GROUP if any(name in group.metrics for group in report.by_group)]
    rows = [("all people", report.overall), *((group.group, group.metrics) for group in report.by_group)]
    figures.table(rows, names, "Group")
    st.caption("Below each figure its 95 % interval over people.")
    if report.differences:
        _differences(report, of)
    _people_of_group(study, report, labels)


def _differences(report: AuditReport, of: str) -> None:
    """Every tested figure as a heat map, one of them with its intervals."""
    chart(
        audit_charts.heat_map(report).update_traces(showscale=False, selector={"type": "heatmap"}),
        "Each cell: the group against everybody else, as a share of their figure. Blue is above, orange below; a star "
        "stands up to the tests.",
        f"heat_map_{of}",
        on_point=_choose_group,
    )
    st.subheader("Each group against everybody else", anchor=False)
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
    st.toast(f"{for_markdown(str(mark[-1]))} is chosen at the end of the page.", icon=":material/groups:")


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


def _people_of_group(study: Study, report: AuditReport, labels: list[str]) -> None:
    """From a group to its people, the worst served first, and on to one person's list and its reasons."""
    if report.grouping is None:
        return
    st.subheader("One group", anchor=False)
    label = forms.choose("Group", labels, "of", name_of=clean)
    rows = people_of(report, label)
    ids = study.dataset.users.ids
    if not len(rows):
        st.caption("Nobody of this group has held-out items.")
        return
    if not privacy.are_ids_shown(study):
        st.caption(
            "Figures of single people are not listed: with them the figure of any small group could be worked out. "
            "A server that is started with `GNNREC_REVEAL_IDS=1` lists them for who may see ids."
        )
        gap(study, report, label)
        return
    ndcg, recall = report.per_user["ndcg"][rows], report.per_user["recall"][rows]
    name = privacy.name_user(study)
    table = pd.DataFrame({"Person": [clean(name(ids[row])) for row in rows], "NDCG": ndcg, "Recall": recall})
    st.caption("The worst served first. Select a row to see that person's list and ask why.")
    chosen = st.dataframe(
        table,
        hide_index=True,
        height=260,
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
    gap(study, report, label)


def people_of(report: AuditReport, label: str) -> np.ndarray:
    """User indices of a group that have an NDCG, the lowest first (at most `MOST_PEOPLE`)."""
    assert report.grouping is not None
    member = report.grouping.member[:, report.grouping.labels.index(label)]
    rows = np.flatnonzero(member & np.isfinite(report.per_user["ndcg"]))
    return rows[np.argsort(report.per_user["ndcg"][rows], kind="stable")][:MOST_PEOPLE]


def items(study: Study, report: AuditReport) -> None:
    """What the lists do to items: concentration, popularity against exposure, shares along the tail."""
    evidence = report.evidence
    points = curves.popularity_exposure(evidence)
    tables_of = {"Popularity against exposure": exposure_table(study.dataset, points)}
    drawn = (
        ("How unevenly items are shown", exposure_charts.lorenz_chart(curves.lorenz_curves(evidence))),
        (
            "Popularity against exposure",
            exposure_charts.popularity_exposure_chart(points, study.dataset.titles),
        ),
        (
            "From the most popular tenth of items to the least",
            exposure_charts.decile_chart(curves.popularity_deciles(evidence)),
        ),
        (
            "How well people are served, by length of history",
            exposure_charts.cold_start_chart(curves.cold_start_curve(evidence, gate=report.gate)),
        ),
    )
    for start in (0, 2):
        for column, (title, figure) in zip(st.columns(2), drawn[start : start + 2], strict=True):
            with column:
                st.markdown(f"**{title}**")
                chart(figure, key=title, alt=title, table=tables_of.get(title))
    blocks.draw(shown_sections(report.shown), "shown")
    _never_shown(study, report)
    _layers(study, report)


def exposure_table(dataset: Dataset, points: curves.PopularityExposure) -> pd.DataFrame:
    """What the popularity chart shows, with ids; what is never shown has exposure 0."""
    ids = dataset.items.ids
    return pd.DataFrame(
        {
            "Item": [clean(ids[item]) for item in points.item_index],
            "Title": [clean(dataset.title(int(item))) for item in points.item_index],
            "Histories with the item": points.popularity.astype(int),
            "Exposure a person": points.exposure,
            "Never shown": points.exposure == 0,
        }
    )


def _never_shown(study: Study, report: AuditReport) -> None:
    """The items that stand in nobody's list, by name."""
    dataset, found = study.dataset, curves.never_shown(report.evidence)
    st.markdown(f"**Never shown: {found.height:,} of {dataset.n_items:,} items**")
    if not found.height:
        st.caption("Every item stands in at least one list.")
        return
    items = found["item_index"].to_list()
    table = pd.DataFrame(
        {
            "Item": [clean(dataset.items.ids[item]) for item in items],
            "Title": [clean(dataset.title(item)) for item in items],
            "Histories with the item": found["histories"].to_list(),
            "Held-out interactions": found["held_out"].to_list(),
        }
    )
    st.caption(f"In none of the {report.scope.n_users:,} lists of {report.scope.k}; those with most histories first.")
    st.dataframe(
        table.head(MOST_PEOPLE), hide_index=True, height=260, alt="Items that are never shown", placeholder="–"
    )
    as_table(lambda: table, "never_shown", "Items that are never shown")


def _layers(study: Study, report: AuditReport) -> None:
    """Popularity along the layers of the same model, where it has layers."""
    table = audit_ask.layers(study, report.scope.k, _part(report.scope.split))
    if table is not None:
        st.markdown("**Does each layer of the model lean more towards what is popular?**")
        chart(
            audit_charts.layer_chart(table),
            "The same model stopped after each layer: where popularity rises faster than NDCG, depth buys bestsellers.",
            "layers",
        )


def downloads(report: AuditReport) -> None:
    """The report to file (HTML), the same as JSON, and figures per person without identities."""
    with st.container(horizontal=True):
        download(
            "Report (HTML)",
            lambda: audit_page(report),
            "audit.html",
            icon=":material/description:",
        )
        download(
            "Report (JSON)",
            lambda: json.dumps(plain(report.to_dict()), indent=1, ensure_ascii=False),
            "audit.json",
        )
        download(
            "Per person, without ids (CSV)",
            lambda: csv_file(per_user_csv(report, names=privacy.names_in_exports())),
            "audit_people.csv",
        )
