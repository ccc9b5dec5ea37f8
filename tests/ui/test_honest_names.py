"""Names that could be taken for others: groups, columns, runs and catalogues that are awkward on the pages."""

import pandas as pd
import pytest

import gnnrec_core as gr
from gnnrec_core.audit.studies.comparing import compare, unique_names
from gnnrec_core.cli import main
from tests.ui.app import open_page, own_workspace, parameter, texts  # noqa: F401

EVERYBODY = pd.DataFrame({"user": [f"u{u:02}" for u in range(60)], "grp": ["a", "b"] * 30})


@pytest.fixture
def home(tmp_path):
    (tmp_path / "datasets").mkdir()
    (tmp_path / "runs").mkdir()
    return tmp_path


def bring_in(home, log, users, run="r-1"):
    """A dataset of the workspace with a run of `itemknn`."""
    log.to_csv(home / "log.csv", index=False)
    users.to_csv(home / "users.csv", index=False)
    data, words = home / "datasets" / "d-1", ("--split", "random", "--ratios", "0.6,0.2,0.2")
    assert (
        main(["data", "import", str(home / "log.csv"), "--users", str(home / "users.csv"), *words, "--out", str(data)])
        == 0
    )
    assert main(["train", str(data), "--model", "itemknn", "--out", str(home / "runs" / run)]) == 0
    return home / "runs" / run


def world(n_users=60, n_items=30, each=8):
    rows = [(f"u{u:02}", f"i{(u * 7 + j * (1 + u % 3)) % n_items}") for u in range(n_users) for j in range(each)]
    return pd.DataFrame(rows, columns=["user", "item"]).drop_duplicates()


def test_a_group_called_all_people_is_a_row_of_its_own_and_a_column_named_like_a_crossing_is_that_column(home):
    people = pd.DataFrame({"user": [f"u{u:02}" for u in range(60)]})
    people["a"] = ["all people", "some"] * 30
    people["b"] = ["x"] * 30 + ["y"] * 30
    people["a+b"] = ["p", "q", "r"] * 20
    bring_in(home, world(), people)
    app = open_page("audit", dataset="d-1", run="r-1", group="a")
    assert not app.error and [str(name) for name in app.table[1].value.index] == ["all people", "all people", "some"]
    app = open_page("audit", dataset="d-1", run="r-1", group="a+b")
    assert not app.error and [str(name) for name in app.table[1].value.index][1:] == ["p", "q", "r"]
    assert gr.audit(home / "runs" / "r-1", "a+b").value.grouping.labels == ("p", "q", "r")
    app.selectbox(key="group").set_value("a").run()
    app.selectbox(key="cross").set_value("b").run()
    assert not app.error and parameter(app, "cross") == "b"
    assert "the column b of people; crossed with the column a of people" in texts(app)


@pytest.mark.parametrize("page", ["home", "recommend", "explain", "what_if", "audit", "compare", "data", "map"])
def test_a_catalogue_shorter_than_the_usual_list_is_no_error(home, page):
    people = pd.DataFrame({"user": [f"u{u:02}" for u in range(24)], "grp": ["a", "b"] * 12})
    bring_in(home, world(24, 6, 4), people)
    app = open_page(page, dataset="d-1", run="r-1")
    assert not app.error, [error.value for error in app.error]


def test_a_run_called_as_a_baseline_is_not_taken_for_it(home):
    run = gr.load(bring_in(home, world(), EVERYBODY, "baseline: popularity"))
    assert unique_names([run]) == ["baseline: popularity (2)"]
    names = [row.name for row in compare([run], 5).rows]
    assert "baseline: popularity (2)" in names and "baseline: popularity" in names and len(set(names)) == len(names)
