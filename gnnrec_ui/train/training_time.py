"""How long a training will take, before it starts and while it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from gnnrec_core.models.protocol import Epoch
from gnnrec_core.runs.entries import DatasetEntry, RunEntry

RECENT_EPOCHS = 10


@dataclass(frozen=True)
class Estimate:
    """Seconds for all epochs (`most`) and for as many as such runs needed (`usual`), and the evidence."""

    usual: float
    most: float
    n_runs: int
    only_shipped: bool


def estimate(
    dataset: DatasetEntry, model: str, settings: Mapping[str, Any], known: Sequence[tuple[RunEntry, int]]
) -> Estimate | None:
    """What a training may take, from finished runs of the same model and their number of train interactions.

    Time for an epoch is taken to grow with train interactions, embedding length and layers. None without such a run.
    """
    rates, lengths, shipped = [], [], []
    for run, n_train in known:
        seconds = run.record.figures.get("seconds_per_epoch")
        if run.record.model != model or run.record.state != "finished" or not seconds or not n_train:
            continue
        rates.append(float(seconds) / (_work(run.record.settings) * n_train))
        lengths.append(int(run.record.figures.get("epochs_run") or 1))
        shipped.append(run.shipped)
    if not rates:
        return None
    an_epoch = median(rates) * _work(settings) * int(dataset.card["n_train"])
    epochs = int(settings.get("epochs", 1))
    return Estimate(an_epoch * min(epochs, median(lengths)), an_epoch * epochs, len(rates), all(shipped))


def seconds_left(history: Sequence[Epoch], epochs: int) -> float | None:
    """Time to the last epoch at the pace of the latest ones; None before the first."""
    recent = [epoch.seconds for epoch in history[-RECENT_EPOCHS:]]
    return (epochs - history[-1].epoch) * sum(recent) / len(recent) if recent else None


def spoken(seconds: float) -> str:
    """A duration for people.

    >>> spoken(0.4), spoken(59.6), spoken(61), spoken(7300)
    ('1 s', '1 min', '1 min', '2 h 2 min')
    """
    whole = max(1, round(seconds))
    if whole < 59.5:
        return f"{whole} s"
    minutes = max(1, round(whole / 60))
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min" if minutes % 60 else f"{minutes // 60} h"


def _work(settings: Mapping[str, Any]) -> float:
    return _positive(settings.get("embedding_dim"), 1) * (1 + _positive(settings.get("n_layers"), 0))


def _positive(value: Any, otherwise: float) -> float:
    """A number of a record, which may hold anything that a setting can be."""
    return float(value) if isinstance(value, int | float) and value > 0 else otherwise
