"""The case as a picture: from the person by way of their links to the item; what is chosen there shows its check."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from gnnrec_core.base.text import clean, for_markdown
from gnnrec_core.explain.explanation import Contribution, Explanation
from gnnrec_core.render import theme
from gnnrec_core.render.blocks import Flow
from gnnrec_core.views.case_picture import case_picture
from gnnrec_ui import ask
from gnnrec_ui.frame import pickers, privacy, shell, state
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
    detail = pickers.choose_one("How much is drawn one by one", DETAILS, "detail", default="some")
    flow = case_picture(
        case, found, study.run.graph, study.dataset, privacy.name_user(study, case.user_index), *SIZES[detail]
    )
    keys = {stop.key for stop in flow.stops if stop.key}
    chosen = state.follow("part", lambda key: key in keys, "")
    with stands_for(lambda: (flow,)):
        st.caption(for_markdown(flow.caption))
        picked = flow_view(flow, "picture", "why-this-item", chosen)
    if picked is not None and picked != chosen:
        state.choose("part", picked or None)
        st.rerun()
    _selected(study, explanation, flow, state.settle("part", chosen, ""))
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


def _selected(study: Study, explanation: Explanation, flow: Flow, chosen: str) -> None:
    """What was recomputed, foretold and trained for the chosen stop, and the way to take it away."""
    if not chosen:
        return
    part = next((each for each in explanation.contributions if _key(each) == chosen), None)
    stop = next(stop for stop in flow.stops if stop.key == chosen)
    if part is None:
        st.markdown(for_markdown(stop.told))
        return
    st.markdown(f"**Without {for_markdown(part.label)}**")
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        st.metric("Contribution", theme.signed(part.value), width="content")
        st.metric("Share", theme.percent(part.share, 0), width="content")
        st.metric("Rank now", f"{explanation.rank:,}", width="content")
        _metrics(part)
        if part.item is not None:
            item = study.dataset.items.index(part.item)
            shell.link("what_if", "Take it away", icon=":material/experiment:", off=item)


def _metrics(part: Contribution) -> None:
    """The rank without the part, at each level that is known."""
    if part.checked is not None:
        st.metric("In this model", f"{part.checked.rank_without:,}", width="content")
    if part.foretold is not None:
        low, high, rank = part.foretold.rank_low, part.foretold.rank_high, part.foretold.rank_without
        is_range = low is not None and low != high
        st.metric("Foretold", f"{low:,}–{high:,}" if is_range else f"{rank:,}", width="content")
    if part.retrained is not None:
        st.metric("Trained again", f"{part.retrained.rank_without:,}", width="content")


def _key(part: Contribution) -> str:
    return f"{part.nodes[0].type}:{part.nodes[0].id}" if part.nodes else ""
