"""Gaps of groups over days: by hand, planted changes that are dated, and shuffled groups that change no more."""

import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from gnnrec_core.audit.auditing import audit
from gnnrec_core.base.errors import RequestError
from gnnrec_core.change.strips import gap_changes, gaps_of, group_strip
from gnnrec_core.cli import main
from gnnrec_core.runs.run import load_run
from gnnrec_core.views.change.strips import strip_json, strip_sections

RUN = Path(__file__).resolve().parents[2] / "sample_data" / "runs" / "itemknn"
DAYS = tuple(date(2024, month, 1) for month in range(1, 9))


@pytest.fixture(scope="module")
def strip():
    return group_strip(load_run(RUN), "region", n_days=3)


def test_a_gap_is_the_group_less_all_others_of_those_who_are_there_every_day():
    values = np.array([[1.0, 2.0], [3.0, 3.0], [5.0, 1.0], [9.0, np.nan]])
    member = np.array([[True, False], [True, False], [False, True], [False, True]])
    assert gaps_of(values, member) == pytest.approx(np.array([[-3.0, 3.0], [1.5, -1.5]]))


def world(rng, shift, at=5, n=300):
    """People with a level of their own and daily noise; group 0 (a fifth) moves by `shift` on day `at`."""
    member = np.zeros((n, 2), bool)
    member[: n // 5, 0] = True
    member[n // 5 :, 1] = True
    values = rng.normal(0.3, 0.2, (n, 1)) + rng.normal(0, 0.05, (n, len(DAYS)))
    values[: n // 5, at:] += shift
    return values, member


def test_a_planted_change_is_dated_and_its_size_told():
    for seed in range(5):
        values, member = world(np.random.default_rng(seed), -0.05)
        first = gap_changes(values, member, DAYS, ["A", "B"])[0]
        assert first.stands and first.day == DAYS[5]
        assert first.after - first.before == pytest.approx(-0.05 if first.group == "A" else 0.05, abs=0.015)


def test_without_a_change_hardly_any_day_stands_out():
    rng = np.random.default_rng(1)
    alarms = [any(c.stands for c in gap_changes(*world(rng, 0.0, n=60), DAYS, ["A", "B"])) for _ in range(60)]
    assert np.mean(alarms) <= 0.12  # 5 % are expected; more than 7 of 60 come once in 400
    assert gap_changes(*world(rng, 0.1), DAYS[:1], ["A", "B"]) == ()


def test_the_strip_ends_at_the_gaps_of_the_audit(strip):
    report = audit(load_run(RUN), 20, "region")
    today = {each.group: each.value for each in report.differences if each.metric == "ndcg"}
    assert dict(zip(strip.groups, strip.gaps[-1], strict=True)) == pytest.approx(today)
    told = strip_json(strip)
    assert {row["day"] for row in told["rows"]} == {day.isoformat() for day in strip.days}
    assert [change["p_adjusted"] for change in told["changes"]] == sorted(c["p_adjusted"] for c in told["changes"])
    assert [section.title for section in strip_sections(strip)] == [
        "When gaps changed",
        "Gaps of groups by region over time",
    ]
    with pytest.raises(RequestError, match="no figure"):
        group_strip(load_run(RUN), "region", "magic", n_days=1)


def test_drift_follows_a_person_or_a_grouping(capsys):
    words = ["drift", str(RUN), "--group-by", "region", "--days", "2"]
    assert main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found["changes"]) == 5 and found["by"] == "region" and len(found["rows"]) == 10
    assert main(words) == 0 and "When gaps changed" in capsys.readouterr().out
    assert main(["drift", str(RUN)]) == 2 and main([*words, "--user", "reader-0001"]) == 2
