"""The facade as a stranger uses it: ids in, tables out, the figures of the command line."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest

import gnnrec_core as gr
from gnnrec_core.base.errors import DataError, RequestError, UnsupportedError
from gnnrec_core.base.places import PROJECT
from gnnrec_core.cli import main
from gnnrec_core.data.dataset import SPLITS

QUICK = {"epochs": 3, "embedding_dim": 8, "n_layers": 2}


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """Two communities of 12 people: even people choose even items."""
    rows = [(f"u{u}", f"i{i}", 1_600_000_000 + 60 * i + u) for u in range(24) for i in range(20) if (u + i) % 2 == 0]
    path = tmp_path_factory.mktemp("log") / "ratings.csv"
    path.write_text("user,item,time\n" + "\n".join(f"{u},{i},{t}" for u, i, t in rows), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def data(log):
    return gr.read(log)


@pytest.fixture(scope="module")
def run(data):
    return gr.fit(data, "lightgcn", device="cpu", **QUICK)


@pytest.fixture(scope="module")
def stored(run, tmp_path_factory):
    return run.save(tmp_path_factory.mktemp("runs") / "mine")


def answered(capsys, *words):
    assert main([*map(str, words), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def without_seconds(value):
    if isinstance(value, dict):
        return {name: without_seconds(entry) for name, entry in value.items() if name != "seconds"}
    return [without_seconds(entry) for entry in value] if isinstance(value, list) else value


def test_importing_imports_neither_torch_nor_streamlit_and_every_verb_is_there():
    heavy = ("torch", "streamlit", "pandas", "polars", "scipy")
    code = f"import sys, gnnrec_core as gr; print([m for m in {heavy} if m in sys.modules], *dir(gr))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT, check=True).stdout
    assert said.startswith("[] ") and set(gr.VERBS) <= set(said.split())
    assert all(callable(getattr(gr, name)) for name in gr.VERBS)
    with pytest.raises(AttributeError, match="no attribute 'recomend'"):
        _ = gr.recomend


def test_rooms_that_are_verbs_are_still_rooms(run):
    import gnnrec_core.audit
    from gnnrec_core.explain.case import make_case

    assert callable(make_case) and callable(gnnrec_core.audit)
    assert list(gr.audit(run, k=5).to_frame().columns) == list(gnnrec_core.audit(run, k=5).to_frame().columns)


def test_read_takes_paths_folders_and_tables(log, data, tmp_path):
    assert (
        repr(data) == "Dataset 'ratings.csv': 24 users, 20 items, 240 interactions (train 192, validation 24, test 24)"
    )
    table = pd.read_csv(log)
    for other in (gr.read(str(log)), gr.read(table), gr.read(pl.from_pandas(table))):
        assert other.fingerprint == data.fingerprint
    gr.read(log, out=tmp_path / "mine")
    assert gr.read(tmp_path / "mine").fingerprint == data.fingerprint
    assert gr.read(log, split="leave-last").fingerprint != data.fingerprint
    with pytest.raises(RequestError, match="list cannot be read"):
        gr.read([1, 2])


def test_fit_in_memory_gives_the_weights_of_train(run, data, tmp_path, capsys):
    gr.read(data.source, out=tmp_path / "data")
    sets = [word for name, value in QUICK.items() for word in ("--set", f"{name}={value}")]
    answered(
        capsys, "train", tmp_path / "data", "--model", "lightgcn", "--out", tmp_path / "run", "--device", "cpu", *sets
    )
    there = gr.load(tmp_path / "run").model.tensors()
    assert all(np.array_equal(there[name], value) for name, value in run.model.tensors().items())


def test_a_run_in_memory_is_saved_whole_and_read_again(run, stored):
    assert run.folder is None and stored.folder.name == "mine"
    again = gr.load(stored.folder)
    assert np.array_equal(again.model.score(np.arange(24)), run.model.score(np.arange(24)))
    assert again.record.figures == run.record.figures and again.record.settings == run.record.settings
    with pytest.raises(RequestError, match="in memory only"):
        _ = run.place
    with pytest.raises(RequestError, match="exists"):
        run.save(stored.folder)


def test_answers_are_those_of_the_command_line(stored, capsys):
    folder = stored.folder
    mine = gr.recommend(folder, "u1", k=5)
    assert answered(capsys, "recommend", folder, "--user", "u1", "--k", 5)["items"] == mine.to_dict()["items"]
    best = mine.to_frame()["item"][0]
    cases = [
        (gr.explain(stored, "u1", best), ["explain", folder, "--user", "u1", "--item", best, "--no-faithfulness"]),
        (
            gr.counterfactual(stored, "u1", best, k=3),
            ["counterfactual", folder, "--user", "u1", "--item", best, "--k", 3],
        ),
        (gr.audit(stored, by="activity", k=5), ["audit", folder, "--group-by", "activity", "--k", 5]),
        (gr.compare(stored, k=5), ["compare", folder, "--k", 5]),
        (gr.evaluate(stored, k=5), ["evaluate", folder, "--k", 5]),
    ]
    for answer, words in cases:
        told = without_seconds(answered(capsys, *words))
        own = without_seconds(answer.to_dict())
        assert {name: told[name] for name in own} == own, words[0]


def test_tables_have_the_figures_and_ids(run, data):
    everybody = run.recommend(k=3).to_frame()
    assert list(everybody.columns) == ["user", "item", "title", "score", "rank"] and len(everybody) == 72
    assert set(everybody["user"]) == set(data.users.ids)
    user, item = everybody.iloc[0][["user", "item"]]
    explained = gr.explain(run, user, item)
    parts = explained.to_frame()
    assert parts["value"].sum() + explained.value.baseline == pytest.approx(explained.value.score, abs=1e-6)
    audited = gr.audit(run, by="activity", k=3, min_group_size=2).to_frame()
    whole = audited[(audited["group"] == "all users") & (audited["figure"] == "recall")]["value"].iloc[0]
    assert whole == pytest.approx(gr.evaluate(run, k=3).to_dict()["metrics"]["recall"]["value"])


def test_an_answer_without_a_picture_shows_its_text_line_by_line(run, capsys):
    answer = run.evaluate(k=3)
    answer.show()
    printed = capsys.readouterr().out
    assert printed.rstrip("\n") == str(answer) and len(printed.splitlines()) > 8


def test_lists_from_anywhere_are_audited_like_the_run_that_made_them(run, data):
    def part(name):
        rows = data.interactions.split == SPLITS.index(name)
        users, items = data.interactions.user_index[rows], data.interactions.item_index[rows]
        return pd.DataFrame({"user": [data.users.ids[u] for u in users], "item": [data.items.ids[i] for i in items]})

    lists = run.recommend(k=5).to_frame()
    own = gr.audit(run, k=5).to_dict()["overall"]
    by_score = gr.audit(lists[["user", "item", "score"]].sample(frac=1, random_state=1), held_out=part("test"), k=5)
    assert by_score.to_dict()["overall"]["recall"] == own["recall"]
    given = gr.from_lists(lists[["user", "item", "rank"]], data)
    assert gr.audit(given, k=5).to_dict()["overall"]["novelty"] == own["novelty"]
    assert (
        given.recommend("u1", k=5).to_frame()["item"].tolist() == run.recommend("u1", k=5).to_frame()["item"].tolist()
    )
    assert len(given.recommend("u1", k=9).to_frame()) == 5  # a list that has ended is never filled up
    with pytest.raises(UnsupportedError, match="only its lists are known"):
        gr.explain(given, "u1", lists["item"][0])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda t: t.drop(columns="rank"), "neither a column rank nor a column score"),
        (lambda t: t.rename(columns={"user": "who"}), "no column user"),
        (lambda t: t.assign(item="new"), "stands twice|not in the data"),
        (lambda t: t.assign(rank=[None, *t["rank"][1:]]), "Row 1 of the lists has None as its rank"),
        (lambda t: pd.concat([t, t[:1]]), "stands twice"),
    ],
)
def test_faulty_lists_are_refused_in_a_sentence(run, data, change, says):
    lists = run.recommend("u1", "u2", k=3).to_frame().drop(columns="score")
    with pytest.raises(DataError, match=says):
        gr.from_lists(change(lists), data)


def test_what_is_held_out_cannot_have_been_there_before():
    lists = pd.DataFrame({"user": ["a", "a"], "item": ["x", "y"], "rank": [1, 2]})
    later, before = (pd.DataFrame({"user": ["a"], "item": [item]}) for item in "yx")
    both = gr.from_lists(lists, held_out=pd.concat([later, before]), history=before)
    assert [problem.code for problem in both.dataset.problems] == ["held_out_before"]
    assert both.recommend("a", k=2).to_frame()["item"].tolist() == ["y"]
    with pytest.raises(RequestError, match="only be judged against something"):
        gr.from_lists(lists)


def test_changes_of_the_past(run, data):
    history = data.items.ids[run.graph.history(data.users.index("u1"))[0]]
    changed = gr.what_if(run, "u1", remove=[history], k=5)
    assert history not in changed.to_frame()["item"].tolist() and changed.to_dict()["removed"] == [history]
    listed = gr.recommend(run, "u1", k=20).to_frame()["item"].tolist()
    missing = gr.why_not(run, "u1", listed[-1], k=1)
    assert missing.to_dict()["rank"] == len(listed)
    with pytest.raises(RequestError, match="There is no user 'u999'"):
        gr.explain(run, "u999", listed[0])
    with pytest.raises(RequestError, match="int is not a run"):
        gr.recommend(5, "u1")


def test_an_answer_is_text_html_a_page_and_a_picture(tmp_path):
    evil = "<script>alert(1)</script>\x1b[31m"
    rows = [(f"u{u}", evil if i == 3 else f"i{i}") for u in range(12) for i in range(8) if (u * i) % 3 != 1]
    frame = pd.DataFrame(rows, columns=["user", "item"])
    run = gr.fit(gr.read(frame), "itemknn")
    answer = run.recommend("u1", "u2", "u4", k=3)
    for said in (repr(answer), str(answer)):
        assert "\x1b" not in said
    assert "<script>" not in answer._repr_html_() and "<table>" in answer._repr_html_()
    page = answer.save(tmp_path / "lists.html").read_text(encoding="utf-8")
    assert "<script" not in page and "default-src 'none'" in page
    with pytest.raises(RequestError, match="exists"):
        answer.save(tmp_path / "lists.html")
    with pytest.raises(UnsupportedError, match="no picture"):
        answer.figure()
    item = answer.to_frame()["item"][0]
    assert len(gr.explain(run, "u1", item, k=8).figure().data) == 1
    assert len(repr(gr.audit(run, k=3)).splitlines()) <= 13


def test_the_evidence_of_a_case_is_written_beside_its_json(stored, tmp_path, monkeypatch):
    monkeypatch.setenv("GNNREC_HOME", str(tmp_path / "home"))
    item = stored.recommend("u1").to_frame()["item"][0]
    page = gr.report(stored, "u1", item, tmp_path / "case.html")
    assert page.is_file() and json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))
    with pytest.raises(RequestError, match="exists"):
        gr.report(stored, "u1", item, tmp_path / "case.html")


def test_lists_are_saved_and_read_again(run, data, tmp_path):
    lists = run.recommend(k=5).to_frame()
    again = gr.load(gr.from_lists(lists, data).save(tmp_path / "lists").folder)
    assert again.recommend(k=5).to_frame()["item"].tolist() == lists["item"].tolist()


@pytest.mark.parametrize("k", [0, 31])
def test_one_rule_on_the_length_of_lists(run, k):
    item = run.recommend("u1", k=3).to_frame()["item"][0]
    asked = (
        lambda: run.recommend("u1", k=k), lambda: run.evaluate(k=k), lambda: gr.explain(run, "u1", item, k=k),
        lambda: gr.why_not(run, "u1", item, k=k), lambda: gr.counterfactual(run, "u1", item, k=k),
        lambda: gr.what_if(run, "u1", k=k), lambda: gr.audit(run, k=k), lambda: gr.compare(run, k=k),
    )  # fmt: skip
    for ask in asked:
        with pytest.raises(RequestError, match=rf"^Lists of {k} items cannot be made out of 20 items\.$"):
            ask()
