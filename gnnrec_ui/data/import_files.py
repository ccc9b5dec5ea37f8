"""Several dropped files that are no known layout: which is the log, and what the others say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import streamlit as st

from gnnrec_core.base.errors import RequestError
from gnnrec_core.base.text import for_label
from gnnrec_core.data.formats import detect
from gnnrec_core.data.formats.folder import ITEMS, LOG, UNUSED, USERS, parts_by_name
from gnnrec_core.data.options import EDGE_KINDS
from gnnrec_ui.frame import forms

PARTS: dict[str, str] = {
    LOG: "The log of interactions, or a piece of it",
    USERS: "Attributes of people",
    ITEMS: "Titles and attributes of items",
    **{kind: f"Edges {kind.replace('-', ' to ')}" for kind in EDGE_KINDS},
    UNUSED: "Not used",
}


def is_unknown_folder(source: Path) -> bool:
    """Are these several files of no layout that a reader knows?"""
    return source.is_dir() and detect(str(source)) == "folder"


def choose_parts(folder: Path) -> tuple[Path, dict[str, Any]]:
    """The log, and the other files as import options; a person may say otherwise than was guessed."""
    files = sorted(file for file in folder.iterdir() if file.is_file())
    guesses = parts_by_name(files)
    parts = {}
    for start in range(0, len(files), 3):
        for column, file in zip(st.columns(3), files[start : start + 3], strict=False):
            with column:
                key = f"import_file_{start}_{re.sub('[^A-Za-z0-9]', '_', file.name)}"
                parts[file] = forms.choose(for_label(file.name), tuple(PARTS), key, guesses[file], PARTS.__getitem__)
    return options_of(parts)


def options_of(parts: dict[Path, str]) -> tuple[Path, dict[str, Any]]:
    """The log and the import options; of several pieces of one log, their folder. RequestError where there is no log,
    or two files of the same attributes."""
    by_part = {part: [file for file, other in parts.items() if other == part] for part in PARTS}
    for part in (LOG, USERS, ITEMS):
        n = len(by_part[part])
        if (n > 1 and part != LOG) or (n == 0 and part == LOG):
            raise RequestError(
                f"{n} of the dropped files are “{PARTS[part].lower()}”.",
                "Choose one file for it, and what the others are.",
            )
    if len(by_part[LOG]) > 1:
        return by_part[LOG][0].parent, {"files": tuple((file.name, part) for file, part in parts.items())}
    options: dict[str, Any] = {part: str(by_part[part][0]) for part in (USERS, ITEMS) if by_part[part]}
    edges = tuple({"path": str(file), "kind": kind} for kind in EDGE_KINDS for file in by_part[kind])
    return by_part[LOG][0], options | ({"edges": edges} if edges else {})
