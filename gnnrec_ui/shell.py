"""The frame around every page: menu, study, page title, error boundary, presentation mode.

A page's body is `with shell.page("explain") as study:`. `app.py` calls `start`, which draws the menu and the study and
runs the page that the URL names. Streamlit starts a file of `pages/` by itself when a deep link is the first visit to a
fresh server; then `page` finds that `start` has not run, and does its part.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from gnnrec_core.errors import LensError
from gnnrec_core.library import PROJECT, DatasetEntry, RunEntry, workspace
from gnnrec_core.text import for_markdown
from gnnrec_ui import cache, style
from gnnrec_ui.screens import SCREENS, Needs
from gnnrec_ui.study import Study, dataset_label, run_label

_STUDY = "_study_of_this_run"
_log = logging.getLogger("gnnrec")


def start() -> None:
    """What `app.py` does: the frame, then the page that the URL names."""
    navigation = _frame()
    navigation.run()


@contextmanager
def page(name: str) -> Iterator[Study]:
    """The body of one page: title, reading aid, the study, and errors as sentences."""
    if _STUDY not in st.session_state:
        _frame()
    study: Study = st.session_state.pop(_STUDY)
    screen = SCREENS[name]
    if screen.reading:
        st.title(screen.title, anchor=False)
        st.caption(screen.reading)
    with boundary():
        if _is_missing(study, screen.needs):
            _nothing_yet(study)
        yield study


@contextmanager
def boundary() -> Iterator[None]:
    """Errors on purpose become their sentence and hint; our own bugs a number that the log's traceback has."""
    try:
        yield
    except LensError as error:
        show_error(error)
    except Exception:
        reference = uuid.uuid4().hex[:8]
        _log.exception("Unexpected error %s", reference)
        st.error(
            f"Something went wrong that should not have (reference {reference}).  \n"
            "Reload the page; if it stays, look for this reference in the server's log and report it.",
            icon=":material/error:",
        )


def show_error(error: LensError) -> None:
    """One error as a sentence with its hint."""
    st.error(f"**{for_markdown(error.message)}**  \n{for_markdown(error.hint)}", icon=":material/error:")


def is_presenting() -> bool:
    """Presentation mode: no menu, no toolbar, larger type (`?present=1`)."""
    return st.query_params.get("present") == "1"


def open_page(name: str, **parameters: object) -> None:
    """Go to another page with these URL parameters, keeping the study."""
    kept = {key: st.query_params[key] for key in ("dataset", "run", "present") if key in st.query_params}
    wanted = {key: str(value) for key, value in parameters.items() if value is not None}
    st.switch_page(_pages()[name], query_params={**kept, **wanted})


def link(name: str, label: str, icon: str | None = None, **parameters: object) -> None:
    """A link to another page with these URL parameters, keeping the study."""
    kept = {key: st.query_params[key] for key in ("dataset", "run", "present") if key in st.query_params}
    wanted = {key: str(value) for key, value in parameters.items() if value is not None}
    st.page_link(_pages()[name], label=label, icon=icon, query_params={**kept, **wanted})


def _pages() -> dict[str, st.Page]:
    return {
        screen.name: st.Page(
            PROJECT / "pages" / f"{screen.name}.py",
            title=screen.title,
            icon=screen.icon,
            url_path="" if screen.name == "home" else screen.name,
            default=screen.name == "home",
        )
        for screen in SCREENS.values()
        if (PROJECT / "pages" / f"{screen.name}.py").is_file()
    }


def _frame() -> st.Page:
    st.set_page_config(page_title="GNNRec Lens", page_icon="🔎", layout="wide")
    pages = _pages()
    # One flat list: Streamlit's sections put headings between `ul` and `li`, which a screen reader stumbles over.
    menu = list(pages.values())
    navigation = st.navigation(menu, position="hidden" if is_presenting() else "sidebar", expanded=True)
    style.apply(is_presenting())
    cache.warm()
    st.session_state[_STUDY] = _choose_study()
    return navigation


def _choose_study() -> Study:
    space = workspace()
    datasets = {entry.id: entry for entry in space.datasets()}
    if not datasets:
        return Study()
    runs = {entry.id: entry for entry in space.runs() if entry.record.state == "finished"}
    _follow_run_in_url(datasets, runs)
    with st.sidebar:
        wanted = st.selectbox(
            "Dataset",
            list(datasets),
            key="dataset",
            bind="query-params",
            format_func=lambda name: dataset_label(datasets[name]),
        )
        chosen = datasets[wanted]
        of_data = [name for name, entry in runs.items() if entry.record.dataset_fingerprint == chosen.fingerprint]
        if not of_data:
            st.caption("No trained run yet.")
            return Study(chosen)
        run = st.selectbox(
            "Run", of_data, key="run", bind="query-params", format_func=lambda name: run_label(runs[name])
        )
    return Study(chosen, runs[run])


def _follow_run_in_url(datasets: dict[str, DatasetEntry], runs: dict[str, RunEntry]) -> None:
    """A link that names only a run opens the dataset that it was trained on."""
    run = runs.get(st.query_params.get("run", ""))
    if run is None or "dataset" in st.query_params or "dataset" in st.session_state:
        return
    for name, entry in datasets.items():
        if entry.fingerprint == run.record.dataset_fingerprint:
            st.session_state["dataset"] = name
            return


def _is_missing(study: Study, needs: Needs) -> bool:
    return (needs == "run" and study.run_entry is None) or (needs != "nothing" and study.dataset_entry is None)


def _nothing_yet(study: Study) -> None:
    if study.dataset_entry is None:
        st.info("There is no dataset yet. Import one on the Data page.", icon=":material/database:")
    else:
        st.info(
            "This dataset has no trained run yet. Train one; it takes about a minute.", icon=":material/model_training:"
        )
    target = "data" if study.dataset_entry is None else "train"
    if target in _pages():
        link(target, f"Go to {SCREENS[target].title}")
    st.stop()
