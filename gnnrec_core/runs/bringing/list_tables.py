"""Tables of ranked lists, as frames or files: read as rows that are streamed, with their columns and their order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from gnnrec_core.base.errors import DataError, RequestError
from gnnrec_core.base.registry import did_you_mean

USER = ("user", "user_id", "uid", "userId")
ITEM = ("item", "item_id", "iid", "itemId")


def _scan_csv(path: Path) -> pl.LazyFrame:
    """Cells as the texts that they are. Parted by what the first line has most of; where that is no comma, a comma
    between digits is a decimal one. A first line of numbers (but for an id) is no header."""
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        first = file.readline(1 << 20).rstrip("\r\n")
    separator = _separator(first)
    cells = [cell.strip(' "') for cell in first.split(separator)]
    has_names = sum(not _is_number(cell) for cell in cells) > (1 if len(cells) > 1 else 0)
    frame: pl.LazyFrame = pl.scan_csv(path, infer_schema=False, separator=separator, has_header=has_names)
    ids = [name for name in (*USER, *ITEM, "id") if name in cells] if has_names else [frame.collect_schema().names()[0]]
    numbers = pl.exclude(ids).str.replace(r"^(-?\d+),(\d+)$", "${1}.${2}")
    return frame if separator == "," else frame.with_columns(numbers)


def _separator(line: str) -> str:
    """What parts the cells of a line: what stands most often in it, but no comma where all are decimal ones."""
    for mark in ";\t|":
        if mark in line and all(_is_number(cell.strip(' "')) for cell in line.split(mark) if "," in cell):
            return mark
    return max(",;\t|", key=line.count)


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return False
    return True


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


def scanned(source: Any) -> pl.LazyFrame:
    """The rows of a pandas or polars table or a file (CSV, Parquet, JSON lines); DataError where it is neither."""
    if isinstance(source, pl.DataFrame):
        return source.lazy()
    if isinstance(source, (str, Path)):
        path = Path(source)
        scanner = SCANNERS.get(path.suffix.lower())
        if scanner is None or not path.is_file():
            hint = "Write .csv, .parquet, or .jsonl with one object a line."
            raise DataError(f"{path} is not a CSV, Parquet or JSON lines file.", hint, file=str(path))
        try:
            return scanner(path)
        except pl.exceptions.PolarsError as error:
            raise _unreadable(str(path), error) from error
    if hasattr(source, "columns") and hasattr(source, "to_dict"):
        frame: pl.DataFrame = pl.from_pandas(source)
        return frame.lazy()
    raise DataError(f"A {type(source).__name__} is not a table.", "Give a pandas or polars table, or a file.")


def table_of(source: Any) -> pl.DataFrame:
    """What `scanned` reads, as a polars table."""
    if isinstance(source, pl.DataFrame):
        return source
    return collected(scanned(source), str(source) if isinstance(source, (str, Path)) else "The table")


def collected(rows: pl.LazyFrame, what: str = "The list") -> pl.DataFrame:
    """The rows, read now; DataError where `what` they stand in is broken."""
    try:
        found: pl.DataFrame = rows.collect(engine="streaming")
    except pl.exceptions.PolarsError as error:
        raise _unreadable(what, error) from error
    return found


def columns(rows: pl.LazyFrame) -> list[str]:
    """What the columns are called."""
    try:
        return list(rows.collect_schema().names())
    except pl.exceptions.PolarsError as error:
        raise _unreadable("The list", error) from error


def renamed(rows: pl.LazyFrame, chosen: Chosen) -> pl.LazyFrame:
    """The table with its columns called what they are; DataError where one is not there."""
    names = columns(rows)
    for what, name in chosen.columns:
        if name not in names:
            raise DataError(f"The table has no column {name!r}.", did_you_mean(name, names), column=what, value=name)
        # Another column that already has the name, or comes before it in ours, would be taken instead.
        known = {"user": USER, "item": ITEM}.get(what, (what,))
        rows = rows.drop([other for other in known if other in names and other != name]).rename({name: what})
        names = columns(rows)
    return rows


def of_one_list(rows: pl.LazyFrame, chosen: Chosen) -> tuple[pl.LazyFrame, dict[str, Any]]:
    """The rows of one date and one cut-off, and what was chosen of how much."""
    told: dict[str, Any] = {}
    wanted: tuple[tuple[str, str | int | None], ...] = (("date", chosen.date), ("cutoff", chosen.cutoff))
    for name, value in wanted:
        if name not in columns(rows):
            if value is not None:
                raise RequestError(f"The lists have no column {name}.", "Leave the choice out.", value=value)
            continue
        kind = pl.Utf8 if name == "date" else pl.Int64
        own = pl.col(name).cast(kind, strict=False)
        counts = collected(rows.group_by(own.alias("value")).len()).drop_nulls("value").sort("value")
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
        rows = rows.filter(own == told[name])
    return rows, told


def ordered_by(names: list[str]) -> str:
    by = next((name for name in ("rank", "score") if name in names), None)
    if by is None:
        hint = f"Write one row an item with its rank (1 is first) or score; there are: {', '.join(names[:20])}."
        raise DataError("The lists have neither a column rank nor a column score.", hint)
    return by


def column(names: list[str], wanted: tuple[str, ...], what: str) -> str:
    for name in wanted:
        if name in names:
            return name
    raise DataError(
        f"The table has no column {what}.", did_you_mean(what, names), column=what, value=", ".join(names[:20])
    )


def ordered(rows: pl.LazyFrame) -> pl.LazyFrame:
    """`row` (0, 1, ..), `user`, `item` (text) and `order` (float, ascending is better) of a table of lists."""
    names = columns(rows)
    by = ordered_by(names)
    order = pl.col(by).cast(pl.Float64, strict=False)
    return rows.select(
        user=pl.col(column(names, USER, "user")).cast(pl.Utf8),
        item=pl.col(column(names, ITEM, "item")).cast(pl.Utf8),
        order=order if by == "rank" else -order,
    ).with_row_index("row")


def _unreadable(what: str, error: Exception) -> DataError:
    said = str(error).splitlines()[0].rstrip(".")  # what follows is for whoever wrote the call
    return DataError(f"{what} cannot be read: {said}.", "Write it again as CSV or Parquet.")
