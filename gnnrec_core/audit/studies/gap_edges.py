"""Which interactions carry a gap: the edges whose removal shrinks a group's difference most, each one verified.

A first-order estimate on a smooth stand-in for the metric picks candidates; then each is taken out of the graph,
degrees (and attention) are computed anew, everybody is ranked again, and the real difference is measured. Only that is
reported.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gnnrec_core.audit.evidence import Evidence
from gnnrec_core.audit.gate import gate_of
from gnnrec_core.audit.groups import Grouping
from gnnrec_core.audit.metrics import Metric, find_metric
from gnnrec_core.audit.sources import evidence_of, ranked
from gnnrec_core.base import progress
from gnnrec_core.base.errors import RequestError, UnsupportedError
from gnnrec_core.base.registry import did_you_mean
from gnnrec_core.data.dataset import Dataset, IntArray, SplitName
from gnnrec_core.graph import RecGraph
from gnnrec_core.models import able
from gnnrec_core.models.ops.propagation import Propagation
from gnnrec_core.models.protocol import PropagationRecommender
from gnnrec_core.runs.run import Run

Matrix = NDArray[np.float64]
BUNDLES = (10, 50, 200)
MOST_PAIRS = 40_000_000
"""Users x items up to which everybody is ranked again for every edge (about a second each)."""


@dataclass(frozen=True)
class GapEdge:
    """One interaction; `gap_without` is the difference measured on the graph without it, `change` its shrinkage.

    `change` = |gap| - |gap without|: above 0, the interaction carries some of the gap. `estimate` is the first-order
    guess that picked it, in units of the stand-in (not of the metric).
    """

    edge: int
    user: str
    item: str
    title: str
    estimate: float
    gap_without: float
    change: float


@dataclass(frozen=True)
class Bundle:
    """The `n` interactions with the strongest estimates taken out together: the gap, and both sides of it, measured.

    Look at the sides: a gap can also shrink because the others are served worse.
    """

    n: int
    gap_without: float
    group_without: float
    rest_without: float


@dataclass(frozen=True)
class GapEdges:
    """The verified edges, most shrinkage first, and what happens without all of those that shrink the gap together.

    `group_value`, `rest_value` are the figures of the two sides on the whole graph. `bundles` are larger sets, verified
    as sets: one interaction alone rarely moves the mean of a group.
    """

    metric: str
    group: str
    gap: float
    group_value: float
    rest_value: float
    edges: tuple[GapEdge, ...]
    n_checked: int
    together: int
    gap_without_all: float
    bundles: tuple[Bundle, ...]


def gap_edges(
    run: Run,
    grouping: Grouping,
    group: str,
    metric: str = "ndcg",
    k: int = 20,
    n_checked: int = 60,
    split: SplitName = "test",
    min_group_size: int = 10,
    name_user: Callable[[str], str] = str,
) -> GapEdges:
    """Check `n_checked` interactions for what they do to group minus rest of a per-user accuracy metric.

    Raises UnsupportedError for a model that does not propagate or data too large to rank again for every edge,
    RequestError for an unknown group, and for one that the gate does not let through. `name_user` says what each person
    is called in the answer.
    """
    member = _member(grouping, group)
    _check(run)
    measure = _Measure(run, member, find_metric(metric), k, split)
    gap, evidence = measure.without(np.zeros(0, dtype=np.int64))
    _check_shown(run.dataset, grouping, group, measure.metric.parts(evidence)[1] > 0, min_group_size)
    estimate = first_order(run.model.propagation(), run.graph, evidence, member)
    ranking = np.argsort(estimate * np.sign(gap), kind="stable")
    checked = [(int(edge), measure.without(np.array([edge]))[0]) for edge in ranking[:n_checked]]
    useful = [edge for edge, without in checked if abs(without) < abs(gap) - 1e-12]
    found = [_edge(run, run.graph, edge, float(estimate[edge]), gap, without, name_user) for edge, without in checked]
    return GapEdges(
        metric,
        group,
        gap,
        *measure.sides(evidence),
        tuple(sorted(found, key=lambda entry: -entry.change)),
        len(checked),
        len(useful),
        measure.without(np.array(useful, dtype=np.int64))[0] if useful else gap,
        tuple(measure.bundle(ranking[:n]) for n in BUNDLES if n <= len(ranking)),
    )


@dataclass(frozen=True)
class _Measure:
    """Group minus rest of a metric on changed graphs, everybody ranked again."""

    run: Run
    member: NDArray[np.bool_]
    metric: Metric
    k: int
    split: SplitName

    def without(self, edges: IntArray) -> tuple[float, Evidence]:
        """The gap without these edges, and the lists that it is of."""
        progress.check()
        run, graph = self.run, self.run.graph
        propagation = run.model.propagation(graph.without(edges) if len(edges) else graph)
        lists = ranked(run.dataset, _scores(propagation, run.dataset.n_items), self.k, self.split)
        evidence = evidence_of(run.dataset, lists, self.split)
        return _gap(self.metric.parts(evidence), self.member), evidence

    def sides(self, evidence: Evidence) -> tuple[float, float]:
        """The figure of the group, and that of the rest."""
        return _sides(self.metric.parts(evidence), self.member)

    def bundle(self, edges: IntArray) -> Bundle:
        """What taking all of these edges out does."""
        without, changed = self.without(edges)
        return Bundle(len(edges), without, *self.sides(changed))


def _check(run: Run) -> None:
    """UnsupportedError where no edge can be taken out, or only one in hours."""
    if not isinstance(run.model, PropagationRecommender):
        raise UnsupportedError(
            f"{run.record.model} has no edges to take out.", f"Choose a run of {able(PropagationRecommender)}."
        )
    if run.dataset.n_users * run.dataset.n_items > MOST_PAIRS:
        raise UnsupportedError(
            f"Ranking {run.dataset.n_users:,} users again for every edge would take too long.",
            "Try a smaller part of the data.",
        )


def _check_shown(
    dataset: Dataset, grouping: Grouping, group: str, counted: NDArray[np.bool_], min_group_size: int
) -> None:
    """RequestError where the gate does not let the group through, or none of it is judged."""
    shown = gate_of(dataset, min_group_size).shown(grouping, counted, min_group_size)
    if not shown[grouping.labels.index(group)] or not (_member(grouping, group) & counted).any():
        raise RequestError(
            f"The group {group!r} is not shown: it or its rest has fewer than {min_group_size} people with held-out "
            "items, or would let such a group be worked out.",
            "Choose another group.",
            value=group,
        )


def first_order(
    propagation: Propagation, graph: RecGraph, evidence: Evidence, member: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Estimated change of (group minus rest) when each interaction is removed `[n interactions of the graph]`.

    The stand-in: for each held-out item, the logistic of its lead over the item at rank k in units of the spread of the
    list's scores, averaged over the user's held-out items. Its slope is carried back through the layers; degrees change
    with an edge where the operator is the symmetric normalisation, attention is held fixed.
    """
    slope = _slope(propagation, evidence, member)
    edges = np.flatnonzero(graph.edge_type[: graph.n_edges // 2] == 0)
    ends = graph.edge_index[:, edges]
    total = np.zeros(len(edges))
    by_node = np.zeros(graph.n_nodes)
    back = propagation.layer_weights[-1] * slope
    for layer in range(propagation.n_layers, 0, -1):
        carried = np.zeros_like(back)
        for head, operator in enumerate(propagation.operators[layer - 1]):
            columns = propagation.head_columns(head)
            before = propagation.layers[layer - 1][:, columns].astype(np.float64)
            for rows, others in ((ends[0], ends[1]), (ends[1], ends[0])):
                sensitivity = np.einsum("ed,ed->e", back[rows][:, columns], before[others])
                total -= _entries(operator, rows, others) * sensitivity
            if propagation.symmetric:
                forward = np.einsum("nd,nd->n", back[:, columns], np.asarray(operator @ before))
                backward = np.einsum("nd,nd->n", np.asarray(operator.T @ back[:, columns]), before)
                by_node += forward + backward
            carried[:, columns] = operator.T @ back[:, columns]
        back = propagation.layer_weights[layer - 1] * slope + carried
    share = graph.edge_weight[edges].astype(np.float64)
    for end in ends:
        total += 0.5 * by_node[end] * share / np.maximum(graph.degree[end], 1e-12)
    result = np.zeros(graph.n_edges // 2)
    result[edges] = total
    return result[: int(edges.max()) + 1] if len(edges) else result[:0]


def _slope(propagation: Propagation, evidence: Evidence, member: NDArray[np.bool_]) -> Matrix:
    """Derivative of the stand-in by the final embeddings `[n_nodes, d]`."""
    final, n_users = propagation.final.astype(np.float64), propagation.n_users
    evaluable = evidence.evaluable & (evidence.n_shown == evidence.k)
    weight = np.where(member, 1.0 / max(1, (member & evaluable).sum()), -1.0 / max(1, (~member & evaluable).sum()))
    pairs = sp.coo_array(evidence.relevant)
    keep = evaluable[pairs.row]
    users, items = pairs.row[keep], pairs.col[keep]
    last = evidence.items[users, -1]
    spread = np.maximum(evidence.lists.score.astype(np.float64).std(1), 1e-9)[users]
    lead = np.einsum("pd,pd->p", final[users], final[n_users + items] - final[n_users + last]) / spread
    chance = 1.0 / (1.0 + np.exp(-np.clip(lead, -50, 50)))
    slope = weight[users] / evidence.n_relevant[users] * chance * (1 - chance) / spread
    nodes = np.concatenate([users, n_users + items, n_users + last])
    others = (final[n_users + items] - final[n_users + last], final[users], -final[users])
    values = np.concatenate([slope[:, None] * part for part in others])
    adder = sp.csr_array((np.ones(len(nodes)), (nodes, np.arange(len(nodes)))), shape=(len(final), len(nodes)))
    return np.asarray(adder @ values)


def _entries(operator: sp.csr_array, rows: IntArray, columns: IntArray) -> Matrix:
    """operator[rows[e], columns[e]]; 0 where nothing is stored."""
    width = operator.shape[1]
    known = np.repeat(np.arange(operator.shape[0]), np.diff(operator.indptr)) * width + operator.indices
    order = np.argsort(known, kind="stable")
    place = np.searchsorted(known, rows * width + columns, sorter=order)
    chosen = order[np.minimum(place, len(order) - 1)]
    return np.where(known[chosen] == rows * width + columns, operator.data[chosen], 0.0)


def _scores(propagation: Propagation, n_items: int) -> Callable[[IntArray], NDArray[Any]]:
    final, n_users = propagation.final, propagation.n_users

    def score(users: IntArray) -> NDArray[Any]:
        return np.asarray(final[users] @ final[n_users : n_users + n_items].T)

    return score


def _gap(parts: tuple[Matrix, Matrix], member: NDArray[np.bool_]) -> float:
    own, rest = _sides(parts, member)
    return own - rest


def _sides(parts: tuple[Matrix, Matrix], member: NDArray[np.bool_]) -> tuple[float, float]:
    top, bottom = parts
    return float(top[member].sum() / bottom[member].sum()), float(top[~member].sum() / bottom[~member].sum())


def _member(grouping: Grouping, group: str) -> NDArray[np.bool_]:
    if group not in grouping.labels:
        raise RequestError(f"There is no group {group!r}.", did_you_mean(group, grouping.labels), value=group)
    return np.asarray(grouping.member[:, grouping.labels.index(group)])


def _edge(
    run: Run, graph: RecGraph, edge: int, estimate: float, gap: float, without: float, name_user: Callable[[str], str]
) -> GapEdge:
    user, item = int(graph.edge_index[0, edge]), int(graph.edge_index[1, edge]) - graph.n_users
    dataset = run.dataset
    return GapEdge(
        edge,
        name_user(dataset.users.ids[user]),
        dataset.items.ids[item],
        dataset.title(item),
        estimate,
        without,
        abs(gap) - abs(without),
    )
