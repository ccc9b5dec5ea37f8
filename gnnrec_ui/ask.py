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
