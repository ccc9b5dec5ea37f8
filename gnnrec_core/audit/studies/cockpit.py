"""Every item from the side of the lists: never shown, or shown more or less than its share, by how much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import chi2, false_discovery_control, poisson

from gnnrec_core.audit.decision import PRACTICAL
from gnnrec_core.audit.evidence import Evidence, divide
from gnnrec_core.audit.gate import THRESHOLD
from gnnrec_core.audit.stats.statistics import ALPHA

Values = NDArray[np.float64]
Kind = Literal["never shown", "under", "in proportion", "over", "new"]
KINDS: tuple[Kind, ...] = ("never shown", "under", "in proportion", "over", "new")
WORDS: dict[Kind, str] = {
    "never shown": "in nobody's list",
    "under": "shown less than in proportion",
    "in proportion": "in proportion, or too few lists to tell",
    "over": "shown more than in proportion",
    "new": "shown, though nobody has it in train",
}


@dataclass(frozen=True)
class Cockpit:
    """`items`: one row an item in the order of the items.

    `readers`: how many people have it in train, `lists` hold it. `factor` is lists / `expected`, where `expected` is
    its share of all train interactions times all places of all lists: 1 is in proportion, 0 never shown, NaN where
    nobody has it.
    `low`, `high`: its 95 % interval (Garwood 1936, exact for a Poisson count). `kind`: "over" and "under" where it is
    off by more than `PRACTICAL` and at most 5 % of all items so called are expected to be so by chance (Benjamini and
    Hochberg 1995, over the p-values that belong to the intervals). `held_out` people chose it later, null where there
    are fewer than the gate's threshold. `lists_after`, `factor_after` and `kind_after` are the same with other lists (a
    fix), absent without.
    """

    k: int
    n_people: int
    n_places: int
    items: pl.DataFrame

    def count(self, kind: Kind, after: bool = False) -> int:
        """Items of a kind; `after`: with the other lists."""
        column = "kind_after" if after else "kind"
        return int((self.items[column] == kind).sum()) if column in self.items.columns else 0


def cockpit(evidence: Evidence, after: Evidence | None = None) -> Cockpit:
    """All items by the lists of `evidence`, and with those of `after` (the same people and items with other lists)."""
    counts = evidence.counts
    expected = evidence.popularity * counts.sum() / max(1, int(evidence.popularity.sum()))
    factor, low, high = _factors(counts, expected)
    fewest = THRESHOLD if evidence.n >= THRESHOLD else 0
    table = {
        "item_index": np.arange(evidence.n_items),
        "readers": evidence.popularity,
        "lists": counts.astype(np.int64),
        "expected": expected,
        "factor": factor,
        "low": low,
        "high": high,
        "kind": _kinds(counts, expected),
        "held_out": [n if n >= fewest or n == 0 else None for n in evidence.demand.astype(int).tolist()],
    }
    if after is not None:
        again = evidence.popularity * after.counts.sum() / max(1, int(evidence.popularity.sum()))
        table |= {
            "lists_after": after.counts.astype(np.int64),
            "factor_after": divide(after.counts, again),
            "kind_after": _kinds(after.counts, again),
        }
    return Cockpit(evidence.k, evidence.n, int(counts.sum()), pl.DataFrame(table))


def _factors(counts: Values, expected: Values) -> tuple[Values, Values, Values]:
    """counts / expected with its interval, each `[n_items]`."""
    low = np.where(counts > 0, chi2.ppf(ALPHA / 2, 2 * np.maximum(counts, 1)) / 2, 0.0)
    high = np.asarray(chi2.isf(ALPHA / 2, 2 * counts + 2) / 2)
    return divide(counts, expected), divide(low, expected), divide(high, expected)


def _kinds(counts: Values, expected: Values) -> list[str]:
    factor, known = divide(counts, expected), np.asarray(expected > 0)
    chance = np.ones(len(counts))
    p = 2 * np.minimum(poisson.cdf(counts[known], expected[known]), poisson.sf(counts[known] - 1, expected[known]))
    if known.any():
        chance[known] = false_discovery_control(np.minimum(p, 1.0))
    is_off = chance < ALPHA
    found = np.select(
        [counts == 0, ~known, is_off & (factor > 1 + PRACTICAL), is_off & (factor < 1 / (1 + PRACTICAL))],
        ["never shown", "new", "over", "under"],
        "in proportion",
    )
    return [str(kind) for kind in found]
