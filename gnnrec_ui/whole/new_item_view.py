"""An item that is not in the data yet: its attributes and first readers are chosen, and it stands where it would."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from gnnrec_core.audit.groups import available_groupings
from gnnrec_core.base.text import clean, for_markdown
from gnnrec_core.data.dataset import IntArray
from gnnrec_core.render.blocks import Section
from gnnrec_core.views.whole.new_item import new_item_blocks
from gnnrec_ui.frame import forms, pickers, privacy, state
from gnnrec_ui.frame.asking import answered
from gnnrec_ui.frame.study import Study
from gnnrec_ui.show import blocks
from gnnrec_ui.whole.item_view import side_view

READERS, MOST_READERS = 8, 15


def new_item_view(study: Study, k: int) -> None:
    """Choices, where it would stand, and everything that there is to say of an item."""
    title, attributes, readers, group_by = _choices(study)
    if not (attributes or len(readers)):
        st.info("Give it attributes or first readers: of an item of which nothing is known, nothing can be said.")
        return
    run, people = study.run, tuple(readers.tolist())

    def question() -> Any:
        from gnnrec_core.whole.items.new_item import new_item

        return new_item(run, title, attributes, people, k, group_by or None)

    asked = ("new item", title, attributes, people, k, group_by)
    found = answered(study, "Putting it into everybody's ranking", asked, question)
    if found is None:
        return
    blocks.draw((Section("Where it would stand", new_item_blocks(found, privacy.name_user(study))),), "new_item")
    side_view(study, found.side)


def _choices(study: Study) -> tuple[str, tuple[tuple[str, str], ...], IntArray, str]:
    groupings = {choice.name: choice.title for choice in available_groupings(study.dataset)}
    called, given = st.columns(2, vertical_alignment="bottom")
    with called:
        title = st.text_input("It is called", "A new item", key="title", bind="query-params", max_chars=200)
    with given:
        attributes = _attributes(study)
    like, number, group = st.columns([4, 2, 3], vertical_alignment="bottom")
    with like:
        popular = np.argsort(-study.run.graph.popularity, kind="stable")[:50].tolist()
        liked = pickers.choose_item(study, (), "Its first readers are people who have", "like", popular)
    has_it = study.run.graph.seen.tocsc()[:, [liked]].nonzero()[0].astype(np.int64)
    with number:
        n = st.number_input(
            "How many of them", 0, MOST_READERS, READERS, key="n", bind="query-params", help="Drawn by chance."
        )
    with group:
        group_by = forms.choose(
            "Who gets it, by", ["", *groupings], "group", name_of=lambda name: clean(groupings.get(name, "no group"))
        )
    drawn = np.random.default_rng(0).permutation(has_it)[: int(n)]
    if len(drawn) < n:
        st.caption(f"Only {len(drawn)} people have {for_markdown(study.dataset.title(liked))} in the train part.")
    return title.strip() or "A new item", attributes, np.sort(drawn), group_by


def _attributes(study: Study) -> tuple[tuple[str, str], ...]:
    """Attributes of items in the graph, `?with=` in the URL as indices of attribute nodes."""
    table, key = study.dataset.attribute_table, "with"
    names = [each.name for each in study.dataset.relations if each.kind == "item-attribute"]
    pairs = list(zip(table["relation"].to_list(), table["label"].to_list(), strict=True))
    options = [place for place, (relation, _) in enumerate(pairs) if relation in names]
    turn = state.turned(key)
    held = st.session_state.get("_with") if st.session_state.get("_turn_with", 0) == turn else None
    st.session_state["_turn_with"] = turn
    current = [place for place in (state.numbers(key, len(pairs)) if held is None else held) if place in options]
    st.session_state["_with"] = current
    chosen = st.multiselect(
        "Its attributes",
        options,
        key="_with",
        format_func=lambda place: clean(f"{pairs[place][0]}: {pairs[place][1]}"),
        placeholder="Open the menu, or type" if options else "The items of these data have none",
        max_selections=5,
    )
    state.put_numbers(key, chosen)
    return tuple(pairs[int(place)] for place in chosen)
