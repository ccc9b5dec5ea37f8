"""Masked scores are those of masked graphs, Captum's figures on them are the exact ones, and nothing leaks."""

from dataclasses import replace
from itertools import permutations

import numpy as np
import polars as pl
import pytest
import scipy.sparse as sp
import torch
from captum.attr import IntegratedGradients
from scipy.stats import spearmanr

from gnnrec_core.base.errors import UnsupportedError
from gnnrec_core.explain.explaining import explain
from gnnrec_core.explain.methods.captum_methods import (
    CaptumSettings,
    InputXGradientMethod,
    IntegratedGradientsMethod,
    SaliencyMethod,
    ShapleyMethod,
    ShapleySettings,
)
from gnnrec_core.explain.scores.edge_effects import user_ledger
from gnnrec_core.explain.scores.feature_game import feature_game
from gnnrec_core.explain.scores.games import group_weakest, make_game
from gnnrec_core.explain.scores.graph_masks import PairScore
from gnnrec_core.explain.scores.masks import masked_score
from gnnrec_core.graph import build_graph
from gnnrec_core.runs.run import Run
from tests.explain.fakes import ItemItemModel
from tests.explain.linear_world import CASES, MARGIN, SCORE, USER, LinearModel, TwoRelationModel, random_model
from tests.models.runs import fitted
from tests.worlds import random_dataset

MODELS = {
    "two layers": lambda: random_model(n_layers=2),
    "three layers, side edges": lambda: random_model(side_edges=True),
    "four layers": lambda: random_model(n_layers=4),
    "no layer": lambda: random_model(n_layers=0),
    "heads, loops, parallel edges": TwoRelationModel,
}
METHODS = (IntegratedGradientsMethod, SaliencyMethod, InputXGradientMethod, ShapleyMethod)


def by_definition(model, case, mask):
    """The explained number with these masks `[n]` on the user's edges, from masked dense operators."""
    graph, spread = model.graph, model.prepared.propagation
    edges = model.prepared.edges_of(case.user_index)
    factor_of_edge = np.ones(graph.n_edges)
    factor_of_edge[edges] = factor_of_edge[graph.reverse(edges)] = mask
    carried, whole = np.zeros((graph.n_nodes, graph.n_nodes)), np.zeros((graph.n_nodes, graph.n_nodes))
    source, target = graph.edge_index
    np.add.at(carried, (target, source), graph.edge_weight * factor_of_edge)
    np.add.at(whole, (target, source), graph.edge_weight.astype(float))
    factor = np.where(whole > 0, carried / np.where(whole > 0, whole, 1), 1.0)
    masked = replace(
        spread,
        operators=tuple(tuple(sp.csr_array(p.toarray() * factor) for p in heads) for heads in spread.operators),
    )
    return sum(sign * masked.score(case.user_index, item) for item, sign in case.signed_items)


def explained(method, model, case, seed=0, **settings):
    method = method()
    return method.explain(model, model.dataset, case, method.settings_type(**settings), seed)


@pytest.mark.parametrize("kind", CASES)
@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_the_masked_score_is_that_of_the_masked_graph(make, kind):
    model = make()
    case = model.case(kind)
    score = masked_score(model, case)
    masks = np.random.default_rng(0).uniform(0, 1.3, (3, len(score.edges)))
    found = score(torch.from_numpy(masks)).numpy()
    assert found == pytest.approx([by_definition(model, case, mask) for mask in masks], abs=1e-10)
    assert score.at(1.0) == pytest.approx(case.explained, abs=1e-10)


@pytest.mark.parametrize("kind", CASES)
@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize("players", ["interactions", "relations"])
def test_integrated_gradients_are_the_exact_integral_and_sum_to_the_score(make, kind, players):
    model = make()
    case = model.case(kind)
    explanation = explained(IntegratedGradientsMethod, model, case, players=players)
    assert explanation.completeness_error <= 1e-6
    # Captum's own integral with many points over the same function.
    game = make_game(model, model.dataset, case, players)
    ones = torch.ones(1, len(game.parts), dtype=torch.float64)
    many = IntegratedGradients(game.function).attribute(ones, baselines=0 * ones, n_steps=24, method="gausslegendre")
    named = {(part.edge, part.label): part.value for part in explanation.contributions}
    expected = {(p(0.0).edge, p(0.0).label): float(value) for p, value in zip(game.parts, many[0])}
    assert named == pytest.approx(expected, abs=1e-6)


def test_integrated_gradients_of_one_relation_is_all_but_the_own_embeddings():
    model = random_model()
    case = model.case(SCORE)
    explanation = explained(IntegratedGradientsMethod, model, case, players="relations")
    node = model.graph.n_users + case.item_index
    own = float(model.embedding[USER].astype(float) @ model.embedding[node].astype(float)) / 16
    assert explanation.baseline == pytest.approx(own, abs=1e-9)
    assert explanation.contributions[0].value == pytest.approx(case.explained - own, abs=1e-6)


def test_relation_gradients_add_up_the_gradients_of_their_edges():
    model = TwoRelationModel()
    case = model.case(MARGIN)
    explanation = explained(InputXGradientMethod, model, case, players="relations")
    _, gradient = PairScore.of(model.prepared, case).value_and_gradient(np.ones(model.graph.n_edges))
    sums = np.bincount(model.graph.edge_type, gradient)
    found = {part.label: part.value for part in explanation.contributions}
    assert found == pytest.approx(dict(zip(model.graph.relations, sums)), abs=1e-9)


def test_saliency_is_the_size_of_the_difference_quotient_and_input_x_gradient_its_sign_too():
    model = random_model()
    case = model.case(SCORE)
    saliency = {p.edge: p.value for p in explained(SaliencyMethod, model, case).contributions}
    signed = {p.edge: p.value for p in explained(InputXGradientMethod, model, case).contributions}
    edges = model.prepared.edges_of(USER)
    for place, edge in enumerate(edges.tolist()):
        up, down = np.ones(len(edges)), np.ones(len(edges))
        up[place], down[place] = 1 + 1e-5, 1 - 1e-5
        slope = (by_definition(model, case, up) - by_definition(model, case, down)) / 2e-5
        assert signed[edge] == pytest.approx(slope, abs=1e-7)
        assert saliency[edge] == pytest.approx(abs(slope), abs=1e-7)


def test_shapley_comes_near_the_mean_over_all_orders_and_sums_exactly():
    model = random_model()
    case = model.case(SCORE)
    n = len(model.prepared.edges_of(USER))
    exact = np.zeros(n)
    for order in permutations(range(n)):
        mask, before = np.zeros(n), by_definition(model, case, np.zeros(n))
        for player in order:
            mask[player] = 1
            now = by_definition(model, case, mask)
            exact[player] += now - before
            before = now
    exact /= len(list(permutations(range(n))))
    explanation = explained(ShapleyMethod, model, case, n_samples=400)
    found = {part.edge: part.value for part in explanation.contributions}
    values = np.array([found[edge] for edge in model.prepared.edges_of(USER).tolist()])
    np.testing.assert_allclose(values, exact, atol=0.05 * np.abs(exact).max())
    assert explanation.completeness_error <= 1e-6


def test_a_long_history_plays_with_its_weakest_interactions_as_one():
    model = random_model()
    case = model.case(SCORE)
    game = make_game(model, model.dataset, case, "interactions")
    grouped = group_weakest(game, 3)
    rest = grouped.parts[-1](0.0)
    assert len(grouped.parts) == 3 and rest.kind == "rest" and rest.detail["n_edges"] == len(game.parts) - 2
    slopes = {p.edge: p.value for p in explained(SaliencyMethod, model, case).contributions}
    assert {part(0.0).edge for part in grouped.parts[:2]} == set(sorted(slopes, key=slopes.get)[-2:])
    assert grouped.at(0.3) == pytest.approx(game.at(0.3), abs=1e-12)
    explanation = explained(ShapleyMethod, model, case, max_players=3, n_samples=5)
    assert explanation.completeness_error <= 1e-6
    assert any("are one part" in sentence for sentence in explanation.warnings)


@pytest.mark.parametrize("method", METHODS)
def test_an_item_item_model_has_the_same_answer_from_every_method(method):
    dataset = random_dataset()
    graph = build_graph(dataset)
    model = ItemItemModel(graph, np.random.default_rng(0).normal(size=(graph.n_items, graph.n_items)))
    model.dataset = dataset
    case = replace(random_model().case(SCORE), score=float(model.score_on(graph, np.array([USER]))[0, 0]), item_index=0)
    _, edges, values = user_ledger(model, case)
    found = {part.edge: part.value for part in explained(method, model, case).contributions}
    expected = dict(zip(edges.tolist(), np.abs(values) if method is SaliencyMethod else values))
    assert found == pytest.approx(expected, abs=1e-6)
    with pytest.raises(UnsupportedError, match="passes no messages"):
        explained(method, model, case, players="relations")


def test_sampling_repeats_with_the_seed_and_leaves_the_global_one_alone():
    model = random_model()
    case = model.case(SCORE)
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first = explained(ShapleyMethod, model, case, seed=1, n_samples=3)
    assert torch.equal(torch.rand(3), expected)
    assert replace(first, seconds=0) == replace(explained(ShapleyMethod, model, case, seed=1, n_samples=3), seconds=0)
    other = explained(ShapleyMethod, model, case, seed=2, n_samples=3)
    assert [p.value for p in first.contributions] != [p.value for p in other.contributions]


def test_only_what_sums_to_the_score_is_called_a_share_of_it():
    model = random_model()
    case = model.case(SCORE)
    for method in METHODS:
        explanation = explained(method, model, case)
        shares = [part.share for part in explanation.contributions]
        if explanation.is_additive:
            total = explanation.baseline / case.explained + sum(shares)
            assert total == pytest.approx(1.0, abs=1e-6)
        else:
            assert not any(shares)


def test_the_explanation_depends_on_what_the_model_has_learned():
    """Permuting the embeddings leaves nothing of the explanation (Adebayo et al. 2018)."""
    model, correlations = LinearModel(random_dataset(60, 60, 23), dim=16), []
    other = LinearModel(model.dataset, dim=16)
    rng = np.random.default_rng(0)
    for start, stop in ((0, 60), (60, 120)):
        other.embedding[start:stop] = rng.permutation(other.embedding[start:stop])
    for user in range(30):
        case = model.case(SCORE, user)
        real, permuted = (explained(IntegratedGradientsMethod, m, case) for m in (model, other))
        ranks = [[v for _, v in sorted((p.edge, p.value) for p in e.contributions)] for e in (real, permuted)]
        correlations.append(spearmanr(*ranks).statistic)
    assert abs(np.mean(correlations)) <= 0.2


@pytest.fixture(scope="module")
def featured():
    """A GraphSAGE on users with an age and items with a genre."""
    made = random_dataset(side_edges=True)
    made = replace(
        made,
        user_table=made.user_table.with_columns(age=pl.Series(["young", "old"] * 15)),
        item_table=made.item_table.with_columns(genre=pl.Series(["sea", "space"] * 20)),
    )
    return made, fitted("graphsage", made, embedding_dim=8, epochs=3, batch_size=64)


def told(featured, method, target="score", **settings):
    made, model = featured
    return explain(Run.of(model, made), USER, 5, method, target, 5, {"players": "features", **settings}, check_top=0)


def test_features_of_the_user_and_the_item_are_parts(featured):
    made, model = featured
    found = told(featured, "shapley", n_samples=60)
    labels = {part.label for part in found.contributions}
    assert {"user: age=old", "Item 5: genre=space", "user: type=user"} <= labels and "user: age=young" not in labels
    assert {part.kind for part in found.contributions} == {"feature"}
    assert found.completeness_error <= 1e-5 * max(1.0, abs(found.score))
    game = feature_game(model, made, found.case)
    assert game.at(1.0) == pytest.approx(found.score, abs=1e-4)
    near = told(featured, "integrated_gradients")
    total = game.at(0.0) + sum(part.value for part in near.contributions)
    assert total == pytest.approx(near.score, rel=0.02) and not near.is_additive
    assert "sum only nearly" in " ".join(near.warnings)


def test_the_gradient_to_a_feature_is_the_difference_quotient(featured):
    made, model = featured
    found = told(featured, "input_x_gradient", "margin")
    game = feature_game(model, made, found.case)
    values = {part.label: part.value for part in found.contributions}
    for place, part in enumerate(game.parts):
        step = torch.zeros(1, len(game.parts), dtype=torch.float64)
        step[0, place] = 1e-6
        slope = float((game.function(1 + step) - game.function(1 - step))[0]) / 2e-6
        assert values[part(0.0).label] == pytest.approx(slope, abs=1e-4)


def test_only_models_with_features_have_features_to_mask():
    model = random_model()
    with pytest.raises(UnsupportedError, match="no features"):
        explained(SaliencyMethod, model, model.case(SCORE), players="features")


def test_settings_are_checked():
    with pytest.raises(ValueError, match="players"):
        CaptumSettings(players="nobody")
    with pytest.raises(ValueError, match="n_samples"):
        ShapleySettings(n_samples=0)
