"""What a run and its data know of the people in an experiment's log: groups, covariates, features of their lists."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gnnrec_core.audit.gate import gate_of
from gnnrec_core.audit.groups import available_groupings, group_users
from gnnrec_core.base import progress
from gnnrec_core.base.errors import UnsupportedError
from gnnrec_core.data.dataset import IntArray
from gnnrec_core.decide.ab.log import ExposureLog, known_column
from gnnrec_core.decide.ab.parts_of_people import PeopleGroups, Traits
from gnnrec_core.decide.reasons import attributes
from gnnrec_core.explain.scores.scoring import scorer_of
from gnnrec_core.graph import INTERACTION
from gnnrec_core.ranking.matrix import interaction_matrix
from gnnrec_core.runs.recommend import recommend
from gnnrec_core.runs.run import Run

Values = NDArray[np.float64]
COVARIATES = ("interactions (log)", "mean score of the list", "mean popularity of the list (log)")
MOST_LABELS = 60
"""Labels of one attribute whose part in the effect is asked for, the most frequent first."""


def traits_of(log: ExposureLog, columns: Sequence[str] = (), run: Run | None = None, k: int = 20) -> Traits:
    """Groups by `columns` of the log; with `run` also those of its data, three covariates, and what carries the lists.

    People of the log who are not in the run's data are in none of its groups, and their covariates are unknown.
    """
    own = tuple(groups_by(log, name) for name in columns)
    if run is None:
        return Traits(own)
    known, index = _in_data(log, run)
    before = np.full((log.n, len(COVARIATES)), np.nan)
    before[known] = covariates(run, index, k)
    names, features = carried(run, index, k)
    values = np.zeros((log.n, len(names)))
    values[known] = features
    return Traits((*own, *_of_data(log, run, known, index)), before, COVARIATES, values, names)


def groups_by(log: ExposureLog, name: str) -> PeopleGroups:
    """People by the first value of a column of the log; empty is no group."""
    column = log.table[known_column(log.table, name)].cast(pl.Utf8).fill_null("")
    first = np.full(log.n, "", dtype=object)
    first[log.row_person[::-1]] = column.to_numpy()[::-1]
    labels = tuple(sorted(set(first.tolist()) - {""}))
    return PeopleGroups(name, labels, np.stack([first == label for label in labels], axis=1) if labels
                        else np.zeros((log.n, 0), bool))  # fmt: skip


def _in_data(log: ExposureLog, run: Run) -> tuple[NDArray[np.bool_], IntArray]:
    users = run.dataset.users
    found = [users.index(person) if person in users else -1 for person in log.people]
    index = np.array(found, np.int64)
    return index >= 0, index[index >= 0]


def _of_data(log: ExposureLog, run: Run, known: NDArray[np.bool_], index: IntArray) -> tuple[PeopleGroups, ...]:
    """The groupings of the run's data, of which the data's gate lets through what it does for these people."""
    counted = np.zeros(run.dataset.n_users, bool)
    counted[index] = True
    gate, found = gate_of(run.dataset), []
    for choice in available_groupings(run.dataset):
        grouping = group_users(run.dataset, choice.name)
        member = np.zeros((log.n, len(grouping.labels)), bool)
        member[known] = grouping.member[index]
        found.append(PeopleGroups(choice.name, grouping.labels, member, gate.shown(grouping, counted)))
    return tuple(found)


def covariates(run: Run, index: IntArray, k: int) -> Values:
    """`COVARIATES` of these people `[n, 3]`: known before the experiment, and likely to go with its outcome."""
    dataset = run.dataset
    history = np.diff(interaction_matrix(dataset, "train").indptr)[index]
    lists = recommend(run, index, min(k, dataset.n_items))
    shown = np.isfinite(lists.score) & (lists.item_index >= 0)
    score = np.where(shown, lists.score, 0.0).sum(1) / np.maximum(shown.sum(1), 1)
    popularity = np.log1p(run.graph.popularity.astype(np.float64))[np.maximum(lists.item_index, 0)]
    popular = np.where(shown, popularity, 0.0).sum(1) / np.maximum(shown.sum(1), 1)
    return np.stack([np.log1p(history), score, popular], axis=1)


def carried(run: Run, index: IntArray, k: int) -> tuple[tuple[str, ...], Values]:
    """How much of each person's list is carried by interactions with items of each label: by the ledger, summed over
    the list and over the sum of all |parts|; by the history alone where the score has no parts. Names, `[n, m]`."""
    dataset = run.dataset
    items = _list_ledger(run, index, k)
    names, columns = [], []
    for labels in attributes(dataset):
        values = np.asarray(items @ labels.shares)
        order = np.sort(np.argsort(-(values != 0).sum(0), kind="stable")[:MOST_LABELS])
        names += [f"{labels.name}: {labels.labels[place]}" for place in order]
        columns.append(values[:, order])
    return tuple(names), np.concatenate(columns, axis=1) if columns else np.zeros((len(index), 0))


def _list_ledger(run: Run, index: IntArray, k: int) -> Values:
    """What each item of the history carries of the list `[n, n_items]`, |rows| summing to 1."""
    dataset = run.dataset
    try:
        scorer = scorer_of(run.model)
    except UnsupportedError:
        history = interaction_matrix(dataset, "train")[index].astype(np.float64).toarray()
        return np.asarray(history / np.maximum(history.sum(1, keepdims=True), 1.0))
    lists = recommend(run, index, min(k, dataset.n_items)).item_index
    result = np.zeros((len(index), dataset.n_items))
    for row, user in enumerate(index.tolist()):
        progress.report(row, len(index))
        part = scorer.parts(user, lists[row][lists[row] >= 0])
        graph, total = scorer.graph, part.values.sum(1)
        kept = graph.kinds(part.edges) == graph.relations.index(INTERACTION)
        np.add.at(result[row], graph.targets(part.edges[kept]) - graph.n_users, total[kept])
    scale = np.abs(result).sum(1, keepdims=True)
    return np.asarray(np.divide(result, scale, out=np.zeros_like(result), where=scale > 0))
