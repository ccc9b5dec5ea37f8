"""What carries a whole list: the flows of all its items (`bridges`) added up over nodes and over links of the graph.

For a person u and items i of a list, with the flows of each score through a link j and on through a node v:

    matter[j] = sum over i of |ends_i[j]| + sum over i, v of |values_i[j, v]|,  matter[v] = sum over i, j of |values_i|

and a link of the graph carries the signed sum of what passes it: u to j, j to v, and v to i where these are linked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gnnrec_core.data.dataset import Dataset, IntArray
from gnnrec_core.explain.case import make_case
from gnnrec_core.explain.walks.bridges import bridges
from gnnrec_core.graph import RecGraph

Float = NDArray[np.float64]


@dataclass(frozen=True)
class ListFlow:
    """`matter` `[n_nodes]`, unsigned, and `carried` `[n_nodes, n_nodes]` (CSR), signed, both in units of the score;
    `total` is the sum of the scores of the list."""

    matter: Float
    carried: sp.csr_array
    total: float

    def of_edges(self, graph: RecGraph, edges: IntArray) -> Float:
        """What each of these edge columns carries, whichever way."""
        source, target = graph.ends(edges)
        one, other = self.carried[source, target], self.carried[target, source]
        return np.asarray(one, np.float64).ravel() + np.asarray(other, np.float64).ravel()


def list_flow(model: object, dataset: Dataset, graph: RecGraph, user_index: int, items: Sequence[int]) -> ListFlow:
    """The flows of these items of the person's list together. UnsupportedError for a model whose scores have no
    parts."""
    matter, total = np.zeros(graph.n_nodes), 0.0
    ends: list[tuple[IntArray, IntArray, Float]] = []
    for item in items:
        case = make_case(model, dataset, user_index, item, "score", max(1, len(items)))
        found, node = bridges(model, case), int(graph.item_node(item))
        through = np.asarray(abs(found.values).sum(axis=0)).ravel()
        matter[found.links] += np.abs(found.ends) + np.asarray(abs(found.values).sum(axis=1)).ravel()
        matter[found.nodes] += through
        matter[node] += abs(case.explained)
        total += case.explained
        values = sp.coo_array(found.values)
        first = found.ends + np.asarray(found.values.sum(axis=1)).ravel()
        onward = np.asarray(found.values.sum(axis=0), np.float64).ravel()
        ends += [
            (np.full(len(first), user_index), found.links, np.asarray(first, np.float64)),
            (found.links[values.row], found.nodes[values.col], np.asarray(values.data, np.float64)),
            (found.nodes, np.full(len(onward), node), np.asarray(onward, np.float64)),
        ]
    if not ends:
        return ListFlow(matter, sp.csr_array((graph.n_nodes, graph.n_nodes)), total)
    source, target, value = (np.concatenate([part[column] for part in ends]) for column in range(3))
    carried = sp.csr_array((value, (source, target)), (graph.n_nodes, graph.n_nodes))
    return ListFlow(matter, carried, total)
