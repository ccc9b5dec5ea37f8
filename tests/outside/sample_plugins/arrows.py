"""Arrows: text with a line `user -> item` for each pair."""

from __future__ import annotations

import numpy as np
import polars as pl

from gnnrec_core.base.errors import DataError, LensError
from gnnrec_core.data.formats.source import Part, Roles, SourceLog, Table, as_file, need_file
from gnnrec_core.data.text.plain import first_bytes, plain_text

ARROW = " -> "


class ArrowReader:
    """Reads lines of the form `user -> item`."""

    def matches(self, source: str) -> bool:
        path = as_file(source)
        try:
            return path is not None and ARROW.encode() in first_bytes(path).split(b"\n")[0]
        except (LensError, OSError):
            return False

    def read(self, source: str, options) -> SourceLog:
        path = need_file(source)
        with plain_text(path, options.encoding) as plain:
            lines = plain.path.read_text(encoding="utf-8").splitlines()
            problems = tuple(plain.problems)
        rows = []
        for number, line in enumerate(lines, 1):
            user, arrow, item = line.partition(ARROW)
            if not arrow:
                raise DataError(
                    f"{path.name}, line {number} has no '->'.", "Write user -> item.", file=path.name, line=number
                )
            rows.append((user, item))
        if not rows:
            raise DataError(f"{path.name} has no lines.", "Write user -> item.", file=path.name)
        frame = pl.DataFrame(rows, schema=["user", "item"], orient="row")
        table = Table(path.name, frame, frame.height, lines=np.arange(1, len(rows) + 1), problems=problems)
        return SourceLog(path.name, "arrows", (Part(table, Roles("user", "item")),))
