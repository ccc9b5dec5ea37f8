"""Numbers 1 to 40 of the catalogue of bad inputs: the numbers stand in the names of the tests."""

import codecs

import pytest

from gnnrec_core.data.store import load_dataset
from tests.data.bad_inputs import N_ROWS, bring, codes, error, good_rows, problem, text, with_column, with_rows


@pytest.fixture
def bring_in(capsys, tmp_path):
    return lambda content, *words, name="log.csv": bring(capsys, tmp_path, content, *words, name=name)


@pytest.fixture
def users(tmp_path):
    return lambda: load_dataset(tmp_path / "dataset").users.ids


def test_a_good_log_is_taken_as_it_is(bring_in):
    answer = bring_in(text(good_rows()))
    assert (answer["n_users"], answer["n_items"], answer["n_interactions"]) == (30, 40, N_ROWS)
    assert codes(answer) == set() and answer["rows_in"] == N_ROWS


def test_01_an_empty_file(bring_in):
    assert "empty (0 bytes)" in error(bring_in(b""))["message"]


def test_02_a_header_only(bring_in):
    assert "no data rows" in error(bring_in("user_id,item_id\n"))["message"]


def test_03_blanks_only(bring_in):
    assert "nothing but blanks" in error(bring_in("  \n \t\n\n"))["message"]


def test_04_no_header(bring_in):
    answer = bring_in(text(good_rows(), header=None))
    note = problem(answer, "no_header")
    assert answer["n_interactions"] == N_ROWS and note["line"] == 1 and note["value"].startswith("u0,i0,")
    doubtful = error(bring_in(text([[*row, "x"] for row in good_rows()], header=None)))
    assert "no header" in doubtful["message"] and "--user-col" in doubtful["hint"] and doubtful["line"] == 1
    assert bring_in(text(good_rows(), header=None), "--user-col", "1", "--item-col", "2")["n_interactions"] == N_ROWS


def test_05_a_byte_order_mark(bring_in, users):
    answer = bring_in(codecs.BOM_UTF8 + text(good_rows()).encode())
    assert problem(answer, "byte_order_mark")["action"] == "skipped" and answer["n_interactions"] == N_ROWS
    assert "u0" in users()


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_06_utf_16(bring_in, encoding):
    answer = bring_in(text(good_rows()).encode(encoding))
    assert problem(answer, "encoding")["value"].startswith("utf-16") and answer["n_interactions"] == N_ROWS


def test_07_latin_1_only_when_a_person_says_so(bring_in, users):
    content = with_rows("Zoë,i1,3,1600000000").encode("cp1252")
    refused = error(bring_in(content))
    assert refused["line"] == 242 and refused["value"] == "0xeb" and "--encoding" in refused["hint"]
    answer = bring_in(content, "--encoding", "cp1252")
    assert problem(answer, "encoding")["value"] == "cp1252" and "Zoë" in users()


def test_08_two_encodings_in_one_file(bring_in):
    content = with_rows("Zoë,i1,3,1600000000").encode() + "Zoë,i2,3,1600000000\n".encode("cp1252")
    refused = error(bring_in(content))
    assert refused["line"] == 243 and content[refused["offset"]] == 0xEB


@pytest.mark.parametrize("number, delimiter", [(9, ";"), (10, "\t"), (11, "::"), (9, "|")])
def test_09_10_11_other_delimiters(bring_in, number, delimiter):
    answer = bring_in(text(good_rows(), delimiter=delimiter))
    assert answer["n_interactions"] == N_ROWS
    assert problem(answer, "delimiter")["value"] == {"\t": "tab"}.get(delimiter, delimiter)


def test_11_movielens_without_a_header(bring_in):
    rows = [[row[0][1:], row[1][1:], *row[2:]] for row in good_rows()]
    answer = bring_in(text(rows, header=None, delimiter="::"), name="ratings.dat")
    assert answer["format"] == "movielens" and answer["n_interactions"] == N_ROWS


def test_12_no_item_column(bring_in):
    refused = error(bring_in(text(good_rows(), header="user_id,itm_idd,rating,timestamp")))
    assert "item" in refused["message"] and "'itm_idd'" in refused["message"]
    assert "Did you mean 'itm_idd'?" in refused["hint"] and "--item-col" in refused["hint"]
    assert "rating" in error(bring_in(text(good_rows()), "--rating-col", "ratng"))["hint"]


def test_13_header_in_other_case_and_with_blanks(bring_in):
    answer = bring_in(text(good_rows(), header=" User ID ,ITEM id,Rating,TimeStamp"))
    assert "user = 'User ID'" in problem(answer, "columns")["message"]


def test_14_a_column_name_twice(bring_in):
    refused = error(bring_in(text(good_rows(), header="user_id,item_id,rating,rating")))
    assert refused["column"] == "rating" and "3 and 4" in refused["message"] and refused["line"] == 1


def test_15_empty_user_ids(bring_in, users):
    answer = bring_in(with_rows(*[f",i{place},3,1600000000" for place in range(5)]))
    dropped = problem(answer, "empty_id")
    assert dropped["count"] == dropped["rows_removed"] == 5 and dropped["lines"] == [242, 243, 244, 245, 246]
    assert answer["n_interactions"] == N_ROWS and "" not in users()


def test_15_rows_without_any_id_are_counted_once(bring_in):
    answer = bring_in(with_rows(",,3,1600000000", "u1,,3,1600000000", ",i1,3,1600000000"))
    assert answer["rows_in"] == N_ROWS + 3 and answer["n_interactions"] == N_ROWS


def test_16_ids_that_read_like_missing_stay(bring_in, users):
    answer = bring_in(with_rows(*[f"{word},i1,3,1600000000" for word in ("NA", "null", "None")]))
    kept = problem(answer, "missing_words")
    assert kept["count"] == 3 and kept["lines"] == [242, 243, 244] and kept["action"] == "kept"
    assert {"NA", "null", "None"} <= set(users())


def test_17_a_negative_rating(bring_in):
    answer = bring_in(with_rows("u99,i1,-3,1600000000"))
    assert problem(answer, "negative_rating")["line"] == 242
    refused = error(bring_in(with_rows("u99,i1,-3,1600000000"), "--rating-scale", "1,5"))
    assert (refused["line"], refused["column"], refused["value"]) == (242, "rating", "-3")


def test_18_infinite_ratings(bring_in):
    answer = bring_in(with_rows("u99,i1,inf,1600000000", "u99,i2,1e999,1600000000"))
    dropped = problem(answer, "infinite_rating")
    assert dropped["rows_removed"] == 2 and dropped["lines"] == [242, 243]


def test_19_a_word_for_a_rating(bring_in):
    refused = error(bring_in(with_rows("u99,i1,five,1600000000")))
    assert (refused["line"], refused["column"], refused["value"]) == (242, "rating", "five")
    assert "--rating-col" in refused["hint"] and refused["file"] == "log.csv"


def test_20_decimal_commas(bring_in, tmp_path):
    rows = good_rows()
    rows[0][2] = "3,5"
    answer = bring_in(text(rows, delimiter=";"))
    assert problem(answer, "decimal_comma")["line"] == 2
    assert 3.5 in load_dataset(tmp_path / "dataset").interactions.rating


def test_21_ids_of_26_digits(bring_in, users):
    ids = ["12345678901234567890123456", "12345678901234567890123457"]
    bring_in(with_rows(*[f"{word},i1,3,1600000000" for word in ids]))
    assert set(ids) <= set(users())


def test_22_large_integers_beside_a_blank(bring_in, users):
    ids = ["9007199254740993", "9007199254740992"]
    answer = bring_in(with_rows(*[f"{word},i1,3,1600000000" for word in (*ids, "")]))
    assert set(ids) <= set(users()) and problem(answer, "empty_id")["line"] == 244


def test_23_milliseconds(bring_in, tmp_path):
    answer = bring_in(with_column(3, lambda cell, _: cell + "123"))
    assert problem(answer, "time_unit")["count"] == N_ROWS
    assert load_dataset(tmp_path / "dataset").interactions.timestamp.max() == 1_600_029_007


def test_24_seconds_and_milliseconds_mixed(bring_in):
    refused = error(bring_in(with_column(3, lambda cell, row: cell + "000" if row < 3 else cell)))
    assert "237" in refused["message"] and refused["lines"] == [2, 3, 4] and refused["column"] == "timestamp"


@pytest.mark.parametrize(
    "stamp, seconds",
    [
        ("2020-09-13", 1_599_955_200),
        ("2020-09-13 12:26:40", 1_600_000_000),
        ("2020-09-13T12:26:40Z", 1_600_000_000),
        ("2020-09-13T14:26:40.5+02:00", 1_600_000_000),
        ("1600000000.0", 1_600_000_000),
    ],
)
def test_25_iso_times(bring_in, tmp_path, stamp, seconds):
    answer = bring_in(with_column(3, lambda cell, _: stamp))
    assert set(load_dataset(tmp_path / "dataset").interactions.timestamp.tolist()) == {seconds}
    if "-" in stamp:
        assert ("zone" in problem(answer, "iso_time")["message"]) and problem(answer, "iso_time")["count"] == N_ROWS


def test_26_day_or_month(bring_in, tmp_path):
    def first():
        return load_dataset(tmp_path / "dataset").interactions.timestamp[0]

    content = with_column(3, lambda cell, _: "03/04/2024")
    asked = problem(bring_in(content), "day_or_month")
    assert asked["severity"] == "warning" and "--day-first" in asked["message"]
    assert first() == 1_709_510_400  # 4 March 2024
    assert "day_or_month" not in codes(bring_in(content, "--day-first"))
    assert first() == 1_712_102_400  # 3 April 2024
    assert "slashed_date" in codes(bring_in(with_column(3, lambda cell, row: f"{row % 28 + 1:02}/04/2024")))


@pytest.mark.parametrize(
    "stamp, seconds",
    [
        ("2020-09-13 12:26:40 UTC", 1_600_000_000),
        ("2020/09/13 12:26", 1_599_999_960),
        ("13.09.2020 12:26:40", 1_600_000_000),
        ("13-09-2020", 1_599_955_200),
        ("9/13/2020 12:26:40 PM", 1_600_000_000),
        ("9/13/2020, 1:00 am", 1_599_958_800),
        ("9/13/20", 1_599_955_200),
    ],
)
def test_times_as_spreadsheets_and_databases_write_them(bring_in, tmp_path, stamp, seconds):
    answer = bring_in(text([[*row[:3], f'"{stamp}"'] for row in good_rows()]))
    assert set(load_dataset(tmp_path / "dataset").interactions.timestamp.tolist()) == {seconds}
    assert ("short_year" in codes(answer)) == (stamp == "9/13/20")


@pytest.mark.parametrize(
    "header", ["Kunde;Artikel;Bewertung;Datum", "utilisateur;livre;note;date", "用户;商品;评分;时间"]
)
def test_a_log_as_an_office_exports_it(bring_in, tmp_path, header):
    rows = [[row[0], row[1], f"{row[2]},5", f"{n % 28 + 1:02}.09.2020 10:00"] for n, row in enumerate(good_rows())]
    rows[0][2] = "1.234,5"
    answer = bring_in("sep=;\n" + text(rows, header, ";", "\r\n"))
    assert problem(answer, "decimal_comma")["count"] == problem(answer, "slashed_date")["count"] == N_ROWS
    assert problem(answer, "decimal_comma")["line"] == 3
    assert load_dataset(tmp_path / "dataset").interactions.rating.max() == 1234.5


def test_a_word_for_a_time(bring_in):
    refused = error(bring_in(with_rows("u99,i1,3,yesterday")))
    assert (refused["line"], refused["column"], refused["value"]) == (242, "timestamp", "yesterday")


@pytest.mark.parametrize("stamp", ["99999999999999999999999", "1e300", "nan?", "24:00"])
def test_a_time_that_no_clock_can_show(bring_in, stamp):
    assert error(bring_in(with_rows(f"u99,i1,3,{stamp}")))["line"] == 242


def test_27_times_in_the_future(bring_in):
    content = with_rows("u99,i1,3,32503680000")
    assert problem(bring_in(content), "future_time")["lines"] == [242]
    assert "future" in error(bring_in(content, "--split", "temporal"))["message"]
    assert bring_in(content, "--split", "temporal", "--accept-future-times")["n_test"] > 0


def test_28_times_of_zero_and_below(bring_in):
    answer = bring_in(with_rows("u99,i1,3,0", "u99,i2,3,-5"))
    assert problem(answer, "time_not_positive")["lines"] == [242, 243]


def test_29_exact_duplicates(bring_in):
    rows = good_rows()
    answer = bring_in(text(rows + rows[:50]))
    merged = problem(answer, "duplicate_pairs")
    assert merged["count"] == merged["rows_removed"] == 50 and answer["n_interactions"] == N_ROWS


@pytest.mark.parametrize("rule, kept", [("last", 2.0), ("mean", 3.0), ("max", 5.0)])
def test_30_conflicting_duplicates(bring_in, tmp_path, rule, kept):
    extra = ("u99,i1,5,1600000000", "u99,i1,2,1600000009", "u99,i1,2,1600000005")
    for content in (with_rows(*extra), with_rows(*extra[::-1])):
        answer = bring_in(content, "--duplicates", rule)
        assert problem(answer, "conflicting_duplicates")["rows_removed"] == 2
        dataset = load_dataset(tmp_path / "dataset")
        row = dataset.interactions.user_index == dataset.users.index("u99")
        assert dataset.interactions.rating[row].tolist() == [kept]
        assert dataset.interactions.timestamp[row].tolist() == [1_600_000_009]


def test_31_32_one_user_or_one_item(bring_in):
    one_user = [["u0", *row[1:]] for row in good_rows()]
    assert "1 user" in error(bring_in(text(one_user)))["message"]
    one_item = [[row[0], "i0", *row[2:]] for row in good_rows()]
    assert "1 item" in error(bring_in(text(one_item)))["message"]


def test_33_every_user_has_one_interaction(bring_in):
    answer = bring_in(text([[f"u{n}", *row[1:]] for n, row in enumerate(good_rows())]))
    assert "evaluation is impossible" in problem(answer, "nothing_held_out")["message"]
    assert answer["n_test"] == 0 and problem(answer, "users_with_one")["count"] == N_ROWS


def test_34_ids_that_are_one_number(bring_in, users):
    answer = bring_in(with_rows("007,i1,3,1600000000", "7,i1,3,1600000000", "07,i1,3,1600000000"))
    assert {"007", "7", "07"} <= set(users())
    assert problem(answer, "number_lookalikes")["lines"] == [242, 243, 244]


def test_35_integers_and_fractions_that_look_alike(bring_in, users):
    answer = bring_in(with_rows("1,i1,3,1600000000", "1.0,i1,3,1600000000", "abc,i1,3,1600000000"))
    assert {"1", "1.0", "abc"} <= set(users()) and problem(answer, "number_lookalikes")["count"] == 2


def test_36_ids_that_became_fractions(bring_in, users):
    answer = bring_in(with_column(0, lambda cell, _: f"{cell[1:]}.0"))
    assert users()[:3] == ("0", "1", "2") and problem(answer, "float_ids")["count"] == N_ROWS


def test_37_unicode(bring_in, users):
    ids = ["e\u0301", "\u00e9", "\u202eevil", "zero\u200bwidth", "🦊", "مرحبا"]
    answer = bring_in(with_rows(*[f"{word},i{n},3,1600000000" for n, word in enumerate(ids)]))
    assert set(ids[1:]) <= set(users()) and ids[0] not in users()
    assert problem(answer, "unicode_form")["line"] == 242
    assert problem(answer, "invisible_characters")["lines"] == [244, 245]


def test_38_39_html_and_formulas_stay_as_they_are(bring_in, users):
    ids = ["<script>alert(1)</script>", "=SUM(A1:A9)", "../../etc/passwd"]
    bring_in(with_rows(*[f"{word},i1,3,1600000000" for word in ids]))
    assert set(ids) <= set(users())


def test_40_blanks_around_ids(bring_in, users):
    answer = bring_in(with_column(0, lambda cell, row: f" {cell} " if row < 16 else cell))
    assert problem(answer, "blanks_stripped")["count"] == 16 and len(users()) == 30
