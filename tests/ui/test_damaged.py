"""Damaged files in the workspace: the page that manages them names them, and every page goes on."""

import pytest

from gnnrec_core.runs.workspace import workspace
from tests.ui.app import open_page, own_workspace, texts, widget  # noqa: F401

CONTENTS = {"deep": "[" * 100_000, "null": "null", "nan": "NaN", "number": "5"}


@pytest.fixture
def spoiled(tmp_path, own_workspace):  # noqa: F811
    """A file of each kind that holds something else, each in four ways."""
    for kind, file in (("runs", "run.json"), ("datasets", "dataset.json"), ("jobs", "job.json")):
        for name, content in CONTENTS.items():
            (tmp_path / kind / name).mkdir(parents=True)
            (tmp_path / kind / name / file).write_text(content)
    return workspace()


@pytest.mark.parametrize(("page", "kind"), [("train", "run.json"), ("data", "dataset.json"), ("home", "")])
def test_every_page_goes_on_and_the_managing_page_names_what_is_damaged(spoiled, page, kind):
    app = open_page(page)
    said = [error.value.replace("\\", "") for error in app.error]
    for name in CONTENTS:
        assert sum(f"{name}/{kind} is damaged" in text for text in said) == (1 if kind else 0)
    assert len(said) == (len(CONTENTS) if kind else 0), said
    assert (page != "train") or texts(app).count("job.json is damaged") == len(CONTENTS)


def test_what_is_damaged_is_moved_away_by_a_button(spoiled):
    app = open_page("train")
    widget(app.button, "Move null to the trash").click().run()
    assert len(app.error) == len(CONTENTS) - 1 and spoiled.trash()[0].id == "null"
