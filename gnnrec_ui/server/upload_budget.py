"""How much dropped files may take: in the server's memory until they are staged, and on disk until they are stored.

Streamlit holds every upload in memory and knows a limit for one file only. `install` puts a budget in front of its
store, so that a flood of uploads is refused (413) before it is kept; `release` gives the memory back once the files lie
in staging; `check_room` keeps the budget of the disk.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.exceptions import HTTPException
from streamlit.runtime import exists, get_instance
from streamlit.runtime.scriptrunner import get_script_run_ctx

from gnnrec_core.base.errors import RequestError
from gnnrec_core.base.files import folder_bytes

SESSION_BYTES = 500 * 2**20
TOTAL_BYTES = 2 * 2**30
MOST_FILES = 200
"""Held by one session at once."""
_INSTALLED = "_gnnrec_budget"
_lock = threading.Lock()


def install() -> None:
    """Put the budget before the store of this server's uploads; once is enough, more does no harm."""
    if not exists():
        return
    store: Any = get_instance().uploaded_file_mgr
    if hasattr(store, _INSTALLED):
        return
    add_file = store.add_file

    def add_within_budget(session_id: str, file: Any) -> None:
        with _lock:
            if session_id not in store._gnnrec_welcome:
                raise HTTPException(403, "This session may drop no files: open the page that takes them.")
            refuse_beyond_budget(store.file_storage, session_id, file)
            add_file(session_id=session_id, file=file)

    store.add_file = add_within_budget
    store._gnnrec_welcome = set()
    setattr(store, _INSTALLED, True)


def welcome() -> None:
    """Take files of the session whose page is being drawn: called where files may be dropped, by whom they may be.

    Without it nothing is taken: not from those who only look, nor from somebody who has not logged in.
    """
    context = get_script_run_ctx(suppress_warning=True)
    if context is None or not exists():
        return
    runtime: Any = get_instance()
    with _lock:
        known: set[str] = runtime.uploaded_file_mgr._gnnrec_welcome
        known -= {name for name in known if not runtime.is_active_session(name)}
        known.add(context.session_id)


def refuse_beyond_budget(storage: dict[str, dict[str, Any]], session_id: str, file: Any) -> None:
    """HTTPException 413 where `file` would take a session, or all sessions together, beyond the budget."""
    own = {key: held for key, held in dict(storage.get(session_id, {})).items() if key != file.file_id}
    others = [list(files.values()) for name, files in list(storage.items()) if name != session_id]
    mine = len(file.data) + sum(len(held.data) for held in own.values())
    everybody = mine + sum(len(held.data) for files in others for held in files)
    if mine > SESSION_BYTES or len(own) >= MOST_FILES:
        raise HTTPException(413, f"This session holds uploads of {SESSION_BYTES >> 20} MiB already. Reload the page.")
    if everybody > TOTAL_BYTES:
        raise HTTPException(413, f"The server holds uploads of {TOTAL_BYTES >> 20:,} MiB already. Try again later.")


def release(uploads: Sequence[Any]) -> None:
    """Drop staged files from the server's memory."""
    context = get_script_run_ctx()
    if context is None or not exists():
        return
    store: Any = get_instance().uploaded_file_mgr
    for upload in uploads:
        store.remove_file(session_id=context.session_id, file_id=upload.file_id)


def check_room(staging: Path, coming: int) -> None:
    """RequestError where `coming` bytes more do not fit into what this session, or everybody, may have in staging."""
    tokens = set(st.session_state.get("_staging_tokens", ()))
    sizes = {folder.name: folder_bytes(folder) for folder in staging.iterdir()} if staging.is_dir() else {}
    mine = sum(size for name, size in sizes.items() if name in tokens)
    if mine + coming > SESSION_BYTES:
        raise RequestError(
            f"You have {mine >> 20:,} MiB of files waiting to be stored; with these it would be "
            f"{(mine + coming) >> 20:,} MiB of {SESSION_BYTES >> 20:,}.",
            "Store or discard what you dropped before, or import with `gnnrec data import`.",
        )
    if sum(sizes.values()) + coming > TOTAL_BYTES:
        raise RequestError(
            f"All visitors together have {sum(sizes.values()) >> 20:,} MiB of files waiting to be stored; at most "
            f"{TOTAL_BYTES >> 20:,} fit.",
            "Try again later; what nobody stores is removed after a day.",
        )


def note_staged(token: str) -> None:
    """Count the staging folder `token` as this session's."""
    st.session_state["_staging_tokens"] = (*st.session_state.get("_staging_tokens", ()), token)
