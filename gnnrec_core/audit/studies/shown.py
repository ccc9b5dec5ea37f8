"""What people were shown (the relation `shown` of the data) against what the lists would show them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gnnrec_core.audit.curves import segment_shares
from gnnrec_core.audit.evidence import Categories, Evidence
from gnnrec_core.audit.gate import Gate
from gnnrec_core.data.clean.impressions import SHOWN
from gnnrec_core.data.dataset import Dataset
from gnnrec_core.ranking.intervals import UNIT, Interval, mean_interval

Shares = NDArray[np.float64]
BY_POPULARITY = "popularity"


@dataclass(frozen=True)
class Exposure:
    """One segment of items. `was`, `would_be`: mean over people of the share of their impressions, and of the places of
    their list, that the segment has (0..1). `difference`: would be - was, of the same people, with its interval."""

    of: str
    segment: str
    was: float
    would_be: float
    difference: Interval
    n_people: int


@dataclass(frozen=True)
class ShownAgainstLists:
    """Over the `n_people` with impressions and a list. `unseen`: mean share of a list that its person was never shown
    (0..1). `segments`: head, middle and tail of popularity, then each provider; `n_hidden` segments are of too few
    people to be said."""

    n_people: int
    n_impressions: int
    unseen: Interval
    segments: tuple[Exposure, ...]
    n_hidden: int

    def to_dict(self) -> dict[str, Any]:
        """As `audit` prints it."""
        return {
            **asdict(self),
            "unseen": self.unseen.to_dict(),
            "segments": [{**vars(each), "difference": each.difference.to_dict()} for each in self.segments],
        }


def shown_against_lists(evidence: Evidence, dataset: Dataset, gate: Gate) -> ShownAgainstLists | None:
    """Exposure as it was and as it would be; None where the data do not say what was shown, or to too few people."""
    relation = next((each for each in dataset.relations if each.name == SHOWN and each.kind == "user-item"), None)
    if relation is None:
        return None
    shape = (dataset.n_users, dataset.n_items)
    place = (relation.source, relation.target - dataset.n_users)
    was = sp.csr_array((relation.weight.astype(np.float64), place), shape=shape)[evidence.lists.user_index]
    rows, places = np.nonzero(evidence.shown)
    would = sp.csr_array((np.ones(len(rows)), (rows, evidence.items[rows, places])), shape=was.shape)
    n_was: Shares = np.asarray(was.sum(1)).ravel()
    n_would: Shares = np.asarray(would.sum(1)).ravel()
    both = np.flatnonzero((n_was > 0) & (n_would > 0))
    everybody = np.zeros(dataset.n_users, bool)
    everybody[evidence.lists.user_index[both]] = True
    if not len(both) or not gate.is_enough(everybody):
        return None
    seen = np.asarray(would.multiply(was > 0).sum(1)).ravel()[both] / n_would[both]
    each_was, each_would = (sp.diags_array(1 / n[both]) @ of[both] for of, n in ((was, n_was), (would, n_would)))
    found: list[Exposure] = []
    n_hidden = 0
    sides: tuple[tuple[str, Categories | None], ...] = ((BY_POPULARITY, None),)
    if evidence.providers is not None:
        sides += ((evidence.providers.name, evidence.providers),)
    for name, labels in sides:
        share, segments = segment_shares(evidence, labels)
        before, after = (np.asarray(of @ share) for of in (each_was, each_would))  # [n_people, n_segments]
        n_touched = ((before > 0) | (after > 0)).sum(0)
        enough = (n_touched >= gate.threshold) | (n_touched == 0)
        n_hidden += int(np.count_nonzero(~enough))
        found += [
            Exposure(
                name,
                segments[column],
                float(before[:, column].mean()),
                float(after[:, column].mean()),
                mean_interval(after[:, column] - before[:, column], bounds=(-1.0, 1.0)),
                len(both),
            )
            for column in np.flatnonzero(enough).tolist()
        ]
    return ShownAgainstLists(
        len(both), int(relation.weight.sum()), mean_interval(1.0 - seen, bounds=UNIT), tuple(found), n_hidden
    )
