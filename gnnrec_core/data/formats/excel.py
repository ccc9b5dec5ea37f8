"""Workbooks (xlsx, xlsm, xlsb, xls, ods) through polars and calamine: the sheet that holds the log."""

from __future__ import annotations

import zipfile
from pathlib import Path

import fastexcel
import polars as pl

from gnnrec_core.base import progress
from gnnrec_core.base.errors import DataError
from gnnrec_core.base.registry import did_you_mean
from gnnrec_core.data.dataset import Problem
from gnnrec_core.data.formats.packed import refuse_bomb
from gnnrec_core.data.formats.roles import guess_roles, propose_roles
from gnnrec_core.data.formats.source import Part, SourceLog, Table, as_file, need_file
from gnnrec_core.data.options import ImportOptions

_OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_INSIDE = ("xl/workbook.xml", "xl/workbook.bin", "content.xml")


class ExcelReader:
    """Reads one sheet: the one of `--table`, the only one with rows, or the only one with user and item columns."""

    columns_by_name = True

    def matches(self, source: str) -> bool:
        path = as_file(source)
        return path is not None and is_workbook(path)

    def read(self, source: str, options: ImportOptions) -> SourceLog:
        path = need_file(source)
        progress.report(0.0, 1, f"reading {path.name}")
        sheet, others = _choose(path, options)
        frame, n_titles = _sheet(path, sheet)
        file = f"{path.name} [{sheet}]"
        has_names = not any(name.replace(".", "", 1).isdigit() for name in frame.columns)
        if not has_names:
            frame = _read(path, sheet, None)
        roles = guess_roles(frame.columns, options, file, lambda name: frame[name].head(500), has_names)
        table = Table(file, frame.select(roles.columns), frame.height, first_line=1 + has_names + n_titles)
        above = f", but for {n_titles} rows above its names" if n_titles else ""
        note = Problem("sheet", "info", 1, "read", f"Sheet {sheet!r} was read{above}{others}.", file, value=sheet)
        return SourceLog(path.name, "excel", (Part(table, roles),), problems=(note,))

    def read_table(self, path: Path, options: ImportOptions) -> Table:
        """The first sheet with rows, as a table of attributes."""
        sheets = _filled(path)
        frame = next(iter(sheets.values()))
        return Table(path.name, frame, frame.height, first_line=2)


def is_workbook(path: Path) -> bool:
    """Is this a workbook by its content?"""
    with path.open("rb") as file:
        head = file.read(8)
    if head == _OLD:
        return path.suffix.lower() in (".xls", ".xlt", "")
    if not head.startswith(b"PK"):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False
    return any(name in names for name in _INSIDE[:2]) or (_INSIDE[2] in names and "mimetype" in names)


def _choose(path: Path, options: ImportOptions) -> tuple[str, str]:
    """The name of the sheet, and words on the others."""
    sheets = _filled(path)
    if options.table:
        if options.table not in sheets:
            raise DataError(
                f"{path.name} has no sheet {options.table!r} with rows.",
                did_you_mean(options.table, tuple(sheets)),
                file=path.name,
                value=options.table,
            )
        return options.table, ""
    plain = options.model_copy(update=dict.fromkeys(("user_col", "item_col", "rating_col", "time_col")))
    logs = []
    for name, frame in sheets.items():
        chosen = propose_roles(frame.columns, plain, path.name, frame.get_column)
        logs += [name] if chosen["user"] and chosen["item"] else []
    if len(sheets) > 1 and len(logs) != 1:
        raise DataError(
            f"{path.name} holds {len(sheets)} sheets with rows ({', '.join(map(repr, list(sheets)[:8]))}), and it "
            "cannot be told which is the log.",
            "Name it with --table.",
            file=path.name,
            value=", ".join(sheets),
        )
    sheet = logs[0] if logs else next(iter(sheets))
    others = [repr(name) for name in sheets if name != sheet]
    return sheet, f"; not read: {', '.join(others[:8])} (--table chooses)" if others else ""


def _filled(path: Path) -> dict[str, pl.DataFrame]:
    """The sheets that have rows. DataError where there are none, and where the file is damaged or too large."""
    _refuse_large(path)
    try:
        names = fastexcel.read_excel(path).sheet_names
    except Exception as error:  # calamine raises types of its own for damaged files
        raise _damaged(path, error) from None
    found = {name: frame for name in names if (frame := _sheet(path, name)[0]).height and frame.width > 1}
    if not found:
        raise DataError(f"{path.name} has no sheet with rows.", "Choose a file with interactions.", file=path.name)
    return found


def _sheet(path: Path, name: str) -> tuple[pl.DataFrame, int]:
    """One sheet, and how many rows (a title, blanks) stand above the names of its columns and were passed over."""
    frame = _read(path, name, 0)
    if frame.width < 2 or 2 * sum(column.startswith("__UNNAMED__") for column in frame.columns) < frame.width:
        return frame, 0
    every = _read(path, name, None, blank_rows=True)
    filled = every.select(pl.sum_horizontal(pl.all().is_not_null())).to_series().to_list()
    n_titles = next((row for row, n in enumerate(filled[:100]) if n > 1), 0)
    return (_read(path, name, n_titles), n_titles) if n_titles else (frame, 0)


def _read(path: Path, name: str, header_row: int | None, blank_rows: bool = False) -> pl.DataFrame:
    """The rows below `header_row`; numbers that are all whole are integers (a workbook knows only fractions)."""
    try:
        frame = pl.read_excel(
            path,
            sheet_name=name,
            engine="calamine",
            has_header=header_row is not None,
            read_options={"header_row": header_row},
            drop_empty_rows=not blank_rows,
            raise_if_empty=False,
            infer_schema_length=None,
        )
    except Exception as error:  # see above
        raise _damaged(path, error) from None
    whole = [
        pl.col(column).cast(pl.Int64)
        for column in frame.columns
        if frame[column].dtype.is_float() and (frame[column].drop_nulls() % 1 == 0).all()
    ]
    return frame.with_columns(whole)


def _damaged(path: Path, error: Exception) -> DataError:
    reason = (str(error).splitlines() or [type(error).__name__])[0][:160]
    return DataError(
        f"{path.name} cannot be read as a workbook: {reason}.", "Save the sheet as CSV and import that.", file=path.name
    )


def _refuse_large(path: Path) -> None:
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        refuse_bomb(path.name, sum(entry.file_size for entry in archive.infolist()), path.stat().st_size)
