"""One selection for a case: the bar, the stop of the picture, the row and the step of a path are the same part.

`?part=item:hamlet` names it, on every view. What is selected shows what was checked of it at all levels; taken away
(`?off=`, the same ticks as on What if) score, rank and list move beside it, and Undo or Back brings it back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from gnnrec_core.base.text import for_markdown
from gnnrec_core.explain.explanation import Contribution, Explanation, Node
from gnnrec_core.render import theme
from gnnrec_ui import ask
from gnnrec_ui.frame import privacy, shell, state
from gnnrec_ui.frame.study import Study
from gnnrec_ui.show.moved import moved_list

PARAMETER, AWAY = "part", "off"


def key_of_node(study: Study, node: Node) -> str:
    """How the URL names a node; "" for people where ids are not shown: an address says nothing of them."""
    return "" if node.type == "user" and not privacy.are_ids_shown(study) else f"{node.type}:{node.id}"


def key_of(study: Study, part: Contribution) -> str:
    """How the URL names a part; "" for what is no single link."""
    return key_of_node(study, part.nodes[0]) if part.nodes else ""


def keys_of(study: Study, explanation: Explanation) -> list[str]:
    """The keys of all parts, in their order."""
    return [key_of(study, part) for part in explanation.contributions]


def chosen(study: Study, explanation: Explanation, others: Sequence[str] = ()) -> str:
    """The key that is selected; "" where nothing is, or what this case does not have. `others` can be chosen too."""
    known = {*keys_of(study, explanation), *others} - {""}
    return state.settle(PARAMETER, state.follow(PARAMETER, known.__contains__, ""), "")


def select(key: str) -> None:
    """Select a part, or nothing (for callbacks); what was taken away comes back."""
    state.choose(PARAMETER, key or None)
    state.choose(AWAY, None)


def on_point(customdata: Any) -> None:
    """A bar was clicked."""
    select(str(customdata if isinstance(customdata, str) else customdata[0]))


def rows(table: pd.DataFrame, keys: Sequence[str], chosen: str, key: str, alt: str, **columns: Any) -> None:
    """A table whose rows are parts (`keys`, "" for a row that is none); the row that is selected is the selection."""
    at = keys.index(chosen) if chosen and chosen in keys else None
    found: Any = st.dataframe(
        table,
        hide_index=True,
        column_config=columns,
        placeholder="–",
        on_select="rerun",
        selection_mode="single-row",
        selection_default={"selection": {"rows": [] if at is None else [at]}},
        key=f"{key}_{at}",
        alt=alt,
    )
    picked = [keys[row] for row in found.selection.rows if row < len(keys)]
    if picked != ([] if at is None else [chosen]):
        select(picked[0] if picked else "")
        st.rerun()


@st.fragment
def panel(study: Study, explanation: Explanation, key: str, told: str = "") -> None:
    """What was recomputed, foretold and trained for the selected part, and the list without it.

    `told` is said of something that is no part by itself.
    """
    if not key:
        st.caption("Select a reason (a bar, a row, a stop of the picture) to see what its removal does.")
        return
    part = next((each for each in explanation.contributions if key_of(study, each) == key), None)
    with st.container(border=True, key="selected", gap="small"):
        if part is None:
            st.markdown(for_markdown(told))
            return
        st.markdown(f"**Without {for_markdown(part.label)}**")
        with st.container(horizontal=True, gap="medium"):
            _levels(explanation, part)
        item = study.dataset.items.index(part.item) if part.item is not None else None
        if item is not None and part.kind == "history":
            _take_away(study, explanation, item)


def _levels(explanation: Explanation, part: Contribution) -> None:
    """Contribution, rank now, and the rank without the part at each level that is known."""
    st.metric("Contribution", theme.signed(part.value), width="content")
    share = explanation.share_of(part.value)
    if share is not None and abs(share) <= 10:
        st.metric("Share", theme.percent(share, 0), width="content")
    st.metric("Rank now", f"{explanation.rank:,}", width="content")
    if part.checked is not None:
        st.metric("In this model", f"{part.checked.rank_without:,}", width="content", help="Recomputed without it.")
    if part.foretold is not None:
        low, high, rank = part.foretold.rank_low, part.foretold.rank_high, part.foretold.rank_without
        is_range = low is not None and low != high
        told = "Where it should stand if the model is trained without it."
        st.metric("Foretold", f"{low:,}–{high:,}" if is_range else f"{rank:,}", width="content", help=told)
    again = f"{part.retrained.rank_without:,}" if part.retrained is not None else "not yet"
    how = "It was trained without it." if part.retrained is not None else "“What would change it” trains without it."
    st.metric("Trained again", again, width="content", help=how)


def _take_away(study: Study, explanation: Explanation, item: int) -> None:
    """The button that takes it away; once it is, what moved."""
    case = explanation.case
    if item not in state.numbers(AWAY, study.dataset.n_items):
        st.button(
            "Take it away",
            key="_take_away",
            type="primary",
            icon=":material/experiment:",
            on_click=state.choose,
            args=(AWAY, str(item)),
            help="Ranks the list again without it, here.",
        )
        return
    moved = ask.what_if(study, case.user_index, (item,), (), study.dataset.n_items)
    place = moved.after.tolist().index(case.item_index)
    title = for_markdown(study.dataset.title(case.item_index))
    st.markdown(
        f"Taken away, in this model as it stands: *{title}* goes from **{theme.ordinal(explanation.rank)}** to "
        f"**{theme.ordinal(place + 1)}**, its score from {theme.number(case.score)} to "
        f"{theme.number(float(moved.score_after[place]))}."
    )
    moved_list(study, ask.what_if(study, case.user_index, (item,), (), case.k), case.item_index)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Put it back", key="_put_back", icon=":material/undo:", on_click=state.choose, args=(AWAY, None))
        here = {"user": study.dataset.users.ids[case.user_index], "item": study.dataset.items.ids[case.item_index]}
        shell.link("what_if", "Go on in What if", icon=":material/experiment:", off=item, **here)
