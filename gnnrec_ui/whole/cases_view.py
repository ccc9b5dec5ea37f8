"""Search over explanations by their shape, on the Drivers page."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from gnnrec_core.audit.groups import available_groupings
from gnnrec_core.base.text import clean, for_markdown
from gnnrec_core.explain.truth.retraining import refits
from gnnrec_core.render import theme
from gnnrec_core.render.charts.driver_chart import driver_chart
from gnnrec_core.views.whole.cases import case_rows, cases_sentence
from gnnrec_core.whole.shapes import SHAPES, Cases
from gnnrec_ui import ask_again
from gnnrec_ui.frame import forms, pickers, privacy, shell
from gnnrec_ui.frame.asking import answered
from gnnrec_ui.frame.study import Study
from gnnrec_ui.luck_view import luck_view
from gnnrec_ui.show.charts import as_table, chart
from gnnrec_ui.whole.drivers_view import TARGETS
from gnnrec_ui.whole.groups import groups_table


def cases_view(study: Study, k: int) -> None:
    """A shape, how often it is found and for whom, what carries these cases, and the strongest of them."""
    shape, target, group_by = _choices(study)
    run = study.run
    if SHAPES[shape].asks_luck and not refits(run) and ask_again.known_luck(study) is None:
        st.caption("What another seed would change was not measured for this run yet; it is for lists of 10.")
        luck_view(study)
        return

    def question() -> Cases:
        from gnnrec_core.whole.shapes import cases_of_shape

        return cases_of_shape(run, shape, k, target, group_by or None)  # type: ignore[arg-type]

    found = answered(study, "Taking every place of every list apart", ("cases", shape, k, target, group_by), question)
    if found is None:
        return
    st.markdown(for_markdown(cases_sentence(found)))
    groups_table(found.groups, found.hidden, "Share of places", "How many cases, by group")
    if found.cohort is not None:
        learned = theme.percent(found.cohort.unassigned.share)
        reading = f"What carries these cases together, as signed shares. Not drawn: {learned} that no link carries."
        chart(driver_chart(found.cohort, 10), reading, "cohort")
    elif found.why_no_cohort:
        st.caption(for_markdown(found.why_no_cohort))
    _listed(study, found)


def _choices(study: Study) -> tuple[str, str, str]:
    groupings = {choice.name: choice.title for choice in available_groupings(study.dataset)}
    shape, target, group = st.columns([6, 2, 3], vertical_alignment="bottom")
    with shape:
        chosen = forms.choose("Places where", list(SHAPES), "shape", name_of=lambda name: SHAPES[name].title)
    with target:
        explained = pickers.choose_one("Of the", TARGETS, "target")
    with group:
        grouped = forms.choose(
            "Group people by", ["", *groupings], "group", name_of=lambda name: clean(groupings.get(name, "no group"))
        )
    return chosen, explained, grouped


def _listed(study: Study, found: Cases) -> None:
    if not len(found.users):
        return
    st.subheader("The strongest", anchor=False)
    name, dataset = privacy.name_user(study), study.dataset
    as_table(lambda: pd.DataFrame(case_rows(found, dataset, name, 1000)), "cases", "The strongest cases")
    if not privacy.are_ids_shown(study):
        st.caption("The cases are not linked here, as a link would say who the people are.")
        return
    for user, item, rank in zip(found.users[:8].tolist(), found.items[:8].tolist(), found.ranks[:8].tolist()):
        label = for_markdown(f"{dataset.title(item)} for {dataset.users.ids[user]} (rank {rank})")
        parameters = {"user": dataset.users.ids[user], "item": dataset.items.ids[item], "target": found.target}
        shell.link("explain", label, ":material/search_insights:", **parameters)
