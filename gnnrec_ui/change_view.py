"""What becomes of the chosen run when its data change: each section is a choice, a cached answer, and its blocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from gnnrec_core.base.errors import LensError
from gnnrec_core.base.text import clean, for_markdown
from gnnrec_core.data.moments import read_day, span
from gnnrec_core.render.theme import percent
from gnnrec_ui import ask
from gnnrec_ui.frame import forms, pickers, privacy, roles, shell, state
from gnnrec_ui.frame.asking import when_wanted
from gnnrec_ui.frame.study import Study
from gnnrec_ui.show import blocks

if TYPE_CHECKING:
    from gnnrec_core.change.as_of import AsOf
    from gnnrec_core.runs.run import Run

SECTIONS = {
    "as_of": "As of a day",
    "drift": "One person over time",
    "shake": "Shaken data",
    "rounds": "Rounds later",
    "attack": "Attack",
    "forget": "Forgetting",
}
SHARES = {"0.01": 0.01, "0.05": 0.05, "0.1": 0.1, "0.2": 0.2}
KINDS = {
    "drop": "Drop",
    "add": "Add",
    "rewire": "Rewire",
    "hubs": "Drop hubs",
    "times": "Noise in times",
    "ratings": "Noise in ratings",
    "one": "One interaction",
    "seed": "Another seed",
}
PROFILES = {"random": "Random", "average": "Average", "bandwagon": "Bandwagon", "segment": "Segment"}
PLAY, BESIDE = ":material/play_arrow:", "The page stays usable meanwhile."


def as_of(study: Study) -> None:
    """The case, list, ledger and audit as of the day of the slider, `?asof=` in the URL."""
    user = pickers.choose_user(study)
    listed = [int(item) for item in ask.recommendations(study, user, 10).item_index[0] if item >= 0]
    item = pickers.choose_item(study, listed)
    day = _choose_day(study)
    group_by = _grouping(study)
    found = _as_of(study.run, study.key, user, item, day.isoformat(), group_by)
    if found.explanation is not None:
        found = replace(found, explanation=privacy.shown(study, user, found.explanation))
    from gnnrec_core.views.change.over_time import as_of_sections, strip_section

    blocks.draw(as_of_sections(found, study.dataset), "as_of")
    if group_by is not None:
        run = study.run

        def strip() -> Any:
            from gnnrec_core.change.as_of import group_strip

            return group_strip(run, group_by)

        answer = when_wanted(study, "NDCG of the groups over time", PLAY, BESIDE, ("strip", group_by), strip)
        if answer is not None:
            blocks.draw((strip_section(answer, "NDCG"),), "strip")


def drift(study: Study) -> None:
    """Whether and when one person's choices changed."""
    user = pickers.choose_user(study)
    run = study.run

    def question() -> Any:
        from gnnrec_core.change.drift import drift as core

        return core(run, user)

    found = when_wanted(study, "This person over time", PLAY, BESIDE, ("drift", user), question)
    if found is not None:
        from gnnrec_core.views.change.over_time import drift_sections

        blocks.draw(drift_sections(found, study.dataset), "drift")


def shake(study: Study) -> None:
    """What shaken data do to lists, and to whom."""
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    with left:
        kind = pickers.choose_one("Shake", KINDS, "kind")
    with right:
        labels = {name: percent(value, 0) for name, value in SHARES.items()}
        share = pickers.choose_one("Share of the interactions", labels, "shaken", "0.05")
    run, group_by = study.run, _grouping(study)

    def question() -> Any:
        from gnnrec_core.change.robustness import robustness

        return robustness(run, kind, SHARES[share], group_by=group_by)

    asked = ("robustness", kind, share, group_by)
    found = when_wanted(study, "Shake and compare", PLAY, BESIDE, asked, question, trains=kind == "seed")
    if found is not None:
        from gnnrec_core.views.change.stress import robustness_sections

        blocks.draw(robustness_sections(found, study.dataset, privacy.name_user(study)), "shake")


def rounds(study: Study) -> None:
    """Ten rounds of feedback, with the model's own lists and with those of re-rankers."""
    from gnnrec_core.audit.rerankers import RERANKERS

    titles = {plugin.name: plugin.title for plugin in RERANKERS}
    group_by, ways = _grouping(study), pickers.choose_some("Compare with re-rankers", titles, "ways")
    run = study.run

    def question() -> Any:
        from gnnrec_core.change.rounds import rounds as core

        return core(run, 10, min(10, run.dataset.n_items), group_by=group_by, mitigations=ways)

    found = when_wanted(study, "Play ten rounds", PLAY, BESIDE, ("rounds", group_by, *ways), question)
    if found is not None:
        from gnnrec_core.views.change.rounds import rounds_sections

        blocks.draw(rounds_sections(found), "rounds")


def attack(study: Study) -> None:
    """How many fake accounts bring an item into people's lists, and who finds them."""
    from gnnrec_core.change.attack import N_FAKES
    from gnnrec_core.views.change.desks import PROFILE_WORDS, attack_sections

    rare = np.argsort(study.run.graph.popularity, kind="stable")[:50].tolist()
    item = pickers.choose_item(study, (), "Item that is pushed", offered=rare)
    profile = pickers.choose_one("Profile", PROFILES, "profile")
    st.caption(f"An account has the item and {PROFILE_WORDS[profile]}; as many as the median person has.")
    run = study.run

    def question() -> Any:
        from gnnrec_core.change.attack import attack as core

        return core(run, item, profile, 100, min(10, run.dataset.n_items), N_FAKES)

    found = when_wanted(study, "Push it", PLAY, BESIDE, ("attack", item, profile), question, trains=True)
    if found is not None:
        blocks.draw(attack_sections(found, study.dataset), "attack")


def forget(study: Study) -> None:
    """A run without one person or one item, as a run of its own with a receipt."""
    st.caption(
        "Makes a run without a person or an item, its data beside it, and a receipt: what was removed, which files "
        "changed, how near it is to a training without them, and whether a membership test still finds them."
    )
    kind = pickers.choose_one("Forget", {"user": "A person", "item": "An item"}, "forgotten")
    index = pickers.choose_user(study) if kind == "user" else pickers.choose_item(study, (), offered=[0])
    run, place = study.run, roles.workspace()

    def question() -> Any:
        from gnnrec_core.change.forgetting import forget as core

        return core(run, kind, index, place.new_folder_for("runs"))

    found = when_wanted(
        study, "Forget and show the receipt", PLAY, BESIDE, ("forget", kind, index), question, trains=True
    )
    if found is not None:
        from gnnrec_core.views.change.desks import receipt_sections

        made, receipt = found
        blocks.draw(receipt_sections(receipt, run.name), "forget")
        shell.link("audit", "Open the run without them", ":material/arrow_forward:", run=made.name)


DRAW: Mapping[str, Callable[[Study], None]] = MappingProxyType(
    {"as_of": as_of, "drift": drift, "shake": shake, "rounds": rounds, "attack": attack, "forget": forget}
)


def _choose_day(study: Study) -> date:
    """The day of the slider; a link to another day than the log has is told so."""
    first, last = span(study.dataset)

    def is_day(text: str) -> bool:
        try:
            return first <= read_day(text) <= last
        except LensError:
            return False

    asked = state.gone("asof", is_day)
    if asked is not None:
        state.notice(f"The link asks for the day “{for_markdown(asked)}”; the log has {first} to {last}.")
    held = date.fromisoformat(state.follow("asof", is_day, last.isoformat()))
    if first == last:
        return last
    st.session_state["asof"] = held
    chosen: date = st.slider("As of", first, last, key="asof", help="The end of this day, UTC.")
    state.settle("asof", chosen.isoformat(), last.isoformat())
    return chosen


def _grouping(study: Study) -> str | None:
    """What people are grouped by, `?group=` in the URL: an attribute first, or how they behave; None where they have no
    groups."""
    from gnnrec_core.audit.groups import available_groupings

    choices = sorted(available_groupings(study.dataset), key=lambda choice: choice.kind != "attribute")
    titles = {choice.name: choice.title for choice in choices}
    if not titles:
        return None
    return forms.choose("Group people by", list(titles), "group", name_of=lambda name: clean(titles[name]))


@st.cache_resource(max_entries=20, show_spinner="Going back to that day …")
def _as_of(_run: Run, key: str, user: int, item: int, day: str, group_by: str | None) -> AsOf:
    from gnnrec_core.change.as_of import as_of as core

    return core(_run, user, item, read_day(day), min(10, _run.dataset.n_items), group_by)
