"""Whatever the data are like, an audit says the same in every place: headline, sentence, star, JSON, `--fail-if`."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from gnnrec_core.audit.metrics import METRICS, default_tests
from gnnrec_core.audit.sources import gather
from gnnrec_core.audit.stats.statistics import permutation_tests
from gnnrec_core.runs.run import load_run
from tests.audit.honest_worlds import build, disagreements, report_of, worlds
from tests.audit.small_runs import SAMPLE

ALL_TESTED = default_tests("audit")
SIZES = ([20, 20], [10, 200], [12, 15, 20, 300], [100] * 5, [10] * 20)
CALM = {"suppress_health_check": list(HealthCheck)}


@given(worlds())
@settings(max_examples=15, **CALM)
def test_no_two_places_disagree(world):
    assert disagreements(report_of(build(*world))) == []


@pytest.mark.long
@pytest.mark.timeout(3600)
@given(worlds())
@settings(max_examples=1000, **CALM)
def test_no_two_places_disagree_in_a_thousand_worlds(world):
    assert disagreements(report_of(build(*world))) == []


def test_a_total_failure_of_a_small_group_is_the_first_thing_said():
    report = report_of(build(["served", "failed"], [20, 20], ["all 1", "all 0"], 0, 0))
    assert report.verdicts[0].startswith("failed (n = 20): NDCG 0: nothing, against ")
    assert "on few people (20 on the smaller side)" in report.verdicts[0]
    assert disagreements(report) == []


@pytest.mark.parametrize("served", ["all 0", "all 1", "nobody"])
def test_where_all_are_served_alike_nothing_is_found(served):
    report = report_of(build(["a", "b"], [60, 60], [served, served], 0, 0))
    assert not any(d.stands for d in report.differences if d.metric in ("ndcg", "recall")) or served == "all 1"
    assert disagreements(report) == []


def real_figures():
    """Numerators and denominators of six figures of the people of a shipped run."""
    evidence = gather(load_run(SAMPLE.parent / "runs" / "lightgcn"), 20)
    parts = [METRICS[name].parts(evidence) for name in ALL_TESTED]
    return tuple(np.stack(columns, axis=1) for columns in zip(*parts, strict=True))


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_chance_alone_is_hardly_ever_a_finding():
    """At most 5 % (and two standard errors of 1,000 worlds: 1.4 %) of worlds without any difference have a finding."""
    top, bottom = real_figures()
    rng, found, n_worlds = np.random.default_rng(0), 0, 1000
    for number in range(n_worlds):
        sizes = SIZES[number % len(SIZES)]
        rows = rng.integers(0, len(top), sum(sizes))
        member = np.repeat(np.arange(len(sizes)), sizes)[:, None] == np.arange(len(sizes))
        tests = permutation_tests(top[rows], bottom[rows], member, 199, number)
        found += bool((tests.p_adjusted < 0.05).any())
    assert found <= 0.064 * n_worlds


@pytest.mark.parametrize(
    "n_worlds", [20, pytest.param(1000, marks=[pytest.mark.long, pytest.mark.timeout(3600)])], ids=str
)
def test_a_total_failure_of_20_against_20_is_found(n_worlds):
    """Nobody of one group has a hit; the others are served as people of the shipped run who have one are."""
    top, _ = real_figures()
    rng, found = np.random.default_rng(0), 0
    served = np.flatnonzero(top[:, ALL_TESTED.index("hit_rate")] > 0)
    member = np.repeat([0, 1], 20)[:, None] == np.arange(2)
    for number in range(n_worlds):
        values = top[np.r_[rng.integers(0, len(top), 20), rng.choice(served, 20)]]
        values[:20, :3] = 0.0
        tests = permutation_tests(values, np.ones_like(values), member, 199, number)
        found += bool((tests.p_adjusted[:3, 0] < 0.05).all())
    assert found >= 0.99 * n_worlds
