import numpy as np
import pytest

from gnnrec_core.audit.metrics import METRICS
from gnnrec_core.audit.studies.comparing import BASELINES, baseline_lists, compare
from gnnrec_core.audit.studies.frontier import Point, comparison_points, pareto_front
from gnnrec_core.base.errors import RunError
from tests.audit.small_runs import run_of, sample, trained
from tests.worlds import random_dataset, two_communities

DATA = random_dataset(80, 50, per_user=10)


@pytest.fixture(scope="module")
def found():
    return compare([trained(DATA, "popularity"), trained(DATA, "itemknn")], 10, n_permutations=199)


def test_the_baselines_are_always_in_the_table(found):
    assert [row.name for row in found.rows] == ["popularity", "itemknn", *(f"baseline: {name}" for name in BASELINES)]
    assert [row.is_baseline for row in found.rows] == [False, False, True, True, True, True]


def test_a_run_is_like_its_own_baseline(found):
    rows = {row.name: row for row in found.rows}
    assert rows["itemknn"].metrics == rows["baseline: itemknn"].metrics
    same = next(d for d in found.differences if (d.run, d.other) == ("itemknn", "baseline: itemknn"))
    assert same.value == 0 and same.p_value == 1 and "cannot be told apart" in same.sentence


def test_differences_are_paired_and_signed(found):
    ndcg = METRICS["ndcg"]
    d = next(d for d in found.differences if (d.metric, d.run, d.other) == ("ndcg", "itemknn", "popularity"))
    change = ndcg.compute(found.evidence["itemknn"]) - ndcg.compute(found.evidence["popularity"])
    assert d.value == pytest.approx(np.nanmean(change)) and d.low < d.value < d.high
    assert d.n_users == np.isfinite(change).sum()
    assert d.n_better == (change > 1e-12).sum() and d.n_worse == (change < -1e-12).sum()
    assert d.p_adjusted >= d.p_value


class Silent:
    """A model that has nothing for some users."""

    def __init__(self, model, users):
        self.model, self.users = model, users

    def score(self, users):
        return np.where(np.isin(users, self.users)[:, None], -np.inf, self.model.score(users))


def test_only_users_measurable_in_both_runs_are_compared():
    full, known = trained(DATA, "popularity"), trained(DATA, "itemknn")
    silent = run_of(DATA, Silent(known.model, [3, 4]), "itemknn")
    for runs in ([full, silent], [silent, full]):
        found = compare(runs, 5, baselines=(), tested=("novelty",), n_permutations=99)
        (d,) = found.differences
        change = [METRICS["novelty"].compute(found.evidence[name]) for name in (d.run, d.other)]
        known = np.isfinite(change[0]) & np.isfinite(change[1])
        assert d.n_users == known.sum() == 78 and d.value == pytest.approx(np.mean((change[0] - change[1])[known]))
        assert d.n_better + d.n_worse <= 78


def test_p_values_are_adjusted_over_the_whole_comparison(found):
    """The more is tested together, the larger each p; what is told apart is what stays under one in twenty."""
    assert all(d.p_adjusted >= d.p_value - 1e-12 for d in found.differences)
    assert [d for d in found.differences if d.p_value < 0.05 <= d.p_adjusted]  # found alone, not among so many
    for d in found.differences:
        assert ("cannot be told apart" in d.sentence or "differ by less" in d.sentence) == (d.p_adjusted >= 0.05)


def test_a_model_that_learnt_something_beats_chance():
    found = compare([trained(sample(), "popularity")], 10, baselines=("random",), tested=("ndcg",), n_permutations=199)
    assert found.differences[0].value > 0 and found.differences[0].p_adjusted < 0.001
    assert "above baseline: random" in found.differences[0].sentence


def test_runs_of_other_data_are_refused():
    with pytest.raises(RunError, match="different data"):
        compare([trained(DATA, "popularity"), trained(two_communities(), "popularity")])


def test_random_lists_come_from_the_seed_and_leave_out_what_was_seen():
    first, again, other = (baseline_lists(DATA, "random", 5, seed=seed) for seed in (0, 0, 1))
    assert np.array_equal(first.item_index, again.item_index)
    assert not np.array_equal(first.item_index, other.item_index)


def test_a_baseline_that_cannot_be_made_is_named():
    found = compare([trained(DATA, "popularity")], 10, baselines=("nonsense",), tested=("ndcg",), n_permutations=99)
    assert "nonsense is left out" in found.warnings[0] and len(found.rows) == 1


def test_points_and_front(found):
    points = comparison_points(found, "coverage")
    assert {point.kind for point in points} == {"run", "baseline"} and len(points) == 6
    front = pareto_front(points)
    chance = next(point for point in points if point.is_chance)
    sound = [point for point in points if point.y > chance.y_high]
    assert chance.name == "baseline: random" and chance not in front and set(front) <= set(sound)
    for point in sound:
        beaten = any(o.x >= point.x and o.y >= point.y and (o.x > point.x or o.y > point.y) for o in sound)
        assert (point in front) != beaten
    down = pareto_front([Point("a", "run", 1, 1), Point("b", "run", 2, 2)], x_higher=False)
    assert [point.name for point in down] == ["a", "b"]


def test_where_nobody_is_judged_it_is_said_and_nothing_is_compared():
    from dataclasses import replace

    log = DATA.interactions
    data = replace(DATA, interactions=replace(log, split=np.where(log.split == 2, 0, log.split)))
    found = compare([trained(data, "popularity")], 10, baselines=("random",), n_permutations=99)
    assert "has no test part" in found.warnings[0] and "--split validation can be evaluated" in found.warnings[0]
    assert {d.metric for d in found.differences} <= {"novelty", "long_tail_share"}
    assert np.isnan(found.rows[0].metrics["ndcg"].value) and found.rows[0].metrics["ndcg"].reason
