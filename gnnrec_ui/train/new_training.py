"""What the Train page asks before a training starts: model, settings, and how long it may take."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from gnnrec_core.base.errors import LensError
from gnnrec_core.base.plain import plain
from gnnrec_core.base.settings import Settings, read_settings
from gnnrec_core.base.text import for_markdown, for_option
from gnnrec_core.models import MODELS, first_choice
from gnnrec_core.models.presets import preset_settings, presets_of
from gnnrec_core.runs import jobs
from gnnrec_core.runs.entries import DatasetEntry, RunEntry
from gnnrec_core.runs.job_files import TrainRequest
from gnnrec_core.runs.trial import trial
from gnnrec_core.runs.workspace import Workspace
from gnnrec_ui.frame import forms, shell
from gnnrec_ui.server.slow_work import line, waiting_room
from gnnrec_ui.train.training_time import Estimate, estimate, spoken

_ASKED = "_asked_about_a_twin"


@dataclass(frozen=True)
class Plan:
    """A training that could start; `settings` holds what differs from the defaults, `all_settings` every one."""

    request: TrainRequest
    all_settings: dict[str, Any]


def choose_training(dataset: DatasetEntry) -> Plan | None:
    """The form; None (with the reason on the page) while a setting is wrong."""
    titles = {plugin.name: plugin.title for plugin in MODELS}
    model, seed, device = st.columns([3, 1, 1])
    with model:
        name = forms.choose(
            "Model", MODELS.names, "model", first_choice(dataset.card["n_train"]), name_of=titles.__getitem__
        )
    drawn = seed.number_input(
        "Seed", 0, 2**31 - 1, 0, key="seed", bind="query-params", help="Decides every random draw."
    )
    where = device.selectbox(
        "Device", ("auto", "cpu", "cuda"), key="device", bind="query-params", help="auto takes CUDA where there is one."
    )
    st.caption(for_markdown(MODELS[name].summary))
    settings_type = MODELS.load(name).settings_type
    _choose_preset(name, settings_type)
    changed = forms.settings_form(settings_type, name)
    try:
        full = read_settings(settings_type, changed).model_dump()
    except LensError as error:
        shell.show_error(error)
        return None
    return Plan(TrainRequest(str(dataset.folder), name, changed, seed=int(drawn), device=where), full)


def _choose_preset(model: str, settings_type: type[Settings]) -> None:
    """Settings chosen for known data, where there are some for this model: choosing them fills the form."""
    offered = presets_of(model)
    if not offered:
        return
    names = {"": "The defaults", **{name: f"Preset “{name}”" for name in offered}}
    key = f"_preset_{model}"

    def fill() -> None:
        chosen = st.session_state[key]
        forms.fill(settings_type, model, preset_settings(chosen, model) if chosen else {})

    chosen = st.selectbox(
        "Begin with", list(names), key=key, format_func=lambda name: for_option(names[name]), on_change=fill
    )
    if chosen:
        st.caption(for_markdown(offered[chosen]))


def expected_time(place: Workspace, dataset: DatasetEntry, plan: Plan) -> None:
    """How long it may take and how much memory: tried on this machine where somebody asked, else from finished runs."""
    request = plan.request
    key = ("trial", dataset.fingerprint, request.model, request.device, tuple(sorted(request.settings.items())))
    work = line().find(key)
    if work is not None and work.state == "done":
        for sentence in work.answer.get("warnings", ()) if work.answer["fits"] else ():
            st.warning(for_markdown(sentence), icon=":material/warning:")
        if work.answer["fits"]:
            st.caption(tried(work.answer))
        else:
            st.warning(tried(work.answer), icon=":material/memory:")
        return
    if work is not None and work.state in ("waiting", "running"):
        waiting_room(work, "Trying a few steps", "trial")
        return
    if work is not None and work.error is not None:
        shell.show_error(work.error)
    found = estimate(dataset, request.model, plan.all_settings, _known(place.runs(), place.datasets()))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(said(found) if found else "No run of this model has been timed yet.", width="content")
        if "epochs" in plan.all_settings and not place.read_only:
            st.button(
                "Measure here",
                on_click=_try,
                args=(key, request),
                type="tertiary",
                icon=":material/timer:",
                help="Trains a few steps that are thrown away, on this machine: time and memory, in about ten seconds.",
            )


def begin(place: Workspace, dataset: DatasetEntry, request: TrainRequest) -> None:
    """Start the training; where the very same is there already, ask first."""
    if twin_of(place, dataset, request):
        st.session_state[_ASKED] = request.words
    else:
        jobs.start(place, request)
    st.rerun()


def ask_about_twin(place: Workspace, dataset: DatasetEntry, request: TrainRequest) -> None:
    """The question before a training that is there already, for as long as it is the one that is chosen."""
    twin = twin_of(place, dataset, request) if st.session_state.get(_ASKED) == request.words else ""
    if not twin:
        return
    st.warning(
        f"The same training {for_markdown(twin)}. With the same data, settings and seed another one says nothing new: "
        "change the seed to see how much is luck.",
        icon=":material/content_copy:",
    )
    if st.button("Train it all the same", icon=":material/play_arrow:", disabled=place.read_only):
        del st.session_state[_ASKED]
        jobs.start(place, request)
        st.rerun()


def twin_of(place: Workspace, dataset: DatasetEntry, request: TrainRequest) -> str:
    """Where the very same training (data, model, settings, seed) is, in words; "" where it is nowhere."""
    same = replace(request, max_seconds=None, device="auto")
    for status in jobs.statuses(place):
        if status.alive and replace(status.job.request, max_seconds=None, device="auto") == same:
            return "waits already" if status.state == "queued" else "runs already"
    settings = read_settings(MODELS.load(request.model).settings_type, dict(request.settings)).model_dump(mode="json")
    for run in place.runs():
        record = run.record
        is_ours = (record.model, record.dataset_fingerprint, record.seed) == (
            request.model,
            dataset.fingerprint,
            request.seed,
        )
        if is_ours and record.state == "finished" and plain(record.settings) == plain(settings):
            return f"has finished already: it is the run “{run.id}”"
    return ""


def _try(key: Hashable, request: TrainRequest) -> None:
    line().ask(key, lambda: trial(request))


def tried(found: Mapping[str, Any]) -> str:
    """What a few steps on this machine say, as a sentence.

    >>> tried({"fits": True, "seconds_per_epoch": 1.2, "seconds_at_most": 360, "n_bytes": 2e8, "free_bytes": 9e9})
    'Measured here: 1.2 s an epoch, at most 6 min for all (most trainings stop earlier). 0.2 of 9.0 GB free memory.'
    """
    memory = f"{found['n_bytes'] / 1e9:.1f} of {found['free_bytes'] / 1e9:.1f} GB free memory"
    if not found["fits"]:
        return f"This needs {memory}: lower embedding_dim, batch_size or n_negatives."
    epoch, most = found["seconds_per_epoch"], spoken(found["seconds_at_most"])
    pace = spoken(epoch) if epoch >= 10 else f"{epoch:.2g} s"
    return f"Measured here: {pace} an epoch, at most {most} for all (most trainings stop earlier). {memory}."


def said(found: Estimate) -> str:
    """The estimate as a sentence.

    >>> said(Estimate(30, 300, 2, False))
    'About 30 s, at most 5 min: from 2 timed runs of this model.'
    """
    runs = f"{found.n_runs} timed run{'s' if found.n_runs > 1 else ''} of this model"
    place = ", on another machine" if found.only_shipped else ""
    usual, most = spoken(found.usual), spoken(found.most)
    return f"About {usual}{'' if usual == most else f', at most {most}'}: from {runs}{place}."


def _known(runs: Sequence[RunEntry], datasets: Sequence[DatasetEntry]) -> list[tuple[RunEntry, int]]:
    sizes = {entry.fingerprint: int(entry.card["n_train"]) for entry in datasets}
    return [(run, sizes.get(run.record.dataset_fingerprint, 0)) for run in runs]
