"""The frame around every page: menu, study, page title, error boundary, presentation mode.

A page's body is `with shell.page("explain") as study:`. `app.py` calls `start`, which draws the menu and the study and
runs the page that the URL names. Streamlit starts a file of `pages/` by itself when a deep link is the first visit to a
fresh server; then `page` finds that `start` has not run, says which pages there are, and has `app.py` run.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from gnnrec_core.base.errors import LensError, UnsupportedError
from gnnrec_core.base.places import PROJECT
from gnnrec_core.base.text import for_markdown
from gnnrec_ui import readers
from gnnrec_ui.frame import privacy, roles, state, story, style
from gnnrec_ui.frame.popovers import popover
from gnnrec_ui.frame.screens import SCREENS, Needs, Screen
from gnnrec_ui.frame.study import Study, choose_study
from gnnrec_ui.server import cache, housekeeping, turns
from gnnrec_ui.show.downloads import named
from gnnrec_ui.taken.heard import Heard, hearing

_FRAME = "_frame_of_this_run"
ICON = "🔎"
_PAGES = "_pages"
_COLD = "_came_in_by_a_deep_link"
_log = logging.getLogger("gnnrec")


def start() -> None:
    """What `app.py` does: the frame, then the page that the URL names."""
    st.session_state.pop(_COLD, None)
    with turns.line().turn():
        try:
            _frame().run()
        finally:
            libraries = cache.warm()
            if readers.is_nobody():
                libraries.join()  # the server's own look at whether it runs: it says so when nobody will wait for them


@contextmanager
def page(name: str) -> Iterator[Study]:
    """The body of one page: title, reading aid, the study, and errors as sentences."""
    if _FRAME not in st.session_state:
        if _COLD not in st.session_state:  # widgets of a page that runs by itself would have other identities
            st.session_state[_COLD] = True
            _navigation()
            st.rerun()
        _frame()
    with hearing() as heard:
        yield from _body(name, heard)


def _body(name: str, heard: Heard) -> Iterator[Study]:
    study, menu, share, drawn, too_long = st.session_state.pop(_FRAME)
    screen = SCREENS[name]
    if screen.reading:
        st.title(screen.title, anchor=False)
        st.caption(screen.reading)
    if too_long:
        st.warning(f"{for_markdown(too_long)} The page shows its defaults instead.", icon=":material/content_cut:")
    state.open_notices()
    if study.unknown:
        st.warning(f"{for_markdown(study.unknown)} The menu says what is shown instead.", icon=":material/search_off:")
    try:
        with boundary(), readers.for_this_reader():
            if _is_missing(study, screen.needs):
                _nothing_yet(study)
            with boundary():
                story.guide(name, study, open_page)
            yield study
    finally:
        if state.carried() != drawn:
            _draw_menu(menu)  # again, so that its links carry what the page has just put into the URL
        _draw_share(share, study, screen, heard)


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
    """One error as a sentence with its hint; what a model simply does not offer is no failure."""
    said = f"**{for_markdown(error.message)}**  \n{for_markdown(error.hint)}"
    if isinstance(error, UnsupportedError):
        st.info(said, icon=":material/info:")
    else:
        st.error(said, icon=":material/error:")


def is_presenting() -> bool:
    """Presentation mode: no menu, no toolbar, larger type (`?present=1`)."""
    return st.query_params.get("present") == "1"


def open_page(name: str, **parameters: object) -> None:
    """Go to another page with these URL parameters, keeping the study and the case."""
    st.switch_page(_pages()[name], query_params=_with_carried(parameters))


def link(name: str, label: str, icon: str | None = None, **parameters: object) -> None:
    """A link to another page with these URL parameters, keeping the study and the case."""
    st.page_link(_pages()[name], label=label, icon=icon, query_params=_with_carried(parameters))


def _with_carried(parameters: dict[str, object]) -> dict[str, str]:
    return {**state.carried(), **{key: str(value) for key, value in parameters.items() if value is not None}}


def _pages() -> dict[str, st.Page]:
    """The pages by name, made once a session: a list links to them from every row."""
    if _PAGES not in st.session_state:
        st.session_state[_PAGES] = _make_pages()
    found: dict[str, st.Page] = st.session_state[_PAGES]
    return found


def _make_pages() -> dict[str, st.Page]:
    return {
        screen.name: st.Page(
            _script(screen),
            title=f"{screen.title} · GNNRec Lens",
            icon=screen.icon,
            url_path="" if screen.name == "home" else screen.name,
            default=screen.name == "home",
        )
        for screen in SCREENS.values()
        if screen.plugin or (PROJECT / "pages" / f"{screen.name}.py").is_file()
    }


def _script(screen: Screen) -> Path | Callable[[], None]:
    """The file of a page, or what draws one of another package: imported when somebody opens it."""
    plugin = screen.plugin
    if plugin is None:
        return PROJECT / "pages" / f"{screen.name}.py"

    def draw() -> None:
        with boundary():
            plugin.load()()

    return draw


def _navigation() -> st.Page:
    """The pages. Without an icon of the app set first, a browser is sent elsewhere for that of the page."""
    st.set_page_config(page_icon=ICON, layout="wide")  # the tab's title is that of the page
    return st.navigation(list(_pages().values()), position="hidden")


def _frame() -> st.Page:
    navigation = _navigation()
    too_long = state.tidy()
    style.apply(is_presenting())
    housekeeping.once()
    if not SCREENS[navigation.url_path or "home"].is_quick:
        cache.warm()
    roles.gate()
    with st.sidebar:
        menu = st.container(key="menu").empty()
        drawn = _draw_menu(menu)
        study = choose_study()
        privacy.switch(study)
        roles.say_who()
        share = st.container(key="share").empty()
    st.session_state[_FRAME] = (study, menu, share, drawn, too_long)
    return navigation


def _draw_menu(place: DeltaGenerator) -> dict[str, str]:
    """Our own menu: its entries are links that carry the study and the case, which Streamlit's menu would drop.

    Returns what they carry.
    """
    pages, carried = _pages(), state.carried()
    with place.container(gap="xxsmall"):
        st.markdown("**GNNRec Lens**")
        section = ""
        for name, entry in pages.items():
            if SCREENS[name].section != section:
                section = SCREENS[name].section
                st.caption(section)
            st.page_link(entry, label=SCREENS[name].title, query_params=carried, width="stretch")
    return carried


def address(study: Study) -> str:
    """The link to this very view. It names the dataset, the run, the person and the item also where the app begins with
    them: tomorrow it may begin with others."""
    entries = {"dataset": study.dataset_entry, "run": study.run_entry}
    here = {name: entry.id for name, entry in entries.items() if entry is not None} | state.in_hand()
    return f"{(st.context.url or '').split('?')[0]}?{urlencode(here | dict(st.query_params))}"


def _draw_share(place: DeltaGenerator, study: Study, screen: Screen, heard: Heard) -> None:
    """The link to this very view, the view as a file, and the way into presentation mode (and out of it, on the page
    itself)."""
    if is_presenting():
        _present("Leave presentation", ":material/close_fullscreen:", None)
        return
    with place.container(gap="xsmall"):
        here = address(study)
        popover(
            "Share this view",
            ":material/ios_share:",
            "_share",
            lambda: _share(here, study, screen, heard),
            width="stretch",
        )
        _present("Present this view", ":material/slideshow:", "1")


def _share(address: str, study: Study, screen: Screen, heard: Heard) -> None:
    """What the popover holds; the file is made when it is asked for."""
    from gnnrec_ui.taken.file import view_file

    are_ids_shown = privacy.are_ids_shown(study)
    st.download_button(
        "Take this view away",
        lambda: view_file(heard, screen.title, study, address, are_ids_shown),
        named("gnnrec", screen.title, study.run_entry.id if study.run_entry else "", ending=".html"),
        "text/html",
        on_click="ignore",
        icon=":material/download:",
        width="stretch",
        help="One file with all that the page shows now, charts too. It opens in any browser, without this server.",
    )
    st.caption("Or send the link: it opens this page with the same choices, for whoever can reach this server.")
    st.code(address, language=None, wrap_lines=True)


def _present(label: str, icon: str, value: str | None) -> None:
    """A button, as a link to the page that is open would leave the browser's address as it is."""
    st.button(
        label, icon=icon, type="tertiary", key=f"_present_{value}", on_click=state.choose, args=("present", value)
    )


def _is_missing(study: Study, needs: Needs) -> bool:
    return (needs == "run" and study.run_entry is None) or (needs != "nothing" and study.dataset_entry is None)


def _nothing_yet(study: Study) -> None:
    if study.dataset_entry is None:
        st.info("There is no dataset yet. Import one on the Data page.", icon=":material/database:")
    else:
        st.info(
            "This dataset has no trained run yet. Train one; it takes about a minute.", icon=":material/model_training:"
        )
        left = len(roles.workspace().orphans())
        if left:
            st.caption(
                f"{left} run{'s were' if left > 1 else ' was'} trained on data that have been replaced or deleted "
                "since; the Train page lists what they were, and removes them."
            )
    target = "data" if study.dataset_entry is None else "train"
    if target in _pages():
        link(target, f"Go to {SCREENS[target].title}")
    st.stop()
