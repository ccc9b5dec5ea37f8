"""What the Audit and Compare pages ask of the library, remembered by the run's fingerprint and the choices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from gnnrec_core.base.errors import RequestError
from gnnrec_core.data.dataset import SplitName
from gnnrec_core.runs.entries import DatasetEntry, RunEntry
from gnnrec_core.runs.workspace import Workspace
from gnnrec_ui.frame.study import Study
from gnnrec_ui.server import cache

if TYPE_CHECKING:
    import polars as pl

    from gnnrec_core.audit.evidence import Evidence
    from gnnrec_core.audit.report import AuditReport
    from gnnrec_core.audit.studies.cockpit import Cockpit
    from gnnrec_core.audit.studies.comparing import Comparison
    from gnnrec_core.audit.studies.mitigation import Bench, Mitigation
    from gnnrec_core.runs.run import Run
    from gnnrec_core.whole.against.tuning import Tuned

MOST_BYTES = 4 * 2**30
N_BASELINES = 4
BYTES_A_PLACE = 32
"""An item, its score, and what metrics keep of each place of a list."""


def report(study: Study, k: int, group_by: str, convention: str, part: SplitName) -> AuditReport:
    """The audit of the chosen run, judged on a held-out part."""
    return _report(study.run, study.key, k, group_by, convention, part)


@st.cache_resource(max_entries=12, show_spinner="Auditing …")
def _report(_run: Run, key: str, k: int, group_by: str, convention: str, part: SplitName) -> AuditReport:
    from gnnrec_core.audit.auditing import audit_evidence
    from gnnrec_core.audit.groups import group_users

    grouping = group_users(_run.dataset, group_by) if group_by else None
    return audit_evidence(_evidence(_run, key, k, part), grouping, _run, part, convention)


def telling_grouping(study: Study, k: int, part: SplitName) -> str:
    """The grouping with most to tell about the chosen run."""
    return _telling_grouping(study.run, study.key, k, part)


@st.cache_resource(max_entries=12, show_spinner="Looking where groups differ …")
def _telling_grouping(_run: Run, key: str, k: int, part: SplitName) -> str:
    from gnnrec_core.audit.auditing import most_telling
    from gnnrec_core.audit.groups import available_groupings, group_users

    groupings = [group_users(_run.dataset, choice.name) for choice in available_groupings(_run.dataset)]
    return most_telling(_evidence(_run, key, k, part), groupings)


@st.cache_resource(max_entries=4, show_spinner="Ranking for everybody …")
def _evidence(_run: Run, key: str, k: int, part: SplitName) -> Evidence:
    from gnnrec_core.audit.sources import gather

    return gather(_run, k, part)


def layers(study: Study, k: int, part: SplitName) -> pl.DataFrame | None:
    """Popularity of the lists by depth of propagation; None for a model that does not propagate."""
    return _layers(study.run, study.key, k, part)


@st.cache_resource(max_entries=8, show_spinner="Ranking by layer …")
def _layers(_run: Run, key: str, k: int, part: SplitName) -> pl.DataFrame | None:
    from gnnrec_core.audit.studies.popularity_by_layer import popularity_by_layer
    from gnnrec_core.models.protocol import PropagationRecommender

    return popularity_by_layer(_run, k, part) if isinstance(_run.model, PropagationRecommender) else None


def bench(study: Study, k: int, group_by: str, part: SplitName) -> Bench:
    """The stored candidates that every move of a slider starts from."""
    return _bench(study.run, study.key, k, group_by, part)


@st.cache_resource(max_entries=3, show_spinner="Ranking the candidates once …")
def _bench(_run: Run, key: str, k: int, group_by: str, part: SplitName) -> Bench:
    from gnnrec_core.audit.studies.mitigation import prepare

    return prepare(_run, k, group_by or None, part)


def mitigation(
    study: Study, k: int, group_by: str, part: SplitName, method: str, settings: dict[str, Any]
) -> Mitigation:
    """What one setting of one re-ranker changes."""
    held = bench(study, k, group_by, part)
    return _mitigation(held, study.key, k, group_by, part, method, tuple(sorted(settings.items())))


@st.cache_resource(max_entries=24, show_spinner=False)
def _mitigation(
    _bench: Bench, key: str, k: int, group_by: str, part: SplitName, method: str, settings: tuple[tuple[str, Any], ...]
) -> Mitigation:
    from gnnrec_core.audit.studies.mitigation import mitigate

    return mitigate(_bench, method, dict(settings))


def cockpit(study: Study, k: int, method: str, settings: dict[str, Any]) -> Cockpit:
    """All items by the run's lists of `k`, and by those of a fix where `method` names one."""
    return _cockpit(study, study.key, k, method, tuple(sorted(settings.items())))


@st.cache_resource(max_entries=8, show_spinner="Counting who is shown what …")
def _cockpit(_study: Study, key: str, k: int, method: str, settings: tuple[tuple[str, Any], ...]) -> Cockpit:
    from gnnrec_core.audit.studies.cockpit import cockpit

    after = mitigation(_study, k, "", "test", method, dict(settings)).evidence if method else None
    return cockpit(lists(_study, k), after)


def lists(study: Study, k: int) -> Evidence:
    """The lists of `k` of everybody, with what is known of people and items."""
    return _evidence(study.run, study.key, k, "test")


def tuned(study: Study, k: int, group_by: str, part: SplitName, settings: dict[str, float]) -> Tuned:
    """What other settings of the model's operator change."""
    held = bench(study, k, group_by, part)
    return _tuned(held, study.key, k, group_by, part, tuple(sorted(settings.items())))


@st.cache_resource(max_entries=12, show_spinner="Ranking by the other operator …")
def _tuned(
    _bench: Bench, key: str, k: int, group_by: str, part: SplitName, settings: tuple[tuple[str, float], ...]
) -> Tuned:
    from gnnrec_core.whole.against.tuning import tune

    return tune(_bench, dict(settings))


def comparison(place: Workspace, runs: tuple[RunEntry, ...], k: int, part: SplitName) -> Comparison:
    """The runs and the baselines side by side."""
    dataset = place.dataset_of(runs[0])
    _check_budget(runs, dataset, k)
    keys = tuple(cache.folder_key(run.folder) for run in runs)
    data = str(dataset.folder)
    return _comparison(tuple(str(run.folder) for run in runs), data, keys, k, part)


def _check_budget(runs: tuple[RunEntry, ...], dataset: DatasetEntry, k: int) -> None:
    """RequestError where the runs' weights and lists would take more memory than one request may."""
    weights = sum(2 * (run.folder / "model.safetensors").stat().st_size for run in runs)
    lists = (len(runs) + N_BASELINES) * dataset.card["n_users"] * k * BYTES_A_PLACE
    if weights + lists > MOST_BYTES:
        raise RequestError(
            f"Comparing these {len(runs)} runs would take about {(weights + lists) / 2**30:.1f} GiB of memory; one "
            f"request may take {MOST_BYTES / 2**30:.0f}.",
            "Choose fewer runs or a shorter list.",
        )


@st.cache_resource(max_entries=6, show_spinner="Ranking for every run and baseline …")
def _comparison(
    folders: tuple[str, ...], dataset_folder: str, keys: tuple[str, ...], k: int, part: SplitName
) -> Comparison:
    from gnnrec_core.audit.studies.comparing import compare

    return compare(
        [cache.run(folder, dataset_folder, key) for folder, key in zip(folders, keys, strict=True)], k, split=part
    )
