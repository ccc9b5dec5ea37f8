"""Ranked lists of any recommender become a run: tables in, checked line by line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl

from gnnrec_core.base.errors import DataError, RequestError
from gnnrec_core.base.registry import did_you_mean
from gnnrec_core.data.dataset import SPLITS, Dataset, IntArray, Interactions, Problem, Vocabulary
from gnnrec_core.data.store import load_dataset
from gnnrec_core.models.lists import Lists, ListsSettings
from gnnrec_core.runs.run import Run, load_run

USER = ("user", "user_id", "uid", "userId")
ITEM = ("item", "item_id", "iid", "itemId")
Unknown = Literal["refuse", "drop"]
LONGEST = 10_000
"""Longer lists than this are refused: they are score tables, not lists."""


def _csv(path: Path) -> pl.DataFrame:
    frame: pl.DataFrame = pl.read_csv(path, infer_schema=False)  # ids stay the texts that they are
    return frame


READERS: dict[str, Callable[[Path], pl.DataFrame]] = {
    ".csv": _csv,
    ".parquet": pl.read_parquet,
    ".jsonl": pl.read_ndjson,
    ".ndjson": pl.read_ndjson,
}


def _scan_csv(path: Path) -> pl.LazyFrame:
    frame: pl.LazyFrame = pl.scan_csv(path, infer_schema=False)
    return frame


SCANNERS: dict[str, Callable[[Path], pl.LazyFrame]] = {
    ".csv": _scan_csv,
    ".parquet": pl.scan_parquet,
    ".jsonl": pl.scan_ndjson,
    ".ndjson": pl.scan_ndjson,
}


@dataclass(frozen=True)
class Chosen:
    """Which lists of a table with several for each person: of one `date` (None: the last), of one `cutoff` (None: the
    largest). `columns` are (what it is: user, item or rank; what the table calls it)."""

    date: str | None = None
    cutoff: int | None = None
    columns: tuple[tuple[str, str], ...] = ()


ANY = Chosen()


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
    rows, told = _of_one_list(_renamed(scanned(lists), chosen), chosen)
    found = _indexed(rows, dataset)
    _check_order(found, rows)
    is_known = found["user_index"].is_not_null() & found["item_index"].is_not_null()
    n_dropped = int(len(found) - is_known.sum())
    if n_dropped:
        if unknown != "drop":
            raise _stranger(found, rows, dataset)
        found = found.filter(is_known)
    found = found.sort("user_index", "order", "row")
    users, items = (found[name].to_numpy().astype(np.int64) for name in ("user_index", "item_index"))
    _check_twice(users, items, dataset)
    place = np.arange(len(users)) - np.searchsorted(users, users, side="left")
    longest = int(place.max()) + 1 if len(place) else 0
    if longest > LONGEST:
        raise DataError(f"A list has {longest:,} items.", f"Keep the first {LONGEST:,} at most.", value=longest)
    stored = np.full((dataset.n_users, max(longest, 1)), -1, np.int64)
    stored[users, place] = items
    source = str(lists) if isinstance(lists, (str, Path)) else ""
    settings = ListsSettings(source=Path(source).name, sha256=sha256, longest=longest)
    return Run.of(Lists(dataset, settings, stored), dataset, n_dropped=n_dropped, **told)


def scanned(source: Any) -> pl.LazyFrame:
    """A table or a file as rows that are read when they are needed; DataError where it is neither."""
    if isinstance(source, (str, Path)):
        path = Path(source)
        scanner = SCANNERS.get(path.suffix.lower())
        if scanner is not None and path.is_file():
            found: pl.LazyFrame = scanner(path)
            return found
    return table_of(source).lazy()


def _renamed(rows: pl.LazyFrame, chosen: Chosen) -> pl.LazyFrame:
    """The table with its columns called what they are; DataError where one is not there."""
    names = _columns(rows)
    for what, name in chosen.columns:
        if name not in names:
            raise DataError(f"The table has no column {name!r}.", did_you_mean(name, names), column=what, value=name)
        # Another column that already has the name, or comes before it in ours, would be taken instead.
        known = {"user": USER, "item": ITEM}.get(what, (what,))
        rows = rows.drop([other for other in known if other in names and other != name]).rename({name: what})
        names = _columns(rows)
    return rows


def _of_one_list(rows: pl.LazyFrame, chosen: Chosen) -> tuple[pl.LazyFrame, dict[str, Any]]:
    """The rows of one date and one cut-off, and what was chosen of how much."""
    told: dict[str, Any] = {}
    wanted: tuple[tuple[str, str | int | None], ...] = (("date", chosen.date), ("cutoff", chosen.cutoff))
    for name, value in wanted:
        if name not in _columns(rows):
            if value is not None:
                raise RequestError(f"The lists have no column {name}.", "Leave the choice out.", value=value)
            continue
        kind = pl.Utf8 if name == "date" else pl.Int64
        column = pl.col(name).cast(kind, strict=False)
        counts = _collected(rows.group_by(column.alias("value")).len()).drop_nulls("value").sort("value")
        known = counts["value"].to_list()
        if value is not None and value not in known:
            shown = ", ".join(map(str, known[-10:]))
            raise RequestError(f"There are no lists of the {name} {value}.", f"There are: {shown}.", value=value)
        if not known:
            continue
        told[name] = known[-1] if value is None else value
        told["n_other_lists"] = told.get("n_other_lists", 0) + int(
            counts.filter(pl.col("value") != told[name])["len"].sum()
        )
        rows = rows.filter(column == told[name])
    return rows, told


def _indexed(rows: pl.LazyFrame, dataset: Dataset) -> pl.DataFrame:
    """`row`, `user_index`, `item_index` (null where unknown) and `order` (ascending is better) of each row."""
    names = _columns(rows)
    by = _ordered_by(names)
    order = pl.col(by).cast(pl.Float64, strict=False)
    found = rows.select(
        user=pl.col(_column(names, USER, "user")).cast(pl.Utf8),
        item=pl.col(_column(names, ITEM, "item")).cast(pl.Utf8),
        order=order if by == "rank" else -order,
    ).with_row_index("row")
    for kind, ids in (("user", dataset.users), ("item", dataset.items)):
        index = pl.LazyFrame({kind: ids.ids, f"{kind}_index": np.arange(len(ids), dtype=np.int32)})
        found = found.join(index, on=kind, how="left").drop(kind)
    return _collected(found)


def _collected(rows: pl.LazyFrame) -> pl.DataFrame:
    try:
        found: pl.DataFrame = rows.collect(engine="streaming")
    except pl.exceptions.PolarsError as error:
        raise DataError(f"The lists cannot be read: {error}.", "Write them again as CSV or Parquet.") from error
    return found


def _columns(rows: pl.LazyFrame) -> list[str]:
    try:
        return list(rows.collect_schema().names())
    except pl.exceptions.PolarsError as error:
        raise DataError(f"The lists cannot be read: {error}.", "Write them again as CSV or Parquet.") from error


def _row(rows: pl.LazyFrame, number: int) -> dict[str, Any]:
    return rows.slice(number, 1).collect().row(0, named=True)


def _check_order(found: pl.DataFrame, rows: pl.LazyFrame) -> None:
    wrong = found.filter(pl.col("order").is_null() | pl.col("order").is_nan())
    if len(wrong):
        number = int(wrong["row"].to_numpy().min())
        by = _ordered_by(_columns(rows))
        raise DataError(
            f"Row {number + 1} of the lists has {_row(rows, number)[by]!r} as its {by}.",
            "Give a number.",
            line=number + 1,
            column=by,
        )


def _stranger(found: pl.DataFrame, rows: pl.LazyFrame, dataset: Dataset) -> DataError:
    """Which ids the data do not have."""
    names = _columns(rows)
    for kind, ids, known in (("user", dataset.users, USER), ("item", dataset.items, ITEM)):
        wrong = found.filter(pl.col(f"{kind}_index").is_null())
        if len(wrong):
            value = _row(rows, int(wrong["row"].to_numpy().min()))[_column(names, known, kind)]
            column = pl.col(_column(names, known, kind)).cast(pl.Utf8)
            n = rows.select(column).filter(~column.is_in(list(ids.ids))).select(pl.all().n_unique()).collect().item()
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


def known_rows(frame: pl.DataFrame, dataset: Dataset, unknown: Unknown) -> tuple[pl.DataFrame, int]:
    """`frame` (columns user, item) without rows of unknown ids, and how many these were; all rows unless "drop"."""
    if unknown != "drop":
        return frame, 0
    known = frame["user"].is_in(list(dataset.users.ids)) & frame["item"].is_in(list(dataset.items.ids))
    return frame.filter(known.fill_null(False)), int(len(frame) - known.sum())


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
    listed = ranked(table_of(lists))
    known = [listed.select("user", "item"), *(part for part in pairs.values() if part is not None)]
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


def table_of(source: Any) -> pl.DataFrame:
    """A polars table of a pandas or polars table or a file; DataError where it is neither."""
    if isinstance(source, pl.DataFrame):
        return source
    if isinstance(source, (str, Path)):
        path = Path(source)
        reader = READERS.get(path.suffix.lower())
        if reader is None or not path.is_file():
            raise DataError(f"{path} is not a CSV, Parquet or JSON lines file.", "Write one.", file=str(path))
        try:
            return reader(path)
        except pl.exceptions.PolarsError as error:
            raise DataError(f"{path} cannot be read: {error}.", "Write it again.", file=str(path)) from error
    if hasattr(source, "columns") and hasattr(source, "to_dict"):
        frame: pl.DataFrame = pl.from_pandas(source)
        return frame
    raise DataError(f"A {type(source).__name__} is not a table.", "Give a pandas or polars table, or a file.")


def ranked(frame: pl.DataFrame) -> pl.DataFrame:
    """Columns `user`, `item` (text) and `order` (float, ascending is better) of a table of lists."""
    names = frame.columns
    user, item = _column(names, USER, "user"), _column(names, ITEM, "item")
    by = _ordered_by(names)
    order = frame[by].cast(pl.Float64, strict=False)
    if order.is_null().any() or order.is_nan().any():
        line = int(np.flatnonzero((order.is_null() | order.fill_null(0).is_nan()).to_numpy())[0])
        raise DataError(
            f"Row {line + 1} of the lists has {frame[by][line]!r} as its {by}.",
            "Give a number.",
            line=line + 1,
            column=by,
        )
    found = pl.DataFrame(
        {
            "user": frame[user].cast(pl.Utf8),
            "item": frame[item].cast(pl.Utf8),
            "order": order if by == "rank" else -order,
        }
    )
    twice = found.select("user", "item").is_duplicated()
    if twice.any():
        row = found.filter(twice).row(0, named=True)
        raise DataError(
            f"{row['item']!r} stands twice in the list of {row['user']!r}.", "Give each item of a list once."
        )
    return found


def _ordered_by(names: list[str]) -> str:
    by = next((name for name in ("rank", "score") if name in names), None)
    if by is None:
        raise DataError("The lists have neither a column rank nor a column score.", f"There are: {', '.join(names)}.")
    return by


def _column(names: list[str], wanted: tuple[str, ...], what: str) -> str:
    for name in wanted:
        if name in names:
            return name
    raise DataError(
        f"The table has no column {what}.", did_you_mean(what, names), column=what, value=", ".join(names[:20])
    )


def _pairs(source: Any) -> pl.DataFrame:
    frame = table_of(source)
    user, item = _column(frame.columns, USER, "user"), _column(frame.columns, ITEM, "item")
    return pl.DataFrame({"user": frame[user].cast(pl.Utf8), "item": frame[item].cast(pl.Utf8)})


def _vocabulary(kind: str, seen: pl.Series, attributes: Any) -> Vocabulary:
    ids = set(seen.to_list())
    if attributes is not None:
        frame = table_of(attributes)
        ids |= set(frame[_column(frame.columns, USER if kind == "user" else ITEM, kind)].cast(pl.Utf8).to_list())
    return Vocabulary(kind, tuple(sorted(ids)))


def _table(kind: str, ids: Vocabulary, attributes: Any) -> pl.DataFrame:
    base = pl.DataFrame({f"{kind}_index": range(len(ids)), f"{kind}_id": ids.ids})
    if attributes is None:
        return base if kind == "user" else base.with_columns(title=pl.Series(ids.ids))
    frame = table_of(attributes)
    key = _column(frame.columns, USER if kind == "user" else ITEM, kind)
    own = frame.rename({key: f"{kind}_id"}).with_columns(pl.col(f"{kind}_id").cast(pl.Utf8))
    if own[f"{kind}_id"].is_duplicated().any():
        raise DataError(f"A {kind} stands twice in the table of {kind}s.", "Give each one row.")
    joined = base.join(own, on=f"{kind}_id", how="left", maintain_order="left")
    if kind == "item" and "title" not in joined.columns:
        joined = joined.with_columns(title=pl.col("item_id"))
    return joined
