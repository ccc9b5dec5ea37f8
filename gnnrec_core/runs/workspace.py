"""The workspace: where datasets and runs lie. Entries have generated ids; display names never become paths.

`GNNREC_HOME` names the folder (default: `base.places.default_home`): `datasets/ID`, `runs/ID`, `staging/` for
imports that nobody has stored yet, `trash/` for what was deleted and can be brought back. The shipped sample is
listed first and cannot be changed. With `GNNREC_READ_ONLY=1` nothing can be changed at all. `GNNREC_OPEN` names run
folders elsewhere (what `gnnrec app RUN` was given): they and their datasets are listed before all others.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

from gnnrec_core.base import clock
from gnnrec_core.base.errors import LensError, RequestError, RunError
from gnnrec_core.base.files import sweep_temporaries, write_json
from gnnrec_core.base.places import PROJECT, default_home
from gnnrec_core.data.card import CARD, write_card
from gnnrec_core.models import MODELS
from gnnrec_core.runs.entries import DatasetEntry, E, Kind, Origin, RunEntry, Trashed, pick, refuse_busy
from gnnrec_core.runs.record import RunRecord, dataset_folder

SAMPLE = PROJECT / "sample_data"
SAMPLE_DATASET = "classics"
NAME_LENGTH = 120
NOTES_LENGTH = 4_000
READ_ONLY = ("This server is read-only.", "Run the app on your own machine to import data and to train.")
"""What is said to whoever would change something, and what to do."""


@dataclass(frozen=True)
class Workspace:
    """All datasets and runs under `home`, the shipped ones under `sample`, and run folders that were `opened`."""

    home: Path
    sample: Path = SAMPLE
    read_only: bool = False
    opened: tuple[Path, ...] = ()
    refusal: tuple[str, str] = READ_ONLY

    def datasets(self) -> tuple[DatasetEntry, ...]:
        """All readable datasets: the shipped one first, then the newest first."""
        entries = [self._dataset(folder, origin) for folder, origin in self._folders("datasets")]
        return tuple(entry for entry in entries if isinstance(entry, DatasetEntry))

    def runs(self, fingerprint: str | None = None) -> tuple[RunEntry, ...]:
        """All readable runs (of the data with this `fingerprint`): shipped ones first, then the newest first."""
        entries = [self._run(folder, origin) for folder, origin in self._folders("runs")]
        return tuple(
            entry
            for entry in entries
            if isinstance(entry, RunEntry) and fingerprint in (None, entry.record.dataset_fingerprint)
        )

    def orphans(self) -> tuple[RunEntry, ...]:
        """Runs whose data no dataset here holds any more: they were imported again with other rows, or deleted."""
        held = {entry.fingerprint for entry in self.datasets()}
        return tuple(run for run in self.runs() if run.record.dataset_fingerprint not in held)

    def damaged(self, *kinds: Kind) -> tuple[tuple[Path, LensError], ...]:
        """Folders (of these kinds) that cannot be read, and why; nothing is left out of the lists in silence."""
        read = {"datasets": self._dataset, "runs": self._run}
        found = [
            (folder, read[kind](folder, origin))
            for kind in kinds or get_args(Kind)
            for folder, origin in self._folders(kind)
        ]
        return tuple((folder, entry) for folder, entry in found if isinstance(entry, LensError))

    def discard_damaged(self, kind: Kind, name: str) -> Trashed:
        """Move a folder that cannot be read to the trash. RequestError where no damaged folder has that name."""
        self.check_writable()
        for folder, _ in self.damaged(kind):
            if folder.name == name and folder.parent == self.home / kind:
                return self._to_trash(kind, folder)
        raise RequestError(f"There is nothing damaged named {name!r}.", "Reload the page.", value=name)

    def dataset(self, dataset_id: str) -> DatasetEntry:
        """The dataset with that id; RequestError that suggests near ids. The text given is never used as a path."""
        return pick(self.datasets(), dataset_id, "dataset")

    def run(self, run_id: str) -> RunEntry:
        """The run with that id; RequestError that suggests near ids. The text given is never used as a path."""
        return pick(self.runs(), run_id, "run")

    def dataset_of(self, run: RunEntry) -> DatasetEntry:
        """The dataset that holds the data of `run`; RunError where none does."""
        for entry in self.datasets():
            if entry.fingerprint == run.record.dataset_fingerprint:
                return entry
        raise RunError(
            f"The data of the run {run.id} ({run.record.dataset_name!r}) is no longer in the workspace.",
            "Import the same source again, or delete the run.",
            value=run.id,
        )

    def new_folder_for(self, kind: Kind) -> Path:
        """A path under a fresh id, which does not exist yet; its parent does."""
        self.check_writable()
        parent = self.home / kind
        parent.mkdir(parents=True, exist_ok=True)
        return parent / new_id(kind[0])

    def new_staging(self) -> Path:
        """A fresh private folder for an import that is not stored yet; stale ones of others are swept."""
        self.check_writable()
        parent = self.home / "staging"
        parent.mkdir(parents=True, exist_ok=True)
        sweep(parent, older_than=24 * 3600)
        folder = parent / clock.stamped("s")  # whoever knows it can see the import
        folder.mkdir(mode=0o700)
        return folder

    def staging(self, token: str) -> Path:
        """The staging folder with that id; RequestError where it is gone."""
        parent = self.home / "staging"
        for folder in sorted(parent.iterdir()) if parent.is_dir() else ():
            if folder.name == token:
                return folder
        raise RequestError("This import is no longer at hand.", "Drop the file again.", value=token)

    def discard_staging(self, token: str) -> None:
        """Remove a staging folder with all that lies in it."""
        self.check_writable()
        shutil.rmtree(self.staging(token))

    def tidy(self) -> None:
        """Remove what a killed server or training left behind; for the start of a server. Nothing that is shown."""
        if self.read_only or not self.home.is_dir():
            return
        if (self.home / "staging").is_dir():
            sweep(self.home / "staging", older_than=24 * 3600)
        sweep_temporaries(self.home)

    def store_dataset(self, staged: Path, name: str) -> DatasetEntry:
        """Move a dataset folder from staging into the workspace under a fresh id, with `name` for display."""
        target = self.new_folder_for("datasets")
        write_card(staged, {**CARD.read(staged / "dataset.json"), "name": _display_name(name)})
        staged.replace(target)
        return self.dataset(target.name)

    def rename_dataset(self, dataset_id: str, name: str) -> None:
        """Give a dataset another display name; the data and their fingerprint stay."""
        entry = self._changeable(self.dataset(dataset_id))
        write_card(entry.folder, {**entry.card, "name": _display_name(name)})

    def note_run(self, run_id: str, notes: str) -> None:
        """Replace the notes of a run that is not being trained."""
        entry = self._changeable(self.run(run_id))
        refuse_busy(entry)
        if len(notes) > NOTES_LENGTH:
            raise RequestError(f"Notes have {len(notes):,} characters.", f"At most {NOTES_LENGTH:,} fit.")
        write_json(entry.folder / "run.json", replace(entry.record, notes=notes).to_dict())

    def delete_run(self, run_id: str) -> Trashed:
        """Move a run to the trash; RequestError for a shipped run and for one that is being trained."""
        entry = self._changeable(self.run(run_id))
        refuse_busy(entry)
        return self._to_trash("runs", entry.folder)

    def delete_dataset(self, dataset_id: str) -> Trashed:
        """Move a dataset to the trash; RequestError while runs need it."""
        entry = self._changeable(self.dataset(dataset_id))
        others = [other for other in self.datasets() if other.fingerprint == entry.fingerprint and other != entry]
        needing = self.runs(entry.fingerprint)
        if needing and not others:
            raise RequestError(
                f"{len(needing)} run{'s' if len(needing) > 1 else ''} need the dataset {entry.name!r}.",
                "Delete them first: " + ", ".join(run.id for run in needing[:5]) + ".",
                value=dataset_id,
            )
        return self._to_trash("datasets", entry.folder)

    def trash(self) -> tuple[Trashed, ...]:
        """What can be brought back, the newest first."""
        found = []
        for folder in (self.home / "trash").glob("*/*/*"):
            kind: Kind = "runs" if folder.parent.name == "runs" else "datasets"
            stamp = datetime.fromtimestamp(folder.parents[1].stat().st_mtime, UTC)
            found.append(Trashed(folder.parents[1].name, kind, folder.name, stamp))
        return tuple(sorted(found, key=lambda entry: (entry.deleted, entry.token), reverse=True))

    def restore(self, token: str) -> Trashed:
        """Bring back what `delete_run` or `delete_dataset` moved away."""
        self.check_writable()
        for entry in self.trash():
            if entry.token == token:
                source = self.home / "trash" / entry.token / entry.kind / entry.id
                source.replace(self.home / entry.kind / entry.id)
                shutil.rmtree(self.home / "trash" / entry.token)
                return entry
        raise RequestError("There is nothing to bring back.", "It was brought back already, or the trash was emptied.")

    def empty_trash(self) -> int:
        """Remove for good what was deleted; the number of entries removed."""
        self.check_writable()
        entries = self.trash()
        for entry in entries:
            shutil.rmtree(self.home / "trash" / entry.token)
        return len(entries)

    def check_writable(self) -> None:
        """RequestError with the `refusal` on a read-only server, and for those who may only look."""
        if self.read_only:
            raise RequestError(*self.refusal)

    def _changeable(self, entry: E) -> E:
        self.check_writable()
        if entry.shipped:
            raise RequestError(f"{entry.id!r} belongs to the shipped sample and stays as it is.", "")
        if entry.origin == "opened":
            raise RequestError(
                f"{entry.id!r} was opened from a folder outside the workspace and stays as it is.",
                "Change it where it lies.",
            )
        return entry

    def _to_trash(self, kind: Kind, folder: Path) -> Trashed:
        token = new_id("t")
        target = self.home / "trash" / token / kind / folder.name
        target.parent.mkdir(parents=True)
        folder.replace(target)
        return Trashed(token, kind, folder.name, datetime.now(UTC))

    def _folders(self, kind: str) -> Iterator[tuple[Path, Origin]]:
        shipped = [self.sample / SAMPLE_DATASET] if kind == "datasets" else _shipped_runs(self.sample / "runs")
        card = {"datasets": "dataset.json", "runs": "run.json"}[kind]
        opened = list(self.opened) if kind == "runs" else _datasets_of(self.opened)
        origins: tuple[tuple[Origin, list[Path]], ...] = (("opened", opened), ("shipped", shipped))
        for origin, folders in origins:
            for folder in folders:
                if (folder / card).is_file():
                    yield folder, origin
        for folder in sorted((path.parent for path in (self.home / kind).glob(f"*/{card}")), reverse=True):
            if not folder.name.startswith("."):
                yield folder, "own"

    def _dataset(self, folder: Path, origin: Origin) -> DatasetEntry | LensError:
        try:
            return DatasetEntry(folder.name, folder, CARD.read(folder / "dataset.json"), origin)
        except LensError as error:
            return error

    def _run(self, folder: Path, origin: Origin) -> RunEntry | LensError:
        try:
            return RunEntry(folder.name, folder, RunRecord.read(folder), origin)
        except LensError as error:
            return error


def workspace() -> Workspace:
    """The workspace that the environment names."""
    home = Path(os.environ.get("GNNREC_HOME") or default_home()).expanduser().resolve()
    opened = [Path(name) for name in os.environ.get("GNNREC_OPEN", "").split(os.pathsep) if name]
    return Workspace(home, read_only=os.environ.get("GNNREC_READ_ONLY", "") not in ("", "0"), opened=tuple(opened))


def _datasets_of(runs: tuple[Path, ...]) -> list[Path]:
    """The dataset folders of these runs, each once; what is gone meanwhile is left out, and its run says so."""
    found: list[Path] = []
    for run in runs:
        with suppress(LensError):
            folder = dataset_folder(run)
            if folder not in found:
                found.append(folder)
    return found


def new_id(letter: str) -> str:
    """A fresh id that sorts by time: `r-20261121-225430-9f3a1c`."""
    return f"{letter}-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


def sweep(parent: Path, older_than: float) -> None:
    """Remove the folders in `parent` that are older than so many seconds, whatever the clock has been set to."""
    for folder in parent.iterdir():
        if clock.age(folder) > older_than:
            shutil.rmtree(folder, ignore_errors=True)


def _shipped_runs(folder: Path) -> list[Path]:
    """In the order in which the models are registered, so that the first one opens first."""
    places = {name: place for place, name in enumerate(MODELS.names)}
    found = [path for path in folder.iterdir() if path.is_dir()] if folder.is_dir() else []
    return sorted(found, key=lambda path: (places.get(path.name, len(places)), path.name))


def _display_name(name: str) -> str:
    cleaned = " ".join(name.split())
    if not 1 <= len(cleaned) <= NAME_LENGTH:
        raise RequestError(f"A name has 1 to {NAME_LENGTH} characters.", "Type another name.", value=cleaned)
    return cleaned
