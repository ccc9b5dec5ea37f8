"""What a run says of itself that was made from another: its update, or what it has forgotten, as it lies on disk."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, TypeVar

from gnnrec_core.base.checked import Form, parse, read_bytes
from gnnrec_core.base.errors import RequestError, RunError
from gnnrec_core.change.forgetting import RECEIPT, Receipt
from gnnrec_core.change.updating import NOTE, Update
from gnnrec_core.runs.run import Run

T = TypeVar("T")
_UPDATE = Form(Update, RunError, "Update the run again.")
_RECEIPT = Form(Receipt, RunError, "Let the run forget again.")


def update_of(run: Run) -> Update:
    """What the update that made this run did. RequestError where none made it, RunError where the file is damaged."""
    return _read(_UPDATE, run, NOTE, "an update", "Name a run that `update` has made.")


def receipt_of(run: Run) -> Receipt:
    """What this run has forgotten. RequestError where nothing was, RunError where the file is damaged."""
    return _read(_RECEIPT, run, RECEIPT, "forgetting", "Name a run that `forget` has made.")


def _read(form: Form[T], run: Run, name: str, how: str, hint: str) -> T:
    path = run.place / name if run.folder is not None else Path(name)
    if run.folder is None or not path.is_file():
        raise RequestError(f"The run {run.name} was not made by {how}.", hint, value=run.name)
    try:
        return form.check(_figures(parse(read_bytes(path))), str(path))
    except (OSError, ValueError) as error:
        raise form.damaged(str(path), str(error)) from error


def _figures(value: Any) -> Any:
    """Figures without a value or interval have null there in JSON."""
    if isinstance(value, list):
        return [_figures(each) for each in value]
    if not isinstance(value, dict):
        return value
    is_figure = {"value", "low", "high"} <= value.keys()
    return {name: math.nan if is_figure and each is None else _figures(each) for name, each in value.items()}
