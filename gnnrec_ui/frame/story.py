"""The guided demo: six cases of the study at hand, step by step through the real pages, and what Home says of it.

`?demo=clear_reason.2` is the second step of a case: a line on what to look at, that part of the page marked, and the
way onward, back and out. It is not carried, so that the menu leads out of the demo, and pages know nothing of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import streamlit as st

from gnnrec_core.base.text import for_label, for_markdown
from gnnrec_core.models import MODELS, title_of
from gnnrec_core.render import theme
from gnnrec_core.runs.entries import DatasetEntry, RunEntry
from gnnrec_core.runs.workspace import Workspace
from gnnrec_ui.frame import state
from gnnrec_ui.frame.study import Study
from gnnrec_ui.frame.tours import TOURS, Found
from gnnrec_ui.show.spotlight import spotlight

PARAMETER = "demo"
TABS = "view"
"""Which tab is open, in the URL: bound to the tabs themselves, nobody else may write it."""
_ARRIVED = "_step_of_the_demo"
Open = Callable[..., None]
"""`shell.open_page`: a page and its URL parameters."""


def tell(study: Study, open_page: Open) -> None:
    """The six cases as cards; each is found when it is asked for."""
    st.subheader("Guided demo: six cases of this model", anchor=False)
    wanted = ""
    for first in range(0, len(TOURS), 3):
        for name, column in zip(list(TOURS)[first : first + 3], st.columns(3)):
            tour = TOURS[name]
            with column, st.container(border=True, height="stretch", key=f"case_{name}", gap="xsmall"):
                st.markdown(f"**{tour.title}**  \n{tour.question}")
                if st.button(f"Show {tour.title.lower()}", key=f"_show_{name}", icon=tour.icon, type="tertiary"):
                    wanted = name
    if wanted:
        _open(study, wanted, 1, open_page)


def guide(page: str, study: Study, open_page: Open) -> None:
    """On a page that the demo has opened: what to look at, and the way onward, back and out."""
    name, number = _step()
    if not name or study.run_entry is None or TOURS[name].steps[number - 1].page != page:
        return
    found, tour = _found(study, name), TOURS[name]
    if found is None:
        return
    _arrive(found, name, number)
    step, n = tour.steps[number - 1], len(tour.steps)
    names = list(TOURS)
    after = names[(names.index(name) + 1) % len(names)]
    target = None
    with st.container(key="guide", border=True, gap="xsmall"):
        st.markdown(f"**{tour.title} · step {number} of {n}.** {step.says(found)}")
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            if number > 1 and _button("Back", ":material/arrow_back:"):
                target = (name, number - 1)
            if number < n and _button("Next", ":material/arrow_forward:", "primary"):
                target = (name, number + 1)
            if number == n and _button(f"Next case: {TOURS[after].title}", ":material/arrow_forward:", "primary"):
                target = (after, 1)
            st.button(
                "End the demo", icon=":material/close:", type="tertiary", on_click=state.choose, args=(PARAMETER, None)
            )
    spotlight(step.spot(found), f"{name}.{number}")
    if target is not None:
        _open(study, *target, open_page)


def _button(label: str, icon: str, type: Literal["primary", "secondary"] = "secondary") -> bool:
    return st.button(label, icon=icon, type=type, key=f"_guide_{label}")


def _step() -> tuple[str, int]:
    """The case and the step in the URL; nothing where there is no such step."""
    name, _, step = st.query_params.get(PARAMETER, "").partition(".")
    number = state.whole(step, 1, len(TOURS[name].steps)) if name in TOURS else None
    return (name, number) if number is not None else ("", 0)


def _found(study: Study, name: str) -> Found | None:
    """The case in words; a sentence where this run has none."""
    from gnnrec_ui import ask  # with the libraries that quick pages do without

    found = ask.telling(study, name)
    if found is None:
        st.info(
            f"{TOURS[name].title}: this run has no such case. Choose another run, or another case.",
            icon=":material/info:",
        )
        return None
    return Found(found, study.dataset)


def _parameters(found: Found, name: str, number: int) -> dict[str, str]:
    case, data = found.case, found.dataset
    named = {"user": data.users.ids[case.user]} | ({} if case.item is None else {"item": data.items.ids[case.item]})
    return {**named, **TOURS[name].steps[number - 1].where(found), PARAMETER: f"{name}.{number}"}


def _open(study: Study, name: str, number: int, open_page: Open) -> None:
    """Go to a step; on the page that is open its choices are set, as a link to itself changes no address."""
    found = _found(study, name)
    if found is None:
        return
    parameters, page = _parameters(found, name, number), TOURS[name].steps[number - 1].page
    current, at = _step()
    st.session_state[_ARRIVED] = parameters[PARAMETER]
    if current and TOURS[current].steps[at - 1].page == page:
        for key in set(st.query_params) - set(parameters) - set(state.CARRIED) - {TABS}:
            del st.query_params[key]
        _put(parameters)
        st.rerun()
    st.session_state.pop(TABS, None)
    open_page(page, **parameters)


def _arrive(found: Found, name: str, number: int) -> None:
    """A link that names only the step gets its person and item, once: whoever follows it may choose others."""
    parameters = _parameters(found, name, number)
    if st.session_state.get(_ARRIVED) != parameters[PARAMETER]:
        st.session_state[_ARRIVED] = parameters[PARAMETER]
        _put(parameters)


def _put(parameters: dict[str, str]) -> None:
    """Choices into the URL; tabs write their own."""
    if TABS in parameters:
        st.session_state[TABS] = parameters[TABS]
    changed = {key: value for key, value in parameters.items() if st.query_params.get(key) != value}
    st.query_params.update({key: value for key, value in changed.items() if key != TABS})


def key_figures(place: Workspace, dataset: DatasetEntry, run: RunEntry) -> None:
    """The study in one row: its sizes, and how well the model ranks what it had not seen, beside one
    list for all."""
    st.subheader(f"The study: {for_markdown(dataset.name)}", anchor=False)
    model = title_of(run.record.model)
    ndcg = _ndcg(run)
    alike = MODELS.having("personal", False)  # those that show everybody the same list
    other = next((r for r in place.runs(dataset.fingerprint) if r.record.model in alike), None)
    baseline = _ndcg(other) if other else None
    with st.container(horizontal=True):
        st.metric("People", f"{int(dataset.card['n_users']):,}")
        st.metric("Items", f"{int(dataset.card['n_items']):,}")
        st.metric("Interactions", f"{int(dataset.card['n_interactions']):,}")
        st.metric("Model", for_label(model))
        if ndcg is not None:
            gain = (
                f"{100 * (ndcg / baseline - 1):+.0f} % against {for_label(title_of(other.record.model))}"
                if other and baseline and run.record.model not in alike
                else None
            )
            st.metric(
                "NDCG@20, validation", theme.number(ndcg), gain, help="0: nothing found, 1: all found, at the top."
            )


def _ndcg(run: RunEntry) -> float | None:
    return (run.record.figures.get("validation") or {}).get("ndcg@20")
