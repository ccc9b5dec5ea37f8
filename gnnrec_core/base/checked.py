"""The one reader of JSON that lies on disk or comes from another process: what is there is input, whoever wrote it.

Size, depth, repeated names, numbers that are none, types and ranges are looked at before anybody uses a value. A `Form`
says what a file must hold; whatever else stands there is one sentence with a hint, of the form's own kind of error.
"""

from __future__ import annotations

import errno
import json
import math
import os
import re
import reprlib
import stat
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Generic, TypeVar

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from gnnrec_core.base.errors import LensError
from gnnrec_core.base.files import stamp

T = TypeVar("T")
MOST_BYTES = 16 * 2**20
MOST_DEPTH = 32
STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
"""The pydantic configuration of a value that stands in a file: nothing unknown, nothing converted, all finite."""

Count = Annotated[int, Field(ge=0, le=2**40)]
"""How many of something there are."""
Moment = Annotated[float, Field(ge=0, le=253_402_300_799)]
"""Seconds since 1970, up to the year 9999."""
ProcessNumber = Annotated[int, Field(ge=0, le=2**31 - 1)]

_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"|([\[{])|([\]}])', re.DOTALL)


def parse(content: bytes | str, most_bytes: int = MOST_BYTES) -> Any:
    """The JSON value that `content` holds.

    Raises ValueError with a short reason where it is too long, no UTF-8, no JSON, nested deeper than `MOST_DEPTH`, has
    one name twice in an object, or holds a number that is not finite.
    """
    if len(content) > most_bytes:
        raise ValueError(f"it has more than {most_bytes:,} bytes")
    try:
        text = content if isinstance(content, str) else content.decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8 text") from None
    _refuse_depth(text)
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_number, parse_float=_finite)
    except json.JSONDecodeError as error:
        raise ValueError(f"it is not JSON (line {error.lineno}, column {error.colno}: {error.msg})") from None


def open_file(path: Path) -> BinaryIO:
    """`path`, opened for reading. OSError also where it is no plain file: whoever reads a pipe waits for ever."""

    def opener(name: str, flags: int) -> int:
        handle = os.open(name, flags | getattr(os, "O_NONBLOCK", 0))
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise OSError(errno.EINVAL, "it is no plain file", name)
        return handle

    return open(path, "rb", opener=opener)


def read_bytes(path: Path, most_bytes: int = MOST_BYTES) -> bytes:
    """All bytes of `path`. OSError where it cannot be read, ValueError where it has more than `most_bytes`."""
    with open_file(path) as file:
        content = file.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise ValueError(f"it has more than {most_bytes:,} bytes")
    return content


@dataclass(frozen=True)
class Form(Generic[T]):
    """What a JSON file must hold: a value of `kind` (a dataclass or TypedDict with types and ranges).

    Where it does not, `error` is raised with `hint`. With a `version` the file is an object whose `format_version` is
    at most that; it is no part of the value.
    """

    kind: type[T]
    error: type[LensError]
    hint: str
    version: int | None = None
    most_bytes: int = MOST_BYTES

    def read(self, path: Path) -> T:
        """The value in `path`, read once for each time that the file was written."""
        try:
            value: T = _read(self, path, stamp(path))
            return value
        except OSError as error:
            raise self.damaged(str(path), error.strerror or "it cannot be read") from error

    def of(self, content: bytes | str, where: str) -> T:
        """The value that `content` holds; `where` names it in errors."""
        try:
            value = parse(content, self.most_bytes)
        except ValueError as error:
            raise self.damaged(where, str(error)) from error
        return self.check(value, where)

    def check(self, value: Any, where: str) -> T:
        """`value`, as `parse` gave it, with its types and ranges checked."""
        if self.version is not None:
            value = self._of_this_version(value, where)
        try:
            checked: T = _adapter(self.kind).validate_json(json.dumps(value))  # type: ignore[arg-type]
        except ValidationError as error:
            raise self.damaged(where, _first(error)) from None
        return checked

    def lines(self, path: Path, whole: bool = True) -> tuple[T, ...]:
        """The values of a file of one JSON value a line; without `whole` a last line that has no end is left out.

        A file that is not there holds none.
        """
        try:
            text = read_bytes(path, self.most_bytes).decode("utf-8")
        except FileNotFoundError:
            return ()
        except (OSError, ValueError) as error:
            raise self.damaged(str(path), getattr(error, "strerror", None) or str(error)) from error
        lines = text.split("\n")
        rest = lines.pop()
        lines += [rest] if whole and rest else []
        return tuple(self.of(line, f"Line {number} of {path}") for number, line in enumerate(lines, start=1))

    def damaged(self, where: str, why: str) -> LensError:
        """The error for a file that holds something else."""
        return self.error(f"{where} is damaged: {why}.", self.hint, file=where)

    def _of_this_version(self, value: Any, where: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self.damaged(where, f"it holds {reprlib.repr(value)}, not an object")
        version = value.get("format_version")
        if type(version) is not int or version < 1:
            raise self.damaged(where, f"its format_version is {reprlib.repr(version)}")
        if version > (self.version or 0):
            raise self.error(
                f"{where} has format {version}; we read up to {self.version}.", "Update GNNRec Lens.", file=where
            )
        return {name: each for name, each in value.items() if name != "format_version"}


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


@lru_cache(maxsize=2000)
def _read(form: Form[Any], path: Path, written: tuple[int, int, int]) -> Any:
    """Pages list all runs at each click, so a file is read once for each time that it was `written`."""
    try:
        content = read_bytes(path, form.most_bytes)
    except ValueError as error:
        raise form.damaged(str(path), str(error)) from error
    return form.of(content, str(path))


def _first(error: ValidationError) -> str:
    """The first thing that does not fit, in words."""
    found = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in found["loc"])
    said = f"{found['msg'][:1].lower()}{found['msg'][1:]}"
    return f"{place or 'its content'} {said} (found {reprlib.repr(found.get('input'))})"


def _refuse_depth(text: str) -> None:
    if text.count("[") + text.count("{") <= MOST_DEPTH:
        return
    depth = 0
    for found in _BRACKETS.finditer(text):
        depth += (found[1] is not None) - (found[2] is not None)
        if depth > MOST_DEPTH:
            raise ValueError(f"it is nested more than {MOST_DEPTH} deep")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a name stands twice in an object")
    return result


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is not a number that JSON knows")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:20]} is too large a number")
    return value
