"""Awkward files that people have, each with its right value on the command line, in the JSON, in the report and on the
page: `../shared/cases/EXPECTED.md`, part two."""

import contextlib
import io
import json

import pandas as pd
import pytest

from gnnrec_core.cli import main
from gnnrec_core.runs.workspace import Workspace
from gnnrec_ui.show import tables
from tests.ui.app import open_page, texts
from tests.worlds import SHARED, needs_shared

pytestmark = needs_shared
CASES = SHARED / "cases" / "audit"


def ask(*words):
    """Exit code and the JSON of a command."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        code = main([*map(str, words), "--json"])
    return code, json.loads(said.getvalue())


def bring_in(home, name, *words):
    """A dataset of the workspace with a popularity run, by the command line."""
    data, run = home / "datasets" / f"d-{name}", home / "runs" / f"r-{name}"
    for parent in (data.parent, run.parent):
        parent.mkdir(parents=True, exist_ok=True)
    assert ask("data", "import", *words, "--out", data)[0] == 0
    assert ask("train", data, "--model", "popularity", "--out", run)[0] == 0
    return run


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("honest")
    zeros = (CASES / "zeros.csv", "--users", CASES / "zeros_users.csv", "--split", "leave-last")
    weird = (CASES / "weird.csv", "--users", CASES / "weird_users.csv", "--items", CASES / "weird_items.csv")
    bring_in(home, "zeros", *zeros)
    bring_in(home, "weird", *weird, "--split", "random", "--ratios", "0.8,0.2,0")
    return home


@pytest.fixture(autouse=True)
def in_the_workspace(home, monkeypatch):
    from streamlit.runtime.pages_manager import PagesManager
    from streamlit.testing.v1 import app_test

    from tests.ui.app import _WarmPages

    monkeypatch.setenv("GNNREC_HOME", str(home))
    monkeypatch.setattr(app_test, "PagesManager", _WarmPages)
    monkeypatch.setattr(PagesManager, "uses_pages_directory", False)


def everywhere(home, tmp_path, name, *words, **link):
    """The JSON of an audit, its report as text, and the page that shows the same."""
    out = tmp_path / "audit.html"
    code, found = ask("audit", home / "runs" / f"r-{name}", "--k", 10, "--report", out, *words)
    assert code in (0, 3)
    app = open_page("audit", dataset=f"d-{name}", run=f"r-{name}", k="10", **link)
    assert not app.error
    return code, found, out.read_text(encoding="utf-8"), app


def test_a_group_that_gets_nothing_is_a_finding(home, tmp_path, capsys):
    words = ("--group-by", "grp", "--fail-if", "ndcg.p.grp<0.05")
    code, found, report, app = everywhere(home, tmp_path, "zeros", *words, group="grp")
    d = next(d for d in found["differences"] if (d["metric"], d["group"]) == ("ndcg", "Z"))
    assert code == 3 and d["finding"] == "worse" and d["stands"] and d["p_adjusted"] < 1e-6
    assert d["value"] == pytest.approx(-0.326, abs=0.0005) and d["own"] == 0 and d["high"] < 0
    start = "Z (n = 40): NDCG 0: nothing, against 0.326 for all others"
    assert start in d["sentence"] and "on few people" in d["sentence"]
    assert found["verdicts"][0] == d["sentence"] and start in report and start in texts(app)
    main(["audit", str(home / "runs" / "r-zeros"), "--k", "10", "--group-by", "grp"])
    assert start in capsys.readouterr().out


@pytest.mark.parametrize(
    ("group_by", "labels", "sizes"),
    [
        ("activity", ["6 to 7", "8 to 9", "10", "11", "12 to 13"], [46, 45, 55, 22, 32]),
        ("longcat", None, [67, 67, 66]),
        ("tier", ["1", "2", "9-10", "10", "11"], None),
        ("month", ["2023-12", "2024-01", "2024-03"], None),
    ],
)
def test_every_group_is_a_bar_of_its_own(home, tmp_path, group_by, labels, sizes):
    words = ("--split", "validation", "--group-by", group_by)
    _, found, report, app = everywhere(home, tmp_path, "weird", *words, group=group_by)
    told = [group["group"] for group in found["by_group"]]
    assert labels is None or (set(told) == set(labels) and (group_by == "longcat" or told == labels))
    counts = [group["n_users"] for group in found["by_group"]]
    assert sizes is None or sorted(counts) == sorted(sizes)
    assert all(label[:60] in report for label in told)
    drawn = [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]
    bars = next(figure for figure in drawn if figure["data"][0]["type"] == "bar")
    assert [int(text.replace(",", "")) for text in bars["data"][0]["text"]] == counts[::-1]
    assert len(set(bars["layout"]["yaxis"]["ticktext"])) == len(told)


def test_where_nobody_is_held_out_it_is_said_and_nothing_is_judged(home, tmp_path, capsys):
    _, found, report, app = everywhere(home, tmp_path, "weird", "--group-by", "activity", group="activity")
    said = "has no test part: its share is 0, so nobody can be judged on it. --split validation can be evaluated"
    assert said in found["verdicts"][0] and said in report
    assert found["overall"]["serendipity"]["value"] is None and found["overall"]["ndcg"]["value"] is None
    assert "held-out item" in found["not_measured"]["ndcg"]
    code, refused = ask("evaluate", home / "runs" / "r-weird")
    assert code == 2 and "--split validation can be evaluated" in refused["error"]["hint"]
    assert "judged" not in texts(app)  # the page takes the part that there is
    assert "validation part" in texts(app)
    main(["audit", str(home / "runs" / "r-weird"), "--k", "10"])
    ndcg = next(line for line in capsys.readouterr().out.splitlines() if line.lstrip().startswith("NDCG "))
    assert ndcg.split()[1:4] == ["–", "–", "–"]
    assert ndcg.endswith("nothing to measure it on: it is over users with at least one held-out item")


def test_intervals_stay_inside_and_are_the_same_for_the_same_numbers(home):
    _, found = ask("evaluate", home / "runs" / "r-zeros", "--k", 1)
    assert found["metrics"]["recall"] == found["metrics"]["hit_rate"]
    for figure in found["metrics"].values():
        if figure["low"] is not None:
            assert 0 <= figure["low"] <= figure["value"] <= figure["high"] <= 1 and figure["low"] < figure["high"]


@pytest.mark.parametrize(("command", "k"), [("evaluate", 100000), ("audit", 500), ("recommend", 500), ("explain", 500)])
def test_one_rule_on_the_length_of_lists(home, command, k):
    words = {"recommend": ("--user", "007"), "explain": ("--user", "007", "--item", "i01")}.get(command, ())
    code, refused = ask(command, home / "runs" / "r-weird", "--k", k, *words)
    assert code == 2 and refused["error"]["message"] == f"Lists of {k} items cannot be made out of 70 items."
    assert refused["error"]["hint"] == "Choose k from 1 to 70."


def test_items_of_one_title_are_told_apart(home):
    _, listed = ask("recommend", home / "runs" / "r-weird", "--user", "007", "--k", 60)
    same = [entry["title"] for entry in listed["items"] if entry["title"].startswith("Same Title")]
    assert len(same) >= 3 and len(set(same)) == len(same)
    app = open_page("recommend", dataset="d-weird", run="r-weird", user="007", k="50")
    titles = [line for line in texts(app).splitlines() if "Same Title" in line]
    assert all("(i" in line for line in titles)


def test_what_is_renamed_and_what_differs_in_capitals_only_is_noted(home):
    card = json.loads((home / "datasets" / "d-weird" / "dataset.json").read_text(encoding="utf-8"))
    noted = {(problem["code"], problem["column"]) for problem in card["problems"]}
    assert ("renamed_attribute", "title") in noted and ("case_variants", "region") in noted


def test_a_link_to_what_is_gone_says_so(home):
    base = {"dataset": "d-zeros", "run": "r-zeros"}
    for page, link, said in (
        ("compare", {"runs": "r-zeros,deleted"}, "deleted"),
        ("audit", {"group": "gone"}, "gone"),
        ("audit", {"k": "500"}, "500"),
    ):
        warnings = " ".join(w.value.replace("\\", "") for w in open_page(page, **base, **link).warning)
        assert f"“{said}”" in warnings or said in warnings, (page, link, warnings)


def test_a_run_of_overwritten_data_is_named_and_can_be_removed(home):
    run = bring_in(home, "cut", CASES / "zeros.csv", "--split", "random")
    data = home / "datasets" / "d-cut"
    code, _ = ask("data", "import", CASES / "zeros_cut.csv", "--split", "leave-last", "--out", data, "--overwrite")
    place = Workspace(home)
    assert code == 0 and [entry.id for entry in place.orphans()] == ["r-cut"]
    code, refused = ask("audit", run)
    assert code == 2 and "was trained on data with fingerprint" in refused["error"]["message"]
    app = open_page("train", dataset="d-cut")
    assert "The run r-cut" in texts(app) and "which no dataset here has any more" in texts(app)
    linked = open_page("audit", run="r-cut")
    assert any("no dataset here has any more" in w.value.replace("\\", "") for w in linked.warning)
    next(button for button in app.button if button.key == "delete_r-cut").click().run()
    assert place.orphans() == () and "r-cut" not in [entry.id for entry in place.runs()]


def test_a_csv_starts_with_a_mark(home, tmp_path):
    everywhere(home, tmp_path, "zeros")
    assert (tmp_path / "audit.csv").read_bytes()[:3] == b"\xef\xbb\xbf"
    assert tables.as_csv(pd.DataFrame({"שם": ["é"]}))[:3] == b"\xef\xbb\xbf"
