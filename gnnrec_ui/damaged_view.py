"""What lies in the workspace and cannot be read: named, with the reason, and a way out; everything else goes on."""

from __future__ import annotations

import streamlit as st

from gnnrec_core.base.text import for_label
from gnnrec_core.runs.entries import Kind
from gnnrec_core.runs.workspace import Workspace
from gnnrec_ui.frame import shell


def damaged(place: Workspace, kind: Kind) -> None:
    """Each damaged folder of that kind with what is wrong with it; those of this workspace can be moved away."""
    for folder, error in place.damaged(kind):
        with st.container(key=f"damaged_{kind}_{folder.name}"):
            shell.show_error(error)
            if place.read_only or folder.parent != place.home / kind:
                continue
            label = f"Move {for_label(folder.name)} to the trash"
            if st.button(label, key=f"discard_{kind}_{folder.name}", icon=":material/delete:", type="tertiary"):
                place.discard_damaged(kind, folder.name)
                st.rerun()
