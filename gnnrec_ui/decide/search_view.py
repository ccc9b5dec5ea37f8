"""Search on the Decide page: begin one, watch it, see its front, and make a run of a trial."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from gnnrec_core.base.errors import LensError
from gnnrec_core.base.settings import read_settings
from gnnrec_core.base.text import for_label, for_markdown, for_option
from gnnrec_core.decide import studies
from gnnrec_core.decide.objectives import OBJECTIVES
from gnnrec_core.decide.studies import Study
from gnnrec_core.decide.trials import Found, SearchSettings, declared
from gnnrec_core.models import MODELS
from gnnrec_core.render.charts.search_chart import trials_chart
from gnnrec_core.runs import jobs
from gnnrec_core.runs.job_files import TrainRequest
from gnnrec_core.runs.workspace import Workspace
from gnnrec_core.views.decide.searching import search_sections
from gnnrec_ui.decide.shared import take_away
from gnnrec_ui.frame import forms, roles, shell
from gnnrec_ui.frame import study as frame
from gnnrec_ui.show import blocks
from gnnrec_ui.show.charts import chart

STATES = {"running": "at work", "stopped": "stopped", "finished": "finished"}
PAID_WITH = tuple(name for name in OBJECTIVES if name != "accuracy")


def search_view(study: frame.Study) -> None:
    """The searches on this dataset, and a new one."""
    place = roles.workspace()
    roles.say_refusal(place, "Searching trains models and is for editors.")
    found = studies.studies(place, study.dataset)
    with st.expander("New search", icon=":material/travel_explore:", expanded=not found):
        _new(place, study)
    if not found:
        st.caption("Nothing has been searched on these data yet.")
        return
    labels = {one.id: _label(one) for one in found}
    name = forms.choose("Search", tuple(labels), "search", name_of=labels.__getitem__)
    chosen = next(one for one in found if one.id == name)
    st.fragment(_progress, run_every=2.0 if chosen.state == "running" else None)(place, study, name)
    if chosen.found is None:
        st.caption("No trial has come to its end yet.")
        return
    sections = search_sections(chosen.found.to_dict())
    blocks.draw(sections[:1], "search")
    _make_run(place, study, chosen)
    front(chosen.found)
    blocks.draw(sections[2:], "search_importance")
    _all_trials(chosen.found)
    take_away(labels[name], sections, "search.html")


def front(found: Found) -> None:
    """Accuracy of the trials against what it is paid with."""
    st.subheader("What no other trial beats", anchor=False)
    against = forms.choose("Accuracy against", PAID_WITH, "paid_with", name_of=lambda name: OBJECTIVES[name].title)
    st.caption(
        "A point is a trial that came to its end, by its number, on the validation part; those on the line are at "
        "least as good in both as any other, and better in one."
    )
    chart(trials_chart(found, against), f"Accuracy of trials against {OBJECTIVES[against].title}", "trials")


def latest_front(place: Workspace, study: frame.Study) -> None:
    """On Compare: the front of the newest search on these data, where there is one."""
    found = next((one for one in studies.studies(place, study.dataset) if one.found is not None), None)
    if found is not None and found.found is not None:
        front(found.found)
        shell.link("decide", "Open this search", icon=":material/travel_explore:", decide="search", search=found.id)


def _new(place: Workspace, study: frame.Study) -> None:
    searchable = [name for name in MODELS.names if declared(MODELS.load(name).settings_type)]
    model, number, seed = st.columns([3, 1, 1])
    with model:
        name = forms.choose("Model", searchable, "search_model", name_of=lambda one: MODELS[one].title)
    trials = number.number_input("Trials", 2, studies.MOST_TRIALS, 30, help="Each is a training; weak ones end early.")
    drawn = seed.number_input("Seed", 0, 2**31 - 1, 0, key="search_seed", help="Decides every random draw.")
    wanted = st.multiselect(
        "Look for", list(OBJECTIVES), ["accuracy"], format_func=lambda one: OBJECTIVES[one].title, key="search_for",
        help="With several every trial is trained to its end, and the front is drawn over all of them.",
    )  # fmt: skip
    places = ", ".join(forms.label(setting).lower() for setting in declared(MODELS.load(name).settings_type))
    st.caption(
        f"Looks at {for_markdown(places)}. Trial 0 has the settings that the model comes with. Only the validation "
        "part is looked at; the test part is taken away before anything is trained."
    )
    if st.button("Search", type="primary", icon=":material/travel_explore:", disabled=place.read_only or not wanted,
                 help=roles.why_not(place)):  # fmt: skip
        entry = study.dataset_entry
        assert entry is not None  # the frame has checked it
        with shell.boundary():
            rules = read_settings(SearchSettings, {"objectives": tuple(wanted)})
            studies.begin(place, entry, name, int(trials), rules, int(drawn))
            st.rerun()


def _label(one: Study) -> str:
    title = MODELS[one.asked.model].title if one.asked.model in MODELS else one.asked.model
    return f"{title}, {one.n_ended} of {one.asked.trials} trials, {STATES[one.state]} · {one.id[2:17]}"


def _progress(place: Workspace, study: frame.Study, name: str) -> None:
    one = next((each for each in studies.studies(place, study.dataset) if each.id == name), None)
    if one is None:
        return
    before = st.session_state.setdefault("_search_seen", {})
    seen = (one.state, one.n_ended)
    if before.get(name, seen) != seen:
        before[name] = seen
        st.rerun()  # a trial has ended: the front and the figures must know
    before[name] = seen
    with st.container(horizontal=True, vertical_alignment="center"):
        done = min(1.0, one.n_ended / one.asked.trials)
        st.progress(done, f"{one.n_ended} of {one.asked.trials} trials have ended: {STATES[one.state]}.")
        if place.read_only:
            return
        if one.state == "running":
            if st.button("Stop", icon=":material/stop:", type="tertiary", key="search_stop"):
                studies.stop(place, one)
                st.rerun()
        elif one.state == "stopped" and st.button(
            "Go on", icon=":material/play_arrow:", type="tertiary", key="search_on"
        ):
            try:
                studies.go_on(place, one)
            except LensError as error:
                shell.show_error(error)
            else:
                st.rerun()
    if one.state == "stopped" and one.message:
        st.caption(for_markdown(one.message))


def _make_run(place: Workspace, study: frame.Study, chosen: Study) -> None:
    """A trial becomes a run by a training in line, with the settings and the seed that it had."""
    found = chosen.found
    assert found is not None and study.dataset_entry is not None
    numbers = [trial.number for trial in found.trials]
    best = found.best.number
    which, make = st.columns([3, 2], vertical_alignment="bottom")
    number = which.selectbox(
        "Trial", numbers, numbers.index(best), key="search_trial",
        format_func=lambda one: for_option(f"{one} (the best)" if one == best else str(one)),
    )  # fmt: skip
    if make.button("Make this trial a run", icon=":material/model_training:", disabled=place.read_only,
                   help=roles.why_not(place) or "Trains it once more, as it was trained in the search."):  # fmt: skip
        trial = next(one for one in found.trials if one.number == number)
        with shell.boundary():
            jobs.start(place, TrainRequest(str(study.dataset_entry.folder), found.model, trial.settings, found.seed))
            st.success("It is in line.", icon=":material/check:")
            shell.link("train", "Watch it on Train", icon=":material/model_training:")


def _all_trials(found: Found) -> None:
    with st.expander(for_label(f"All {len(found.trials)} trials")):
        rows = [
            {"Trial": t.number, "Ended early": t.ended_early, "Epochs": t.epochs,
             **{OBJECTIVES[name].title: value for name, value in t.figures.items()}, **t.settings}
            for t in found.trials
        ]  # fmt: skip
        st.dataframe(pd.DataFrame(rows), hide_index=True, alt="All trials")
