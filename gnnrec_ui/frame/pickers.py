"""Choose a person, an item, a number: in the URL, quick with tens of thousands of entries."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType
from typing import TypeVar

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from gnnrec_core.base.errors import RequestError
from gnnrec_core.base.text import clean, for_label, for_markdown, for_option
from gnnrec_core.data.dataset import IntArray, Vocabulary
from gnnrec_ui import ask
from gnnrec_ui.frame import forms, recent, serving, state
from gnnrec_ui.frame.popovers import popover
from gnnrec_ui.frame.search import find
from gnnrec_ui.frame.serving import Refused
from gnnrec_ui.frame.study import Study

Name = TypeVar("Name", bound=str)
MOST_PLACES = 50
"""No list on a page is longer."""
MOST_FOUND = 50
MOST_OPTIONS = 1000
"""A menu of more holds some and what is searched for; typing in it asks the server."""


def choose_user(study: Study, label: str = "Person", is_alone: bool = False, ways: DeltaGenerator | None = None) -> int:
    """A person of the dataset, `?user=` in the URL; returns the user index. The ways to others stand beside the menu,
    in `ways`, or (`is_alone`) nowhere."""
    vocabulary = study.dataset.users
    _say_unknown(vocabulary, "user")
    first = state.pinned(("user", study.dataset.fingerprint), lambda: vocabulary.ids[ask.telling_user(study)])
    current = state.follow("user", vocabulary.__contains__, first)
    if is_alone or ways is not None:
        choose, others = st.container(), ways
    else:
        choose, others = st.columns([5, 4], vertical_alignment="bottom")
    with choose:
        chosen = _one_control(label, vocabulary, vocabulary.ids, "user", current, (), clean) or current
    recent.note(study, "user", chosen)
    state.in_hand(user=chosen)
    if others is not None:
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
    chosen = _one_control("The other person", vocabulary, vocabulary.ids, "other_user", current, (), clean, own)
    chosen = chosen or current
    return vocabulary.index(state.settle("other_user", chosen, vocabulary.ids[first]))


def choose_item(
    study: Study,
    listed: Sequence[int],
    label: str = "Item",
    key: str = "item",
    offered: Sequence[int] = (),
    without: int | None = None,
) -> int:
    """An item in one menu: the list of the person first (or what is `offered`), then what was looked at before, then
    any other, but not `without`; `?item=` in the URL; returns the item index."""
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
    before = [dataset.items.index(name) for name in recent.latest(study, "item", current) if name in dataset.items]
    ahead = [ids[index] for index in dict.fromkeys([*listed, *before, *offered])]

    def name_of(name: str) -> str:
        return _item_label(study, name, place, before)

    gone = None if without is None else ids[without]
    chosen = _one_control(label, dataset.items, dataset.titles, key, current, ahead, name_of, gone) or current
    recent.note(study, "item", chosen)
    if key == "item":
        state.in_hand(item=chosen)
    return dataset.items.index(state.settle(key, chosen, default))


def find_one(label: str, vocabulary: Vocabulary, texts: Sequence[str], key: str) -> int | None:
    """One of all by a part of its text or id, `?key=` in the URL; None until something is searched for."""
    is_cleared = key in st.session_state and st.session_state[key] is None and not state.came_from_outside(key)
    current = None if is_cleared else state.follow(key, vocabulary.__contains__, "") or None
    name_of = dict(zip(vocabulary.ids, texts, strict=True)).__getitem__ if len(vocabulary) <= MOST_OPTIONS else None

    def shown(name: str) -> str:
        return name_of(name) if name_of else texts[vocabulary.index(name)] if name in vocabulary else name

    chosen = _one_control(label, vocabulary, texts, key, current, (), shown, may_be_none=True)
    state.settle(key, chosen or "", "")
    return None if chosen is None else vocabulary.index(chosen)


def _one_control(
    label: str,
    vocabulary: Vocabulary,
    texts: Sequence[str],
    key: str,
    current: str | None,
    first: Sequence[str],
    name_of: Callable[[str], str],
    without: str | None = None,
    may_be_none: bool = False,
) -> str | None:
    """A menu in which typing searches, of all but `without`. Of many the menu holds `first` and what was searched for
    last: the nearest match of a text that is typed and sent is chosen, the others stand in the menu."""
    is_many = len(vocabulary) > MOST_OPTIONS
    asked = st.session_state.get(f"_asked_{key}", "") if is_many else ""
    found = [vocabulary.ids[place] for place in find(asked, texts, vocabulary.ids, MOST_FOUND)] if asked else []
    others = (found or vocabulary.ids[:MOST_FOUND]) if is_many else vocabulary.ids
    nearest = found if current in found else ()
    ordered = dict.fromkeys([*nearest, *first, *([current] if current else ()), *others])
    options = [name for name in ordered if name != without]
    st.session_state[key] = current
    chosen = st.selectbox(
        label,
        options,
        index=None if may_be_none else 0,
        key=key,
        format_func=lambda name: for_option(name_of(name) if name in vocabulary else name),
        filter_mode="contains",
        accept_new_options=is_many,
        placeholder="Type a part of a title or id",
        help=f"All {len(vocabulary):,}: type a part of a name and press Enter." if is_many else None,
    )
    if chosen is None or (chosen in vocabulary and chosen != without):
        if asked and (not found or current in found):
            _say_found(asked, len(found))
        return chosen
    matches = [vocabulary.ids[place] for place in find(chosen, texts, vocabulary.ids, 2)]
    st.session_state[f"_asked_{key}"] = chosen
    state.choose(key, next((name for name in matches if name != without), current))
    st.rerun()


def _say_found(asked: str, n: int) -> None:
    if n:
        st.caption(
            f"{n}{' or more' if n == 50 else ''} match “{for_markdown(asked)}”: the menu has them, nearest first."
        )
    else:
        st.caption(f"Nothing matches “{for_markdown(asked)}”.")


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
    label: str,
    options: Mapping[Name, str],
    key: str,
    default: Name | None = None,
    help: str | None = None,
    is_labelled: bool = True,
    refusals: Mapping[str, Refused] = MappingProxyType({}),
) -> Name:
    """One of a few (name to label), the first by default or `default`, `?key=` in the URL; returns the name. Where the
    options say by themselves what is chosen, `is_labelled` False leaves the label to screen readers. The labels are
    shown as typed, so they may come from data. `refusals`, those that cannot be served, are greyed, with a line on why;
    whoever chooses one all the same gets what the page says instead."""
    served = [name for name in options if name not in refusals]
    default = (served or list(options))[0] if default is None else default
    forms.say_gone(state.gone(key, options.__contains__), label, options[default])
    st.session_state[key] = state.follow(key, options.__contains__, default)
    chosen = st.segmented_control(
        label,
        list(options),
        key=key,
        format_func=lambda name: (
            f":gray[:material/block: {for_label(options[name])}]" if name in refusals else for_label(options[name])
        ),
        required=True,
        help=help,
        label_visibility="visible" if is_labelled else "collapsed",
    )
    serving.say_refused(refusals, options)
    state.settle(key, str(chosen), default)
    return next(name for name in options if name == chosen)


def choose_some(label: str, options: Mapping[str, str], key: str, help: str | None = None) -> tuple[str, ...]:
    """Any number of a few (name to label), none at first, `?key=` in the URL; names in the order of `options`."""
    gone = state.gone(key, lambda text: not set(text.split(",")) - {*options, ""})
    if gone is not None:
        asked = for_markdown(gone[:60])
        state.notice(f"{label}: the link asks for “{asked}”, of which something is not here. The rest is shown.")
        state.choose(key, ",".join(state.names(gone, options, len(options))) or None)
    held = state.follow(key, lambda text: not set(text.split(",")) - {*options, ""}, "")
    shown = f"{key}_shown"
    st.session_state[shown] = state.names(held, options, len(options))
    chosen = st.pills(
        label,
        list(options),
        selection_mode="multi",
        key=shown,
        format_func=lambda name: for_label(options[name]),
        help=help,
    )
    names = tuple(name for name in options if name in chosen)
    st.session_state[key] = ",".join(names)
    state.settle(key, ",".join(names), "")
    return names


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


def add_item(key: str, item: int) -> None:
    """Add an item to what `choose_items` holds under `key` (for callbacks)."""
    st.session_state[f"_{key}"] = [*dict.fromkeys([*(st.session_state.get(f"_{key}") or []), item])]


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
