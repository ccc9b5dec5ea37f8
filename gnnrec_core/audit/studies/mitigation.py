"""What a re-ranking would change, for all users at once: accuracy, every fairness figure, and who loses."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.audit.evidence import Evidence
from gnnrec_core.audit.gate import Gate, gate_of
from gnnrec_core.audit.groups import Grouping, group_users
from gnnrec_core.audit.metrics import Metric, measurable
from gnnrec_core.audit.rerankers import RERANKERS
from gnnrec_core.audit.rerankers.protocol import Candidates
from gnnrec_core.audit.sources import N_CANDIDATES, gather
from gnnrec_core.base.errors import RequestError
from gnnrec_core.base.files import new_folder, write_json
from gnnrec_core.base.settings import Settings, read_settings
from gnnrec_core.data.dataset import IntArray, SplitName
from gnnrec_core.models.ops.checkpoint import save_tensors
from gnnrec_core.models.reranked import Reranked, RerankedSettings
from gnnrec_core.ranking.intervals import Interval, mean_interval
from gnnrec_core.ranking.recommendations import NONE_LEFT, Recommendations
from gnnrec_core.ranking.topk import check_k
from gnnrec_core.runs.record import RunRecord, library_versions, relative_dataset_path
from gnnrec_core.runs.run import Run

Parts = tuple[NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True)
class Change:
    """A figure before and after; `low`, `high`: the 95 % interval of after - before over paired users (NaN: none)."""

    metric: str
    before: float
    after: float
    low: float
    high: float

    @property
    def value(self) -> float:
        """after - before."""
        return self.after - self.before


@dataclass(frozen=True)
class GroupChange:
    """A group's figure and its difference from all other users, before and after."""

    metric: str
    group: str
    before: float
    after: float
    gap_before: float
    gap_after: float


@dataclass(frozen=True)
class Losers:
    """Users whose NDCG fell. `share` is of the evaluable users, `by_group` of those of each shown group; `mean_loss` is
    NaN where fewer lost than a group must have to be shown.

    `users` int64 are the user indices, greatest loss first (at most 100), with `before` and `after`.
    """

    n: int
    share: float
    mean_loss: float
    by_group: dict[str, float]
    users: IntArray
    before: NDArray[np.float64]
    after: NDArray[np.float64]


@dataclass(frozen=True)
class Mitigation:
    """One setting of one re-ranker against the model's own lists."""

    method: str
    settings: dict[str, Any]
    changes: tuple[Change, ...]
    groups: tuple[GroupChange, ...]
    losers: Losers
    seconds: float
    evidence: Evidence = field(repr=False)

    def change(self, metric: str) -> Change:
        """The change of one metric."""
        return next(change for change in self.changes if change.metric == metric)

    def to_dict(self) -> dict[str, Any]:
        """For JSON; of the losers only how many, not who."""
        return {
            "method": self.method,
            "settings": self.settings,
            "changes": [{**asdict(change), "value": change.value} for change in self.changes],
            "groups": [asdict(group) for group in self.groups],
            "losers": {
                "n": self.losers.n,
                "share": self.losers.share,
                "mean_loss": self.losers.mean_loss,
                "by_group": self.losers.by_group,
            },
            "seconds": self.seconds,
        }


@dataclass(frozen=True)
class Bench:
    """Stored candidates with the figures of the model's own lists of k: what every move of a slider starts from."""

    run: Run
    k: int
    candidates: Candidates
    base: Evidence
    grouping: Grouping | None
    min_group_size: int = 10
    split: SplitName = "test"

    @cached_property
    def metrics(self) -> tuple[Metric, ...]:
        """The metrics that can be computed."""
        return measurable(self.base)

    @cached_property
    def before(self) -> dict[str, Parts | float]:
        """Each metric's parts (or value, for figures of all lists) before."""
        return figures(self.base, self.metrics, self.gate)

    @property
    def gate(self) -> Gate:
        """What decides of which people a figure may be said."""
        return gate_of(self.run.dataset, self.min_group_size)

    def shown(self, *counted: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Groups that may be shown for figures over each of these sets of people."""
        if self.grouping is None:
            return np.zeros(0, dtype=bool)
        shown = [self.gate.shown(self.grouping, people, self.min_group_size) for people in counted]
        return np.asarray(np.stack(shown).all(0))


def prepare(
    run: Run,
    k: int = 20,
    group_by: str | Grouping | None = None,
    split: SplitName = "test",
    n_candidates: int = N_CANDIDATES,
    min_group_size: int = 10,
) -> Bench:
    """Rank the candidates of every user once. Keep the result: it makes each following move fast."""
    check_k(k, run.dataset.n_items)
    n = min(n_candidates, run.dataset.n_items)
    if k > n:
        raise RequestError(f"Lists of {k} cannot be made out of {n} candidates.", f"Choose {k} or more.", value=n)
    wide = gather(run, n, split)
    if n > k and (wide.lists.item_index[:, k:] == NONE_LEFT).all():
        raise RequestError(
            f"No list of this run is longer than {k}, so there is nothing to choose from.",
            "Choose a smaller k.",
            value=k,
        )
    wide.hit_cosines  # noqa: B018  worked out once for all candidates, kept by `with_lists`
    lists = Recommendations(wide.lists.user_index, wide.lists.item_index[:, :k], wide.lists.score[:, :k])
    grouping = group_users(run.dataset, group_by) if isinstance(group_by, str) else group_by
    return Bench(run, k, Candidates(wide.lists, wide), wide.with_lists(lists), grouping, min_group_size, split)


def mitigate(bench: Bench, method: str, settings: Settings | Mapping[str, Any] | None = None) -> Mitigation:
    """Re-rank all users by `method` and say what changed.

    Raises RequestError for an unknown method or a setting out of range, UnsupportedError where the data lack labels.
    """
    start = time.perf_counter()
    reranker = RERANKERS.load(method)()
    checked = settings if isinstance(settings, Settings) else read_settings(reranker.settings_type, settings or {})
    return judged(bench, method, checked.model_dump(), reranker.rerank(bench.candidates, checked, bench.k), start)


def judged(
    bench: Bench, method: str, settings: dict[str, Any], lists: Recommendations, start: float | None = None
) -> Mitigation:
    """Any other lists of the same people against the model's own: `method` and `settings` say where they come from,
    `start` when they were begun (`time.perf_counter`)."""
    start = time.perf_counter() if start is None else start
    after = bench.base.with_lists(lists)
    parts = figures(after, bench.metrics, bench.gate)
    return Mitigation(
        method,
        settings,
        tuple(_change(metric, bench.before[metric.name], parts[metric.name], bench.gate) for metric in bench.metrics),
        group_changes(bench, parts),
        _losers(bench, parts),
        time.perf_counter() - start,
        after,
    )


def figures(evidence: Evidence, metrics: tuple[Metric, ...], gate: Gate) -> dict[str, Parts | float]:
    """Parts of each user for metrics that have them, for the others the value as far as it may be said."""
    return {
        metric.name: gate.value(metric, evidence).value if metric.level == "global" else metric.parts(evidence)
        for metric in metrics
    }


def _change(metric: Metric, before: Parts | float, after: Parts | float, gate: Gate) -> Change:
    if not isinstance(before, tuple) or not isinstance(after, tuple):
        values = [value for value in (before, after) if not isinstance(value, tuple)]
        return Change(metric.name, values[0], values[1], float("nan"), float("nan"))
    if not all(gate.is_enough(parts[1] > 0) for parts in (before, after)):
        return Change(metric.name, *[float("nan")] * 4)
    first, second = _ratio(before), _ratio(after)
    spread = paired_interval(before, after)
    return Change(metric.name, first + metric.offset, second + metric.offset, spread.low, spread.high)


def paired_interval(before: Parts, after: Parts) -> Interval:
    """The 95 % interval of after - before over users measurable in both; none where it is the same for everybody."""
    return mean_interval(paired_values(before, after))


def paired_values(before: Parts, after: Parts) -> NDArray[np.float64]:
    """What each user adds to after - before `[n]`, their mean: ratios linearised, NaN where not measurable in both."""
    both = (before[1] > 0) & (after[1] > 0)
    result = np.full(len(both), np.nan)
    if both.any():
        own = [(top[both], bottom[both]) for top, bottom in (before, after)]
        values = [top.sum() / bottom.sum() for top, bottom in own]
        residual = [(top - v * bottom) / bottom.mean() + v for (top, bottom), v in zip(own, values, strict=True)]
        result[both] = residual[1] - residual[0]
    return result


def _ratio(parts: Parts) -> float:
    bottom = float(parts[1].sum())
    return float(parts[0].sum()) / bottom if bottom > 0 else float("nan")


def group_changes(bench: Bench, after: dict[str, Parts | float]) -> tuple[GroupChange, ...]:
    """Figures and gaps of the groups that may be shown."""
    if bench.grouping is None:
        return ()
    found = []
    for metric in bench.metrics:
        before_parts, after_parts = bench.before[metric.name], after[metric.name]
        if isinstance(before_parts, tuple) and isinstance(after_parts, tuple):
            groups = np.flatnonzero(bench.shown(before_parts[1] > 0, after_parts[1] > 0))
            member = bench.grouping.member[:, groups].astype(np.float64)
            own_before, gap_before = _own_and_gap(before_parts, member)
            own_after, gap_after = _own_and_gap(after_parts, member)
            found += [
                GroupChange(
                    metric.name,
                    bench.grouping.labels[group],
                    float(own_before[place]) + metric.offset,
                    float(own_after[place]) + metric.offset,
                    float(gap_before[place]),
                    float(gap_after[place]),
                )
                for place, group in enumerate(groups)
            ]
    return tuple(found)


def _own_and_gap(parts: Parts, member: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    top, bottom = parts[0] @ member, parts[1] @ member
    with np.errstate(divide="ignore", invalid="ignore"):
        own = top / bottom
        return own, own - (parts[0].sum() - top) / (parts[1].sum() - bottom)


def _losers(bench: Bench, after: dict[str, Parts | float], limit: int = 100) -> Losers:
    before_parts, after_parts = bench.before["ndcg"], after["ndcg"]
    assert isinstance(before_parts, tuple) and isinstance(after_parts, tuple)  # NDCG has a value for each user
    loss = before_parts[0] - after_parts[0]
    lost, evaluable = loss > 1e-12, before_parts[1] > 0
    order = np.argsort(-loss, kind="stable")[: min(limit, int(lost.sum()))]
    shares = {}
    if bench.grouping is not None:
        for group in np.flatnonzero(bench.shown(evaluable)):
            rows = bench.grouping.member[:, group] & evaluable
            if rows.any():
                shares[bench.grouping.labels[group]] = float(lost[rows].mean())
    n = int(lost.sum())
    return Losers(
        n,
        n / max(1, int(evaluable.sum())),
        0.0 if not n else float(loss[lost].mean()) if n >= bench.min_group_size else float("nan"),
        shares,
        bench.base.lists.user_index[order],
        before_parts[0][order],
        after_parts[0][order],
    )


def save(bench: Bench, mitigation: Mitigation, out: Path, seed: int = 0, overwrite: bool = False) -> RunRecord:
    """Write the re-ranked lists as a run of its own, whose record names the base run and the setting.

    The first k places are the new lists; the candidates that are left follow in the model's order, so that the run can
    be asked for longer lists. RequestError where `out` exists and `overwrite` is false.
    """
    base = bench.run.record
    settings = RerankedSettings(
        base_run=bench.run.name,
        base_model=base.model,
        method=mitigation.method,
        method_settings=json.dumps(mitigation.settings, sort_keys=True),
        k=bench.k,
        n_candidates=bench.candidates.items.shape[1],
    )
    dataset_folder = (bench.run.place.resolve() / base.dataset_path).resolve()
    record = RunRecord(
        model=Reranked.name,
        settings=settings.model_dump(),
        seed=seed,
        dataset_name=base.dataset_name,
        dataset_path=relative_dataset_path(out, dataset_folder),
        dataset_fingerprint=base.dataset_fingerprint,
        device="cpu",
        state="finished",
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        versions=library_versions(),
        figures={change.metric: change.after for change in mitigation.changes if np.isfinite(change.after)},
        notes=f"{RERANKERS[mitigation.method].title} on the lists of {bench.run.name}.",
    )
    items = completed(mitigation.evidence.lists.item_index, bench.candidates.lists.item_index)
    card = {"model": Reranked.name, "settings": record.settings, "dataset_fingerprint": base.dataset_fingerprint}
    with new_folder(out, overwrite) as folder:
        tensors = Reranked(bench.run.dataset, settings, items).tensors()
        save_tensors(folder / "model.safetensors", tensors, card)
        (folder / "history.jsonl").write_bytes(b"")
        write_json(folder / "run.json", record.to_dict())
    return record


def completed(lists: IntArray, candidates: IntArray) -> IntArray:
    """`lists` `[n, k]` with the candidates `[n, c]` that are not in them behind, in their order `[n, c]`."""
    k = lists.shape[1]
    place = np.full(candidates.shape, k, dtype=np.int64)
    for column in range(k):
        place[(candidates == lists[:, column, None]) & (candidates >= 0)] = column
    place[candidates < 0] = k + 1
    return np.take_along_axis(candidates, np.argsort(place, axis=1, kind="stable"), axis=1)
