import numpy as np
import pytest

from gnnrec_core.audit.groups import from_labels
from gnnrec_core.audit.sources import evidence_of, ranked
from gnnrec_core.audit.studies.gap_edges import _slope, first_order, gap_edges
from gnnrec_core.base.errors import RequestError, UnsupportedError
from tests.audit.small_runs import Linear, run_of, trained
from tests.worlds import random_dataset

DATA = random_dataset(60, 30, per_user=9, seed=3)
RUN = run_of(DATA, Linear(DATA, dim=6), "lightgcn")
GROUPS = from_labels("half", np.where(np.arange(60) < 24, "a", "b"))
MEMBER = GROUPS.member[:, 0]


def stand_in(propagation, evidence):
    """The smooth stand-in by hand, user by user; the item at rank k and the spread stay those of the first lists."""
    final, total = propagation.final.astype(np.float64), np.zeros(60)
    for user in range(60):
        items = evidence.relevant.indices[evidence.relevant.indptr[user] : evidence.relevant.indptr[user + 1]]
        spread = evidence.lists.score[user].astype(np.float64).std()
        lead = final[60 + items] @ final[user] - final[60 + evidence.items[user, -1]] @ final[user]
        total[user] = np.mean(1 / (1 + np.exp(-lead / spread)))
    return total[MEMBER].mean() - total[~MEMBER].mean()


def lists():
    return evidence_of(DATA, ranked(DATA, RUN.model.score, 5))


def test_the_slope_is_the_derivative():
    evidence, propagation = lists(), RUN.model.propagation()
    slope = _slope(propagation, evidence, MEMBER)
    rng = np.random.default_rng(0)
    step = rng.normal(size=slope.shape) * 1e-5

    class Moved:
        n_users = 60
        final = propagation.final.astype(np.float64) + step

    class Still:
        n_users = 60
        final = propagation.final.astype(np.float64)

    change = stand_in(Moved, evidence) - stand_in(Still, evidence)
    assert change == pytest.approx((slope * step).sum(), rel=1e-3)


def test_the_estimate_agrees_with_making_an_edge_a_little_lighter():
    evidence, graph = lists(), RUN.model.graph
    estimate = first_order(RUN.model.propagation(), graph, evidence, MEMBER)
    base, half = stand_in(RUN.model.propagation(), evidence), graph.n_edges // 2
    for edge in (0, 17, 101):
        weight = graph.edge_weight.astype(np.float32).copy()
        weight[[edge, edge + half]] *= 0.98
        lighter = type(graph)(
            graph.n_users, graph.n_items, 0, graph.edge_index, graph.edge_type, weight, graph.edge_interaction,
            graph.relations, graph.edge_features, graph.feature_names,
        )  # fmt: skip
        change = stand_in(RUN.model.propagation(lighter), evidence) - base
        assert change / 0.02 == pytest.approx(estimate[edge], rel=0.08, abs=2e-4)


def test_every_edge_is_verified_on_the_changed_graph():
    found = gap_edges(RUN, GROUPS, "a", k=5, n_checked=6)
    assert found.n_checked == 6 and [e.change for e in found.edges] == sorted(e.change for e in found.edges)[::-1]
    graph = RUN.model.graph
    for entry in found.edges[:2]:
        model = Linear(DATA, dim=6)
        model.graph = graph.without(np.array([entry.edge]))
        ndcg = evidence_of(DATA, ranked(DATA, model.score, 5))
        from gnnrec_core.audit.metrics import find_metric

        values = find_metric("ndcg").compute(ndcg)
        gap = np.nanmean(values[MEMBER]) - np.nanmean(values[~MEMBER])
        assert gap == pytest.approx(entry.gap_without) and entry.change == pytest.approx(abs(found.gap) - abs(gap))
        pair = (DATA.users.index(entry.user), DATA.items.index(entry.item) + 60)
        assert tuple(graph.edge_index[:, entry.edge]) == pair
    assert found.gap == pytest.approx(found.group_value - found.rest_value)


def test_larger_sets_are_verified_as_sets_and_shrink_the_gap_more():
    found = gap_edges(RUN, GROUPS, "a", k=5, n_checked=2)
    assert [bundle.n for bundle in found.bundles] == [10, 50, 200]
    assert all(b.gap_without == pytest.approx(b.group_without - b.rest_without) for b in found.bundles)
    assert found.bundles[1].gap_without * np.sign(found.gap) < abs(found.gap)


def test_what_cannot_be_asked_is_refused():
    with pytest.raises(RequestError, match="no group"):
        gap_edges(RUN, GROUPS, "c")
    with pytest.raises(UnsupportedError, match="no edges"):
        gap_edges(trained(DATA, "popularity"), GROUPS, "a")
    tiny = from_labels("few", np.where(np.arange(60) < 3, "a", "b"))
    with pytest.raises(RequestError, match="fewer than 10"):
        gap_edges(RUN, tiny, "a")
