"""Work that takes longer than a page may wait: in a thread of its own, with progress, time left and a cancel button.

Work is shared by all sessions: whoever asks the same question sees the same work, and its answer stays. One piece runs
at a time; the others wait in line, so that a few clicks never slow the whole server down.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, Literal

import streamlit as st

from gnnrec_core.base import progress
from gnnrec_core.base.errors import CancelledError, LensError
from gnnrec_core.render import theme
from gnnrec_ui import readers
from gnnrec_ui.frame import state
from gnnrec_ui.train.training_time import spoken

MOST_KEPT = 100
QUICK_SECONDS = 0.5
"""Work that ends within this time is shown at once, without a bar."""
_log = logging.getLogger("gnnrec")


@dataclass
class Work:
    """One question that is being answered; written by its thread, read by pages."""

    question: Callable[[], Any]
    state: Literal["waiting", "running", "done", "failed", "cancelled"] = "waiting"
    answer: Any = None
    error: LensError | None = None
    share: float = 0.0
    began: float = 0.0
    readers: set[str] = field(default_factory=set)
    """The sessions that wait for the answer; empty outside of a server."""
    left: set[str] = field(default_factory=set)
    """The sessions that have waited and wait no longer: to them it is as if nobody had asked."""
    stop: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)

    def join(self) -> None:
        """The session whose page is being drawn waits for the answer too."""
        session = readers.reader()
        if session is not None:
            self.readers.add(session)
            self.left.discard(session)

    def leave(self) -> None:
        """The session whose page is being drawn waits no longer: the work stops, unless others wait for it too."""
        session = readers.reader()
        if session is not None and any(readers.is_there(other) for other in self.readers - {session}):
            self.readers.discard(session)
            self.left.add(session)
        else:
            self.stop.set()

    @property
    def seconds_left(self) -> float | None:
        """Time to the end at the pace so far; None before there is a pace."""
        passed = time.monotonic() - self.began
        return passed * (1 - self.share) / self.share if self.share > 0.01 and passed > 1 else None


class Line:
    """All work by its key, oldest first; finished work is dropped when there is too much of it."""

    def __init__(self) -> None:
        self._works: dict[Hashable, Work] = {}
        self._lock, self._turn = threading.Lock(), threading.Semaphore(1)

    def find(self, key: Hashable) -> Work | None:
        """The work with this key; None where nobody has asked, and for a session that waits no longer."""
        work = self._works.get(key)
        return None if work is not None and readers.reader() in work.left else work

    def ask(self, key: Hashable, question: Callable[[], Any]) -> Work:
        """The work with this key, begun where it was not yet, or was cancelled or failed."""
        with self._lock:
            work = self._works.get(key)
            if work is None or work.state in ("cancelled", "failed"):
                work = self._works[key] = Work(question)
                self._drop_old()
                threading.Thread(target=self._run, args=(work,), name="slow-work", daemon=True).start()
            work.join()
        return work

    def _drop_old(self) -> None:
        over = len(self._works) - MOST_KEPT
        old = [key for key, work in self._works.items() if work.ended.is_set()]
        for key in old[: max(0, over)]:
            del self._works[key]

    def _run(self, work: Work) -> None:
        def watch(share: float, what: str = "") -> None:
            work.share = max(work.share, min(share, 1.0))
            if work.stop.is_set():
                raise CancelledError("Stopped.", "Ask again.")

        try:
            with self._turn:
                watch(0.0)
                work.began, work.state = time.monotonic(), "running"
                wanted = readers.still_wanted(lambda: set(work.readers))

                def go_on() -> None:  # loops that do not know their share ask too
                    wanted()
                    watch(work.share)

                with progress.watched(watch), progress.stoppable(go_on):
                    work.answer = work.question()
                work.state = "done"
        except CancelledError:
            work.state = "cancelled"
        except LensError as error:
            work.error, work.state = error, "failed"
        except Exception:
            _log.exception("Slow work failed")
            work.error = LensError("This could not be computed.", "The server's log says why.")
            work.state = "failed"
        finally:
            work.ended.set()


@st.cache_resource(show_spinner=False)
def line() -> Line:
    """The one line of this server."""
    return Line()


def waiting_room(work: Work, what: str, key: str, arrived: Callable[[], None] | None = None) -> None:
    """A bar with the time left and a cancel button, refreshed each second; the page runs again when the work ends.

    `arrived` draws, each time, what has come so far."""
    work.join()
    if work.ended.wait(QUICK_SECONDS):
        state.draw_again()
    st.fragment(_bar, run_every=1.0)(work, what, key, arrived)


def _bar(work: Work, what: str, key: str, arrived: Callable[[], None] | None) -> None:
    if work.ended.is_set():
        state.draw_again()
    bar, cancel = st.columns([5, 1], vertical_alignment="center")
    bar.progress(work.share, f"{what}: {_pace(work)}")
    if cancel.button("Cancel", key=f"_cancel_{key}", icon=":material/stop:", type="tertiary"):
        work.leave()
        work.ended.wait(QUICK_SECONDS)
        state.draw_again()
    if arrived is not None:
        arrived()


def _pace(work: Work) -> str:
    if work.stop.is_set():
        return "stopping …"
    if work.state == "waiting":
        return "begins when the one before it ends …"
    left = work.seconds_left
    share = theme.percent(work.share, 0)
    return f"{share}, about {spoken(left)} left" if left is not None else share
