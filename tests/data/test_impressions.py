"""What was shown and what of it was chosen."""

import pytest

from gnnrec_core.data.apart.sandbox import draft_apart
from gnnrec_core.data.options import ImportOptions
from gnnrec_core.data.store import load_dataset
from gnnrec_core.graph import build_graph
from tests.data.bad_inputs import bring, bring_file, error, good_rows, problem, text
from tests.worlds import SHARED, needs_shared

LOG = "user_id,item_id\nu1,a1-1 b2-0 c3-0\nu2,b2-1 a1-0\nu1,b2-0 a1-0 d4-0\nu2,c3-1\n"


@pytest.fixture
def bring_in(capsys, tmp_path):
    return lambda content, *words, name="log.csv": bring(capsys, tmp_path, content, *words, name=name)


def test_clicks_are_interactions_and_all_that_was_shown_is_a_relation(bring_in, tmp_path):
    answer = bring_in(LOG)
    assert (answer["n_interactions"], answer["rows_in"]) == (3, 9)
    assert problem(answer, "impressions")["rows_removed"] == 6
    assert answer["relations"] == [{"name": "shown", "n_edges": 6}]
    found = load_dataset(tmp_path / "dataset")
    (shown,) = found.relations
    names = [*found.users.ids, *found.items.ids]
    pairs = zip(shown.source.tolist(), shown.target.tolist(), shown.weight.tolist(), strict=True)
    assert {(names[a], names[b]): weight for a, b, weight in pairs} == {
        ("u1", "a1"): 2,
        ("u1", "b2"): 2,
        ("u1", "c3"): 1,
        ("u2", "a1"): 1,
        ("u2", "b2"): 1,
        ("u2", "c3"): 1,
    }
    assert problem(answer, "shown_without_interaction")["count"] == 1  # d4 was never chosen
    assert "shown" not in build_graph(found).relations


def test_the_page_gets_the_same(tmp_path):
    (tmp_path / "log.csv").write_text(LOG)
    draft = draft_apart(tmp_path / "log.csv", tmp_path)
    assert [relation.name for relation in draft.build(ImportOptions()).relations] == ["shown"]


@pytest.mark.parametrize("cell", ["1 2 3", "1,2,3", "N1|N2", "[1, 2]", "['a', 'b']"])
def test_other_lists_in_the_item_column_are_refused(bring_in, cell):
    refused = error(bring_in(text([[row[0], f'"{cell}"'] for row in good_rows()], header="user_id,item_id")))
    assert "holds lists of items" in refused["message"] and "one row" in refused["hint"]


def test_titles_with_blanks_and_numbers_are_ids(bring_in):
    rows = [[row[0], f"Part {row[1][1:]} of the story"] for row in good_rows()]
    assert bring_in(text(rows, header="user_id,item_id"))["n_items"] == 40
    dated = [[row[0], f"{row[1]}-1"] for row in good_rows()]
    assert bring_in(text(dated, header="user_id,item_id"))["n_items"] == 40


def test_a_mark_that_is_missing_is_refused(bring_in):
    rows = "".join(f"u{n},a1-1 b2-0\n" for n in range(600))
    assert error(bring_in(f"user_id,item_id\n{rows}u1,a1\n"))["line"] == 602


@needs_shared
def test_the_shared_case_of_impressions(capsys, tmp_path):
    source = str(SHARED / "cases" / "17-impressions.tsv")
    answer = bring_file(capsys, source, tmp_path, "--user-col", "2", "--item-col", "5")
    assert answer["n_users"] == 20 and answer["n_interactions"] <= 60 and answer["n_items"] <= 20
    assert answer["relations"][0]["name"] == "shown"
