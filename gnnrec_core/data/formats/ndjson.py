"""Newline-delimited JSON: one object a line. Numbers keep the letters that the file has."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from gnnrec_core.base import progress
from gnnrec_core.base.errors import DataError, LensError
from gnnrec_core.data.clean.bad_rows import LEAVE_OUT
from gnnrec_core.data.dataset import Problem
from gnnrec_core.data.formats.roles import guess_roles
from gnnrec_core.data.formats.source import Part, SourceLog, Table, as_file, need_file
from gnnrec_core.data.options import ImportOptions
from gnnrec_core.data.text.odd_lines import dropped_rows
from gnnrec_core.data.text.plain import first_bytes, plain_text, text_encoding

CHUNK = 100_000
_DECODER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)


class NdjsonReader:
    """Reads one file of JSON objects."""

    columns_by_name = True

    def matches(self, source: str) -> bool:
        path = as_file(source)
        if path is None:
            return False
        try:
            head = first_bytes(path)
            encoding, start = text_encoding(head, None)
        except (LensError, OSError):
            return False
        line = head[start:].decode(encoding, "replace").lstrip().split("\n")[0].strip()
        return line.startswith("{") and (line.endswith("}") or len(head) >= 65_536)

    def read(self, source: str, options: ImportOptions) -> SourceLog:
        path = need_file(source)
        progress.report(0.0, 1, f"reading {path.name}")
        keys, first = _keys(path, options)
        roles = guess_roles(keys, options, path.name, lambda name: _sample(name, first))
        table = _table(path, options, lambda keys: roles.columns, False)
        return SourceLog(path.name, "json", (Part(table, roles),))

    def read_table(self, path: Path, options: ImportOptions) -> Table:
        """All keys of a table of attributes; lists stay JSON text, which the attributes are made from."""
        return _table(path, options, lambda keys: keys, True)


def _sample(name: str, objects: list[dict[str, Any]]) -> pl.Series:
    """The values of a key as text; lists and objects count as nothing."""
    values = (entry.get(name) for entry in objects)
    return pl.Series(name, [str(value) for value in values if isinstance(value, str | bool)], dtype=pl.String)


def _keys(path: Path, options: ImportOptions) -> tuple[tuple[str, ...], list[dict[str, Any]]]:
    """Keys of the first 1,000 objects, in order of their first appearance, and these objects."""
    keys: dict[str, None] = {}
    objects: list[dict[str, Any]] = []
    drop = options.bad_rows == "drop"
    with plain_text(path, options.encoding, foreign=False, drop_bad=drop) as plain:
        for number, (_, entry) in enumerate(_objects(plain.path, path.name, [] if drop else None)):
            keys.update(dict.fromkeys(entry))
            objects.append(entry)
            if number >= 1000:
                break
    if not keys:
        raise DataError(f"{path.name} has no data rows.", "Write one JSON object a line.", file=path.name, line=1)
    return tuple(keys), objects


def _table(
    path: Path, options: ImportOptions, choose: Callable[[tuple[str, ...]], tuple[str, ...]], lists: bool
) -> Table:
    columns = choose(_keys(path, options)[0])
    bad: list[int] | None = [] if options.bad_rows == "drop" else None
    chunks: list[pl.DataFrame] = []
    cells: list[list[Any]] = [[] for _ in columns]
    lines: list[int] = []
    schema = dict.fromkeys(columns, pl.String)
    with plain_text(path, options.encoding, foreign=False, drop_bad=bad is not None) as plain:
        problems: tuple[Problem, ...] = plain.problems
        for line, entry in _objects(plain.path, path.name, bad):
            try:
                row = [_text(entry.get(name), path.name, line, name, lists) for name in columns]
            except DataError:
                if bad is None:
                    raise
                bad.append(line)
                continue
            lines.append(line)
            for cell, value in zip(cells, row):
                cell.append(value)
            if len(cells[0]) == CHUNK:
                chunks.append(pl.DataFrame(dict(zip(columns, cells)), schema=schema))
                cells = [[] for _ in columns]
    chunks.append(pl.DataFrame(dict(zip(columns, cells)), schema=schema))
    frame = pl.concat(chunks)
    n_bad = len(bad or ()) + len(plain.left_out)
    note = (dropped_rows(bad, path.name, "rows are no JSON objects with one value a key"),) if bad else ()
    return Table(path.name, frame, frame.height + n_bad, lines=np.array(lines, np.int64), problems=(*problems, *note))


def _objects(plain: Path, file: str, bad: list[int] | None = None) -> Iterator[tuple[int, dict[str, Any]]]:
    """`(line, object)`. A line that is no JSON object goes to `bad`; DataError where that is None."""
    with plain.open(encoding="utf-8", newline="\n") as opened:
        for line, text in enumerate(opened, 1):
            text = text.strip()
            if not text:
                continue
            try:
                entry = _DECODER.decode(text)
            except (json.JSONDecodeError, RecursionError) as error:
                place = error.colno if isinstance(error, json.JSONDecodeError) else 1
                reason = error.msg.lower() if isinstance(error, json.JSONDecodeError) else "nested too deeply"
                if bad is not None:
                    bad.append(line)
                    continue
                raise _refused(file, line, f"is no JSON ({reason} at letter {place})", text) from None
            if not isinstance(entry, dict) and bad is not None:
                bad.append(line)
                continue
            if not isinstance(entry, dict):
                raise _refused(file, line, "is no JSON object", text)
            yield line, entry


def _refused(file: str, line: int, what: str, text: str) -> DataError:
    return DataError(
        f"{file} line {line:,} {what}.",
        'Write one JSON object a line, such as {"user": "a", "item": "b"}, ' + LEAVE_OUT + ".",
        file=file,
        line=line,
        value=text[:80],
        bad_rows=1,
    )


def _text(value: Any, file: str, line: int, column: str, lists: bool) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if lists:
        return json.dumps(value, ensure_ascii=False)
    raise DataError(
        f"{file} line {line:,}, key {column!r} holds a {type(value).__name__}, not one value.",
        "Write one object a pair, or name another key.",
        file=file,
        line=line,
        column=column,
        value=json.dumps(value, ensure_ascii=False)[:80],
    )
