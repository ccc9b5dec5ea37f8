"""Live settings of the operator: what they change, for whom, and the run that they make."""

import json
from pathlib import Path

import numpy as np
import pytest

from gnnrec_core.audit.studies.mitigation import prepare
from gnnrec_core.base.errors import RequestError, UnsupportedError
from gnnrec_core.cli import main
from gnnrec_core.explain.explaining import explain
from gnnrec_core.runs.live import live_fields, with_live
from gnnrec_core.runs.run import load_run
from gnnrec_core.whole.against.tuning import save_tuned, tune
from gnnrec_core.whole.items.providers import provider_gains

RUNS = Path(__file__).resolve().parents[2] / "sample_data" / "runs"


@pytest.fixture(scope="module")
def bench():
    return prepare(load_run(RUNS / "lightgcn"), 10, "region")


@pytest.fixture(scope="module")
def less_popular(bench):
    return tune(bench, {"degree_power": -0.3})


def test_a_power_of_zero_changes_nothing(bench):
    found = tune(bench, {"degree_power": 0.0, "half_life_days": 0.0})
    assert all(change.value == 0 for change in found.mitigation.changes if np.isfinite(change.after))
    assert found.mitigation.losers.n == 0 and all(gain.verdict == "cannot tell" for gain in found.providers)


def test_a_lower_power_takes_exposure_from_the_head(less_popular):
    change = {each.metric: each for each in less_popular.mitigation.changes}
    assert change["arp"].high < 0
    head = next(each for each in less_popular.segments if each.name == "head")
    assert head.exposure_after < head.exposure_before
    for when in ("exposure_before", "exposure_after"):
        assert sum(getattr(each, when) for each in less_popular.segments) == pytest.approx(1)


def test_providers_gains_sum_to_nothing_and_turn_around(bench, less_popular):
    gains = less_popular.providers
    assert sum(gain.change for gain in gains) == pytest.approx(0, abs=1e-9)
    assert {gain.verdict for gain in gains} >= {"gains", "loses"}
    back = {gain.provider: gain for gain in provider_gains(less_popular.mitigation.evidence, bench.base)}
    assert all(back[gain.provider].change == pytest.approx(-gain.change) for gain in gains)
    assert all(gain.low <= gain.change <= gain.high for gain in gains)


def test_a_saved_setting_is_a_run_with_an_exact_ledger(bench, less_popular, tmp_path):
    saved = save_tuned(less_popular, bench.run, tmp_path / "tuned")
    again = load_run(tmp_path / "tuned")
    assert again.settings.degree_power == -0.3 and "without training" in saved.record.notes
    users = np.arange(20)
    assert np.array_equal(again.model.score(users), less_popular.run.model.score(users))
    item = int(less_popular.mitigation.evidence.lists.item_index[7, 0])
    assert explain(again, 7, item, "ledger", check_top=1).completeness_error < 1e-9


def test_only_live_settings_can_be_moved(bench):
    assert {field.name for field in live_fields(bench.run)} == {"degree_power", "half_life_days"}
    with pytest.raises(RequestError, match="needs a training"):
        with_live(bench.run, {"n_layers": 1})
    with pytest.raises(UnsupportedError, match="trained for"):
        with_live(load_run(RUNS / "popularity"), {"degree_power": 0.1})


def test_the_command_says_what_changes_and_saves(tmp_path, capsys):
    words = ["tune", str(RUNS / "itemknn"), "--set", "half_life_days=365", "--k", "10", "--out", str(tmp_path / "aged")]
    assert main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["settings"] == {"half_life_days": 365.0} and len(found["segments"]) == 3
    assert load_run(tmp_path / "aged").settings.half_life_days == 365
    assert main([*words, "--overwrite"]) == 0 and "Who would gain" in capsys.readouterr().out
