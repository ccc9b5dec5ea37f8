"""`history.jsonl`: one line an epoch, readable while training goes on."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from gnnrec_core.base.checked import Form
from gnnrec_core.base.errors import RunError
from gnnrec_core.base.files import append_line, write_bytes
from gnnrec_core.models.protocol import Epoch

NAME = "history.jsonl"
FORM = Form(Epoch, RunError, "Train the run again.", most_bytes=64 * 2**20)


def append_epoch(folder: Path, epoch: Epoch) -> None:
    """Add one line, durably."""
    append_line(folder / NAME, json.dumps(asdict(epoch), allow_nan=False))


def read_history(folder: Path) -> tuple[Epoch, ...]:
    """The epochs so far; a last line that is not whole yet (or was cut by a crash) is left out.

    RunError where another line is no epoch.
    """
    return FORM.lines(folder / NAME, whole=False)


def cut_history(folder: Path, last: int) -> tuple[Epoch, ...]:
    """Keep the epochs up to number `last` only, and return them."""
    kept = tuple(epoch for epoch in read_history(folder) if epoch.epoch <= last)
    write_bytes(folder / NAME, "".join(json.dumps(asdict(epoch)) + "\n" for epoch in kept).encode())
    return kept
