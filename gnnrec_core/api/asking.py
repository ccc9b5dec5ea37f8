"""Verbs that ask a run about people and items: lists, accuracy, explanations, and questions that change the past."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np

from gnnrec_core.api.answers import Answer
from gnnrec_core.api.making import load
from gnnrec_core.api.run import Id
from gnnrec_core.base.errors import RequestError
from gnnrec_core.data.dataset import Dataset, SplitName
from gnnrec_core.explain.explanation import Explanation
from gnnrec_core.explain.questions.why_not import WhyNot
from gnnrec_core.explain.serialise import counterfactual_json, explanation_json, why_not_json
from gnnrec_core.runs.run import Run
from gnnrec_core.views import explanation as views
from gnnrec_core.views import lists as list_views
from gnnrec_core.views.privacy import NameUser

RunLike = Run | str | Path
TOP = 10


def recommend(run: RunLike, *users: Id, k: int = 10) -> Answer:
    """The `k` best items for each of these users that they do not have yet; for everybody where no user is named.

    Rows: user, item, title, score, rank. RequestError for an unknown user or `k` below 1.
    """
    from gnnrec_core.runs import recommend as core

    run = opened(run)
    dataset = run.dataset
    index = np.array([dataset.users.index(str(user)) for user in users] if users else range(dataset.n_users), np.int64)
    lists = core.recommend(run, index, k)
    return Answer(
        f"The best {k} for {_people(users, dataset)}, by {run.name}",
        lists,
        list_views.list_json(lists, dataset),
        lambda: list_views.list_rows(lists, dataset),
        lambda: list_views.list_sections(lists, dataset),
    )


def evaluate(run: RunLike, k: int = 20, split: str = "test", sample_users: int | None = None, seed: int = 0) -> Answer:
    """Accuracy of the lists on held-out interactions, ranked over all items; rows: figure, value, low, high.

    With `sample_users` over so many people, drawn by `seed`, whose intervals say how far all of them may be from that.

    On public data that we know, published figures stand beside them, or a sentence says why they may not.
    """
    from gnnrec_core.data.about.known import published
    from gnnrec_core.runs import recommend as core

    run = opened(run)
    found = core.evaluate(run, k, cast(SplitName, split), sample_users, seed)
    figures = {name: figure.value for name, figure in found.accuracy.items()}
    known = published(run.dataset, k, found.split, {run.name: figures}) if found.sampled_from is None else None
    content = list_views.evaluation_json(found, known)
    return Answer(
        f"Accuracy of {run.name}",
        found,
        content,
        lambda: ({"figure": name, **figure} for name, figure in content["metrics"].items()),
        lambda: list_views.evaluation_sections(found, known),
    )


def explain(
    run: RunLike,
    user: Id,
    item: Id,
    method: str = "ledger",
    target: Literal["score", "margin"] = "score",
    k: int = 10,
    top: int = TOP,
    seed: int = 0,
    faithfulness: bool = False,
    **settings: Any,
) -> Answer:
    """Why this item, for this user, by `method`: its parts, the first `top` recomputed without each.

    `target="margin"` explains the lead over the item at rank k + 1. `settings` are the method's. `faithfulness` adds
    the panel that measures how far to trust it. Rows: kind, label, user, item, value, share, score and rank without it.
    """
    run = opened(run)
    return explained(run, explanation(run, user, item, method, target, k, top, seed, faithfulness, **settings), top)


def explanation(
    run: Run,
    user: Id,
    item: Id,
    method: str,
    target: Literal["score", "margin"],
    k: int,
    top: int,
    seed: int,
    faithfulness: bool,
    **settings: Any,
) -> Explanation:
    """What `explain` answers with, as the library has it."""
    from gnnrec_core.explain import explaining

    user_index, item_index = pair(run.dataset, user, item)
    found = explaining.explain(run, user_index, item_index, method, target, k, settings, seed, check_top=top)
    return explaining.with_faithfulness(run.model, run.dataset, found, seed) if faithfulness else found


def explained(run: Run, found: Explanation, top: int = TOP, name_user: NameUser = str) -> Answer:
    """An explanation as the answer of `explain`; `name_user` says what people are called in its picture."""
    dataset, case = run.dataset, found.case
    return Answer(
        f"Why {dataset.title(case.item_index)} stands at rank {found.rank} for {dataset.users.ids[case.user_index]}, "
        f"by {found.method}{'' if found.exact else ' (not exact)'}",
        found,
        explanation_json(found, dataset, top),
        lambda: views.part_rows(found.contributions),
        lambda: views.explanation_sections(found, dataset, top, _picture(run, found, name_user)),
        (lambda: _waterfall(found, top)) if found.is_additive else None,
        lambda: _explanation_graph(run, found),
    )


def _waterfall(found: Explanation, top: int) -> Any:
    from gnnrec_core.render.charts.explain_charts import waterfall

    return waterfall(found, top)


def _explanation_graph(run: Run, found: Explanation) -> Any:
    from gnnrec_core.render.graph_export import explanation_graph

    return explanation_graph(found, run.graph, run.dataset)


def _picture(run: Run, found: Explanation, name_user: NameUser) -> Any:
    """From the person by way of their links to the item, for a method whose parts sum to the number."""
    from gnnrec_core.explain.walks.bridges import bridges
    from gnnrec_core.views.case_picture import case_picture

    if not (found.is_additive and found.exact):
        return None
    return case_picture(found.case, bridges(run.model, found.case), run.graph, run.dataset, name_user)


def counterfactual(
    run: RunLike,
    user: Id,
    item: Id,
    k: int = 10,
    scope: Literal["own", "readers", "both"] = "own",
    name_user: NameUser = str,
) -> Answer:
    """The fewest interactions (this user's, the item's other readers', or both) without which the item leaves the top
    `k`; rows: user, item, title. Other people are called what `name_user` makes of their ids."""
    from gnnrec_core.explain.questions.both_ends import ends_counterfactual
    from gnnrec_core.explain.questions.counterfactual import find_counterfactual

    run = opened(run)
    user_index, item_index = pair(run.dataset, user, item)
    if scope == "own":
        found = find_counterfactual(run, user_index, item_index, k)
    else:
        found = ends_counterfactual(run, user_index, item_index, k, scope)
    content = {**counterfactual_json(found, run.dataset, run.graph, name_user), "scope": scope}
    title = f"What takes {run.dataset.title(found.case.item_index)} off the list of {user}"
    dataset, graph = run.dataset, run.graph
    return Answer(
        title,
        found,
        content,
        lambda: content["removed"],
        lambda: views.counterfactual_sections(found, dataset, graph, name_user),
    )


def why_not(run: RunLike, user: Id, item: Id, k: int = 10, top: int = TOP) -> Answer:
    """What the item lacks against the last of the list, and the fewest additions that lift it in; rows: its parts."""
    from gnnrec_core.explain.questions import why_not as core

    run = opened(run)
    return not_recommended(run, core.why_not(run, *pair(run.dataset, user, item), k), top)


def not_recommended(run: Run, found: WhyNot, top: int = TOP) -> Answer:
    """What an item lacks, as the answer of `why_not`."""
    dataset, case = run.dataset, found.case
    return Answer(
        f"Why not {dataset.title(case.item_index)}, at rank {case.rank} for {dataset.users.ids[case.user_index]}",
        found,
        why_not_json(found, dataset, top),
        lambda: views.part_rows(found.contrast.contributions),
        lambda: views.why_not_sections(found, dataset, top),
    )


def what_if(run: RunLike, user: Id, remove: Iterable[Id] = (), add: Iterable[Id] = (), k: int = 10) -> Answer:
    """The user's list without some interactions and with others, recomputed; rows: the new list with its old ranks."""
    from gnnrec_core.explain.questions import what_if as core

    run = opened(run)
    dataset = run.dataset
    gone, new = ([dataset.items.index(str(item)) for item in items] for items in (remove, add))
    found = core.what_if(run, dataset.users.index(str(user)), gone, new, k)
    rows = views.what_if_rows(found, dataset)
    content = {
        "user": str(user),
        "removed": [dataset.items.ids[item] for item in gone],
        "added": [dataset.items.ids[item] for item in new],
        "items": list(rows),
        "seconds": found.seconds,
    }
    return Answer(f"What if, for {user}", found, content, lambda: rows, lambda: views.what_if_sections(found, dataset))


def opened(run: RunLike) -> Run:
    """The run itself, or the one in the folder that is named."""
    if isinstance(run, Run):
        return run
    if isinstance(run, (str, Path)):
        return load(run)
    raise RequestError(f"A {type(run).__name__} is not a run.", "Give what gr.fit or gr.load returned, or a folder.")


def pair(dataset: Dataset, user: Id, item: Id) -> tuple[int, int]:
    """Indices of a user and an item by id; RequestError with near ids where one is unknown."""
    return dataset.users.index(str(user)), dataset.items.index(str(item))


def _people(users: tuple[Id, ...], dataset: Dataset) -> str:
    return ", ".join(map(str, users)) if 0 < len(users) <= 3 else f"{len(users) or dataset.n_users:,} users"
