"""Models that are nothing but a propagation with random numbers: like LightGCN's, and with everything at once."""

from dataclasses import replace
from functools import cached_property

import numpy as np
import scipy.sparse as sp

from gnnrec_core.data.dataset import Relation
from gnnrec_core.explain.case import make_case
from gnnrec_core.explain.scores.linear import prepare
from gnnrec_core.graph import build_graph
from gnnrec_core.models.ops.propagation import Propagation
from tests.worlds import random_dataset

SCORE, MARGIN, SEEN = "score", "margin", "an item that the user has read"
CASES = (SCORE, MARGIN, SEEN)
USER = 3


class LinearModel:
    """Embeddings drawn from a seed on a dataset's graph; degrees are counted anew on a changed graph."""

    name = "linear"

    def __init__(self, dataset, n_layers=3, seed=0, dim=8):
        self.dataset, self.graph, self.n_layers = dataset, build_graph(dataset), n_layers
        rng = np.random.default_rng(seed)
        self.embedding = rng.normal(size=(self.graph.n_nodes, dim)).astype(np.float32)
        self.weights = np.full(n_layers + 1, 1 / (n_layers + 1))

    def propagation(self, graph=None):
        operator = (graph or self.graph).normalised_adjacency
        return Propagation(
            self.graph.n_users, self.embedding, self.weights, ((operator,),) * self.n_layers, symmetric=True
        )

    def score(self, users):
        final = self.propagation().final
        start = self.graph.n_users
        return (final[users] @ final[start : start + self.graph.n_items].T).astype(np.float32)

    @cached_property
    def prepared(self):
        return prepare(self)

    def case(self, kind=SCORE, user=USER):
        """A case whose score is the float64 one, so that completeness can be held to rounding."""
        spread, history = self.prepared.propagation, self.graph.history(user)
        unseen = np.setdiff1d(np.arange(self.graph.n_items), history)
        item = int(history[0]) if kind == SEEN else int(unseen[np.argsort(-spread.score(user, unseen))[1]])
        case = make_case(self, self.dataset, user, item, "margin" if kind == MARGIN else "score", 5)
        reference = case.reference_item
        return replace(
            case,
            score=float(spread.score(user, item)),
            reference_score=0.0 if reference is None else float(spread.score(user, reference)),
        )


def random_model(n_layers=3, seed=0, side_edges=False):
    """A LightGCN-like model with random embeddings."""
    return LinearModel(random_dataset(side_edges=side_edges), n_layers, seed)


class TwoRelationModel(LinearModel):
    """Four layers of two heads with unlike operators, self-loops, side edges, and parallel edges of two relations."""

    def __init__(self, n_layers=4, seed=0):
        dataset = random_dataset(side_edges=True)
        friends = dataset.relations[0]
        again = Relation("club", "user-user", friends.source[::2], friends.target[::2], friends.weight[::2] * 3)
        super().__init__(replace(dataset, relations=(*dataset.relations, again)), n_layers, seed)
        rng = np.random.default_rng(seed)
        self.factor = rng.uniform(0.5, 1.5, (n_layers, 2, self.graph.n_nodes))
        self.loop = rng.uniform(0.0, 0.3, (n_layers, 2, self.graph.n_nodes))

    def propagation(self, graph=None):
        operator = (graph or self.graph).normalised_adjacency
        operators = tuple(
            tuple(
                (sp.diags_array(self.factor[layer, head]) @ operator + sp.diags_array(self.loop[layer, head])).tocsr()
                for head in range(2)
            )
            for layer in range(self.n_layers)
        )
        return Propagation(
            self.graph.n_users, self.embedding, self.weights, operators, symmetric=False, frozen=("attention",)
        )
