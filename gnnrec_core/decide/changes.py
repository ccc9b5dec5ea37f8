"""How the lists of two runs differ: what they share, what left, and to whom exposure moved."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.audit.evidence import Evidence, divide
from gnnrec_core.audit.metrics import METRICS
from gnnrec_core.ranking.intervals import UNIT, Interval, mean_interval

Values = NDArray[np.float64]
MOST_NAMED = 10


@dataclass(frozen=True)
class Moved:
    """Share of all exposure (0..1, rank-discounted) that an item or a label has before and after."""

    by: str
    name: str
    before: float
    after: float

    @property
    def change(self) -> float:
        """Share gained, negative where lost."""
        return self.after - self.before


@dataclass(frozen=True)
class ListChanges:
    """`overlap`: mean over people of the share of the incumbent's list that the candidate keeps, 0..1; `churn`: what
    left, 1 - overlap. `same_list`: people whose list has the same items, `same_first` whose first item is the same.
    `exposure_moved`: half the sum over items of |share of exposure after - before|, 0 (none moved) to 1 (all of it).
    `figures`: (name, before, after) of the figures of all lists together. `by_item`, `by_label` what gained and lost
    most. `kept` is the overlap of each person `[n]`, NaN without a list.
    """

    overlap: Interval
    same_list: Interval
    same_first: Interval
    exposure_moved: float
    figures: tuple[tuple[str, float, float], ...]
    by_item: tuple[Moved, ...]
    by_label: tuple[Moved, ...]
    kept: Values

    def to_dict(self) -> dict[str, Any]:
        """As the command prints it."""
        return {
            "overlap": self.overlap.to_dict(),
            "churn": 1 - self.overlap.value,
            "same_list": self.same_list.to_dict(),
            "same_first": self.same_first.to_dict(),
            "exposure_moved": self.exposure_moved,
            "figures": [{"name": name, "incumbent": old, "candidate": new} for name, old, new in self.figures],
            "items": [{**asdict(moved), "change": moved.change} for moved in self.by_item],
            "labels": [{**asdict(moved), "change": moved.change} for moved in self.by_label],
        }


def list_changes(after: Evidence, before: Evidence, titles: tuple[str, ...]) -> ListChanges:
    """What separates the lists of `after` from those of `before`, of the same people in the same order."""
    new, old = after.lists.item_index, before.lists.item_index
    common = after.list_matrix.multiply(before.list_matrix).sum(1)
    kept = divide(np.asarray(common).ravel(), np.maximum(before.n_shown, after.n_shown))
    first = np.where(before.n_shown > 0, (new[:, 0] == old[:, 0]).astype(np.float64), np.nan)
    shares = [_shares(e.exposure) for e in (before, after)]
    return ListChanges(
        mean_interval(kept, bounds=UNIT),
        mean_interval(np.where(np.isfinite(kept), (kept == 1.0).astype(np.float64), np.nan), bounds=UNIT),
        mean_interval(first, bounds=UNIT),
        float(np.abs(shares[1] - shares[0]).sum() / 2),
        tuple((name, METRICS[name].value(before), METRICS[name].value(after)) for name in ("coverage", "gini")),
        _most("item", titles, *shares),
        () if before.categories is None else _most(before.categories.name, before.categories.labels,
             *(share @ before.categories.shares for share in shares)),
        kept,
    )  # fmt: skip


def _shares(exposure: Values) -> Values:
    total = exposure.sum()
    return exposure / total if total > 0 else exposure


def _most(by: str, names: tuple[str, ...], before: Values, after: Values) -> tuple[Moved, ...]:
    """What gained or lost most, largest first; what did not move is left out."""
    change = np.abs(after - before)
    order = [int(place) for place in np.argsort(-change, kind="stable")[:MOST_NAMED] if change[place] > 1e-12]
    return tuple(Moved(by, names[place], float(before[place]), float(after[place])) for place in order)
