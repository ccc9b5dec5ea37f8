"""Who waits for an answer: work stops soon after the browser that asked has gone."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st
from streamlit.runtime import exists, get_instance
from streamlit.runtime.scriptrunner import get_script_run_ctx

from gnnrec_core.base import progress
from gnnrec_core.base.errors import CancelledError

EVERY_SECONDS = 0.5


def reader() -> str | None:
    """The session whose page is being drawn in this thread; None outside of a server."""
    context = get_script_run_ctx(suppress_warning=True)
    return context.session_id if context is not None and exists() else None


def is_there(session: str) -> bool:
    """Whether the browser of that session is still connected."""
    return not exists() or get_instance().is_active_session(session)


def is_nobody() -> bool:
    """Whether a page is drawn for no browser: by the server, to see that the app runs, or for one that has gone."""
    session = reader()
    return session is not None and not is_there(session)


def still_wanted(sessions: Callable[[], set[str]]) -> Callable[[], None]:
    """A check for `progress.stoppable`: CancelledError where none of the `sessions` is there any more.

    It looks at most once in `EVERY_SECONDS`, so that it can stand in tight loops.
    """
    last = time.monotonic()

    def check() -> None:
        nonlocal last
        if time.monotonic() - last < EVERY_SECONDS:
            return
        last = time.monotonic()
        asked = sessions()
        if asked and not any(is_there(session) for session in asked):
            raise CancelledError("Nobody waits for this answer any more.", "Ask again.")

    return check


@contextmanager
def for_this_reader() -> Iterator[None]:
    """Within the block, long loops of the library stop soon after the browser of this session has gone.

    A session that never had one (the server's own check that the app runs) is let alone.
    """
    session = reader()
    waits = {session} if session and is_there(session) else set()
    with progress.stoppable(still_wanted(lambda: waits)):
        yield


@st.cache_resource(show_spinner=False)
def _looking() -> tuple[dict[str, dict[str, str]], threading.Lock]:
    """What each session looks at, by kind; one book for the server."""
    return {}, threading.Lock()


def note(**looked_at: str) -> None:
    """This session looks at that dataset and that run now."""
    session, (book, lock) = reader(), _looking()
    if session is None:
        return
    with lock:
        for gone in [each for each in book if each != session and not is_there(each)]:
            del book[gone]
        book[session] = looked_at


def others(kind: str, name: str) -> int:
    """How many other sessions look at the dataset or run of that id."""
    own, (book, lock) = reader(), _looking()
    with lock:
        return sum(found.get(kind) == name and session != own and is_there(session) for session, found in book.items())
