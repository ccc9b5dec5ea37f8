import json

import pytest

from gnnrec_core.cli import main
from gnnrec_core.data.store import save_dataset
from gnnrec_core.models.presets import PRESETS, preset_settings
from gnnrec_core.runs.record import RunRecord
from tests.worlds import random_dataset, two_communities

QUICK = ["--set", "embedding_dim=8", "--set", "epochs=2", "--set", "validate_every=1", "--device", "cpu"]


@pytest.fixture
def data(tmp_path):
    save_dataset(two_communities(), tmp_path / "data")
    return str(tmp_path / "data")


def call(capsys, *words):
    code = main(["train", *words, "--json"])
    captured = capsys.readouterr()
    return code, json.loads(captured.out), captured.err


def test_train_answers_with_the_figures_of_the_contract(data, tmp_path, capsys):
    out = str(tmp_path / "run")
    code, answer, progress = call(capsys, data, "--model", "lightgcn", "--out", out, *QUICK, "--seed", "5")
    assert code == 0 and "epoch 1" in progress
    assert answer["run"] == out and answer["model"] == "lightgcn" and answer["device"] == "cpu"
    assert answer["n_parameters"] == 40 * 8 and answer["epochs_run"] == 2 and answer["best_epoch"] in (1, 2)
    assert answer["settings"]["embedding_dim"] == 8 and answer["seed"] == 5
    assert set(answer["validation"]) == {"ndcg@20", "recall@20"}
    assert answer["seconds"] > 0 and answer["seconds_per_epoch"] > 0
    assert RunRecord.read(tmp_path / "run").dataset_path == "../data"


def test_an_existing_run_needs_overwrite_or_resume(data, tmp_path, capsys):
    words = [data, "--model", "gat", "--out", str(tmp_path / "run"), *QUICK]
    assert call(capsys, *words)[0] == 0
    code, answer, _ = call(capsys, *words)
    assert code == 2 and "--overwrite" in answer["error"]["hint"]
    assert call(capsys, *words, "--overwrite")[0] == 0 and call(capsys, *words, "--resume")[0] == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--set", "embedding_dim=1"], "embedding_dim = '1' cannot be used"),
        (["--set", "epoch=1"], "no setting named 'epoch'"),
        (["--set", "epochs"], "has no '='"),
        (["--set", "preset=gowala"], "no preset named 'gowala'"),
        (["--device", "tpu"], "no device 'tpu'"),
        (["--max-seconds", "soon"], "invalid float value"),
    ],
)
def test_wrong_requests_are_refused_with_a_hint(words, message, data, tmp_path, capsys):
    code, answer, _ = call(capsys, data, "--model", "lightgcn", "--out", str(tmp_path / "run"), *words)
    assert code == 2 and message in answer["error"]["message"] and answer["error"]["hint"]
    assert not (tmp_path / "run").exists()


def test_an_unknown_model_and_a_missing_dataset_are_refused(data, tmp_path, capsys):
    code, answer, _ = call(capsys, data, "--model", "lightgnc", "--out", str(tmp_path / "run"))
    assert code == 2 and "lightgcn" in answer["error"]["hint"]
    code, answer, _ = call(capsys, str(tmp_path / "none"), "--model", "gat", "--out", str(tmp_path / "run"))
    assert code == 2 and "no dataset" in answer["error"]["message"]


def test_people_are_shown_a_summary(data, tmp_path, capsys):
    assert main(["train", data, "--model", "lightgcn", "--out", str(tmp_path / "run"), *QUICK]) == 0
    assert "lightgcn in" in capsys.readouterr().out


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_made_of_settings_that_its_model_has(name):
    from gnnrec_core.base.settings import read_settings
    from gnnrec_core.models import MODELS
    from gnnrec_core.models.presets import FOLDER

    content = json.loads((FOLDER / f"{name}.json").read_text())
    read_settings(MODELS.load(content["model"]).settings_type, preset_settings(name, content["model"]))
    assert content["why"]


def test_a_training_is_calibrated_unless_told_otherwise_or_there_is_nothing_to_calibrate(tmp_path, capsys, data):
    save_dataset(random_dataset(n_users=120, n_items=40, per_user=11), tmp_path / "larger")
    words = [str(tmp_path / "larger"), "--model", "lightgcn", *QUICK]
    _, answer, _ = call(capsys, *words, "--out", str(tmp_path / "one"))
    assert answer["calibration"]["n_pairs"] > 0 and (tmp_path / "one" / "retraining.json").is_file()
    _, answer, _ = call(capsys, *words, "--out", str(tmp_path / "two"), "--calibrate", "no")
    assert answer["calibration"] is None and not (tmp_path / "two" / "retraining.json").exists()
    _, answer, said = call(capsys, data, "--model", "lightgcn", "--out", str(tmp_path / "three"), *QUICK)
    assert answer["calibration"] is None and "Not calibrated: Only" in said
    code, answer, _ = call(capsys, data, "--model", "ease", "--out", str(tmp_path / "four"), "--calibrate", "yes")
    assert code == 2 and "refits exactly" in answer["error"]["message"]
