"""Rows that hold no usable value: refused with a sentence, or, where a person says so, left out and counted."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from gnnrec_core.base.errors import DataError
from gnnrec_core.data.dataset import IntArray, Problem
from gnnrec_core.data.formats.source import Table

LEAVE_OUT = "or leave such rows out with --bad-rows drop"


@dataclass
class BadRows:
    """The unusable rows of one column. `drop` false: the first that is met raises a DataError; else they are kept in
    `rows` for their account."""

    table: Table
    column: str
    drop: bool
    hint: str
    rows: list[IntArray] = field(default_factory=list)
    whats: list[str] = field(default_factory=list)

    def met(self, rows: IntArray, what: str) -> None:
        """`rows` hold a value that `what` ("is not a time"). DataError unless they are to be dropped."""
        if not len(rows):
            return
        if not self.drop:
            raise self._refusal(rows, what)
        self.rows.append(np.asarray(rows, np.int64))
        self.whats.append(what)

    def all_rows(self) -> IntArray:
        """Every unusable row once, ascending."""
        return np.unique(np.concatenate(self.rows)) if self.rows else np.zeros(0, np.int64)

    def problems(self) -> tuple[Problem, ...]:
        """The account of what is left out."""
        rows = self.all_rows()
        if not len(rows):
            return ()
        text = (
            f"{len(rows):,} rows were left out, as asked: their {self.column!r} {' or '.join(sorted(set(self.whats)))}."
        )
        return (
            Problem(
                "bad_rows",
                "warning",
                len(rows),
                "dropped",
                text,
                self.table.file,
                self.table.line(rows[0]),
                self.column,
                self.table.text(self.column, rows[0]),
                self.table.where(rows),
                rows_removed=len(rows),
            ),
        )

    def _refusal(self, rows: IntArray, what: str) -> DataError:
        value, line = self.table.text(self.column, rows[0]), self.table.line(rows[0])
        more = f" (and {len(rows) - 1:,} more like it)" if len(rows) > 1 else ""
        return DataError(
            f"{self.table.file} line {line:,}, column {self.column!r}: {value!r} {what}{more}.",
            f"{self.hint}, {LEAVE_OUT}.",
            file=self.table.file,
            line=line,
            column=self.column,
            value=value,
            lines=list(self.table.where(rows)),
            count=len(rows),
            bad_rows=len(rows),
        )
