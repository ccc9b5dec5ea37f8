"""Counterfactuals over both ends: found follows from the rebuilt graph, and no member of a set is superfluous."""

import numpy as np
import pytest

from gnnrec_core.base.errors import UnsupportedError
from gnnrec_core.explain.questions.both_ends import ends_counterfactual
from gnnrec_core.explain.questions.counterfactual import PROVED, find_counterfactual
from gnnrec_core.explain.serialise import counterfactual_json
from gnnrec_core.render.terminal import text
from gnnrec_core.runs.run import Run
from gnnrec_core.views.explanation import counterfactual_sections
from tests.explain.fakes import attention, item_item, linear
from tests.explain.test_counterfactual import SIDE, WORLD, rank_without, ranked


@pytest.mark.parametrize("maker", [linear, attention])
@pytest.mark.parametrize("dataset", [WORLD, SIDE], ids=["interactions", "side edges"])
@pytest.mark.parametrize("scope", ["readers", "both"])
def test_found_follows_from_the_rebuilt_graph_and_nothing_in_the_set_is_superfluous(maker, dataset, scope):
    model, n_found = maker(dataset), 0
    for user in range(0, 20, 4):
        item = int(ranked(model, dataset, user)[3])
        answer = ends_counterfactual(Run.of(model, dataset), user, item, 5, scope)
        edges = np.array(answer.edges, np.int64)
        assert answer.rank_after == rank_without(model, dataset, user, item, edges)
        assert answer.found == (answer.rank_after > 5)
        users, items = model.graph.edge_index[:, edges]
        own, reads = users == user, items - model.graph.n_users == item
        assert (own | reads).all() if scope == "both" else reads.all()
        n_found += answer.found
        if answer.found and len(edges) > 1:
            assert all(rank_without(model, dataset, user, item, np.delete(edges, p)) <= 5 for p in range(len(edges)))
        said = counterfactual_json(answer, dataset, model.graph)["removed"]
        assert [entry["user"] for entry in said] == [dataset.users.ids[u] for u in users]
        veiled = counterfactual_json(answer, dataset, model.graph, lambda raw: "somebody")["removed"]
        assert {entry["user"] for entry in veiled} <= {"somebody", dataset.users.ids[user]}
        told = text(counterfactual_sections(answer, dataset, model.graph, lambda raw: "somebody"))
        assert not any(f" of {dataset.users.ids[u]}" in told for u in users)
    assert n_found >= 2


def test_two_are_proved_where_no_single_interaction_of_either_end_does_it():
    model, sizes = linear(WORLD), []
    half = model.graph.n_edges // 2
    for user, place in [(user, place) for user in range(20) for place in (2, 3, 4)]:
        item = int(ranked(model, WORLD, user)[place])
        answer = ends_counterfactual(Run.of(model, WORLD), user, item, 5, "both")
        either = np.union1d(model.graph.history_edges(user), model.graph.edges_of(model.graph.item_node(item)) % half)
        alone = [edge for edge in either if rank_without(model, WORLD, user, item, np.array([edge])) > 5]
        assert (len(answer.edges) == 1 and answer.found) == bool(alone)
        assert answer.minimality != PROVED or len(answer.edges) <= 2
        sizes += [len(answer.edges)] if answer.minimality == PROVED else []
    assert {1, 2} <= set(sizes)


def test_both_ends_are_never_worse_at_finding_than_one():
    model = linear(WORLD)
    for user in range(1, 20, 4):
        item = int(ranked(model, WORLD, user)[4])
        own = find_counterfactual(Run.of(model, WORLD), user, item, 5)
        assert ends_counterfactual(Run.of(model, WORLD), user, item, 5, "both").found >= own.found


def test_a_model_that_is_no_propagation_has_no_readers_to_take_away():
    model = item_item(WORLD)
    with pytest.raises(UnsupportedError, match="readers"):
        ends_counterfactual(Run.of(model, WORLD), 1, int(ranked(model, WORLD, 1)[0]), 5, "both")
