"""Explanations against planted truth: the two figures by hand, the cases, and the shipped sample."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from gnnrec_core.base.errors import RequestError
from gnnrec_core.data.truth import load_truth
from gnnrec_core.explain.case import make_case
from gnnrec_core.explain.methods.random import Random
from gnnrec_core.explain.protocol import NoSettings
from gnnrec_core.explain.truth import planted
from gnnrec_core.explain.truth.planted import auc, planted_cases, precision, score_method, score_planted
from gnnrec_core.runs.run import load_run

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"


@pytest.fixture(scope="module")
def truth():
    return load_truth(SAMPLE / "classics")


@pytest.fixture(scope="module", params=["lightgcn", "itemknn"])
def run(request):
    return load_run(SAMPLE / "runs" / request.param)


@pytest.mark.parametrize(
    "values, expected_auc, expected_precision",
    [
        ([4.0, 3.0, 2.0, 1.0], 1.0, 1.0),
        ([1.0, 2.0, 3.0, 4.0], 0.0, 0.0),
        ([0.0, 0.0, 0.0, 0.0], 0.5, 0.5),
        ([3.0, 1.0, 2.0, 0.0], 0.75, 0.5),
    ],
)
def test_figures_by_hand(values, expected_auc, expected_precision):
    causes = np.array([True, True, False, False])
    assert auc(np.array(values), causes) == expected_auc
    assert precision(np.array(values), causes) == expected_precision


def test_auc_is_what_scipy_says():
    from scipy.stats import mannwhitneyu

    rng = np.random.default_rng(0)
    values, causes = rng.integers(0, 6, 40).astype(float), rng.random(40) < 0.3
    expected = mannwhitneyu(values[causes], values[~causes]).statistic / (causes.sum() * (~causes).sum())
    assert auc(values, causes) == pytest.approx(expected)


def test_cases_are_held_out_found_and_can_be_told_apart(run, truth):
    cases = planted_cases(run, truth, 30)
    assert len(cases) == 30 and planted_cases(run, truth, 30)[7].item_index == cases[7].item_index
    for case in cases:
        history = run.graph.history(case.user_index)
        assert case.item_index not in history and case.is_cause.shape == history.shape
        assert 0 < case.is_cause.sum() < len(history)
        cause = truth.cause(case.user_index, case.item_index)
        assert cause.reason == case.reason and set(history[case.is_cause]) <= set(cause.because)


def test_exact_contributions_beat_chance_and_random_numbers_do_not(run, truth):
    scores = score_planted(run, truth, ("ledger", "leave_one_out", "random"), n_cases=120, limits={"leave_one_out": 10})
    ledger, without, random = scores.methods
    assert ledger.auc.low > 0.55 and ledger.precision.low > scores.expected_precision
    assert random.auc.low < 0.5 < random.auc.high
    assert (ledger.n_cases, without.n_cases) == (120, 10)
    assert sum(n for n, _ in ledger.by_reason.values()) == 120
    assert sum(n * mean for n, mean in ledger.by_reason.values()) / 120 == pytest.approx(ledger.auc.value)
    assert 0 < ledger.seconds_per_case < 60


def test_cases_and_draws_come_from_the_seed(run, truth):
    def pairs(seed):
        return [(case.user_index, case.item_index) for case in planted_cases(run, truth, 8, seed)]

    assert pairs(0) == pairs(0) != pairs(1) != pairs(0)
    cases = planted_cases(run, truth, 3, 5)
    expected = []
    for number, case in enumerate(cases):  # case 0 is explained with the seed itself, each further one with the next
        asked = make_case(run.model, run.dataset, case.user_index, case.item_index, "score", 20)
        told = Random().explain(run.model, run.dataset, asked, NoSettings(), 5 + number)
        values = planted.history_values(told, run.dataset, run.graph.history(case.user_index))
        expected.append(auc(values, case.is_cause))
    assert score_method(run, cases, "random", 5).auc.value == pytest.approx(np.mean(expected))
    assert score_planted(run, truth, ("random",), 3, seed=5).methods[0].auc.value == pytest.approx(np.mean(expected))


def test_seconds_are_those_of_one_case(run, truth, monkeypatch):
    clock = iter([100.0, 106.0])
    monkeypatch.setattr(planted, "time", SimpleNamespace(process_time=lambda: next(clock)))
    assert score_method(run, planted_cases(run, truth, 3), "random").seconds_per_case == 2.0


def test_who_cannot_explain_is_named(run, truth):
    scores = score_planted(run, truth, ("ledger", "attention"), n_cases=3)
    assert [score.method for score in scores.methods] == ["ledger"]
    assert "attention" in scores.not_served["attention"]


def test_a_run_that_found_nothing_is_a_sentence(run, truth, monkeypatch):
    monkeypatch.setattr(planted, "MAX_RANK", 0)
    with pytest.raises(RequestError, match="No held-out interaction"):
        planted_cases(run, truth, 5)


def test_what_an_explanation_does_not_name_counts_as_nothing(run, truth):
    from gnnrec_core.explain.explaining import explain

    case = planted_cases(run, truth, 1)[0]
    explanation = explain(run, case.user_index, case.item_index, "ledger", check_top=0)
    history = run.graph.history(case.user_index)
    full = planted.history_values(explanation, run.dataset, history)
    assert np.count_nonzero(full) > 1
    cut = replace(explanation, contributions=explanation.contributions[:1])
    assert np.count_nonzero(planted.history_values(cut, run.dataset, history)) <= 1
