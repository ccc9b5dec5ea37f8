"""Other people go by pseudonyms; the person in hand keeps their id. Seeing ids is a switch that the server must offer.

With `GNNREC_REVEAL_IDS=1` the sidebar has that switch, and each use is written to `reveals.jsonl` in the workspace. The
shipped sample is simulated: its readers are nobody's data and keep their ids.
"""

from __future__ import annotations

import json
import logging
import os
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import streamlit as st

from gnnrec_core.base.files import append_line
from gnnrec_core.base.pseudonyms import Pseudonyms, load_pseudonyms
from gnnrec_core.runs.workspace import workspace
from gnnrec_ui.frame import roles
from gnnrec_ui.frame.study import Study

if TYPE_CHECKING:
    from gnnrec_core.data.dataset import IntArray
    from gnnrec_core.explain.explanation import Explanation
    from gnnrec_core.runs.run import Run
    from gnnrec_core.views.privacy import NameUser

KEY = "_show_ids"
_log = logging.getLogger("gnnrec")


def name_user(study: Study, user_index: int | None = None) -> NameUser:
    """How a person is called by their raw id, on a page about the person `user_index` (None: about nobody)."""
    if are_ids_shown(study):
        return str
    own = None if user_index is None else study.dataset.users.ids[user_index]
    names = _pseudonyms(str(workspace().home))
    return lambda raw_id: raw_id if raw_id == own else names.name(raw_id)


def public_numbers(study: Study) -> IntArray:
    """Under which number each node stands in pictures `[n_nodes]`: where ids are hidden, people in a keyed order."""
    import numpy as np

    graph = study.run.graph
    numbers = np.arange(graph.n_nodes)
    if not are_ids_shown(study):
        numbers[: graph.n_users] = _places(str(workspace().home), study.key, study.run)
    return numbers


def shown(study: Study, user_index: int, explanation: Explanation) -> Explanation:
    """The explanation as the page about that person may show it: parts, paths and sentences."""
    if are_ids_shown(study):
        return explanation
    from gnnrec_core.explain.narrative import narrate
    from gnnrec_core.views.privacy import pseudonymous

    name = name_user(study, user_index)
    own = study.dataset.users.ids[user_index]
    told = narrate(explanation, study.dataset, name) if explanation.narrative else ()
    return pseudonymous(replace(explanation, narrative=told), own, name)


def switch(study: Study) -> None:
    """The switch in the sidebar, where the server offers it and the data are of real people."""
    if study.dataset_entry is None or study.dataset_entry.shipped or not _may_reveal():
        return
    entry = study.dataset_entry.id
    st.toggle(
        "Show ids of other people",
        key=KEY,
        on_change=lambda: _note(entry),
        help="Otherwise they go by pseudonyms. Switching this on is noted in the workspace.",
    )


def are_ids_shown(study: Study) -> bool:
    """Whether everybody goes by their id on the pages of this visitor."""
    if study.dataset_entry is not None and study.dataset_entry.shipped:
        return True
    return _may_reveal() and bool(st.session_state.get(KEY, False))


def _may_reveal() -> bool:
    return os.environ.get("GNNREC_REVEAL_IDS", "") == "1" and roles.may_reveal()


def _note(dataset_id: str) -> None:
    """One line for each time that somebody switches ids on."""
    if not st.session_state.get(KEY):
        return
    who = str(getattr(st.user, "email", "") or "")
    line = {"time": datetime.now(UTC).isoformat(timespec="seconds"), "dataset": dataset_id, "who": who}
    _log.warning("Ids of other people were switched on: %s", line)
    place = workspace()
    if not place.read_only:
        place.home.mkdir(parents=True, exist_ok=True)
        append_line(place.home / "reveals.jsonl", json.dumps(line))


@st.cache_resource(max_entries=8, show_spinner=False)
def _places(home: str, key: str, _run: Run) -> IntArray:
    return _pseudonyms(home).order(_run.dataset.users.ids)


def names_in_exports() -> Pseudonyms:
    """The key of this workspace, for the order of rows in files."""
    return _pseudonyms(str(workspace().home))


@st.cache_resource(show_spinner=False)
def _pseudonyms(home: str) -> Pseudonyms:
    place = workspace()
    return load_pseudonyms(place.home, place.read_only)
