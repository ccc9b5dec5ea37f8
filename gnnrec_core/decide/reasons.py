"""Why lists changed: the difference of two models' ledgers, summed over people, by item, attribute and relation.

Where the candidate puts items E on a person's list in the place of L, it prefers E to L and the incumbent preferred L
to E. With m = mean score of E - mean score of L, in standard deviations of that person's scores of all items,

    change = m(candidate) - m(incumbent) > 0.

Both m are sums over the person's interactions (their ledgers) and what no interaction carries, so the change is one
too. A share is the sum of one part over people / the sum of all changes; the shares of all relations are 1 together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gnnrec_core.audit.evidence import Categories
from gnnrec_core.audit.gate import THRESHOLD
from gnnrec_core.audit.sources import GENRE_COLUMNS, PROVIDER_COLUMNS, first_column, item_labels
from gnnrec_core.base import progress
from gnnrec_core.data.dataset import Dataset, IntArray
from gnnrec_core.explain.scores.scoring import Scorer, scorer_of
from gnnrec_core.graph import INTERACTION
from gnnrec_core.ranking.intervals import mean_interval
from gnnrec_core.ranking.recommendations import NONE_LEFT, Recommendations
from gnnrec_core.runs.run import Run

Values = NDArray[np.float64]
OWN = "taste learned in training"
"""What no interaction carries: the ledger's baseline."""
MOST_PEOPLE = 1000
MOST_NAMED = 10


@dataclass(frozen=True)
class Reason:
    """A part of the change: `share` of it with its 95 % interval over people, and how many people it touches.

    `by` says what was summed: "item" and each attribute by the interaction that carries it, "relation" by its kind.
    """

    by: str
    name: str
    share: float
    low: float
    high: float
    n_people: int

    def to_dict(self) -> dict[str, Any]:
        """As the command prints it."""
        return asdict(self)


@dataclass(frozen=True)
class Ledgers:
    """The change of each person whose list has other items now, part by part.

    `people` `[n]` user indices; `items` `[n, n_items]` what each item of the history carries; `relations`
    `[n, n_relations]` what each kind of edge carries, `names` of them, what no edge carries last.
    """

    people: IntArray
    items: sp.csr_array
    relations: Values
    names: tuple[str, ...]

    @property
    def total(self) -> Values:
        """The change of each person `[n]`."""
        found: Values = self.relations.sum(1)
        return found

    def rows(self, member: NDArray[np.bool_]) -> Ledgers:
        """The same for the people of a group `[n_users]`."""
        inside = np.flatnonzero(member[self.people])
        return Ledgers(self.people[inside], self.items[inside], self.relations[inside], self.names)


def ledger_changes(
    candidate: Run, incumbent: Run, after: Recommendations, before: Recommendations, seed: int = 0
) -> Ledgers:
    """The ledgers of all people whose lists differ, or of `MOST_PEOPLE` of them drawn by `seed`.

    UnsupportedError where the score of one of the two has no parts.
    """
    scorers = (scorer_of(candidate.model), scorer_of(incumbent.model))
    swaps = [_swap(new, old) for new, old in zip(after.item_index, before.item_index, strict=True)]
    changed = np.flatnonzero([len(items) > 0 for items, _ in swaps])
    if len(changed) > MOST_PEOPLE:
        changed = np.sort(np.random.default_rng(seed).choice(changed, MOST_PEOPLE, replace=False))
    names = (*dict.fromkeys(name for scorer in scorers for name in scorer.graph.relations), OWN)
    relations = np.zeros((len(changed), len(names)))
    triples: list[tuple[IntArray, IntArray, Values]] = []
    for place, row in enumerate(changed.tolist()):
        progress.report(place, len(changed))
        items, weights = swaps[row]
        for scorer, sign in zip(scorers, (1.0, -1.0), strict=True):
            part = _parts(scorer, int(after.user_index[row]), items, sign * weights)
            relations[place, -1] += part.own
            for number, name in enumerate(scorer.graph.relations):
                relations[place, names.index(name)] += part.values[part.kinds == number].sum()
            history = part.kinds == scorer.graph.relations.index(INTERACTION)
            ends = part.ends[history] - scorer.graph.n_users
            triples.append((np.full(len(ends), place), ends, part.values[history]))
    return Ledgers(
        after.user_index[changed], _matrix(triples, len(changed), candidate.dataset.n_items), relations, names
    )


@dataclass(frozen=True)
class _Part:
    own: float
    ends: IntArray
    kinds: NDArray[np.int16]
    values: Values


def _parts(scorer: Scorer, user: int, items: IntArray, weights: Values) -> _Part:
    """The weighted sum of the scores of `items`, edge by edge, in standard deviations of the user's scores."""
    found, graph = scorer.parts(user, items), scorer.graph
    scores = scorer.scores(user)
    scaled = weights / (float(scores[np.isfinite(scores)].std()) or 1.0)
    return _Part(float(found.own @ scaled), graph.targets(found.edges), graph.kinds(found.edges), found.values @ scaled)


def _swap(new: IntArray, old: IntArray) -> tuple[IntArray, Values]:
    """The items that came and went, with 1 / how many came and -1 / how many went."""
    came, went = np.setdiff1d(new, old), np.setdiff1d(old, new)
    came, went = came[came != NONE_LEFT], went[went != NONE_LEFT]
    if not len(came) or not len(went):  # one list is only shorter: nothing took a place from anything
        return np.zeros(0, np.int64), np.zeros(0)
    weights = np.concatenate([np.full(len(came), 1 / len(came)), np.full(len(went), -1 / len(went))])
    return np.concatenate([came, went]), weights


def _matrix(triples: list[tuple[IntArray, IntArray, Values]], n: int, n_items: int) -> sp.csr_array:
    if not triples:
        return sp.csr_array((n, n_items))
    rows, columns, values = (np.concatenate(part) for part in zip(*triples, strict=True))
    return sp.csr_array(sp.coo_array((values, (rows, columns)), shape=(n, n_items)))


def reasons(ledgers: Ledgers, dataset: Dataset, most: int = MOST_NAMED, fewest: int = THRESHOLD) -> tuple[Reason, ...]:
    """The largest |shares| of the change of these people: by relation, by each attribute of items, by item. What
    touches fewer than `fewest` people is not named: it would speak of their histories."""
    if len(ledgers.people) < fewest or ledgers.total.sum() <= 0:
        return ()
    parts = [("relation", ledgers.names, sp.csr_array(ledgers.relations))]
    parts += [(of.name, of.labels, ledgers.items @ sp.csr_array(of.shares)) for of in attributes(dataset)]
    parts.append(("item", dataset.titles, ledgers.items))
    return tuple(
        reason for by, names, matrix in parts for reason in _of(by, names, matrix, ledgers.total, most, fewest)
    )


def attributes(dataset: Dataset) -> tuple[Categories, ...]:
    """The columns of the item table that sort items: genres and the like, authors and the like."""
    columns = (first_column(dataset, GENRE_COLUMNS), first_column(dataset, PROVIDER_COLUMNS))
    return tuple(labels for column in columns if (labels := item_labels(dataset, column)) is not None)


def _of(by: str, names: Sequence[str], parts: sp.csr_array, total: Values, most: int, fewest: int) -> list[Reason]:
    """The `most` largest |shares| of the columns of `parts` `[n, n_names]` that touch enough people."""
    touched = np.bincount(parts.indices[parts.data != 0], minlength=len(names))
    sums = np.where(touched >= fewest, np.asarray(parts.sum(0)).ravel() / total.sum(), 0.0)
    order = [int(place) for place in np.argsort(-np.abs(sums), kind="stable")[:most] if sums[place]]
    return [_reason(by, names[place], parts[:, [place]].toarray().ravel(), total) for place in order]


def _reason(by: str, name: str, part: Values, total: Values) -> Reason:
    share = float(part.sum() / total.sum())
    spread = mean_interval((part - share * total) / total.mean())
    return Reason(by, name, share, share + spread.low, share + spread.high, int(np.count_nonzero(part)))
