"""The network view: a pyvis network drawn by sigma.js on the graphics card, inside the page. Offline, no iframe.

The libraries lie in `vendor/`, pinned by their checksums, and are sent once. Hover or arrow keys dim all but a node and
its links and say in words what it is; a click or Enter comes back to Python as the id of the node. Where a
browser has no WebGL, `graph_view` draws the same network.
"""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import streamlit as st

from gnnrec_ui.show.picture_tools import show_network

VENDOR = Path(__file__).parent / "vendor"
FRAME = (
    '<div class="frame"><div class="tools"></div><div class="canvas" tabindex="0" role="application"></div>'
    '<p class="told" aria-live="polite"></p><ul class="legend"></ul></div>'
)

WITH_CARD = 'if (document.createElement("canvas").getContext("webgl")) {'
"""sigma.js asks the graphics card for its abilities when it is loaded, and fails where there is none."""


@cache
def library() -> str:
    """graphology and sigma.js as one component. RuntimeError where a file is not the pinned one."""
    lines = (line.split() for line in (VENDOR / "SHA256SUMS").read_text().splitlines())
    pinned = {name: digest for digest, name in lines}
    texts = []
    for name in ("graphology.min.js", "sigma.min.js"):
        content = (VENDOR / name).read_bytes()
        if sha256(content).hexdigest() != pinned[name]:
            raise RuntimeError(f"{name} is not the file that was pinned: install the app again")
        texts.append(content.decode())
    return "\n".join([WITH_CARD, *texts, "}\nexport default function () {}\n"])


def network_view(
    network: Any,
    legend: list[dict[str, str]],
    alt: str,
    key: str,
    height: int = 640,
    highlight: str | None = None,
    file_name: str = "network",
) -> str | None:
    """Draw a `pyvis.network.Network` of `draw_network`; the id of the node (or of the far end of the link) that was
    just clicked.

    `alt` says in words what the picture shows. `highlight` is the id of a node that is shown as if it were pointed at.
    """
    st.components.v2.component("gnnrec_sigma_library", js=library())(key="sigma_library", height="content")
    return show_network(
        "network_view", FRAME, columns(network), network, legend, alt, height, key, highlight, file_name
    )


def columns(network: Any) -> dict[str, Any]:
    """Nodes and edges as short rows: what is sent to the browser."""
    return {
        "nodes": [
            [n["id"], n["label"], n["title"], n["shape"], n["color"], n["size"], n["x"], n["y"], n["size"] >= 15]
            for n in network.nodes
        ],
        "edges": [[e["from"], e["to"], e["color"], e["width"], e.get("value"), e["title"]] for e in network.edges],
    }
