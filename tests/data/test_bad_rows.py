"""Single rows with a fault: the import is refused with its line, or, as asked, they are left out and counted."""

import json

import pytest

from gnnrec_core.data.store import load_dataset
from tests.data.bad_inputs import N_ROWS, bring, codes, error, good_rows, problem, text, with_rows

DROP = ("--bad-rows", "drop")


@pytest.fixture
def bring_in(capsys, tmp_path):
    return lambda content, *words, name="log.csv": bring(capsys, tmp_path, content, *words, name=name)


FAULTS = {
    "a word for a rating": b"u1,i1,five,1600000000",
    "a word for a time": b"u1,i1,3,yesterday",
    "both": b"u1,i1,five,yesterday",
    "too many cells": b"u1,i1,3,1600000000,more",
    "a byte of another encoding": b"u1,i\xff1,3,1600000000",
    "a NUL byte": b"u1,i\x001,3,1600000000",
    "a quote that never closes": b'u1,"i1,3,1600000000',
    "a misplaced quote": b'u1,"i1"x,3,1600000000',
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_row_is_refused_with_its_line_or_left_out(bring_in, fault):
    content = text(good_rows()).encode() + FAULTS[fault] + b"\nu29,i39,4,1600030000\n"
    refused = error(bring_in(content))
    assert refused["line"] == 242 and "--bad-rows drop" in refused["hint"] and refused["bad_rows"] == 1
    answer = bring_in(content, *DROP)
    assert answer["n_interactions"] == N_ROWS + 1 and answer["rows_in"] == N_ROWS + 2
    dropped = [entry for entry in answer["problems"] if entry["code"] == "bad_rows"]
    assert {entry["line"] for entry in dropped} == {242} and sum(entry["rows_removed"] for entry in dropped) == 1
    assert "blank_lines" not in codes(answer)


def test_all_faults_at_once(bring_in, tmp_path):
    lines = [fault for name, fault in FAULTS.items() if "quote" not in name]
    content = text(good_rows()).encode() + b"\n".join(lines) + b"\n\n,i1,3,1600000000\nu1\n"
    answer = bring_in(content, *DROP)
    assert answer["n_interactions"] == N_ROWS and problem(answer, "blank_lines")["count"] == 1
    assert load_dataset(tmp_path / "dataset").n_users == 30
    assert "left out" in problem(answer, "short_rows")["message"] and problem(answer, "empty_id")["count"] == 1


def test_lines_of_json_that_are_no_objects(bring_in):
    rows = [json.dumps(dict(zip(("user_id", "item_id", "rating"), row[:3]))) for row in good_rows()]
    rows[3:3] = ['{"user_id": ', "[1]", '{"user_id": "u1", "item_id": ["a"], "rating": 1}']
    content = "\n".join(rows) + "\n"
    assert error(bring_in(content, name="log.json"))["line"] == 4
    answer = bring_in(content, *DROP, name="log.json")
    assert problem(answer, "bad_rows")["lines"] == [4, 5, 6] and answer["n_interactions"] == N_ROWS


def test_dates_among_numbers_and_a_declared_scale(bring_in):
    content = with_rows("u1,i1,9,1600000000", "u2,i1,11,2020-09-13")
    answer = bring_in(content, *DROP, "--rating-scale", "1,5")
    assert problem(answer, "bad_rows")["lines"] == [242, 243]


def test_a_good_log_is_the_same_with_and_without(bring_in):
    assert bring_in(text(good_rows()), *DROP)["fingerprint"] == bring_in(text(good_rows()))["fingerprint"]
