"""Awkward files that people have, each with its right value on the command line, in the JSON, in the report and on the
page: `../shared/cases/EXPECTED.md`, part two."""

import contextlib
import html
import io
import json
import re
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from gnnrec_core.base.places import PROJECT
from gnnrec_core.cli import main
from gnnrec_core.runs.workspace import Workspace
from gnnrec_ui.show import tables
from tests.ui.app import open_page, texts
from tests.worlds import SHARED, needs_shared

pytestmark = needs_shared
MARK = b"\xef\xbb\xbf"
CASES = SHARED / "cases" / "audit"
WEIRD = (CASES / "weird.csv", "--users", CASES / "weird_users.csv", "--items", CASES / "weird_items.csv")
WEIRD += ("--split", "random", "--ratios", "0.8,0.2,0")


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
    bring_in(home, "zeros", *zeros)
    bring_in(home, "weird", *WEIRD)
    return home


@pytest.fixture(autouse=True)
def in_the_workspace(home, monkeypatch):
    from streamlit.runtime.pages_manager import PagesManager
    from streamlit.testing.v1 import app_test

    from tests.ui.app import _WarmPages

    monkeypatch.setenv("GNNREC_HOME", str(home))
    monkeypatch.setattr(app_test, "PagesManager", _WarmPages)
    monkeypatch.setattr(PagesManager, "uses_pages_directory", False)


@dataclass(frozen=True)
class Places:
    """The four places in which one answer stands: what the command says, its JSON, its page for filing, and the app."""

    code: int
    said: str
    found: dict[str, Any]
    report: str
    app: AppTest

    @property
    def page(self) -> str:
        """Every word of the app's page: sentences, warnings, figures and tables."""
        tables = [element.value.to_string() for element in (*self.app.dataframe, *self.app.table)]
        notes = [element.value for element in (*self.app.warning, *self.app.info, *self.app.error)]
        figures = [f"{element.label} {element.value}" for element in self.app.metric]
        return "\n".join([texts(self.app), *tables, *notes, *figures]).replace("\\", "").replace("\u00a0", " ")

    @property
    def all(self) -> tuple[str, ...]:
        """All four as text."""
        return self.said, json.dumps(self.found, ensure_ascii=False), self.report, self.page


def plain(page: str) -> str:
    """A page without its markup."""
    return html.unescape(re.sub(r"<[^>]*>", " ", re.sub(r"<style.*?</style>", "", page, flags=re.S)))


@pytest.fixture
def everywhere(home, tmp_path, capsys):
    """An audit of a run in all four places. `words` are of the command, `link` of the app."""

    def ask_all(name, *words, k=10, page="audit", **link):
        out = tmp_path / "audit.html"
        asked = ("audit", home / "runs" / f"r-{name}", "--k", k, *words)
        code, found = ask(*asked, "--report", out, "--overwrite")
        capsys.readouterr()
        main([str(word) for word in asked])
        said = "".join(capsys.readouterr())
        app = open_page(page, dataset=f"d-{name}", run=f"r-{name}", k=str(k), **link)
        assert not app.error
        report = out.read_text(encoding="utf-8") if out.exists() else ""
        return Places(code, said, found, plain(report), app)

    return ask_all


def charts(places):
    return [json.loads(chart.proto.spec) for chart in places.app.get("plotly_chart")]


def test_a_group_that_gets_nothing_is_a_finding(everywhere):
    at = everywhere("zeros", "--group-by", "grp", "--fail-if", "ndcg.p.grp<0.05", group="grp")
    d = next(d for d in at.found["differences"] if (d["metric"], d["group"]) == ("ndcg", "Z"))
    assert at.code == 3 and d["finding"] == "worse" and d["stands"] and d["p_adjusted"] < 1e-6
    assert d["value"] == pytest.approx(-0.326, abs=0.0005) and d["own"] == 0 and d["high"] < 0
    start = "Z (n = 40): NDCG 0: nothing, against 0.326 for all others"
    assert at.found["verdicts"][0] == d["sentence"] and all(
        start in place and "on few people" in place for place in at.all
    )
    heat = next(figure for figure in charts(at) if figure["data"][0]["type"] == "heatmap")["data"][0]["text"]
    assert "★" in heat[1][0] and "nan" not in " ".join(heat[1])


@pytest.mark.parametrize(
    ("group_by", "labels", "sizes"),
    [
        ("activity", ["6 to 7", "8 to 9", "10", "11", "12 to 13"], [46, 45, 55, 22, 32]),
        ("longcat", None, [67, 67, 66]),
        ("tier", ["1", "2", "9-10", "10", "11"], None),
        ("month", ["2023-12", "2024-01", "2024-03"], None),
        ("rank", ["0", "1", "2", "3", "4"], [40] * 5),
    ],
)
def test_every_group_is_a_bar_of_its_own(everywhere, group_by, labels, sizes):
    at = everywhere("weird", "--split", "validation", "--group-by", group_by, group=group_by)
    told = [group["group"] for group in at.found["by_group"]]
    assert labels is None or (set(told) == set(labels) and (group_by == "longcat" or told == labels))
    counts = [group["n_users"] for group in at.found["by_group"]]
    assert sizes is None or sorted(counts) == sorted(sizes)
    said = " ".join(at.said.split())
    for label, count in zip(told, counts, strict=True):
        row = " ".join(label.split())
        assert f" {row} {count} " in said or f" {row} People: {count} " in said  # the second where a table is too wide
        assert label in at.report and label in at.page
    differences = [d for d in at.found["differences"] if d["metric"] == "ndcg"]
    assert [d["group"] for d in differences] == told
    bars, heat = (next(f for f in charts(at) if f["data"][0]["type"] == kind) for kind in ("bar", "heatmap"))
    assert [int(text.replace(",", "")) for text in bars["data"][0]["text"]] == counts[::-1]
    assert len(heat["data"][0]["z"]) == len(told)
    for figure in (bars, heat):
        assert figure["layout"]["yaxis"]["tickvals"] == list(range(len(told)))
        assert len(set(figure["layout"]["yaxis"]["ticktext"])) == len(told)


def test_where_nobody_is_held_out_it_is_said_and_nothing_is_judged(home, everywhere):
    at = everywhere("weird", "--group-by", "activity", group="activity", section="all")
    said = "has no test part: its share is 0, so nobody can be judged on it. --split validation can be evaluated"
    assert said in at.found["verdicts"][0] and said in at.report and said in at.said
    assert at.found["overall"]["serendipity"]["value"] is None and at.found["overall"]["ndcg"]["value"] is None
    reason = "nothing to measure it on: it is over users with at least one held-out item"
    assert at.found["not_measured"]["ndcg"] == reason and reason in at.said and reason in at.report
    assert (
        "no difference" not in at.said.lower().split("definitions")[0]
        and "no difference" not in at.report.lower().split("definitions")[0]
    )
    assert "judged on it" not in at.page and "validation part" in at.page  # the page takes the part that there is
    code, refused = ask("evaluate", home / "runs" / "r-weird")
    assert code == 2 and "--split validation can be evaluated" in refused["error"]["hint"]


def test_intervals_stay_inside_and_are_the_same_for_the_same_numbers(home, everywhere):
    _, alone = ask("evaluate", home / "runs" / "r-zeros", "--k", 1)
    assert alone["metrics"]["recall"] == alone["metrics"]["hit_rate"]
    at = everywhere("weird", "--split", "validation", k=1, section="all")
    tail = at.found["overall"]["untrained_share"]  # 0 of 200
    assert tail["value"] == tail["low"] == 0 and tail["high"] == pytest.approx(0.0188, abs=5e-5)
    hit, ndcg = (at.found["overall"][name] for name in ("hit_rate", "ndcg"))
    assert hit == ndcg  # lists of one
    _, evaluated = ask("evaluate", home / "runs" / "r-weird", "--split", "validation", "--k", 1)
    for name in ("recall", "hit_rate", "ndcg", "precision"):
        assert evaluated["metrics"][name] == at.found["overall"][name]
    for figure in [*alone["metrics"].values(), *at.found["overall"].values()]:
        if figure["low"] is not None and figure["high"] <= 1:
            assert 0 <= figure["low"] <= figure["value"] <= figure["high"] <= 1 and figure["low"] < figure["high"]
    assert "Hit rate   0.0200 (0.00548 to 0.0504)" in squeezed(
        at.page
    ) and "Hit rate   0.02   0.005476   0.05041" in squeezed(at.report)
    assert "Hit rate 0.02 0.005476 0.05041" in " ".join(at.said.split())


def squeezed(text):
    return re.sub(r"\s{2,}", "   ", text)


@pytest.mark.parametrize(
    ("command", "k"), [("evaluate", 100000), ("audit", 500), ("recommend", 500), ("explain", 500), ("compare", 500)]
)
def test_one_rule_on_the_length_of_lists(home, command, k):
    words = {"recommend": ("--user", "007"), "explain": ("--user", "007", "--item", "i01")}.get(command, ())
    code, refused = ask(command, home / "runs" / "r-weird", "--k", k, *words)
    assert code == 2 and refused["error"]["message"] == f"Lists of {k} items cannot be made out of 70 items."
    assert refused["error"]["hint"] == "Choose k from 1 to 70."


def test_a_length_that_lists_cannot_have_is_refused_in_all_places(everywhere):
    at = everywhere("weird", "--split", "validation", k=100000)
    assert (
        at.code == 2 and "Choose k from 1 to 70." in at.said and at.found["error"]["hint"] == "Choose k from 1 to 70."
    )
    assert at.report == ""  # no half a report
    assert "the link asks for “100000”; here lists have 1 to 50 items. 20 is shown" in at.page


def test_items_of_one_title_are_told_apart(home, tmp_path, capsys):
    run = home / "runs" / "r-knn"
    if not run.exists():
        assert ask("train", home / "datasets" / "d-weird", "--model", "itemknn", "--out", run)[0] == 0
    case = (run, "--user", "007", "--item", "i07")
    _, found = ask("explain", *case)
    names = [part["label"] for part in found["contributions"]]
    assert "Same Title (i03)" in names and "Same Title" not in names and len(set(names)) == len(names)
    sentence = next(sentence for sentence in found["narrative"] if "Same Title" in sentence)
    assert "comes from Same Title (i03)" in sentence
    capsys.readouterr()
    main(["explain", *map(str, case)])
    said = capsys.readouterr().out
    assert ask("report", *case, "--out", tmp_path / "case.html")[0] == 0
    report = plain((tmp_path / "case.html").read_text(encoding="utf-8"))
    app = open_page("explain", dataset="d-weird", run="r-knn", user="007", item="i07", target="score")
    for place in (said, report, Places(0, "", {}, "", app).page):
        assert sentence.split(";")[0] in place and not re.search(r"Same Title(?! \(i\d\d\))", place)


def test_what_is_renamed_and_what_differs_in_capitals_only_is_noted(home, tmp_path, capsys, everywhere):
    renamed = "Column 'title' of users is called 'title_' here"
    variants = "values that differ in capitals only, such as 'NORTH', 'North', 'north'"
    card = json.loads((home / "datasets" / "d-weird" / "dataset.json").read_text(encoding="utf-8"))
    noted = {(problem["code"], problem["column"]) for problem in card["problems"]}
    assert ("renamed_attribute", "title") in noted and ("case_variants", "region") in noted
    capsys.readouterr()
    main(["data", "import", *map(str, WEIRD), "--out", str(tmp_path / "again")])
    said = capsys.readouterr().out
    assert renamed in said and variants in said
    app = Places(0, "", {}, "", open_page("data", dataset="d-weird"))
    assert renamed in app.page and variants in app.page
    by_title = everywhere("weird", "--split", "validation", "--group-by", "title_", group="title_")
    by_region = everywhere("weird", "--split", "validation", "--group-by", "region", group="region")
    assert all(renamed in place for place in by_title.all)
    differ = "“north” differ in capitals or blanks only"
    assert all(differ in place for place in by_region.all)


def test_what_is_gone_is_said_in_all_places(home, tmp_path, everywhere):
    runs = home / "runs"
    code, refused = ask("compare", runs / "r-zeros", runs / "deleted")
    assert code == 2 and "deleted" in refused["error"]["message"]
    base = {"dataset": "d-zeros", "run": "r-zeros"}
    app = open_page("compare", **base, runs="r-zeros,deleted")
    assert any("does not have: deleted" in w.value.replace("\\", "") for w in app.warning)
    at = everywhere("zeros", "--group-by", "gone", group="gone")
    assert at.code == 2 and at.report == "" and "Users cannot be grouped by 'gone'" in at.said
    assert "Users cannot be grouped by 'gone'" in at.found["error"]["message"]
    assert "the link asks for “gone”, which is not here" in at.page
    at = everywhere("zeros", k=500)
    assert at.code == 2 and at.report == "" and "Lists of 500 items" in at.said + at.found["error"]["message"]
    assert "the link asks for “500”" in at.page


def test_a_run_of_overwritten_data_is_named_and_can_be_removed(home, tmp_path, capsys):
    run = bring_in(home, "cut", CASES / "zeros.csv", "--split", "random")
    data = home / "datasets" / "d-cut"
    code, _ = ask("data", "import", CASES / "zeros_cut.csv", "--split", "leave-last", "--out", data, "--overwrite")
    place = Workspace(home)
    assert code == 0 and [entry.id for entry in place.orphans()] == ["r-cut"]
    said = "was trained on data with fingerprint"
    code, refused = ask("audit", run, "--report", tmp_path / "cut.html")
    assert code == 2 and said in refused["error"]["message"] and not (tmp_path / "cut.html").exists()
    capsys.readouterr()
    main(["audit", str(run)])
    assert said in capsys.readouterr().err
    app = open_page("train", dataset="d-cut")
    assert "The run r-cut" in texts(app) and said in texts(app) and "which no dataset here has any more" in texts(app)
    linked = open_page("audit", run="r-cut")
    assert any("no dataset here has any more" in w.value.replace("\\", "") for w in linked.warning)
    next(button for button in app.button if button.key == "delete_r-cut").click().run()
    assert place.orphans() == () and "r-cut" not in [entry.id for entry in place.runs()]


def test_a_csv_starts_with_a_mark(home, tmp_path, everywhere):
    at = everywhere("zeros")
    assert at.code == 0 and (tmp_path / "audit.csv").read_bytes()[:3] == MARK
    assert ask("recommend", home / "runs" / "r-zeros", "--all", "--k", 3, "--out", tmp_path / "lists.csv")[0] == 0
    assert (tmp_path / "lists.csv").read_bytes()[:3] == MARK
    assert tables.as_csv(pd.DataFrame({"שם": ["é"]})).startswith(MARK)
    ways = [path for path in (PROJECT / "gnnrec_ui").rglob("*.py") if "text/csv" in path.read_text(encoding="utf-8")]
    makers = [line for path in ways for line in path.read_text(encoding="utf-8").splitlines() if "to_csv(" in line]
    assert ways and not [line for line in makers if "utf-8-sig" not in line]
