"""What if: the new list is the list of the changed graph."""

import numpy as np
import pytest

from gnnrec_core.base.errors import RequestError
from gnnrec_core.explain.questions.what_if import what_if
from gnnrec_core.explain.scores.scoring import scorer_of
from gnnrec_core.runs.run import Run
from tests.explain.fakes import attention, item_item, linear
from tests.explain.test_counterfactual import excluded_of, ranked
from tests.worlds import random_dataset

WORLD = random_dataset(n_users=30, n_items=60, per_user=9, seed=4)


@pytest.mark.parametrize("maker", [linear, attention, item_item])
@pytest.mark.parametrize("n_added", [0, 2])
def test_the_list_is_that_of_the_changed_graph(maker, n_added):
    model = maker(WORLD)
    history = model.graph.history(4)
    remove, add = history[:2], ranked(model, WORLD, 4)[[0, 20]][:n_added]
    found = what_if(Run.of(model, WORLD), 4, remove.tolist(), add.tolist(), k=6)
    graph = model.graph.without(model.graph.history_edges(4)[:2])
    if n_added:
        graph = graph.with_interactions(4, np.array(add))
    scores = scorer_of(model).scores_on(4, graph)
    scores[np.append(excluded_of(WORLD, 4), add).astype(np.int64)] = -np.inf
    expected = np.argsort(-scores, kind="stable")[:6]
    assert found.after.tolist() == expected.tolist()
    np.testing.assert_allclose(found.score_after, scores[expected], rtol=1e-5)
    before = ranked(model, WORLD, 4)
    assert found.before.tolist() == before[:6].tolist()
    places = [int(np.flatnonzero(before == item)[0]) + 1 for item in found.after]
    assert found.rank_before.tolist() == places
    assert not set(found.after.tolist()) & (set(remove.tolist()) | set(add.tolist()))


def test_nothing_changed_changes_nothing():
    found = what_if(Run.of(linear(WORLD), WORLD), 4, [], [], k=6)
    assert found.before.tolist() == found.after.tolist()


def test_wrong_items_are_refused():
    model = linear(WORLD)
    history = model.graph.history(4).tolist()
    with pytest.raises(RequestError, match="no train interaction"):
        what_if(Run.of(model, WORLD), 4, [int(ranked(model, WORLD, 4)[0])], [])
    with pytest.raises(RequestError, match="already"):
        what_if(Run.of(model, WORLD), 4, [], history[:1])
    with pytest.raises(RequestError, match="no item with index 99"):
        what_if(Run.of(model, WORLD), 4, [], [99])
    with pytest.raises(RequestError, match="no user with index -1"):
        what_if(Run.of(model, WORLD), -1, [], [])
