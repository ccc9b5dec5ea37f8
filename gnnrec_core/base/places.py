"""Where our own files lie (app, pages, sample), and where a person's datasets and runs go unless they say otherwise."""

from __future__ import annotations

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]
_IN_WHEEL = _PACKAGE / "shipped"

PROJECT = _IN_WHEEL if _IN_WHEEL.is_dir() else _PACKAGE.parent
"""The folder with `app.py`, `pages/` and `sample_data/`: the checkout, or a folder inside the installed package."""


def default_home() -> Path:
    """The workspace where `GNNREC_HOME` names none: `workspace/` in a checkout, else the user's data folder."""
    if PROJECT != _IN_WHEEL:
        return PROJECT / "workspace"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "gnnrec-lens"
