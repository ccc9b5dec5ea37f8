"""The study: the dataset and the run that all pages speak about, chosen in the sidebar and kept in the URL."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from gnnrec_core.data.values import Dataset
from gnnrec_core.errors import RequestError
from gnnrec_core.library import DatasetEntry, RunEntry
from gnnrec_core.models import MODELS
from gnnrec_core.models.run import Run
from gnnrec_ui import cache


@dataclass(frozen=True)
class Study:
    """What has been chosen; None where nothing has been, or there is nothing yet."""

    dataset_entry: DatasetEntry | None = None
    run_entry: RunEntry | None = None

    @cached_property
    def key(self) -> str:
        """A fingerprint of the run on disk: the cache key of everything that is computed from it."""
        return cache.folder_key(self.run_entry.folder) if self.run_entry else ""

    @property
    def run(self) -> Run:
        """The loaded run, shared between sessions and never changed."""
        if self.run_entry is None or self.dataset_entry is None:
            raise RequestError("No run has been chosen.", "Train one on the Train page.")
        return cache.run(str(self.run_entry.folder), str(self.dataset_entry.folder), self.key)

    @property
    def dataset(self) -> Dataset:
        """The loaded dataset; with a run, the run's own."""
        if self.run_entry is not None:
            return self.run.dataset
        if self.dataset_entry is None:
            raise RequestError("No dataset has been chosen.", "Import one on the Data page.")
        return cache.dataset(str(self.dataset_entry.folder), cache.folder_key(self.dataset_entry.folder))


def dataset_label(entry: DatasetEntry) -> str:
    """What the sidebar calls a dataset."""
    return f"{entry.name} (shipped)" if entry.shipped else entry.name


def run_label(entry: RunEntry) -> str:
    """What the sidebar calls a run: model, where it comes from, and its validation figure."""
    model = MODELS[entry.record.model].title if entry.record.model in MODELS else entry.record.model
    origin = "shipped" if entry.shipped else entry.record.created[:16].replace("T", " ")
    return f"{model} · {origin}"
