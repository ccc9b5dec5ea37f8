"""Leave one out is the reference: it equals rebuilding, and the ledger agrees with it."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from gnnrec_core.explain.explaining import explain
from gnnrec_core.runs.run import Run
from tests.explain.fakes import attention, item_item, linear
from tests.worlds import random_dataset

WORLD = random_dataset()


@pytest.mark.parametrize("target", ["score", "margin"])
@pytest.mark.parametrize("maker", [linear, attention, item_item])
def test_each_value_is_the_score_minus_the_score_of_the_rebuilt_graph(maker, target):
    model = maker(WORLD)
    found = explain(Run.of(model, WORLD), 3, 11, "leave_one_out", target)
    assert len(found.contributions) == len(model.graph.history(3))
    assert not found.is_additive and found.completeness_error is None
    for part in found.contributions:
        assert part.value == pytest.approx(found.score - part.checked.score_without, abs=1e-6)


def test_where_no_closed_form_exists_the_number_of_recomputations_is_limited():
    found = explain(
        Run.of(attention(WORLD), WORLD), 3, 11, "leave_one_out", settings={"max_recomputed": 2}, check_top=0
    )
    ledger = explain(Run.of(attention(WORLD), WORLD), 3, 11, "ledger", check_top=0)
    assert {part.edge for part in found.contributions} == {part.edge for part in ledger.contributions[:2]}
    assert "2 interactions" in found.warnings[0] and 0 <= found.seconds < 60


def test_the_ledger_ranks_interactions_as_leaving_them_out_does():
    dataset = random_dataset(n_users=80, n_items=100, per_user=43, seed=2)
    model = linear(dataset, dim=16)
    for target in ("score", "margin"):
        found = []
        for user in range(0, 80, 4):
            both = [
                explain(Run.of(model, dataset), user, 50, m, target, check_top=0) for m in ("ledger", "leave_one_out")
            ]
            ledger, exact = ({part.edge: part.value for part in e.contributions} for e in both)
            found.append(spearmanr([ledger[edge] for edge in ledger], [exact[edge] for edge in ledger]).statistic)
        assert np.mean(found) >= 0.98


def test_random_is_random_and_repeatable():
    model = linear(WORLD)
    one, again = (explain(Run.of(model, WORLD), 3, 11, "random", seed=5) for _ in range(2))
    assert one.contributions == again.contributions
    assert one.contributions != explain(Run.of(model, WORLD), 3, 11, "random", seed=6).contributions
    assert one.contributions != explain(Run.of(model, WORLD), 3, 12, "random", seed=5).contributions
