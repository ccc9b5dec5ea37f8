"""What if: a person's list with interactions taken away or added, and a list for somebody new."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from gnnrec_core.base.text import clean, for_markdown, for_option
from gnnrec_core.render import theme
from gnnrec_core.render.charts import explain_charts
from gnnrec_ui import ask
from gnnrec_ui.explain_again import train_list_again
from gnnrec_ui.frame import pickers, shell, state
from gnnrec_ui.frame.study import Study
from gnnrec_ui.newcomers_view import ask_more, which_list
from gnnrec_ui.show import tables
from gnnrec_ui.show.charts import chart
from gnnrec_ui.show.moved import moved_list


def change_history(study: Study) -> None:
    """Tick interactions to take them away, add items, and see the list move."""
    user = pickers.choose_user(study)
    k = pickers.k_in_url(study.dataset.n_items)
    left, right = st.columns([5, 6], gap="medium")
    with left:
        removed = _ticked(study, user)
        history = set(study.run.graph.history(user).tolist())
        added = pickers.choose_items(study, "Add to the history", "add", without=history)
    result = ask.what_if(study, user, tuple(removed), tuple(added), k)
    with right, st.container(key="moved"):
        _moved(study, user, result)
        if added:
            st.caption("Training again is offered for what is taken away, not for what is added.")
        elif removed:
            train_list_again(study, user, tuple(sorted(removed)), k)


def somebody_new(study: Study) -> None:
    """Recommend to a person who is not in the data, from items that they name."""
    st.caption(
        "Name a few items. Nothing is trained: a new person has no embedding of their own, so the whole list rests on "
        "what these items send, and each score is exactly the sum of their parts."
    )
    given = pickers.choose_items(study, "This person has", "given")
    ask_more(study, given)
    if given:
        _new_list(study, given)
    else:
        st.info("Choose at least one item to get a list.", icon=":material/playlist_add:")
    which_list(study)


def _new_list(study: Study, given: list[int]) -> None:
    """The list of the new person, and what each named item does for one of its scores."""
    result = ask.new_person(study, tuple(given), pickers.k_in_url(study.dataset.n_items))
    for warning in result.warnings:
        st.warning(for_markdown(warning))
    left, right = st.columns([1, 1], gap="large")
    dataset = study.dataset
    titles = [clean(dataset.title(int(item))) for item in result.item_index]
    with left:
        st.subheader("Recommended", anchor=False)
        frame = pd.DataFrame(
            {"Rank": range(1, len(titles) + 1), "Title": titles, "Score": [float(score) for score in result.score]}
        )
        st.dataframe(
            frame,
            hide_index=True,
            column_config={"Score": st.column_config.NumberColumn(format="%.3f")},
            alt="List",
            placeholder="–",
        )
    with right:
        st.subheader("Why", anchor=False)
        places = list(range(len(titles)))
        place = st.selectbox("Item", places, format_func=lambda n: for_option(f"{n + 1}. {titles[n]}"), key="_why_new")
        chart(
            explain_charts.sum_of_parts(
                [dataset.title(int(item)) for item in result.given],
                [float(value) for value in result.values[:, place]],
                float(result.own[place]),
                float(result.score[place]),
            ),
            "Each bar is what one named item does for this score; together they are the score.",
            "new_person",
        )


def _ticked(study: Study, user: int) -> list[int]:
    """The history with a box at each line; returns the items that are ticked off."""
    table = tables.history_table(study.dataset, user)
    if table.empty:
        st.info("This person has no interactions to take away.", icon=":material/person_add:")
        return []
    turn = state.turned("off")
    off = state.numbers("off", study.dataset.n_items)
    rows = [place for place, item in enumerate(table.index) if item in off]
    st.markdown("**Tick what to take away**")
    selection: Any = st.dataframe(
        table,
        hide_index=True,
        height=min(430, 36 * len(table) + 40),
        column_order=[name for name in ("Title", "When") if name in table],
        on_select="rerun",
        selection_mode="multi-row",
        selection_default={"selection": {"rows": rows}},
        key=f"_off_{user}_{turn}",
        alt="History; ticked interactions are taken away",
        placeholder="–",
    )
    removed = [int(table.index[row]) for row in selection.selection.rows if row < len(table)]
    state.put_numbers("off", removed)
    return removed


def _moved(study: Study, user: int, result: Any) -> None:
    changed = len(result.removed) + len(result.added)
    left_list = [item for item in result.before.tolist() if item not in set(result.after.tolist())]
    if changed:
        st.markdown(
            f"**{len(result.removed)} taken away, {len(result.added)} added: "
            f"{len(left_list)} of {len(result.before)} items left the list.**"
        )
    else:
        st.markdown("**The list as it is.** Tick or add something to see it move.")
    in_hand = _in_hand(study, user, result)
    moved_list(study, result, in_hand)
    if left_list:
        titles = ", ".join(f"*{for_markdown(study.dataset.title(item))}*" for item in left_list[:8])
        st.caption(f"Gone from the list: {titles}{' and others' if len(left_list) > 8 else ''}.")
    st.caption(
        "Recomputed on the changed graph with the parameters of the trained model; a model trained again may differ. "
        f"{theme.number(result.seconds * 1000, 0)} ms."
    )
    if len(result.after):
        shell.link(
            "explain",
            "Explain its first item as it is now",
            user=study.dataset.users.ids[user],
            item=study.dataset.items.ids[int(result.before[0])],
        )


def _in_hand(study: Study, user: int, result: Any) -> int | None:
    """The item in the URL, and where it went, in words; None where there is none, or it is in the history."""
    wanted = st.query_params.get("item", "")
    if wanted not in study.dataset.items or not (result.removed or result.added):
        return None
    item = study.dataset.items.index(wanted)
    whole = ask.what_if(study, user, result.removed, result.added, study.dataset.n_items)
    before, after = whole.before.tolist(), whole.after.tolist()
    if item not in before or item not in after:
        return None
    was, now = before.index(item), after.index(item)
    scores = [theme.number(float(score)) for score in (whole.score_before[was], whole.score_after[now])]
    st.markdown(
        f"*{for_markdown(study.dataset.title(item))}*, the item in hand: **{theme.ordinal(was + 1)}** to "
        f"**{theme.ordinal(now + 1)}**, score {scores[0]} to {scores[1]}."
    )
    return item
