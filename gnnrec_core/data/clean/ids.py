"""Ids as the data has them: nothing is changed but blanks around them and their Unicode form, and both are counted."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gnnrec_core.base.errors import DataError
from gnnrec_core.data.clean.blocks import gathered
from gnnrec_core.data.clean.distinct import distinct
from gnnrec_core.data.dataset import IntArray, Problem
from gnnrec_core.data.formats.source import Table

MISSING_WORDS = {"na", "n/a", "nan", "null", "none", "nil", "<na>", "undefined"}
_TOTALS = {"total", "totals", "sum", "grand total", "subtotal", "gesamt", "summe", "total general"}
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u00ad\x00-\x08\x0b-\x1f\x7f]")
_FLOAT_ID = re.compile(r"-?\d+\.0$")
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d{1,2})?$")
_SHORTENED = re.compile(r"\d([.,]\d+)?E\+\d{2}$")
_LOOKS_LIKE = str.maketrans(
    "АВЕІЈКМНОРЅТХасеіјорѕхуһԁԛԝиΑΒΕΖΗΙΚΜΝΟΡΤΥΧανορυիսոօ",
    "ABEIJKMHOPSTXaceijopsxyhdqwuABEZHIKMNOPTYXavopuhuno",
)
"""Letters of Cyrillic, Greek and Armenian, and the Latin ones that they are taken for (after Unicode's confusables)."""
_LONGEST_INTEGER = 18
"""Letters of an id that is sorted by number; longer ones may not fit into 64 bits."""


@dataclass(frozen=True)
class Ids:
    """`codes` int32 `[n]` into `values` (cleaned ids, unique); -1 where the row has no id. `sorted`: the ids are known
    to stand in the order of `sorted_vocabulary`."""

    codes: NDArray[np.int32]
    values: list[str]
    problems: tuple[Problem, ...]
    sorted: bool = False


def clean_ids(table: Table, column: str, kind: str) -> Ids:
    """The ids of a column, cleaned once for each distinct text. A row without an id gets -1 and is reported."""
    found = distinct(table.frame[column])
    raw = found.values.to_list()
    if table.frame[column].dtype.is_integer() and "" not in raw:
        return Ids(found.codes, raw, (), sorted=not raw or max(len(raw[0]), len(raw[-1])) <= _LONGEST_INTEGER)
    report = _Report(table, column, found.codes, found.counts)
    texts = [text.strip() for text in raw]
    report.repaired("blanks_stripped", [a != b for a, b in zip(raw, texts)], f"{kind} ids had blanks around them")
    texts = _composed(texts, report, kind)
    texts = _whole_floats(texts, report, kind)
    _doubtful(texts, report, kind)
    totals = _total_row(texts, report, found.counts, len(found.codes))
    empty = [not text or total for text, total in zip(texts, totals)]
    report.dropped("empty_id", [not text for text in texts], f"rows have no {kind} id")
    places: dict[str, int] = {}
    lookup = np.array(
        [-1 if gone else places.setdefault(text, len(places)) for text, gone in zip(texts, empty)], dtype=np.int32
    )
    codes = gathered(lookup, found.codes) if len(lookup) else np.zeros(0, np.int32)
    return Ids(codes, list(places), tuple(report.problems))


def sorted_vocabulary(values: list[str]) -> tuple[tuple[str, ...], IntArray]:
    """Ids in canonical order and the new index of each old one: by number where all are integers, else by text.

    >>> sorted_vocabulary(["10", "9"])[0], sorted_vocabulary(["10", "9", "x"])[0]
    (('9', '10'), ('10', '9', 'x'))
    """
    texts = pl.Series(values, dtype=pl.String)
    numbers = texts.cast(pl.Int64, strict=False)
    if numbers.null_count() or not (numbers.cast(pl.String) == texts).all() or _longest(texts) > _LONGEST_INTEGER:
        order = np.array(sorted(range(len(values)), key=values.__getitem__), dtype=np.int64)
    else:
        order = np.argsort(numbers.to_numpy(), kind="stable")
    rank = np.empty(len(values), np.int64)
    rank[order] = np.arange(len(values))
    return tuple(values[place] for place in order), rank


def _longest(texts: pl.Series) -> int:
    return int(texts.str.len_bytes().max() or 0)  # type: ignore[arg-type]


@dataclass
class _Report:
    """Turns a flag for each distinct text into a Problem with counts, lines and an example."""

    table: Table
    column: str
    codes: NDArray[np.int32]
    counts: IntArray

    problems: list[Problem] = field(default_factory=list)

    def _add(self, code: str, severity: str, flags: list[bool], action: str, message: str, removes: bool) -> None:
        wanted = np.array(flags, dtype=bool)
        if not wanted.any():
            return
        count = int(self.counts[wanted].sum())
        rows = np.flatnonzero(gathered(wanted, self.codes))[:10]
        lines = self.table.where(rows)
        self.problems.append(
            Problem(
                code,
                severity,  # type: ignore[arg-type]
                count,
                action,
                f"{count:,} {message}.",
                self.table.file,
                lines[0],
                self.column,
                self.table.text(self.column, rows[0]),
                lines,
                rows_removed=count if removes else 0,
            )
        )

    def repaired(self, code: str, flags: list[bool], what: str) -> None:
        self._add(code, "info", flags, "repaired", f"{what}; they were removed", False)

    def changed(self, code: str, flags: list[bool], what: str) -> None:
        self._add(code, "info", flags, "repaired", what, False)

    def kept(self, code: str, flags: list[bool], what: str) -> None:
        self._add(code, "warning", flags, "kept", what, False)

    def dropped(self, code: str, flags: list[bool], what: str) -> None:
        self._add(code, "warning", flags, "dropped", f"{what} and were left out", True)


def _composed(texts: list[str], report: _Report, kind: str) -> list[str]:
    """Unicode form NFC: letters that look the same because of composition are the same."""
    composed = [text if text.isascii() else unicodedata.normalize("NFC", text) for text in texts]
    changed = [a != b for a, b in zip(texts, composed)]
    report.changed("unicode_form", changed, f"{kind} ids were brought to Unicode form NFC")
    return composed


def _whole_floats(texts: list[str], report: _Report, kind: str) -> list[str]:
    """'10.0' becomes '10', only where every id of the column is written so."""
    if not texts or not all(_FLOAT_ID.match(text) for text in texts if text) or not any(texts):
        return texts
    report.changed("float_ids", [bool(text) for text in texts], f"{kind} ids end in '.0'; it was removed from all")
    return [text.removesuffix(".0") for text in texts]


def _doubtful(texts: list[str], report: _Report, kind: str) -> None:
    """Ids that are kept as they are and that a person should know of."""
    if pl.Series(texts, dtype=pl.String).str.contains(r"^(0|[1-9]\d*)?$").all():
        return  # plain whole numbers cannot be mistaken for anything
    words = [text.lower() in MISSING_WORDS for text in texts]
    report.kept("missing_words", words, f"rows have a {kind} id that reads like 'missing'; they were kept as text")
    mangled = [bool(_SHORTENED.match(text)) for text in texts]
    said = f"rows have a {kind} id such as 7.65612E+16, as spreadsheets shorten long ones: several may have become one"
    report.kept("shortened_ids", mangled, f"{said}; export them as text")
    invisible = [not text.isascii() and bool(_INVISIBLE.search(text)) for text in texts]
    report.kept("invisible_characters", invisible, f"rows have a {kind} id with invisible characters")
    lower: dict[str, int] = {}
    for text in set(texts):
        lower[text.lower()] = lower.get(text.lower(), 0) + 1
    if len(lower) < len(set(texts)):
        alike = [lower[text.lower()] > 1 for text in texts]
        report.kept("case_variants", alike, f"rows have a {kind} id that differs from another only in case")
    numbers: dict[float, set[str]] = {}
    for text in texts:
        if _NUMBER.match(text) and len(text) < 16:
            numbers.setdefault(float(text), set()).add(text)
    shapes: dict[str, set[str]] = {}
    for text in set(texts):
        shapes.setdefault(text.translate(_LOOKS_LIKE), set()).add(text)
    if len(shapes) < len(set(texts)):
        alike = [len(shapes[text.translate(_LOOKS_LIKE)]) > 1 for text in texts]
        said = f"rows have a {kind} id that looks like another one but is written with letters of another script"
        report.kept("script_lookalikes", alike, said)
    if any(len(forms) > 1 for forms in numbers.values()):
        alike = [bool(_NUMBER.match(t)) and len(t) < 16 and len(numbers[float(t)]) > 1 for t in texts]
        report.kept("number_lookalikes", alike, f"rows have a {kind} id that as a number would equal another")


def _total_row(texts: list[str], report: _Report, counts: IntArray, n_rows: int) -> list[bool]:
    """A last row called TOTAL is a sum, no interaction."""
    total = [False] * len(texts)
    if n_rows:
        last = int(report.codes[-1])
        if texts[last].lower() in _TOTALS and counts[last] == 1:
            total[last] = True
            report.dropped("total_row", total, "rows are totals")
    return total


def need_several(n: int, kind: str, file: str) -> None:
    """DataError where fewer than two users or items are left: there is nothing to recommend."""
    if n < 2:
        raise DataError(
            f"{file} has {n} {kind}{'' if n == 1 else 's'}; a recommender needs at least 2.",
            f"Check which column is the {kind}, and the filters.",
            file=file,
            column=kind,
            value=str(n),
        )
