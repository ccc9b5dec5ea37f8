"""What the sections of the Decide page share: reports to take away, logs that are dropped."""

from __future__ import annotations

import tempfile
from hashlib import sha256
from pathlib import Path

import polars as pl
import streamlit as st

from gnnrec_core.base.errors import DataError
from gnnrec_core.base.files import write_bytes
from gnnrec_core.base.text import clean
from gnnrec_core.render import html
from gnnrec_core.render.blocks import Section
from gnnrec_core.runs.bringing.list_tables import SCANNERS, table_of
from gnnrec_ui.frame import roles
from gnnrec_ui.server import upload_budget
from gnnrec_ui.show.downloads import download

MOST_MIB = 100


def take_away(title: str, sections: tuple[Section, ...], file: str) -> None:
    """A button that saves the sections as one page that opens offline."""
    download(
        "Report (HTML)",
        lambda: html.page(title, sections),
        file,
    )


def dropped_log(key: str) -> tuple[pl.DataFrame, str] | None:
    """A log that somebody drops, with a fingerprint of its bytes; None before, and for who may drop nothing. It is kept
    in memory only."""
    may_drop = not roles.workspace().read_only
    if may_drop:
        upload_budget.welcome()
    upload = st.file_uploader(
        "Drop the log of an experiment",
        type=[ending.removeprefix(".") for ending in SCANNERS],
        max_upload_size=MOST_MIB,
        key=key,
        disabled=not may_drop,
        help="CSV, Parquet or JSON lines; one row an exposure: person, arm, time, outcomes. It is not stored.",
    )
    if upload is None:
        return None
    content = bytes(upload.getbuffer())
    return _table(content, Path(upload.name).suffix.lower()), sha256(content).hexdigest()


@st.cache_resource(max_entries=4, show_spinner="Reading the log …")
def _table(content: bytes, ending: str) -> pl.DataFrame:
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / f"log{ending if ending in SCANNERS else '.csv'}"
        write_bytes(file, content)
        try:
            return table_of(file)
        except DataError as error:  # its words name our temporary file
            raise DataError("The log cannot be read as what its name says it is.", error.hint) from error


def choose_column(label: str, columns: list[str], key: str, likely: tuple[str, ...], may_be_none: bool = False) -> str:
    """One of the log's columns, the first that is called like one of `likely`; "" for none."""
    options = [*([""] if may_be_none else []), *columns]
    first = next((c for name in likely for c in columns if c.lower() == name), options[0])
    chosen: str = st.selectbox(
        label, options, options.index(first), key=key, format_func=lambda name: clean(name) or "none"
    )
    return chosen
