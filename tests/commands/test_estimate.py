import json

import pytest

from gnnrec_core.base.errors import RequestError
from gnnrec_core.cli import main
from gnnrec_core.data.store import save_dataset
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


def test_a_model_without_epochs_says_so(data, capsys):
    assert main(["estimate", data, "--model", "popularity"]) == 0
    assert "fitted in one go" in capsys.readouterr().out


def test_a_process_of_its_own_answers_and_passes_errors_on(data):
    found = trial(TrainRequest(data, "gat", {"epochs": 4, "embedding_dim": 8}, device="cpu"))
    assert found["model"] == "gat" and found["seconds_at_most"] == pytest.approx(4 * found["seconds_per_epoch"])
    with pytest.raises(RequestError, match="no setting named 'dim'") as caught:
        trial(TrainRequest(data, "gat", {"dim": 3}, device="cpu"))
    assert caught.value.hint and caught.type is RequestError
