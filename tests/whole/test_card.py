"""The system card: the same bytes from the same run, every figure with its command, answers that are kept."""

import json
import shlex

import pytest

import gnnrec_core as gr
from gnnrec_core.base.errors import DataError, RequestError
from gnnrec_core.cli import main
from gnnrec_core.commands import COMMANDS
from gnnrec_core.runs.live import with_live
from gnnrec_core.runs.run import load_run
from gnnrec_core.runs.workspace import SAMPLE
from gnnrec_core.views.whole.card import answers_file, write_card
from gnnrec_core.whole.card import ARTICLES, QUESTIONS, make_card

RUN = SAMPLE / "runs" / "itemknn"


@pytest.fixture(scope="module")
def card():
    return make_card(load_run(RUN), 10, "region", {"purpose": "Find the next book."})


def test_it_regenerates_byte_for_byte_and_keeps_what_was_answered(tmp_path, capsys):
    out = tmp_path / "card.html"
    words = ["card", str(RUN), "--out", str(out), "--json"]
    assert main([*words, "--answer", "purpose=Find the <b>next</b> book.", "--answer", "operator=The library"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["answers"]["purpose"] == "Find the <b>next</b> book." and answer["files"][0] == str(out)
    first = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert set(first) == {"card.html", "card.json", "card.answers.json"}
    assert b"Find the &lt;b&gt;next" in first["card.html"] and b"<b>next" not in first["card.html"]
    assert main(words) == 2
    assert "exists" in json.loads(capsys.readouterr().out)["error"]["message"]
    assert main([*words, "--overwrite"]) == 0
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == first
    capsys.readouterr()
    assert main([*words, "--overwrite", "--answer", "operator="]) == 0
    open_now = [each["name"] for each in json.loads(capsys.readouterr().out)["open_questions"]]
    assert "operator" in open_now and "purpose" not in open_now


def test_every_figure_names_a_command_that_there_is(card):
    entries = [entry for part in card.parts for entry in part.entries]
    assert len(entries) > 50
    for entry in entries:
        words = shlex.split(entry.command)
        assert words[0] == "sha256sum" or (
            words[0] == "gnnrec" and (words[1] in COMMANDS or f"{words[1]} {words[2]}" in COMMANDS)
        ), entry


def test_its_figures_are_those_of_the_commands(card, capsys):
    parts = {part.key: part for part in card.parts}
    assert main(["evaluate", str(RUN), "--k", "10", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)["metrics"]
    ndcg = next(entry for entry in parts["accuracy"].entries if entry.name == "NDCG")
    assert (ndcg.value, ndcg.low, ndcg.high) == tuple(figures["ndcg"][end] for end in ("value", "low", "high"))
    assert main(["drivers", str(RUN), "--json"]) == 0
    first = json.loads(capsys.readouterr().out)["drivers"][0]
    told = parts["drivers"].entries[0]
    assert (told.name, told.value, told.low) == (f"item: {first['name']}", first["share"], first["low"])
    assert main(["parameters", str(RUN), "--json"]) == 0
    popularity = next(r for r in json.loads(capsys.readouterr().out)["parameters"] if r["name"] == "popularity")
    told = next(e for e in parts["main parameters"].entries if e.name.startswith("popularity"))
    assert told.value == pytest.approx(1 - popularity["overlap"]["value"])


def test_fairness_goes_by_its_names_where_it_is_computed(card):
    groups = next(part for part in card.parts if part.key == "groups")
    names = " ".join(entry.name for entry in groups.entries)
    assert all(word in names for word in ("Group fairness", "Demographic parity", "Individual fairness"))


def test_the_checklist_says_which_articles_are_answered(card):
    assert [check.article for check in card.checklist] == [article for article, *_ in ARTICLES]
    by_text = {check.text: check.status for check in card.checklist}
    assert by_text["The main parameters are named in plain language."] == "answered"
    assert by_text["The criteria that count most for what is shown are named."] == "answered"
    assert by_text["The reasons for the relative importance of the parameters are given."] == "open"
    assert by_text["A list that is not based on profiling is offered."] == "partly"
    whole = make_card(load_run(RUN), 10, "region", dict.fromkeys(QUESTIONS, "Said."))
    assert {check.status for check in whole.checklist} == {"answered"} and not whole.open_questions


def test_models_without_parts_and_runs_without_groups_have_a_card_too():
    found = make_card(load_run(SAMPLE / "runs" / "popularity"), 10)
    drivers = next(part for part in found.parts if part.key == "drivers")
    assert not drivers.entries and "no parts" in drivers.notes[0]
    criteria = next(check for check in found.checklist if check.article == "27(2)(a)")
    assert criteria.status == "partly"


def test_of_lists_from_elsewhere_nothing_is_claimed_that_nobody_knows():
    run = load_run(RUN)
    lists = gr.from_lists(gr.recommend(run, k=10).to_frame(), data=run.dataset)
    found = make_card(lists, 10)
    parameters = next(part for part in found.parts if part.key == "main parameters")
    assert not parameters.entries and not any("not used" in note for note in parameters.notes)
    assert any("cannot be told" in note for note in parameters.notes)
    assert {check.status for check in found.checklist} == {"open", "partly"}


def test_mitigations_that_were_tried_are_measured_on_the_same_people():
    run = load_run(RUN)
    found = make_card(run, 10, "region", tried=[with_live(run, {"degree_power": -0.3}), run])
    (part,) = [part for part in found.parts if part.key == "mitigations"]
    assert len(part.entries) == 6 and all(entry.command for entry in part.entries)
    fell = next(entry for entry in part.entries if "popularity" in entry.name.lower())
    assert fell.value < 0 and fell.high < 0 and fell.command.startswith("gnnrec compare")
    assert part.entries[3].value == 0 and "without training" in part.notes[0]


def test_unknown_questions_and_damaged_answers_are_refused(tmp_path, capsys):
    run, out = load_run(RUN), tmp_path / "card.html"
    with pytest.raises(RequestError, match="no question"):
        make_card(run, 10, None, {"purpos": "x"})
    for content in ("{", '{"format_version": 1, "answers": {"purpose": 3}}', '{"answers": {}}'):
        answers_file(out).write_text(content, encoding="utf-8")
        with pytest.raises(DataError, match="damaged"):
            write_card(run, out)
    with pytest.raises(RequestError, match="does not end"):
        write_card(run, tmp_path / "card.txt")
    assert main(["card", str(RUN), "--out", str(out), "--answer", "purpose"]) == 2
    assert "names no question" in capsys.readouterr().err
