"""A fix at every strength: what it buys, what it costs, and whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gnnrec_core.audit.rerankers import RERANKERS
from gnnrec_core.audit.studies.mitigation import Bench, Mitigation, mitigate
from gnnrec_core.base import progress
from gnnrec_core.base.errors import RequestError
from gnnrec_core.base.settings import SettingField, describe_settings

N_STEPS = 11
GAINS = ("coverage", "long_tail_share", "gini", "upd", "calibration_js")
"""Figures that a fix may be made for, the first by default."""


@dataclass(frozen=True)
class TradeOff:
    """One re-ranker at several values of its setting `along`, ascending; `steps` are the results at `values`."""

    method: str
    along: str
    values: tuple[float, ...]
    steps: tuple[Mitigation, ...]

    def gains(self) -> tuple[str, ...]:
        """Those of `GAINS` that can be measured here."""
        return tuple(name for name in GAINS if all(_has(step, name) for step in self.steps))

    def to_dict(self) -> list[dict[str, Any]]:
        """A row a step, as `mitigate` prints it: value, each figure after, the share of people who lose NDCG."""
        return [
            {
                self.along: value,
                **{name: step.change(name).after for name in ("ndcg", *self.gains())},
                "ndcg_change": step.change("ndcg").value,
                "ndcg_low": step.change("ndcg").low,
                "ndcg_high": step.change("ndcg").high,
                "losers": step.losers.share,
            }
            for value, step in zip(self.values, self.steps, strict=True)
        ]


def _has(step: Mitigation, name: str) -> bool:
    return any(change.metric == name and np.isfinite(change.after) for change in step.changes)


def knob(method: str) -> SettingField | None:
    """The setting that a curve runs along: the first number with two ends; None where a re-ranker has none."""
    fields = describe_settings(RERANKERS.load(method).settings_type)
    return next((f for f in fields if f.kind == "float" and f.low is not None and f.high is not None), None)


def trade_off(
    bench: Bench,
    method: str,
    settings: Mapping[str, Any] | None = None,
    along: str | None = None,
    n_steps: int = N_STEPS,
) -> TradeOff:
    """`method` at `n_steps` values of `along` from one end of its range to the other, the other `settings` kept.

    RequestError where `along` is no number with two ends (None: the first that is).
    """
    fields = {f.name: f for f in describe_settings(RERANKERS.load(method).settings_type)}
    field = knob(method) if along is None else fields.get(along)
    if field is None or field.kind != "float" or field.low is None or field.high is None:
        known = [f.name for f in fields.values() if f.kind == "float"]
        raise RequestError(
            f"{method} has no number {along!r} with two ends.", f"Choose one of {', '.join(known)}.", value=along
        )
    values = np.round(np.linspace(field.low, field.high, n_steps), 6).tolist()
    steps = []
    for number, value in enumerate(values):
        progress.report(number, len(values), "re-ranking at each strength")
        steps.append(mitigate(bench, method, {**(settings or {}), field.name: value}))
    return TradeOff(method, field.name, tuple(values), tuple(steps))
