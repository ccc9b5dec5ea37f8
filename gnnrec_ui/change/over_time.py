"""The past of the chosen run: as of a day, groups over time, one person over time."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import streamlit as st

from gnnrec_core.base.text import for_label
from gnnrec_core.data.moments import span
from gnnrec_ui import ask
from gnnrec_ui.change.choices import BESIDE, PLAY, choose_day, grouping
from gnnrec_ui.frame import forms, pickers, privacy, shell
from gnnrec_ui.frame.asking import answered, when_wanted
from gnnrec_ui.frame.study import Study
from gnnrec_ui.show import blocks

if TYPE_CHECKING:
    from gnnrec_core.change.strips import GroupStrip

FIGURES = ("ndcg", "recall", "hit_rate", "long_tail_share", "arp")


def as_of(study: Study) -> None:
    """The case, list, ledger and audit as of the day of the slider."""
    person, which, ways = st.columns([4, 5, 4], vertical_alignment="bottom")
    with person:
        user = pickers.choose_user(study, ways=ways.container(horizontal=True))
    listed = [int(item) for item in ask.recommendations(study, user, 10).item_index[0] if item >= 0]
    with which:
        item = pickers.choose_item(study, listed)
    when, group = st.columns([9, 4], vertical_alignment="bottom")
    with when:
        day = choose_day(study)
    with group:
        group_by = grouping(study)
    run, k = study.run, min(10, study.dataset.n_items)

    def question() -> Any:
        from gnnrec_core.change.as_of import as_of as core
        from gnnrec_core.views.change.over_time import day_sections

        found = core(run, user, item, day, k, group_by)  # only what is shown is kept, not the run of that day
        return day_sections(found, run.dataset), found.explanation, found.no_ledger

    told = answered(study, "Going back to that day", ("as_of", user, item, day, group_by), question)
    if told is None:
        return
    from gnnrec_core.views.change.over_time import ledger_section

    (case, *rest), explanation, why = told
    shown = None if explanation is None else privacy.shown(study, user, explanation)
    parts = (ledger_section(shown, why), *rest)
    blocks.draw((case,), "as_of")
    titles = {str(number): part.title for number, part in enumerate(parts)}
    chosen = pickers.choose_one("What to look at", titles, "then", is_labelled=False)
    blocks.draw((parts[int(chosen)],), f"as_of_{chosen}")


def groups(study: Study) -> None:
    """The gaps of groups over time and when they changed; and as of the day of the slider."""
    group_by = grouping(study)
    if group_by is None:
        st.info("These people have no groups. Import the data with attributes of people.", icon=":material/groups:")
        return
    names = _figures()
    when, which = st.columns([9, 4], vertical_alignment="bottom")
    with which:
        metric = forms.choose("Figure", list(names), "figure", name_of=lambda name: names[name])
    with when:
        day = choose_day(study)
    run = study.run

    def strip() -> GroupStrip:
        from gnnrec_core.change.strips import group_strip

        return group_strip(run, group_by, metric)

    found = when_wanted(study, "Follow the gaps over time", PLAY, BESIDE, ("strip", group_by, metric), strip)
    if found is not None:
        from gnnrec_core.views.change.strips import strip_sections

        blocks.draw(strip_sections(found), "strip")
        _days_of_change(found)
    _as_of_day(study, group_by, metric, day)


def drift(study: Study) -> None:
    """Whether and when one person's choices changed."""
    user = pickers.choose_user(study)
    run = study.run

    def question() -> Any:
        from gnnrec_core.change.drift import drift as core

        return core(run, user)

    found = when_wanted(study, "This person over time", PLAY, BESIDE, ("drift", user), question)
    if found is None:
        return
    from gnnrec_core.views.change.over_time import drift_sections

    blocks.draw(drift_sections(found, study.dataset), "drift")
    if found.turn is not None and found.turn.stands:
        shell.link(
            "over_time", for_label(f"The list as of {found.day}"), ":material/history:", section="as_of", asof=found.day
        )


def _figures() -> dict[str, str]:
    from gnnrec_core.audit.metrics import METRICS

    return {name: METRICS[name].title for name in FIGURES}


def _days_of_change(found: GroupStrip) -> None:
    """A link to each day on which a gap changed."""
    with st.container(horizontal=True):
        for day in sorted({change.day for change in found.changes if change.stands}):
            shell.link(
                "over_time",
                for_label(f"Groups as of {day}"),
                ":material/history:",
                section="groups",
                asof=day,
                group=found.by,
            )


def _as_of_day(study: Study, group_by: str, metric: str, day: date) -> None:
    """Every group as of the day, beside today."""
    run, last = study.run, span(study.dataset)[1]

    def question() -> Any:
        from gnnrec_core.change.as_of import audit_as_of, state_of
        from gnnrec_core.views.change.strips import groups_section

        state = state_of(run, day)
        report = audit_as_of(run, state, group_by=group_by)
        return groups_section(report, metric, f"Groups as of {day}", state.words)

    section = answered(study, "Going back to that day", ("groups_as_of", group_by, metric, day), question)
    if section is not None:
        blocks.draw((section,), "groups_as_of")
        if day == last:
            st.caption("This is the last day: the run as it is. Move the slider to see an earlier one.")
