"""Dates as people's files have them: a number that is a date is read as that date, in every format."""

from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gnnrec_core.data.importing import import_source
from gnnrec_core.data.options import ImportOptions
from gnnrec_core.data.store import load_dataset
from tests.data.bad_inputs import N_ROWS, bring, error, good_rows, problem, text, with_column, written
from tests.worlds import SHARED, needs_shared


@pytest.fixture
def bring_in(capsys, tmp_path):
    return lambda content, *words, name="log.csv": bring(capsys, tmp_path, content, *words, name=name)


def moments(folder):
    times = sorted(set(load_dataset(folder / "dataset").interactions.timestamp.tolist()))
    return [datetime.fromtimestamp(time, UTC).isoformat()[:19] for time in times]


NOTATIONS = [
    ("20220401", "20220415", "2022-04-01T00:00:00", "2022-04-15T00:00:00"),
    ("202204011830", "202204151200", "2022-04-01T18:30:00", "2022-04-15T12:00:00"),
    ("20220401183009", "20220415120000", "2022-04-01T18:30:09", "2022-04-15T12:00:00"),
    ("2022040118", "2022041512", "2022-04-01T18:00:00", "2022-04-15T12:00:00"),
    ("202204", "202211", "2022-04-01T00:00:00", "2022-11-01T00:00:00"),
    ("220431", "220402", None, None),
    ("2012", "2019", "2012-01-01T00:00:00", "2019-01-01T00:00:00"),
    ("0829", "1105", "2000-08-29T00:00:00", "2000-11-05T00:00:00"),
    ("44652", "44666.5", "2022-04-01T00:00:00", "2022-04-15T12:00:00"),
    ("Tue Apr 01 18:00:09 +0000 2012", "Tue Apr 15 18:00:09 +0200 2012", "2012-04-01T18:00:09", "2012-04-15T16:00:09"),
    ("Apr 1, 2012", "April 15, 2012", "2012-04-01T00:00:00", "2012-04-15T00:00:00"),
    ("1 Apr 2012", "15-Apr-2012 6:30 pm", "2012-04-01T00:00:00", "2012-04-15T18:30:00"),
    ("04 1, 2012", "04 15, 2012", "2012-04-01T00:00:00", "2012-04-15T00:00:00"),
    ("01/Apr/2012:18:00:09 +0000", "15/Apr/2012:18:00:09 -0100", "2012-04-01T18:00:09", "2012-04-15T19:00:09"),
    ("Sun, 01 Apr 2012 18:00:09 GMT", "2012-Apr-15", "2012-04-01T18:00:09", "2012-04-15T00:00:00"),
    ("2012-04-01 18:00:09,123", "2012-04-15 18:00:09.5+02", "2012-04-01T18:00:09", "2012-04-15T16:00:09"),
    ("1649384052669", "1649384112669", "2022-04-08T02:14:12", "2022-04-08T02:15:12"),
    ("1649384052669123", "1649384112669123", "2022-04-08T02:14:12", "2022-04-08T02:15:12"),
]


@pytest.mark.parametrize("low, high, first, last", NOTATIONS)
def test_a_notation_is_read_as_its_date(bring_in, tmp_path, low, high, first, last):
    answer = bring_in(with_column(3, lambda cell, row: f'"{low if row % 2 else high}"'))
    if first is None:  # 31 April: no calendar date, and so a count of seconds that nobody believes
        assert problem(answer, "old_times")["severity"] == "warning"
        return
    assert moments(tmp_path) == [first, last]
    assert first[:10] in problem(answer, "columns")["message"] and last[:10] in problem(answer, "columns")["message"]


def test_a_date_that_no_calendar_has_is_refused_or_left_out(bring_in):
    odd = {7: "20220231", 8: "0"}
    content = with_column(3, lambda cell, row: odd.get(row, f"202204{row % 28 + 1:02}"))
    refused = error(bring_in(content))
    assert refused["line"] == 9 and refused["value"] == "20220231" and refused["count"] == 2
    assert "--bad-rows drop" in refused["hint"]
    answer = bring_in(content, "--bad-rows", "drop")
    assert problem(answer, "bad_rows")["lines"] == [9, 10] and answer["n_interactions"] == N_ROWS - 2


def test_all_times_before_1995_are_doubted(bring_in):
    answer = bring_in(with_column(3, lambda cell, row: str(1000000 + row)))
    assert "1970-01-12" in problem(answer, "old_times")["message"]
    future = bring_in(with_column(3, lambda cell, row: str(4_000_000_000 + row)))
    assert "in the future" in problem(future, "old_times")["message"]


def test_of_several_time_columns_the_finest_is_read_and_the_others_are_named(bring_in, tmp_path):
    rows = [[*row[:3], "20220408", "1030", f"16493840{n:05}"] for n, row in enumerate(good_rows())]
    answer = bring_in(text(rows, header="user_id,item_id,rating,date,hourmin,time_ms".replace("time_ms", "timestamp")))
    assert "time = 'timestamp'" in problem(answer, "columns")["message"]
    assert "Times stand in 'date', too" in problem(answer, "columns")["message"]
    bring_in(text(rows, header="user_id,item_id,rating,date,hourmin,timestamp"), "--time-col", "date")
    assert moments(tmp_path) == ["2022-04-08T00:00:00"]


def test_a_time_column_of_another_name_is_named_where_times_are_missing(bring_in):
    content = text([[*row[:3], "2022-04-08"] for row in good_rows()], header="user_id,item_id,rating,seen_date")
    assert "--time-col seen_date" in problem(bring_in(content), "unread_times")["message"]
    assert "--time-col seen_date" in error(bring_in(content, "--split", "temporal"))["hint"]


@given(
    st.sampled_from(["csv", "parquet", "ndjson", "sql", "inter"]),
    st.lists(st.dates(datetime(1996, 1, 1).date(), datetime(2025, 12, 31).date()), min_size=4, max_size=12),
    st.sampled_from(
        ["%Y%m%d", "%Y-%m-%d", "%b %d, %Y", "%a %b %d 10:20:30 +0000 %Y", "%d-%b-%Y", "%Y/%m/%d", "%m/%d/%Y"]
    ),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_date_is_the_same_date_in_every_format(tmp_path, form, days, notation):
    """No silent wrong value: each row's date comes back, or (day or month first?) a warning says that it may not."""
    stamps = [day.strftime(notation) for day in days]
    users, items = [f"u{n % 3}" for n in range(len(days))], [f"i{n}" for n in range(len(days))]
    frame = pl.DataFrame({"user_id": users, "item_id": items, "timestamp": stamps})
    if notation == "%Y%m%d" and form in ("parquet", "sql", "ndjson"):
        frame = frame.with_columns(pl.col("timestamp").cast(pl.Int64))
    source = written(frame, form, tmp_path)
    found = import_source(source, ImportOptions())
    codes = {entry.code for entry in found.problems}
    wanted = dict(zip(items, days, strict=True))
    log = found.interactions
    for item, time in zip(log.item_index, log.timestamp, strict=True):
        same = datetime.fromtimestamp(int(time), UTC).date() == wanted[found.items.ids[item]]
        assert same or (notation == "%m/%d/%Y" and "day_or_month" in codes)


@needs_shared
def test_the_shared_cases_of_times(capsys, tmp_path):
    cases = SHARED / "cases"
    bring(capsys, tmp_path, (cases / "01-yyyymmdd.csv").read_bytes(), "--since", "2022-04-05")
    assert (moments(tmp_path)[0], moments(tmp_path)[-1]) == ("2022-04-05T00:00:00", "2022-04-15T00:00:00")
    kuairand = (cases / "01-kuairand-shape.csv").read_bytes()
    answer = bring(capsys, tmp_path, kuairand, "--item-col", "video_id")
    assert "time = 'time_ms'" in problem(answer, "columns")["message"] and answer["n_interactions"] == 120
    bring(capsys, tmp_path, kuairand, "--item-col", "video_id", "--time-col", "date")
    assert moments(tmp_path) == ["2022-04-08T00:00:00"]
    for name, first, last in (
        ("12-weekday-month-day.csv", "2012-04-01T18:00:09", "2012-04-15T18:00:09"),
        ("12-mon-d-y.csv", "2012-04-01T00:00:00", "2012-04-15T00:00:00"),
    ):
        bring(capsys, tmp_path, (cases / name).read_bytes())
        assert (moments(tmp_path)[0], moments(tmp_path)[-1]) == (first, last)
    one = error(bring(capsys, tmp_path, (cases / "02-one-date.csv").read_bytes(), "--split", "temporal"))
    assert "240 times are equal" in one["message"]
    far = error(bring(capsys, tmp_path, (cases / "02-first-date-85pct.csv").read_bytes(), "--split", "temporal"))
    assert "84.8%" in far["message"] and "--ratios" in far["hint"]
