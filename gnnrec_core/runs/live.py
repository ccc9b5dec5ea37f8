"""A run with other settings that need no training: what was trained is kept, and scores follow at once.

A model declares such settings with `base.settings.Live`: how old interactions and popular items count in its operator.
The run that comes out is of the same model, so its ledgers are as exact as before, and it can be stored like any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gnnrec_core.base.errors import RequestError, UnsupportedError
from gnnrec_core.base.settings import SettingField, describe_settings, read_settings
from gnnrec_core.models import MODELS, model_type
from gnnrec_core.runs.run import Run


def live_fields(run: Run) -> tuple[SettingField, ...]:
    """The live settings of the run's model, and none where its settings are not its own to change; ages only where the
    log has times."""
    if run.record.model not in MODELS:
        return ()
    fields = describe_settings(model_type(run.record.model).settings_type)
    timed = run.dataset.interactions.timestamp is not None
    return tuple(field for field in fields if field.live is not None and (timed or field.name != "half_life_days"))


def with_live(run: Run, values: Mapping[str, Any]) -> Run:
    """The run with these live settings, in memory. UnsupportedError where the model has none, RequestError for a
    setting that has to be trained for, or out of range."""
    names = [field.name for field in live_fields(run)]
    if not names:
        raise UnsupportedError(
            f"Everything that a {run.record.model!r} run can be set to has to be trained for.",
            "Choose a run of a linear model, such as lightgcn, ease or gfcf.",
        )
    for name in values:
        if name not in names:
            raise RequestError(
                f"The setting {name!r} needs a training.", f"Without one there are {', '.join(names)}.", value=name
            )
    settings = read_settings(type(run.settings), {**run.settings.model_dump(), **values})
    model = model_type(run.record.model).restore(run.dataset, settings, run.model.tensors())
    changed = ", ".join(f"{name} = {getattr(settings, name):g}" for name in values)
    notes = f"Derived from the run {run.name} without training: {changed}."
    return Run.holding(model, run.dataset, replace(run.record, settings=settings.model_dump(), notes=notes))
