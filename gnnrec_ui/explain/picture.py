"""The case as a picture: from the person by way of their links to the item; what is chosen there shows its check."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from gnnrec_core.base.text import clean, for_markdown
from gnnrec_core.explain.explanation import Explanation
from gnnrec_core.render.blocks import Flow
from gnnrec_core.views.case_picture import case_picture
from gnnrec_ui import ask
from gnnrec_ui.explain import selection
from gnnrec_ui.frame import pickers, privacy
from gnnrec_ui.frame.study import Study
from gnnrec_ui.show.charts import as_table
from gnnrec_ui.show.flow_view import flow_view
from gnnrec_ui.taken.heard import stands_for

DETAILS = {"few": "Few", "some": "Some", "many": "Many"}
SIZES = {"few": (5, 3), "some": (8, 6), "many": (16, 12)}
"""Links and bridging nodes that are drawn one by one."""


def picture(study: Study, explanation: Explanation) -> None:
    """What carries this case, left to right; choosing a stop shows what its removal does, and takes it away."""
    case = explanation.case
    found = ask.bridges(study, case)
    much, reading = st.columns([2, 5], vertical_alignment="center")
    with much:
        detail = pickers.choose_one(
            "How much is drawn one by one", DETAILS, "detail", default="some", is_labelled=False
        )
    flow = case_picture(
        case, found, study.run.graph, study.dataset, privacy.name_user(study, case.user_index), *SIZES[detail]
    )
    stops = {stop.key: stop for stop in flow.stops if stop.key}
    chosen = selection.chosen(study, explanation, tuple(stops))
    with stands_for(lambda: (flow,)):
        reading.caption(for_markdown(flow.caption))
        picked = flow_view(flow, "picture", "why-this-item", chosen)
    if picked is not None and picked != chosen:
        selection.select(picked)
        st.rerun()
    selection.panel(study, explanation, chosen, stops[chosen].told if chosen in stops else "")
    as_table(lambda: streams_table(flow), "picture", flow.caption)


def streams_table(flow: Flow) -> pd.DataFrame:
    """All streams of the picture as rows, the widest first."""
    streams = sorted(flow.streams, key=lambda stream: -abs(stream.value))
    return pd.DataFrame(
        {
            "From": [clean(flow.stops[stream.source].name) for stream in streams],
            "To": [clean(flow.stops[stream.target].name) for stream in streams],
            "Carries": [stream.value for stream in streams],
            "Link of the graph": [stream.is_link for stream in streams],
        }
    )
