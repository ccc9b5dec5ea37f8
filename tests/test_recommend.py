"""Lists and accuracy of a run: what is left out, worked values, and agreement with independent code."""

import numpy as np
import pytest

from gnnrec_core.base.errors import RequestError, UnsupportedError
from gnnrec_core.ranking.intervals import mean_interval, share_interval
from gnnrec_core.runs.fold_in import fold_in
from gnnrec_core.runs.recommend import chosen_later, evaluate, left_out, recommend
from gnnrec_core.runs.run import Run
from tests.audit.oracle_world import ORACLE
from tests.models.runs import fitted, run_of
from tests.worlds import make_dataset, random_dataset, star


class Fixed:
    """A model with given scores."""

    name = "fixed"

    def __init__(self, scores: np.ndarray) -> None:
        self.scores = scores.astype(np.float32)

    def score(self, users: np.ndarray) -> np.ndarray:
        return self.scores[users].copy()


def test_left_out_is_what_came_before():
    world = make_dataset([(0, 0, "train"), (0, 2, "validation"), (0, 1, "test"), (1, 2, "train")])
    assert left_out(world).toarray().tolist() == [[True, False, True], [False, False, True]]
    assert left_out(world, "validation").toarray().tolist() == [[True, False, False], [False, False, True]]
    with pytest.raises(RequestError, match="train"):
        left_out(world, "train")


def test_the_rows_of_some_people_are_those_of_everybody():
    world = random_dataset(seed=2)
    whole = left_out(world).toarray()
    for people in ([3], [7, 0, 3]):
        some = left_out(world, users=np.array(people)).toarray()
        assert np.array_equal(some[people], whole[people]) and some.sum() == whole[people].sum()


def test_a_sample_judges_its_people_and_says_how_far_everybody_may_be():
    world = random_dataset(seed=2)
    run = run_of(fitted("popularity", world), world)
    whole, part = evaluate(run, 5), evaluate(run, 5, sample_users=9, seed=1)
    assert (part.n_users, part.sampled_from) == (9, whole.n_users) and whole.sampled_from is None
    assert part.all_lists == {} and part.n_without == whole.n_without
    interval = part.accuracy["ndcg"]
    assert interval.low <= part.accuracy["ndcg"].value <= interval.high
    assert evaluate(run, 5, sample_users=9, seed=1) == part != evaluate(run, 5, sample_users=9, seed=2)
    assert evaluate(run, 5, sample_users=10_000) == whole
    values = [evaluate(run, 5, sample_users=9, seed=seed).accuracy["recall"].value for seed in range(60)]
    assert np.mean(values) == pytest.approx(whole.accuracy["recall"].value, abs=4 * np.std(values) / 60**0.5)
    with pytest.raises(RequestError, match="no interval"):
        evaluate(run, 5, sample_users=1)


def test_a_list_has_nothing_seen_and_ends_where_items_end():
    run = run_of(fitted("popularity", star(3)), star(3))
    lists = recommend(run, np.array([2, 0]), 4)
    assert lists.user_index.tolist() == [2, 0]
    assert lists.item_index[0].tolist() == [1, 2, 3, -1]
    assert np.isneginf(lists.score[0, 3:]).all()


@pytest.mark.parametrize(
    "users, k, word",
    [([0], 0, "Lists of 0"), ([0], 5, "Lists of 5 .* 4 items"), ([3], 4, "index 3"), ([-1], 4, "index -1")],
)
def test_what_is_out_of_range_is_a_sentence(users, k, word):
    run = run_of(fitted("popularity", star(3)), star(3))
    with pytest.raises(RequestError, match=word):
        recommend(run, np.array(users), k)


def test_what_somebody_chose_later_and_where_it_stood():
    """User 0 has item 0; of the others 3 stands first, then 1 and 2: the held-out 2 and 1 are third and second."""
    world = make_dataset([(0, 0, "train"), (0, 1, "test"), (0, 2, "test"), (1, 3, "train"), (1, 0, "test")])
    model = Fixed(np.array([[9, 5, 4, 7], [1, 2, 3, 9]]))
    assert [(each.item_index, each.rank) for each in chosen_later(model, world, 0)] == [(1, 2), (2, 3)]
    assert [(each.item_index, each.rank) for each in chosen_later(model, world, 1)] == [(0, 3)]
    lone = make_dataset([(0, 0, "train"), (1, 1, "train"), (1, 0, "test")])
    assert chosen_later(Fixed(np.ones((2, 2))), lone, 0) == ()


def test_worked_figures():
    """User 0 finds its item at rank 2, user 1 at rank 1 of two; user 2 has no test item."""
    triples = [(0, 0, "train"), (0, 2, "test"), (1, 1, "train"), (1, 0, "test"), (1, 3, "test"), (2, 0, "train")]
    world = make_dataset(triples)
    scores = np.array([[9, 3, 2, 1], [5, 9, 4, 3], [9, 4, 3, 2]])
    found = evaluate(Run.of(Fixed(scores), world), k=2)
    # Lists: user 0 [1, 2], user 1 [0, 2], user 2 [1, 2].
    second = 1 / np.log2(3)
    expected = {
        "recall": (1.0 + 0.5) / 2,
        "ndcg": (second + 1 / (1 + second)) / 2,
        "precision": 0.5,
        "hit_rate": 1.0,
        "map": (0.5 + 0.5) / 2,
        "mrr": (0.5 + 1.0) / 2,
    }
    assert (found.n_users, found.n_without) == (2, 1)
    for name, value in expected.items():
        assert found.accuracy[name].value == pytest.approx(value, abs=1e-12), name
    assert found.all_lists["coverage"].value == 3 / 4
    assert found.all_lists["arp"].value == pytest.approx(((1 + 0) / 2 + (2 + 0) / 2 + (1 + 0) / 2) / 3)


def test_no_held_out_part_is_a_sentence():
    run = run_of(fitted("popularity", star(3)), star(3))
    with pytest.raises(RequestError, match="no validation part"):
        evaluate(run, 4, "validation")


def test_intervals_by_hand():
    """Mean of 0, 1, 2, 3: sd sqrt(5/3), t(3) at 97.5 % = 3.18245. Shares: the wider of Clopper and Pearson's, for
    0 of 5 [0, 1 - 0.025 ** (1 / 5)], and Wilson's, for 0 of 200 [0, z2 / (200 + z2)]."""
    interval = mean_interval(np.array([0.0, 1, 2, 3, np.nan]))
    reach = 3.182446305 * np.sqrt(5 / 3) / 2
    assert (interval.value, interval.low, interval.high) == pytest.approx((1.5, 1.5 - reach, 1.5 + reach))
    z2 = 1.959963985**2
    few, many = share_interval(np.zeros(5)), share_interval(np.zeros(200))
    assert (few.low, few.high) == pytest.approx((0.0, 1 - 0.025**0.2))
    assert (many.low, many.high) == pytest.approx((0.0, z2 / (200 + z2)))
    assert np.isnan(mean_interval(np.array([2.0])).low) and np.isnan(share_interval(np.array([np.nan])).value)


def test_the_oracle_is_met_to_nine_digits():
    """Worked values, each confirmed by independent libraries (tests/audit/oracle.json says which)."""
    fixture = ORACLE["fixture"]
    world = make_dataset(
        [(int(u), i, "train") for u, items in fixture["train"].items() for i in items]
        + [(int(u), i, "test") for u, items in fixture["test"].items() for i in items],
        fixture["n_users"],
        fixture["n_items"],
    )
    scores = np.zeros((fixture["n_users"], fixture["n_items"]))
    for user, items in fixture["recs"].items():
        scores[int(user), items] = fixture["scores"][user]
    found = evaluate(Run.of(Fixed(scores), world), fixture["k"])
    values = ORACLE["values"].items()
    known = {key.partition(".")[2]: v["value"] if isinstance(v, dict) else v for key, v in values}
    ours = {name: figure.value for name, figure in (found.accuracy | found.all_lists).items()}
    assert set(ours) == {"recall", "ndcg", "precision", "hit_rate", "map", "mrr", "coverage", "arp"}
    for name, value in ours.items():
        key = "item_coverage@3" if name == "coverage" else f"{name}@3"
        assert value == pytest.approx(known[key], abs=1e-9), name


def test_torch_geometric_agrees():
    metrics = pytest.importorskip("torch_geometric.metrics")
    import torch

    from gnnrec_core.ranking.matrix import interaction_matrix

    world = random_dataset(200, 120, per_user=12, seed=5)
    model = Fixed(np.random.default_rng(0).normal(size=(200, 120)))
    found = evaluate(Run.of(model, world), k=10)
    lists = recommend(run_of_fixed(model, world), np.arange(200), 10)
    assert (lists.item_index >= 0).all()  # -1 would corrupt these metrics
    rows, columns = interaction_matrix(world, "test").nonzero()
    truth = torch.from_numpy(np.stack([rows, columns]).astype(np.int64))
    for name, theirs in (
        ("recall", metrics.LinkPredRecall(10)),
        ("ndcg", metrics.LinkPredNDCG(10)),
        ("precision", metrics.LinkPredPrecision(10)),
        ("map", metrics.LinkPredMAP(10)),
        ("mrr", metrics.LinkPredMRR(10)),
        ("hit_rate", metrics.LinkPredHitRatio(10)),
    ):
        theirs.update(torch.from_numpy(lists.item_index.copy()), truth)
        assert found.accuracy[name].value == pytest.approx(float(theirs.compute()), abs=1e-6), name


def run_of_fixed(model, dataset):
    from gnnrec_core.base.settings import Settings

    model.settings = Settings()
    return run_of(model, dataset)


@pytest.fixture(scope="module")
def world():
    return random_dataset(60, 50, per_user=10, seed=4, side_edges=True)


@pytest.mark.parametrize(
    "name, settings", [("lightgcn", {"embedding_dim": 8, "epochs": 5}), ("ease", {}), ("itemknn", {})]
)
def test_fold_in_sums_to_its_scores_and_leaves_out_what_is_given(world, name, settings):
    run = run_of(fitted(name, world, **settings), world)
    answer = fold_in(run, [3, 9, 21], 10)
    assert len(answer.item_index) == 10 and not set(answer.item_index) & {3, 9, 21}
    assert np.allclose(answer.own + answer.values.sum(0), answer.score, rtol=1e-12)
    assert (np.diff(answer.score) <= 0).all()


@pytest.mark.parametrize("name", ["ease", "itemknn"])
def test_fold_in_of_a_known_history_is_that_users_score(world, name):
    run = run_of(fitted(name, world), world)
    history = run.graph.history(7)
    answer = fold_in(run, history, 5)
    assert np.allclose(answer.score, run.model.score(np.array([7]))[0, answer.item_index], atol=1e-5)


def test_fold_in_of_lightgcn_is_a_user_node_that_starts_at_zero(world):
    """A user with no friends, with the own layer-0 embedding taken away, has exactly the folded-in embedding."""
    plain = make_dataset(
        [
            (u, i, ("train", "validation", "test")[s])
            for u, i, s in zip(
                world.interactions.user_index, world.interactions.item_index, world.interactions.split, strict=True
            )
        ]
    )
    run = run_of(fitted("lightgcn", plain, embedding_dim=8, epochs=5), plain)
    user = 11
    propagation = run.model.propagation()
    layers = [layer.astype(np.float64) for layer in propagation.layers]
    operator = run.graph.normalised_adjacency
    expected = sum(operator[[user]] @ layer for layer in layers[:-1])[0] / (propagation.n_layers + 1)
    items = propagation.final[plain.n_users :].astype(np.float64)
    answer = fold_in(run, run.graph.history(user), 8)
    assert np.allclose(answer.score, (items @ expected)[answer.item_index], rtol=1e-6, atol=1e-9)
    # With the trained layer-0 embedding kept, the same sum is the trained embedding of that user.
    kept = expected + layers[0][user] / (propagation.n_layers + 1)
    assert np.allclose(kept, propagation.final[user], atol=1e-5)


def test_fold_in_refuses_with_a_reason(world):
    run = run_of(fitted("gat", world, embedding_dim=8, epochs=2), world)
    with pytest.raises(UnsupportedError, match="only training gives"):
        fold_in(run, [1], 5)
    ease = run_of(fitted("ease", world), world)
    for given, word in (([], "No items"), ([1, 1], "twice"), ([99], "index 99")):
        with pytest.raises(RequestError, match=word):
            fold_in(ease, given, 5)


def test_an_item_that_nobody_has_is_said():
    world = make_dataset([(0, 0, "train"), (1, 0, "train"), (1, 1, "train"), (0, 2, "test")])
    answer = fold_in(run_of(fitted("lightgcn", world, embedding_dim=4, epochs=2), world), [0, 2], 3)
    assert answer.warnings == ("Nobody in the train data has Item 2.",)
    assert np.allclose(answer.values[1], 0.0)
    with pytest.raises(RequestError, match="Nobody"):
        fold_in(run_of(fitted("lightgcn", world, embedding_dim=4, epochs=2), world), [2], 3)
