"""Numbers 41 to 80 of the catalogue of bad inputs; `test_catalogue` says which test stands for which number."""

import gzip
import io
import json
import zipfile

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gnnrec_core.base.errors import DataError
from gnnrec_core.base.progress import watched
from gnnrec_core.data.importing import import_source
from gnnrec_core.data.options import ImportOptions
from gnnrec_core.data.store import load_dataset
from tests.data.bad_inputs import HEADER, N_ROWS, bring, codes, error, good_rows, problem, text, with_column, with_rows


@pytest.fixture
def bring_in(capsys, tmp_path):
    return lambda content, *words, name="log.csv": bring(capsys, tmp_path, content, *words, name=name)


@pytest.fixture
def saved(tmp_path):
    return lambda: load_dataset(tmp_path / "dataset")


def parquet(table: pa.Table, **how) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer, **how)
    return buffer.getvalue()


def good_table() -> pa.Table:
    names = HEADER.split(",")
    return pa.table({name: [row[place] for row in good_rows()] for place, name in enumerate(names)})


def test_41_ids_that_differ_in_case(bring_in, saved):
    answer = bring_in(with_rows("U1,i1,3,1600000000"))
    assert problem(answer, "case_variants")["count"] == 9 and {"u1", "U1"} <= set(saved().users.ids)


def test_42_a_quoted_line_end(bring_in):
    rows = [[*row, '"two\nlines"'] for row in good_rows()]
    answer = bring_in(text(rows, header=HEADER + ",comment") + "u1,i99,inf,1600000000,x\n")
    assert answer["n_interactions"] == N_ROWS
    assert problem(answer, "infinite_rating")["line"] == 2 * N_ROWS + 2  # lines of the file, not rows


def test_43_a_quote_that_is_never_closed(bring_in):
    refused = error(bring_in(with_rows('"u1,i1,3,1600000000', "u2,i1,3,1600000000")))
    assert refused["line"] == 242 and "never closed" in refused["message"] and refused["value"].startswith('"u1')


def test_44_46_too_many_cells(bring_in):
    refused = error(bring_in(with_rows("u1,i1,3,1600000000,The Good, the Bad")))
    assert refused["line"] == 242 and "6 cells" in refused["message"] and "Quote" in refused["hint"]


def test_45_short_rows(bring_in):
    answer = bring_in(with_rows("u1,i1", "u2,i2,3"))
    short = problem(answer, "short_rows")
    assert short["rows_removed"] == 2 and short["lines"] == [242, 243] and short["value"] == "u1,i1"
    mostly = error(bring_in(text([row[:2] for row in good_rows()])))
    assert mostly["line"] == 2 and "--delimiter" in mostly["hint"]


def test_47_nul_bytes(bring_in):
    content = with_rows("u\0 1,i1,3,1600000000")
    refused = error(bring_in(content))
    assert refused["line"] == 242 and content[refused["offset"]] == "\0"


def test_48_49_line_ends(bring_in):
    answer = bring_in(text(good_rows(), end="\r"))
    assert problem(answer, "line_ends")["action"] == "converted" and answer["n_interactions"] == N_ROWS
    windows = bring_in(text(good_rows(), end="\r\n"))
    mixed = bring_in(text(good_rows()[:9], end="\r\n") + text(good_rows()[9:], header=None))
    assert windows["fingerprint"] == mixed["fingerprint"] == answer["fingerprint"]


def test_50_lines_before_the_table(bring_in):
    for preamble in ("# made by a shop\n# on Monday\n\n", "Export of the shop\n\n\n"):
        answer = bring_in(preamble + with_rows(",i1,3,1600000000"))
        assert problem(answer, "preamble")["count"] == 3 and problem(answer, "empty_id")["line"] == 245


def test_51_a_row_of_totals(bring_in):
    answer = bring_in(with_rows("TOTAL,,720,"))
    assert answer["n_interactions"] == N_ROWS and answer["rows_in"] == N_ROWS + 1
    answer = bring_in(with_rows("TOTAL,40,720,"))
    assert problem(answer, "total_row")["lines"] == [242] and answer["n_users"] == 30


def test_52_a_column_without_a_name(bring_in):
    answer = bring_in(text([[str(n), *row] for n, row in enumerate(good_rows())], header="," + HEADER))
    assert problem(answer, "unnamed_column")["count"] == 1 and answer["n_users"] == 30


@pytest.mark.parametrize("n_columns", [1001, 300_000])
def test_53_too_many_columns(bring_in, n_columns):
    refused = error(bring_in(",".join(f"c{n}" for n in range(n_columns)) + "\n" + ",".join(["1"] * n_columns) + "\n"))
    assert "columns" in refused["message"] or "bytes" in refused["message"]


def test_53_one_line_of_many_megabytes(bring_in):
    assert "line" in error(bring_in("user_id,item_id\n" + "x" * 3_000_000))["message"]


def test_54_a_gzip_archive_that_is_cut_off(bring_in):
    packed = gzip.compress(text(good_rows()).encode())
    refused = error(bring_in(packed[:-20], name="log.csv.gz"))
    assert "cut off" in refused["message"] and refused["offset"] == len(packed) - 20
    damaged = bytearray(packed)
    damaged[len(packed) // 2] ^= 0xFF
    assert "gzip" in error(bring_in(bytes(damaged), name="log.csv.gz"))["message"]


def test_55_gzip_by_another_name(bring_in):
    answer = bring_in(gzip.compress(text(good_rows()).encode()))
    assert problem(answer, "gzip")["action"] == "unpacked" and answer["n_interactions"] == N_ROWS


def test_56_57_zip_archives(bring_in, tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.csv", "x")
        archive.writestr("../../b.csv", "y")
    refused = error(bring_in(buffer.getvalue()))
    assert "'a.csv', '../../b.csv'" in refused["message"] and not (tmp_path.parent / "b.csv").exists()
    assert "XLSX" in error(bring_in(b"PK\x03\x04 broken"))["message"]


def test_58_59_60_pages_errors_and_binaries(bring_in):
    assert "web page" in error(bring_in("<!DOCTYPE html><html>Sign in</html>"))["message"]
    refused = error(bring_in('{"error": "unauthorized"}\n'))
    assert "'error'" in refused["message"] and "user" in refused["message"]
    assert "JSON" in error(bring_in(json.dumps({"errors": ["no"]}, indent=2)))["message"]
    assert "binary" in error(bring_in(b"\x89PNG\r\n\x1a\n" + bytes(range(256))))["message"]
    error(bring_in(np.random.default_rng(0).bytes(5000)))


def test_61_a_constant_rating(bring_in):
    assert problem(bring_in(with_column(2, lambda cell, _: "1")), "constant_rating")["count"] == N_ROWS


def test_62_two_scales(bring_in):
    answer = bring_in(with_column(2, lambda cell, row: str(int(cell) * 20) if row % 3 else cell))
    assert "two scales" in problem(answer, "two_scales")["message"] and problem(answer, "two_scales")["lines"][0] == 2


def test_63_a_graph_in_parts(bring_in):
    answer = bring_in(with_rows("v1,j1,3,1600000000", "v1,j2,3,1600000000", "v2,j2,3,1600000000"))
    assert problem(answer, "disconnected_parts")["message"].startswith("The graph falls into 2 parts (nodes: 70, 4)")


def test_64_columns_in_another_order(bring_in):
    mirrored = bring_in(text([row[::-1] for row in good_rows()], header="timestamp,rating,item_id,user_id"))
    assert mirrored["fingerprint"] == bring_in(text(good_rows()))["fingerprint"]


def test_65_thousands(bring_in, saved):
    answer = bring_in(with_rows('u1,i99,"1,000",1600000000'))
    assert problem(answer, "thousands")["line"] == 242 and saved().interactions.rating.max() == 1000


def test_66_true_and_false(bring_in, saved):
    answer = bring_in(with_column(2, lambda cell, row: "true" if row % 2 else "False"))
    assert problem(answer, "true_false")["count"] == N_ROWS and set(saved().interactions.rating) == {0, 1}


def test_67_a_rating_of_zero(bring_in):
    assert problem(bring_in(with_rows("u1,i99,0,1600000000")), "zero_rating")["line"] == 242


def test_an_empty_rating_is_kept(bring_in, saved):
    answer = bring_in(with_rows("u1,i99,,1600000000", "u2,i99,NA,1600000000"))
    assert problem(answer, "missing_rating")["lines"] == [242, 243] and answer["n_interactions"] == N_ROWS + 2
    assert np.isnan(saved().interactions.rating).sum() == 2


def test_68_parquet_with_other_columns(bring_in):
    refused = error(bring_in(parquet(pa.table({"a": [1], "b": ["x"]})), name="log.parquet"))
    assert "'a', 'b'" in refused["message"] and "--user-col" in refused["hint"]


def test_69_a_list_column(bring_in):
    table = pa.table({"user_id": ["a", "b"], "item_id": [["x", "y"], ["z"]]})
    refused = error(bring_in(parquet(table), name="log.parquet"))
    assert refused["column"] == "item_id" and "list<" in refused["value"] and "Explode" in refused["hint"]


def test_70_bytes_as_ids(bring_in, saved):
    table = good_table()
    raw = [value.encode() for value in table["user_id"].to_pylist()]
    answer = bring_in(parquet(table.set_column(0, "user_id", pa.array(raw))), name="log.parquet")
    assert problem(answer, "bytes_decoded")["column"] == "user_id" and "u0" in saved().users.ids
    raw[3] = b"\xff\xfe"
    refused = error(bring_in(parquet(table.set_column(0, "user_id", pa.array(raw))), name="log.parquet"))
    assert refused["line"] == 4 and refused["column"] == "user_id"


def test_71_parquet_that_is_cut_off(bring_in):
    content = parquet(good_table())
    assert "cut off" in error(bring_in(content[:-30], name="log.parquet"))["message"]
    spoilt = content[:40] + b"\xff" * 200 + content[240:]
    error(bring_in(spoilt, name="log.parquet"))


def test_72_text_called_parquet(bring_in):
    answer = bring_in(text(good_rows()), name="log.parquet")
    assert answer["format"] == "csv" and answer["n_interactions"] == N_ROWS
    assert "not a Parquet" in error(bring_in(text(good_rows()), "--format", "parquet"))["message"]


def test_73_a_gzip_bomb(bring_in):
    content = gzip.compress((HEADER + "\n").encode() + b"u1,i1,1,1600000000\n" * 8_000_000, 9)
    refused = error(bring_in(content, name="log.csv.gz"))
    assert "unpacks to more than" in refused["message"]


def test_73_a_parquet_bomb(bring_in):
    n = 20_000_000
    ids = pa.DictionaryArray.from_arrays(pa.array(np.zeros(n, np.int32)), pa.array(["u" * 5000]))
    content = parquet(pa.table({"user_id": ids, "item_id": ids}))
    assert len(content) < 100_000
    assert "would unpack" in error(bring_in(content, name="log.parquet"))["message"]


def test_75_76_attributes(bring_in, saved, tmp_path):
    users = ["user_id,group,plan,age,code"]
    users += [f"u{n},{'ab'[n % 2]},free,{20 + n if n else ''},00{n}" for n in range(30)]
    (tmp_path / "users.csv").write_text("\n".join(users) + "\n")
    answer = bring_in(text(good_rows()), "--users", str(tmp_path / "users.csv"))
    assert problem(answer, "constant_attribute")["column"] == "plan"
    missing = problem(answer, "missing_attribute")
    assert missing["column"] == "age" and missing["count"] == 1
    table = saved().user_table
    assert table.columns == ["user_index", "user_id", "group", "age", "code"]
    assert table["age"].dtype == pl.Int64 and table["code"].to_list()[:2] == ["000", "001"]


def test_75_attributes_that_make_no_groups(bring_in, tmp_path):
    rows = [[f"u{n // 2}", *row[1:]] for n, row in enumerate(good_rows())]  # 120 users
    users = [f"u{n},c{n},z{n % 60},{'g' if n else ''},one" for n in range(120)]
    (tmp_path / "users.csv").write_text("\n".join(["user_id,code,zip,group,same", *users]) + "\n")
    answer = bring_in(text(rows), "--users", str(tmp_path / "users.csv"))
    found = {code: problem(answer, code) for code in ("id_like_attribute", "many_values", "constant_attribute")}
    assert [(entry["column"], entry["count"]) for entry in found.values()] == [
        ("code", 120),
        ("zip", 60),
        ("same", 120),
    ]
    missing = problem(answer, "missing_attribute")
    assert (missing["column"], missing["count"]) == ("group", 1) and "'unknown'" in missing["message"]


def test_short_rows_of_side_files_leave_no_interaction_out(bring_in, tmp_path):
    (tmp_path / "users.csv").write_text(
        "user_id,group,plan\n" + "".join(f"u{n},{n % 2},a\n" for n in range(30)) + "u1\n"
    )
    (tmp_path / "friends.csv").write_text("source,target,weight\nu1,u2,1\nu3\nu4,u5,2\n")
    edges = ("--edges", str(tmp_path / "friends.csv"), "--edge-types", "user-user")
    answer = bring_in(text(good_rows()), "--users", str(tmp_path / "users.csv"), *edges)
    short = [entry for entry in answer["problems"] if entry["code"] == "short_rows"]
    assert [(entry["file"], entry["lines"]) for entry in short] == [("users.csv", [32]), ("friends.csv", [3])]
    assert answer["relations"] == [{"name": "friends", "n_edges": 2}] and answer["n_interactions"] == N_ROWS


def test_76_numbers_without_a_name_and_wrong_length(bring_in, tmp_path):
    (tmp_path / "items.csv").write_text("item_id,price\n" + "".join(f"i{n},{n}.5,x\n" for n in range(40)))
    refused = error(bring_in(text(good_rows()), "--items", str(tmp_path / "items.csv")))
    assert refused["file"] == "items.csv" and refused["line"] == 2


def test_77_items_that_are_not_in_train(bring_in):
    answer = bring_in(
        text(good_rows()) + "".join(f"u{n},new{n},3,1700000000\n" for n in range(30)), "--split", "leave-last"
    )
    unseen = problem(answer, "items_unseen_in_train")
    assert unseen["count"] >= 30 and "new" in unseen["value"]


def test_78_a_second_file_that_disagrees(bring_in, tmp_path):
    path = tmp_path / "items.csv"
    path.write_text("item_id,title\n" + "".join(f"i{n},Title {n}\n" for n in range(10, 50)))
    answer = bring_in(text(good_rows()), "--items", str(path))
    assert (
        problem(answer, "entities_without_row")["count"] == 10 and problem(answer, "rows_without_entity")["count"] == 10
    )
    path.write_text("item_id,title\n" + "".join(f"{n},Title {n}\n" for n in range(40)))
    refused = error(bring_in(text(good_rows()), "--items", str(path)))
    assert "0 of the 40 items" in refused["message"] and refused["file"] == "items.csv" and refused["value"] == "i0"


def test_80_a_file_that_changes_while_it_is_read(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text(text(good_rows()))

    def change(share, what):
        if what.startswith("reading"):
            path.write_text(text(good_rows()[:-1]))

    with pytest.raises(DataError, match="changed while"), watched(change):
        import_source(path, ImportOptions())


def test_good_parquet_and_json_make_the_same_dataset_as_text(bring_in):
    from_text = bring_in(text(good_rows()))["fingerprint"]
    assert bring_in(parquet(good_table()), name="x.parquet")["fingerprint"] == from_text
    names = HEADER.split(",")
    lines = [json.dumps(dict(zip(names, [row[0], row[1], int(row[2]), int(row[3])]))) for row in good_rows()]
    assert bring_in("\n".join(lines), name="x.json")["fingerprint"] == from_text


@pytest.mark.parametrize(
    "line", ['{"user": 1', "[1, 2]", '{"user": {"a": 1}, "item": 2}', '{"user": ' + "[" * 100_000, "null", "x"]
)
def test_bad_lines_of_json_are_named(bring_in, line):
    good = "".join(f'{{"user": "u{n % 5}", "item": {n}}}\n' for n in range(30))
    refused = error(bring_in(good + line + "\n", name="log.json"))
    assert refused["line"] == 31 and refused["file"] == "log.json"


def test_gaps_and_impossible_times_in_parquet(bring_in):
    table = good_table()
    gaps = [None, float("nan"), *map(float, table["rating"].to_pylist()[2:])]
    times = [None, *map(int, table["timestamp"].to_pylist()[1:])]
    kinds = (pa.array(times), pa.array(times, pa.timestamp("s")), pa.array(times, pa.float64()))
    for column in kinds:
        full = table.set_column(2, "rating", pa.array(gaps)).set_column(3, "timestamp", column)
        answer = bring_in(parquet(full), name="log.parquet")
        assert problem(answer, "missing_rating")["lines"] == [1, 2] and problem(answer, "missing_time")["lines"] == [1]
    for impossible in (1e300, float("inf"), -1e15):
        column = pa.array([1.6e9, impossible, *map(float, table["timestamp"].to_pylist()[2:])])
        refused = error(bring_in(parquet(table.set_column(3, "timestamp", column)), name="log.parquet"))
        assert (refused["line"], refused["column"]) == (2, "timestamp") and "not a time" in refused["message"]


def test_existing_datasets_are_kept(bring_in, capsys, tmp_path):
    from gnnrec_core.cli import main

    (tmp_path / "keep").mkdir()
    (tmp_path / "log.csv").write_text(text(good_rows()))
    words = ["data", "import", str(tmp_path / "log.csv"), "--out", str(tmp_path / "keep"), "--json"]
    assert main(words) == 2 and "--overwrite" in json.loads(capsys.readouterr().out)["error"]["hint"]
    assert main([*words, "--overwrite"]) == 0 and load_dataset(tmp_path / "keep").n_users == 30


def test_the_order_of_rows_does_not_matter(bring_in):
    rows = good_rows()
    shuffled = [rows[place] for place in np.random.default_rng(1).permutation(len(rows))]
    for split in ("random", "leave-last", "temporal"):
        first = bring_in(text(rows), "--split", split)["fingerprint"]
        assert bring_in(text(shuffled), "--split", split)["fingerprint"] == first
    assert codes(bring_in(text(shuffled))) == set()


def test_zones_on_some_times_only_are_counted_apart(bring_in):
    rows = [[*row[:3], f"2024-01-01T10:00:0{n % 10}" + "Z" * (n % 3 == 0)] for n, row in enumerate(good_rows())]
    told = [p["message"] for p in bring_in(text(rows))["problems"] if p["code"] == "iso_time"]
    zoned = sum(n % 3 == 0 for n in range(N_ROWS))
    assert [message.split()[0] for message in told] == [str(zoned), str(N_ROWS - zoned)]
    assert "own zone" in told[0] and "without a zone" in told[1]


def test_a_leap_second_is_noted(bring_in):
    rows = [[*row[:3], "2016-12-31T23:59:60Z" if n == 5 else f"2024-01-01T10:00:{n % 60:02}Z"]
            for n, row in enumerate(good_rows())]  # fmt: skip
    assert problem(bring_in(text(rows)), "leap_second")["line"] == 7


def test_ids_that_look_alike_in_another_way_of_writing(bring_in):
    answer = bring_in(with_rows("1e3,i1,3,1600000000", "1000,i1,3,1600000000", "abc,i1,3,1600000000"))
    assert problem(answer, "number_lookalikes")["count"] == 2


@pytest.mark.parametrize(("latin", "other"), [("u1", "\u0438" + "1"), ("c1", "\u0441" + "1"), ("Ox", "\u039fx")])
def test_ids_that_look_alike_in_another_script(bring_in, latin, other):
    answer = bring_in(with_rows(f"{latin},i97,3,1600000000", f"{other},i98,3,1600000000"))
    assert problem(answer, "script_lookalikes")["action"] == "kept"
    assert "script_lookalikes" not in codes(bring_in(with_rows("\u043a1,i97,3,1600000000", "\u041a1,i98,3,1600000000")))


def test_a_million_columns_are_not_said_to_be_fewer(bring_in):
    content = ",".join(f"c{n}" for n in range(200_000)) + "\n" + ",".join("1" * 200_000) + "\n"
    assert "more than 1,000 columns" in error(bring_in(content))["message"]
