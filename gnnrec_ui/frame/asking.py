"""Questions about everybody at once, as work with progress and cancel; the answer stays for whoever asks next."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import streamlit as st

from gnnrec_ui.frame import shell
from gnnrec_ui.frame.study import Study
from gnnrec_ui.server.slow_work import line, waiting_room


def answered(study: Study, what: str, asked: tuple[Hashable, ...], question: Callable[[], Any]) -> Any:
    """The answer, or None while it is being worked out (a bar stands there), was cancelled or failed (a sentence does).

    `asked` and the run are the key; `what` is said beside the bar.
    """
    key = (*asked, study.key)
    work = line().find(key) or line().ask(key, question)
    if work.state in ("waiting", "running"):
        waiting_room(work, what, str(hash(key)))
        return None
    if work.state == "done":
        return work.answer
    if work.error is None:
        st.caption("Stopped.")
    else:
        shell.show_error(work.error)
    st.button("Ask again", on_click=_begin, args=(key, question), key=f"_again_{hash(key)}", icon=":material/refresh:")
    return None


def when_wanted(
    study: Study, label: str, icon: str, help: str, asked: tuple[Hashable, ...], question: Callable[[], Any]
) -> Any:
    """The same, begun by a button."""
    key = (*asked, study.key)
    work = line().find(key)
    if work is None or work.state == "cancelled":
        st.button(label, on_click=_begin, args=(key, question), icon=icon, help=help, key=f"_ask_{hash(key)}")
        return None
    return answered(study, label, asked, question)


def _begin(key: tuple[Hashable, ...], question: Callable[[], Any]) -> None:
    line().ask(key, question)
