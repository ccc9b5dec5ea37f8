"""One way to offer a file: made when somebody asks for it, its kind told by its name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from pathlib import PurePath

import streamlit as st

KINDS = {
    ".csv": "text/csv",
    ".gexf": "application/xml",
    ".graphml": "application/xml",
    ".html": "text/html",
    ".json": "application/json",
}
ICON = ":material/download:"
MOST_LETTERS = 100


def named(*parts: object, ending: str) -> str:
    """A file name that says what the file holds, of plain letters.

    >>> named("audit", "LightGCN · shipped", "by region", ending=".html")
    'audit-lightgcn-shipped-by-region.html'
    """
    words = re.findall(r"[a-z0-9]+", unicodedata.normalize("NFKD", " ".join(map(str, parts))).lower())
    return f"{'-'.join(words)[:MOST_LETTERS].strip('-') or 'file'}{ending}"


def download(
    label: str,
    make: Callable[[], str | bytes],
    file: str,
    icon: str = ICON,
    is_quiet: bool = True,
    key: str | None = None,
) -> None:
    """A button that saves what `make` gives as `file`; `is_quiet` draws it as a link does.

    KeyError for an ending that `KINDS` does not have.
    """
    st.download_button(
        label,
        make,
        file,
        KINDS[PurePath(file).suffix],
        key=key,
        on_click="ignore",
        type="tertiary" if is_quiet else "secondary",
        icon=icon,
    )
