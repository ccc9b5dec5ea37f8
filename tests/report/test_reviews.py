"""Reviews are checked, appended, never lost or rewritten, and exported without live formulas."""

import csv
import io
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from gnnrec_core.errors import RequestError
from gnnrec_core.report.reviews import FILE, add_review, make_review, read_reviews, reviews_csv

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def review(opinion="agree", comment="", run="r-1", reviewer="Ada"):
    return make_review(reviewer, opinion, comment, run, "f" * 8, "u1", "i2", "ledger", 1.5, 3, now=NOW)


def test_what_was_said_is_read_back_in_order(tmp_path):
    given = [review(), review("disagree", "No.\nReally “no”.", "r-2"), review("comment", "Why?")]
    for entry in given:
        add_review(tmp_path / "home", entry)
    found = read_reviews(tmp_path / "home")
    assert found.entries == tuple(given) and found.n_unreadable == 0
    assert found.entries[0].created == "2026-01-02T03:04:05+00:00"
    assert read_reviews(tmp_path / "home", "r-2").entries == (given[1],)
    assert read_reviews(tmp_path / "empty").entries == ()


def test_appending_leaves_the_bytes_before_as_they_are(tmp_path):
    add_review(tmp_path, review())
    before = (tmp_path / FILE).read_bytes()
    add_review(tmp_path, review("disagree"))
    assert (tmp_path / FILE).read_bytes().startswith(before)
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0


def test_a_line_cut_off_by_a_crash_costs_nothing_but_itself(tmp_path):
    add_review(tmp_path, review())
    with (tmp_path / FILE).open("ab") as file:
        file.write(b'{"created": "2026')
    add_review(tmp_path, review("disagree"))
    found = read_reviews(tmp_path)
    assert [entry.opinion for entry in found.entries] == ["agree", "disagree"] and found.n_unreadable == 1


def test_reviewers_at_the_same_time_lose_nothing(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: add_review(tmp_path, review("comment", f"{n} " * 200)), range(40)))
    found = read_reviews(tmp_path)
    assert found.n_unreadable == 0 and {entry.comment.split()[0] for entry in found.entries} == {
        str(n) for n in range(40)
    }


def test_the_export_has_no_live_formula(tmp_path):
    add_review(tmp_path, review("comment", "=HYPERLINK(1)", reviewer="@cmd"))
    rows = list(csv.DictReader(io.StringIO(reviews_csv(read_reviews(tmp_path)))))
    assert rows[0]["comment"] == "'=HYPERLINK(1)" and rows[0]["reviewer"] == "'@cmd"
    assert rows[0]["score"] == "1.5" and rows[0]["opinion"] == "comment"


@pytest.mark.parametrize(("opinion", "comment"), [("maybe", ""), ("comment", "  "), ("agree", "x" * 4001)])
def test_what_says_nothing_or_too_much_is_refused(opinion, comment):
    with pytest.raises(RequestError) as error:
        review(opinion, comment)
    assert error.value.hint
