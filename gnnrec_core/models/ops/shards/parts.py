"""Which process has which node: a division that keeps most edges within a part.

The parts are equal in people, in items and in attribute nodes, so that a table takes equally much memory everywhere.
Nodes are first divided where the smoothest directions of the graph divide them (spectral bisection, Pothen et al.
1990). Then nodes of one kind change places in pairs while that brings more of their neighbours into their own part,
one kind after the other (a form of balanced label propagation, Ugander and Backstrom 2013).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gnnrec_core.data.dataset import IntArray
from gnnrec_core.graph import RecGraph
from gnnrec_core.models.ops.filters.low_rank import leading_vectors

ROUNDS = 12
"""Of changing places, at most."""


@dataclass(frozen=True)
class Parts:
    """`owner` `[n_nodes]` is the part (0 .. `n` - 1) of each node, `place` `[n_nodes]` its row there: rows ascend with
    the nodes. `cut` is the share of edges whose ends lie in two parts: 0 (none) to 1, lower is better."""

    n: int
    owner: IntArray
    place: IntArray
    cut: float

    @classmethod
    def of(cls, owner: IntArray, n: int, graph: RecGraph) -> Parts:
        """The parts of a graph whose nodes have these owners."""
        order = np.argsort(owner, kind="stable")
        starts = np.r_[0, np.bincount(owner, minlength=n).cumsum()]
        place = np.empty(len(owner), np.int64)
        place[order] = np.arange(len(owner)) - starts[owner[order]]
        edges = graph.forward
        cut = float((owner[edges.source] != owner[edges.target]).mean()) if len(edges.source) else 0.0
        return cls(n, owner, place, cut)

    def nodes(self, part: int) -> IntArray:
        """The nodes of a part, ascending: row r of its tables is node `nodes(part)[r]`."""
        found: IntArray = np.flatnonzero(self.owner == part)
        return found

    def moved(self, graph: RecGraph) -> IntArray:
        """How many rows each part takes part in moving for one layer `[n]`: rows of others that it needs, and sums over
        its people that it sends. Bounded by twice the items, attributes and friends of other parts."""
        pattern, n_people = graph.adjacency, graph.n_users
        rows = np.repeat(np.arange(graph.n_nodes), np.diff(pattern.indptr))
        far = self.owner[rows] != self.owner[pattern.indices]
        by_person, of_person = rows < n_people, pattern.indices < n_people
        total = np.zeros(self.n, np.int64)
        for chosen in (far & ~(of_person & ~by_person), far & by_person & ~of_person):
            pairs = np.unique(self.owner[rows[chosen]] * graph.n_nodes + pattern.indices[chosen])
            total += np.bincount(pairs // graph.n_nodes, minlength=self.n)
        return total


def divide(graph: RecGraph, n: int, seed: int = 0) -> Parts:
    """The nodes of `graph` in `n` parts; the same for the same `seed`."""
    ends = np.cumsum([0, graph.n_users, graph.n_items, graph.n_attributes])
    kinds = [slice(first, last) for first, last in pairwise(ends.tolist())]
    owner = _bisected(graph, kinds, n, seed)
    pattern = sp.csr_array(
        (np.ones(graph.adjacency.nnz, np.float32), graph.adjacency.indices, graph.adjacency.indptr),
        shape=graph.adjacency.shape,
    )
    blocks = [pattern[kind] for kind in kinds]
    for _ in range(ROUNDS if n > 1 else 0):
        if not sum(_exchange(block, owner, owner[kind], n) for block, kind in zip(blocks, kinds, strict=True)):
            break
    return Parts.of(owner, n, graph)


def _bisected(graph: RecGraph, kinds: list[slice], n: int, seed: int) -> IntArray:
    """Each kind of nodes in equal parts along the smoothest directions that are not constant, one for each prime factor
    of `n`."""
    owner, users, items = np.zeros(graph.n_nodes, np.int64), kinds[0], kinds[1]
    factors = [f for f in range(2, n + 1) if n % f == 0 and all(f % smaller for smaller in range(2, f))]
    split, rest = [], n
    for factor in factors:
        while rest % factor == 0:
            split.append(factor)
            rest //= factor
    block = graph.normalised_adjacency[users, items]
    vectors = leading_vectors(block, len(split) + 1, seed)[:, 1:]
    root = np.sqrt(np.maximum(graph.degree, 1e-12))[:, None]
    along = np.zeros((graph.n_nodes, len(split)))
    along[users], along[items] = (block @ vectors) / root[users], vectors / root[items]
    along[kinds[2]] = graph.normalised_adjacency[kinds[2]] @ along
    for kind in kinds:
        for factor, value in zip(split, along[kind].T, strict=True):
            order = np.lexsort((value, owner[kind]))  # by part, then along the direction
            group = owner[kind][order]
            first = np.searchsorted(group, group, side="left")
            size = np.bincount(group, minlength=n)[group]
            owner[kind][order] = group * factor + (np.arange(len(group)) - first) * factor // np.maximum(size, 1)
    return owner


def _exchange(rows: sp.csr_array, owner: IntArray, own: IntArray, n: int) -> int:
    """Let nodes with the adjacency `rows` and the parts `own` (a view into `owner`) change places in pairs, the pairs
    that gain most first, while both together gain neighbours; how many pairs did."""
    member = sp.csr_array((np.ones(len(owner), np.float32), (np.arange(len(owner)), owner)), shape=(len(owner), n))
    near: NDArray[np.float32] = (rows @ member).toarray()  # [m, n]
    moved = 0
    for one, other in combinations(range(n), 2):
        gain = near[:, other] - near[:, one]
        there, back = np.flatnonzero(own == one), np.flatnonzero(own == other)
        there, back = there[np.argsort(-gain[there], kind="stable")], back[np.argsort(gain[back], kind="stable")]
        both = min(len(there), len(back))
        pairs = int(np.count_nonzero(gain[there[:both]] > gain[back[:both]]))  # they fall: those that gain come first
        own[there[:pairs]], own[back[:pairs]] = other, one
        moved += pairs
    return moved
