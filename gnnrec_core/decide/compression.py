"""Compression as a question: how much smaller, what is lost and for whom, and do the reasons survive?"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.audit.gate import gate_of
from gnnrec_core.audit.groups import available_groupings, group_users
from gnnrec_core.base import progress
from gnnrec_core.base.errors import UnsupportedError
from gnnrec_core.base.files import new_folder, write_json
from gnnrec_core.decide.gate import Gate, gate
from gnnrec_core.decide.smaller import smaller, told
from gnnrec_core.explain.scores.scoring import scorer_of
from gnnrec_core.models.ops.checkpoint import save_tensors
from gnnrec_core.ranking.intervals import UNIT, Interval, mean_interval
from gnnrec_core.runs.recommend import recommend
from gnnrec_core.runs.record import RunRecord, relative_dataset_path
from gnnrec_core.runs.run import Run

Values = NDArray[np.float64]
MOST_PEOPLE = 500
N_REASONS = 3
PEOPLE_TIMED = 100


@dataclass(frozen=True)
class GroupReasons:
    """How many of a group's people keep their first reason (0..1)."""

    grouping: str
    group: str
    n: int
    same_reason: float


@dataclass(frozen=True)
class Compression:
    """`gate` judges the compressed run against the other. For the first item of the other's list: `same_reason`, share
    of people whose strongest interaction stays the strongest; `reasons_kept`, mean share of the three strongest that
    stay among them; both None where the score has no parts. `bytes` are those of what became smaller (`of`: tables or
    edges); `seconds` of CPU from opening to the first lists of 100 people."""

    run: str
    way: str
    amount: float
    of: str
    bytes_before: int
    bytes_after: int
    gate: Gate
    same_reason: Interval | None
    reasons_kept: Interval | None
    groups: tuple[GroupReasons, ...]
    seconds_before: float = float("nan")
    seconds_after: float = float("nan")

    @property
    def times_smaller(self) -> float:
        """Bytes before / after."""
        return self.bytes_before / self.bytes_after

    def to_dict(self) -> dict[str, Any]:
        """As the command prints it."""
        return {
            "run": self.run, "way": self.way, "amount": self.amount, "of": self.of,
            **({"bits": int(self.amount)} if self.way == "bits" else {}),
            "bytes_before": self.bytes_before, "bytes_after": self.bytes_after,
            "seconds_before": self.seconds_before, "seconds_after": self.seconds_after,
            "times_smaller": self.times_smaller, "same_reason": self.same_reason and self.same_reason.to_dict(),
            "reasons_kept": self.reasons_kept and self.reasons_kept.to_dict(),
            "groups_reasons": [asdict(group) for group in self.groups], "gate": self.gate.to_dict(),
        }  # fmt: skip


def compress(run: Run, amount: float = 8, k: int = 20, seed: int = 0, way: str = "bits") -> tuple[Run, Compression]:
    """The run made smaller in a `way` of `smaller.WAYS`, in memory, and what that costs. Errors of `smaller`."""
    made = smaller(run, way, amount)
    small = Run.of(made.model, run.dataset, run.record.seed)
    small = small.called(f"{run.name}, {told(way, amount)}")
    found = gate(small, run, k, seed=seed)
    same, shared = _reasons(small, run, seed)
    return small, Compression(
        run.name, way, amount, made.of, made.bytes_before, made.bytes_after, found,
        mean_interval(same, bounds=UNIT) if same is not None else None,
        mean_interval(shared, bounds=UNIT) if shared is not None else None,
        _groups(run, same) if same is not None else (),
        *(_seconds(run, model) for model in (run.model, made.model)),
    )  # fmt: skip


def save(run: Run, out: Path, found: Compression, overwrite: bool = False) -> RunRecord:
    """Write the smaller run as one of its own. RequestError where `out` exists and `overwrite` is false."""
    made = smaller(run, found.way, found.amount)
    data = (run.place.resolve() / run.record.dataset_path).resolve()
    record = replace(
        run.record,
        model=made.kind,
        settings=made.settings,
        dataset_path=relative_dataset_path(out, data),
        figures={"times_smaller": found.times_smaller},
        notes=f"{run.name} made smaller: {told(found.way, found.amount)}.",
    )
    card = {"model": made.kind, "settings": record.settings, "dataset_fingerprint": record.dataset_fingerprint}
    with new_folder(out, overwrite) as folder:
        save_tensors(folder / "model.safetensors", made.tensors, card)
        (folder / "history.jsonl").write_bytes(b"")
        write_json(folder / "run.json", record.to_dict())
    return record


def _seconds(run: Run, model: Any) -> float:
    """Seconds of CPU from the opened model to lists of `PEOPLE_TIMED` people, everything that it keeps made anew."""
    fresh = type(model).restore(run.dataset, model.settings, model.tensors())
    fresh.graph = model.graph
    timed = Run.of(fresh, run.dataset)
    start = time.process_time()
    recommend(timed, np.arange(min(PEOPLE_TIMED, run.dataset.n_users)), min(20, run.dataset.n_items))
    return time.process_time() - start


def _reasons(small: Run, run: Run, seed: int) -> tuple[Values | None, Values | None]:
    """For each person `[n_users]` (NaN: not looked at): is the strongest interaction the same, share of three kept."""
    try:
        scorers = (scorer_of(run.model), scorer_of(small.model))
    except UnsupportedError:
        return None, None
    n = run.dataset.n_users
    people = np.sort(np.random.default_rng(seed).permutation(n)[:MOST_PEOPLE])
    first = recommend(run, people, 1).item_index[:, 0]
    same, shared = np.full(n, np.nan), np.full(n, np.nan)
    for place, (user, item) in enumerate(zip(people.tolist(), first.tolist(), strict=True)):
        progress.report(place, len(people))
        parts = [scorer.parts(user, np.array([item])) for scorer in scorers]
        if item < 0 or not len(parts[0].edges):
            continue
        orders = [np.argsort(-np.abs(part.values[:, 0]), kind="stable")[:N_REASONS] for part in parts]
        edges = [  # by their far ends: the smaller graph may count its columns otherwise
            scorer.graph.edge_index[1, part.edges[order]].tolist()
            for scorer, part, order in zip(scorers, parts, orders, strict=True)
        ]
        same[user] = edges[0][0] == edges[1][0]
        shared[user] = len(set(edges[0]) & set(edges[1])) / len(edges[0])
    return same, shared


def _groups(run: Run, same: Values) -> tuple[GroupReasons, ...]:
    """Of the groups that may be shown."""
    counted = np.isfinite(same)
    found, gate_ = [], gate_of(run.dataset)
    for choice in available_groupings(run.dataset):
        grouping = group_users(run.dataset, choice.name)
        for place in np.flatnonzero(gate_.shown(grouping, counted)):
            rows = grouping.member[:, place] & counted
            if rows.any():
                share = float(same[rows].mean())
                found.append(GroupReasons(choice.name, grouping.labels[place], int(rows.sum()), share))
    return tuple(found)
