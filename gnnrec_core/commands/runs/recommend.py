"""`recommend RUN`: the best unseen items of one user, or of all into a Parquet file."""

from __future__ import annotations

import argparse
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from gnnrec_core.base.errors import RequestError
from gnnrec_core.base.files import refuse_existing, write_bytes
from gnnrec_core.base.terminal import say
from gnnrec_core.ranking.recommendations import NONE_LEFT


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("run", type=Path, metavar="RUN", help="a run folder made by `train`")
    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument("--user", metavar="ID", help="the user, as the data name them")
    who.add_argument("--all", action="store_true", help="every user, into --out")
    parser.add_argument("--k", type=int, default=10, help="list length (default 10)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="with --all: the Parquet file to write")
    parser.add_argument("--overwrite", action="store_true", help="replace an existing file")
    parser.add_argument("--dataset", type=Path, help="where the dataset is, if it is no longer where it was")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """One list, or the count of what was written."""
    if arguments.all:
        return _all(arguments)
    if arguments.out is not None:
        raise RequestError("--out goes with --all.", "Use --json for the list of one user.")
    from gnnrec_core.commands.opening import opened
    from gnnrec_core.runs.recommend import recommend
    from gnnrec_core.views.lists import list_json

    found = opened(arguments)
    lists = recommend(found, np.array([found.dataset.users.index(arguments.user)]), arguments.k)
    told = str(arguments.run) if isinstance(arguments.run, Path) else found.name
    return {"run": told, **list_json(lists, found.dataset)}


def show(result: dict[str, Any]) -> None:
    """A list for people."""
    if "out" in result:
        say(f"{result['n_rows']:,} rows for {result['n_users']:,} users in {result['out']}")
        return
    for entry in result["items"]:
        say(f"{entry['rank']:4}  {entry['score']:10.4f}  {entry['title']}  ({entry['item']})")
    if not result["items"]:
        say(f"{result['user']} has every item already.")


def _all(arguments: argparse.Namespace) -> dict[str, Any]:
    """Everybody's list as `user_id, item_id, score, rank`."""
    if arguments.out is None:
        raise RequestError("--all needs a file to write to.", "Add --out FILE.parquet.")
    refuse_existing(arguments.out, arguments.overwrite)
    from gnnrec_core.runs.recommend import recommend
    from gnnrec_core.runs.run import load_run

    found = load_run(arguments.run, arguments.dataset)
    lists = recommend(found, np.arange(found.dataset.n_users), arguments.k)
    row, place = np.nonzero(lists.item_index != NONE_LEFT)
    items = np.array(found.dataset.items.ids, dtype=object)[lists.item_index[row, place]]
    table = pl.DataFrame(
        {
            "user_id": np.array(found.dataset.users.ids, dtype=object)[lists.user_index[row]].tolist(),
            "item_id": items.tolist(),
            "score": lists.score[row, place],
            "rank": (place + 1).astype(np.int64),
        },
        schema={"user_id": pl.Utf8, "item_id": pl.Utf8, "score": pl.Float32, "rank": pl.Int64},
    )
    buffer = BytesIO()
    table.write_parquet(buffer)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(arguments.out, buffer.getvalue())
    return {
        "run": str(arguments.run),
        "out": str(arguments.out),
        "n_users": found.dataset.n_users,
        "n_rows": table.height,
    }
