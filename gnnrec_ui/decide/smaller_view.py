"""Making the chosen run smaller: size, time, accuracy, whether reasons survive, and keeping it as a run."""

from __future__ import annotations

import streamlit as st

from gnnrec_core.decide.compression import Compression, compress, save
from gnnrec_core.decide.smaller import WAYS, told
from gnnrec_core.views.decide.smaller import smaller_sections
from gnnrec_ui.decide.shared import take_away
from gnnrec_ui.frame import forms, pickers, roles, shell
from gnnrec_ui.frame.asking import answered
from gnnrec_ui.frame.study import Study
from gnnrec_ui.show import blocks


def smaller_view(study: Study) -> None:
    """Choose a way and how far; then what it costs."""
    which, far, length = st.columns([4, 3, 1], vertical_alignment="bottom")
    with which:
        way = forms.choose("Way", tuple(WAYS), "way", name_of=lambda name: WAYS[name].title)
    amounts = {f"{amount:g}": amount for amount in WAYS[way].amounts}
    with far:
        chosen = forms.choose("How far", tuple(amounts), f"amount_{way}", name_of=lambda name: told(way, amounts[name]))
    with length:
        k = pickers.choose_k(20, study.dataset.n_items)
    run, amount = study.run, amounts[chosen]
    found = answered(
        study, "Making it smaller", ("compress", way, amount, k), lambda: compress(run, amount, k, way=way)[1]
    )
    if found is None:
        return
    sections = smaller_sections(found.to_dict())
    blocks.draw(sections, "smaller")
    with st.container(horizontal=True):
        _keep(study, found)
        take_away(f"{run.name}, {told(way, amount)}", sections, "smaller.html")


def _keep(study: Study, found: Compression) -> None:
    place = roles.workspace()
    if st.button("Keep it as a run", icon=":material/save:", disabled=place.read_only, help=roles.why_not(place)):
        with shell.boundary():
            folder = place.new_folder_for("runs")
            save(study.run, folder, found)
            st.success("It stands in the list of runs, and opens as the model that it was.", icon=":material/check:")
            shell.link("audit", "Audit it", icon=":material/balance:", run=folder.name)
