"""Order, types and notations: what a file's shape says is obeyed, what contradicts is refused with what fits."""

import json

import polars as pl
import pytest

from gnnrec_core.data.importing import import_source
from gnnrec_core.data.options import EdgeSource, ImportOptions
from gnnrec_core.data.store import load_dataset
from tests.data.bad_inputs import N_ROWS, bring, bring_file, codes, error, good_rows, problem, text
from tests.worlds import SHARED, needs_shared


@pytest.fixture
def bring_in(capsys, tmp_path):
    return lambda content, *words, name="log.csv": bring(capsys, tmp_path, content, *words, name=name)


ROWS = [[row[0][1:], row[1][1:], *row[2:]] for row in good_rows()]
"""The good log with whole numbers as ids."""


def arranged(*places):
    """The good log without a header, its columns (0 user, 1 item, 2 rating, 3 time) in another order."""
    return text([[row[place] for place in places] for row in ROWS], header=None)


@pytest.mark.parametrize(
    "places, fits",
    [
        ((0, 3, 1), "--user-col 1 --item-col 3 --time-col 2"),
        ((0, 1, 3), "--user-col 1 --item-col 2 --time-col 3"),
        ((0, 1, 3, 2), "--user-col 1 --item-col 2 --rating-col 4 --time-col 3"),
        ((3, 0, 1, 2), "--user-col 2 --item-col 3 --rating-col 4 --time-col 1"),
        ((0, 3, 1, 2), "--user-col 1 --item-col 3 --rating-col 4 --time-col 2"),
    ],
)
def test_an_order_that_the_columns_contradict_is_refused_with_the_order_that_fits(bring_in, places, fits):
    refused = error(bring_in(arranged(*places)))
    assert "holds times" in refused["message"] and refused["hint"].endswith(f"what fits is {fits}.")
    answer = bring_in(arranged(*places), *fits.split())
    assert (answer["n_users"], answer["n_items"], answer["n_interactions"]) == (30, 40, N_ROWS)


def test_the_usual_order_is_taken_and_says_how_to_swap(bring_in):
    answer = bring_in(arranged(0, 1, 2, 3))
    assert (answer["n_users"], answer["n_items"]) == (30, 40)
    assert "--user-col 2 --item-col 1" in problem(answer, "no_header")["message"]
    swapped = bring_in(arranged(1, 0, 2, 3), "--user-col", "2", "--item-col", "1", "--time-col", "4")
    assert (swapped["n_users"], swapped["n_items"]) == (30, 40)


@pytest.mark.parametrize("header", [None, "user item rating timestamp"])
@pytest.mark.parametrize("form", ["{:>6}{:>6}{:>4}{:>14}", " {}  {}   {} {} ", "{} {} {} {}"])
def test_blanks_in_a_row_are_one_delimiter(bring_in, tmp_path, form, header):
    lines = [header] if header else []
    answer = bring_in("\n".join([*lines, *(form.format(*row) for row in good_rows())]) + "\n", name="log.txt")
    assert (answer["n_users"], answer["n_items"], answer["n_interactions"]) == (30, 40, N_ROWS)
    assert problem(answer, "delimiter")["value"] == "blank"
    assert load_dataset(tmp_path / "dataset").interactions.rating.max() == 5


def test_blanks_part_the_edges_of_a_side_file_too(bring_in, tmp_path):
    (tmp_path / "friends.txt").write_text("".join(f"  u{n}   u{n + 1} \n" for n in range(9)))
    (tmp_path / "log.csv").write_text(text(good_rows()))
    edges = (EdgeSource(path=str(tmp_path / "friends.txt"), kind="user-user"),)
    assert len(import_source(tmp_path / "log.csv", ImportOptions(edges=edges)).relations[0]) == 9


def test_quotes_behind_backslashes(bring_in, tmp_path):
    items = ["item_id,title,genre"] + [f'i{n},"The \\"{n}th\\" film, again",{"ab"[n % 2]}' for n in range(40)]
    (tmp_path / "items.csv").write_text("\n".join(items) + "\n")
    bring_in(text(good_rows()), "--items", str(tmp_path / "items.csv"))
    assert load_dataset(tmp_path / "dataset").titles[0] == 'The "0th" film, again'


def test_a_windows_path_is_no_escaped_quote(bring_in, tmp_path):
    items = ["item_id,title,genre"] + [f'i{n},"C:\\films\\{n}\\",{"ab"[n % 2]}' for n in range(40)]
    (tmp_path / "items.csv").write_text("\n".join(items) + "\n")
    bring_in(text(good_rows()), "--items", str(tmp_path / "items.csv"))
    assert load_dataset(tmp_path / "dataset").titles[0] == "C:\\films\\0\\"


def test_lines_that_name_the_item_of_the_lines_below(bring_in, tmp_path):
    by_item = {}
    for user, item, rating, _ in good_rows():
        by_item.setdefault(item[1:], []).append(f"{user[1:]},{rating},2005-01-0{int(rating)}")
    content = "".join(f"{item}:\n" + "".join(f"{line}\n" for line in lines) for item, lines in by_item.items())
    answer = bring_in(content, name="ratings.txt")
    assert (answer["n_users"], answer["n_items"], answer["n_interactions"]) == (30, 40, N_ROWS)
    assert problem(answer, "item_lines") and answer["format"] == "netflix"
    found = load_dataset(tmp_path / "dataset").interactions
    assert set((found.timestamp - 1_104_537_600) // 86_400 + 1) == set(found.rating.astype(int))  # 2005-01-0R
    broken = error(bring_in(content + "x\n", name="ratings.txt"))
    assert broken["value"] == "x" and bring_in(content + "x\n", "--bad-rows", "drop", name="ratings.txt")


GENRES = [["Action"], ["Drama", "Sci-Fi"], ["Sci-Fi", "Comedy"], ["Comedy"], ["Action", "Drama"]]
NOTATIONS = {
    "pipe": "|".join,
    "comma": ", ".join,
    "semicolon": ";".join,
    "python": repr,
    "json": json.dumps,
    "objects": lambda names: json.dumps([{"id": n, "name": name} for n, name in enumerate(names)]),
}


@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize("form", ["csv", "parquet", "json"])
def test_lists_of_labels_in_every_notation(bring_in, tmp_path, notation, form):
    cells = [NOTATIONS[notation](GENRES[n % 5]) for n in range(40)]
    frame = pl.DataFrame({"item_id": [f"i{n}" for n in range(40)], "genre": cells})
    path = tmp_path / f"items.{form}"
    {"csv": frame.write_csv, "parquet": frame.write_parquet, "json": frame.write_ndjson}[form](path)
    answer = bring_in(text(good_rows()), "--items", str(path))
    found = load_dataset(tmp_path / "dataset")
    place = {item: row for row, item in enumerate(found.items.ids)}
    assert found.item_table["genre"].to_list()[place["i7"]] == ["Sci-Fi", "Comedy"]
    assert found.item_table["genre"].to_list()[place["i0"]] == ["Action"]
    assert problem(answer, "lists")["column"] == "genre"


def test_lists_that_parquet_and_json_declare(bring_in, tmp_path):
    frame = pl.DataFrame({"item_id": [f"i{n}" for n in range(40)], "genre": [GENRES[n % 5] for n in range(40)]})
    frame.write_ndjson(tmp_path / "items.json")
    frame.write_parquet(tmp_path / "items.parquet")
    for name in ("items.json", "items.parquet"):
        bring_in(text(good_rows()), "--items", str(tmp_path / name))
        found = load_dataset(tmp_path / "dataset")
        assert found.item_table["genre"].to_list()[found.items.ids.index("i7")] == ["Sci-Fi", "Comedy"]


def test_places_and_sentences_are_no_lists(bring_in, tmp_path):
    cities = [f"City {n}, Country {n % 3}" for n in range(40)]
    frame = pl.DataFrame({"item_id": [f"i{n}" for n in range(40)], "city": cities})
    frame.write_csv(tmp_path / "items.csv")
    bring_in(text(good_rows()), "--items", str(tmp_path / "items.csv"))
    assert load_dataset(tmp_path / "dataset").item_table["city"].dtype == pl.String


def users(tmp_path, **columns):
    pl.DataFrame({"user_id": [f"u{n}" for n in range(30)], **columns}).write_csv(tmp_path / "users.csv")
    return ("--users", str(tmp_path / "users.csv"))


def test_few_whole_numbers_are_codes_unless_a_person_says_otherwise(bring_in, tmp_path):
    words = users(tmp_path, occupation=[n % 7 for n in range(30)], age=[20 + n % 7 for n in range(30)])
    answer = bring_in(text(good_rows()), *words)
    table = load_dataset(tmp_path / "dataset").user_table
    assert table["occupation"].dtype == pl.String and table["age"].dtype == pl.Int64
    assert problem(answer, "codes")["column"] == "occupation" and problem(answer, "codes")["count"] == 7
    bring_in(text(good_rows()), *words, "--amounts", "occupation", "--codes", "age")
    table = load_dataset(tmp_path / "dataset").user_table
    assert table["occupation"].dtype == pl.Int64 and table["age"].dtype == pl.String


def test_the_types_that_recbole_declares_are_obeyed(bring_in, tmp_path, capsys):
    folder = tmp_path / "source"
    folder.mkdir()
    log = "user_id:token\titem_id:token\trating:float\n" + "".join("\t".join(row[:3]) + "\n" for row in ROWS)
    (folder / "a.inter").write_text(log)
    rows = "".join(f"{n}\t{n}\t{n % 3}\n" for n in range(30))
    (folder / "a.user").write_text(f"user_id:token\tcode:token\tgroup:float\n{rows}")
    answer = bring_file(capsys, str(folder), tmp_path)
    table = load_dataset(tmp_path / "dataset").user_table
    assert table["code"].dtype == pl.String and table["group"].dtype == pl.Int64
    assert "columns" in {entry["code"] for entry in answer["problems"]}


def test_items_always_have_a_column_of_titles(bring_in, tmp_path):
    bring_in(text(good_rows()))
    items = pl.read_parquet(tmp_path / "dataset" / "items.parquet")
    assert items.columns == ["item_index", "item_id", "title"] and items["title"].null_count() == 40
    assert load_dataset(tmp_path / "dataset").titles[0] == "i0"


def test_edges_to_what_a_filter_left_out_are_counted_not_refused(bring_in, tmp_path):
    lonely = "".join(f"x{n},i1,3,1600000000\n" for n in range(20))
    edges = "source,target\n" + "".join(f"x{n},x{n + 1}\n" for n in range(19)) + "u1,u2\nu3,nobody\n"
    (tmp_path / "friends.csv").write_text(edges)
    options = ("--k-core", "2", "--edges", str(tmp_path / "friends.csv"), "--edge-types", "user-user")
    answer = bring_in(text(good_rows()) + lonely, *options)
    assert answer["relations"] == [{"name": "friends", "n_edges": 1}]
    note = problem(answer, "edges_to_filtered")
    assert note["count"] == 19 and "k-core" in note["message"] and problem(answer, "unknown_edge_ends")["count"] == 1
    unknown = error(bring_in(text(good_rows()), *options[2:]))
    assert "not in the log" in unknown["message"]


@needs_shared
@pytest.mark.parametrize(
    "name, words",
    [
        ("05-movie-headers.txt", ()),
        ("13-aligned-blanks.txt", ()),
        ("13-leading-blank.txt", ()),
        ("04-session-time-item-category.dat", ("--user-col", "1", "--item-col", "3", "--time-col", "2")),
    ],
)
def test_the_shared_cases_of_shapes(capsys, tmp_path, name, words):
    answer = bring_file(capsys, str(SHARED / "cases" / name), tmp_path, *words)
    assert (answer["n_users"], answer["n_items"], answer["n_interactions"]) == (20, 15, 120)
    if words:
        refused = error(bring_file(capsys, str(SHARED / "cases" / name), tmp_path))
        assert " ".join(words) in refused["hint"]


@needs_shared
def test_the_shared_cases_of_folders_and_attributes(capsys, tmp_path):
    cases = SHARED / "cases"
    answer = bring_file(capsys, str(cases / "11-lightgcn-equal-lengths"), tmp_path)
    assert [answer[name] for name in ("n_users", "n_items", "n_train", "n_test")] == [12, 12, 24, 12]
    for folder in ("07-ml-1m", "07-recbole-token-codes"):
        bring_file(capsys, str(cases / folder), tmp_path)
        assert load_dataset(tmp_path / "dataset").user_table["occupation"].n_unique() == 21
        assert load_dataset(tmp_path / "dataset").user_table["occupation"].dtype == pl.String
    bring_file(capsys, str(cases / "08-log.csv"), tmp_path, "--items", str(cases / "08-items.csv"))
    table = load_dataset(tmp_path / "dataset").item_table
    notations = [table[name].to_list() for name in ("pipe", "comma", "pylist", "jsonlist", "semi")]
    assert all(found == notations[0] for found in notations) and table["pipe"].dtype == pl.List
    assert "codes" not in codes(bring_file(capsys, str(cases / "08-log.csv"), tmp_path))
