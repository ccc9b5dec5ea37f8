"""Recourse of an item: the fewest added links that bring it into more people's lists, each answer recomputed.

A link is a new reader (an interaction of weight 1) or, where the model's graph has them, an attribute (an edge with the
median weight of its relation) of a kind that an item can have more of (`addable`): some items have several genres, but
each book has its one author, and nobody can give it another. Every told number comes from the model on the graph with
the links: embeddings kept and degrees and attention computed anew ("in this model"), or fitted anew for models whose
training has one outcome ("trained again"). Candidates are ordered by an estimate and checked best first; where there
are few, all single links and all pairs are tried, and the answer is proved to be the fewest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.base import progress
from gnnrec_core.base.errors import RequestError, UnsupportedError
from gnnrec_core.base.registry import did_you_mean
from gnnrec_core.data.dataset import Dataset, IntArray, Relation
from gnnrec_core.explain.scores.linear import Prepared, prepare
from gnnrec_core.models import able
from gnnrec_core.models.history_protocol import HistoryRecommender
from gnnrec_core.models.protocol import PropagationRecommender, RefittingRecommender
from gnnrec_core.ranking.matrix import interaction_matrix
from gnnrec_core.ranking.topk import ScoreBlock
from gnnrec_core.runs.run import Run
from gnnrec_core.whole.items.links import (
    READER,
    Link,
    Trained,
    data_with,
    readers_of,
    scores_on,
    trained_on,
    trained_with,
    with_links,
)
from gnnrec_core.whole.items.rate import RecourseRate, load_rate
from gnnrec_core.whole.items.standing import Standing, n_listed

CHECKED = 16
"""Candidates that are recomputed for each number of links, in small data; fewer where a recomputation is long."""
ALL_PAIRS = 120
NEAR = 200
CONTROLS = 3
Float = NDArray[np.float64]


@dataclass(frozen=True)
class Step:
    """With `links` the item is in `n_after` lists (`n_before` without), recomputed; `control` is the mean over as many
    links drawn at random, each recomputed too. `is_fewest`: every smaller set was tried, and none reached
    the goal."""

    links: tuple[Link, ...]
    n_before: int
    n_after: int
    control: float
    is_fewest: bool


@dataclass(frozen=True)
class Recourse:
    """The best set found of one link, two, ... until `aim` lists hold the item, or `most` links are used.

    `goal` is how many lists are wanted; `aim` is more where an answer is to hold when the model is trained again.
    `rate` says how often answers for other items of the run did; None where that was not measured.
    """

    goal: int
    aim: int
    reached: bool
    steps: tuple[Step, ...]
    level: str
    n_candidates: int
    n_recomputed: int
    trained: Trained | None = None
    rate: RecourseRate | None = None


def recourse(
    run: Run,
    item: int,
    now: Standing,
    more: int = 5,
    most: int = 3,
    seed: int = 0,
    relations: Sequence[str] | None = None,
    trainings: int = 0,
    surely: bool = False,
) -> Recourse:
    """How `item` gets into the lists of `more` more people, with `most` added links at the most.

    Attributes are added of `relations` (default: those that an item can have more of). `trainings` is how many seeds
    the answer is trained again with. `surely` aims at as many more lists as it took for nine in ten other items to gain
    what was wanted when trained again. UnsupportedError where the model can neither be scored on a changed graph nor
    fitted anew; RequestError for a relation that items do not have, and where `surely` has nothing to go by.
    """
    for name, value, least in (("more people", more, 1), ("added links", most, 1), ("trainings", trainings, 0)):
        if value < least:
            raise RequestError(f"{value} {name} cannot be asked for.", f"Choose {least} or more.", value=value)
    world = _World(run, item, now.k)
    known = addable(run.dataset) if relations is None else _known(run.dataset, relations)
    candidates = _candidates(run, item, now, known if world.uses_graph else ())
    before = int(now.listed.sum())
    room = int(now.open.sum()) - before
    rate = load_rate(run) if world.uses_graph else None
    goal = before + min(more, room)
    aim = before + min(_wanted(run, world, rate, before, more) if surely else more, room)
    estimates = _estimates(run, item, now, candidates)
    order = [candidates[place] for place in np.argsort(-estimates, kind="stable")]
    size = run.dataset.n_users * run.dataset.n_items
    n_checked = int(np.clip(3e8 // size, 2, CHECKED))
    rng, steps, best = np.random.default_rng(seed), [], ()
    all_smaller_tried = True  # the empty set is what there is now
    for n in range(1, most + 1):
        sets, all_tried = _sets(order, best, n, n_checked, world)
        if not sets:
            break
        found = max(sets, key=world.count)  # the first of equals: candidates stand in the order of their estimate
        draws = [tuple(order[i] for i in rng.choice(len(order), n, replace=False)) for _ in range(CONTROLS)]
        control = float(np.mean([world.count(draw) for draw in draws]))
        best = max((found, *draws), key=world.count)
        steps.append(Step(best, before, world.count(best), control, all_smaller_tried))
        all_smaller_tried &= all_tried
        progress.report(n, most)
        if steps[-1].n_after >= aim:
            break
    reached = bool(steps) and steps[-1].n_after >= aim
    trained = None
    if trainings and steps:
        with progress.part(1, 2):
            trained = trained_with(run, {item: steps[-1].links}, now.k, trainings)[item]
    n = len(candidates)
    return Recourse(goal, aim, reached, tuple(steps), world.level, n, world.n_recomputed, trained, rate)


def _wanted(run: Run, world: _World, rate: RecourseRate | None, before: int, more: int) -> int:
    """Lists to gain in the model so that `more` are gained when it is trained again."""
    if not world.uses_graph:
        return more  # each answer is a training
    if rate is None:
        raise RequestError(
            f"How often recourse holds when {run.record.model!r} is trained again was not measured for this run.",
            "Measure it first (`calibrate RUN --recourse`), or ask without a margin.",
        )
    return rate.aimed(before, more)


def addable(dataset: Dataset) -> tuple[str, ...]:
    """Relations of items to attributes in which some item has two values or more, so that one more can be given."""
    return tuple(
        relation.name
        for relation in dataset.relations
        if relation.kind == "item-attribute" and np.bincount(_items_of(dataset, relation)).max(initial=0) > 1
    )


def _known(dataset: Dataset, relations: Sequence[str]) -> tuple[str, ...]:
    names = [relation.name for relation in dataset.relations if relation.kind == "item-attribute"]
    for name in relations:
        if name not in names:
            raise RequestError(f"Items have no relation {name!r}.", did_you_mean(name, names), value=name)
    return tuple(relations)


def _items_of(dataset: Dataset, relation: Relation) -> IntArray:
    """The item index of each edge of an item-attribute relation."""
    nodes = np.minimum(relation.source, relation.target)
    found: IntArray = nodes - dataset.n_users
    return found


class _World:
    """The model with links of one item added, and how many lists hold the item then; each set is computed once."""

    def __init__(self, run: Run, item: int, k: int) -> None:
        self.run, self.item, self.k = run, item, k
        self._known: dict[frozenset[Link], int] = {}
        model = run.model
        self.uses_graph = isinstance(model, PropagationRecommender) or (
            isinstance(model, HistoryRecommender) and bool(model.parts_frozen)  # else a link moves its own end alone
        )
        if not self.uses_graph and not isinstance(model, RefittingRecommender):
            raise UnsupportedError(
                f"Links cannot be added for the model {run.record.model!r}: it says nothing about a changed graph.",
                f"Choose a run of {able(PropagationRecommender, RefittingRecommender)}.",
                model=run.record.model,
            )
        self.level = "in this model" if self.uses_graph else "trained again"

    @property
    def n_recomputed(self) -> int:
        return len(self._known)

    def count(self, links: tuple[Link, ...]) -> int:
        """How many lists hold the item with these links."""
        key = frozenset(links)
        if key not in self._known:
            readers = readers_of(links)
            self._known[key] = n_listed(self._scores(links), self.run, self.item, self.k, readers)
        return self._known[key]

    def _scores(self, links: tuple[Link, ...]) -> ScoreBlock:
        if not self.uses_graph:
            return trained_on(self.run, data_with(self.run.dataset, {self.item: links}), self.run.record.seed).score
        return scores_on(self.run.model, with_links(self.run.graph, self.item, links))


def _candidates(run: Run, item: int, now: Standing, relations: Sequence[str]) -> list[Link]:
    """Everybody who does not have the item, and the attributes that it could have."""
    found = [Link(READER, int(user)) for user in np.flatnonzero(now.open)]
    graph, node = run.graph, int(run.graph.item_node(item))
    linked = set(graph.edge_index[1, graph.edge_index[0] == node].tolist())
    first = graph.n_users + graph.n_items
    for relation in run.dataset.relations:
        if relation.name in relations and relation.name in graph.relations:
            nodes = np.unique(relation.target[relation.target >= first])
            found += [Link(relation.name, int(each)) for each in nodes if int(each) not in linked]
    return found


def _sets(
    order: list[Link], best: tuple[Link, ...], n: int, n_checked: int, world: _World
) -> tuple[list[tuple[Link, ...]], bool]:
    """The sets of `n` links that are recomputed, and whether these are all there are."""
    if n == 1:
        return [(link,) for link in order[: max(n_checked, 0)]], len(order) <= n_checked
    if n == 2 and len(order) * (len(order) - 1) // 2 <= ALL_PAIRS and n_checked == CHECKED:
        return list(combinations(order, 2)), True
    if n > len(order):
        return [], False
    grown = [(*best, link) for link in order[: n_checked + n] if link not in best]
    return grown[:n_checked], False


def _estimates(run: Run, item: int, now: Standing, candidates: list[Link]) -> Float:
    """How promising each candidate is `[n]`: an order only, nothing that is told.

    Where the model is a propagation: how many of the nearest people would have the item, to first order, if its row
    alone changed (attention on a link that does not exist yet taken as uniform). Elsewhere a reader is promising whose
    history is like those of the nearest people.
    """
    near = np.flatnonzero(now.open & ~now.listed & np.isfinite(now.gap))
    near = near[np.argsort(now.rank[near], kind="stable")[:NEAR]]
    nodes = np.array([link.node for link in candidates], np.int64)
    if not len(near) or not len(nodes):
        return np.zeros(len(nodes))
    if isinstance(run.model, PropagationRecommender):
        return _linear_estimates(prepare(run.model), item, now, near, nodes, candidates)
    x = interaction_matrix(run.dataset, "train").astype(np.float64)
    wanted = np.asarray(x[near].sum(axis=0)).ravel()
    found: Float = np.zeros(len(nodes))
    readers = nodes < run.dataset.n_users
    size = np.maximum(1.0, np.diff(x.indptr)[nodes[readers]])
    found[readers] = (x[nodes[readers]] @ wanted) / np.sqrt(size)
    return found


def _linear_estimates(
    prepared: Prepared, item: int, now: Standing, near: IntArray, nodes: IntArray, candidates: list[Link]
) -> Float:
    spread, graph = prepared.propagation, prepared.graph
    node = int(graph.item_node(item))
    degree, weights = float(graph.degree[node]), np.ones(len(nodes))
    for name in {link.relation for link in candidates} - {READER}:
        median = np.median(graph.edge_weight[graph.edge_type == graph.relations.index(name)])
        weights[[link.relation == name for link in candidates]] = median
    people = spread.final[near]
    own = spread.layer_weights[0] * spread.embedding[node]
    base, shrinking = people @ own, people @ (spread.final[node] - own)  # [near]
    sent = prepared.sent(nodes) * (weights / np.sqrt((degree + weights) * (graph.degree[nodes] + weights)))[:, None]
    needed = people @ spread.final[node] - now.gap[near]  # the score of the rival
    found = np.zeros(len(nodes))
    step = max(1, 4_000_000 // len(near))
    for start in range(0, len(nodes), step):
        some = slice(start, start + step)
        kept = np.sqrt(degree / (degree + weights[some]))
        lead = base[:, None] + shrinking[:, None] * kept + people @ sent[some].T - needed[:, None]
        scale = float(np.abs(now.gap[near]).mean()) or 1.0
        found[some] = (lead > 0).sum(0) + (1.0 / (1.0 + np.exp(-np.clip(lead / scale, -30, 30)))).mean(0)
    return found
