"""`history.jsonl`: one line an epoch, readable while training goes on."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from gnnrec_core.base.files import append_line, write_bytes
from gnnrec_core.models.protocol import Epoch

NAME = "history.jsonl"


def append_epoch(folder: Path, epoch: Epoch) -> None:
    """Add one line, durably."""
    append_line(folder / NAME, json.dumps(asdict(epoch)))


def read_history(folder: Path) -> tuple[Epoch, ...]:
    """The epochs so far; a last line that is not whole yet (or was cut by a crash) is left out."""
    path = folder / NAME
    if not path.is_file():
        return ()
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return tuple(Epoch(**json.loads(line)) for line in lines if line.endswith("\n"))


def cut_history(folder: Path, last: int) -> tuple[Epoch, ...]:
    """Keep the epochs up to number `last` only, and return them."""
    kept = tuple(epoch for epoch in read_history(folder) if epoch.epoch <= last)
    write_bytes(folder / NAME, "".join(json.dumps(asdict(epoch)) + "\n" for epoch in kept).encode())
    return kept
