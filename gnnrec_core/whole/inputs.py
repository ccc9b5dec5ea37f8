"""The inputs of a model, and its scores without each: what `parameters` removes.

An input says in words what was removed. Its scores are the model's own with that input gone, nothing trained again:
embeddings, and weights between items, stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gnnrec_core.data.dataset import NO_TIME, Dataset, IntArray
from gnnrec_core.explain.scores.linear import Float, Prepared, prepare
from gnnrec_core.graph import INTERACTION, RecGraph
from gnnrec_core.models import MODELS
from gnnrec_core.models.history_protocol import HistoryRecommender
from gnnrec_core.models.protocol import PropagationRecommender, RefittingRecommender, RelationRecommender
from gnnrec_core.ranking.topk import ScoreBlock
from gnnrec_core.runs.run import Run
from gnnrec_core.whole.items.links import scores_on
from gnnrec_core.whole.sums.ledgers import entries_at, shares_of_parallel

THIRDS = ("oldest", "middle", "newest")
BLOCK = 1024


@dataclass(frozen=True)
class Input:
    """One input: `score` without it, or None and a sentence that says `why` there is none.

    Then `is_used` is False where the model does not read it at all, and `leaves_none` True where no list is left
    without it; else nothing is known.
    """

    name: str
    definition: str
    score: ScoreBlock | None
    why: str = ""
    is_used: bool = True
    leaves_none: bool = False


def inputs_of(run: Run) -> Iterator[Input]:
    """The inputs of the run's model, those that it does not use too."""
    if isinstance(run.model, PropagationRecommender):
        yield from _of_propagation(run, prepare(run.model))
    elif isinstance(run.model, HistoryRecommender) and not run.model.parts_frozen:
        yield from _of_history(run)
    yield from _side_inputs(run)
    yield _popularity(run)


def _of_propagation(run: Run, prepared: Prepared) -> Iterator[Input]:
    spread, n, m = prepared.propagation, run.dataset.n_users, run.dataset.n_items
    final, embedding = spread.final, spread.embedding
    items = final[n : n + m]
    for name, definition, edges in history_parts(run.dataset, run.graph):
        yield Input(name, definition, _dot(final[:n] - message_sums(prepared, edges), items))
    own = spread.layer_weights[0] * embedding[:n] + _loops(prepared)
    yield Input(
        "learned taste",
        "what training has put into the person's own row, which none of their links brings",
        _dot(final[:n] - own, items),
    )
    if spread.n_layers:
        first = spread.layer_weights[0] * embedding + spread.layer_weights[1] * _first_step(prepared)
        yield Input(
            "other people's behaviour",
            "all walks of more than one step: people are their row and the rows of what they have, items their own row",
            _dot(first[:n], embedding[n : n + m]),
        )


def _of_history(run: Run) -> Iterator[Input]:
    for name, definition, edges in history_parts(run.dataset, run.graph):
        changed = run.graph.without(edges)
        yield Input(name, definition, _on(run.model, changed))
    if isinstance(run.model, RefittingRecommender):  # else nobody here knows where the weights come from
        yield Input(
            "other people's behaviour",
            "the weights between items, all of which are counted from everybody's interactions",
            None,
            "Without it there is no list: every weight between two items comes from what people have.",
            leaves_none=True,
        )
    yield Input("learned taste", "a row of numbers for each person", None, "The model learns none.", is_used=False)


def _on(model: Any, graph: RecGraph) -> ScoreBlock:
    return lambda users: model.score_on(graph, users)


def _side_inputs(run: Run) -> Iterator[Input]:
    """Friends, attributes and other side edges, by relation."""
    reads_graphs = run.record.model in MODELS or isinstance(run.model, (PropagationRecommender, HistoryRecommender))
    for relation in run.dataset.relations:
        if relation.kind == "user-item":
            continue
        ends = {"user-user": "links between people", "item-item": "links between items"}
        definition = f"the relation {relation.name} ({ends.get(relation.kind, 'attributes as nodes of the graph')})"
        name = f"{relation.name} links" if relation.kind in ends else f"attribute {relation.name}"
        graph = run.graph
        if not reads_graphs:
            yield Input(name, definition, None, "Whether the lists rest on it cannot be told: only they are known.")
            continue
        if isinstance(run.model, RelationRecommender) and relation.name in run.model.relations_read():
            yield Input(name, definition, run.model.without_relation(relation.name).score)
            continue
        if relation.name not in graph.relations:
            yield Input(name, definition, None, "The model does not read it.", is_used=False)
            continue
        edges = np.flatnonzero(graph.edge_type[: graph.n_edges // 2] == graph.relations.index(relation.name))
        yield Input(name, definition, scores_on(run.model, graph.without(edges)))


def _popularity(run: Run) -> Input:
    """Every item's score less its mean over all people: what everybody gets alike is gone."""
    mean = np.zeros(run.dataset.n_items)
    for start in range(0, run.dataset.n_users, BLOCK):
        users = np.arange(start, min(start + BLOCK, run.dataset.n_users))
        mean += np.asarray(run.model.score(users), np.float64).sum(axis=0)
    mean /= run.dataset.n_users
    definition = "what an item gets from everybody alike: its mean score over all people is taken off"
    if not np.isfinite(mean).all():
        return Input("popularity", definition, None, "The model knows no score of items outside its lists.")
    return Input("popularity", definition, lambda users: np.asarray(run.model.score(users), np.float64) - mean)


def history_parts(dataset: Dataset, graph: RecGraph) -> Iterator[tuple[str, str, IntArray]]:
    """(name, definition, edge columns from user to item): the whole own history, and its thirds by age."""
    half = graph.n_edges // 2
    own = np.flatnonzero(graph.edge_type[:half] == graph.relations.index(INTERACTION))
    yield "own history", "all train interactions of the person, in their own row only", own
    times = dataset.interactions.timestamp
    if times is None or not (times[graph.edge_interaction[own]] != NO_TIME).any():
        return
    user, when = graph.edge_index[0, own], times[graph.edge_interaction[own]]
    order = np.lexsort((when, user))
    counts = np.bincount(user, minlength=graph.n_users)
    place = np.arange(len(own)) - np.repeat(np.cumsum(counts) - counts, counts)
    third = np.minimum(2, 3 * place // np.maximum(1, np.repeat(counts, counts)))
    for number, name in enumerate(THIRDS):
        definition = f"the {name} third of the person's train interactions, in their own row only"
        yield f"own history, {name} third", definition, own[order[third == number]]


def message_sums(prepared: Prepared, edges: IntArray) -> Float:
    """What `edges` (columns from a user) bring to the embeddings of the people they start at `[n_users, d]`."""
    spread, graph = prepared.propagation, prepared.graph
    everybody = np.arange(graph.n_users)
    ends, weight = graph.edge_index[:, edges], graph.edge_weight[edges].astype(np.float64)
    owner, other = ends
    share = _share_among_all(prepared, edges, weight)
    result = np.zeros((graph.n_users, spread.embedding.shape[1]))
    for layer, heads in enumerate(spread.operators):
        for head, operator in enumerate(heads):
            columns = spread.head_columns(head)
            entries = spread.layer_weights[layer + 1] * share * entries_at(operator, everybody, owner, other)
            matrix = sp.csr_array((entries, (owner, other)), shape=(graph.n_users, graph.n_nodes))
            result[:, columns] += matrix @ spread.layers[layer][:, columns]
    return result


def _share_among_all(prepared: Prepared, edges: IntArray, weight: Float) -> Float:
    """Weight of each edge among all parallel ones of the graph."""
    graph = prepared.graph
    owner, other = graph.edge_index
    every = shares_of_parallel(graph.n_nodes, owner, other, graph.edge_weight.astype(np.float64))
    return every[edges]


def _loops(prepared: Prepared) -> Float:
    """What people send themselves through self-loops `[n_users, d]`; zeros where an operator has none."""
    spread, n = prepared.propagation, prepared.graph.n_users
    result = np.zeros((n, spread.embedding.shape[1]))
    for layer, heads in enumerate(spread.operators):
        for head, operator in enumerate(heads):
            columns = spread.head_columns(head)
            loop = operator.diagonal()[:n, None]
            result[:, columns] += spread.layer_weights[layer + 1] * loop * spread.layers[layer][:n, columns]
    return result


def _first_step(prepared: Prepared) -> NDArray[Any]:
    """P_1 E `[n_nodes, d]`."""
    return prepared.propagation.layers[1]


def _dot(people: Float, items: Float) -> ScoreBlock:
    wide = items.T.copy()
    return lambda users: people[users] @ wide
