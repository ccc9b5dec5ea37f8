"""What an audit says: figures with intervals, by group, their differences, and what was left out."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.audit.decision import Decision, Finding
from gnnrec_core.audit.evidence import Evidence
from gnnrec_core.audit.gate import Gate, gate_of
from gnnrec_core.audit.groups import Grouping
from gnnrec_core.audit.scorecard import Scorecard
from gnnrec_core.audit.studies.shown import ShownAgainstLists
from gnnrec_core.ranking.intervals import Interval


@dataclass(frozen=True)
class Scope:
    """What was audited, and the rules it was audited by."""

    run: str
    model: str
    dataset: str
    fingerprint: str
    k: int
    split: str
    convention: str
    group_by: str
    group_definition: str
    seed: int
    n_users: int
    n_evaluable: int
    n_unknown: int
    n_items: int
    min_group_size: int
    n_permutations: int
    practical: float


@dataclass(frozen=True)
class GroupFigures:
    """The figures of one group that may be shown. `n_evaluable` and `n_held_out` are None where they are too few.

    `n_held_out`: mean held-out items of evaluable users, to be read beside every accuracy figure.
    """

    group: str
    n_users: int
    n_evaluable: int | None
    n_held_out: float | None
    metrics: dict[str, Interval]
    note: str = ""


@dataclass(frozen=True)
class Difference:
    """A group's figure `own` minus that of all other users, `rest` (those of unknown group too), signed.

    `low` to `high` holds with 95 % for all differences of the report together, and excludes 0 exactly where
    `p_adjusted` is under 0.05. `relative` is value / figure of the rest, NaN where that is 0. `detectable` is the true
    difference that would be found with probability 0.8. What can be said of it: `decision`, in words `sentence`.
    """

    metric: str
    group: str
    value: float
    low: float
    high: float
    relative: float
    p_value: float
    p_adjusted: float
    n_group: int
    n_rest: int
    detectable: float
    own: float
    rest: float
    decision: Decision
    sentence: str
    caveat: str = ""
    """What makes such a difference by itself, whatever the model does; the sentence ends with it."""

    @property
    def finding(self) -> Finding:
        """The decision in a word or two."""
        return self.decision.finding

    @property
    def stands(self) -> bool:
        """Whether the tests say that there is a difference: what a star means."""
        return self.decision.stands

    def to_dict(self) -> dict[str, Any]:
        """As the contract prints it."""
        found = asdict(self)
        decision = found.pop("decision")
        return {**found, **decision, "stands": self.stands, "groups": [self.group, "rest"]}


@dataclass(frozen=True)
class ImpactRatio:
    """Lowest / highest group value among groups of at least 50 evaluable users (29 CFR 1607.4(D) speaks of 4/5)."""

    metric: str
    value: float
    lowest: str
    highest: str


@dataclass(frozen=True)
class AuditReport:
    """An audit of one run. `per_user` `[n_users]` holds the parts behind each mean; `suppressed` names groups that are
    not shown because they, or what could be worked out with them, are fewer people than the threshold. `shown` is
    what people were shown against these lists, where the data say it."""

    scope: Scope
    overall: dict[str, Interval]
    by_group: tuple[GroupFigures, ...]
    suppressed: tuple[str, ...]
    differences: tuple[Difference, ...]
    omnibus: dict[str, float]
    impact: ImpactRatio | None
    items: dict[str, Interval]
    verdicts: tuple[str, ...]
    warnings: tuple[str, ...]
    per_user: dict[str, NDArray[np.float64]] = field(repr=False)
    evidence: Evidence = field(repr=False)
    grouping: Grouping | None = field(default=None, repr=False)
    run: Any = field(default=None, repr=False)
    shown: ShownAgainstLists | None = None
    scorecard: Scorecard | None = None

    @property
    def gate(self) -> Gate | None:
        """What decides of which people a figure may be said; None for evidence of nobody's data."""
        if self.run is None or self.evidence.n != self.run.dataset.n_users:
            return None
        return gate_of(self.run.dataset, self.scope.min_group_size)

    def to_dict(self) -> dict[str, Any]:
        """The JSON object of the contract, with more beside it."""
        return {
            "scope": asdict(self.scope),
            "overall": {name: value.to_dict() for name, value in self.overall.items()},
            "by_group": [
                {**asdict(group), "metrics": {name: value.to_dict() for name, value in group.metrics.items()}}
                for group in self.by_group
            ],
            "suppressed": {"groups": list(self.suppressed), "min_group_size": self.scope.min_group_size},
            "differences": [difference.to_dict() for difference in self.differences],
            "omnibus": self.omnibus,
            "impact_ratio": None if self.impact is None else asdict(self.impact),
            "items": {name: value.value for name, value in self.items.items()},
            "not_measured": {name: value.reason for name, value in (self.items | self.overall).items() if value.reason},
            "items_intervals": {name: value.to_dict() for name, value in self.items.items()},
            "scorecard": None if self.scorecard is None else self.scorecard.to_dict(),
            "shown": None if self.shown is None else self.shown.to_dict(),
            "verdicts": list(self.verdicts),
            "warnings": list(self.warnings),
        }
