"""A run on other interactions of the same people and items, at a named level of truth.

"again": trained again on them (exact where the model refits). "kept": the graph is the changed one, what was trained is
kept. (To relearn everybody's own embedding takes longer than to train again.)
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from gnnrec_core.base.errors import RequestError, UnsupportedError
from gnnrec_core.base.files import first_within, refuse_existing
from gnnrec_core.data.dataset import Dataset, IntArray
from gnnrec_core.explain.explanation import kept_of
from gnnrec_core.explain.truth.kept_scores import epochs_of
from gnnrec_core.explain.truth.retraining import refits
from gnnrec_core.models import able, model_type
from gnnrec_core.models.history_protocol import HistoryRecommender
from gnnrec_core.models.protocol import PropagationRecommender, RefittingRecommender, RetrainableRecommender
from gnnrec_core.runs.run import Run
from gnnrec_core.runs.training import fit_model

Level = Literal["again", "kept"]
LEVELS: tuple[Level, ...] = ("again", "kept")


def level_of(run: Run, asked: str = "") -> Level:
    """The level that is asked for; without one, "again" where the model refits at once, else "kept".

    RequestError for an unknown level, UnsupportedError where the model cannot give it or does not look at interactions.
    """
    if asked and asked not in LEVELS:
        raise RequestError(f"There is no level {asked!r}.", f"Choose {', '.join(LEVELS)}.", value=asked)
    if refits(run):
        return "again"  # exact at once: nothing else says more
    if not isinstance(run.model, (PropagationRecommender, HistoryRecommender)):
        raise UnsupportedError(
            f"What a run of {run.record.model!r} would say on other interactions is not known.",
            f"Ask a run of {able(RefittingRecommender, PropagationRecommender, HistoryRecommender)}.",
        )
    if asked == "again" and not isinstance(model_type(run.record.model), RetrainableRecommender):
        raise UnsupportedError(f"No training made this run of {run.record.model!r}.", "Choose kept.")
    return "again" if asked == "again" else "kept"


def level_words(run: Run, level: Level) -> str:
    """What a figure at that level claims, as the end of a sentence."""
    if level == "again":
        return "trained again (exact: the model refits)" if refits(run) else "trained again with the same random draws"
    return f"in this model as it stands: the graph changed, {kept_of(run.model)} kept"


def moved(run: Run, dataset: Dataset, level: Level, seed: int | None = None, gone: IntArray | None = None) -> Run:
    """The run on `dataset`, which has the same people and items, as a run in memory.

    `gone` are the rows of the run's own interactions that `dataset` lacks, where it lacks nothing else and has nothing
    new: then training again draws common random numbers. The run itself where `dataset` is its own.
    """
    seed = run.record.seed if seed is None else seed
    if dataset is run.dataset and (seed == run.record.seed or refits(run)):
        return run
    kind: Any = model_type(run.record.model)
    if refits(run):
        model = kind.create(dataset, run.settings, seed, "cpu")
        fit_model(model)
    elif level == "again":
        rows = np.zeros(0, np.int64) if dataset is run.dataset else gone
        if rows is None:
            model = kind.create(dataset, run.settings, seed, "cpu")
        else:
            model = kind.create_without(run.dataset, run.settings, seed, "cpu", rows)
        fit_model(model, most=epochs_of(run))
    else:
        model = kind.restore(dataset, run.settings, run.model.tensors())
    return held(run, model, dataset, seed)


def held(run: Run, model: Any, dataset: Dataset, seed: int, notes: str = "") -> Run:
    """A run in memory that holds `model`, with the record of `run`."""
    record = replace(
        run.record, dataset_fingerprint=dataset.fingerprint, dataset_path="", seed=seed, notes=notes or run.record.notes
    )
    return Run.holding(model, dataset, record)


def refuse_place(run: Run, out: Path, overwrite: bool) -> None:
    """RequestError where `out` exists and may not be replaced, or holds the run or the data that the new run is made
    from."""
    refuse_existing(out, overwrite)
    if run.folder is None:
        return
    if first_within(out, (run.folder, run.folder.resolve() / run.record.dataset_path)):
        raise RequestError(
            f"{out} holds what the new run is made from, and would replace it.", "Name another folder.", file=str(out)
        )
