"""Entries of the workspace: a dataset, a run, something in the trash, as they stand in lists."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, TypeVar

from gnnrec_core.base.errors import RequestError
from gnnrec_core.base.registry import did_you_mean
from gnnrec_core.data.card import DatasetCard
from gnnrec_core.runs.record import RunRecord

Kind = Literal["datasets", "runs"]
Origin = Literal["shipped", "opened", "own"]


class _Entry:
    """What datasets and runs in a list share."""

    origin: Origin

    @property
    def shipped(self) -> bool:
        """Whether it belongs to the sample."""
        return self.origin == "shipped"


@dataclass(frozen=True)
class DatasetEntry(_Entry):
    """A stored dataset; `card` is its `dataset.json`."""

    id: str
    folder: Path
    card: DatasetCard
    origin: Origin

    @property
    def name(self) -> str:
        """What people call it."""
        return self.card["name"]

    @property
    def fingerprint(self) -> str:
        """Which data it holds; runs are tied to it."""
        return self.card["fingerprint"]


@dataclass(frozen=True)
class RunEntry(_Entry):
    """A run folder with its `run.json`, whatever its state."""

    id: str
    folder: Path
    record: RunRecord
    origin: Origin

    @property
    def is_usable(self) -> bool:
        """Whether there is a trained model: the run has ended, or was cancelled and kept its best epoch."""
        return self.record.state in ("finished", "cancelled") and (self.folder / "model.safetensors").is_file()


E = TypeVar("E", DatasetEntry, RunEntry)


@dataclass(frozen=True)
class Trashed:
    """Something deleted that `restore(token)` brings back."""

    token: str
    kind: Kind
    id: str
    deleted: datetime


def pick(entries: tuple[E, ...], wanted: str, kind: str) -> E:
    """The entry with that id; RequestError that suggests near ids. The text given is never used as a path."""
    for entry in entries:
        if entry.id == wanted:
            return entry
    raise RequestError(
        f"There is no {kind} {wanted!r}.", did_you_mean(wanted, [entry.id for entry in entries]), value=wanted
    )


def refuse_busy(entry: RunEntry) -> None:
    """RequestError for a run that is being trained."""
    if entry.record.state in ("queued", "running"):
        raise RequestError(f"The run {entry.id} is being trained.", "Cancel it first.", value=entry.id)
