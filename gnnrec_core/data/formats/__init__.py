"""The formats that can be read, one file each. `READERS` is in the order in which `auto` asks."""

from __future__ import annotations

from gnnrec_core.base.errors import UnsupportedError
from gnnrec_core.base.registry import Plugin, Registry
from gnnrec_core.data.formats.source import Reader

_HERE = "gnnrec_core.data.formats"

READERS = Registry(
    "reader",
    Plugin("sql", f"{_HERE}.sql:SqlReader", "SQL", "A table or query of a database, named by its URL."),
    Plugin(
        "pyg",
        f"{_HERE}.pyg:PygReader",
        "PyTorch Geometric",
        "A dataset of torch_geometric.datasets by name.",
        {"named": True},
    ),
    Plugin("recbole", f"{_HERE}.recbole:RecBoleReader", "RecBole", "Atomic files with typed headers (.inter)."),
    Plugin("lightgcn", f"{_HERE}.lightgcn:LightGCNReader", "LightGCN", "train.txt, test.txt: 'user item item ...'."),
    Plugin("movielens", f"{_HERE}.movielens:MovieLensReader", "MovieLens", "100K, 1M, 10M, 20M, 25M, 32M, latest."),
    Plugin("netflix", f"{_HERE}.netflix:NetflixReader", "Netflix Prize", "Lines '1:' of items, 'user,rating,date'."),
    Plugin("parquet", f"{_HERE}.parquet:ParquetReader", "Parquet", "A Parquet file."),
    Plugin("json", f"{_HERE}.ndjson:NdjsonReader", "JSON", "One JSON object a line."),
    Plugin("arrow", f"{_HERE}.arrow:ArrowReader", "Arrow", "An Arrow or Feather file, or an Arrow stream."),
    Plugin("excel", f"{_HERE}.excel:ExcelReader", "Workbook", "A sheet of an Excel or OpenDocument workbook."),
    Plugin(
        "folder",
        f"{_HERE}.folder:FolderReader",
        "Folder",
        "Shards of one log, and files of users, items, edges.",
    ),
    Plugin(
        "csv",
        f"{_HERE}.delimited:DelimitedReader",
        "Delimited text",
        "CSV, TSV and their kin, gzip too.",
        {"fallback": True},
    ),
    called="format",
    traits={"fallback": (False, True), "named": (False, True)},
)
"""Traits: `fallback` (reads what no other recognises), `named` (its source is a name and no file that one can drop)."""


def detect(source: str) -> str:
    """The name of the first format whose reader recognises `source`; the fallback, delimited text, where none does."""
    (fallback,) = READERS.having("fallback")
    for plugin in READERS:
        if plugin.name == fallback:
            continue
        try:
            reader: Reader = plugin.load()()
        except UnsupportedError:  # noted: a reader of another package that does not even load
            continue
        if reader.matches(source):
            return plugin.name
    return fallback


def load_reader(name: str) -> Reader:
    """The reader of the format `name`; RequestError with near names where there is none."""
    reader: Reader = READERS.load(name)()
    return reader
