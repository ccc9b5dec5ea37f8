"""Whether the browser can draw by its graphics card (WebGL): where not, plotly would show an empty frame and a link."""

from __future__ import annotations

import streamlit as st

PROBE = """export default function ({ setStateValue }) {
  if (!document.createElement("canvas").getContext("webgl")) setStateValue("missing", true);
}"""


def is_missing() -> bool:
    """True once the browser has said that it has no WebGL; a browser that has it says nothing and costs no rerun."""
    probe = st.components.v2.component("gnnrec_webgl_probe", js=PROBE)
    return bool(probe(key="webgl_probe", height="content", on_missing_change=lambda: None).missing)
