"""The gate: the chosen run in the place of another one."""

from __future__ import annotations

from typing import Any

import streamlit as st

from gnnrec_core.base.settings import read_settings
from gnnrec_core.base.text import clean, for_label, for_markdown
from gnnrec_core.decide.gate import DECLARED, Gate, GateSettings, gate
from gnnrec_core.views.decide.gate import gate_sections, people_rows
from gnnrec_ui.audit import audit_view
from gnnrec_ui.decide.shared import take_away
from gnnrec_ui.frame import forms, pickers, privacy, roles, shell
from gnnrec_ui.frame.asking import answered
from gnnrec_ui.frame.study import Study
from gnnrec_ui.server import cache
from gnnrec_ui.show import blocks
from gnnrec_ui.train import runs_view

RULES = ("margin", "group_figure")
PARTS = {"figures": "Figures and groups", "lists": "Changed lists", "why": "Why", "people": "Changed people"}
"""What can be looked at below the verdict, one at a time, and which sections of the library's that is."""
SECTIONS = {"figures": slice(1, 3), "lists": slice(3, 4), "why": slice(4, 5)}


def gate_view(study: Study) -> None:
    """Choose the incumbent and the rules, then the verdict and what it rests on."""
    candidate = study.run_entry
    assert candidate is not None and study.dataset_entry is not None  # the frame has checked it
    runs = {run.id: run for run in roles.workspace().runs(study.dataset_entry.fingerprint) if run.is_usable}
    others = [name for name in runs if name != candidate.id]
    labels = runs_view.labels(list(runs.values()))
    chosen, judged, length = st.columns([6, 2, 1], vertical_alignment="bottom")
    with chosen:
        name = forms.choose("Incumbent: what people are shown now", others, "incumbent", name_of=labels.__getitem__)
    with length:
        k = pickers.choose_k(20, study.dataset.n_items)
    with judged:
        part = audit_view.choose_part(study.dataset)
    rules = read_settings(GateSettings, forms.fields_form(GateSettings, RULES, "gate"))
    st.caption(f"Candidate: {for_markdown(labels[candidate.id])}, the run that the sidebar names.")
    folder, data = str(runs[name].folder), str(study.dataset_entry.folder)
    other = cache.folder_key(runs[name].folder)
    incumbent = cache.run(folder, data, other)
    ours = study.run
    found = answered(
        study,
        "Comparing lists and ledgers",
        ("gate", other, k, part, tuple(rules.model_dump().items())),
        lambda: gate(ours, incumbent, k, figures=DECLARED, split=part, settings=rules),
    )
    if found is not None:
        _show(study, found, name)


def _show(study: Study, found: Gate, incumbent: str) -> None:
    names = privacy.name_user(study)
    sections = gate_sections(found, names)
    blocks.draw(sections[:1], "gate")
    part = pickers.choose_one("Look at", PARTS, "look")
    if part == "people":
        _people(study, found, incumbent, list(people_rows(found, names)))
    else:
        blocks.draw(sections[SECTIONS[part]], f"gate_{part}")
    take_away(f"{found.candidate} in the place of {found.incumbent}?", sections, "gate.html")


def _people(study: Study, found: Gate, incumbent: str, rows: list[dict[str, Any]]) -> None:
    """One row a person: how much of the list is kept, and the way to the ledger of what came and of what went."""
    st.subheader("People whose lists change most", anchor=False)
    if not rows:
        st.caption("No list has other items than before.")
        return
    assert study.run_entry is not None
    ids = study.dataset.users.ids
    for person, row in zip(found.people, rows, strict=True):
        who, came, went = st.columns([3, 4, 4], vertical_alignment="center")
        who.markdown(f"{for_markdown(clean(row['user']))}, {100 * row['kept']:.0f} % kept")
        sides = ((came, "came", study.run_entry.id, "Came"), (went, "went", incumbent, "Went"))
        for place, side, run, word in sides:
            item = row[side]
            if item is not None:
                with place:
                    shell.link("explain", f"{word}: {for_label(item['title'])}", run=run, item=item["item"],
                               user=ids[person.user_index])  # fmt: skip
    st.caption("Each link opens that item's ledger in the model that shows it: the candidate, or the incumbent.")
