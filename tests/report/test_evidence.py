"""The evidence of a case: every figure of the page and its JSON, repeatable to the byte, nobody else's id in it."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest

from gnnrec_core.base.settings import read_settings
from gnnrec_core.cli import main
from gnnrec_core.data.dataset import Vocabulary
from gnnrec_core.data.store import save_dataset
from gnnrec_core.explain.explanation import Contribution, MessagePath, Node
from gnnrec_core.models import MODELS
from gnnrec_core.runs.run import load_run
from gnnrec_core.runs.training import train
from gnnrec_core.views.evidence import evidence_json, gather
from gnnrec_core.views.evidence_page import evidence_page
from gnnrec_core.views.privacy import pseudonymous
from tests.report.test_html import outline
from tests.worlds import random_dataset

OTHER = "reader-"


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory):
    """A LightGCN trained for three epochs on data with friends and authors; user ids are easy to find in a text."""
    folder = tmp_path_factory.mktemp("evidence")
    made = random_dataset(side_edges=True)
    ids = tuple(f"{OTHER}{index:03}" for index in range(made.n_users))
    made = replace(
        made,
        users=Vocabulary("user", ids),
        user_table=made.user_table.with_columns(user_id=np.array(ids)),
        item_table=made.item_table.with_columns(title=np.array([f"<b>Item {i}</b>" for i in range(made.n_items)])),
    )
    save_dataset(made, folder / "data", False)
    settings = {"embedding_dim": 8, "epochs": 3, "batch_size": 64}
    for model in ("lightgcn", "popularity"):
        fields = MODELS.load(model).settings_type.model_fields
        chosen = {name: value for name, value in settings.items() if name in fields}
        train(folder / "data", model, read_settings(MODELS.load(model).settings_type, chosen), folder / model)
    return folder / "lightgcn"


def report(run_folder, out, *more):
    return main(
        ["report", str(run_folder), "--user", f"{OTHER}003", "--item", "i5", "--out", str(out), "--json", *more]
    )


@pytest.fixture
def files(run_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("GNNREC_HOME", str(tmp_path / "home"))
    out = tmp_path / "case.html"
    assert report(run_folder, out) == 0
    return out.read_text(encoding="utf-8"), json.loads(out.with_suffix(".json").read_text(encoding="utf-8"))


def test_figures_add_up_and_agree_between_page_and_json(run_folder, files):
    page, found = files
    explanation = found["explanation"]
    total = explanation["baseline"] + explanation["sum_of_contributions"]
    assert total == pytest.approx(explanation["score"], abs=1e-5)
    assert explanation["faithfulness"]["sets"] and found["margin"]["target"] == "margin"
    words = " ".join(outline(page).text)
    for sentence in explanation["narrative"]:
        assert sentence in words
    for part in explanation["contributions"][:3]:
        assert part["label"] in words
        assert f"{abs(part['value']):.3g}"[:4] in words
    methods = [opinion["method"] for opinion in found["second_opinions"]]
    assert methods == ["leave_one_out", "integrated_gradients", "saliency", "shapley", "random"]
    assert {entry["what"] for entry in found["not_computed"]} >= {"attention"}
    assert "has no attention" in words


def test_hashes_seed_and_versions_make_it_repeatable(run_folder, files):
    _, found = files
    run, origin = load_run(run_folder), found["provenance"]
    assert origin["dataset_fingerprint"] == run.dataset.fingerprint
    assert origin["model_sha256"] == hashlib.sha256((run_folder / "model.safetensors").read_bytes()).hexdigest()
    assert origin["explanation_seed"] == 0 and "torch" in origin["trained_with"]
    assert "seconds" not in json.dumps(found)
    assert str(run_folder.parent) not in json.dumps(found)


def test_no_time_of_an_interaction_leaves_the_workplace(run_folder, files):
    times = load_run(run_folder).dataset.interactions.timestamp
    told = files[0] + json.dumps(files[1])
    days = {str(day) for day in times.astype("datetime64[s]").astype("datetime64[D]")}
    assert len(days) > 20 and not [day for day in days if day in told]
    assert not [time for time in times.tolist() if str(time) in told]


def test_the_same_case_gives_the_same_bytes(run_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("GNNREC_HOME", str(tmp_path / "home"))
    for name in ("one", "two"):
        assert report(run_folder, tmp_path / f"{name}.html") == 0
    for ending in ("html", "json"):
        assert (tmp_path / f"one.{ending}").read_bytes() == (tmp_path / f"two.{ending}").read_bytes()


def test_nobody_elses_id_is_in_it(files):
    page, found = files
    text = page + json.dumps(found)
    mentioned = {text[at : at + len(OTHER) + 3] for at in range(len(text)) if text.startswith(OTHER, at)}
    assert mentioned == {f"{OTHER}003"}
    assert "user-" in text  # friends are there, under their pseudonyms


def test_the_page_is_inert_and_titles_are_text(files):
    page, _ = files
    parsed = outline(page)
    assert not {"script", "img", "iframe", "b"} & set(parsed.tags)
    assert "<b>Item 5</b>" in " ".join(parsed.text)


def test_a_case_outside_the_list_says_why_there_is_no_counterfactual(run_folder):
    run = load_run(run_folder)
    scores = run.model.score(np.array([3]))[0]
    evidence = gather(run, 3, int(np.argmin(scores)), lambda raw: "somebody", second_opinions=("random",))
    reason = next(why for what, why in evidence.skipped if what == "counterfactual")
    assert evidence.counterfactual is None and reason in " ".join(outline(evidence_page(evidence)).text)
    assert evidence_json(evidence)["counterfactual"] is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (["--out", "case.txt"], "is not an .html file"),
        (["--user", "nobody"], "no user 'nobody'"),
        (["--item", "nothing"], "no item 'nothing'"),
        (["--top", "0"], "--top 0"),
        (["--k", "0"], "Lists of 0 items"),
    ],
)
def test_wrong_requests_end_with_code_2(run_folder, tmp_path, monkeypatch, capsys, change, message):
    monkeypatch.setenv("GNNREC_HOME", str(tmp_path / "home"))
    assert report(run_folder, tmp_path / "case.html", *change) == 2
    assert message in json.loads(capsys.readouterr().out)["error"]["message"]
    assert not list(tmp_path.glob("case*"))


def test_files_that_are_there_stay_and_a_model_without_parts_is_refused(run_folder, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GNNREC_HOME", str(tmp_path / "home"))
    (tmp_path / "case.json").write_text("mine")
    assert report(run_folder, tmp_path / "case.html") == 2
    assert (tmp_path / "case.json").read_text() == "mine"
    capsys.readouterr()
    assert report(run_folder.parent / "popularity", tmp_path / "other.html") == 2
    assert "has no parts" in capsys.readouterr().out


def test_pseudonyms_replace_people_in_labels_nodes_and_paths(run_folder):
    run = load_run(run_folder)
    evidence = gather(run, 3, 5, lambda raw: "somebody", second_opinions=())
    own, other = Node("user", "me", "me", 0), Node("user", "you", "you", 1)
    side = Contribution("side", "friend: you", 1.0, 0.1, nodes=(other,), edge=1)
    reader = Contribution("reader", "you", 1.0, 0.1, user="you", item="i1", nodes=(other,))
    mine = Contribution("history", "Dune", 1.0, 0.1, user="me", item="i1")
    explanation = replace(
        evidence.score, contributions=(side, reader, mine), paths=(MessagePath((own, other, own), 1.0, 0.1),)
    )
    found = pseudonymous(explanation, "me", lambda raw: f"p({raw})")
    assert [part.label for part in found.contributions] == ["friend: p(you)", "p(you)", "Dune"]
    assert [part.user for part in found.contributions] == [None, "p(you)", "me"]
    assert [node.id for node in found.paths[0].nodes] == ["me", "p(you)", "me"]
