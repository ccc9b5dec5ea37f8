"""`recommend RUN`: the best unseen items of one user, or of all into a Parquet or CSV file."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from gnnrec_core.base import progress
from gnnrec_core.base.errors import RequestError
from gnnrec_core.base.files import new_file, refuse_existing, write_bytes
from gnnrec_core.base.text import csv_file, csv_text
from gnnrec_core.ranking.recommendations import NONE_LEFT

if TYPE_CHECKING:
    from gnnrec_core.api.answers import Answer

AT_ONCE = 50_000
"""People whose lists are written together."""
SUFFIXES = ("", ".parquet", ".pq", ".csv")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("run", type=Path, metavar="RUN", help="a run folder made by `train`")
    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument("--user", metavar="ID", help="the user, as the data name them")
    who.add_argument("--all", action="store_true", help="every user, into --out")
    parser.add_argument("--k", type=int, default=10, help="list length (default 10)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="with --all: the .parquet or .csv file to write")
    parser.add_argument("--overwrite", action="store_true", help="replace an existing file")
    parser.add_argument("--dataset", type=Path, help="where the dataset is, if it is no longer where it was")


def run(arguments: argparse.Namespace) -> Answer | dict[str, Any]:
    """One list, or the count of what was written."""
    if arguments.all:
        return _all(arguments)
    if arguments.out is not None:
        raise RequestError("--out goes with --all.", "Use --json for the list of one user.")
    from gnnrec_core.api.asking import recommend
    from gnnrec_core.commands.opening import opened, told_run

    return recommend(opened(arguments), arguments.user, k=arguments.k).of(told_run(arguments))


def _all(arguments: argparse.Namespace) -> dict[str, Any]:
    """Everybody's list as `user_id, item_id, score, rank`."""
    if arguments.out is None:
        raise RequestError("--all needs a file to write to.", "Add --out FILE.parquet.")
    if arguments.out.suffix.lower() not in SUFFIXES:
        raise RequestError(f"--out {arguments.out} is no table that can be written.", "Name it .parquet or .csv.")
    refuse_existing(arguments.out, arguments.overwrite)
    from gnnrec_core.runs.run import load_run

    found = load_run(arguments.run, arguments.dataset)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    tables = _tables(found, arguments.k)
    if arguments.out.suffix.lower() == ".csv":
        table = pl.concat(list(tables))
        write_bytes(arguments.out, csv_file(csv_text(table.columns, table.iter_rows())))
        n_rows = table.height
    else:
        n_rows = _write_parquet(arguments.out, tables)
    return {
        "run": str(arguments.run),
        "out": str(arguments.out),
        "n_users": found.dataset.n_users,
        "n_rows": n_rows,
    }


def _tables(run: Any, k: int) -> Iterator[pl.DataFrame]:
    """`user_id, item_id, score, rank`, some people at a time: the lists of a million never stand in memory together."""
    from gnnrec_core.runs.recommend import recommend

    users, items = (pl.Series(list(ids), dtype=pl.Utf8) for ids in (run.dataset.users.ids, run.dataset.items.ids))
    for start in range(0, run.dataset.n_users, AT_ONCE):
        progress.report(start, run.dataset.n_users)
        lists = recommend(run, np.arange(start, min(start + AT_ONCE, run.dataset.n_users)), k)
        row, place = np.nonzero(lists.item_index != NONE_LEFT)
        yield pl.DataFrame(
            {
                "user_id": users.gather(lists.user_index[row]),
                "item_id": items.gather(lists.item_index[row, place]),
                "score": lists.score[row, place],
                "rank": (place + 1).astype(np.int64),
            }
        )


def _write_parquet(path: Path, tables: Iterator[pl.DataFrame]) -> int:
    """Each table as a row group; how many rows there are."""
    import pyarrow.parquet as pq

    n_rows, writer = 0, None
    with new_file(path) as file:
        for table in tables:
            arrow = table.to_arrow()
            writer = writer or pq.ParquetWriter(file, arrow.schema)
            writer.write_table(arrow)
            n_rows += table.height
        if writer is not None:
            writer.close()
    return n_rows
