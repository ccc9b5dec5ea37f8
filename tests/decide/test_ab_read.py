"""Reading an experiment: equal to statsmodels where definitions agree, and to what is worked out by hand."""

import json

import numpy as np
import pandas as pd
import polars as pl
import pytest
import statsmodels.formula.api as smf
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from gnnrec_core.base.errors import DataError, RequestError
from gnnrec_core.cli import main
from gnnrec_core.decide.ab.effects import adjust, filled, influence, sample_ratio, with_past
from gnnrec_core.decide.ab.log import LogSettings, Measure, read_log
from gnnrec_core.decide.ab.parts_of_people import Traits, gained, slopes
from gnnrec_core.decide.ab.reading import ReadSettings, read_experiment
from gnnrec_core.decide.ab.sequential import always_valid_p, boundaries, mixture, reach
from gnnrec_core.decide.ab.traits import traits_of
from tests.decide.logs import BEGIN, DAY, make_log
from tests.decide.planted import RUNS, shipped

COLUMNS = LogSettings(time="time", outcomes=("clicks", "clicks/views", "clicks/rows"), before=("taste",))


@pytest.fixture(scope="module")
def table():
    return make_log(effect=0.3)


@pytest.fixture(scope="module")
def log(table):
    return read_log(table, COLUMNS)


@pytest.fixture(scope="module")
def found(log):
    return read_experiment(log)


def people_of(table):
    return table.group_by("user", maintain_order=True).agg(
        pl.col("arm").first(), pl.col("clicks").sum(), pl.col("taste").first()
    ).to_pandas()  # fmt: skip


def test_a_sum_a_person_is_compared_as_welch_does(table, found):
    people = people_of(table)
    sides = [DescrStatsW(people.clicks[people.arm == arm]) for arm in ("new", "control")]
    peer = CompareMeans(*sides)
    ours = found.effects[0].plain
    assert (ours.low, ours.high) == pytest.approx(peer.tconfint_diff(usevar="unequal"))
    assert ours.p_value == pytest.approx(peer.ttest_ind(usevar="unequal")[1])
    assert ours.difference == pytest.approx(sides[0].mean - sides[1].mean)


def test_cuped_is_least_squares_with_the_covariate(table, found):
    people = people_of(table)
    people["treated"] = (people.arm == "new").astype(float)
    peer = smf.ols("clicks ~ treated + taste", people).fit(cov_type="HC3")
    ours = found.effects[0]
    assert ours.cuped.difference == pytest.approx(peer.params.treated)
    assert ours.cuped.error == pytest.approx(peer.bse.treated, rel=0.005)
    assert ours.variance_left == pytest.approx((ours.cuped.error / ours.plain.error) ** 2) and ours.variance_left < 0.8


def test_a_mean_a_row_is_a_regression_clustered_by_person(table, found):
    rows = table.to_pandas()
    rows["treated"] = (rows.arm == "new").astype(float)
    peer = smf.ols("clicks ~ treated", rows).fit(cov_type="cluster", cov_kwds={"groups": pd.factorize(rows.user)[0]})
    ours = found.effects[2].plain
    assert ours.difference == pytest.approx(peer.params.treated)
    assert ours.error == pytest.approx(peer.bse.treated, rel=0.01)
    naive = smf.ols("clicks ~ treated", rows).fit()
    assert ours.error > 1.2 * naive.bse.treated  # visits of one person are not people


def test_a_ratio_by_hand():
    measure = Measure("clicks/views", np.array([1.0, 3.0, 2.0, 2.0]), np.array([2.0, 2.0, 4.0, 1.0]))
    treated = np.array([True, True, False, False])
    own = influence(measure, treated, ~treated)
    assert (own.figure_treated, own.figure_control) == (1.0, 0.8)
    assert own.treated == pytest.approx([(1 - 2) / 2, (3 - 2) / 2])
    assert own.control == pytest.approx([(2 - 0.8 * 4) / 2.5, (2 - 0.8) / 2.5])
    error = np.sqrt((0.5 + 2 * 0.48**2) / 2)  # variances 0.5 and 2 x 0.48^2, each over two people
    assert own.estimate().error == pytest.approx(error)


def test_families_are_adjusted_as_statsmodels_does():
    p = [0.001, 0.04, 0.03, 0.5, 0.012]
    for ours, theirs in (("holm", "holm"), ("bh", "fdr_bh")):
        assert adjust(p, ours) == pytest.approx(multipletests(p, method=theirs)[1])
    assert np.isnan(adjust([0.01, float("nan")], "holm")[1])


def test_maxt_knows_that_tests_go_together():
    rng = np.random.default_rng(0)
    one = rng.normal(size=500)
    same, apart = [one] * 5, list(rng.normal(size=(5, 500)))
    p = [0.02] * 5
    assert adjust(p, "maxt", same) == pytest.approx([0.02] * 5, abs=0.003)
    assert adjust(p, "maxt", apart) == pytest.approx([1 - 0.98**5] * 5, abs=0.01)


def test_arms_of_the_wrong_size_are_said_first():
    assert sample_ratio([60, 40])["p_value"] == pytest.approx(0.0455, abs=1e-4)  # chi-square 4 on one degree
    assert sample_ratio([66, 34], [2, 1])["p_value"] > 0.8
    lost = make_log(2000).filter((pl.col("arm") == "control") | ~pl.col("user").str.slice(-1).is_in(["3", "7", "9"]))
    sentence = read_experiment(read_log(lost, COLUMNS)).sentences[0]
    assert "which chance does not give" in sentence


def test_always_valid_intervals_by_hand():
    spent = -2 * np.log(0.05)
    assert mixture(1000) == pytest.approx((spent + np.log(spent + 1)) / 1000)
    information = 500 * mixture(1000)
    expected = np.sqrt(2 * (information + 1) / information * np.log(np.sqrt(information + 1) / 0.05))
    assert float(reach(500, 1000)) == pytest.approx(expected)
    assert reach(1000, 1000) < min(reach(300, 1000), reach(3000, 1000))  # narrowest, in errors times root n, nearby
    for n in (200, 1000, 5000):  # the p-value is 5 % exactly where the interval ends at 0
        assert always_valid_p(float(reach(n, 1000)), n, 1000) == pytest.approx(0.05)


def test_boundaries_of_planned_looks_are_the_published_ones():
    """Lan and DeMets's boundaries for five looks, as in Jennison and Turnbull's and R's ldbounds tables."""
    assert [b.z for b in boundaries(5)] == pytest.approx([4.8769, 3.3569, 2.6803, 2.2898, 2.0310], abs=2e-4)
    assert [b.z for b in boundaries(5, "pocock")] == pytest.approx([2.4380, 2.4268, 2.4101, 2.3966, 2.3859], abs=2e-4)
    assert boundaries(1)[0].z == pytest.approx(1.95996, abs=1e-4) and boundaries(3)[-1].spent == pytest.approx(0.05)


def test_days_are_counted_from_when_people_come_in_and_what_is_known_grows(log, table, found):
    assert [day.day for day in found.days] == list(range(8)) and found.days[0].n == log.n
    last, effect = found.days[-1], found.effects[0]
    assert last.so_far == pytest.approx(effect.plain.difference)
    assert last.so_far_high - last.so_far == pytest.approx(effect.plain.error * float(reach(log.n)))
    entered = table.group_by("user").agg((pl.col("time").min() - BEGIN) // DAY)
    seen = entered.filter(pl.col("time") + 3 < 8)
    assert found.days[3].n == len(seen)


def test_an_effect_that_wears_off_is_found():
    rows = []
    rng = np.random.default_rng(1)
    for person in range(400):
        arm = person % 2
        for day in range(6):
            rows.append((f"p{person}", "ab"[arm], BEGIN + day * DAY, rng.normal() + arm * (day < 3)))
    table = pl.DataFrame(rows, ("user", "arm", "time", "clicks"), orient="row")
    novelty = read_experiment(read_log(table, LogSettings(time="time", outcomes=("clicks",)))).novelty
    assert novelty.early == pytest.approx(1, abs=0.15) and novelty.late == pytest.approx(0, abs=0.15)
    assert novelty.p_value < 1e-6 and novelty.high < 0


def test_groups_are_compared_with_everybody_else_and_small_ones_are_not_shown():
    table = make_log(600).with_columns(
        clicks=pl.col("clicks") + 3 * ((pl.col("club") == "odd") & (pl.col("arm") == "new"))
    )
    few = [f"p{place:04}" for place in range(12)]
    table = table.with_columns(size=pl.when(pl.col("user").is_in(few)).then(pl.lit("few")).otherwise(pl.lit("many")))
    log = read_log(table, LogSettings(outcomes=("clicks/rows",)))
    found = read_experiment(log, traits=traits_of(log, ("club", "size")))
    assert {(g.grouping, g.group) for g in found.groups} == {("club", "odd"), ("club", "even")}
    odd = next(g for g in found.groups if g.group == "odd")
    own = [
        table.filter((pl.col("club") == "odd") & (pl.col("arm") == arm))["clicks"].mean() for arm in ("new", "control")
    ]
    assert odd.effect == pytest.approx(own[0] - own[1]) and odd.p_adjusted < 1e-6
    assert "Of 2 groups tried, the effect is another in" in " ".join(found.sentences)


def test_slopes_are_those_of_a_regression_with_an_interaction():
    rng = np.random.default_rng(2)
    x, treated = rng.normal(size=(3000, 2)), rng.random(3000) < 0.5
    y = x[:, 0] * treated * 0.2 + x[:, 1] + rng.normal(size=3000)
    x, y = x - x.mean(0), y - np.where(treated, y[treated].mean(), y[~treated].mean())
    slope, t = slopes(x, y, treated[None, :])
    for column in (0, 1):
        frame = pd.DataFrame({"y": y, "x": x[:, column], "a": treated.astype(float)})
        peer = smf.ols("y ~ a * x", frame).fit(cov_type="HC0")
        assert slope[0, column] == pytest.approx(peer.params["a:x"])
        assert t[0, column] == pytest.approx(peer.tvalues["a:x"], rel=0.03)


def test_who_gained_and_which_reason_they_share(tmp_path):
    """Those whose lists rest on tragedies gain, and on nothing else; the ledger's trait is found among all tried."""
    run, rng = shipped(), np.random.default_rng(0)
    people = run.dataset.users.ids
    arm = rng.integers(0, 2, len(people))
    table = pl.DataFrame(
        {"user": people, "arm": np.array(["control", "new"])[arm], "outcome": rng.normal(size=len(people))}
    )
    log = read_log(table, LogSettings())
    traits = traits_of(log, run=run)
    place = traits.features.index("genres: tragedy")
    trait = traits.values[:, place]
    gain = np.where(arm == 1, 0.6 * (trait - trait.mean()) / trait.std(), 0.0)
    planted = read_log(table.with_columns(outcome=pl.col("outcome") + gain), LogSettings())
    found = gained(planted, planted.measure("outcome"), traits)
    assert found[0].name == "genres: tragedy" and found[0].p_adjusted <= 0.01
    assert found[0].slope == pytest.approx(0.6, abs=0.2)
    assert len(found) == len(traits.features) and traits.before.shape == (800, 3)
    quiet = gained(log, log.measure("outcome"), traits)
    assert quiet[0].p_adjusted > 0.05
    assert gained(log, log.measure("outcome"), Traits()) == ()


def test_what_is_known_from_before():
    past = filled(np.array([[1.0, 5.0], [np.nan, 5.0], [3.0, 5.0]]))
    assert past.tolist() == [[1.0, 0.0], [2.0, 1.0], [3.0, 0.0]]  # at the mean, said so; what never varies is left out
    table = make_log(200)
    split = read_log(
        table, LogSettings(time="time", outcomes=("clicks",), start=str(np.datetime64(BEGIN + 3 * DAY, "s")))
    )
    late = table.filter(pl.col("time") >= BEGIN + 3 * DAY)
    assert split.n == late["user"].n_unique() and "no row since" in split.notes[0]
    assert split.before_names == ("clicks before",)
    early = table.filter((pl.col("time") < BEGIN + 3 * DAY) & (pl.col("user") == split.people[0]))
    assert split.before[0, 0] == pytest.approx(early["clicks"].sum())


def test_cuped_does_not_move_the_expected_effect():
    rng = np.random.default_rng(4)
    moved = []
    for _ in range(300):
        x = rng.normal(size=200)
        treated = rng.random(200) < 0.5
        measure = Measure("y", 2 * x + treated + rng.normal(size=200), np.ones(200))
        adjusted, left = with_past(influence(measure, treated, ~treated), x[:, None], treated, ~treated)
        moved.append((adjusted.difference, left))
    values = np.array(moved)
    assert values[:, 0].mean() == pytest.approx(1, abs=0.03)
    assert values[:, 1].mean() == pytest.approx(1 / 5, abs=0.02)  # noise 1 of 1 + 2^2


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda t: t.drop("arm"), "no column 'arm'"),
        (lambda t: t.with_columns(clicks=pl.lit("many")), "Row 1 of the log has 'many' as its clicks"),
        (lambda t: t.with_columns(user=pl.lit("p")), "shown several arms"),
        (lambda t: t.filter(pl.col("arm") == "new"), "fewer than two arms"),
        (lambda t: t.with_columns(time=pl.lit("soon")), "soon"),
        (lambda t: t.with_columns(arm=pl.lit("")), "has no arm"),
    ],
)
def test_a_log_that_cannot_be_read_is_a_sentence(table, change, says):
    with pytest.raises(DataError, match=says):
        read_log(change(table), COLUMNS)


def test_people_in_two_arms_can_be_left_out_and_are_counted(table):
    both = pl.concat(
        [table, table.head(1).with_columns(arm=pl.lit("control")), table.head(1).with_columns(arm=pl.lit("new"))]
    )
    found = read_log(both, COLUMNS.model_copy(update={"crossed": "drop"}))
    assert found.n == table["user"].n_unique() - 1 and found.notes == (
        "1 people were shown several arms and are left out.",
    )
    with pytest.raises(RequestError, match="no arm 'contrl'"):
        read_log(table, COLUMNS.model_copy(update={"control": "contrl"}))


def test_the_command_answers_as_the_contract_says(table, tmp_path, capsys):
    file, page = tmp_path / "log.csv", tmp_path / "read.html"
    table.write_csv(file)
    words = ["ab", "read", str(file), "--outcome-col", "clicks/rows", "--outcome-col", "clicks", "--time-col", "time",
             "--before-col", "taste", "--group-col", "club", "--adjust", "maxt", "--report", str(page)]  # fmt: skip
    assert main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert "p_value" in found["srm"] and len(found["groups"]) == 2
    for effect in found["effects"]:
        assert {"metric", "difference", "low", "high", "p_value", "p_adjusted", "cuped"} <= effect.keys()
        assert effect["cuped"]["p_adjusted"] >= effect["cuped"]["p_value"] - 1e-3
    assert "these intervals hold at all times together" in page.read_text()
    assert main([*words[:5], "--run", str(RUNS / "lightgcn")]) == 0
    assert "clicks/rows: new raises it" in capsys.readouterr().out


def test_settings_say_what_they_take():
    assert ReadSettings().adjust == "holm"
    with pytest.raises(ValueError):
        ReadSettings(adjust="none")
