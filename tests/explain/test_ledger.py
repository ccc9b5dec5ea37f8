"""The ledger sums to the score, and its parts are what a hand would compute."""

import numpy as np
import pytest

from gnnrec_core.base.errors import UnsupportedError
from gnnrec_core.explain.explaining import explain
from gnnrec_core.explain.narrative import named_parts
from gnnrec_core.explain.scores.linear import prepare
from gnnrec_core.runs.run import Run
from tests.explain.fakes import LinearModel, attention, item_item, linear
from tests.explain.linear_world import TwoRelationModel
from tests.worlds import make_dataset, random_dataset

MAKERS = {"linear": linear, "attention": attention, "item-item": item_item}
WORLD = random_dataset()
SIDE = random_dataset(side_edges=True, seed=3)


def total(explanation):
    return explanation.baseline + sum(part.value for part in explanation.contributions)


@pytest.mark.parametrize("target", ["score", "margin"])
@pytest.mark.parametrize("maker", MAKERS)
def test_baseline_and_parts_sum_to_what_is_explained(maker, target):
    model = MAKERS[maker](WORLD)
    for user in range(0, 30, 3):
        for item in (0, 7, 33):
            found = explain(Run.of(model, WORLD), user, item, "ledger", target, check_top=0)
            assert found.is_additive
            assert found.completeness_error <= 1e-5 * max(1, abs(found.score))
            assert total(found) == pytest.approx(found.score, abs=1e-5 * max(1, abs(found.score)))
            scores = model.score(np.array([user]))[0]
            expected = scores[item] - (scores[found.case.reference_item] if target == "margin" else 0)
            assert found.score == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("maker", [linear, attention])
@pytest.mark.parametrize("side", ["user", "item"])
def test_layers_that_weigh_differently_are_told_apart(maker, side):
    """What the parts sum to, and each part of a user: its weight in the layer times the message's product."""
    model = maker(SIDE)
    model.layer_weights = np.array([0.1, 0.45, 0.05, 0.4])
    found = explain(Run.of(model, SIDE), 2, 5, "ledger", settings={"side": side}, check_top=0)
    assert found.completeness_error <= 1e-5 * max(1, abs(found.score))
    if side == "user":
        spread, graph = model.propagation(), model.graph
        item = spread.final[graph.item_node(5)]
        width = spread.embedding.shape[1] // len(spread.operators[0])
        for part in found.contributions:
            other, expected = graph.edge_index[1, part.edge], 0.0
            for layer, heads in enumerate(spread.operators):
                for head, operator in enumerate(heads):
                    columns = slice(head * width, (head + 1) * width)
                    message = operator[2, other] * spread.layers[layer][other, columns]
                    expected += model.layer_weights[layer + 1] * message @ item[columns]
            assert part.value == pytest.approx(expected)


@pytest.mark.parametrize("maker", [linear, attention])
@pytest.mark.parametrize("target", ["score", "margin"])
def test_the_readers_ledger_sums_to_the_same_score(maker, target):
    model = maker(SIDE)
    found = explain(Run.of(model, SIDE), 2, 5, "ledger", target, settings={"side": "item"}, check_top=0)
    assert found.completeness_error <= 1e-5 * max(1, abs(found.score))
    assert {part.kind for part in found.contributions} <= {"reader", "side"}


def test_side_edges_are_parts_with_the_name_of_what_they_lead_to():
    model = linear(SIDE)
    parts = [p for user in range(8) for p in explain(Run.of(model, SIDE), user, 5, "ledger").contributions]
    friends = [part for part in parts if part.kind == "side"]
    assert friends and all(part.label.startswith("friend: u") for part in friends)
    assert all(part.checked is not None for part in friends if abs(part.value) > 1e9)


def test_parallel_edges_share_a_message_by_their_weight():
    model = TwoRelationModel(n_layers=2)  # friends of weight 1, some of them in a club of weight 3 too
    prepared, graph = prepare(model), model.graph
    friends = model.dataset.relations[0]
    user, other = int(friends.source[0]), int(friends.target[0])
    edges = prepared.edges_of(user)
    share = prepared.edge_share(user, edges)
    both = graph.edge_index[1, edges] == other
    assert sorted(share[both]) == pytest.approx([0.25, 0.75])
    alone = np.bincount(graph.edge_index[1, edges])[graph.edge_index[1, edges]] == 1
    assert share[alone] == pytest.approx(1.0) and alone.any()
    found = explain(Run.of(model, model.dataset), user, 5, "ledger", check_top=0)
    assert found.completeness_error <= 1e-5 * max(1, abs(found.score))


def test_two_users_one_item_by_hand():
    # u0 - i0 - u1 has degrees 1, 2, 1. With one layer:
    # z_u0 = (e_u0 + e_i0 / sqrt 2) / 2, z_i0 = (e_i0 + (e_u0 + e_u1) / sqrt 2) / 2.
    dataset = make_dataset([(0, 0, "train"), (1, 0, "train")], n_items=2)
    model = linear(dataset, n_layers=1)
    e_u0, e_u1, e_i0, _ = model.embedding
    z_i0 = (e_i0 + (e_u0 + e_u1) / np.sqrt(2)) / 2
    found = explain(Run.of(model, dataset), 0, 0, "ledger", k=2)
    assert found.baseline == pytest.approx(e_u0 @ z_i0 / 2)
    (part,) = found.contributions
    assert part.value == pytest.approx(e_i0 @ z_i0 / np.sqrt(2) / 2)
    assert (part.kind, part.user, part.item, part.label) == ("history", "u0", "i0", "Item 0")
    assert part.share == pytest.approx(part.value / found.score)
    # Without it: z_u0 = e_u0 / 2, and i0 keeps u1 alone, with degrees 1 and 1.
    assert part.checked.score_without == pytest.approx((e_u0 / 2) @ ((e_i0 + e_u1) / 2))


@pytest.mark.parametrize("maker", MAKERS)
def test_checks_are_what_the_rebuilt_graph_gives(maker):
    model = MAKERS[maker](WORLD)
    found = explain(Run.of(model, WORLD), 4, 20, "ledger", "margin", check_top=3)
    named = [part for parts in named_parts(found) for part in parts]
    checked = [part for part in found.contributions if part.checked]
    assert {part.edge for part in checked} == {part.edge for part in (*found.contributions[:3], *named)} - {None}
    for part in checked:
        changed = model.graph.without(np.array([part.edge]))
        if maker == "item-item":
            scores = model.score_on(changed, np.array([4]))[0]
        else:
            spread = model.propagation(changed)
            scores = spread.score(4, np.arange(40))
        assert part.checked.score_without == pytest.approx(scores[20] - scores[found.case.reference_item], abs=1e-9)
        pairs = WORLD.interactions
        seen = set(pairs.item_index[(pairs.user_index == 4) & (pairs.split < 2)])
        better = sum(scores[other] > scores[20] for other in range(40) if other not in seen)
        assert part.checked.rank_without == better + 1


def test_the_reference_of_a_margin_is_the_item_at_rank_k_plus_1():
    model = linear(WORLD)
    scores = model.score(np.array([3]))[0].astype(float)
    interactions = WORLD.interactions
    excluded = interactions.item_index[(interactions.user_index == 3) & (interactions.split < 2)]
    scores[excluded] = -np.inf
    ranked = np.argsort(-scores, kind="stable")
    found = explain(Run.of(model, WORLD), 3, int(ranked[2]), "ledger", "margin", k=5)
    assert found.rank == 3 and found.case.reference_item == ranked[5] and found.score > 0
    below = explain(Run.of(model, WORLD), 3, int(ranked[8]), "ledger", "margin", k=5)
    assert below.rank == 9 and below.case.reference_item == ranked[4] and below.score < 0


def test_a_model_without_parts_is_refused_with_its_own_reason():
    from gnnrec_core.models.popularity import Popularity, PopularitySettings

    model = Popularity.create(WORLD, PopularitySettings(), 0, "cpu")
    with pytest.raises(UnsupportedError, match=r"'popularity' has no parts.*everybody gets the same scores"):
        explain(Run.of(model, WORLD), 0, 0, "ledger")
    with pytest.raises(UnsupportedError, match="no sum over interactions"):
        explain(Run.of(object(), WORLD), 0, 0, "ledger")


def test_the_propagation_is_computed_once_for_a_model():
    class Counting(LinearModel):
        calls = 0

        def propagation(self, graph=None):
            type(self).calls += 1
            return super().propagation(graph)

    base = linear(WORLD)
    model = Counting(base.graph, base.embedding)
    first = prepare(model)
    assert prepare(model) is first and Counting.calls == 1


def test_explaining_permuted_embeddings_gives_unrelated_parts():
    from scipy.stats import spearmanr

    dataset = random_dataset(n_users=60, n_items=80, per_user=33, seed=5)
    model = linear(dataset, dim=16)
    shuffled = LinearModel(model.graph, np.random.default_rng(1).permutation(model.embedding))
    correlations = []
    for user in range(40):
        real, other = (
            {
                part.edge: part.value
                for part in explain(Run.of(m, dataset), user, 3, "ledger", check_top=0).contributions
            }
            for m in (model, shuffled)
        )
        correlations.append(spearmanr([real[edge] for edge in real], [other[edge] for edge in real]).statistic)
    assert abs(np.mean(correlations)) <= 0.2
