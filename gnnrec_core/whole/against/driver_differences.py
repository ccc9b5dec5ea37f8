"""How the drivers of two runs, or of two groups of people, differ: share minus share, with an interval over people.

Two runs are compared on the same people (each bootstrap draw weighs a person alike in both); two groups of one run by
the people of each. Only what may be said of each side alone is said of the difference.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from gnnrec_core.audit.groups import group_users
from gnnrec_core.base.errors import RequestError
from gnnrec_core.base.registry import did_you_mean
from gnnrec_core.data.dataset import Dataset
from gnnrec_core.whole.bootstrap import Float, share_differences
from gnnrec_core.whole.drivers import Drivers, Part

MOST = 40


@dataclass(frozen=True)
class DriverDifference:
    """Shares of `first` and `second`, and second minus first with its 95 % interval."""

    name: str
    first: float
    second: float
    low: float
    high: float

    @property
    def difference(self) -> float:
        return self.second - self.first

    @property
    def stands(self) -> bool:
        """Whether the interval leaves 0 out."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class Differences:
    """The drivers with the largest shares on either side, largest difference first."""

    first: str
    second: str
    kind: str
    drivers: tuple[DriverDifference, ...]

    @property
    def sentence(self) -> str:
        """The largest difference that stands, in words."""
        found = next((each for each in self.drivers if each.stands), None)
        if found is None:
            return f"No driver of {self.second} has a share for certain other than that of {self.first}."
        way = "more" if found.difference > 0 else "less"
        span = f"{found.difference:+.1%}, {found.low:+.1%} to {found.high:+.1%}".replace("%", " %")
        return f"{found.name} carries {way} of the lists of {self.second} than of {self.first} ({span})."


def between_runs(first: Drivers, second: Drivers, names: tuple[str, str], seed: int = 0) -> Differences:
    """The same drivers of the same people in two runs. RequestError where they were sorted or counted in other ways."""
    for told, one, other in (
        ("sorted", first.by, second.by),
        ("taken", first.target, second.target),
        ("of length", first.k, second.k),
    ):
        if one != other:
            raise RequestError(f"The drivers are {told} {one} and {other}.", "Ask both in the same way.")
    if first.per_user.shape[0] != second.per_user.shape[0]:
        raise RequestError("The two runs are not of the same people.", "Choose runs of one dataset.")
    chosen = _largest(first.everybody, second.everybody)
    sides = [(_columns(each, chosen), each.total) for each in (first, second)]
    return _told(chosen, sides, names, "runs", seed)


def between_groups(found: Drivers, dataset: Dataset, names: tuple[str, str], seed: int = 0) -> Differences:
    """The drivers of two groups of `found`. RequestError for a group that is not there or may not be shown."""
    parts = {part.group: part for part in found.groups}
    for name in names:
        if name not in parts:
            raise RequestError(f"Nothing can be said about the group {name!r}.", did_you_mean(name, tuple(parts)))
    grouping = group_users(dataset, found.group_by or "")
    known = [{each.name for each in (*parts[name].drivers, parts[name].unassigned)} for name in names]
    chosen = [name for name in _largest(*(parts[name] for name in names)) if all(name in each for each in known)]
    values, sides = _columns(found, chosen), []
    for name in names:
        member = grouping.member[:, grouping.labels.index(name)].astype(np.float64)
        sides.append((sp.csr_array(sp.diags_array(member) @ values), found.total * member))
    return _told(chosen, sides, names, f"groups by {found.group_by}", seed)


def _largest(first: Part, second: Part) -> list[str]:
    """Names of the largest drivers of either side."""
    shares: dict[str, float] = {}
    for each in (*first.drivers, first.unassigned, *second.drivers, second.unassigned):
        shares[each.name] = max(shares.get(each.name, 0.0), abs(each.share))
    return sorted(shares, key=lambda name: -shares[name])[:MOST]


def _columns(found: Drivers, names: list[str]) -> sp.csr_array:
    """What each of `names` carries of each person `[n_users, m]`; 0 for a driver that this side does not have."""
    place = {name: at for at, name in enumerate(found.sorting.names)}
    own = sp.csr_array((found.total - np.asarray(found.per_user.sum(axis=1)).ravel())[:, None])
    every = sp.hstack([found.per_user, own, sp.csr_array(own.shape)], format="csr")
    n = found.per_user.shape[1]
    columns = [n if name == found.everybody.unassigned.name else place.get(name, n + 1) for name in names]
    return sp.csr_array(every[:, columns])


def _told(
    names: list[str], sides: list[tuple[sp.csr_array, Float]], who: tuple[str, str], kind: str, seed: int
) -> Differences:
    found = share_differences(*sides[0], *sides[1], seed)
    rows = [DriverDifference(*row) for row in zip(names, *(each.tolist() for each in found), strict=True)]
    return Differences(*who, kind, tuple(sorted(rows, key=lambda row: -abs(row.difference))))
