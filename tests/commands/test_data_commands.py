"""`data import` and `data describe`: the contract's objects, for programs and for people."""

import json

import pytest

from gnnrec_core.cli import main
from tests.data.bad_inputs import bring_file, error, good_rows, text

PROBLEM = {"code", "severity", "count", "action", "file", "line", "column", "value", "message"}


@pytest.fixture
def log(tmp_path):
    (tmp_path / "log.csv").write_text(text(good_rows()) + ",i1,3,1600000000\n")
    return tmp_path / "log.csv"


def test_the_object_of_the_contract(log, capsys, tmp_path):
    answer = bring_file(capsys, str(log), tmp_path)
    assert list(answer)[:8] == [
        "dataset", "n_users", "n_items", "n_interactions", "n_train", "n_validation", "n_test", "fingerprint",
    ]  # fmt: skip
    assert answer["n_train"] + answer["n_validation"] + answer["n_test"] == answer["n_interactions"] == 240
    assert answer["relations"] == [] and answer["seconds"] > 0
    assert all(set(entry) >= PROBLEM for entry in answer["problems"])


def test_the_seed_decides_the_split_and_nothing_else(log, capsys, tmp_path):
    first, again = (bring_file(capsys, str(log), tmp_path, "--seed", "3") for _ in range(2))
    other = bring_file(capsys, str(log), tmp_path, "--seed", "4")
    assert first["fingerprint"] == again["fingerprint"] != other["fingerprint"]


def test_ratios_and_core(log, capsys, tmp_path):
    answer = bring_file(capsys, str(log), tmp_path, "--ratios", "0.5,0.25,0.25", "--k-core", "2")
    assert (answer["n_train"], answer["n_validation"], answer["n_test"]) == (120, 60, 60)


def test_side_edges_on_the_command_line(log, capsys, tmp_path):
    (tmp_path / "friends.csv").write_text("source,target\nu0,u1\nu1,u2\n")
    words = ["--edges", str(tmp_path / "friends.csv"), "--edge-types", "user-user"]
    assert bring_file(capsys, str(log), tmp_path, *words)["relations"] == [{"name": "friends", "n_edges": 2}]
    assert "--edge-types" in error(bring_file(capsys, str(log), tmp_path, *words[:2]))["message"]
    assert "'user-foe'" in error(bring_file(capsys, str(log), tmp_path, *words[:3], "user-foe"))["message"]


@pytest.mark.parametrize(
    "words",
    [
        ["--ratios", "0.5,0.1,0.1"],
        ["--ratios", "x"],
        ["--k-core", "-1"],
        ["--split", "fold"],
        ["--format", "xls"],
        ["--seed", "-1"],
        ["--min-rating", "nan"],
        ["--half-life-days", "0"],
        ["--since", "yesterday"],
        ["--encoding", "klingon"],
        ["--encoding", "base64"],
        ["--encoding", "idna"],
        ["--delimiter", "\n"],
        ["--user-col", "99"],
        ["--no-such-option"],
    ],
)
def test_wrong_options_are_sentences(log, capsys, tmp_path, words):
    assert error(bring_file(capsys, str(log), tmp_path, *words))["hint"]


def test_describe_for_programs_and_people(log, capsys, tmp_path):
    bring_file(capsys, str(log), tmp_path)
    assert main(["data", "describe", str(tmp_path / "dataset"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["n_users"] == 30 and found["density"] == pytest.approx(240 / 1200) and found["n_components"] == 1
    assert found["share_users_with_one"] == 0 and found["user_degree_quantiles"]["0.5"] == 8
    assert "empty_id" in {entry["code"] for entry in found["problems"]}
    assert main(["data", "describe", str(tmp_path / "dataset")]) == 0
    printed = capsys.readouterr().out
    assert "30 users" in printed and "1 rows have no user id" in printed
    assert main(["data", "describe", str(tmp_path), "--json"]) == 2


def test_import_for_people(log, capsys, tmp_path):
    assert main(["data", "import", str(log), "--out", str(tmp_path / "d")]) == 0
    assert "240 interactions of 241 rows" in capsys.readouterr().out
