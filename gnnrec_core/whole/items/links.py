"""Links that items do not have yet, readers and attributes: the graph with them, the data, and a training on these."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gnnrec_core.base import progress
from gnnrec_core.data.dataset import SPLITS, Dataset, IntArray, Interactions, Relation
from gnnrec_core.explain.truth.kept_scores import epochs_of
from gnnrec_core.graph import RecGraph
from gnnrec_core.models.protocol import PropagationRecommender, Recommender, RetrainableRecommender
from gnnrec_core.ranking.topk import ScoreBlock
from gnnrec_core.runs.run import Run
from gnnrec_core.runs.training import fit_model
from gnnrec_core.whole.items.standing import n_listed

READER = "interaction"


@dataclass(frozen=True)
class Link:
    """A link to add: `node` is the reader's user index (`relation` "interaction") or the attribute's node."""

    relation: str
    node: int


Added = Mapping[int, tuple[Link, ...]]
"""Links by the item (index) that gets them."""


@dataclass(frozen=True)
class Trained:
    """In how many lists the item is when the model is trained without the links, `n_before` for each of the seeds, and
    with them, `n_after`, by the same random draws. `held` counts the seeds with more lists than before."""

    n_before: tuple[int, ...]
    n_after: tuple[int, ...]

    @property
    def held(self) -> int:
        return sum(after > before for before, after in zip(self.n_before, self.n_after, strict=True))


def readers_of(links: Iterable[Link]) -> IntArray:
    """The user indices of those links that are readers."""
    return np.array([link.node for link in links if link.relation == READER], np.int64)


def with_links(graph: RecGraph, item: int, links: Iterable[Link]) -> RecGraph:
    """The graph with these links of `item`; an attribute's edge has the median weight of its relation."""
    node = int(graph.item_node(item))
    for link in links:
        ends = np.array([link.node]), np.array([node])
        if link.relation == READER:
            graph = graph.with_edges(*ends)
        else:
            place = graph.relations.index(link.relation)
            weight = float(np.median(graph.edge_weight[graph.edge_type == place]))
            graph = graph.with_edges(ends[1], ends[0], place, weight)
    return graph


def scores_on(model: Any, graph: RecGraph) -> ScoreBlock:
    """The model's scores on a changed graph, for blocks of people."""
    if isinstance(model, PropagationRecommender):
        final = model.propagation(graph).final
        items = final[graph.n_users : graph.n_users + graph.n_items].T
        return lambda users: final[users] @ items
    return lambda users: model.score_on(graph, users)


def trained_with(run: Run, added: Added, k: int, n_seeds: int) -> dict[int, Trained]:
    """The model trained with the links of all these items together and without them, for `n_seeds` seeds from the
    run's own on: how many lists hold each of the items."""
    counts: dict[int, list[tuple[int, int]]] = {item: [] for item in added}
    for number in range(n_seeds):
        with progress.part(number, n_seeds):
            pair = _pair(run, added, run.record.seed + number)
        for item, links in added.items():
            before, after = (n_listed(score, run, item, k, readers_of(links)) for score in pair)
            counts[item].append((before, after))
    return {item: Trained(*map(tuple, zip(*pairs, strict=True))) for item, pairs in counts.items()}


def trained_on(run: Run, dataset: Dataset, seed: int) -> Recommender:
    """The run's model trained on other data, with its settings and as many epochs."""
    return _trained(run, type(run.model).create(dataset, run.settings, seed, "cpu"))


def data_with(dataset: Dataset, added: Added) -> Dataset:
    """The dataset with the links: readers in train, attributes in their relations."""
    for item, links in added.items():
        dataset = _with_readers(dataset, item, readers_of(links))
    relations: list[Relation] = []
    for relation in dataset.relations:
        ends = [
            (dataset.n_users + item, link.node)
            for item, links in added.items()
            for link in links
            if link.relation == relation.name
        ]
        items, nodes = np.array(ends, np.int64).reshape(-1, 2).T
        weight = np.full(len(ends), np.median(relation.weight) if len(relation) else 1.0, np.float32)
        both = np.append(relation.source, items), np.append(relation.target, nodes)
        relations.append(Relation(relation.name, relation.kind, *both, np.append(relation.weight, weight)))
    return replace(dataset, relations=tuple(relations))


def _pair(run: Run, added: Added, seed: int) -> tuple[ScoreBlock, ScoreBlock]:
    """Scores after a training without the links and after one with them: the same draws where the model can."""
    kind: Any = type(run.model)
    whole, scored = data_with(run.dataset, added), []
    if isinstance(kind, RetrainableRecommender):
        only = data_with(run.dataset, {item: tuple(_of_readers(links)) for item, links in added.items()})
        for number, (data, rows) in enumerate(((only, _rows(only, added)), (whole, np.zeros(0, np.int64)))):
            with progress.part(number, 2):
                scored.append(_trained(run, kind.create_without(data, run.settings, seed, "cpu", rows)).score)
    else:
        scored = [trained_on(run, data, seed).score for data in (run.dataset, whole)]
    return scored[0], scored[1]


def _trained(run: Run, model: Any) -> Recommender:
    fit_model(model, most=epochs_of(run))
    trained: Recommender = model
    return trained


def _of_readers(links: Iterable[Link]) -> list[Link]:
    return [link for link in links if link.relation == READER]


def _rows(dataset: Dataset, added: Added) -> IntArray:
    """Where the added interactions stand in the dataset that has them."""
    log, found = dataset.interactions, np.zeros(len(dataset.interactions), bool)
    for item, links in added.items():
        found |= (log.item_index == item) & np.isin(log.user_index, readers_of(links))
    return np.flatnonzero(found).astype(np.int64)


def _with_readers(dataset: Dataset, item: int, readers: IntArray) -> Dataset:
    """The dataset with train interactions of `readers` with `item`; who holds it in another part has it in train."""
    old = dataset.interactions
    keep = ~((old.item_index == item) & np.isin(old.user_index, readers))
    n = len(readers)
    columns: dict[str, Any] = {
        "user_index": np.append(old.user_index[keep], readers),
        "item_index": np.append(old.item_index[keep], np.full(n, item)),
        "weight": np.append(old.weight[keep], np.ones(n, np.float32)),
        "split": np.append(old.split[keep], np.full(n, SPLITS.index("train"), np.int8)),
    }
    if old.timestamp is not None:  # new readers come now
        columns["timestamp"] = np.append(old.timestamp[keep], np.full(n, old.timestamp.max()))
    if old.rating is not None:
        columns["rating"] = np.append(old.rating[keep], np.full(n, np.nan, np.float32))
    return replace(dataset, interactions=Interactions(**columns))
