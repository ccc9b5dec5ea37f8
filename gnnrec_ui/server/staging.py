"""Files that somebody dropped, kept in a private folder under a generated id until they are stored or swept."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from gnnrec_core.base.errors import RequestError
from gnnrec_core.base.files import write_bytes
from gnnrec_core.runs.workspace import Workspace

MOST_BYTES = 500 * 2**20
MOST_FILES = 12
_RESERVED = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)


class Upload(Protocol):
    """What Streamlit gives for a dropped file."""

    @property
    def name(self) -> str:
        """What the file is called where it comes from."""
        ...

    @property
    def size(self) -> int:
        """Bytes."""
        ...

    def getbuffer(self) -> memoryview:
        """The content."""
        ...


def stage(place: Workspace, uploads: Sequence[Upload]) -> str:
    """Write the files to a fresh staging folder; returns its token. RequestError where they are too many or too big."""
    total = sum(upload.size for upload in uploads)
    if len(uploads) > MOST_FILES or total > MOST_BYTES:
        raise RequestError(
            f"{len(uploads)} files with {total / 2**20:,.0f} MiB are too much to drop here.",
            f"At most {MOST_FILES} files and {MOST_BYTES // 2**20} MiB; import larger ones with `gnnrec data import`.",
        )
    folder = place.new_staging()
    (folder / "source").mkdir()
    for upload, name in zip(uploads, plain_names(uploads), strict=True):
        write_bytes(folder / "source" / name, upload.getbuffer())
    return folder.name


def plain_names(uploads: Sequence[Upload]) -> list[str]:
    """The file name that each upload gets in its staging folder; no name stands twice."""
    names: list[str] = []
    for number, upload in enumerate(uploads):
        name = safe_name(upload.name, number)
        names.append(f"{number}_{name}" if name in names else name)
    return names


@dataclass(frozen=True)
class StagedFile:
    """A file that was dropped before and lies in a staging folder: an `Upload` that takes no memory."""

    name: str
    path: Path

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return self.path.stat().st_size

    def getbuffer(self) -> memoryview:
        """The content."""
        return memoryview(self.path.read_bytes())


def source_of(staged: Path) -> Path:
    """What to import: the one file, or the folder of several."""
    files = sorted((staged / "source").iterdir())
    return files[0] if len(files) == 1 else staged / "source"


def safe_name(name: str, number: int) -> str:
    """A plain file name that keeps what readers look at (`u.data`, `ratings.csv`), and nothing that a path could be.

    >>> safe_name("../../u.data", 0), safe_name("..", 1), safe_name("CON.csv", 2), safe_name("ml 100k.inter", 3)
    ('u.data', 'file_1', 'file_2_CON.csv', 'ml_100k.inter')
    """
    last = re.split(r"[/\\]", name)[-1]
    kept = re.sub(r"[^A-Za-z0-9._-]+", "_", last).lstrip("._-")[-80:].lstrip("._-").rstrip(".")
    if not kept:
        return f"file_{number}"
    return f"file_{number}_{kept}" if _RESERVED.match(kept) else kept
