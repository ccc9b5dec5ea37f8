"""Why not: the contrast is the difference of two ledgers, and additions are recomputed."""

import numpy as np
import pytest

from gnnrec_core.base.errors import RequestError
from gnnrec_core.explain.explaining import explain
from gnnrec_core.explain.questions.why_not import why_not
from gnnrec_core.explain.scores.scoring import scorer_of
from gnnrec_core.ranking.topk import rank_of
from gnnrec_core.runs.run import Run
from tests.explain.fakes import attention, item_item, linear
from tests.explain.test_counterfactual import excluded_of, ranked
from tests.worlds import random_dataset

WORLD = random_dataset(n_users=30, n_items=60, per_user=9, seed=4)
MAKERS = {"linear": linear, "attention": attention, "item-item": item_item}


@pytest.mark.parametrize("maker", MAKERS)
def test_additions_lift_the_item_on_the_recomputed_graph(maker):
    k, found = 5, 0
    model = MAKERS[maker](WORLD)
    for user in range(0, 30, 3):
        order = ranked(model, WORLD, user)
        item = int(order[7])
        answer = why_not(Run.of(model, WORLD), user, item, k)
        assert answer.case.rank == 8 and answer.case.reference_item == order[k - 1] and answer.verified
        graph = model.graph.with_interactions(user, np.array(answer.added, dtype=np.int64))
        scores = scorer_of(model).scores_on(user, graph)
        excluded = np.append(excluded_of(WORLD, user), answer.added).astype(np.int64)
        assert answer.rank_after == rank_of(scores, item, excluded)
        assert answer.score_after == pytest.approx(scores[item], abs=1e-9)
        assert answer.found == (answer.rank_after <= k)
        assert not set(answer.added) & set(order[:8].tolist())  # never by taking away what stands above
        found += answer.found
    assert found >= 5


def test_the_contrast_is_the_difference_of_two_ledgers():
    model = linear(WORLD)
    order = ranked(model, WORLD, 3)
    answer = why_not(Run.of(model, WORLD), 3, int(order[9]), 5)
    one, other = (explain(Run.of(model, WORLD), 3, int(order[p]), "ledger", check_top=0) for p in (9, 4))
    mine, theirs = ({part.item: part.value for part in e.contributions} for e in (one, other))
    for part in answer.contrast.contributions:
        assert part.value == pytest.approx(mine[part.item] - theirs[part.item], abs=1e-9)
    assert answer.contrast.score < 0


def test_one_addition_is_found_where_brute_force_finds_one():
    model = linear(WORLD)
    wins = 0
    for user in range(12):
        order = ranked(model, WORLD, user)
        item, excluded = int(order[5]), excluded_of(WORLD, user)
        possible = [
            int(other)
            for other in order[6 : len(order) - len(excluded)]
            if rank_of(
                scorer_of(model).scores_on(user, model.graph.with_interactions(user, np.array([other]))),
                item,
                np.append(excluded, other),
            )
            <= 5
        ]
        answer = why_not(Run.of(model, WORLD), user, item, 5)
        if possible:
            wins += answer.found and len(answer.added) == 1
        assert answer.found or not possible
    assert wins >= 5


def test_an_item_that_is_in_the_list_is_refused():
    model = linear(WORLD)
    with pytest.raises(RequestError, match="within the top 5"):
        why_not(Run.of(model, WORLD), 3, int(ranked(model, WORLD, 3)[2]), 5)
    with pytest.raises(RequestError, match="already"):
        why_not(Run.of(model, WORLD), 3, int(model.graph.history(3)[0]), 5)
