"""The bound on the predictor holds for every set, and is no bound for the sake of having one."""

from itertools import combinations

import numpy as np
import pytest

from gnnrec_core.explain.scores.linear import prepare
from gnnrec_core.explain.scores.predictor import removal_predictor
from gnnrec_core.explain.scores.removal_bounds import removal_bound
from gnnrec_core.explain.scores.scoring import scorer_of
from tests.explain.fakes import attention, linear
from tests.worlds import random_dataset

WORLDS = {side: random_dataset(n_users=40, n_items=60, per_user=11, seed=2, side_edges=side) for side in (False, True)}


@pytest.mark.parametrize("side", WORLDS)
@pytest.mark.parametrize("size", [1, 2, 3, 6])
def test_no_set_is_further_from_the_predictor_than_the_bound(side, size):
    model = linear(WORLDS[side])
    scorer, item, ratios = scorer_of(model), 7, []
    for user in (0, 5, 11):
        predictor = removal_predictor(scorer, user, np.arange(model.graph.n_items))
        bound = removal_bound(prepare(model), user, item, predictor.edges)
        for chosen in list(combinations(range(len(predictor.edges)), size))[::5]:
            exact = scorer.scores_on(user, model.graph.without(predictor.edges[list(chosen)]))
            guessed = predictor.of_sets(np.array([chosen]))[0]
            wrong = np.abs((exact - exact[item]) - (guessed - guessed[item]))
            assert (wrong <= bound.of_size(size) + 1e-12).all()
            ratios.append((bound.of_size(size) / np.maximum(wrong.max(), 1e-12)).min())
    assert min(ratios) < 60  # within the length of vectors (8 numbers) and the worst of all sets


def test_nothing_is_promised_where_nothing_would_be_left_or_attention_decides():
    model = linear(WORLDS[False])
    edges = model.graph.history_edges(3)
    bound = removal_bound(prepare(model), 3, 7, edges)
    assert np.isinf(bound.of_size(len(edges))).all() and np.isfinite(bound.of_size(len(edges) - 1)).all()
    assert removal_bound(prepare(attention(WORLDS[False])), 3, 7, edges) is None


@pytest.mark.parametrize("limit", [1, 2, 4])
def test_the_best_leads_are_those_of_the_best_sets(limit):
    predictor = removal_predictor(scorer_of(linear(WORLDS[False])), 5, np.arange(9))
    found = predictor.best_leads(limit)
    for size in range(1, limit + 1):
        scores = predictor.of_sets(np.array(list(combinations(range(len(predictor.edges)), size))))
        assert found[size - 1] == pytest.approx((scores[:, :-1] - scores[:, -1:]).max(axis=0), abs=1e-12)
