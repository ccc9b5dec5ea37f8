"""The chosen run under stress: shaken data, rounds of feedback, fake accounts."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from gnnrec_core.render.theme import percent
from gnnrec_ui.change.choices import BESIDE, PLAY, grouping
from gnnrec_ui.frame import pickers, privacy, serving
from gnnrec_ui.frame.asking import when_wanted
from gnnrec_ui.frame.study import Study
from gnnrec_ui.show import blocks

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


def shake(study: Study) -> None:
    """What shaken data do to lists, and to whom."""
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    with left:
        refusals = serving.refused(study, {"times": ("times",)})
        kind = pickers.choose_one("Shake", KINDS, "kind", refusals=refusals)
    with right:
        labels = {name: percent(value, 0) for name, value in SHARES.items()}
        share = pickers.choose_one("Share of the interactions", labels, "shaken", "0.05")
    if kind in refusals:
        return
    run, group_by = study.run, grouping(study)

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
    group_by, ways = grouping(study), pickers.choose_some("Compare with re-rankers", titles, "ways")
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

        return core(run, item, profile, 0, min(10, run.dataset.n_items), N_FAKES)

    found = when_wanted(study, "Push it", PLAY, BESIDE, ("attack", item, profile), question, trains=True)
    if found is not None:
        blocks.draw(attack_sections(found, study.dataset), "attack")
