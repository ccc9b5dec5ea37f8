"""The three commands about one user and one item answer as the contract says."""

import json

import numpy as np
import pytest

from gnnrec_core.audit.groups import group_users
from gnnrec_core.base.pseudonyms import load_pseudonyms
from gnnrec_core.cli import main
from gnnrec_core.data.store import load_dataset, save_dataset
from gnnrec_core.runs.training import train
from tests.worlds import random_dataset

WORLD = random_dataset(n_users=25, n_items=40, per_user=11, seed=6, side_edges=True)


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    save_dataset(WORLD, folder / "data")
    train(folder / "data", "lightgcn", {"epochs": 3, "embedding_dim": 8, "n_layers": 2}, folder / "lightgcn")
    train(folder / "data", "popularity", {}, folder / "popularity")
    return folder


def ask(capsys, *words):
    code = main([*map(str, words), "--json"])
    captured = capsys.readouterr()
    return code, json.loads(captured.out), captured.err


def listed(capsys, folder, user="u3", k=40):
    return ask(capsys, "recommend", folder / "lightgcn", "--user", user, "--k", k)[1]["items"]


@pytest.mark.parametrize("method", ["ledger", "paths", "leave_one_out", "random"])
@pytest.mark.parametrize("target", ["score", "margin"])
def test_explain_answers_with_all_fields_and_parts_that_sum(capsys, run_folder, method, target):
    best = listed(capsys, run_folder)[1]
    words = ("--user", "u3", "--item", best["item"], "--method", method, "--top", 3, "--target", target)
    code, answer, _ = ask(capsys, "explain", run_folder / "lightgcn", *words)
    assert code == 0 and answer["user"] == "u3" and answer["item"] == best["item"] and answer["rank"] == 2
    assert len(answer["contributions"]) == 3 and answer["method"] == method
    assert answer["item_score"] == pytest.approx(best["score"], abs=1e-5)
    if answer["additive"]:
        together = answer["baseline"] + answer["sum_of_contributions"]
        assert together == pytest.approx(answer["score"], abs=1e-5) and answer["completeness_error"] <= 1e-5
    if target == "margin":
        assert answer["reference_item"] == listed(capsys, run_folder)[10]["item"]
    for part in answer["contributions"]:
        assert set(part["checked"]) == {"score_without", "rank_without"}
        assert part["kind"] in ("history", "side")
    assert answer["faithfulness"]["verdict"] and answer["narrative"] and answer["seconds"] >= 0
    assert (method == "paths") == bool(answer["paths"])
    assert all(set(node) == {"type", "id", "title"} for path in answer["paths"] for node in path["nodes"])


def test_the_same_command_gives_the_same_figures(capsys, run_folder):
    words = ("explain", run_folder / "lightgcn", "--user", "u3", "--item", "i7", "--method", "random", "--seed", 5)
    one, other = (ask(capsys, *words)[1] for _ in range(2))
    one.pop("seconds"), other.pop("seconds")
    assert one == other


def test_counterfactual_and_why_not_are_as_in_the_contract(capsys, run_folder):
    items = listed(capsys, run_folder)
    pair = ("--user", "u3", "--k", 5, "--item")
    code, answer, _ = ask(capsys, "counterfactual", run_folder / "lightgcn", *pair, items[4]["item"])
    assert code == 0 and answer["rank_before"] == 5 and answer["verified"] is True
    assert answer["found"] == (answer["rank_after"] > 5) and isinstance(answer["checked_smaller_sets"], int)
    history = set(WORLD.interactions.item_index[WORLD.interactions.user_index == 3].tolist())
    assert {WORLD.items.index(entry["item"]) for entry in answer["removed"]} <= history
    code, answer, _ = ask(capsys, "why-not", run_folder / "lightgcn", *pair, items[7]["item"])
    assert code == 0 and answer["rank"] == 8 and answer["contrast"]["reference_item"] == items[4]["item"]
    assert answer["found"] == (answer["rank_after"] <= 5) and answer["contrast"]["score"] < 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["explain", "lightgcn", "--user", "u99", "--item", "i1"], "no user 'u99'"),
        (["explain", "lightgcn", "--user", "u1", "--item", "i1", "--method", "magic"], "no explanation method"),
        (["explain", "lightgcn", "--user", "u1", "--item", "i1", "--set", "side=left"], "side"),
        (["explain", "lightgcn", "--user", "u1", "--item", "i1", "--top", "-1"], "--top -1"),
        (["explain", "popularity", "--user", "u1", "--item", "i1"], "'popularity'"),
        (["counterfactual", "popularity", "--user", "u1", "--item", "i1"], "'popularity'"),
        (["explain", "lightgcn", "--user", "u1", "--item", "i1", "--k", "0"], "Lists of 0 items"),
    ],
)
def test_wrong_requests_are_exit_2_with_a_sentence_and_a_hint(capsys, run_folder, words, message):
    code, answer, error = ask(capsys, words[0], run_folder / words[1], *words[2:])
    assert code == 2 and message in answer["error"]["message"] and answer["error"]["hint"]
    assert message in error


def test_people_get_the_same_content_as_text(capsys, run_folder):
    items = listed(capsys, run_folder)
    for words in (
        ("explain", "--method", "paths", "--item", items[1]["item"]),
        ("counterfactual", "--item", items[9]["item"]),
        ("counterfactual", "--item", items[0]["item"]),
        ("why-not", "--item", items[15]["item"]),
    ):
        assert main([words[0], str(run_folder / "lightgcn"), "--user", "u3", *words[1:]]) == 0
        assert len(capsys.readouterr().out) > 80
    assert np.isfinite([entry["score"] for entry in items]).all()


def test_other_people_go_by_pseudonyms_unless_identities_are_asked_for(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GNNREC_HOME", str(tmp_path / "home"))
    save_dataset(random_dataset(20, 15, 8, side_edges=True), tmp_path / "d")
    train(tmp_path / "d", "lightgcn", {"epochs": 2, "embedding_dim": 4}, tmp_path / "r", device="cpu")
    user = "u3"
    words = ["explain", str(tmp_path / "r"), "--user", user, "--item", "i1", "--method", "paths", "--json"]
    assert main(words) == 0
    hidden = json.loads(capsys.readouterr().out)
    assert main([*words, "--identities"]) == 0
    shown = json.loads(capsys.readouterr().out)

    def people(answer):
        return [n["id"] for p in answer["paths"] for n in p["nodes"] if n["type"] == "user" and n["id"] != user]

    names = load_pseudonyms(tmp_path / "home")
    assert people(shown) and people(hidden) == [names.name(raw_id) for raw_id in people(shown)]
    assert not any(f'"{raw_id}"' in json.dumps(hidden) for raw_id in set(people(shown)))


def test_gap_edges_name_nobody_unless_identities_are_asked_for(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GNNREC_HOME", str(tmp_path / "home"))
    save_dataset(random_dataset(40, 15, 8), tmp_path / "d")
    train(tmp_path / "d", "lightgcn", {"epochs": 2, "embedding_dim": 4}, tmp_path / "r", device="cpu")
    words = ["gap-edges", str(tmp_path / "r"), "--group-by", "tenure", "--k", "5", "--check", "4", "--json"]
    group = group_users(load_dataset(tmp_path / "d"), "tenure").labels[0]
    assert main([*words, "--group", group]) == 0
    hidden = json.loads(capsys.readouterr().out)["edges"]
    assert main([*words, "--group", group, "--identities"]) == 0
    shown = json.loads(capsys.readouterr().out)["edges"]
    names = load_pseudonyms(tmp_path / "home")
    assert [edge["user"] for edge in hidden] == [names.name(edge["user"]) for edge in shown]
    assert all("edge" not in edge for edge in hidden) and all("edge" in edge for edge in shown)
