"""What a server does once, when its first visitor comes: limits set, leftovers of a killed server swept."""

from __future__ import annotations

import logging

import streamlit as st

from gnnrec_core.runs.workspace import workspace
from gnnrec_ui.server import garbage, stopping, upload_budget

_log = logging.getLogger("gnnrec")


@st.cache_resource(show_spinner=False)
def once() -> None:
    """Runs once a server; a workspace that cannot be tidied is noted in the log and hinders nobody."""
    upload_budget.install()
    stopping.install()
    garbage.install()
    try:
        workspace().tidy()
    except OSError as error:
        _log.warning("The workspace could not be tidied: %s", error)
