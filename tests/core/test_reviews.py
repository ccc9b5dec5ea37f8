"""Reviewers' notes: kept, read back, exported safely."""

import csv
import io

import pytest

from gnnrec_core.base.errors import DataError, RequestError
from gnnrec_core.runs.reviews import add_review, as_csv, reviews
from gnnrec_core.runs.workspace import Workspace


def test_notes_come_back_in_order_and_export_is_inert(tmp_path):
    space = Workspace(tmp_path)
    add_review(space, "lightgcn", "u1", "i1", "margin", "agree", " Ada  L ", "")
    add_review(space, "lightgcn", "=cmd", "i1", "score", "comment", "", "=1+1")
    found = reviews(space, "lightgcn")
    assert [(note.user, note.verdict, note.reviewer) for note in found] == [
        ("u1", "agree", "Ada L"),
        ("=cmd", "comment", ""),
    ]
    rows = list(rows_of(as_csv(found)))
    assert rows[1]["user"] == "'=cmd" and rows[1]["comment"] == "'=1+1"
    assert [row["time"] for row in rows] == [note.time for note in found]


def test_a_redacted_export_says_the_day_and_no_time(tmp_path):
    space = Workspace(tmp_path)
    add_review(space, "lightgcn", "u1", "i1", "margin", "agree", "", "")
    (note,) = reviews(space, "lightgcn")
    whole, redacted = ({**row} for text in (as_csv((note,)), as_csv((note,), True)) for row in rows_of(text))
    assert redacted.pop("day") == note.time[:10] and whole.pop("time") == note.time
    assert redacted == whole and note.time[10:] not in as_csv((note,), True)


def rows_of(text):
    return csv.DictReader(io.StringIO(text))


def test_a_comment_may_hold_any_end_of_line(tmp_path):
    space = Workspace(tmp_path)
    comments = ["a\u2028b\u2029c", "d\x85e\x0bf", "g\r\nh\ni"]
    for comment in comments:
        add_review(space, "lightgcn", "u", "i", "score", "comment", "", comment)
    assert [note.comment for note in reviews(space, "lightgcn")] == comments


@pytest.mark.parametrize(
    ("verdict", "comment", "message"),
    [("maybe", "", "cannot say"), ("comment", "  ", "no words"), ("agree", "x" * 2001, "too long")],
)
def test_what_is_no_review_is_refused(tmp_path, verdict, comment, message):
    with pytest.raises(RequestError, match=message):
        add_review(Workspace(tmp_path), "lightgcn", "u", "i", "score", verdict, "", comment)
    assert not (tmp_path / "reviews").exists()


def test_a_name_that_is_no_run_never_becomes_a_path(tmp_path):
    with pytest.raises(RequestError, match="no run"):
        add_review(Workspace(tmp_path), "../../evil", "u", "i", "score", "agree", "", "")


def test_a_read_only_server_keeps_nothing(tmp_path):
    with pytest.raises(RequestError, match="read-only"):
        add_review(Workspace(tmp_path, read_only=True), "lightgcn", "u", "i", "score", "agree", "", "")


def test_a_damaged_file_is_said_with_its_line(tmp_path):
    space = Workspace(tmp_path)
    add_review(space, "lightgcn", "u", "i", "score", "agree", "", "")
    with (tmp_path / "reviews" / "lightgcn.jsonl").open("a", encoding="utf-8") as file:
        file.write("{broken\n")
    with pytest.raises(DataError, match="Line 2"):
        reviews(space, "lightgcn")
