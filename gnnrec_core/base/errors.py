"""Every error that is raised on purpose: one sentence on what is wrong, one on what to do."""

from __future__ import annotations

from typing import Any


class LensError(Exception):
    """The base of all our errors. `message` says what is wrong, `hint` what to do, `details` where.

    The command line turns one into exit code 2; a page turns one into a red sentence with its hint.
    `details` holds what a program may want: for data errors `file`, `line`, `column`, `value`.
    """

    def __init__(self, message: str, hint: str = "", **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details = details

    @property
    def type(self) -> str:
        """The name that stands in `{"error": {"type": ...}}`."""
        return type(self).__name__

    def to_dict(self) -> dict[str, Any]:
        """The `error` object of the contract."""
        return {"type": self.type, "message": self.message, "hint": self.hint, "details": self.details}


class DataError(LensError):
    """A file or a table that a person gave cannot be used as it is."""


class RequestError(LensError):
    """An argument is wrong: an unknown id, a value out of range, a path that exists already."""


class RunError(LensError):
    """A run folder is missing, damaged, or belongs to other data."""


class UnsupportedError(LensError):
    """A method cannot serve this model or this data; the message gives the reason."""


class CancelledError(LensError):
    """A person or a time limit stopped long work; what was best so far has been kept."""


def error_from(content: dict[str, Any]) -> LensError:
    """The error that `to_dict` told, of its type: what another process of ours has raised. LensError where the type is
    not known here."""
    kinds = {kind.__name__: kind for kind in LensError.__subclasses__()}
    return kinds.get(content["type"], LensError)(content["message"], content["hint"], **content["details"])
