"""The sections of the Audit page: scope and verdicts, people by group, items, all figures, downloads."""

from __future__ import annotations

import json

import pandas as pd
import streamlit as st

from gnnrec_core.audit import curves
from gnnrec_core.audit.groups import available_groupings
from gnnrec_core.audit.metrics import conventions
from gnnrec_core.audit.report import AuditReport
from gnnrec_core.base.plain import plain
from gnnrec_core.base.text import clean, csv_file, for_markdown
from gnnrec_core.data.dataset import Dataset, SplitName
from gnnrec_core.render.charts import audit_charts, exposure_charts
from gnnrec_core.views.audit_report import audit_page, per_user_csv, shown_sections
from gnnrec_core.views.items import cockpit_sentence
from gnnrec_ui import audit_ask
from gnnrec_ui.frame import forms, pickers, privacy, shell, state
from gnnrec_ui.frame.study import Study
from gnnrec_ui.show import blocks
from gnnrec_ui.show.charts import as_table, chart
from gnnrec_ui.show.downloads import download, named

HEADLINE = ("ndcg", "recall", "hit_rate", "coverage", "gini", "long_tail_share")
MOST_LISTED = 200
PICTURES = {
    "exposure": "Popularity and exposure",
    "uneven": "How unevenly",
    "tenths": "By tenths",
    "history": "By length of history",
    "layers": "By layer",
}
READINGS = {
    "exposure": "Each dot is an item; on the dotted line exposure is in proportion. Crosses are never shown.",
    "uneven": "How much of everything the least shown items get; the nearer to the dotted line, the more evenly.",
    "tenths": "From the most popular tenth of the catalogue to the least: bars of equal height are in proportion.",
    "history": "How well people are served by what the model knows of them; flat is best. Bars are 95 % intervals.",
}


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
        "Definitions of",
        conventions(),
        "convention",
        name_of=lambda name: "this project" if name == "ours" else name,
        help="Some figures share a name but not a definition; choose another library to get its numbers.",
    )


def basis(report: AuditReport) -> None:
    """Everything else that was found, what was audited, and what to know before believing it: closed."""
    about = report.scope
    facts = [
        f"{about.n_evaluable:,} of {about.n_users:,} people have held-out items",
        f"lists of {about.k} out of {about.n_items:,} items",
        f"{about.split} part",
        f"groups under {about.min_group_size} people are never shown",
        f"differences under {100 * about.practical:.0f}\u00a0% do not matter",
    ]
    with st.expander(f"All findings ({len(report.verdicts)}), and what they rest on"):
        st.markdown("\n".join(f"- {for_markdown(sentence)}" for sentence in report.verdicts))
        st.caption(" · ".join(facts))
        if about.group_definition:
            st.caption(f"Groups: {for_markdown(about.group_definition)}.")
        if report.warnings:
            st.markdown("\n".join(f"- {for_markdown(warning)}" for warning in report.warnings))


def items(study: Study, report: AuditReport) -> None:
    """What the lists do to items: how many are never shown or too often, then one picture at a time."""
    found = audit_ask.cockpit(study, report.scope.k, "", {})
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(for_markdown(cockpit_sentence(found)), width="stretch")
        shell.link("item", "All items", icon=":material/inventory_2:", view="all")
    picture = pickers.choose_one("Picture", PICTURES, "picture", is_labelled=False)
    if picture == "layers":
        _layers(study, report)
    else:
        _picture(study, report, picture)
    blocks.draw(shown_sections(report.shown), "shown")
    _never_shown(study, report)


def _picture(study: Study, report: AuditReport, picture: str) -> None:
    evidence = report.evidence
    table = None
    if picture == "exposure":
        points = curves.popularity_exposure(evidence)
        figure = exposure_charts.popularity_exposure_chart(points, study.dataset.titles)
        table = exposure_table(study.dataset, points)
    elif picture == "uneven":
        figure = exposure_charts.lorenz_chart(curves.lorenz_curves(evidence))
    elif picture == "tenths":
        figure = exposure_charts.decile_chart(curves.popularity_deciles(evidence))
    else:
        figure = exposure_charts.cold_start_chart(curves.cold_start_curve(evidence, gate=report.gate))
    chart(figure, READINGS[picture], f"items_{picture}", table=table)


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
        table.head(MOST_LISTED), hide_index=True, height=260, alt="Items that are never shown", placeholder="–"
    )
    as_table(lambda: table, "never_shown", "Items that are never shown")


def _layers(study: Study, report: AuditReport) -> None:
    """Popularity along the layers of the same model, where it has layers."""
    table = audit_ask.layers(study, report.scope.k, _part(report.scope.split))
    if table is None:
        st.caption("This model has no layers: it does not propagate.")
    else:
        chart(
            audit_charts.layer_chart(table),
            "The same model stopped after each layer: where popularity rises faster than NDCG, depth buys bestsellers.",
            "layers",
        )


def downloads(report: AuditReport) -> None:
    """The report to file (HTML), the same as JSON, and figures per person without identities."""
    about = report.scope
    what = ("audit of", about.run, f"top {about.k}", about.group_by and f"by {about.group_by}")
    with st.container(horizontal=True):
        download(
            "Report (HTML)",
            lambda: audit_page(report),
            named(*what, ending=".html"),
            icon=":material/description:",
        )
        download(
            "Report (JSON)",
            lambda: json.dumps(plain(report.to_dict()), indent=1, ensure_ascii=False),
            named(*what, ending=".json"),
        )
        download(
            "Per person, without ids (CSV)",
            lambda: csv_file(per_user_csv(report, names=privacy.names_in_exports())),
            named(*what, "per person", ending=".csv"),
        )
