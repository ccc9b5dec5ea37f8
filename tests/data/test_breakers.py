"""Kinds of files that were read wrongly without a word, or refused without a cure: each with its right value."""

from datetime import UTC, datetime

import numpy as np
import pytest
from xlsxwriter import Workbook

from gnnrec_core.base.errors import DataError, RequestError
from gnnrec_core.base.settings import read_settings
from gnnrec_core.data.importing import import_source
from gnnrec_core.data.options import ImportOptions

ROWS = [(f"u{n // 6:02d}", f"i{(7 * n) % 15:02d}", 1 + n % 5, 1_333_238_400 + 9_001 * n) for n in range(120)]


def written(path, lines, header=""):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*([header] if header else []), *lines]) + "\n", encoding="utf-8")
    return path


def imported(path):
    data = import_source(path)
    assert (data.n_users, data.n_items, len(data.interactions)) == (20, 15, 120)
    return data


def codes(data):
    return {problem.code: problem for problem in data.problems}


@pytest.mark.parametrize("header", ["user;item;rating;time", ""])
def test_decimal_commas_do_not_part_cells(tmp_path, header):
    lines = [f"{user};{item};{rating},5;{time}" for user, item, rating, time in ROWS]
    data = imported(written(tmp_path / "log.csv", lines, header))
    assert sorted(set(data.interactions.rating.tolist())) == [1.5, 2.5, 3.5, 4.5, 5.5]
    assert int(data.interactions.timestamp.min()) == ROWS[0][3]


@pytest.mark.parametrize("form", ["%b %d, %Y", "%A, %d %B %Y", "%d/%m/%Y, %H:%M"])
@pytest.mark.parametrize("header", ["user;item;rating;date", ""])
@pytest.mark.parametrize("delimiter", [";", "|"])
def test_commas_in_dates_do_not_part_cells(tmp_path, form, header, delimiter):
    lines = [f"{u};{i};{r};{datetime.fromtimestamp(t, UTC).strftime(form)}" for u, i, r, t in ROWS]
    lines = [line.replace(";", delimiter) for line in lines]
    data = imported(written(tmp_path / "log.csv", lines, header.replace(";", delimiter)))
    days = {int(time) // 86_400 for time in data.interactions.timestamp}
    assert days == {time // 86_400 for *_, time in ROWS}


def test_lists_with_semicolons_do_not_take_over_a_table_of_commas(tmp_path):
    lines = [f"{user},{item},{rating},a;b;c;d;e" for user, item, rating, _ in ROWS]
    data = imported(written(tmp_path / "log.csv", lines, "user,item,rating,tags"))
    assert data.interactions.rating is not None


def test_shards_whose_columns_stand_in_another_order_are_one_log(tmp_path):
    written(tmp_path / "log" / "part-0.csv", [",".join(map(str, row)) for row in ROWS[:60]], "user,item,rating,time")
    written(tmp_path / "log" / "part-1.csv", [f"{t},{r},{i},{u}" for u, i, r, t in ROWS[60:]], "time,rating,item,user")
    data = imported(tmp_path / "log")
    assert codes(data)["folder"].severity == "info"
    assert set(data.interactions.timestamp.tolist()) == {time for *_, time in ROWS}


def test_a_file_that_may_be_a_shard_and_is_not_read_is_warned_of(tmp_path):
    written(tmp_path / "log" / "part-0.csv", [",".join(map(str, row)) for row in ROWS], "user,item,rating,time")
    written(tmp_path / "log" / "part-1.csv", [f"{u},{i}" for u, i, *_ in ROWS[60:]], "user,item")
    told = codes(imported(tmp_path / "log"))["folder"]
    assert told.severity == "warning" and "not used: part-1.csv" in told.message


def test_ids_that_a_spreadsheet_shortened_are_warned_of(tmp_path):
    lines = [f"{'7.65612E+16' if n % 7 == 0 else n // 6},{item},{r}" for n, (_, item, r, _) in enumerate(ROWS)]
    data = import_source(written(tmp_path / "log.csv", lines, "user,item,rating"))
    told = codes(data)["shortened_ids"]
    assert (
        told.severity == "warning" and told.count == sum(n % 7 == 0 for n in range(120)) and "as text" in told.message
    )
    assert "7.65612E+16" in data.users.ids  # kept as it stands: nobody knows what it was
    assert "shortened_ids" not in codes(import_source(written(tmp_path / "b.csv", ["1E5,a", "2E5,b"] * 3, "user,item")))


def test_basic_iso_times_are_times(tmp_path):
    lines = [f"{u},{i},{r},{datetime.fromtimestamp(t, UTC):%Y%m%dT%H%M%SZ}" for u, i, r, t in ROWS]
    data = imported(written(tmp_path / "log.csv", lines, "user,item,rating,date"))
    assert np.array_equal(np.sort(data.interactions.timestamp), sorted(t for *_, t in ROWS))


def test_the_proposed_columns_of_a_file_without_names_are_not_its_times(tmp_path):
    lines = [
        f"{u}\t{datetime.fromtimestamp(t, UTC):%Y-%m-%dT%H:%M:%SZ}\ta{r}\tArtist {r}\t{i}\tTrack {t}"
        for u, i, r, t in ROWS
    ]
    with pytest.raises(DataError) as refused:
        import_source(written(tmp_path / "log.tsv", lines))
    assert "--user-col 1 --item-col 3 (and --rating-col, --time-col 2)" in refused.value.hint


def test_a_line_with_all_items_of_a_person_is_said_to_be_one(tmp_path):
    lines = [f"u{n:02d} " + " ".join(f"i{(n + 7 * step) % 15:02d}" for step in range(6)) for n in range(20)]
    with pytest.raises(DataError) as refused:
        import_source(written(tmp_path / "baskets.txt", lines))
    assert "one line for each pair" in refused.value.hint


def test_dates_with_points_have_the_day_first(tmp_path):
    lines = [f"{u};{i};{r};{1 + n % 12:02d}.04.2012" for n, (u, i, r, _) in enumerate(ROWS)]
    data = imported(written(tmp_path / "log.csv", lines, "user;item;rating;date"))
    assert {str(np.datetime64(int(time), "s"))[:7] for time in data.interactions.timestamp} == {"2012-04"}
    assert "day_or_month" not in codes(data)
    slashed = [line.replace(".", "/") for line in lines]
    data = import_source(written(tmp_path / "s.csv", slashed, "user;item;rating;date"))
    assert codes(data)["day_or_month"].severity == "warning"


@pytest.mark.parametrize(
    ("since", "said"), [("03/04/2012", "day and month or month and day"), ("yesterday", "is not a date")]
)
def test_a_date_that_was_typed_is_read_one_way_or_refused(tmp_path, since, said):
    path = written(tmp_path / "log.csv", [",".join(map(str, row)) for row in ROWS], "user,item,rating,time")
    with pytest.raises(RequestError, match=said) as refused:
        import_source(path, read_settings(ImportOptions, {"since": since}))
    assert "2024-01-31" in refused.value.hint and "--bad-rows" not in refused.value.hint
    kept = import_source(path, read_settings(ImportOptions, {"since": "05.04.2012"}))
    assert int(kept.interactions.timestamp.min()) >= 1_333_584_000


def test_titles_above_the_names_of_a_sheet_are_passed_over(tmp_path):
    with Workbook(tmp_path / "log.xlsx") as book:
        sheet = book.add_worksheet("Log")
        sheet.write(0, 0, "Export of 2012")
        sheet.write_row(3, 0, ("user", "item", "rating", "time"))
        for number, row in enumerate(ROWS):
            sheet.write_row(4 + number, 0, row if number else ("", *row[1:]))
    data = import_source(tmp_path / "log.xlsx")
    assert len(data.interactions) == 119 and "3 rows above its names" in codes(data)["sheet"].message
    assert codes(data)["empty_id"].line == 5
