import json
from pathlib import Path

import pytest

from gnnrec_core.base.errors import RequestError
from gnnrec_core.cli import main
from gnnrec_core.data.store import load_dataset, save_dataset
from gnnrec_core.models.lightgcn import LightGCN, LightGCNSettings
from gnnrec_core.runs import estimating
from gnnrec_core.runs.job_files import TrainRequest
from gnnrec_core.runs.trial import trial
from tests.worlds import two_communities


@pytest.fixture
def data(tmp_path):
    save_dataset(two_communities(), tmp_path / "data")
    return str(tmp_path / "data")


def test_time_and_memory_are_told_before_a_training(data, capsys):
    words = ["estimate", data, "--model", "lightgcn", "--set", "epochs=9", "--device", "cpu"]
    assert main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["seconds_at_most"] == pytest.approx(9 * found["seconds_per_epoch"]) and found["seconds_per_epoch"] > 0
    assert found["fits"] and 0 < found["n_bytes"] <= found["free_bytes"] and found["device"] == "cpu"
    assert main(words) == 0
    assert "an epoch" in capsys.readouterr().out


def test_what_takes_too_long_is_warned_of_with_settings_that_fit(data, monkeypatch):
    dataset = load_dataset(Path(data))
    plain = estimating.estimate(dataset, "lightgcn", {"epochs": 300, "batch_size": 8}, "cpu")
    assert plain.warnings == () and plain.proposed == {} and plain.models == ()
    monkeypatch.setattr(estimating, "WORTH", 50.0)
    monkeypatch.setattr(estimating, "_step_seconds", lambda fit: 0.25)
    monkeypatch.setattr(estimating, "_validation_seconds", lambda model, dataset: 0.0)
    found = estimating.estimate(dataset, "lightgcn", {"epochs": 300, "batch_size": 8, "steps": 8}, "cpu")
    assert found.seconds_at_most == 600 and "hours" in found.warnings[0]
    assert found.proposed == {"epochs": 25} and {"lowpass", "gfcf"} <= set(found.models)
    monkeypatch.setattr(estimating, "WORTH", 5.0)
    found = estimating.estimate(dataset, "lightgcn", {"epochs": 300, "batch_size": 8, "steps": 8}, "cpu")
    assert found.proposed == {"epochs": 5, "steps": 4}  # 5 epochs of 4 steps of a quarter of a second


def test_what_needs_too_much_memory_is_warned_of_with_settings_that_fit(data, monkeypatch, capsys):
    monkeypatch.setattr(estimating, "free_bytes", lambda device: 120_000_000)
    words = ["estimate", data, "--model", "lightgcn", "--device", "cpu", "--set", "batch_size=65536"]
    assert main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert not found["fits"] and found["seconds_per_epoch"] is None and "GB of memory" in found["warnings"][0]
    settings = LightGCNSettings(**{"batch_size": 65536} | found["proposed"])
    assert LightGCN.memory_bytes(load_dataset(Path(data)), settings) <= 0.8 * 120_000_000
    assert main(words) == 0
    assert "This would fit: --set " in capsys.readouterr().out


def test_a_model_without_epochs_says_so(data, capsys):
    assert main(["estimate", data, "--model", "popularity"]) == 0
    assert "fitted in one go" in capsys.readouterr().out


def test_a_process_of_its_own_answers_and_passes_errors_on(data):
    found = trial(TrainRequest(data, "gat", {"epochs": 4, "embedding_dim": 8}, device="cpu"))
    assert found["model"] == "gat" and found["seconds_at_most"] == pytest.approx(4 * found["seconds_per_epoch"])
    with pytest.raises(RequestError, match="no setting named 'dim'") as caught:
        trial(TrainRequest(data, "gat", {"dim": 3}, device="cpu"))
    assert caught.value.hint and caught.type is RequestError
