"""How large an experiment must be: equal to statsmodels, to simulation, and to what is known of looks."""

import json

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import NormalIndPower, TTestIndPower

import gnnrec_core as gr
from gnnrec_core.base.errors import RequestError
from gnnrec_core.cli import main
from gnnrec_core.decide.ab.bandit import thompson
from gnnrec_core.decide.ab.offline import interleaving, team_draft
from gnnrec_core.decide.ab.planning import (
    PlanSettings,
    always_valid_inflation,
    people_for,
    plan,
    power_of,
    sample_of,
    simulated_power,
    smallest_effect,
    stopping,
)
from gnnrec_core.decide.ab.sequential import boundaries
from tests.decide.logs import make_log
from tests.decide.planted import RUNS, shipped

NOTHING = np.zeros((0, 0))


def skewed(n: int = 3000, seed: int = 0) -> np.ndarray:
    """Most people do little, a few do much."""
    return np.random.default_rng(seed).gamma(0.5, 2.0, n)


def of(values: np.ndarray, past: np.ndarray | None = None):
    return sample_of("clicks", values, np.zeros((len(values), 0)) if past is None else past)


def test_people_power_and_smallest_effect_are_those_of_statsmodels():
    n = people_for(0.2, 2.0, 0.05, 0.8)
    peer = NormalIndPower().solve_power(0.1, alpha=0.05, power=0.8)
    assert n == int(np.ceil(peer)) and abs(TTestIndPower().solve_power(0.1, alpha=0.05, power=0.8) - n) < 3
    assert power_of(0.2, 2.0, 900, 0.01) == pytest.approx(NormalIndPower().power(0.1, 900, 0.01))
    assert smallest_effect(peer, 2.0, 0.05, 0.8) == pytest.approx(0.2, rel=1e-3)


@pytest.mark.parametrize("effect", [0.1, 0.2])
@pytest.mark.parametrize("alpha", [0.05, 0.0125])
def test_the_formula_is_within_two_points_of_simulation_for_skewed_outcomes(effect, alpha):
    values = skewed()
    n = people_for(effect * values.mean(), values.std(), alpha, 0.8)
    found = simulated_power(values, effect * values.mean(), n, alpha, seed=1)
    formula = power_of(effect * values.mean(), values.std(), n, alpha)
    assert formula == pytest.approx(0.8, abs=0.01) and abs(found["power_simulated"] - formula) <= 0.02
    assert found["power_error"] < 0.011
    nothing = simulated_power(values, 0.0, n, alpha, seed=2)["power_simulated"]
    assert nothing <= alpha + 4 * np.sqrt(alpha / 3000)


def test_the_past_leaves_one_less_r_squared_of_the_people():
    rng = np.random.default_rng(0)
    past = rng.normal(size=(20_000, 1))
    values = 5 + 2 * past[:, 0] + rng.normal(size=20_000)
    found = plan([of(values, past)], PlanSettings(effect=0.02)).outcomes[0]
    assert found.variance_left == pytest.approx(1 / 5, abs=0.01)
    assert found.people_cuped == pytest.approx(found.people / 5, rel=0.05)
    assert abs(found.power_simulated - found.power_formula) <= 0.02


def test_several_outcomes_arms_and_segments_are_paid_for():
    sample = of(skewed())
    one = plan([sample], PlanSettings(effect=0.2), people_per_day=100)
    many = plan([sample, sample], PlanSettings(effect=0.2, arms=3, segments=4), people_per_day=100)
    assert (one.n_tests, many.n_tests, many.alpha_each) == (1, 2 * 2 * 5, 0.05 / 20)
    own, of_many = one.outcomes[0], many.outcomes[0]
    z = [stats.norm.isf(alpha / 2) + stats.norm.ppf(0.8) for alpha in (0.05, 0.05 / 20)]
    assert of_many.people / 3 == pytest.approx(own.people / 2 * (z[1] / z[0]) ** 2, rel=0.01)
    assert of_many.people_segment == 4 * of_many.people_cuped and own.people_segment is None
    assert own.days == own.people_cuped / 100
    in_hand = plan([sample], PlanSettings(effect=own.mde, days=14), people_per_day=100).outcomes[0]
    assert in_hand.days == pytest.approx(14, rel=0.01)


def test_looks_spend_alpha_without_an_effect_and_keep_most_of_the_power_with_one():
    bounds = boundaries(5)
    assert stopping(bounds, 0.0)[-1] == pytest.approx(0.05, abs=0.005)
    drift = stats.norm.isf(0.025) + stats.norm.ppf(0.8)
    assert 0.77 < stopping(bounds, drift)[-1] < 0.8  # O'Brien and Fleming's price is small
    found = plan([of(skewed())], PlanSettings(effect=0.2))
    assert 0.5 < found.looks_share < 0.95 and found.looks[-1].stopped == found.looks_power


def test_always_valid_looks_cost_what_their_interval_is_wider():
    critical = np.sqrt(always_valid_inflation(0.05, 0.8)) * (stats.norm.isf(0.025) + stats.norm.ppf(0.8))
    rng = np.random.default_rng(0)
    power = (rng.normal(critical, 1, 100_000) > critical - stats.norm.ppf(0.8)).mean()
    assert power == pytest.approx(0.8, abs=0.005) and 1.9 < always_valid_inflation(0.05, 0.8) < 2.3


def test_team_draft_by_hand_and_of_equal_lists():
    rng = np.random.default_rng(0)
    teams = {tuple(map(tuple, map(sorted, team_draft([1, 2, 3], [1, 4, 5], 3, rng)))) for _ in range(200)}
    # First pick 1 by either; then the other's best; then a coin again.
    assert teams == {((1, 2), (4,)), ((1,), (4, 5)), ((2,), (1, 4)), ((2, 3), (1,))}
    assert team_draft([7, -1], [7, -1], 2, rng) in (({7}, set()), (set(), {7}))
    same = interleaving(shipped(), shipped(), k=10)
    assert same.difference == 0 and same.people_ab is None and abs(same.preference) < 0.05


def test_interleaving_needs_fewer_people_for_a_large_difference():
    found = interleaving(shipped(), shipped("popularity"))
    assert found.difference > 0 and found.preference > 0 and found.times_fewer > 1.2


def test_a_bandit_earns_more_and_knows_less():
    rng = np.random.default_rng(0)
    good, bad = rng.normal(1.0, 1, 4000), rng.normal(0.5, 1, 4000)
    found = thompson(("control", "new"), (bad, good), 20, 100)
    assert found.equal < found.earned <= found.best and found.share_best > 0.85 and found.error_best_two > 1.2
    same = thompson(("a", "b"), (good, good), 20, 100)
    assert same.share_best == pytest.approx(0.5, abs=0.06) and same.earned == pytest.approx(same.equal)


def test_what_cannot_be_planned_is_said():
    with pytest.raises(RequestError, match="is the same for everybody"):
        plan([of(np.ones(50))])
    with pytest.raises(RequestError, match="people an arm"):
        plan([of(np.r_[np.zeros(10**5), 1.0])], PlanSettings(effect=0.001))


def test_the_command_plans_on_a_log_and_on_runs(tmp_path, capsys):
    file, page = tmp_path / "log.csv", tmp_path / "plan.html"
    make_log(1000).write_csv(file)
    words = ["ab", "plan", "--log", str(file), "--outcome-col", "clicks", "--time-col", "time", "--before-col", "taste"]
    assert main([*words, "--effect", "0.1", "--report", str(page), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    outcome = found["outcomes"][0]
    assert outcome["people_cuped"] < 0.7 * outcome["people"] and found["people_per_day"] == pytest.approx(
        1000 / 8, rel=0.02
    )
    assert abs(outcome["power_simulated"] - outcome["power_formula"]) <= 0.02 and found["bandit"]["arms"] == [
        "control",
        "new",
    ]
    assert "people find an effect of 10 %" in page.read_text()
    assert main(["ab", "plan", str(RUNS / "lightgcn"), str(RUNS / "popularity")]) == 0
    said = capsys.readouterr().out
    assert "people when interleaved" in said and "stands in for what people would do" in said
    assert main(["ab", "plan", "--json"]) == 2 and "--log" in json.loads(capsys.readouterr().out)["error"]["hint"]


def test_the_facade_plans_and_reads():
    log = make_log(600, effect=0.5).to_pandas()
    planned = gr.ab_plan(RUNS / "lightgcn", log=log, outcomes="clicks", columns={"time": "time"}, effect=0.1)
    assert list(planned.to_frame().metric) == ["clicks"] and planned.to_dict()["interleaving"] is None
    read = gr.ab_read(log, outcomes="clicks/rows", by=["club"], before=["taste"], adjust="bh")
    assert read.value.effects[0].stands and len(read.to_dict()["groups"]) == 2 and "raises it" in str(read)
