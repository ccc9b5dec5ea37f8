"""The facade's verbs about changed data say what the library says, with ids in and tables out."""

from datetime import date
from pathlib import Path

import pytest

import gnnrec_core as gr
from gnnrec_core.base.errors import RequestError
from tests.audit.small_runs import SAMPLE

RUN = SAMPLE.parent / "runs" / "itemknn"


@pytest.fixture(scope="module")
def run():
    return gr.load(RUN)


def test_verbs_answer_with_a_table_json_and_text(run):
    then = gr.as_of(run, "reader-0005", "emma", date(2023, 6, 1), k=5, by="region")
    assert len(then.to_frame()) == 5 and then.to_dict()["date"] == "2023-06-01" and "As of 2023-06-01" in str(then)
    person = gr.drift(run, "reader-0005", windows=3)
    assert len(person.to_frame()) == 3 and person.to_dict()["by"] == "genres" and "When it changed" in str(person)
    shaken = gr.robustness(run, "one", draws=2, by="region")
    assert shaken.to_frame().set_index("figure").loc["overlap", "value"] > 0.99
    assert not [p for p in shaken.to_dict()["least_stable"] if p["user"].startswith("reader-")]
    later = gr.rounds(run, 1, seeds=2, by="region")
    assert set(later.to_frame()["round"]) == {0, 1} and "Round by round" in str(later)
    for answer in (then, person, shaken, later):
        assert "<h3>" in answer._repr_html_()


def test_forgetting_gives_a_run_to_ask(run, tmp_path: Path):
    made, receipt = gr.forget(run, tmp_path / "new", user="reader-0005")
    assert "reader-0005" not in made.dataset.users and receipt["method"] == "refit"
    assert len(made.recommend("reader-0006", k=3).to_frame()) == 3
    with pytest.raises(RequestError, match="one person or one item"):
        gr.forget(run, tmp_path / "other")
