"""What a person gave on the command line: lists of ids, and options that would be passed over in silence."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterable

from gnnrec_core.base.errors import RequestError


def ids_of(text: str | None) -> list[str]:
    """The ids of "A,B" as a row of CSV, so that an id in quotes may hold a comma; none where the option was not given.
    RequestError where it holds none.

    >>> ids_of('a, b,"c, d"')
    ['a', 'b', 'c, d']
    """
    row = next(csv.reader([text or ""], skipinitialspace=True), [])
    found = [word.strip() for word in row if word.strip()]
    if text is not None and not found:
        raise RequestError(f"{text!r} names no id.", "Write ID,ID, or leave it out.", value=text)
    return found


def pair_of(text: str, example: str) -> tuple[str, str]:
    """NAME and VALUE of "NAME=VALUE". RequestError that shows how, with the `example`, where it is none."""
    name, equals, value = (part.strip() for part in text.partition("="))
    if not (name and equals and value):
        raise RequestError(f"{text!r} is no pair of a name and a value.", f"Write {example}.", value=text)
    return name, value


def refuse_unused(arguments: argparse.Namespace, names: Iterable[str], why: str, hint: str) -> None:
    """RequestError where one of these options was given although it says nothing here (their defaults are empty)."""
    for name in names:
        value = getattr(arguments, name)
        if value is not None and value is not False and value != []:
            raise RequestError(f"--{name.replace('_', '-')} says nothing {why}.", hint, value=str(value))
