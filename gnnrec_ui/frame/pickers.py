"""Choose a person, an item, a number: in the URL, quick with tens of thousands of entries."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TypeVar

import numpy as np
import streamlit as st

from gnnrec_core.base.errors import RequestError
from gnnrec_core.base.text import clean, for_markdown, for_option
from gnnrec_core.data.dataset import IntArray, Vocabulary
from gnnrec_ui import ask
from gnnrec_ui.frame import forms, recent, state
from gnnrec_ui.frame.popovers import popover
from gnnrec_ui.frame.search import find
from gnnrec_ui.frame.study import Study

Name = TypeVar("Name", bound=str)
MOST_PLACES = 50
"""No list on a page is longer."""
MOST_OPTIONS = 1000
"""A menu with more entries than this gets a search field before it and holds the matches only."""


def choose_user(study: Study, label: str = "Person") -> int:
    """A person of the dataset, `?user=` in the URL; returns the user index."""
    vocabulary = study.dataset.users
    _say_unknown(vocabulary, "user")
    first = state.pinned(("user", study.dataset.fingerprint), lambda: vocabulary.ids[ask.telling_user(study)])
    current = state.follow("user", vocabulary.__contains__, first)
    choose, others = st.columns([5, 4], vertical_alignment="bottom")
    with choose:
        options = _options(vocabulary, current)
        st.session_state["user"] = current if current in options else options[0]
        chosen = st.selectbox(label, options, key="user", format_func=clean)
    recent.note(study, "user", chosen)
    state.in_hand(user=chosen)
    with others, st.container(horizontal=True):
        _surprise(study)
        recent.recent_people(study, chosen, _open_person)
    return vocabulary.index(state.settle("user", chosen, first))


def choose_other_user(study: Study, without: int, first: int) -> int:
    """Another person than `without`, `?other_user=` in the URL, `first` by default; returns the user index."""
    vocabulary = study.dataset.users
    own = vocabulary.ids[without]

    def is_other(name: str) -> bool:
        return name in vocabulary and name != own

    current = state.follow("other_user", is_other, vocabulary.ids[first])
    options = [name for name in _options(vocabulary, current, "_find_other") if name != own]
    st.session_state["other_user"] = current
    chosen = st.selectbox("The other person", options, key="other_user", format_func=clean)
    return vocabulary.index(state.settle("other_user", chosen, vocabulary.ids[first]))


def choose_item(
    study: Study,
    listed: Sequence[int],
    label: str = "Item",
    key: str = "item",
    offered: Sequence[int] = (),
    without: int | None = None,
) -> int:
    """An item: the list of the person first (or what is `offered`), then what was looked at before, any other by
    search, but not `without`; `?item=` in the URL; returns the item index."""
    dataset = study.dataset
    ids = dataset.items.ids
    _say_unknown(dataset.items, key)
    default = ids[next(item for item in (*listed, *offered, 0, 1) if item != without)]
    if without is None and listed:
        first = default
        default = state.pinned((key, dataset.fingerprint, str(st.session_state.get("user"))), lambda: first)

    def is_offered(name: str) -> bool:
        return name in dataset.items and (without is None or name != ids[without])

    current = state.follow(key, is_offered, default)
    place = {item: rank for rank, item in enumerate(listed, start=1)}
    choose, search = st.columns([3, 2], vertical_alignment="bottom")
    with search:
        query = st.text_input("Find another", key=f"_find_{key}", type="search", live=True, placeholder="Title or id")
    found = find(query, dataset.titles, ids, 50) if query else []
    before = [dataset.items.index(name) for name in recent.latest(study, "item", current) if name in dataset.items]
    options = [
        ids[index]
        for index in dict.fromkeys([*found, *listed, dataset.items.index(current), *before, *offered])
        if index != without
    ]
    with choose:
        st.session_state[key] = current
        chosen = st.selectbox(
            label, options, key=key, format_func=lambda name: for_option(_item_label(study, name, place, before))
        )
    recent.note(study, "item", chosen)
    if key == "item":
        state.in_hand(item=chosen)
    if query:
        st.caption(f"{len(found) or 'No'} match{'' if len(found) == 1 else 'es'}: open the menu to choose.")
    return dataset.items.index(state.settle(key, chosen, default))


def choose_k(default: int, most: int) -> int:
    """Length of the list, `?k=` in the URL, at most `most` (the number of items) and 50."""
    default, most = min(default, most), min(most, MOST_PLACES)
    st.session_state["k"] = k_in_url(most, default)
    chosen = st.number_input("List length", 1, most, key="k", help="How many items to show.")
    return int(state.settle("k", str(chosen), str(default)))


def k_in_url(most: int, default: int = 10) -> int:
    """The length of the list that the URL asks for, at most `most` (the number of items) and 50; a link that asks for
    another is told so."""
    default, most = min(default, most), min(most, MOST_PLACES)

    def is_length(text: str) -> bool:
        return state.whole(text, 1, most) is not None

    asked = state.gone("k", is_length)
    if asked is not None:
        state.notice(
            f"List length: the link asks for “{for_markdown(asked)}”; here lists have 1 to {most} items. "
            f"{default} is shown."
        )
    return int(state.follow("k", is_length, str(default)))


def choose_one(
    label: str, options: Mapping[Name, str], key: str, default: Name | None = None, help: str | None = None
) -> Name:
    """One of a few (name to label), the first by default or `default`, `?key=` in the URL; returns the name."""
    default = next(iter(options)) if default is None else default
    forms.say_gone(state.gone(key, options.__contains__), label, options[default])
    st.session_state[key] = state.follow(key, options.__contains__, default)
    chosen = st.segmented_control(
        label, list(options), key=key, format_func=lambda name: options[name], required=True, help=help
    )
    state.settle(key, str(chosen), default)
    return next(name for name in options if name == chosen)


def choose_items(
    study: Study, label: str, key: str, without: Collection[int] = (), help: str | None = None
) -> list[int]:
    """Any number of items by search, `?key=` in the URL as indices; returns item indices in the order of choice."""
    dataset = study.dataset
    turn = state.turned(key)
    held = st.session_state.get(f"_{key}") if st.session_state.get(f"_turn_{key}", 0) == turn else None
    st.session_state[f"_turn_{key}"] = turn
    current = [i for i in (state.numbers(key, dataset.n_items) if held is None else held) if i not in without]
    choose, search = st.container(), st.container()
    with search:
        query = st.text_input("Find an item", key=f"_find_{key}", type="search", live=True, placeholder="Title or id")
    if query:
        found = find(query, dataset.titles, dataset.items.ids, 50)
    else:
        found = np.argsort(-study.run.graph.popularity, kind="stable")[:50].tolist()
    options = [index for index in dict.fromkeys([*current, *found]) if index not in without]
    with choose:
        st.session_state[f"_{key}"] = current
        chosen = st.multiselect(
            label,
            options,
            key=f"_{key}",
            format_func=lambda index: clean(dataset.title(index)),
            placeholder="Open the menu, or search",
            help=help,
        )
    state.put_numbers(key, chosen)
    return [int(index) for index in chosen]


def _item_label(study: Study, item_id: str, place: dict[int, int], before: Sequence[int]) -> str:
    index = study.dataset.items.index(item_id)
    title = clean(study.dataset.title(index))
    if index in place:
        return f"{place[index]}. {title}"
    return f"{title} (seen before)" if index in before else title


def _open_person(raw_id: str) -> None:
    state.choose("user", raw_id)
    state.choose("item", None)


def _say_unknown(vocabulary: Vocabulary, key: str) -> None:
    """An id in the URL that this dataset does not have is said so; the menu then stands at its default."""
    wanted = st.query_params.get(key)
    if wanted is None or wanted in vocabulary:
        return
    try:
        vocabulary.index(wanted)
    except RequestError as error:
        st.warning(f"{for_markdown(error.message)} {for_markdown(error.hint)}", icon=":material/search_off:")


def _options(vocabulary: Vocabulary, current: str, key: str = "_find_user") -> list[str]:
    if len(vocabulary) <= MOST_OPTIONS:
        return list(vocabulary.ids)
    query = st.text_input(
        f"Find among {len(vocabulary):,}", key=key, type="search", live=True, placeholder="A part of an id"
    )
    matches = [vocabulary.ids[position] for position in find(query, vocabulary.ids)]
    if query and not matches:
        st.caption(f"Nothing matches “{for_markdown(query)}”.")
    return list(dict.fromkeys([current, *matches]))


def _surprise(study: Study) -> None:
    popover("Surprise me", ":material/casino:", "_surprise", lambda: _surprises(study), width="stretch")


def _surprises(study: Study) -> None:
    ids = study.dataset.users.ids
    n_train = np.diff(study.run.graph.seen.indptr)
    known = np.flatnonzero(n_train > 0)
    if not len(known):
        st.caption("Nobody has an interaction in the train part.")
        return
    fewest = int(n_train[known].min())

    def go(candidates: Sequence[int] | IntArray) -> None:
        asked = st.session_state["_surprises"] = st.session_state.get("_surprises", 0) + 1
        _open_person(ids[int(np.random.default_rng(asked).choice(np.asarray(candidates)))])

    st.button("Anybody", on_click=go, args=(known,), width="stretch", help="A person drawn at random")
    st.button(
        "Somebody new",
        on_click=go,
        args=(known[n_train[known] == fewest],),
        width="stretch",
        help=f"One of those with the fewest interactions ({fewest})",
    )
    st.button(
        "A list of bestsellers",
        on_click=lambda: go([user for user, _ in ask.popularity_lift(study)[:20]]),
        width="stretch",
        help="Somebody whose list is far more popular than what they chose themselves",
    )
    st.button(
        "The biggest gap",
        on_click=lambda: go(ask.missed(study)[:20] or known),
        width="stretch",
        help="Somebody whose list finds none of the many items that they chose later (the test part)",
    )
