"""Other people's ids stand on no page about somebody, unless the server offers it and somebody asks."""

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from gnnrec_core.audit.auditing import audit
from gnnrec_core.base.pseudonyms import Pseudonyms, load_pseudonyms
from gnnrec_core.data.dataset import Vocabulary
from gnnrec_core.data.store import save_dataset
from gnnrec_core.render.neighbourhood import neighbourhood
from gnnrec_core.render.network import draw_network
from gnnrec_core.runs.reviews import add_review
from gnnrec_core.runs.training import train
from gnnrec_core.runs.workspace import workspace
from gnnrec_core.views.audit_report import per_user_csv
from gnnrec_ui.frame import privacy
from gnnrec_ui.frame.study import Study
from tests.ui.app import open_page, own_workspace, with_network_table  # noqa: F401, with_network_table
from tests.worlds import random_dataset

IDS = tuple(f"SECRET{number:02}" for number in range(12))


@pytest.fixture
def hidden(own_workspace):  # noqa: F811
    """A run on data with friends, whose people have ids that are easy to look for."""
    home = workspace().home
    plain = random_dataset(n_users=12, n_items=20, per_user=6, side_edges=True)
    dataset = replace(
        plain, users=Vocabulary("user", IDS), user_table=pl.DataFrame({"user_index": range(12), "user_id": IDS})
    )
    save_dataset(dataset, home / "datasets" / "d-1")
    (home / "runs").mkdir()
    train(home / "datasets" / "d-1", "lightgcn", {"epochs": 2, "embedding_dim": 8}, home / "runs" / "r-1", device="cpu")


CASE = {"dataset": "d-1", "run": "r-1", "user": IDS[0]}


def said(app) -> str:
    """Everything that the page sent to the browser, but the menu in which a person is chosen."""
    kept = []

    def walk(block) -> None:
        for child in block.children.values():
            if hasattr(child, "children"):
                walk(child)
            elif not (child.type == "selectbox" and child.label == "Person"):
                kept.append(str(getattr(child, "proto", "")))
                kept.append(child.value.to_string() if child.type == "arrow_data_frame" else "")

    walk(app.main)
    return "\n".join(kept)


def others(app) -> set[str]:
    text = said(app)
    return {name for name in IDS[1:] if name in text}


def study_of() -> Study:
    space = workspace()
    return Study(space.dataset("d-1"), space.run("r-1"))


@pytest.mark.parametrize("view", [None, "Picture", "Paths", "What would change it"])
def test_an_explanation_names_nobody_else(hidden, view):
    app = open_page("explain", **CASE, **({"view": view} if view else {}))
    assert others(app) == set()
    assert IDS[0] in said(app)
    assert not [toggle for toggle in app.toggle if "ids" in toggle.label]


def test_the_notes_on_a_run_name_nobody_else(hidden):
    for user in IDS:
        add_review(workspace(), "r-1", user, "i1", "margin", "agree", "", "")
    app = open_page("explain", **CASE, view="Review", notes="run")
    names, text = load_pseudonyms(workspace().home), said(app)
    assert others(app) == set() and IDS[0] in text and all(names.name(name) in text for name in IDS[1:])


def test_the_network_and_its_table_name_nobody_else(hidden):
    app = with_network_table(open_page("recommend", **CASE))
    text = said(app)
    assert others(app) == set() and IDS[0] in text
    names = load_pseudonyms(workspace().home)
    assert sum(names.name(name) in text for name in IDS[1:]) > 3


@pytest.mark.parametrize("page", ["home", "data", "train", "what_if", "map", "audit", "compare", "methods"])
def test_no_other_page_names_anybody_else(hidden, page):
    assert others(open_page(page, **CASE)) == set()


def test_figures_of_single_people_are_listed_only_where_ids_may_be_seen(hidden, monkeypatch):
    listed = lambda app: [frame for frame in app.dataframe if "Person" in frame.value.columns]  # noqa: E731
    app = open_page("audit", **CASE)
    assert others(app) == set() and not listed(app)
    monkeypatch.setenv("GNNREC_REVEAL_IDS", "1")
    assert not listed(open_page("audit", **CASE))


def test_nothing_in_the_network_or_on_the_map_tells_the_order_of_the_people(hidden):
    """Ids of nodes and links, their order, the codes of dots and the order of dots: all follow the key."""
    study = study_of()
    numbers = privacy.public_numbers(study)
    users = numbers[: study.run.graph.n_users]
    assert sorted(users) == list(range(12)) and users.tolist() != list(range(12))
    near = neighbourhood(study.run.graph, np.array([0]), 3, 60, order=numbers)
    drawn = draw_network(study.run.graph, study.run.dataset, near, name_user=str, public=numbers)
    for node in drawn.nodes:
        if node["label"].startswith("SECRET"):
            assert node["id"] == f"n{users[IDS.index(node['label'])]}"
    ends = [tuple(sorted((int(e["from"][1:]), int(e["to"][1:])))) for e in drawn.edges]
    assert len({e["id"] for e in drawn.edges}) == len(drawn.edges) and sorted(e["id"] for e in drawn.edges) == sorted(
        f"e{n}" for n in range(len(ends))
    )


def test_the_rows_of_an_export_follow_the_key_and_not_the_seed(hidden):
    study = study_of()
    report = audit(study.run, 5)
    rows = per_user_csv(report, names=Pseudonyms(b"k" * 32)).splitlines()[1:]
    whole = per_user_csv(report, identities=True).splitlines()[1:]
    plain = [line.split(",", 2)[2] for line in whole]
    assert sorted(rows) == sorted(plain)
    shuffled = [plain[row] for row in np.random.default_rng(report.scope.seed).permutation(12)]
    assert rows != plain and rows != shuffled
    assert rows == per_user_csv(report, names=Pseudonyms(b"k" * 32)).splitlines()[1:]
    assert rows != per_user_csv(report, names=Pseudonyms(b"l" * 32)).splitlines()[1:]
    other = per_user_csv(audit(study.run, 5, "activity"), names=Pseudonyms(b"k" * 32)).splitlines()[1:]
    assert sorted(other) == sorted(rows) and other != rows  # two exports cannot be laid side by side


def test_ids_are_shown_on_request_where_the_server_offers_it_and_that_is_noted(hidden, monkeypatch):
    monkeypatch.setenv("GNNREC_REVEAL_IDS", "1")
    app = with_network_table(open_page("recommend", **CASE))
    assert others(app) == set()
    assert not (workspace().home / "reveals.jsonl").exists()
    next(toggle for toggle in app.toggle if "ids" in toggle.label).set_value(True).run()
    assert len(others(app)) > 3
    (line,) = (workspace().home / "reveals.jsonl").read_text().splitlines()
    assert json.loads(line)["dataset"] == "d-1" and json.loads(line)["time"]
    next(toggle for toggle in app.toggle if "ids" in toggle.label).set_value(False).run()
    assert others(app) == set()
    assert (workspace().home / "reveals.jsonl").read_text().count("\n") == 1


def test_the_simulated_readers_of_the_sample_keep_their_ids(own_workspace):  # noqa: F811
    app = open_page("recommend", user="reader-0001")
    assert "reader-0002" in said(app) or any(f"reader-{n:04}" in said(app) for n in range(3, 800))
