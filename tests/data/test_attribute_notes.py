"""What an import says of the columns it renames and of values that are hardly meant to differ."""

import pytest

from gnnrec_core.base.settings import read_settings
from gnnrec_core.data.dataset import named
from gnnrec_core.data.importing import import_source
from gnnrec_core.data.options import ImportOptions


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("notes")
    rows = [f"u{u},i{i},{u + i}" for u in range(8) for i in range(4)]
    (folder / "log.csv").write_text("\n".join(["user_id,item_id,rating", *rows]), encoding="utf-8")
    places = ["north", "NORTH", " North ", "south"] * 2
    users = [f"u{u},{place},{'Dr' if u % 2 else 'Ms'}" for u, place in enumerate(places)]
    (folder / "users.csv").write_text("\n".join(["user_id,region,title", *users]), encoding="utf-8")
    (folder / "items.csv").write_text("item_id,name\ni0,Emma\ni1,EMMA\ni2,\ni3,Persuasion\n", encoding="utf-8")
    words = {"users": str(folder / "users.csv"), "items": str(folder / "items.csv")}
    return import_source(str(folder / "log.csv"), read_settings(ImportOptions, words))


def problem(dataset, code, column):
    return next(p for p in dataset.problems if p.code == code and p.column == column)


def test_a_renamed_column_is_said(dataset):
    assert "'title_'" in problem(dataset, "renamed_attribute", "title").message
    assert "'title'" in problem(dataset, "renamed_attribute", "name").message
    assert {"title_", "region"} <= set(dataset.user_table.columns)


def test_values_that_differ_in_capitals_only_are_said_and_kept(dataset):
    found = problem(dataset, "case_variants", "region")
    assert "'NORTH', 'North', 'north'" in found.message and found.count == 6 and found.severity == "warning"
    assert set(dataset.user_table["region"]) == {"north", "NORTH", "North", "south"}


def test_no_two_items_are_called_alike(dataset):
    assert dataset.titles == ("Emma (i0)", "EMMA (i1)", "i2", "Persuasion")
    assert named([("a", "x"), ("b", "y")]) == ("x", "y")
