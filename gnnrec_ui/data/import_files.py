"""Several dropped files that are no known layout: which is the log, and what the others say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from gnnrec_core.base.errors import RequestError
from gnnrec_core.base.text import for_label
from gnnrec_core.data.formats import detect
from gnnrec_core.data.options import EDGE_KINDS
from gnnrec_ui.frame import forms

LOG, USERS, ITEMS, UNUSED = "log", "users", "items", "unused"
PARTS = {
    LOG: "The log of interactions",
    USERS: "Attributes of users",
    ITEMS: "Titles and attributes of items",
    **{kind: f"Edges {kind.replace('-', ' to ')}" for kind in EDGE_KINDS},
    UNUSED: "Not used",
}
_HINTS = (
    (USERS, r"user|customer|reader|member|people|person|kunde"),
    ("user-user", r"friend|follow|trust|social"),
    ("item-item", r"similar|related|bought|also"),
    ("item-attribute", r"genre|author|brand|categor|tag"),
    (ITEMS, r"item|movie|book|product|title|artist|catalog|artikel"),
)


def is_unknown_folder(source: Path) -> bool:
    """Are these several files of no layout that a reader knows?"""
    return source.is_dir() and detect(str(source)) == "csv"


def choose_parts(folder: Path) -> tuple[Path, dict[str, Any]]:
    """The log, and the other files as import options; a person may say otherwise than was guessed."""
    files = sorted(file for file in folder.iterdir() if file.is_file())
    guesses = guess_parts(files)
    parts = {}
    for start in range(0, len(files), 3):
        for column, file in zip(st.columns(3), files[start : start + 3], strict=False):
            with column:
                key = f"import_file_{start}_{re.sub('[^A-Za-z0-9]', '_', file.name)}"
                parts[file] = forms.choose(for_label(file.name), tuple(PARTS), key, guesses[file], PARTS.__getitem__)
    return options_of(parts)


def guess_parts(files: Sequence[Path]) -> dict[Path, str]:
    """What each file seems to be by its name; the largest of those that say nothing is the log.

    >>> files = [Path("friends.csv"), Path("users.csv"), Path("x.csv")]
    >>> [part for part in guess_parts(files).values()]
    ['user-user', 'users', 'log']
    """
    found = {
        file: next((part for part, words in _HINTS if re.search(words, file.stem.lower())), UNUSED) for file in files
    }
    silent = [file for file in files if found[file] == UNUSED] or list(files)
    found[max(silent, key=lambda file: file.stat().st_size if file.is_file() else 0)] = LOG
    return found


def options_of(parts: dict[Path, str]) -> tuple[Path, dict[str, Any]]:
    """The log and the import options. RequestError where there is not one log, or two files of the same attributes."""
    by_part = {part: [file for file, other in parts.items() if other == part] for part in PARTS}
    for part in (LOG, USERS, ITEMS):
        if len(by_part[part]) > 1 or (part == LOG and not by_part[part]):
            raise RequestError(
                f"{len(by_part[part])} of the dropped files are “{PARTS[part].lower()}”.",
                "Choose one file for it, and what the others are.",
            )
    options: dict[str, Any] = {part: str(by_part[part][0]) for part in (USERS, ITEMS) if by_part[part]}
    edges = tuple({"path": str(file), "kind": kind} for kind in EDGE_KINDS for file in by_part[kind])
    return by_part[LOG][0], options | ({"edges": edges} if edges else {})
