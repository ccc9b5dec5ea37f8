"""Sections of other questions in reports: over time, robustness and rounds in an audit, a day and drift in a case."""

import json

import pytest

from gnnrec_core.cli import main
from gnnrec_core.runs.workspace import SAMPLE

RUN = str(SAMPLE / "runs" / "itemknn")


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    monkeypatch.setenv("GNNREC_HOME", str(tmp_path / "home"))


def test_an_audit_holds_what_else_was_asked(tmp_path, capsys):
    page = tmp_path / "audit.html"
    words = ["audit", RUN, "--group-by", "region", "--report", str(page), "--with", "over-time,robustness"]
    assert main([*words, "--json"]) == 0
    said, beside = page.read_text(encoding="utf-8"), json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))
    assert "the lists overlap by" in said and said.index("Shaken") < said.index("Definitions")
    assert beside["robustness"]["kind"] == "drop" and {row["group"] for row in beside["over-time"]["rows"]} >= {
        "Islands"
    }
    capsys.readouterr()
    assert main(["audit", RUN, "--with", "weather", "--report", str(tmp_path / "b.html"), "--json"]) == 2
    assert "no section" in capsys.readouterr().out
    assert main(["audit", RUN, "--with", "rounds", "--json"]) == 2


def test_a_run_made_from_another_tells_how_in_its_report(tmp_path, capsys):
    made = {"forget": tmp_path / "forgot", "update": tmp_path / "updated"}
    assert main(["forget", RUN, "--user", "reader-0005", "--out", str(made["forget"])]) == 0
    assert main(["update", RUN, "--validation", "--out", str(made["update"])]) == 0
    for way, run in made.items():
        page = tmp_path / f"{way}.html"
        assert main(["audit", str(run), "--report", str(page), "--with", way]) == 0
        said, beside = page.read_text(encoding="utf-8"), json.loads(page.with_suffix(".json").read_text("utf-8"))
        assert ("Receipt" if way == "forget" else "What it changed") in said
        own = json.loads((run / ("forgetting.json" if way == "forget" else "update.json")).read_text("utf-8"))
        assert beside[way] == own and "reader-0005" not in said
    capsys.readouterr()
    assert main(["audit", RUN, "--with", "update", "--report", str(tmp_path / "c.html")]) == 2
    assert "was not made by an update" in capsys.readouterr().err
    note = made["update"] / "update.json"
    note.write_text(note.read_text("utf-8").replace('"n_new"', '"n_newer"'), "utf-8")
    assert main(["audit", str(made["update"]), "--with", "update", "--report", str(tmp_path / "d.html")]) == 2
    assert "is damaged" in capsys.readouterr().err


def test_a_case_holds_another_day_and_the_person_over_time(tmp_path):
    page = tmp_path / "case.html"
    more = ["--drift", "--attack"]
    case = ["--user", "reader-0005", "--item", "emma"]
    assert main(["report", RUN, *case, "--out", str(page), "--as-of", "2023-06-01", *more, "--json"]) == 0
    said, beside = page.read_text(encoding="utf-8"), json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))
    assert "As of 2023-06-01" in said and "When it changed" in said and "accounts" in said
    assert beside["attack"]["item"] == "emma" and len(beside["attack"]["steps"]) == 7
    assert beside["as_of"]["date"] == "2023-06-01" and len(beside["drift"]["windows"]) == 6
