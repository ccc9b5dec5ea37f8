"""The study: the dataset and the run that all pages speak about, chosen in the sidebar and kept in the URL."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import streamlit as st

from gnnrec_core.base.errors import RequestError
from gnnrec_core.base.text import for_option
from gnnrec_core.models import title_of
from gnnrec_core.runs.entries import DatasetEntry, RunEntry
from gnnrec_ui import readers
from gnnrec_ui.frame import roles, state
from gnnrec_ui.server import cache

if TYPE_CHECKING:
    from gnnrec_core.data.dataset import Dataset
    from gnnrec_core.runs.run import Run


@dataclass(frozen=True)
class Study:
    """What has been chosen; None where nothing has been, or there is nothing yet."""

    dataset_entry: DatasetEntry | None = None
    run_entry: RunEntry | None = None
    unknown: str = ""
    """What the link asked for and is not here, as a sentence."""

    @cached_property
    def key(self) -> str:
        """A fingerprint of the run on disk: the cache key of everything that is computed from it."""
        return cache.folder_key(self.run_entry.folder) if self.run_entry else ""

    @cached_property
    def run(self) -> Run:
        """The loaded run, shared between sessions and never changed."""
        if self.run_entry is None or self.dataset_entry is None:
            raise RequestError("No run has been chosen.", "Train one on the Train page.")
        return cache.run(str(self.run_entry.folder), str(self.dataset_entry.folder), self.key)

    @cached_property
    def dataset(self) -> Dataset:
        """The loaded dataset; with a run, the run's own."""
        if self.run_entry is not None:
            return self.run.dataset
        if self.dataset_entry is None:
            raise RequestError("No dataset has been chosen.", "Import one on the Data page.")
        return cache.dataset(str(self.dataset_entry.folder), cache.folder_key(self.dataset_entry.folder))


def choose_study() -> Study:
    """The menus for dataset and run, `?dataset=` and `?run=`; a link that names only a run opens its dataset."""
    space = roles.workspace()
    datasets = {entry.id: entry for entry in space.datasets()}
    if not datasets:
        return Study()
    runs = {entry.id: entry for entry in space.runs()}
    unknown = _unknown(dataset=datasets, run=runs) or _orphaned(datasets, runs)
    runs = {name: entry for name, entry in runs.items() if entry.is_usable}
    first = next(iter(datasets))
    wanted = _dataset_of_linked_run(datasets, runs) or state.follow("dataset", datasets.__contains__, first)
    st.session_state["dataset"] = wanted
    chosen = st.selectbox(
        "Dataset", list(datasets), key="dataset", format_func=lambda name: for_option(dataset_label(datasets[name]))
    )
    state.settle("dataset", chosen, first)
    of_data = [name for name, run in runs.items() if run.record.dataset_fingerprint == datasets[chosen].fingerprint]
    if not of_data:
        readers.note(dataset=chosen)
        st.caption("No trained run yet.")
        return Study(datasets[chosen], unknown=unknown)
    st.session_state["run"] = state.follow("run", of_data.__contains__, of_data[0])
    run = st.selectbox("Run", of_data, key="run", format_func=lambda name: for_option(run_label(runs[name])))
    state.settle("run", run, of_data[0])
    readers.note(dataset=chosen, run=run)
    return Study(datasets[chosen], runs[run], unknown)


def _unknown(**known: Container[str]) -> str:
    """A sentence on what the link names and this server does not have."""
    wanted = {kind: st.query_params[kind] for kind in known if st.query_params.get(kind)}
    missing = [f"no {kind} “{name}”" for kind, name in wanted.items() if name not in known[kind]]
    return f"There is {' and '.join(missing)} here." if missing else ""


def _orphaned(datasets: dict[str, DatasetEntry], runs: dict[str, RunEntry]) -> str:
    """A sentence where the link names a run whose data are gone."""
    run = runs.get(st.query_params.get("run", ""))
    held = {entry.fingerprint for entry in datasets.values()}
    if run is None or run.record.dataset_fingerprint in held:
        return ""
    return (
        f"The run “{run.id}” was trained on data with fingerprint {run.record.dataset_fingerprint[:12]}, which no "
        "dataset here has any more."
    )


def _dataset_of_linked_run(datasets: dict[str, DatasetEntry], runs: dict[str, RunEntry]) -> str | None:
    run = runs.get(st.query_params.get("run", ""))
    if run is None or "dataset" in st.query_params or "dataset" in st.session_state:
        return None
    same = (name for name, entry in datasets.items() if entry.fingerprint == run.record.dataset_fingerprint)
    return next(same, None)


def dataset_label(entry: DatasetEntry) -> str:
    """What the sidebar calls a dataset."""
    return f"{entry.name} (shipped)" if entry.shipped else entry.name


def run_label(entry: RunEntry) -> str:
    """What the sidebar calls a run: model, where it comes from, and its validation figure."""
    model = title_of(entry.record.model)
    origin = "shipped" if entry.shipped else entry.record.created[:16].replace("T", " ")
    return f"{model} · {origin}"
