"""Conditions on a column, as a person types them: `event_type in purchase,cart`, `rating >= 4`, `label = 1`."""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl

OPERATORS = ("=", "!=", "<", "<=", ">", ">=", "in")
_FORM = re.compile(r"^\s*(?P<column>.+?)\s*(?P<op>!=|<=|>=|==|=|<|>|\s+in(?=[\s(]))\s*(?P<value>.*?)\s*$", re.DOTALL)


@dataclass(frozen=True)
class Condition:
    """`column operator values`; several values only for `in`."""

    column: str
    operator: str
    values: tuple[str, ...]

    @property
    def says(self) -> str:
        """The condition as it would be typed."""
        return f"{self.column} {self.operator} {','.join(self.values)}"


def parse_condition(text: str) -> Condition:
    """The condition that `text` says; ValueError where it says none.

    >>> parse_condition("event_type in purchase, cart")
    Condition(column='event_type', operator='in', values=('purchase', 'cart'))
    >>> parse_condition("rating>=4").says
    'rating >= 4'
    """
    found = _FORM.match(text)
    values = _values(found["value"], found["op"].strip()) if found else ()
    if not found or not values:
        raise ValueError(f"{text!r} is no condition: write COLUMN OP VALUE with one of {' '.join(OPERATORS)}")
    return Condition(found["column"].strip().strip("\"'`"), found["op"].strip().replace("==", "="), values)


def _values(text: str, operator: str) -> tuple[str, ...]:
    parts = text.strip("()[]").split(",") if operator == "in" else [text]
    return tuple(part.strip().strip("\"'") for part in parts if part.strip())


@dataclass(frozen=True)
class Moments:
    """The cells of a column as seconds, and the moment that a condition compares them with."""

    seconds: pl.Series
    limit: int


def fulfilled(condition: Condition, cells: pl.Series, moments: Moments | None = None) -> pl.Series:
    """Which cells fulfil the condition, Boolean without gaps. An empty cell fulfils only `!=`.

    Numbers are compared as numbers (`1` is `1.0`), other text letter for letter; a date as value needs `moments`.
    ValueError where `<` and its kin are asked of text that is neither.
    """
    text = cells.cast(pl.String).fill_null("").str.strip_chars()
    numbers = text.cast(pl.Float64, strict=False)
    if condition.operator in ("=", "!=", "in"):
        same = pl.Series([False]).new_from_index(0, len(text))
        for value in condition.values:
            number = _number(value)
            same = same | (text == value)
            if number is not None:
                same = same | (numbers == number).fill_null(False)
            elif value.lower() in ("true", "false"):
                same = same | (text.str.to_lowercase() == value.lower())
        return ~same if condition.operator == "!=" else same
    limit = _number(condition.values[0])
    if limit is None:
        if moments is None:
            raise ValueError(f"{condition.values[0]!r} is no number, and {condition.column!r} holds no times")
        return _ordered(moments.seconds, condition.operator, moments.limit)
    if numbers.null_count() > (text == "").sum():
        raise ValueError(f"column {condition.column!r} holds text that is no number")
    return _ordered(numbers, condition.operator, limit)


def _ordered(numbers: pl.Series, operator: str, limit: float) -> pl.Series:
    found = {"<": numbers < limit, "<=": numbers <= limit, ">": numbers > limit, ">=": numbers >= limit}[operator]
    return found.fill_null(False)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
