"""The graph view: a pyvis network drawn inside the page by the vis-network that pyvis ships, on a plain canvas.
Offline, no iframe; for browsers without WebGL (`network_view` is for those that have it).

The library (half a megabyte) is one component that is sent once; the picture is another, small one. A click comes back
to Python as the id of the node.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from gnnrec_ui.show.picture_tools import show_network

FRAME = '<div class="frame"><div class="tools"></div><div class="canvas"></div><ul class="legend"></ul></div>'
VIS = "lib/vis-9.1.2/vis-network.min.js"


@cache
def _library() -> str:
    """vis-network wrapped as a component."""
    import pyvis

    library = (Path(pyvis.__file__).parent / VIS).read_text(encoding="utf-8")
    return f"{library}\nexport default function () {{}}\n"


def graph_view(
    network: Any,
    legend: list[dict[str, str]],
    alt: str,
    key: str,
    height: int = 620,
    highlight: str | None = None,
    file_name: str = "network",
) -> str | None:
    """Draw a `pyvis.network.Network`; returns the id of the node (or of the far end of the link) that was just clicked.

    `alt` says in words what the picture shows. `highlight` is the id of a node to select and bring into view.
    """
    st.components.v2.component("gnnrec_vis_library", js=_library())(key="vis_library", height="content")
    return show_network(
        "graph_view",
        FRAME,
        {"nodes": network.nodes, "edges": network.edges},
        network,
        legend,
        alt,
        height,
        key,
        highlight,
        f"{file_name}.png",
    )
