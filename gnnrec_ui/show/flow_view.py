"""The flow view: a drawing of `render.flow_svg` that answers to a pointer and to keys. Offline, no library.

Hover or focus dims what does not pass that stop (or stream) and says in words what does, and the widest way through it;
a click or Enter comes back to Python as the position of the stop; "Play" sends light along the streams, column by
column.
"""

from __future__ import annotations

from hashlib import sha256

import streamlit as st

from gnnrec_core.base.text import clean
from gnnrec_core.render.blocks import Flow
from gnnrec_core.render.flow_svg import NARROW, flow_svg
from gnnrec_ui.show.picture_tools import source

INSIDE = '<div class="tools"></div><div class="drawing"></div><p class="told" aria-live="polite"></p>'


def flow_view(flow: Flow, key: str, file_name: str, chosen: str = "") -> str | None:
    """Draw `flow`, closer on a phone; the key of the stop that was just chosen ("" for one without a key), None where
    none was.

    `chosen` is the key of the stop to show as chosen.
    """
    drawing, narrow = flow_svg(flow), flow_svg(flow, NARROW)
    keys = [stop.key for stop in flow.stops]
    result = st.components.v2.component(
        "gnnrec_flow",
        html=f'<div class="frame">{INSIDE}</div>',
        css=source("flow_view", "css"),
        js=source("flow_view", "js"),
    )(
        key=key,
        data={
            "drawing": drawing,
            "narrow": narrow,
            "told": [stop.told for stop in flow.stops],
            "names": [clean(stop.name) for stop in flow.stops],
            "version": sha256(drawing.encode()).hexdigest()[:16],
            "chosen": keys.index(chosen) if chosen and chosen in keys else None,
            "file_name": file_name,
        },
        on_chosen_change=lambda: None,
    )
    position = result.chosen
    return keys[position] if isinstance(position, int) and 0 <= position < len(keys) else None
