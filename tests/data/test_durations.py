"""A Parquet column of durations, in every role."""

import datetime

import polars as pl
import pytest

from gnnrec_core.data.importing import import_source
from gnnrec_core.data.preview import preview_source

N = 40


@pytest.mark.parametrize("column", ["timestamp", "rating", "user_id", "comment"])
def test_a_duration_is_read_as_seconds_and_said(tmp_path, column):
    columns = {
        "user_id": [f"u{row % 8}" for row in range(N)],
        "item_id": [f"i{row // 8}" for row in range(N)],
        "rating": [1.0 + row % 5 for row in range(N)],
        "timestamp": [1_600_000_000 + row for row in range(N)],
    }
    path = tmp_path / "log.parquet"
    durations = [datetime.timedelta(seconds=1.5 * (1 + row % 6)) for row in range(N)]
    pl.DataFrame(columns | {column: durations}).write_parquet(path)
    dataset = import_source(path)
    said = [problem for problem in dataset.problems if problem.code == "durations"]
    assert [problem.column for problem in said] == ([] if column == "comment" else [column])
    if column == "rating":
        assert set(dataset.interactions.rating.tolist()) == {1.5, 3.0, 4.5, 6.0, 7.5, 9.0}
    assert set(preview_source(path).columns) >= {"user_id", "item_id"}
