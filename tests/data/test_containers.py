"""What people have on their disks: packed files, shards, folders, workbooks, databases; all end in the same dataset."""

import bz2
import gzip
import io
import lzma
import pickle
import sqlite3
import zipfile

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.ipc as ipc
import pytest
import xlsxwriter

from gnnrec_core.base.errors import DataError
from gnnrec_core.data.apart.sandbox import preview_apart
from gnnrec_core.data.formats import packed
from gnnrec_core.data.importing import import_source
from gnnrec_core.data.options import ImportOptions
from tests.data.bad_inputs import N_ROWS, bring, bring_file, error, good_rows, problem, text
from tests.worlds import SHARED, needs_shared

CSV = text(good_rows())
FRAME = pl.read_csv(CSV.encode())


@pytest.fixture
def bring_in(capsys, tmp_path):
    return lambda content, *words, name="log.csv": bring(capsys, tmp_path, content, *words, name=name)


@pytest.fixture(scope="module")
def fingerprint(tmp_path_factory):
    path = tmp_path_factory.mktemp("plain") / "log.csv"
    path.write_text(CSV)
    return import_source(path).fingerprint


def zstandard(content):
    return pa.compress(content, codec="zstd", asbytes=True)


def arrow_file(stream=False, compression=None):
    buffer = io.BytesIO()
    table = FRAME.to_arrow()
    options = ipc.IpcWriteOptions(compression=compression)
    opened = ipc.new_stream if stream else ipc.new_file
    with opened(buffer, table.schema, options=options) as writer:
        writer.write_table(table)
    return buffer.getvalue()


def workbook(folder, **sheets):
    path = folder / "book.xlsx"
    with xlsxwriter.Workbook(path) as book:
        for name, frame in sheets.items():
            frame.write_excel(book, worksheet=name)
    return path.read_bytes()


def zipped(**files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "."), content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        gzip.compress(CSV.encode()),
        bz2.compress(CSV.encode()),
        lzma.compress(CSV.encode()),
        zstandard(CSV.encode()),
        zipped(log__csv=CSV),
        zipped(**{"inner/log__csv": CSV, "__MACOSX/inner/._log__csv": b"\0"}),
        arrow_file(),
        arrow_file(stream=True),
        arrow_file(compression="zstd"),
    ],
    ids=["gzip", "bzip2", "xz", "zstd", "zip", "zip of a Mac", "arrow", "arrow stream", "arrow zstd"],
)
@pytest.mark.parametrize("name", ["log.csv", "download"])
def test_a_packed_log_is_the_same_log_whatever_its_name(bring_in, fingerprint, content, name):
    assert bring_in(content, name=name)["fingerprint"] == fingerprint


def test_a_workbook(bring_in, fingerprint, tmp_path):
    notes = pl.DataFrame({"a": ["x"], "b": ["y"]})
    answer = bring_in(workbook(tmp_path, Notes=notes, Log=FRAME), name="log.xlsx")
    assert "'Log' was read; not read: 'Notes'" in problem(answer, "sheet")["message"]
    assert answer["fingerprint"] == fingerprint
    dated = FRAME.with_columns(pl.from_epoch("timestamp", time_unit="s"))
    assert bring_in(workbook(tmp_path, Log=dated), name="log.xlsx")["fingerprint"] == fingerprint
    two = workbook(tmp_path, A=FRAME, B=FRAME)
    assert "'A', 'B'" in error(bring_in(two, name="log.xlsx"))["message"]
    assert bring_in(two, "--table", "B", name="log.xlsx")["fingerprint"] == fingerprint


def test_database_files_without_a_url(bring_in, fingerprint, tmp_path, capsys):
    for driver, name in ((sqlite3, "a.sqlite"), (duckdb, "a.duckdb")):
        connection = driver.connect(str(tmp_path / name))
        connection.execute("create table notes (a text, b text)")
        connection.execute("create table log (user_id text, item_id text, rating integer, timestamp integer)")
        connection.executemany("insert into log values (?, ?, ?, ?)", FRAME.rows())
        connection.commit()
        connection.close()
        assert bring_file(capsys, str(tmp_path / name), tmp_path)["fingerprint"] == fingerprint
        missing = error(bring_file(capsys, str(tmp_path / name), tmp_path, "--table", "lgo"))
        assert "log" in missing["hint"]


def shards(folder, writer, n=3):
    place = folder / "shards"
    place.mkdir()
    for number in range(n):
        writer(FRAME[number::n], place / f"part-0000{number}")
    (place / "_SUCCESS").write_text("")
    (place / ".part-00000.crc").write_bytes(b"crc\0")
    return str(place)


@pytest.mark.parametrize(
    "writer",
    [
        lambda frame, path: frame.write_csv(path.with_suffix(".csv")),
        lambda frame, path: frame.write_parquet(path.with_suffix(".snappy.parquet")),
        lambda frame, path: frame.write_ndjson(path.with_suffix(".json")),
        lambda frame, path: path.with_suffix(".csv.gz").write_bytes(gzip.compress(frame.write_csv().encode())),
    ],
    ids=["csv", "parquet", "json", "csv.gz"],
)
def test_shards_are_one_log(tmp_path, capsys, fingerprint, writer):
    answer = bring_file(capsys, shards(tmp_path, writer), tmp_path)
    assert answer["fingerprint"] == fingerprint and "3 files are the log" in problem(answer, "folder")["message"]
    assert "of 3 files" in problem(answer, "columns")["message"]


def test_shards_without_a_header_and_in_a_zip(bring_in, tmp_path, capsys, fingerprint):
    place = shards(tmp_path, lambda frame, path: frame.write_csv(path, include_header=False))
    assert bring_file(capsys, place, tmp_path)["fingerprint"] == fingerprint
    pieces = {f"part-{n}.csv": FRAME[n::4].write_csv() for n in range(4)}
    assert bring_in(zipped(**pieces), name="log.zip")["fingerprint"] == fingerprint


def test_a_folder_with_files_of_users_items_and_friends(tmp_path, capsys, fingerprint):
    place = tmp_path / "source"
    place.mkdir()
    FRAME.write_csv(place / "ratings.csv")
    pl.DataFrame({"user_id": [f"u{n}" for n in range(30)], "title": ["Dr", "Ms"] * 15}).write_csv(place / "users.csv")
    items = pl.DataFrame({"item_id": [f"i{n}" for n in range(40)], "title": [f"Film {n}" for n in range(40)]})
    items.write_parquet(place / "movies.parquet")
    (place / "friends.csv").write_text("source,target\nu1,u2\nu3,u4\n")
    (place / "tags.csv").write_text("tag,words\n1,a\n2,b\n")
    (place / "README.txt").write_text("What this is.\n")
    answer = bring_file(capsys, str(place), tmp_path)
    assert answer["relations"] == [{"name": "friends", "n_edges": 2}]
    said = problem(answer, "folder")["message"]
    assert "movies.parquet = items, users.csv = users" in said and "not used: README.txt, tags.csv" in said
    assert pl.read_parquet(tmp_path / "dataset" / "items.parquet")["title"][0] == "Film 0"
    plain = bring_file(capsys, str(place), tmp_path, "--files", "ratings.csv=log")
    assert plain["fingerprint"] == fingerprint and not plain["relations"]


def test_train_and_test_files_are_parts(tmp_path, capsys):
    place = tmp_path / "source"
    place.mkdir()
    FRAME[:200].write_csv(place / "train.csv")
    FRAME[200:].write_csv(place / "test.csv")
    answer = bring_file(capsys, str(place), tmp_path)
    assert (answer["split"], answer["n_train"], answer["n_test"]) == ("given", 200, 40)


def test_the_layout_of_hetrec(tmp_path, capsys):
    place = tmp_path / "hetrec"
    place.mkdir()
    rows = [(user[1:], item[1:], rating) for user, item, rating, _ in good_rows()]
    tab = "\t".join
    (place / "user_artists.dat").write_text("userID\tartistID\tweight\n" + "".join(f"{tab(row)}\n" for row in rows))
    (place / "user_taggedartists.dat").write_text("userID\tartistID\ttagID\n1\t1\t1\n1\t1\t2\n")
    (place / "artists.dat").write_text("id\tname\turl\n" + "".join(f"{n}\tBand {n}\thttp://x\n" for n in range(40)))
    (place / "user_friends.dat").write_text("userID\tfriendID\n1\t2\n2\t1\n3\t4\n")
    answer = bring_file(capsys, str(place), tmp_path)
    assert (answer["n_users"], answer["n_items"], answer["n_interactions"]) == (30, 40, N_ROWS)
    assert answer["relations"] == [{"name": "user_friends", "n_edges": 2}]
    assert pl.read_parquet(tmp_path / "dataset" / "items.parquet")["title"][3] == "Band 3"


@pytest.mark.parametrize(
    "content, name, words",
    [
        (pickle.dumps({"a": 1}), "x.pkl", "pickles are never opened"),
        (pickle.dumps([1, 2, 3], protocol=4), "x.csv", "pickles are never opened"),
        (b"\x93NUMPY\x01\x00v\x00{'descr': '<i8'}" + b"\0" * 80, "x.npy", "NumPy array"),
        (b"FEA1" + b"\0" * 80, "x.feather", "version 1"),
        (b"\x89HDF\r\n\x1a\n" + b"\0" * 80, "x.h5", "HDF5"),
        (zipped(arr_0__npy=b"\x93NUMPY"), "x.npz", "are not opened"),
        (b"x" * 257 + b"ustar" + b"\0" * 300, "x.tar", "tar archive"),
        (zstandard(CSV.encode())[:-20], "x.zst", "damaged or cut off Zstandard"),
        (lzma.compress(CSV.encode())[:-20], "x.xz", "damaged or cut off xz"),
        (arrow_file()[:300], "x.arrow", "damaged or cut off Arrow"),
        (b"PK\x03\x04" + b"\0" * 80, "x.zip", "(damaged)"),
    ],
)
def test_what_cannot_be_read_is_named_for_what_it_is(bring_in, content, name, words):
    refused = error(bring_in(content, name=name))
    assert words in refused["message"] and "encoding" not in refused["hint"]


def test_bombs_of_every_packing_are_refused(bring_in, monkeypatch):
    monkeypatch.setattr(packed, "FREE_OUTPUT", 1 << 20)
    zeros = b"user_id,item_id\n" + b"0,0\n" * (1 << 19)
    for content in (bz2.compress(zeros), lzma.compress(zeros, preset=1), zstandard(zeros), zipped(log__csv=zeros)):
        assert "unpacks to more than 200 times" in error(bring_in(content))["message"]


def test_zips_that_are_not_opened(bring_in):
    assert "encrypted" not in error(bring_in(zipped(a__zip=b"PK")))["message"]
    assert "without tables" in error(bring_in(zipped(**{"__MACOSX/a__csv": "x"})))["message"]
    many = {f"{n}.csv": "user,item\na,b\n" for n in range(501)}
    assert "at most 500" in error(bring_in(zipped(**many)))["message"]


def test_the_page_sees_a_zip_as_the_command_line_does(tmp_path):
    (tmp_path / "log.zip").write_bytes(zipped(log__csv=CSV))
    found = preview_apart(tmp_path / "log.zip", tmp_path)
    assert (found.format, found.user, found.time) == ("csv", "user_id", "timestamp")


def test_a_folder_without_a_log_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no known layout"):
        import_source(tmp_path / "empty", ImportOptions(format="folder"))
    (tmp_path / "empty" / "tags.csv").write_text("tag,words\n1,a\n")
    with pytest.raises(DataError, match="has users and items"):
        import_source(tmp_path / "empty")


@needs_shared
@pytest.mark.parametrize(
    "name", ["14-plain.csv.zst", "14-table.arrow", "14-table.feather", "15-csv-shards", "15-ratings-users-items"]
)
def test_the_shared_cases_of_containers(capsys, tmp_path, name):
    answer = bring_file(capsys, str(SHARED / "cases" / name), tmp_path)
    assert (answer["n_users"], answer["n_items"], answer["n_interactions"]) == (20, 15, 120)


@needs_shared
def test_the_shared_cases_of_what_is_not_opened(capsys, tmp_path):
    for name, words in (("14-x.npy", "NumPy array"), ("14-x.pkl", "pickles are never opened")):
        assert words in error(bring_file(capsys, str(SHARED / "cases" / name), tmp_path))["message"]
