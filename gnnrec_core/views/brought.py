"""What a run can be asked, and why not the rest: found by trying, never by the name of its model."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from gnnrec_core.base.errors import LensError
from gnnrec_core.explain import EXPLAINERS
from gnnrec_core.explain.scores.scoring import rescorer_of, scorer_of
from gnnrec_core.models.protocol import AskedRecommender
from gnnrec_core.runs.bringing.importing import Brought
from gnnrec_core.runs.fold_in import fold_in
from gnnrec_core.runs.run import Run

ALWAYS = ("recommend", "evaluate", "audit", "compare", "mitigate", "gate", "card")
"""What needs lists only."""
LISTS = ("date", "cutoff", "n_other_lists")
"""What a table of several lists for each person had, where it had such."""


def import_json(brought: Brought, run: Run, folder: Path, check: dict[str, Any] | None) -> dict[str, Any]:
    """The JSON object of `run import`; `missing_users` and `missing_items` are ids of the data without a row."""
    can, cannot = abilities(run)
    figures = run.record.figures
    run.model.tensors()  # a scorer is asked for everybody before it is said how often
    return {
        "run": str(folder),
        "kind": run.record.model,
        "n_users": run.dataset.n_users,
        "n_items": run.dataset.n_items,
        "missing_users": list(brought.missing_users),
        "missing_items": list(brought.missing_items),
        "n_dropped": brought.n_dropped,
        "lists": {"n_other_lists": 0, **{name: figures[name] for name in LISTS if name in figures}},
        "check": check,
        "calls": run.model.n_asked if isinstance(run.model, AskedRecommender) else None,
        "can": can,
        "cannot": cannot,
    }


def abilities(run: Run) -> tuple[list[str], list[dict[str, str]]]:
    """Verbs that serve this run, and the others with the sentence that says why not."""
    asked: dict[str, Callable[[], Any]] = {
        "counterfactual": lambda: rescorer_of(run.model),
        "what-if": lambda: rescorer_of(run.model),
        "why-not": lambda: scorer_of(run.model),
        "drivers": lambda: scorer_of(run.model),
        "fold-in": lambda: fold_in(run, [_chosen_most(run)], 1),
        **{f"explain {name}": partial(_supports, name, run) for name in EXPLAINERS.names},
    }
    can, cannot = list(ALWAYS), []
    for what, attempt in asked.items():
        try:
            attempt()
        except LensError as error:
            cannot.append({"what": what, "why": error.message})
        else:
            can.append(what)
    return can, cannot


def _chosen_most(run: Run) -> int:
    """The item with the most train interactions."""
    log = run.dataset.interactions
    return int(np.argmax(np.bincount(log.item_index[log.rows("train")], minlength=run.dataset.n_items)))


def _supports(method: str, run: Run) -> None:
    EXPLAINERS.load(method)().supports(run.model)
