"""Every format, on a log of its own making, ends in the same dataset; real files where they are there."""

import gzip
import json

import numpy as np
import pytest

from gnnrec_core.base.errors import DataError, LensError, RequestError
from gnnrec_core.base.settings import read_settings
from gnnrec_core.data.formats import READERS, detect, load_reader
from gnnrec_core.data.importing import import_source
from gnnrec_core.data.options import ImportOptions
from tests.data.bad_inputs import good_rows, text
from tests.worlds import SHARED, needs_shared

ROWS = [[row[0][1:], row[1][1:], *row[2:]] for row in good_rows()]
"""The good log with whole numbers as ids."""


@pytest.fixture
def plain(tmp_path):
    """The dataset of the good log with whole numbers, read from plain CSV."""
    (tmp_path / "plain.csv").write_text(text(ROWS))
    return import_source(tmp_path / "plain.csv")


def folder(tmp_path, **files):
    place = tmp_path / "source"
    place.mkdir()
    for name, content in files.items():
        name = name.replace("__", ".")
        data = content if isinstance(content, bytes) else content.encode()
        (place / name).write_bytes(data)
    return place


def titles(start=0):
    return [f"Film {n} (199{n % 10})" for n in range(start, 40)]


@pytest.mark.parametrize("name", READERS.names)
def test_every_reader_keeps_the_contract(name, tmp_path):
    reader = load_reader(name)
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "noise").write_bytes(bytes(range(256)) * 20)
    (tmp_path / "folder").mkdir()
    for source in (
        "",
        "no/such/file",
        "a\0b",
        str(tmp_path / "empty"),
        str(tmp_path / "noise"),
        str(tmp_path / "folder"),
    ):
        assert reader.matches(source) in (True, False)
        with pytest.raises(LensError) as raised:
            reader.read(source, ImportOptions())
        assert raised.value.hint


def test_unknown_sources_and_formats_are_sentences(tmp_path):
    with pytest.raises(RequestError, match="no file or folder"):
        import_source("no/such/file.csv")
    with pytest.raises(RequestError, match="folder of no known layout"):
        import_source(tmp_path)
    with pytest.raises(RequestError, match="no format named 'cvs'") as raised:
        import_source(tmp_path, ImportOptions(format="cvs"))
    assert "'csv'" in raised.value.hint


def test_movielens_100k(tmp_path, plain):
    genres = ["|".join("1" if n % 19 == place else "0" for place in range(19)) for n in range(40)]
    items = "".join(f"{n}|{title}|01-Jan-1995||http://x|{genres[n]}\n" for n, title in enumerate(titles()))
    users = "".join(f"{n}|{20 + n % 3}|{'MF'[n % 2]}|none|0{n}234\n" for n in range(30))
    source = folder(
        tmp_path,
        u__data=text(ROWS, None, "\t"),
        u__item=items.replace("Film 3", "Léon").encode("latin-1"),
        u__user=users,
    )
    assert detect(str(source)) == "movielens"
    dataset = import_source(source)
    assert dataset.fingerprint == plain.fingerprint
    assert dataset.titles[3] == "Léon (1993)"
    assert dataset.item_table["genres"].to_list()[:2] == [["unknown"], ["Action"]]
    assert dataset.user_table["zip_code"][3] == "03234" and dataset.user_table["age"].dtype.is_integer()


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8"])
def test_movielens_1m_and_10m(tmp_path, plain, encoding):
    movies = "".join(f"{n}::{title}::{'Drama|War' if n < 30 else 'War'}\n" for n, title in enumerate(titles())).replace(
        "Film 3", "Léon"
    )
    files = {"ratings__dat": text(ROWS, None, "::"), "movies__dat": movies.encode(encoding)}
    if encoding == "latin-1":
        files["users__dat"] = "".join(f"{n}::{'MF'[n % 2]}::25::{n % 9}::55117\n" for n in range(30))
    dataset = import_source(folder(tmp_path, **files))
    assert dataset.fingerprint == plain.fingerprint and dataset.titles[3] == "Léon (1993)"
    assert dataset.item_table["genres"][0].to_list() == ["Drama", "War"]
    assert ("gender" in dataset.user_table.columns) == (encoding == "latin-1")


def test_movielens_20m_to_latest(tmp_path, plain):
    movies = "movieId,title,genres\n" + "".join(
        f'{n},"{title}, The",{"Drama|War" if n < 30 else "War"}\n' for n, title in enumerate(titles())
    )
    source = folder(
        tmp_path,
        ratings__csv=text(ROWS, "userId,movieId,rating,timestamp"),
        movies__csv=movies.replace("Drama|War", "(no genres listed)", 1),
        links__csv="movieId,imdbId,tmdbId\n",
        tags__csv="userId,movieId,tag,timestamp\n",
    )
    dataset = import_source(source)
    assert dataset.fingerprint == plain.fingerprint and dataset.settings["format"] == "movielens"
    assert dataset.titles[5] == "Film 5 (1995), The" and dataset.item_table["genres"].to_list()[:2] == [
        None,
        ["Drama", "War"],
    ]


def recbole(rows, header="user_id:token\titem_id:token\trating:float\ttimestamp:float"):
    return header + "\n" + text(rows, None, "\t")


def test_recbole_atomic_files(tmp_path, plain):
    items = "item_id:token\tmovie_title:token_seq\tclass:token_seq\n"
    items += "".join(f'{n}\t"Film" {n} of Many\t{"Drama War" if n < 30 else "War"}\n' for n in range(40))
    source = folder(
        tmp_path,
        x__inter=recbole(ROWS),
        x__item=items,
        x__user="user_id:token\tage:float\n" + "".join(f"{n}\t{n + 20}\n" for n in range(30)),
        x__net="source_id:token\ttarget_id:token\n0\t1\n1\t0\n2\t3\n",
        x__kg="head_id:token\trelation_id:token\ttail_id:token\n",
    )
    dataset = import_source(source)
    assert dataset.titles[7] == '"Film" 7 of Many' and dataset.item_table["class"][0].to_list() == ["Drama", "War"]
    assert np.array_equal(dataset.interactions.timestamp, plain.interactions.timestamp)
    assert [(r.name, r.kind, len(r)) for r in dataset.relations] == [("friend", "user-user", 2)]
    assert {"unused_files", "duplicate_edges"} <= {p.code for p in dataset.problems}
    alone = import_source(source / "x.inter")
    assert alone.fingerprint == plain.fingerprint and alone.titles[0] == "0"


def test_recbole_parts_are_kept(tmp_path):
    parts = {"x__train__inter": ROWS[:200], "x__valid__inter": ROWS[200:220], "x__test__inter": ROWS[220:]}
    dataset = import_source(folder(tmp_path, **{name: recbole(rows) for name, rows in parts.items()}))
    assert [len(dataset.interactions.rows(s)) for s in ("train", "validation", "test")] == [200, 20, 20]
    assert dataset.settings["split"] == "given"


def test_lightgcn_text(tmp_path):
    source = folder(tmp_path, train__txt="0 0 1 2\n1 1 2 10 9\n2 0\n3\n", test__txt="0 9 10\n1 0\n2 \n")
    dataset = import_source(source)
    log = dataset.interactions
    assert dataset.items.ids == ("0", "1", "2", "9", "10")
    assert [len(log.rows(s)) for s in ("train", "validation", "test")] == [8, 0, 3]
    assert log.timestamp is None and log.rating is None
    assert next(p for p in dataset.problems if p.code == "user_without_items").count == 1
    carved = import_source(source, ImportOptions(validation_ratio=0.25))
    assert len(carved.interactions.rows("validation")) == 2 and len(carved.interactions.rows("test")) == 3
    with pytest.raises(RequestError, match="no times"):
        import_source(source, ImportOptions(split="temporal"))


def test_a_pair_in_train_and_test_stays_in_train(tmp_path):
    dataset = import_source(folder(tmp_path, train__txt="0 0 1 2\n1 1 2\n", test__txt="0 1 3\n1 0\n"))
    leak = next(p for p in dataset.problems if p.code == "split_leakage")
    assert (leak.rows_removed, leak.file, leak.line) == (1, "test.txt", 1)
    assert len(dataset.interactions.rows("train")) == 5


def test_gzip_works_for_every_text_format(tmp_path, plain):
    lines = [json.dumps(dict(zip(("user_id", "item_id", "rating", "timestamp"), row))) for row in ROWS]
    for name, content in (("a.csv.gz", text(ROWS)), ("b.json.gz", "\n".join(lines)), ("c.inter", recbole(ROWS))):
        (tmp_path / name).write_bytes(gzip.compress(content.encode()))
        assert import_source(tmp_path / name).fingerprint == plain.fingerprint, name


def test_the_fast_and_the_careful_way_agree(tmp_path, plain):
    quoted = text([[f'"{cell}"' for cell in row] for row in ROWS])
    (tmp_path / "quoted.csv").write_text(quoted)
    assert import_source(tmp_path / "quoted.csv").fingerprint == plain.fingerprint


def test_pyg_datasets_by_name(monkeypatch):
    import torch
    import torch_geometric.datasets as shelf
    from torch_geometric.data import HeteroData

    ends = torch.tensor([[0, 0, 1, 1, 2, 2], [0, 1, 1, 2, 2, 0]])
    data = HeteroData()
    data["user", "rates", "movie"].edge_index = ends
    data["user", "rates", "movie"].rating = torch.tensor([5, 4, 3, 2, 1, 5])
    data["user", "rates", "movie"].time = torch.arange(6) + 900_000_000
    monkeypatch.setattr(shelf, "MovieLens100K", lambda root: [data])
    dataset = import_source("pyg:MovieLens100K")
    assert (dataset.n_users, dataset.n_items, len(dataset.interactions)) == (3, 3, 6)
    assert dataset.interactions.rating.max() == 5 and dataset.interactions.timestamp.min() == 900_000_000

    def offline(root):
        raise OSError("no network")

    monkeypatch.setattr(shelf, "LastFM", offline)
    with pytest.raises(DataError, match="cannot fetch LastFM: no network"):
        import_source("pyg:LastFM")
    with pytest.raises(DataError, match="no PyG dataset"):
        import_source("pyg:../../x")


@needs_shared
def test_movielens_100k_as_recbole_keeps_it():
    dataset = import_source(SHARED / "data" / "ml-100k")
    counts = [len(dataset.interactions.rows(s)) for s in ("train", "validation", "test")]
    assert (dataset.n_users, dataset.n_items, counts) == (943, 1682, [80_024, 9_988, 9_988])
    assert dataset.titles[0] == "Toy Story" and dataset.user_table["occupation"].null_count() == 0


@needs_shared
def test_gowalla_keeps_the_published_parts():
    dataset = import_source(SHARED / "data" / "gowalla")
    counts = [len(dataset.interactions.rows(s)) for s in ("train", "validation", "test")]
    assert (dataset.n_users, dataset.n_items, counts) == (29_858, 40_981, [810_128, 0, 217_242])
    assert dataset.users.ids[:3] == ("0", "1", "2") and [problem.code for problem in dataset.problems] == ["columns"]


def test_atomic_attribute_files_beside_a_single_log_lose_their_types_in_the_names(tmp_path):
    (tmp_path / "x.inter").write_text("user_id:token\titem_id:token\nu1\ti1\nu2\ti2\nu1\ti2\n")
    (tmp_path / "x.user").write_text("user_id:token\tgender:token\nu1\tF\nu2\tM\n")
    (tmp_path / "x.item").write_text("item_id:token\tmovie_title:token_seq\tclass:token_seq\ni1\tA B\tx y\ni2\tC\tx\n")
    options = read_settings(
        ImportOptions, {"users": str(tmp_path / "x.user"), "items": str(tmp_path / "x.item"), "ratios": "1,0,0"}
    )
    dataset = import_source(str(tmp_path / "x.inter"), options)
    assert dataset.user_table["gender"].to_list() == ["F", "M"]
    assert dataset.titles == ("A B", "C") and dataset.item_table["class"].to_list() == [["x", "y"], ["x"]]
