"""GF-CF, ChebyCF and the low-pass: their formulas in dense matrices, worlds worked by hand, and what they promise."""

import numpy as np
import pytest
from numpy.polynomial import Chebyshev

from gnnrec_core.base.errors import RunError
from gnnrec_core.models.chebycf import plateau
from gnnrec_core.models.ops.closed_form import weighted_interactions
from gnnrec_core.models.ops.filters import low_rank
from gnnrec_core.models.ops.filters.low_rank import largest_eigenvalue, leading_vectors, normalised
from gnnrec_core.runs.validation import Validation
from tests.models.runs import fitted
from tests.worlds import make_dataset, random_dataset, star, two_communities

FILTERS = ("ridge", "gfcf", "chebycf", "lowpass")
EVERYBODY = np.arange(60)


@pytest.fixture(scope="module")
def world():
    weight = np.random.default_rng(5).uniform(0.5, 2.0, 60 * 12).astype(np.float32)
    found = random_dataset(60, 45, 12)
    return make_dataset(
        [
            (int(user), int(item), ("train", "validation", "test")[split])
            for user, item, split in zip(
                found.interactions.user_index, found.interactions.item_index, found.interactions.split, strict=True
            )
        ],
        60,
        46,  # the last item is nobody's
        weight=weight,
    )


def without_validation(world):
    """The same, with the validation part in train."""
    one = world.interactions
    names = np.array(["train", "train", "test"])[one.split]
    rows = [(int(u), int(i), str(part)) for u, i, part in zip(one.user_index, one.item_index, names, strict=True)]
    return make_dataset(rows, 60, 46)


def spectrum(model):
    """X, D_i, and the eigenvalues and eigenvectors of P, largest first, from an SVD of the dense R."""
    x = weighted_interactions(model.graph).toarray()
    users, items = x.sum(1), x.sum(0)
    r = x / np.sqrt(np.maximum(np.outer(users, items), 1e-300))
    _, values, vectors = np.linalg.svd(r)
    padded = np.zeros(x.shape[1])
    padded[: len(values)] = values**2
    return x, items, padded, vectors.T


def power(degree, exponent):
    return np.where(degree > 0, np.maximum(degree, 1e-300) ** exponent, 0.0)


def test_gfcf_is_its_formula(world):
    model = fitted("gfcf", world, n_vectors=7, low_pass_weight=0.4)
    x, items, values, vectors = spectrum(model)
    smoothing = vectors @ np.diag(values) @ vectors.T
    kept = vectors[:, :7]
    expected = x @ (smoothing + 0.4 * power(items, -0.5)[:, None] * (kept @ kept.T) * power(items, 0.5))
    assert np.allclose(model.score(EVERYBODY), expected, atol=1e-5)
    assert np.abs(model.times(weighted_interactions(model.graph)) - expected).max() < 1e-6


@pytest.mark.parametrize(("order", "flatness"), [(3, 3.0), (8, 1.5), (9, 6.0)])
def test_chebycf_is_its_formula(world, order, flatness):
    model = fitted(
        "chebycf", world, order=order, flatness=flatness, n_vectors=5, low_pass_weight=0.3, degree_power=0.25
    )
    x, items, values, vectors = spectrum(model)
    # The one polynomial of this order through the plateau at the Chebyshev points, by solving for it.
    points = np.cos((np.arange(order + 1) + 0.5) * np.pi / (order + 1))
    weights = np.linalg.solve(np.vander(points, order + 1), plateau(points, flatness))
    passed = np.polyval(weights, 1 - 2 * values)
    operator = vectors @ np.diag(passed) @ vectors.T + 0.3 * vectors[:, :5] @ vectors[:, :5].T
    expected = x @ (power(items, -0.25)[:, None] * operator * power(items, 0.25))
    assert np.allclose(model.score(EVERYBODY), expected, atol=1e-5)


def test_the_plateau_by_hand():
    assert plateau(np.array([-1.0, -0.5, 0.0, 0.5, 1.0]), 2.0).tolist() == [1.0, 0.625, 0.5, 0.375, 0.0]
    cubic = Chebyshev.interpolate(plateau, 3, args=(3.0,))  # flatness 3 is a cubic already
    x = np.linspace(-1, 1, 9)
    assert np.allclose(cubic(x), (1 - x**3) / 2)


def test_the_low_pass_is_its_formula(world):
    model = fitted("lowpass", world, n_vectors=6, degree_power=0.4)
    x, items, _, vectors = spectrum(model)
    kept = vectors[:, :6]
    expected = x @ (power(items, -0.4)[:, None] * (kept @ kept.T) * power(items, 0.4))
    assert np.allclose(model.score(EVERYBODY), expected, atol=1e-5)


def test_gfcf_by_hand():
    # Users 0: items 0, 1. User 1: item 0. R = [[1/2, 1/sqrt 2], [1/sqrt 2, 0]]; P = [[3/4, 1/sqrt 8], [1/sqrt 8, 1/2]].
    model = fitted("gfcf", make_dataset([(0, 0, "train"), (0, 1, "train"), (1, 0, "train")]), low_pass_weight=0.0)
    assert model.score(np.array([1]))[0] == pytest.approx([3 / 4, 1 / np.sqrt(8)])
    assert model.score(np.array([0]))[0] == pytest.approx([3 / 4 + 1 / np.sqrt(8), 1 / 2 + 1 / np.sqrt(8)])


def test_the_ridge_filter_is_its_formula(world):
    """(P + l)^-1 P from a dense solve; the polynomial of order 40 is it to rounding."""
    model = fitted("ridge", world, penalty=3.0, user_power=0.4, item_power=0.2, degree_power=0.3, order=40)
    x = weighted_interactions(model.graph).toarray()
    users, items = x.sum(1), x.sum(0)
    r = power(users, -0.4)[:, None] * x * power(items, -0.2)
    gram = r.T @ r
    smoothed = np.linalg.solve(gram + 3.0 * np.trace(gram) / len(gram) * np.eye(len(gram)), gram)
    expected = x @ (power(items, -0.2)[:, None] * smoothed * power(items, 0.3))
    assert np.allclose(model.score(EVERYBODY), expected, rtol=1e-4, atol=1e-6)
    assert np.allclose(model.times(weighted_interactions(model.graph)), expected, rtol=1e-8)


def test_a_large_penalty_is_one_smoothing_by_hand():
    # As in the world of `test_gfcf_by_hand`: p / (p + l) is p / l where l is large, and P has mean eigenvalue 5 / 8.
    world = make_dataset([(0, 0, "train"), (0, 1, "train"), (1, 0, "train")])
    model = fitted("ridge", world, penalty=1e5, user_power=0.5, item_power=0.5, degree_power=0.5, order=3)
    scores = model.score(np.array([1]))[0] * 1e5 * 5 / 8
    # S = D_i^-1/2 P D_i^1/2 / l with degrees 2 and 1: from item 0 to itself 3/4, to item 1 (1 / sqrt 8) / sqrt 2 = 1/4.
    assert scores == pytest.approx([3 / 4, 1 / 4], rel=1e-3)


def test_the_largest_eigenvalue_is_a_bound_that_is_near(world):
    x = weighted_interactions(fitted("gfcf", world).graph)
    for powers in ((0.0, 0.0), (0.25, 0.4), (0.5, 0.5)):
        r = normalised(x, *powers)
        highest = np.linalg.svd(r.toarray(), compute_uv=False)[0] ** 2
        assert highest * (1 - 1e-12) <= largest_eigenvalue(r) <= highest * 1.001
    assert largest_eigenvalue(x * 0) == 1.0


def test_settings_that_nobody_gave_are_chosen_on_the_validation_part(world):
    """As by hand: each value in turn, kept where the figure is better than all before; what is given stays."""
    model = fitted("ridge", world, user_power=0.25)
    validation = Validation(world)

    def figure(**settings):
        fixed = fitted("ridge", world, **{name: value for name, value in settings.items() if name != "order"})
        return validation(fixed)["ndcg@20"]

    best = type(model).settings_type().model_dump()
    highest = figure(**best)
    for name, values in type(model).tried:
        for value in () if name == "user_power" else values:
            if (found := figure(**{**best, name: value})) > highest:
                best, highest = {**best, name: value}, found
    assert model.settings.model_dump() == best and validation(model)["ndcg@20"] == highest
    untouched = fitted("ridge", without_validation(world))
    assert untouched.settings == type(model).settings_type()


def test_two_vectors_tell_two_communities_apart():
    """The leading eigenvalue of each part is 1, its vector sqrt(degree): all get the popularity in their part."""
    model = fitted("lowpass", two_communities(per_user=8), n_vectors=2, degree_power=0.5)
    items = np.asarray(weighted_interactions(model.graph).sum(axis=0)).ravel()
    first, second = model.score(np.array([0, 15]))
    assert np.allclose(first[10:], 0, atol=1e-6) and np.allclose(second[:10], 0, atol=1e-6)
    assert np.allclose(first[:10], 6 * items[:10] / items[:10].sum(), atol=1e-6)


def test_a_sketch_finds_what_the_decomposition_finds(world, monkeypatch):
    r = normalised(weighted_interactions(fitted("gfcf", world).graph))
    exact = leading_vectors(r, 4, 0).astype(np.float64)
    monkeypatch.setattr(low_rank, "MAX_EXACT", 1)
    monkeypatch.setattr(low_rank, "COLUMNS", 3)
    monkeypatch.setattr(low_rank, "SPARE", 30)
    sketched = leading_vectors(r, 4, 0).astype(np.float64)
    assert np.allclose(sketched @ sketched.T, exact @ exact.T, atol=1e-3)
    assert np.array_equal(sketched, leading_vectors(r, 4, 0)) and not np.array_equal(sketched, leading_vectors(r, 4, 1))


def test_a_graph_with_fewer_directions_than_asked_for(monkeypatch):
    r = normalised(weighted_interactions(fitted("gfcf", star(4)).graph))  # one item: one direction
    for most in (low_rank.MAX_EXACT, 1):
        monkeypatch.setattr(low_rank, "MAX_EXACT", most)
        found = leading_vectors(r, 3, 0)
        assert np.allclose(np.abs(found), np.eye(5)[:, :1] * [1, 0, 0], atol=1e-6)


@pytest.mark.parametrize("name", FILTERS)
def test_the_ledger_is_the_score_to_the_last_digits_with_nothing_beside_it(world, name):
    model = fitted(name, world)
    for items in (np.array([3]), np.arange(46)):  # a ledger from the item's side, and from the history's
        for graph in (model.graph, model.graph.without(model.graph.history_edges(5)[:2])):
            parts = model.history_parts(5, items, graph)
            scores = model.score_on(graph, np.array([5]))[0, items]
            assert not parts.own.any() and len(parts.values) == len(graph.history(5))
            assert np.abs(parts.values.sum(axis=0) - scores).max() <= 1e-12


@pytest.mark.parametrize("name", FILTERS)
def test_somebody_new_is_scored_like_anybody_else(name):
    model = fitted(name, random_dataset(60, 45, 12))
    parts = model.new_user_parts(model.graph.history(9))
    assert np.allclose(parts.values.sum(axis=0), model.score(np.array([9]))[0], atol=1e-5)
    nobodys = np.flatnonzero(model.graph.popularity == 0)
    assert np.isfinite(model.new_user_parts(nobodys).values).all()


@pytest.mark.parametrize("name", FILTERS)
def test_an_untrained_filter_and_one_without_data_say_nothing(world, name):
    from gnnrec_core.models import MODELS

    model_type = MODELS.load(name)
    untrained = model_type.create(world, model_type.settings_type(), 0, "cpu")
    assert not untrained.score(EVERYBODY).any()
    model = fitted(name, make_dataset([(0, 0, "train"), (0, 1, "test")]))
    assert np.array_equal(model.scores_refitted(0, [model.graph.history_edges(0)]), np.zeros((1, 2)))


@pytest.mark.parametrize("name", FILTERS)
def test_tensors_of_another_catalogue_are_refused(world, name):
    model = fitted(name, world)
    with pytest.raises(RunError, match="do not fit"):
        type(model).restore(random_dataset(), model.settings, model.tensors())


def test_memory_grows_with_items_and_vectors_not_with_their_pairs():
    from gnnrec_core.models.lowpass import LowPass, LowPassSettings

    world = random_dataset(10, 3000)
    few, many = (LowPass.memory_bytes(world, LowPassSettings(n_vectors=n)) for n in (64, 128))
    assert many - few == 3000 * 64 * 4 * 3 and many < 3000**2
