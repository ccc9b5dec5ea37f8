"""Ranked lists of any recommender become a run: tables in, checked line by line."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl

from gnnrec_core.base.errors import DataError, RequestError
from gnnrec_core.base.registry import did_you_mean
from gnnrec_core.data.dataset import SPLITS, Dataset, IntArray, Interactions, Problem, Vocabulary
from gnnrec_core.data.store import load_dataset
from gnnrec_core.models.lists import Lists, ListsSettings
from gnnrec_core.runs.bringing.list_tables import (
    ANY,
    ITEM,
    USER,
    Chosen,
    collected,
    column,
    columns,
    of_one_list,
    ordered,
    ordered_by,
    renamed,
    scanned,
    table_of,
)
from gnnrec_core.runs.run import Run, load_run

Unknown = Literal["refuse", "drop"]
LONGEST = 10_000
"""Longer lists than this are refused: they are score tables, not lists."""


def run_of_lists(
    lists: Any, dataset: Dataset, unknown: Unknown = "refuse", sha256: str = "", chosen: Chosen = ANY
) -> Run:
    """A run in memory that recommends exactly these lists.

    `lists` is a pandas or polars table or a file (CSV, Parquet, JSON lines; streamed) with a user, an item, and a
    `rank` (1 is first) or a `score` (higher is better; equal scores keep the order of the rows). Where it has columns
    `date` or `cutoff`, one of each is `chosen`, and the record's figures say which and how many rows are of others.
    Items that a person has in train stay in the stored list and are left out where lists are judged, as for every
    model. Raises DataError for a missing column, an unknown id (with `unknown` "drop" such rows are left out, and the
    record's figures count them), a pair that stands twice, or a rank that is no number.
    """
    rows, told = of_one_list(renamed(scanned(lists), chosen), chosen)
    found, n_dropped = listed(rows, dataset, unknown)
    if not len(found):
        said = "holds no row" if not n_dropped else f"has {n_dropped:,} rows, all of unknown users or items"
        raise DataError(f"The table of lists {said}.", "Give lists for people of the dataset.")
    users, items = (found[name].to_numpy() for name in ("user_index", "item_index"))
    place = np.arange(len(users)) - np.searchsorted(users, users, side="left")
    longest = int(place.max()) + 1 if len(place) else 0
    if longest > LONGEST:
        raise DataError(f"A list has {longest:,} items.", f"Keep the first {LONGEST:,} at most.", value=longest)
    stored = np.full((dataset.n_users, max(longest, 1)), -1, np.int64)
    stored[users, place] = items
    source = str(lists) if isinstance(lists, (str, Path)) else ""
    settings = ListsSettings(source=Path(source).name, sha256=sha256, longest=longest)
    return Run.of(Lists(dataset, settings, stored), dataset, n_dropped=n_dropped, **told)


def listed(rows: pl.LazyFrame, dataset: Dataset, unknown: Unknown) -> tuple[pl.DataFrame, int]:
    """A table of lists as indices, each list from its best item on, and how many rows of unknown ids were dropped.

    Columns `row` (in the table), `user_index` and `item_index` (int64). Raises DataError as `run_of_lists`.
    """
    found = ordered(rows)
    for kind, ids in (("user", dataset.users), ("item", dataset.items)):
        index = pl.LazyFrame({kind: ids.ids, f"{kind}_index": np.arange(len(ids), dtype=np.int32)})
        found = found.join(index, on=kind, how="left").drop(kind)
    table = collected(found)
    _check_order(table, rows)
    is_known = table["user_index"].is_not_null() & table["item_index"].is_not_null()
    n_dropped = int(len(table) - is_known.sum())
    if n_dropped:
        if unknown != "drop":
            raise _stranger(table, rows, dataset)
        table = table.filter(is_known)
    table = table.sort("user_index", "order", "row").select("row", pl.col("user_index", "item_index").cast(pl.Int64))
    _check_twice(table["user_index"].to_numpy(), table["item_index"].to_numpy(), dataset)
    return table, n_dropped


def _row(rows: pl.LazyFrame, number: int) -> dict[str, Any]:
    return rows.slice(number, 1).collect().row(0, named=True)


def _check_order(found: pl.DataFrame, rows: pl.LazyFrame) -> None:
    by = ordered_by(columns(rows))
    below = pl.col("order") < 0 if by == "rank" else pl.lit(False)
    wrong = found.filter(pl.col("order").is_null() | pl.col("order").is_nan() | below)
    if len(wrong):
        number = int(wrong["row"].to_numpy().min())
        raise DataError(
            f"Row {number + 1} of the lists has {_row(rows, number)[by]!r} as its {by}.",
            "Give a number; a rank counts from 1 (or 0), and a higher score is better.",
            line=number + 1,
            column=by,
        )


def _stranger(found: pl.DataFrame, rows: pl.LazyFrame, dataset: Dataset) -> DataError:
    """Which ids the data do not have."""
    names = columns(rows)
    for kind, ids, known in (("user", dataset.users, USER), ("item", dataset.items, ITEM)):
        wrong = found.filter(pl.col(f"{kind}_index").is_null())
        if len(wrong):
            value = _row(rows, int(wrong["row"].to_numpy().min()))[column(names, known, kind)]
            own = pl.col(column(names, known, kind)).cast(pl.Utf8)
            n = rows.select(own).filter(~own.is_in(list(ids.ids))).select(pl.all().n_unique()).collect().item()
            return DataError(
                f"{max(n, 1):,} {kind}s of the lists are not in the data, the first is {value!r}.",
                "Leave them out (`--unknown drop`), or name the data that they come from. "
                f"{did_you_mean(str(value), ids.ids[:50_000])}",
                value=value,
            )
    raise ValueError("every id is known")


def _check_twice(users: IntArray, items: IntArray, dataset: Dataset) -> None:
    key = users * dataset.n_items + items
    key.sort()
    twice = np.flatnonzero(key[1:] == key[:-1])
    if len(twice):
        user, item = divmod(int(key[twice[0]]), dataset.n_items)
        raise DataError(
            f"{dataset.items.ids[item]!r} stands twice in the list of {dataset.users.ids[user]!r}.",
            "Give each item of a list once.",
        )


def load_run_or_lists(path: Path, dataset: Path | None = None) -> Run:
    """The run in the folder `path`, or the lists in the file `path` as a run on the dataset in `dataset`.

    RequestError where lists come without a dataset: they say nothing of what people chose.
    """
    if path.is_dir():
        return load_run(path, dataset)
    if dataset is None:
        raise RequestError(
            f"{path} is no run folder, and lists can only be judged against a dataset.",
            "Name it with --dataset.",
            file=str(path),
        )
    return run_of_lists(path, load_dataset(dataset))


def dataset_of_tables(lists: Any, held_out: Any, history: Any, users: Any, items: Any) -> Dataset:
    """A dataset of what surrounds the lists: `held_out` becomes the test part, `history` the train part.

    A pair that stands in both counts as history, and a problem says so. RequestError where nothing is held out.
    """
    if held_out is None:
        raise RequestError(
            "Lists can only be judged against something.",
            "Give a dataset (data=...), or held_out: a table with user and item of what people chose later.",
        )
    pairs = {"train": None if history is None else _pairs(history), "test": _pairs(held_out)}
    known = [_pairs(lists), *(part for part in pairs.values() if part is not None)]
    everybody = pl.concat(known)
    user_ids = _vocabulary("user", everybody["user"], users)
    item_ids = _vocabulary("item", everybody["item"], items)
    train, test = (
        set() if part is None else set(map(tuple, part.iter_rows())) for part in (pairs["train"], pairs["test"])
    )
    both = len(train & test)
    rows = [(u, i, "train") for u, i in sorted(train)] + [(u, i, "test") for u, i in sorted(test - train)]
    problem = Problem(
        "held_out_before", "warning", both, "kept as history", f"{both:,} held-out pairs were in the history already."
    )
    return Dataset(
        "lists",
        user_ids,
        item_ids,
        Interactions(
            np.array([user_ids.index(user) for user, _, _ in rows], np.int64),
            np.array([item_ids.index(item) for _, item, _ in rows], np.int64),
            np.ones(len(rows), np.float32),
            np.array([SPLITS.index(part) for _, _, part in rows], np.int8),
        ),
        _table("user", user_ids, users),
        _table("item", item_ids, items),
        problems=(problem,) if both else (),
        source="tables",
    )


def _pairs(source: Any) -> pl.DataFrame:
    frame = table_of(source)
    user, item = column(frame.columns, USER, "user"), column(frame.columns, ITEM, "item")
    return pl.DataFrame({"user": frame[user].cast(pl.Utf8), "item": frame[item].cast(pl.Utf8)})


def _vocabulary(kind: str, seen: pl.Series, attributes: Any) -> Vocabulary:
    ids = set(seen.to_list())
    if attributes is not None:
        frame = table_of(attributes)
        ids |= set(frame[column(frame.columns, USER if kind == "user" else ITEM, kind)].cast(pl.Utf8).to_list())
    return Vocabulary(kind, tuple(sorted(ids)))


def _table(kind: str, ids: Vocabulary, attributes: Any) -> pl.DataFrame:
    base = pl.DataFrame({f"{kind}_index": range(len(ids)), f"{kind}_id": ids.ids})
    if attributes is None:
        return base if kind == "user" else base.with_columns(title=pl.Series(ids.ids))
    frame = table_of(attributes)
    key = column(frame.columns, USER if kind == "user" else ITEM, kind)
    own = frame.rename({key: f"{kind}_id"}).with_columns(pl.col(f"{kind}_id").cast(pl.Utf8))
    if own[f"{kind}_id"].is_duplicated().any():
        raise DataError(f"A {kind} stands twice in the table of {kind}s.", "Give each one row.")
    joined = base.join(own, on=f"{kind}_id", how="left", maintain_order="left")
    if kind == "item" and "title" not in joined.columns:
        joined = joined.with_columns(title=pl.col("item_id"))
    return joined
