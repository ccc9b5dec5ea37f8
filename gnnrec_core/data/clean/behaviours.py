"""What happened: conditions on rows, weights of behaviours, and columns of events and labels that nobody chose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gnnrec_core.base.errors import LensError, RequestError
from gnnrec_core.data.clean.conditions import Condition, Moments, fulfilled, parse_condition
from gnnrec_core.data.clean.distinct import distinct
from gnnrec_core.data.clean.times import clean_times, parse_moment
from gnnrec_core.data.dataset import Problem
from gnnrec_core.data.formats.looks import MOST_BEHAVIOURS
from gnnrec_core.data.formats.roles import named_column, plain_name
from gnnrec_core.data.formats.source import Part, SourceLog, Table
from gnnrec_core.data.options import ImportOptions

STRENGTH = "\0strength"
"""The column in which a chosen behaviour's weight stands."""
_LABELS = (
    " label target click isclick clicked like liked islike purchase purchased ispurchase bought converted conversion "
    "isconversion buy ordered "
)
_NO = {"0", "0.0", "false", "no", "f", "n", "-1", "-1.0", "dislike", "hate", "skip", "unlike", "impression"}
_YES = {"1", "1.0", "true", "yes", "t", "y", "like"}


@dataclass(frozen=True)
class Happened:
    """A column that says what happened, and how many rows say each thing (most frequent first)."""

    column: str
    counts: dict[str, int]

    @property
    def says(self) -> str:
        """`view 120, cart 27`."""
        return ", ".join(f"{value or '(empty)'} {n:,}" for value, n in self.counts.items())

    @property
    def is_label(self) -> bool:
        """Does a lone column of yes and no say whether the interaction is a positive one?"""
        values = {value.lower() for value in self.counts} - {""}
        name = plain_name(self.column)
        return f" {name} " in _LABELS and bool(values & _NO) and bool(values & _YES) and values <= _NO | _YES


def happened(parts: tuple[Part, ...], columns: tuple[str, ...] | None = None) -> tuple[Happened, ...]:
    """The columns of the log that may say what happened (or `columns`), with two values or more and their counts."""
    names = columns or tuple(dict.fromkeys(name for part in parts for name in part.roles.behaviours))
    found = []
    for name in names:
        counts: dict[str, int] = {}
        for part in parts:
            if name in part.table.frame.columns:
                values = distinct(part.table.frame[name])
                for text, n in zip(values.values.to_list(), values.counts.tolist(), strict=True):
                    counts[text.strip()] = counts.get(text.strip(), 0) + n
        if (
            columns
            or 1 < len([value for value in counts if value]) <= MOST_BEHAVIOURS
            or (len(counts) == 2 and "" in counts)
        ):
            found.append(Happened(name, dict(sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])))))
    return tuple(found)


def choose_rows(source: SourceLog, options: ImportOptions) -> tuple[SourceLog, tuple[Problem, ...], pl.DataFrame]:
    """The source with the rows that `options.keep` keeps and the behaviours that have a weight; a lone label's
    negatives are left out. Every column of events or labels that nobody chose is named with its counts.

    Third come the pairs `user`, `item` of rows that say no, where `options.negatives` is "keep": those of a lone label,
    and behaviours that were given the weight 0.
    """
    problems: list[Problem] = []
    no = pl.DataFrame(schema={"user": pl.String, "item": pl.String})
    for text in options.keep:
        source = _kept(source, parse_condition(text), options, problems)
    used = {plain_name(name) for name in options.needed_columns()}
    if options.behaviour_col:
        zero = {name for name, weight in options.behaviour_weights if weight == 0}
        if zero and options.negatives == "keep":
            no = _pairs(source, str(options.behaviour_col), zero)
        source = _weighed(source, options, problems)
    elif options.behaviour_weights:
        raise RequestError("There are weights of behaviours but no column.", "Name it with --behaviour-col.")
    unused = [entry for entry in happened(source.parts) if plain_name(entry.column) not in used]
    labels = [entry for entry in unused if entry.is_label]
    if labels and len({name for part in source.parts for name in part.roles.behaviours} - used) == 1:
        if options.negatives == "keep":
            no = _pairs(source, labels[0].column, {value for value in labels[0].counts if value.lower() in _NO})
        return _positives(source, labels[0], options, problems), tuple(problems), no
    problems += [_merged(source, entry) for entry in unused]
    return source, tuple(problems), no


def _pairs(source: SourceLog, column: str, values: set[str]) -> pl.DataFrame:
    """Pairs `user`, `item` of the rows whose `column` says one of `values`."""
    found = [pl.DataFrame(schema={"user": pl.String, "item": pl.String})]
    for part in source.parts:
        frame, name = part.table.frame, named_column(column, part.roles.names or part.roles.columns, source.name)
        rows = frame.filter(frame[name].cast(pl.String).fill_null("").str.strip_chars().is_in(sorted(values)))
        ids = {kind: rows[getattr(part.roles, kind)].cast(pl.String) for kind in ("user", "item")}
        found.append(pl.DataFrame(ids))
    return pl.concat(found)


def _merged(source: SourceLog, entry: Happened) -> Problem:
    rare = [value for value in reversed(entry.counts) if value]
    weights = [f"{value}={0 if value.lower() in _NO else len(rare) - place}" for place, value in enumerate(rare)]
    text = (
        f"Column {entry.column!r} says what happened ({entry.says}) and was not used: all count the same. "
        f'Choose with --keep "{entry.column} in {",".join([v for v in rare if v.lower() not in _NO][:2])}", or weigh '
        f"them with --behaviour-col {entry.column} --behaviour-weights {','.join(weights[:4])}."
    )
    return Problem(
        "behaviours",
        "warning",
        sum(entry.counts.values()),
        "merged",
        text,
        source.parts[0].table.file,
        column=entry.column,
        value=entry.column,
        details={"counts": entry.counts},
    )


def _positives(source: SourceLog, entry: Happened, options: ImportOptions, problems: list[Problem]) -> SourceLog:
    """Without the rows whose label says no."""

    def keep(table: Table) -> NDArray[np.bool_]:
        text = table.frame[entry.column].cast(pl.String).fill_null("").str.strip_chars().str.to_lowercase()
        return ~text.is_in(sorted(_NO)).to_numpy()

    every = f'--keep "{entry.column} in {",".join(value for value in entry.counts if value)}"'
    known = "" if options.negatives == "keep" else "; --negatives keep has them as known negatives"
    what = f"say no in column {entry.column!r} ({entry.says}) and were left out: they are no likes"
    what = f"{what}. {every} keeps all{known}"
    return _rows(source, keep, "negatives", "warning", what, problems, entry.column, {"counts": entry.counts})


def _kept(source: SourceLog, condition: Condition, options: ImportOptions, problems: list[Problem]) -> SourceLog:
    def keep(table: Table) -> NDArray[np.bool_]:
        column = named_column(condition.column, tuple(table.frame.columns), table.file)
        cells = table.frame[column]
        try:
            return fulfilled(condition, cells, _moments(table, column, condition, options)).to_numpy()
        except ValueError as error:
            raise RequestError(
                f'--keep "{condition.says}" cannot be applied: {error}.', "Compare with = or in.", column=column
            ) from None

    what = f'do not fulfil "{condition.says}" and were left out, as asked'
    before = source
    source = _rows(source, keep, "not_kept", "info", what, problems, condition.column)
    if any(part.table.frame.height for part in source.parts):
        return source
    (entry,) = happened(before.parts, (named_column(condition.column, before.parts[0].roles.columns, before.name),))
    few = replace(entry, counts=dict(list(entry.counts.items())[:10]))
    raise RequestError(
        f'No row fulfils "{condition.says}"; column {entry.column!r} has {few.says}'
        + (f" and {len(entry.counts) - 10:,} other values." if len(entry.counts) > 10 else "."),
        "Compare with a value that stands there.",
        column=entry.column,
    )


def _moments(table: Table, column: str, condition: Condition, options: ImportOptions) -> Moments | None:
    """The column as seconds and the date that it is compared with; None where the condition names no date."""
    if condition.operator in ("=", "!=", "in"):
        return None
    try:
        limit = parse_moment(condition.values[0])
        return Moments(pl.Series(clean_times(table, column, options.day_first, drop_bad=True).values), limit)
    except LensError:
        return None


def _weighed(source: SourceLog, options: ImportOptions, problems: list[Problem]) -> SourceLog:
    """Each row with the weight of its behaviour in column `STRENGTH`; behaviours without a weight are left out."""
    asked = str(options.behaviour_col)
    column = named_column(asked, source.parts[0].roles.names or source.parts[0].roles.columns, source.name)
    (entry,) = happened(source.parts, (column,))
    weights = dict(options.behaviour_weights)
    known = [value for value in entry.counts if value]
    example = ",".join(f"{value}=1" for value in known[:4])
    if not weights:
        raise RequestError(
            f"Column {column!r} has no weights yet; it says {entry.says}.",
            f"Name them: --behaviour-weights {example}; what has none is left out.",
            column=column,
        )
    for name in weights:
        if name not in entry.counts:
            raise RequestError(
                f"Column {column!r} never says {name!r}; it says {entry.says}.",
                f"Name what stands there: --behaviour-weights {example}.",
                column=column,
                value=name,
            )

    def keep(table: Table) -> NDArray[np.bool_]:
        return (_strength(table, column, weights) > 0).to_numpy()

    left = ", ".join(f"{value or '(empty)'} {n:,}" for value, n in entry.counts.items() if not weights.get(value))
    what = f"have a behaviour without a weight in column {column!r} ({left}) and were left out"
    source = _rows(source, keep, "behaviour_without_weight", "warning", what, problems, column)
    parts = tuple(
        replace(
            part,
            table=replace(
                part.table,
                frame=part.table.frame.with_columns(_strength(part.table, column, weights).alias(STRENGTH)),
            ),
        )
        for part in source.parts
    )
    return replace(source, parts=parts)


def _strength(table: Table, column: str, weights: dict[str, float]) -> pl.Series:
    text = table.frame[column].cast(pl.String).fill_null("").str.strip_chars()
    return text.replace_strict(weights, default=0.0, return_dtype=pl.Float64)


def _rows(
    source: SourceLog,
    keep: Callable[[Table], NDArray[np.bool_]],
    code: str,
    severity: str,
    what: str,
    problems: list[Problem],
    column: str,
    details: dict[str, object] | None = None,
) -> SourceLog:
    """The source with the rows that `keep` keeps; what goes is counted once for all parts."""
    parts, n_gone, first = [], 0, None
    for part in source.parts:
        mask = keep(part.table)
        gone = np.flatnonzero(~mask)
        if len(gone) and first is None:
            first = (part.table.file, part.table.where(gone), part.table.text(part.table.frame.columns[0], gone[0]))
            value = part.table.text(column, gone[0]) if column in part.table.frame.columns else None
        n_gone += len(gone)
        parts.append(replace(part, table=part.table.keeping(mask)))
    if first is None:
        return source
    text = f"{n_gone:,} rows {what}."
    problems.append(
        Problem(
            code,
            severity,  # type: ignore[arg-type]
            n_gone,
            "left out",
            text,
            first[0],
            first[1][0],
            column,
            value,
            first[1],
            rows_removed=n_gone,
            details=details or {},
        )
    )
    return replace(source, parts=tuple(parts))
