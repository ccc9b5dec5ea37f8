"""How drivers differ: this run against another of the same data, and one group of people against another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from gnnrec_core.base.text import clean, for_option
from gnnrec_core.render.blocks import Section
from gnnrec_core.views.whole.drivers import difference_blocks
from gnnrec_core.whole.drivers import Drivers
from gnnrec_ui.frame import forms, roles
from gnnrec_ui.frame.asking import answered
from gnnrec_ui.frame.study import Study
from gnnrec_ui.server import cache
from gnnrec_ui.show import blocks
from gnnrec_ui.train import runs_view

if TYPE_CHECKING:
    from gnnrec_core.runs.entries import RunEntry


def differences_view(study: Study, found: Drivers) -> None:
    """A menu of other runs, and where there are groups two menus of these."""
    st.subheader("How they differ", anchor=False)
    _another_run(study, found)
    names = [part.group for part in found.groups]
    if len(names) >= 2:
        _two_groups(study, found, names)


def _another_run(study: Study, found: Drivers) -> None:
    if study.run_entry is None or study.dataset_entry is None:
        return
    own = study.run_entry.id
    runs = {run.id: run for run in roles.workspace().runs(study.dataset.fingerprint) if run.is_usable and run.id != own}
    labels = runs_view.labels(list(runs.values()))
    chosen = forms.choose(
        "Another run of the same data",
        ["", *runs],
        "against",
        name_of=lambda name: for_option(labels.get(name, "none")),
    )
    if not chosen:
        return

    def question() -> Any:
        from gnnrec_core.whole.against.driver_differences import between_runs
        from gnnrec_core.whole.drivers import drivers

        other = _run(study, runs[chosen])
        theirs = drivers(other, found.k, found.by, found.target, None, found.segment)
        return between_runs(found, theirs, (found.run, other.name))

    asked = ("between runs", found.by, found.k, found.target, found.segment, cache.folder_key(runs[chosen].folder))
    answer = answered(study, "Summing the ledgers of the other run", asked, question)
    if answer is not None:
        blocks.draw((Section(f"{answer.first} and {answer.second}", difference_blocks(answer, 12)),), "runs")


def _run(study: Study, entry: RunEntry) -> Any:
    assert study.dataset_entry is not None
    return cache.run(str(entry.folder), str(study.dataset_entry.folder), cache.folder_key(entry.folder))


def _two_groups(study: Study, found: Drivers, names: list[str]) -> None:
    first, second = st.columns(2)
    with first:
        one = forms.choose("One group", names, "one", name_of=clean)
    with second:
        rest = [name for name in names if name != one]
        other = forms.choose("Another group", rest, "other", name_of=clean)
    dataset = study.dataset

    def question() -> Any:
        from gnnrec_core.whole.against.driver_differences import between_groups

        return between_groups(found, dataset, (one, other))

    asked = ("between groups", found.by, found.k, found.target, found.segment, found.group_by, one, other)
    answer = answered(study, "Holding the groups together", asked, question)
    if answer is not None:
        blocks.draw((Section(f"{one} and {other}", difference_blocks(answer, 12)),), "groups")
