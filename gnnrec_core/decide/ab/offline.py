"""What runs in hand say of an experiment on them: outcomes of people before there is a log, and interleaving.

The stand-in for an outcome is the number of held-out items that a person's list finds. Team-draft interleaving
(Radlinski et al. 2008) merges two lists, each in turn giving its best item that is not there yet, the first by a coin;
the found items are credited to the list that gave them. Each person is compared with themselves, which is why it needs
fewer people than two arms.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from gnnrec_core.audit.evidence import Evidence
from gnnrec_core.audit.sources import gather
from gnnrec_core.audit.studies.comparing import check_same_data
from gnnrec_core.data.dataset import IntArray
from gnnrec_core.decide.ab.effects import filled
from gnnrec_core.decide.ab.planning import Sample, people_for, sample_of
from gnnrec_core.decide.ab.traits import COVARIATES, covariates
from gnnrec_core.runs.run import Run

Values = NDArray[np.float64]
FOUND = "held-out items found"
N_COINS = 20
MOST_PEOPLE = 3000


@dataclass(frozen=True)
class Interleaving:
    """The two ways to compare two runs, at the difference that they have offline. `difference`: in found items a
    person; `preference`: mean credit of the first less that of the second a person. `people_ab` (both arms) and
    `people_interleaved` find it with the same power; None where the runs do not differ."""

    first: str
    second: str
    difference: float
    preference: float
    people_ab: int | None
    people_interleaved: int | None

    @property
    def times_fewer(self) -> float | None:
        """People of an A/B test / people of interleaving."""
        both = (self.people_ab, self.people_interleaved)
        return both[0] / both[1] if both[0] and both[1] else None

    def to_dict(self) -> dict[str, Any]:
        """As the command prints it."""
        return {**asdict(self), "times_fewer": self.times_fewer}


def offline_sample(run: Run, k: int = 20) -> tuple[Sample, tuple[str, ...]]:
    """Found items of each person with something held out, and the names of what is known of them from before."""
    evidence = gather(run, k)
    people = np.flatnonzero(evidence.evaluable)
    past = filled(covariates(run, people, k))
    return sample_of(FOUND, evidence.hit.sum(1)[people].astype(np.float64), past), COVARIATES


def interleaving(
    first: Run, second: Run, k: int = 20, alpha: float = 0.05, power: float = 0.8, seed: int = 0
) -> Interleaving:
    """People that an A/B test and that interleaving would need to tell `first` from `second`. RunError for runs of
    different data."""
    check_same_data([first, second])
    sides = [gather(run, k) for run in (first, second)]
    people = np.flatnonzero(sides[0].evaluable)
    rng = np.random.default_rng(seed)
    if len(people) > MOST_PEOPLE:
        people = np.sort(rng.choice(people, MOST_PEOPLE, replace=False))
    found = [side.hit.sum(1)[people].astype(np.float64) for side in sides]
    difference = float(found[0].mean() - found[1].mean())
    credit = _credits(sides[0], sides[1], people, rng)  # [n_coins, n_people]
    return Interleaving(
        first.name, second.name, difference, float(credit.mean()),
        2 * people_for(abs(difference), float(np.concatenate(found).std()), alpha, power) if difference else None,
        _paired(float(credit.mean()), float(credit.std()), alpha, power),
    )  # fmt: skip


def _paired(mean: float, sd: float, alpha: float, power: float) -> int | None:
    """People for a mean credit that is not 0, each compared with themselves."""
    if not mean or abs(mean) * 1e4 < sd:
        return None
    z = stats.norm.isf(alpha / 2) + stats.norm.ppf(power)
    return max(2, int(np.ceil((sd * z / mean) ** 2)))


def _credits(one: Evidence, other: Evidence, people: IntArray, rng: np.random.Generator) -> Values:
    result = np.zeros((N_COINS, len(people)))
    for place, row in enumerate(people.tolist()):
        lists = [e.lists.item_index[row].tolist() for e in (one, other)]
        wanted = set(one.relevant[[row]].indices.tolist())
        if not wanted & {*lists[0], *lists[1]}:
            continue
        for coin in range(N_COINS):
            teams = team_draft(lists[0], lists[1], len(lists[0]), rng)
            result[coin, place] = len(wanted & teams[0]) - len(wanted & teams[1])
    return result


def team_draft(one: list[int], other: list[int], k: int, rng: np.random.Generator) -> tuple[set[int], set[int]]:
    """The items that each of two lists gives to a merged list of `k`; in each round a coin says who is first."""
    lists, teams, taken = (one, other), (set[int](), set[int]()), set[int]()
    while len(taken) < k:
        order = (0, 1) if rng.random() < 0.5 else (1, 0)
        given = 0
        for side in order:
            item = next((i for i in lists[side] if i >= 0 and i not in taken), None)
            if item is not None and len(taken) < k:
                teams[side].add(item)
                taken.add(item)
                given += 1
        if not given:
            break
    return teams
