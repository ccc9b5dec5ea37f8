"""Trainings as they run: progress, time left, curves, and the buttons that belong to each state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import streamlit as st

from gnnrec_core.base.text import for_markdown
from gnnrec_core.models import title_of
from gnnrec_core.models.protocol import Epoch
from gnnrec_core.render.charts.training_charts import best_epoch, training_curves
from gnnrec_core.runs import jobs
from gnnrec_core.runs.history import read_history
from gnnrec_core.runs.jobs import JobStatus
from gnnrec_core.runs.workspace import Workspace
from gnnrec_ui.frame import shell
from gnnrec_ui.train.training_time import seconds_left, spoken

_ALIVE = "_trainings_alive"
_BADGES: dict[str, tuple[str, Literal["gray", "blue", "green", "orange", "red"], str]] = {
    "queued": ("waiting", "gray", ":material/hourglass_empty:"),
    "running": ("training", "blue", ":material/autorenew:"),
    "finished": ("finished", "green", ":material/check:"),
    "cancelled": ("cancelled", "orange", ":material/stop:"),
    "interrupted": ("interrupted", "orange", ":material/power_off:"),
    "failed": ("failed", "red", ":material/error:"),
}


def trainings(place: Workspace) -> None:
    """All trainings that were started from the app and not dismissed, the newest first; refreshed each second."""
    busy = any(status.alive for status in jobs.statuses(place))
    st.fragment(_trainings, run_every=1.0 if busy else None)(place)


def _trainings(place: Workspace) -> None:
    found = jobs.statuses(place)
    alive = {status.job.id for status in found if status.alive}
    before = st.session_state.get(_ALIVE, alive)
    st.session_state[_ALIVE] = alive
    if before != alive:
        st.rerun()  # one ended or began: the run list and the sidebar must know
    if not found:
        st.caption("Nothing is being trained.")
    for status in found:
        with st.container(border=True, key=f"job_{status.job.id}"), shell.boundary():
            _training(place, status)


def _training(place: Workspace, status: JobStatus) -> None:
    history = read_history(place.home / "runs" / status.job.id)
    with st.container(horizontal=True, vertical_alignment="center"):
        text, colour, icon = _BADGES[status.state]
        st.markdown(f"**{_title(place, status)}**", width="content")
        st.badge(text, color=colour, icon=icon)
        st.space("stretch")
        _buttons(place, status)
    epochs = status.record.epochs if status.record else 1
    if status.state == "running":
        st.progress(min(1.0, history[-1].epoch / epochs) if history else 0.0, _pace(status, history, epochs))
    else:
        st.caption(_sentence(status, history))
    if history and len(history) > 1 and history[-1].loss is not None:
        from gnnrec_ui.show.charts import chart  # its tables take longer to load than all that stands above

        chart(training_curves(history), key=f"curve_{status.job.id}", alt=_curve_text(history))
    if status.state == "failed":
        with st.expander("What it printed"):
            st.code(jobs.log_tail(place, status.job.id), language=None, wrap_lines=True)


def _title(place: Workspace, status: JobStatus) -> str:
    name = status.job.request.model or "A training"
    folders = {str(entry.folder): entry.name for entry in place.datasets()}
    on = folders.get(status.job.request.dataset_folder, "a dataset that was deleted")
    return f"{for_markdown(title_of(name))} on {for_markdown(on)}"


def _pace(status: JobStatus, history: tuple[Epoch, ...], epochs: int) -> str:
    if status.job.cancelled_at is not None:
        return "Stopping after this epoch; the best so far is kept …"
    if not history:
        return "Preparing the graph …"
    left = seconds_left(history, epochs)
    early = ", less if it stops improving" if epochs > history[-1].epoch else ""
    pace = f", at most {spoken(left)} left{early}" if left is not None else ""
    return f"Epoch {history[-1].epoch:,} of {epochs:,}{pace}"


def _sentence(status: JobStatus, history: tuple[Epoch, ...]) -> str:
    if status.state == "queued":
        if not status.ahead:
            return "Begins in a moment …"
        return "Begins when the one before it ends." if status.ahead == 1 else f"{status.ahead} are before it in line."
    if status.state == "failed":
        return for_markdown(status.message or "It ended without a word.")
    best = best_epoch(history)
    figures = ", ".join(f"{for_markdown(name)} {value:.4f}" for name, value in best.validation.items()) if best else ""
    kept = f" Best epoch {best.epoch}: {figures}." if best else ""
    if status.state == "finished":
        beside = status.record.figures.get("standing") if status.record else None
        stands = f" {for_markdown(beside['sentence'])}" if beside else ""
        return f"{len(history):,} epoch{'s' if len(history) != 1 else ''} in {_time_taken(status)}.{kept}{stands}"
    if status.state == "cancelled":
        return f"Stopped after epoch {history[-1].epoch if history else 0}.{kept or ' Nothing was kept.'}"
    return f"Its process died after epoch {history[-1].epoch if history else 0}; resume goes on from there."


def _time_taken(status: JobStatus) -> str:
    return spoken(float(status.record.figures.get("seconds", 0))) if status.record else "no time"


def _buttons(place: Workspace, status: JobStatus) -> None:
    job = status.job
    if status.state == "finished":
        shell.link("recommend", "Open", icon=":material/arrow_forward:", run=job.id)
    if place.read_only:
        return
    if status.alive:
        _button("Cancel", f"cancel_{job.id}", ":material/stop:", lambda: jobs.cancel(place, job.id))
        return
    if status.state in ("interrupted", "cancelled", "failed"):
        _button("Resume", f"resume_{job.id}", ":material/play_arrow:", lambda: jobs.resume(place, job.id))
    _button("Dismiss", f"forget_{job.id}", ":material/close:", lambda: jobs.forget(place, job.id))


def _button(label: str, key: str, icon: str, act: Callable[[], object]) -> None:
    if st.button(label, key=key, icon=icon, type="tertiary"):
        act()
        st.rerun()


def _curve_text(history: tuple[Epoch, ...]) -> str:
    best = best_epoch(history)
    said = f"; best in epoch {best.epoch}: {best.validation}" if best else ""
    return f"Loss and validation figures over {len(history)} epochs{said}"
