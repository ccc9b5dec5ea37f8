"""A score as flows of three steps: person, own link, who stands between, item. What the picture of a case draws.

    <z_u, t> = own + sum over links j of ( ends[j] + sum over neighbours v of j of values[j, v] )

`own` is what the person's own embedding says. `ends[j]` travels to j and no further (j's own embedding against the
target t), and `values[j, v]` is all that travels by way of j to v and, in models of more layers, on from there:

    values[j, v] = sum_{l >= 2} a_l P_l[u, j] P_{l-1}[j, v] (P_{l-2} ... P_1 E t)[v].
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gnnrec_core.data.dataset import IntArray
from gnnrec_core.explain.explanation import Case
from gnnrec_core.explain.scores.edge_effects import user_ledger
from gnnrec_core.explain.scores.linear import prepare, row_values
from gnnrec_core.explain.scores.scoring import scorer_of
from gnnrec_core.explain.walks.walks import end_values
from gnnrec_core.models.history_protocol import ReaderPathsRecommender
from gnnrec_core.models.ops.propagation import Propagation
from gnnrec_core.models.protocol import PropagationRecommender

Float = NDArray[np.float64]


@dataclass(frozen=True)
class Bridges:
    """Flows in units of the score: own + ends.sum() + values.sum() is the explained number.

    `links` `[n]` are node indices of what the person is linked to, `ends` `[n]` what stops there; `nodes` `[m]` are
    node indices one step further and `values` `[n, m]` (CSR) what comes through them. `beside` names what a model
    carries past all of them.
    """

    own: float
    links: IntArray
    ends: Float
    nodes: IntArray
    values: sp.csr_array
    beside: dict[str, float]


def bridges(model: object, case: Case) -> Bridges:
    """The flows of a case; without a middle for models whose ledger has none. UnsupportedError without a ledger."""
    if isinstance(model, PropagationRecommender):
        prepared = prepare(model)
        final, graph = prepared.propagation.final, prepared.graph
        target = sum(sign * final[graph.item_node(item)] for item, sign in case.signed_items)
        return _of_propagation(prepared.propagation, case.user_index, np.asarray(target))
    graph = scorer_of(model).graph
    if isinstance(model, ReaderPathsRecommender):
        found = model.reader_paths(case.user_index, case.signed_items)
        links, rows = np.unique(graph.item_node(found.items), return_inverse=True)
        nodes, columns = np.unique(found.readers, return_inverse=True)
        values = sp.csr_array((np.asarray(found.values, np.float64), (rows, columns)), (len(links), len(nodes)))
        return Bridges(0.0, links, np.zeros(len(links)), nodes, values, dict(found.beside))
    own, edges, parts = user_ledger(model, case)
    links, rows = np.unique(graph.ends(edges).max(axis=0), return_inverse=True)
    ends = np.bincount(rows, weights=parts, minlength=len(links)).astype(np.float64)
    nothing = sp.csr_array((len(links), 0))
    return Bridges(own, links, ends, np.zeros(0, np.int64), nothing, {})


def _of_propagation(propagation: Propagation, user: int, target: Float) -> Bridges:
    """Row `user` of every operator gives the first step, the rows of its links the second."""
    heads = range(propagation.n_heads)
    weights = propagation.layer_weights
    rows = [operator[[user]].indices for layer in propagation.operators for operator in layer]
    links = np.unique(np.concatenate([np.zeros(0, np.int64), *rows])).astype(np.int64)
    onward = end_values(propagation, target)  # [n_heads, n_nodes]: what is still to come from each node
    own = float(weights[0] * onward[:, user].sum())
    ends, values = np.zeros(len(links)), sp.csr_array((len(links), len(propagation.embedding)))
    for length, layer in enumerate(propagation.operators, start=1):
        for head in heads:
            first = weights[length] * row_values(layer[head], user, links)
            if length == 1:
                ends += first * onward[head, links]
            else:
                second = propagation.operators[length - 2][head][links]
                values = values + sp.diags_array(first) @ second @ sp.diags_array(onward[head])
        if length >= 2:
            below = propagation.operators[length - 2]
            onward = np.stack([below[head] @ onward[head] for head in heads])
    itself = links == user
    own += float(ends[itself].sum() + values[itself].sum())
    values = sp.csr_array(values[~itself])
    nodes = np.unique(values.indices).astype(np.int64)
    return Bridges(own, links[~itself], ends[~itself], nodes, sp.csr_array(values[:, nodes]), {})
