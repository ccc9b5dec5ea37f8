"""Questions that pages put to the library, each remembered by the run's fingerprint and its arguments.

The first argument is not part of the key (its name starts with an underscore); `key` stands for it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from gnnrec_ui.study import Study

SAMPLED_USERS = 2000


def recommendations(study: Study, user_index: int, k: int) -> Any:
    """The list of one person."""
    return _recommendations(study.run, study.key, user_index, k)


def popularity_lift(study: Study) -> list[tuple[int, float]]:
    """(user, how many times more popular the items of the list are than those of the history), largest first.

    Of at most 2,000 people drawn with seed 0; lists of 10.
    """
    return _popularity_lift(study.run, study.key)


@st.cache_resource(max_entries=1000, show_spinner=False)
def _recommendations(_run: Any, key: str, user_index: int, k: int) -> Any:
    from gnnrec_core.recommend import recommend

    return recommend(_run, np.array([user_index]), k)


@st.cache_resource(max_entries=4, show_spinner="Comparing lists with histories …")
def _popularity_lift(_run: Any, key: str) -> list[tuple[int, float]]:
    from gnnrec_core.recommend import recommend

    graph = _run.graph
    users = np.flatnonzero(np.diff(graph.seen.indptr) > 0)
    if len(users) > SAMPLED_USERS:
        users = np.sort(np.random.default_rng(0).choice(users, SAMPLED_USERS, replace=False))
    lists = recommend(_run, users, 10).item_index
    popularity = np.append(graph.popularity, 0)
    shown = popularity[lists].sum(1) / np.maximum(1, (lists >= 0).sum(1))
    had = np.array([popularity[graph.history(int(user))].mean() for user in users])
    lift = shown / had
    order = np.argsort(-lift, kind="stable")[:50]
    return [(int(users[place]), float(lift[place])) for place in order]


def explanation(
    study: Study, user_index: int, item_index: int, method: str, target: str, k: int, **settings: Any
) -> Any:
    """One explanation with its largest parts checked on the changed graph."""
    chosen = tuple(sorted(settings.items()))
    return _explanation(study.run, study.key, user_index, item_index, method, target, k, chosen)


def is_explained(study: Study, user_index: int, item_index: int, method: str, target: str, k: int) -> bool:
    """Whether this session has asked for that (slow) explanation already."""
    return (study.key, user_index, item_index, method, target, k) in st.session_state.get("_asked", set())


def ask_for(study: Study, user_index: int, item_index: int, method: str, target: str, k: int) -> None:
    """Note that somebody wants a slow explanation (for the callback of a button)."""
    st.session_state.setdefault("_asked", set()).add((study.key, user_index, item_index, method, target, k))


def counterfactual(study: Study, user_index: int, item_index: int, k: int) -> Any:
    """The fewest interactions without which the item leaves the list."""
    return _counterfactual(study.run, study.key, user_index, item_index, k)


def why_not(study: Study, user_index: int, item_index: int, k: int) -> Any:
    """Why the item is not in the list, and what would lift it in."""
    return _why_not(study.run, study.key, user_index, item_index, k)


def what_if(study: Study, user_index: int, removed: tuple[int, ...], added: tuple[int, ...], k: int) -> Any:
    """The list without and with some interactions."""
    return _what_if(study.run, study.key, user_index, removed, added, k)


def new_person(study: Study, items: tuple[int, ...], k: int) -> Any:
    """List and ledger for somebody who is not in the data."""
    return _new_person(study.run, study.key, items, k)


def compared(study: Study, other: Study, user_index: int, item_index: int, target: str, k: int) -> Any:
    """One case in two runs."""
    return _compared(study.run, other.run, study.key, other.key, user_index, item_index, target, k)


@st.cache_resource(max_entries=300, show_spinner="Taking the score apart …")
def _explanation(
    _run: Any, key: str, user: int, item: int, method: str, target: Any, k: int, settings: tuple[tuple[str, Any], ...]
) -> Any:
    from gnnrec_core.explain.explaining import explain

    return explain(_run, user, item, method, target, k, dict(settings))


@st.cache_resource(max_entries=200, show_spinner="Trying sets of interactions …")
def _counterfactual(_run: Any, key: str, user: int, item: int, k: int) -> Any:
    from gnnrec_core.explain.counterfactual import find_counterfactual

    return find_counterfactual(_run, user, item, k)


@st.cache_resource(max_entries=200, show_spinner="Looking for what would lift it in …")
def _why_not(_run: Any, key: str, user: int, item: int, k: int) -> Any:
    from gnnrec_core.explain.why_not import why_not

    return why_not(_run, user, item, k)


@st.cache_resource(max_entries=200, show_spinner=False)
def _what_if(_run: Any, key: str, user: int, removed: tuple[int, ...], added: tuple[int, ...], k: int) -> Any:
    from gnnrec_core.explain.what_if import what_if

    return what_if(_run, user, removed, added, k)


@st.cache_resource(max_entries=200, show_spinner=False)
def _new_person(_run: Any, key: str, items: tuple[int, ...], k: int) -> Any:
    from gnnrec_core.fold_in import fold_in

    return fold_in(_run, list(items), k)


@st.cache_resource(max_entries=100, show_spinner="Asking both models …")
def _compared(_run: Any, _other: Any, key: str, other_key: str, user: int, item: int, target: Any, k: int) -> Any:
    from gnnrec_core.explain.comparing import compare_case

    return compare_case(_run, _other, user, item, "ledger", target, k)


def layer_table(study: Study, case: Any) -> Any:
    """What each pair of layers adds to the explained number."""
    from gnnrec_core.explain.layers import layer_table as table

    return table(study.run.model, case)


def measured(study: Study, user_index: int, item_index: int, method: str, target: str, k: int) -> Any:
    """An explanation with its faithfulness panel (about a second of recomputing)."""
    return _measured(study.run, study.key, user_index, item_index, method, target, k)


@st.cache_resource(max_entries=300, show_spinner="Removing and keeping what the method names …")
def _measured(_run: Any, key: str, user: int, item: int, method: str, target: Any, k: int) -> Any:
    from gnnrec_core.explain.explaining import with_faithfulness

    found = _explanation(_run, key, user, item, method, target, k, ())
    return with_faithfulness(_run.model, _run.dataset, found)
