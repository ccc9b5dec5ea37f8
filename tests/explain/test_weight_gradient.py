"""The gradient in the weights of interactions: right, blind to a common factor, and leave-one-out to first order."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import spearmanr

from gnnrec_core.base.errors import UnsupportedError
from gnnrec_core.explain.case import make_case
from gnnrec_core.explain.explaining import explain
from gnnrec_core.explain.scores.edge_effects import leave_one_out, weight_gradient
from gnnrec_core.explain.scores.scoring import scorer_of
from gnnrec_core.models.gat import EDGE, GAT, SOURCE, TARGET, GATSettings
from gnnrec_core.runs.run import Run
from tests.explain.fakes import linear
from tests.worlds import random_dataset

WORLD = random_dataset(n_users=60, n_items=80, per_user=34, seed=2, side_edges=True)


def gat(dataset, scale=0.7, **settings):
    """A GAT whose attention is far from uniform."""
    fresh = GAT.create(dataset, GATSettings(embedding_dim=16, **settings), 0, "cpu")
    rng, tensors = np.random.default_rng(7), fresh.tensors()
    for name in (SOURCE, TARGET, EDGE):
        tensors[name] = (rng.standard_normal(tensors[name].shape) * scale).astype(np.float32)
    return GAT.restore(dataset, fresh.settings, tensors)


MODEL = gat(WORLD)


def slow_slope(model, case, edge, step):
    """w d(explained number) / dw by the difference of two reweighted graphs."""
    found, half = [], model.graph.n_edges // 2
    for change in (step, -step):
        weight = model.graph.edge_weight.copy()
        weight[[edge, edge + half]] *= 1 + change
        final = model.propagation(replace(model.graph, edge_weight=weight)).final.astype(np.float64)
        found.append(
            sum(sign * final[WORLD.n_users + item] @ final[case.user_index] for item, sign in case.signed_items)
        )
    return (found[0] - found[1]) / (2 * step)


@pytest.mark.parametrize("target", ["score", "margin"])
def test_it_is_the_slope_of_the_score_on_reweighted_graphs(target):
    model = gat(WORLD, edge_features=False)  # else attention sees weights too, and those of the gradient stay
    case = make_case(model, WORLD, 3, 11, target, 10)
    edges = model.graph.history_edges(3)
    fast = weight_gradient(model, case, edges)
    slow = [slow_slope(model, case, int(edge), 0.05) for edge in edges[:8]]
    np.testing.assert_allclose(fast[:8], slow, atol=0.01 * np.abs(fast).max())
    every = weight_gradient(model, case, np.arange(model.graph.n_edges // 2))
    assert abs(every.sum()) <= 1e-4 * np.abs(every).sum()  # a common factor of all weights changes nothing
    np.testing.assert_array_equal(weight_gradient(model, case, model.graph.reverse(edges)), fast)


@pytest.mark.parametrize("target", ["score", "margin"])
def test_it_orders_interactions_as_leaving_them_out_does(target):
    found = []
    for user in range(0, WORLD.n_users, 5):
        case = make_case(MODEL, WORLD, user, (user * 7) % WORLD.n_items, target, 10)
        edges = MODEL.graph.history_edges(user)
        exact = leave_one_out(scorer_of(MODEL), case, edges)
        found.append(spearmanr(weight_gradient(MODEL, case, edges), exact).statistic)
    assert np.mean(found) >= 0.98 and np.min(found) >= 0.9


def test_leave_one_out_recomputes_those_that_it_calls_largest_and_lets_it_speak_for_the_others():
    told = explain(Run.of(MODEL, WORLD), 3, 11, "weight_gradient", check_top=0)
    found = explain(Run.of(MODEL, WORLD), 3, 11, "leave_one_out", settings={"max_recomputed": 5}, check_top=0)
    every = explain(Run.of(MODEL, WORLD), 3, 11, "leave_one_out", check_top=0)
    estimated = {part.edge: part.value for part in found.contributions if part.detail.get("first_order")}
    recomputed = {part.edge: part.value for part in found.contributions if not part.detail}
    assert recomputed.keys() == {part.edge for part in told.contributions[:5]}
    exact = {part.edge: part.value for part in every.contributions}
    assert recomputed == {edge: exact[edge] for edge in recomputed}
    assert estimated == {part.edge: part.value for part in told.contributions[5:]}
    assert every.exact and not found.exact and "5 interactions" in found.warnings[0]
    assert not told.is_additive and all(part.share == 0 for part in told.contributions)


def test_a_model_without_such_a_gradient_is_refused():
    with pytest.raises(UnsupportedError, match="cannot be differentiated"):
        explain(Run.of(linear(WORLD), WORLD), 3, 11, "weight_gradient")
