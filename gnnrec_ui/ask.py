"""Questions that pages put to the library, each remembered by the run's fingerprint and its arguments.

The first argument is not part of the key (its name starts with an underscore); `key` stands for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from gnnrec_core.base import progress
from gnnrec_core.base.errors import UnsupportedError
from gnnrec_core.base.text import clean
from gnnrec_core.explain.explanation import Case, Explanation, Target
from gnnrec_ui.frame import privacy
from gnnrec_ui.frame.study import Study
from gnnrec_ui.server.slow_work import Work, line

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gnnrec_core.explain.questions.beside import Beside
    from gnnrec_core.explain.questions.counterfactual import Counterfactual
    from gnnrec_core.explain.questions.what_if import WhatIf
    from gnnrec_core.explain.questions.why_not import WhyNot
    from gnnrec_core.explain.walks.list_flow import ListFlow
    from gnnrec_core.ranking.recommendations import Recommendations
    from gnnrec_core.runs.fold_in import FoldIn
    from gnnrec_core.runs.run import Run
    from gnnrec_core.whole.telling import Telling

Chosen = tuple[tuple[str, Any], ...]
LENGTH = 10
"""Items in a list unless told otherwise; all where there are fewer."""


def recommendations(study: Study, user_index: int, k: int) -> Recommendations:
    """The list of one person."""
    return _recommendations(study.run, study.key, user_index, k)


def chosen_later(study: Study, user_index: int) -> Any:
    """The test items of one person with their ranks, best first."""
    return _chosen_later(study.run, study.key, user_index)


def popularity_lift(study: Study) -> list[tuple[int, float]]:
    """People whose lists are more popular than their histories (`whole.telling.lifted_people`)."""
    return _lifted(study.run, study.key)


def missed(study: Study) -> list[int]:
    """People whose list finds nothing of what they chose later (`whole.telling.missed_people`)."""
    return _missed(study.run, study.key)


def telling(study: Study, kind: str) -> Telling | None:
    """The case of a tour (`whole.telling.find`); None where this run has none."""
    return _telling(study.run, study.key, kind)


def telling_user(study: Study) -> int:
    """Somebody whose first reason can be seen to matter (`whole.telling.first_reason`), else the first person."""
    return _telling_user(study.run, study.key)


@st.cache_resource(max_entries=4, show_spinner="Comparing lists with what people chose …")
def _missed(_run: Run, key: str) -> list[int]:
    from gnnrec_core.whole.telling import missed_people

    return missed_people(_run)


@st.cache_resource(max_entries=4, show_spinner="Comparing lists with histories …")
def _lifted(_run: Run, key: str) -> list[tuple[int, float]]:
    from gnnrec_core.whole.telling import lifted_people

    return lifted_people(_run)


@st.cache_resource(max_entries=48, show_spinner="Looking for such a case …")
def _telling(_run: Run, key: str, kind: str) -> Telling | None:
    from gnnrec_core.whole.telling import find

    return find(_run, kind)


@st.cache_resource(max_entries=8, show_spinner=False)
def _telling_user(_run: Run, key: str) -> int:
    from gnnrec_core.whole.telling import first_reason

    found = first_reason(_run)
    return 0 if found is None else found.user


@st.cache_resource(max_entries=1000, show_spinner=False)
def _recommendations(_run: Run, key: str, user_index: int, k: int) -> Recommendations:
    from gnnrec_core.runs.recommend import recommend

    return recommend(_run, np.array([user_index]), k)


def explanation(
    study: Study, user_index: int, item_index: int, method: str, target: Target, k: int, **settings: Any
) -> Explanation:
    """One explanation with its largest parts checked on the changed graph."""
    chosen = tuple(sorted(settings.items()))
    found = _explanation(study.run, study.key, user_index, item_index, method, target, k, chosen)
    return privacy.shown(study, user_index, found)


def reasons(study: Study, user_index: int, item_index: int, target: Target, k: int) -> Explanation:
    """The ledger of a case, or for a black box what leaving each interaction out does; UnsupportedError where the model
    has neither."""
    try:
        return explanation(study, user_index, item_index, "ledger", target, k)
    except UnsupportedError:  # asked otherwise; where that is refused too, its sentence is the one to read
        return explanation(study, user_index, item_index, "leave_one_out", target, k)


def bridges(study: Study, case: Any) -> Any:
    """The explained number of a case as flows: person, own links, who stands between, item."""
    return _bridges(study.run, study.key, case)


def list_flow(study: Study, user_index: int, items: tuple[int, ...]) -> ListFlow | None:
    """What carries a list, over nodes and links; None where the model's scores have no parts."""
    return _list_flow(study.run, study.key, user_index, items)


def node_names(study: Study, user_index: int) -> list[str]:
    """What every node of the graph is called on a page about that person `[n_nodes]`."""
    names = _node_names(study.run, study.key)
    if privacy.are_ids_shown(study):
        return names
    name = privacy.name_user(study, user_index)
    return [name(raw_id) for raw_id in study.dataset.users.ids] + names[study.dataset.n_users :]


def slow_explanation(
    study: Study, user_index: int, item_index: int, method: str, target: Target, k: int, **settings: Any
) -> Work | None:
    """The explanation by a slow method as work in a thread of its own; None until somebody asks for it."""
    return line().find((study.key, user_index, item_index, method, target, k, *sorted(settings.items())))


def ask_slow(
    study: Study, user_index: int, item_index: int, method: str, target: Target, k: int, settings: dict[str, Any]
) -> None:
    """Begin a slow explanation (for the callback of a button)."""
    from gnnrec_core.explain.explaining import explain

    run = study.run
    key = (study.key, user_index, item_index, method, target, k, *sorted(settings.items()))
    line().ask(key, lambda: explain(run, user_index, item_index, method, target, k, settings))


def measurement(study: Study, found: Sequence[Explanation]) -> Work | None:
    """The faithfulness panels of these explanations of one case as work; None until somebody asks for them."""
    return line().find(_measurement_key(study, found))


def measure(study: Study, found: Sequence[Explanation]) -> None:
    """Begin to measure how far each explanation can be believed (for the callback of a button)."""
    run = study.run
    line().ask(_measurement_key(study, found), lambda: _measured(run, found))


def _measurement_key(study: Study, found: Sequence[Explanation]) -> tuple[Any, ...]:
    told = tuple((each.method, each.narrative, *(part.label for part in each.contributions[:1])) for each in found)
    return ("faithfulness", study.key, found[0].case, told)  # who may see ids gets other words


def _measured(run: Run, found: Sequence[Explanation]) -> list[Explanation]:
    from gnnrec_core.explain.explaining import with_faithfulness
    from gnnrec_core.explain.truth.faithfulness import truth_of

    truth, measured = truth_of(run.model, run.dataset, found[0].case), []
    for number, each in enumerate(found):
        with progress.part(number, len(found)):
            measured.append(with_faithfulness(run.model, run.dataset, each, truth=truth))
    return measured


def forget_explanations() -> None:
    """Have explanations made anew: what was trained again since stands in them."""
    _explanation.clear()


def counterfactual(study: Study, user_index: int, item_index: int, k: int) -> Counterfactual:
    """The fewest interactions without which the item leaves the list."""
    return _counterfactual(study.run, study.key, user_index, item_index, k)


def why_not(study: Study, user_index: int, item_index: int, k: int) -> WhyNot:
    """Why the item is not in the list, and what would lift it in."""
    return _why_not(study.run, study.key, user_index, item_index, k)


def what_if(study: Study, user_index: int, removed: tuple[int, ...], added: tuple[int, ...], k: int) -> WhatIf:
    """The list without and with some interactions."""
    return _what_if(study.run, study.key, user_index, removed, added, k)


def new_person(study: Study, items: tuple[int, ...], k: int) -> FoldIn:
    """List and ledger for somebody who is not in the data."""
    return _new_person(study.run, study.key, items, k)


def beside(study: Study, other: Study, here: tuple[int, int], there: tuple[int, int], k: int) -> Beside:
    """Two cases (person, item) side by side, other people by the names that this visitor may see."""
    from gnnrec_core.explain.questions.beside import of_explanations

    found = _beside(study.run, other.run, study.key, other.key, here, there, k)
    if found.explanations is None or privacy.are_ids_shown(study):
        return found
    told = [privacy.shown(study, pair[0], each) for pair, each in zip((here, there), found.explanations)]
    return of_explanations(found.kind, found.sides, k, (told[0], told[1]), found.reason)


def somebody_alike(study: Study, user_index: int, item_index: int, k: int) -> int:
    """Another person whose list of `k` holds the item too, else the first who has not had it."""
    return _somebody_alike(study.run, study.key, user_index, item_index, k)


@st.cache_resource(max_entries=300, show_spinner="Taking the score apart …")
def _explanation(
    _run: Run,
    key: str,
    user: int,
    item: int,
    method: str,
    target: Target,
    k: int,
    settings: Chosen,
) -> Explanation:
    from gnnrec_core.explain.explaining import explain

    return explain(_run, user, item, method, target, k, dict(settings))


@st.cache_resource(max_entries=200, show_spinner=False, hash_funcs={"gnnrec_core.explain.explanation.Case": repr})
def _bridges(_run: Any, key: str, case: Any) -> Any:
    from gnnrec_core.explain.walks.bridges import bridges

    return bridges(_run.model, case)


@st.cache_resource(max_entries=200, show_spinner="Trying sets of interactions …")
def _counterfactual(_run: Run, key: str, user: int, item: int, k: int) -> Counterfactual:
    from gnnrec_core.explain.questions.counterfactual import find_counterfactual

    return find_counterfactual(_run, user, item, k)


@st.cache_resource(max_entries=200, show_spinner="Looking for what would lift it in …")
def _why_not(_run: Run, key: str, user: int, item: int, k: int) -> WhyNot:
    from gnnrec_core.explain.questions.why_not import why_not

    return why_not(_run, user, item, k)


@st.cache_resource(max_entries=300, show_spinner=False)
def _chosen_later(_run: Any, key: str, user: int) -> Any:
    from gnnrec_core.runs.recommend import chosen_later

    return chosen_later(_run.model, _run.dataset, user)


@st.cache_resource(max_entries=200, show_spinner=False)
def _what_if(_run: Run, key: str, user: int, removed: tuple[int, ...], added: tuple[int, ...], k: int) -> WhatIf:
    from gnnrec_core.explain.questions.what_if import what_if

    return what_if(_run, user, removed, added, k)


@st.cache_resource(max_entries=200, show_spinner=False)
def _new_person(_run: Run, key: str, items: tuple[int, ...], k: int) -> FoldIn:
    from gnnrec_core.runs.fold_in import fold_in

    return fold_in(_run, list(items), k)


@st.cache_resource(max_entries=100, show_spinner="Asking both …")
def _beside(
    _run: Run, _other: Run, key: str, other_key: str, here: tuple[int, int], there: tuple[int, int], k: int
) -> Beside:
    from gnnrec_core.explain.questions.beside import Side
    from gnnrec_core.explain.questions.beside import beside as core

    return core(Side(_run, *here), Side(_run if key == other_key else _other, *there), k)


@st.cache_resource(max_entries=200, show_spinner=False)
def _somebody_alike(_run: Run, key: str, user: int, item: int, k: int) -> int:
    from gnnrec_core.runs.recommend import recommend

    graph = _run.graph
    had = {int(reader) for reader in range(graph.n_users) if item in graph.history(reader)} | {user}
    others = np.array([each for each in range(graph.n_users) if each not in had] or [user])
    some = np.sort(np.random.default_rng(0).permutation(others)[:500])
    holds = (recommend(_run, some, k).item_index == item).any(axis=1)
    return int(some[np.argmax(holds)])


@st.cache_resource(max_entries=100, show_spinner=False)
def _list_flow(_run: Run, key: str, user: int, items: tuple[int, ...]) -> ListFlow | None:
    from gnnrec_core.explain.walks.list_flow import list_flow as flow

    try:
        return flow(_run.model, _run.dataset, _run.graph, user, items)
    except UnsupportedError:
        return None


@st.cache_resource(max_entries=4, show_spinner=False)
def _node_names(_run: Run, key: str) -> list[str]:
    from gnnrec_core.render.network import node_title

    return [clean(node_title(_run.graph, _run.dataset, node)) for node in range(_run.graph.n_nodes)]


def layer_table(study: Study, case: Case) -> NDArray[np.float64]:
    """What each pair of layers adds to the explained number."""
    from gnnrec_core.explain.walks.layer_table import layer_table as table

    return table(study.run.model, case)
