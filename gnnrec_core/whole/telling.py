"""Cases of a run that show something, each found by what was computed over its lists: what a tour leads through.

`find(run, kind)` is one case; the kinds and what they look for are `KINDS`. Lists have `LENGTH` items (all, where there
are fewer); of many people `MOST_PEOPLE` are looked at, drawn with seed 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from gnnrec_core.audit.auditing import audit_evidence
from gnnrec_core.audit.groups import Grouping, available_groupings, group_users
from gnnrec_core.audit.report import Difference
from gnnrec_core.audit.sources import gather
from gnnrec_core.base.errors import LensError, RequestError, UnsupportedError
from gnnrec_core.base.registry import did_you_mean
from gnnrec_core.data.dataset import FloatArray, IntArray
from gnnrec_core.explain.explaining import explain
from gnnrec_core.ranking.accuracy import ACCURACY, hits, n_relevant
from gnnrec_core.ranking.matrix import interaction_matrix
from gnnrec_core.runs.recommend import chosen_later, recommend
from gnnrec_core.runs.run import Run
from gnnrec_core.whole.described import described_places
from gnnrec_core.whole.shapes import cases_of_shape

LENGTH, MOST_PEOPLE, AUDITED = 10, 2000, 20
"""Items in a list; people who are looked at; items in a list that is audited."""


@dataclass(frozen=True)
class Telling:
    """A case: the person, the item it is about, the item of the history that carries it, the group it is about with
    what was `told` of it by the tests (each only where there is one), and figures by name."""

    user: int
    item: int | None = None
    reason: int | None = None
    grouping: str = ""
    group: str = ""
    told: str = ""
    figures: Mapping[str, float] = field(default_factory=dict)


def find(run: Run, kind: str) -> Telling | None:
    """The most telling case of that kind; None where the run has none. RequestError for an unknown kind."""
    if kind not in KINDS:
        raise RequestError(f"There is no kind of case {kind!r}.", did_you_mean(kind, tuple(KINDS)), value=kind)
    try:
        return KINDS[kind](run)
    except UnsupportedError:  # a model without parts, or data without a test part
        return None


def length(run: Run) -> int:
    """Items in a list of the run."""
    return min(LENGTH, int(run.dataset.n_items))


def clear_reason(run: Run) -> Telling | None:
    """The first item of a list whose lead is carried by one item of the history, with little against it, and that falls
    furthest without it.

    Of the 30 lists whose first place has most weight in one part less what speaks against it, each recomputed; the one
    with the largest product of the part's share and the places that it falls.
    """
    places = [part for part in described_places(run, length(run), "margin") if part[2] == 1]
    if not places:
        return None
    users, items = (np.concatenate([part[column] for part in places]) for column in (0, 1))
    clear = np.concatenate([features.first - features.against for *_, features in places])
    best = np.argsort(-clear, kind="stable")[:30]
    pairs = zip(users[best].tolist(), items[best].tolist(), strict=True)
    return _best(run, pairs, lambda share, fall: (share * fall if share <= 1 else 0.0, 0.0))


def first_reason(run: Run) -> Telling | None:
    """Somebody whose first reason can be seen to matter: without it, their first item falls furthest.

    Among a few people drawn with seed 0 (48, fewer in large data): the one for whom leaving out the largest part of the
    lead of their first item moves that item down most, recomputed; of several, the one with the largest share.
    """
    n_train = np.diff(run.graph.seen.indptr)
    known = np.flatnonzero((n_train >= 5) & (n_train <= 40))
    n = int(np.clip(1_700_000 // max(1, len(run.dataset.interactions)), 2, 48))
    people = np.random.default_rng(0).permutation(known)[:n]
    first = recommend(run, people, length(run)).item_index[:, 0]
    pairs = [pair for pair in zip(people.tolist(), first.tolist(), strict=True) if pair[1] >= 0]
    return _best(run, pairs, lambda share, fall: (float(fall), share))


def _best(
    run: Run, pairs: Iterable[tuple[int, int]], worth: Callable[[float, int], tuple[float, float]]
) -> Telling | None:
    """Of these people and items the case that is worth most by the share of the largest part of its lead, where that
    speaks for it, and the places that the item falls without it, recomputed; None where none is worth more than 0."""
    best, most = None, (0.0, 0.0)
    for user, item in pairs:
        try:
            found = explain(run, user, item, "ledger", "margin", length(run), check_top=1, beyond=False)
        except LensError:  # a model without parts, or a person with nothing to compare: no case to tell
            continue
        part = next(iter(found.contributions), None)  # the largest
        if part is None or part.checked is None or part.share <= 0:
            continue
        value = worth(float(part.share), part.checked.rank_without - found.rank)
        if value > most:
            most = value
            reason = None if part.item is None else run.dataset.items.index(part.item)
            figures = {"rank": found.rank, "rank_without": part.checked.rank_without, "share": float(part.share)}
            best = Telling(user, item, reason, figures=figures)
    return best


def lifted_people(run: Run) -> list[tuple[int, float]]:
    """(user, how many times more popular the items of the list are than those of the history), largest first, 50."""
    graph = run.graph
    users = _some(np.flatnonzero(np.diff(graph.seen.indptr) > 0))
    shown, had = _popularity(run, users)
    lift = shown / had
    order = np.argsort(-lift, kind="stable")[:50]
    return [(int(users[place]), float(lift[place])) for place in order]


def bestsellers(run: Run) -> Telling | None:
    """Somebody whose list is far more popular than their history; the item is the most popular of the list."""
    found = lifted_people(run)
    if not found:
        return None
    user, lift = found[0]
    listed = recommend(run, np.array([user]), length(run)).item_index[0]
    listed = listed[listed >= 0]
    if not len(listed):
        return None
    shown, had = _popularity(run, np.array([user]))
    item = int(listed[np.argmax(run.graph.popularity[listed])])
    return Telling(user, item, figures={"shown": float(shown[0]), "had": float(had[0]), "lift": lift})


def missed_people(run: Run) -> list[int]:
    """People whose list finds none of their held-out (test) items, those with the most such items first, 50.

    The largest gap between what the model shows and what people chose: recall is 0 for all of them, over ever more
    items.
    """
    relevant = interaction_matrix(run.dataset, "test")
    users = _some(np.flatnonzero(np.diff(relevant.indptr) > 0))
    lists = recommend(run, users, length(run))
    n = n_relevant(lists, relevant)
    none_found = np.flatnonzero(hits(lists, relevant).sum(1) == 0)
    order = none_found[np.argsort(-n[none_found], kind="stable")][:50]
    return [int(user) for user in users[order]]


def missed(run: Run) -> Telling | None:
    """Somebody whose list finds nothing of all that they chose later; the item is the miss that stands highest."""
    people = missed_people(run)
    if not people:
        return None
    later = chosen_later(run.model, run.dataset, people[0])
    return Telling(people[0], later[0].item_index, figures={"n": len(later), "rank": later[0].rank, "k": length(run)})


def unfair(run: Run) -> Telling | None:
    """The group served worst among the differences of accuracy that stand up to the tests, and one of its people.

    Of all attributes (behaviours where there is none), by NDCG where it differs: it does not hang on how many items are
    held out. The person has the most test items of those in the group whose list finds none.
    """
    choices = available_groupings(run.dataset)
    attributes = [choice for choice in choices if choice.kind == "attribute"] or choices
    evidence = gather(run, min(AUDITED, run.dataset.n_items), "test")
    found: list[tuple[bool, float, int, Grouping, Difference]] = []
    for grouping in (group_users(run.dataset, choice.name) for choice in attributes):
        for each in audit_evidence(evidence, grouping, run).differences:
            if each.stands and each.finding == "worse" and each.metric in ACCURACY:
                found.append((each.metric != "ndcg", each.relative, len(found), grouping, each))
    if not found:
        return None
    *_, grouping, worst = min(found, key=lambda entry: entry[:3])
    members = np.flatnonzero(grouping.member[:, grouping.labels.index(worst.group)]).tolist()
    person = next((user for user in missed_people(run) if user in members), members[0])
    figures = {"own": worst.own, "rest": worst.rest, "n": worst.n_group}
    return Telling(person, grouping=grouping.name, group=worst.group, told=worst.sentence, figures=figures)


def fragile(run: Run) -> Telling | None:
    """The place of a list whose lead is least beside what speaks for it and against it: a little tips it."""
    found = cases_of_shape(run, "contested", length(run), "margin")
    if not len(found.users):
        return None
    user, item = int(found.users[0]), int(found.items[0])
    told = explain(run, user, item, "ledger", "margin", length(run), check_top=3, beyond=False)
    values = np.array([told.baseline, *(part.value for part in told.contributions)], np.float64)
    figures = {"lead": told.score, "rank": told.rank, "for": float(values[values > 0].sum())}
    return Telling(user, item, figures={**figures, "against": float(-values[values < 0].sum())})


def cold_start(run: Run) -> Telling | None:
    """Somebody of whom least is known, and of several the one with the most carried by no link."""
    n_train = np.diff(run.graph.seen.indptr)[: run.dataset.n_users]
    known = np.flatnonzero(n_train > 0)
    if not len(known):
        return None
    fewest = int(n_train[known].min())
    best = None
    for user in known[n_train[known] == fewest][:20].tolist():
        first = int(recommend(run, np.array([user]), length(run)).item_index[0, 0])
        try:
            told = explain(run, user, first, "ledger", "score", length(run), check_top=0, beyond=False)
        except LensError:  # a model without parts: what it knows of them is all that can be said
            return best or Telling(user, first if first >= 0 else None, figures={"n": fewest})
        share = told.baseline / told.score if told.score > 0 else 0.0
        if best is None or share > best.figures["learned"]:
            best = Telling(user, first, figures={"n": fewest, "learned": share})
    return best


KINDS: Mapping[str, Callable[[Run], Telling | None]] = {
    "clear_reason": clear_reason,
    "bestsellers": bestsellers,
    "missed": missed,
    "unfair": unfair,
    "fragile": fragile,
    "cold_start": cold_start,
}


def _some(users: IntArray) -> IntArray:
    if len(users) <= MOST_PEOPLE:
        return users
    return np.sort(np.random.default_rng(0).choice(users, MOST_PEOPLE, replace=False))


def _popularity(run: Run, users: IntArray) -> tuple[FloatArray, FloatArray]:
    """Mean popularity of each person's list and of their history."""
    graph = run.graph
    lists = recommend(run, users, length(run)).item_index
    popularity = np.append(graph.popularity, 0)
    shown = popularity[lists].sum(1) / np.maximum(1, (lists >= 0).sum(1))
    return shown, np.array([popularity[graph.history(int(user))].mean() for user in users])
