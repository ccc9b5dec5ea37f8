"""Runs that are made from the chosen one: without a person or an item, and with newer data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from gnnrec_ui.change.choices import BESIDE, PLAY
from gnnrec_ui.frame import forms, pickers, privacy, roles, shell
from gnnrec_ui.frame.asking import when_wanted
from gnnrec_ui.frame.study import Study, dataset_label
from gnnrec_ui.show import blocks

VALIDATION = "validation"
REPLAYS = {"0": "None", "0.2": "A fifth", "0.5": "Half", "1": "All"}


def forget(study: Study) -> None:
    """A run without one person or one item, as a run of its own with a receipt."""
    st.caption(
        "Makes a run without a person or an item, its data beside it, and a receipt: what was removed, which files "
        "changed, how near it is to a training without them, and whether a membership test still finds them."
    )
    kind = pickers.choose_one("Forget", {"user": "A person", "item": "An item"}, "forgotten")
    index = pickers.choose_user(study) if kind == "user" else pickers.choose_item(study, (), offered=[0])
    run, place = study.run, roles.workspace()
    k = min(10, run.dataset.n_items - (kind == "item"))

    def question() -> Any:
        from gnnrec_core.change.forgetting import forget as core

        return core(run, kind, index, place.new_folder_for("runs"), k=k)

    found = when_wanted(
        study, "Forget and show the receipt", PLAY, BESIDE, ("forget", kind, index), question, trains=True
    )
    if found is not None:
        from gnnrec_core.views.change.desks import receipt_sections

        made, receipt = found
        blocks.draw(receipt_sections(receipt, run.name), "forget")
        shell.link("audit", "Open the run without them", ":material/arrow_forward:", run=made.name)


def update(study: Study) -> None:
    """A run that has learned newer data, what that changed in lists and reasons, and what replay preserves."""
    from gnnrec_core.explain.truth.retraining import refits

    st.caption(
        "Makes a run that has learned what is new and keeps what it knew: newer data with everybody of before, or the "
        "choices of these data that were held out for validation."
    )
    run, place = study.run, roles.workspace()
    newer = _newer(study)
    replay = "0"
    if refits(run):
        st.caption("This model is fitted anew on the newer data, which is exact: it forgets nothing.")
    else:
        about = "So much of the old interactions is learned again with the new ones, against forgetting."
        replay = pickers.choose_one("Old interactions learned again", REPLAYS, "replay", "0.2", about)

    def question() -> Any:
        from gnnrec_core.change.updating import update as core
        from gnnrec_core.change.updating import with_validation
        from gnnrec_core.data.store import load_dataset

        data = with_validation(run.dataset) if newer == VALIDATION else load_dataset(_folder(newer))
        made, found = core(run, data, place.new_folder_for("runs"), float(replay), k=min(10, run.dataset.n_items))
        return made.name, made.dataset, found

    label = "Update and show what it changed"
    found = when_wanted(study, label, PLAY, BESIDE, ("update", newer, replay), question, trains=True)
    if found is not None:
        from gnnrec_core.views.change.updates import moved_rows, update_sections

        name, data, told = found
        moved = moved_rows(told, study.dataset, data, privacy.name_user(study))
        blocks.draw(update_sections(told, run.name, moved), "update")
        shell.link("compare", "Open the updated run", ":material/arrow_forward:", run=name)


def _newer(study: Study) -> str:
    """What is to be learned, `?newer=` in the URL: held-out choices, or a dataset that may hold everybody of before."""
    own = study.dataset
    others = {
        entry.id: dataset_label(entry)
        for entry in roles.workspace().datasets()
        if entry.fingerprint != own.fingerprint
        and entry.card["n_users"] >= own.n_users
        and entry.card["n_items"] >= own.n_items
    }
    titles = {VALIDATION: "The choices held out for validation", **others}
    if not others:
        st.caption("No other dataset here has as many people and items: import the newer log on the Data page.")
    return forms.choose("What is new", list(titles), "newer", name_of=lambda name: titles[name])


def _folder(dataset_id: str) -> Path:
    return roles.workspace().dataset(dataset_id).folder
