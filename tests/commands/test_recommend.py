"""evaluate, recommend, fold-in and sample as the contract has them."""

import json
from pathlib import Path

import polars as pl
import pytest

from gnnrec_core.cli import main
from gnnrec_core.data.store import load_dataset, save_dataset
from gnnrec_core.data.truth import load_truth
from tests.worlds import random_dataset

RUNS = Path(__file__).resolve().parents[2] / "sample_data" / "runs"


@pytest.fixture(scope="module")
def ease(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ease")
    save_dataset(random_dataset(), folder / "data")
    assert main(["train", str(folder / "data"), "--model", "ease", "--out", str(folder / "run")]) == 0
    return folder / "run"


def ask(capsys, *words):
    """(exit code, JSON answer) of a command."""
    capsys.readouterr()
    code = main([*words, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_evaluate_has_every_metric_with_its_interval(capsys, ease):
    code, answer = ask(capsys, "evaluate", str(ease), "--k", "5")
    assert code == 0 and (answer["k"], answer["split"], answer["n_users"]) == (5, "test", 30)
    for name in ("recall", "ndcg", "precision", "hit_rate", "map", "mrr", "coverage", "arp"):
        figure = answer["metrics"][name]
        assert figure["low"] <= figure["value"] <= figure["high"], name
    assert answer["metrics"]["coverage"]["low"] >= 0 and answer["metrics"]["coverage"]["high"] <= 1


def test_validation_is_judged_with_train_left_out(capsys, ease):
    _, answer = ask(capsys, "evaluate", str(ease), "--split", "validation")
    record = json.loads((ease / "run.json").read_text())
    assert answer["metrics"]["ndcg"]["value"] == pytest.approx(record["figures"]["validation"]["ndcg@20"])


@pytest.mark.parametrize(
    "words, message",
    [
        (["--split", "train"], "train"),
        (["--k", "0"], "Lists of 0 items"),
        (["--dataset", "/nowhere"], "no dataset"),
    ],
)
def test_wrong_requests_are_exit_2_with_a_hint(capsys, ease, words, message):
    code, answer = ask(capsys, "evaluate", str(ease), *words)
    assert code == 2 and message in answer["error"]["message"] and answer["error"]["hint"]


def test_recommend_one(capsys, ease):
    code, answer = ask(capsys, "recommend", str(ease), "--user", "u3", "--k", "4")
    assert code == 0 and answer["user"] == "u3"
    assert [entry["rank"] for entry in answer["items"]] == [1, 2, 3, 4]
    scores = [entry["score"] for entry in answer["items"]]
    assert scores == sorted(scores, reverse=True)
    assert answer["items"][0]["title"] == f"Item {answer['items'][0]['item'][1:]}"


def test_an_unknown_user_is_a_sentence_with_near_names(capsys, ease):
    code, answer = ask(capsys, "recommend", str(ease), "--user", "u33")
    assert code == 2 and "'u33'" in answer["error"]["message"] and "Did you mean" in answer["error"]["hint"]


def test_recommend_all_writes_what_recommend_one_says(capsys, ease, tmp_path):
    out = tmp_path / "lists.parquet"
    code, answer = ask(capsys, "recommend", str(ease), "--all", "--k", "4", "--out", str(out))
    assert code == 0 and (answer["n_users"], answer["n_rows"]) == (30, 120)
    table = pl.read_parquet(out)
    assert table.columns == ["user_id", "item_id", "score", "rank"]
    _, one = ask(capsys, "recommend", str(ease), "--user", "u3", "--k", "4")
    rows = table.filter(user_id="u3")
    assert rows["item_id"].to_list() == [entry["item"] for entry in one["items"]]
    assert rows["rank"].to_list() == [1, 2, 3, 4]
    code, again = ask(capsys, "recommend", str(ease), "--all", "--out", str(out))
    assert code == 2 and "exists already" in again["error"]["message"]
    assert ask(capsys, "recommend", str(ease), "--all", "--out", str(out), "--overwrite")[0] == 0


@pytest.mark.parametrize("words", [["--all"], [], ["--user", "u1", "--all"], ["--user", "u1", "--out", "x.parquet"]])
def test_recommend_says_what_goes_together(capsys, ease, words):
    assert ask(capsys, "recommend", str(ease), *words)[0] == 2


def test_fold_in_adds_up(capsys):
    given = "the-hobbit,dune,i-robot"
    code, answer = ask(capsys, "fold-in", str(RUNS / "lightgcn"), "--items", given, "--k", "5")
    assert code == 0 and [entry["item"] for entry in answer["given"]] == given.split(",")
    for entry in answer["items"]:
        assert entry["item"] not in given
        total = entry["own"] + sum(part["value"] for part in entry["contributions"])
        assert total == pytest.approx(entry["score"], rel=1e-9)


@pytest.mark.parametrize(
    "run, items, word", [("gat", "dune", "only training"), ("lightgcn", "dun", "'dun'"), ("lightgcn", ",", "No items")]
)
def test_fold_in_refuses_in_a_sentence(capsys, run, items, word):
    code, answer = ask(capsys, "fold-in", str(RUNS / run), "--items", items)
    assert code == 2 and word in answer["error"]["message"] and answer["error"]["hint"]


def test_answers_for_people(capsys, ease):
    for words in (
        ["evaluate", str(ease)],
        ["recommend", str(ease), "--user", "u1"],
        ["fold-in", str(ease), "--items", "i1"],
    ):
        capsys.readouterr()
        assert main(words) == 0
        assert len(capsys.readouterr().out.splitlines()) >= 7


def test_sample_answers_and_refuses_to_overwrite(capsys, tmp_path, monkeypatch):
    shipped = RUNS.parent / "classics"
    asked = []

    def remembered(seed: int = 0):  # the generator itself is tested in tests/data/test_sample.py
        asked.append(seed)
        return load_dataset(shipped), load_truth(shipped)

    monkeypatch.setattr("gnnrec_core.data.sample.make_sample", remembered)
    code, answer = ask(capsys, "sample", "--out", str(tmp_path / "classics"), "--seed", "3")
    assert asked == [3]
    assert code == 0 and answer["n_users"] == 800 and len(answer["relations"]) == 3
    assert load_dataset(tmp_path / "classics").fingerprint == answer["fingerprint"]
    assert ask(capsys, "sample", "--out", str(tmp_path / "classics"))[0] == 2
