"""What the texts of an attribute are: numbers, codes, or lists in any of the notations that people's files have."""

from __future__ import annotations

import ast
import re
from typing import Any

import polars as pl

from gnnrec_core.base.checked import parse

MISSING = ("", "na", "n/a", "nan", "null", "<na>")
MOST_CODES = 25
"""Whole numbers with at most so many values, each shared by two entities on average, are codes and no amounts."""
_AMOUNT = re.compile(
    r"(?i)(^|[_ ])(n|num|age|year|price|cost|count|number|amount|income|height|weight|duration|length|minutes|seconds"
    r"|days|size|score|total|sum|quantity|pages|level)s?($|[_ ])"
)
_SEPARATORS = ("|", ";", ",", " / ")
LEAST_LISTS = 0.2
"""Share of the cells that must hold a separator for the column to hold lists."""
_NAMES = ("name", "label", "title", "value", "id")
"""Keys of an object in a list, in the order in which they are taken as its label."""
_LONGEST_LABEL = 60


def typed(column: pl.Series, as_code: bool | None = None) -> pl.Series:
    """The column as what it holds; blanks and words for 'missing' are null.

    Texts that are all numbers become numbers unless writing them back would change them (`007`), or they are codes
    (`as_code`; None: whole numbers with few values are). Lists become lists of labels.
    """
    if column.dtype == pl.List:
        return _labels(column)
    if column.dtype != pl.String:
        if not column.dtype.is_integer():
            return column
        return column.cast(pl.String) if is_code(column, as_code) else column.cast(pl.Int64)
    text = column.str.strip_chars()
    text = text.set(text.str.to_lowercase().is_in(MISSING).fill_null(False), None)
    if not len(text.drop_nulls()):
        return text
    whole = text.cast(pl.Int64, strict=False)
    if whole.null_count() == text.null_count():
        plain = (whole.cast(pl.String) == text).fill_null(True).all()
        return whole if plain and not is_code(whole, as_code) else text
    number = text.cast(pl.Float64, strict=False)
    if number.null_count() == text.null_count() and number.drop_nulls().is_finite().all():
        return text if as_code else number
    if column.name == "title" or as_code:
        return text
    written = _written_lists(text)
    return _split(text) if written is None else written


def is_code(whole: pl.Series, as_code: bool | None) -> bool:
    """Are these whole numbers names of groups (occupation 0 to 20), not amounts?"""
    if as_code is not None:
        return as_code
    if _AMOUNT.search(whole.name):
        return False
    there = whole.drop_nulls()
    n_values = there.n_unique()
    return 2 < n_values <= MOST_CODES and 2 * n_values <= len(there)


def _labels(column: pl.Series) -> pl.Series:
    """A list column as lists of text; objects show their name."""
    if isinstance(column.dtype, pl.List) and isinstance(column.dtype.inner, pl.Struct):
        cells = [None if cell is None else [_label(entry) for entry in cell] for cell in column.to_list()]
        return pl.Series(column.name, cells, dtype=pl.List(pl.String))
    return column.cast(pl.List(pl.String))


def _label(entry: Any) -> str:
    if not isinstance(entry, dict):
        return str(entry)
    found = next((entry[key] for key in _NAMES if entry.get(key) is not None), None)
    return str(next((value for value in entry.values() if value is not None), "") if found is None else found)


def _written_lists(text: pl.Series) -> pl.Series | None:
    """Lists as JSON or Python writes them (`["a", "b"]`, `['a']`, `[{"id": 1, "name": "a"}]`, also `{'a', 'b'}`); None
    where any cell is something else."""
    there = text.drop_nulls()
    if not there.str.contains(r"^[\[({].*[\])}]$").all():
        return None
    known: dict[str, list[str]] = {}
    for cell in there.unique().to_list():
        found = _one_list(cell)
        if found is None:
            return None
        known[cell] = [label for entry in found if (label := _label(entry).strip())]
    return pl.Series(text.name, [known.get(cell) for cell in text.to_list()], dtype=pl.List(pl.String))


def _one_list(cell: str) -> list[Any] | None:
    try:
        found = parse(cell)
    except (ValueError, RecursionError):
        try:
            found = ast.literal_eval(re.sub(r"\bnan\b|\bnull\b", "None", cell))
        except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
            return None
    if isinstance(found, dict):
        return [found] if "name" in found else list(found)
    return list(found) if isinstance(found, list | tuple | set) else None


def _split(text: pl.Series) -> pl.Series:
    """Cells parted by `|`, `;`, `,` as lists, where the parts are labels that come again in other company; else the
    text as it is (`Paris, France` is one place, and a sentence has commas)."""
    there = text.drop_nulls()
    for separator in _SEPARATORS:
        if there.str.contains(separator, literal=True).mean() <= LEAST_LISTS:  # type: ignore[operator]
            continue
        parts = (
            text.str.split(separator)
            .list.eval(pl.element().str.strip_chars())
            .list.eval(pl.element().filter(pl.element() != ""))
        )
        if separator == "|" or _are_labels(there, parts):
            return parts
    return text


def _are_labels(whole: pl.Series, parts: pl.Series) -> bool:
    """Fewer different parts than different cells, short, and most of them in more than one kind of cell."""
    flat = parts.explode(empty_as_null=True).drop_nulls()
    n_parts = flat.n_unique()
    if n_parts > whole.n_unique() or int(flat.str.len_chars().max() or 0) > _LONGEST_LABEL:  # type: ignore[arg-type]
        return False
    return len(flat) >= 2 * n_parts
