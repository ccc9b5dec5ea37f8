"""The gate: may a candidate take the place of an incumbent?

Every declared figure is a paired difference over the same people, every group a difference over its own; all are
tested as one family and decided as everywhere else (`audit.decision`). A figure is `ok` where its interval rules out a
loss of `margin`, which is a share of the incumbent's figure: scarce hits make the interval wide, never the figure
worse, so that an equal model ends in "cannot tell" at worst.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from gnnrec_core.audit.evidence import Evidence, divide
from gnnrec_core.audit.gate import gate_of
from gnnrec_core.audit.groups import Grouping, available_groupings, group_users
from gnnrec_core.audit.metrics import METRICS, Metric, find_metric
from gnnrec_core.audit.sources import gather
from gnnrec_core.audit.studies.comparing import (
    Case,
    PairedDifference,
    check_same_data,
    paired_differences,
    unique_names,
)
from gnnrec_core.audit.studies.mitigation import Parts
from gnnrec_core.base.errors import RequestError, UnsupportedError
from gnnrec_core.base.settings import Settings
from gnnrec_core.data.dataset import Dataset, IntArray, SplitName
from gnnrec_core.decide.changes import ListChanges, list_changes
from gnnrec_core.decide.reasons import Ledgers, Reason, ledger_changes, reasons
from gnnrec_core.decide.verdict import Verdict, verdict_of
from gnnrec_core.runs.recommend import empty_part
from gnnrec_core.runs.run import Run

DECLARED = ("ndcg", "recall", "hit_rate", "long_tail_share")
"""What the gate looks at unless told otherwise; figures without a direction are shown and not judged."""
MOST_PEOPLE = 10


class GateSettings(Settings):
    """The rules of a gate; declare them before you look."""

    margin: float = Field(
        default=0.05, gt=0, le=1, description="loss that is still accepted, as a share of the incumbent's figure"
    )
    group_figure: str = Field(default="ndcg", description="the figure that no group may lose")
    min_group_size: int = Field(default=10, ge=2, le=1000, description="groups of fewer people are never shown")
    n_permutations: int = Field(default=2000, ge=99, le=100000, description="random sign flips behind each test")


@dataclass(frozen=True)
class GateFigure:
    """A declared figure: candidate - incumbent over the same people. `margin` is the loss that is accepted, in units
    of the figure. `ok`: True, a loss of that size is ruled out; False, worse; None, it cannot be told, or the figure
    has no direction. `needed`: people with whom it would be settled if the difference is what it seems."""

    name: str
    incumbent: float
    margin: float
    ok: bool | None
    found: PairedDifference
    needed: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """As the command prints it."""
        return {
            "name": self.name,
            "incumbent": self.incumbent,
            "margin": self.margin,
            "ok": self.ok,
            "judged": METRICS[self.name].direction != "neither",
            "needed": self.needed,
            **_difference(self.found),
        }


@dataclass(frozen=True)
class GateGroup:
    """The same for the people of one group; `reasons` of their changed lists where they are worse off."""

    grouping: str
    group: str
    figure: GateFigure
    reasons: tuple[Reason, ...] = ()

    @property
    def is_worse(self) -> bool:
        """Whether the tests say that the group loses, and enough to matter."""
        return self.figure.ok is False

    def to_dict(self) -> dict[str, Any]:
        """As the command prints it."""
        found = self.figure.to_dict()
        return {"grouping": self.grouping, "group": self.group, **found, "reasons": [r.to_dict() for r in self.reasons]}


@dataclass(frozen=True)
class Person:
    """Somebody whose list changed much: `kept` share of it, the group figure before and after, the first item that
    came and the first that went (item indices; None where none)."""

    user_index: int
    kept: float
    before: float
    after: float
    came: int | None
    went: int | None


@dataclass(frozen=True)
class Gate:
    """What the gate found. `reasons_missing` says why there are no reasons, where there are none."""

    candidate: str
    incumbent: str
    dataset: str
    fingerprint: str
    k: int
    split: str
    settings: GateSettings
    verdict: Verdict
    figures: tuple[GateFigure, ...]
    groups: tuple[GateGroup, ...]
    n_hidden: int
    changes: ListChanges
    reasons: tuple[Reason, ...]
    reasons_missing: str
    people: tuple[Person, ...]
    runs: tuple[Run, Run] = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """The JSON of the contract with more beside it; people are left to whoever knows what to call them."""
        return {
            "verdict": self.verdict.word,
            "sentences": list(self.verdict.sentences),
            "settle": list(self.verdict.settle),
            "candidate": self.candidate,
            "incumbent": self.incumbent,
            "dataset": self.dataset,
            "fingerprint": self.fingerprint,
            "k": self.k,
            "split": self.split,
            "settings": self.settings.model_dump(),
            "figures": [figure.to_dict() for figure in self.figures],
            "groups": [group.to_dict() for group in self.groups],
            "groups_hidden": self.n_hidden,
            "lists": self.changes.to_dict(),
            "reasons": [reason.to_dict() for reason in self.reasons],
            "reasons_missing": self.reasons_missing,
        }


def gate(
    candidate: Run,
    incumbent: Run,
    k: int = 20,
    *,
    figures: Sequence[str] = DECLARED,
    groupings: Sequence[str] | None = None,
    split: SplitName = "test",
    settings: GateSettings | None = None,
    seed: int = 0,
) -> Gate:
    """The verdict on `candidate`, judged with lists of `k` on the same people as `incumbent`.

    `groupings` (default: all that the data have) are those of `audit.groups`. RunError where the runs are of different
    data, RequestError for an unknown figure or grouping, a figure of no person, or a part that nobody can be judged on.
    """
    rules = settings or GateSettings()
    check_same_data([candidate, incumbent])
    dataset, (new, old) = candidate.dataset, unique_names([candidate, incumbent])
    if not len(dataset.interactions.rows(split)):
        raise RequestError(*empty_part(dataset, split), value=split)
    metrics = [_of_people(name) for name in dict.fromkeys((*figures, rules.group_figure))]
    after, before = (gather(run, k, split) for run in (candidate, incumbent))
    cases = {m.name: Case(m, new, old, m.parts(after), m.parts(before)) for m in metrics if not m.missing(before)}
    of_groups = cases[rules.group_figure]
    cells, n_hidden = _groups(candidate, of_groups, groupings, rules)
    asked = [cases[name] for name in figures if name in cases]
    asked += [replace(of_groups, after=_of(of_groups.after, rows), before=_of(of_groups.before, rows))
              for _, _, rows in cells]  # fmt: skip
    found = paired_differences(asked, gate_of(dataset, rules.min_group_size), rules.n_permutations, seed, rules.margin)
    seen = [_figure(case, one, rules.margin) if one else None for case, one in zip(asked, found, strict=True)]
    n_declared = len(asked) - len(cells)
    overall = tuple(one for one in seen[:n_declared] if one)
    ledgers, missing = _ledgers(candidate, incumbent, after, before, seed)
    groups = tuple(
        GateGroup(name, label, one, _reasons_of(ledgers, dataset, rows) if one.ok is False else ())
        for (name, label, rows), one in zip(cells, seen[n_declared:], strict=True)
        if one
    )
    changes = list_changes(after, before, dataset.titles)
    return Gate(
        candidate=new,
        incumbent=old,
        dataset=dataset.name,
        fingerprint=dataset.fingerprint,
        k=k,
        split=split,
        settings=rules,
        verdict=verdict_of(overall, [(g.grouping, g.group, g.figure) for g in groups], len(seen), rules.margin),
        figures=overall,
        groups=groups,
        n_hidden=n_hidden,
        changes=changes,
        reasons=reasons(ledgers, dataset) if ledgers else (),
        reasons_missing=missing,
        people=_people(after, before, of_groups, changes.kept),
        runs=(candidate, incumbent),
    )


def _reasons_of(ledgers: Ledgers | None, dataset: Dataset, member: NDArray[np.bool_]) -> tuple[Reason, ...]:
    return reasons(ledgers.rows(member), dataset) if ledgers else ()


def _of_people(name: str) -> Metric:
    metric = find_metric(name)
    if metric.level == "global":
        own = [m.name for m in METRICS.values() if m.level != "global" and m.default]
        raise RequestError(
            f"{metric.title} is a figure of all lists together, which has no paired difference.",
            f"Declare figures of people: {', '.join(own)}.",
            value=name,
        )
    return metric


def _groups(
    run: Run, case: Case, names: Sequence[str] | None, rules: GateSettings
) -> tuple[list[tuple[str, str, NDArray[np.bool_]]], int]:
    """The groups of which a difference may be said, as (grouping, label, member), and how many may not be."""
    counted = (case.after[1] > 0) & (case.before[1] > 0)
    chosen = [c.name for c in available_groupings(run.dataset)] if names is None else list(names)
    gate, cells, hidden = gate_of(run.dataset, rules.min_group_size), [], 0
    for name in chosen:
        grouping: Grouping = group_users(run.dataset, name)
        shown = gate.shown(grouping, counted, rules.min_group_size) & (grouping.member & counted[:, None]).any(0)
        cells += [(name, grouping.labels[place], grouping.member[:, place]) for place in np.flatnonzero(shown)]
        hidden += int((~shown).sum())
    return cells, hidden


def _of(parts: Parts, member: NDArray[np.bool_]) -> Parts:
    """The parts of the members; those of the others are 0 / 0."""
    return np.where(member, parts[0], 0.0), np.where(member, parts[1], 0.0)


def _figure(case: Case, found: PairedDifference, margin: float) -> GateFigure:
    both = (case.before[1] > 0) & (case.after[1] > 0)
    base = case.metric.interval((case.before[0][both], case.before[1][both])).value
    allowed = margin * abs(base - case.metric.offset)
    if case.metric.direction == "neither":
        return GateFigure(case.metric.name, base, allowed, None, found)
    sign = 1.0 if case.metric.direction == "higher" else -1.0
    worst = found.low if sign > 0 else -found.high
    if found.n_better == found.n_worse == 0:
        return GateFigure(case.metric.name, base, allowed, True, found)
    if found.decision.finding == "worse":
        return GateFigure(case.metric.name, base, allowed, False, found)
    if worst > -allowed:
        return GateFigure(case.metric.name, base, allowed, True, found)
    return GateFigure(case.metric.name, base, allowed, None, found, _needed(sign * found.value, worst, allowed, found))


def _needed(value: float, worst: float, allowed: float, found: PairedDifference) -> int | None:
    """People with whom the interval would end above -`allowed`, were the difference what it seems, to two digits."""
    room = allowed + value
    if room <= 0 or not np.isfinite(worst) or (value - worst) / room > 100:
        return None
    people = found.n_users * ((value - worst) / room) ** 2
    digits = 10 ** max(0, int(np.log10(people)) - 1)
    return int(np.ceil(people / digits) * digits)


def _ledgers(
    candidate: Run, incumbent: Run, after: Evidence, before: Evidence, seed: int
) -> tuple[Ledgers | None, str]:
    try:
        return ledger_changes(candidate, incumbent, after.lists, before.lists, seed), ""
    except UnsupportedError as error:
        return None, f"No reasons by ledger: {error.message}"


def _people(after: Evidence, before: Evidence, case: Case, kept: NDArray[np.float64]) -> tuple[Person, ...]:
    """Whose list changed most: the least kept first, of equals who lost most."""
    figures = [divide(*parts) for parts in (case.after, case.before)]
    order = np.lexsort((np.nan_to_num(figures[0] - figures[1]), np.nan_to_num(kept, nan=2.0)))
    chosen = [int(row) for row in order[:MOST_PEOPLE] if kept[row] < 1]
    return tuple(
        Person(
            int(after.lists.user_index[row]), float(kept[row]), float(figures[1][row]), float(figures[0][row]),
            _first(after.lists.item_index[row], before.lists.item_index[row]),
            _first(before.lists.item_index[row], after.lists.item_index[row]),
        )
        for row in chosen
    )  # fmt: skip


def _first(one: IntArray, other: IntArray) -> int | None:
    """The first item of a list that the other does not have."""
    return next((int(item) for item in one if item >= 0 and item not in other), None)


def _difference(found: PairedDifference) -> dict[str, Any]:
    names = ("value", "low", "high", "p_value", "p_adjusted", "n_users", "n_better", "n_worse", "sentence")
    told = {name: value for name, value in asdict(found).items() if name in names}
    return {"difference": told.pop("value"), **told, "finding": found.decision.finding}
