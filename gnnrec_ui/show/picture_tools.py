"""What pictures share: script and style, each with the shared one before it, and how a network is put on the page."""

from __future__ import annotations

import json
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import streamlit as st

from gnnrec_core.render.charts.network_chart import network_chart
from gnnrec_ui.taken.heard import stands_for

HERE = Path(__file__).parent
SHARED = "picture_tools"


@cache
def source(picture: str, ending: str) -> str:
    """The file `picture.ending` ("js" or "css") of this folder after the shared one."""
    return "\n".join((HERE / f"{name}.{ending}").read_text(encoding="utf-8") for name in (SHARED, picture))


def show_network(
    view: str, frame: str, picture: dict[str, Any], network: Any, legend: list[dict[str, str]], alt: str, height: int,
    key: str, highlight: str | None, file_name: str,
) -> str | None:  # fmt: skip
    """Draw `picture`, what `view` (its script, style and HTML `frame`) needs of a pyvis `network`; the id of the node
    that was just clicked. Files that are taken away hold the still picture of the network instead."""
    content = {**picture, "legend": legend, "height": height}
    version = sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
    with stands_for(lambda: (network_chart(network, legend, alt, height),)):
        result = st.components.v2.component(
            f"gnnrec_{view}", html=frame, css=source(view, "css"), js=source(view, "js")
        )(
            key=key,
            data={**content, "alt": alt, "version": version, "highlight": highlight, "file_name": file_name},
            on_clicked_change=lambda: None,
        )
    clicked: str | None = result.clicked
    return clicked
