"""Rounds of feedback: people choose, the model learns from what they chose, and shows them the next lists.

How people choose stands in `choosing`. To take an item again makes its interaction heavier by 1. All is played with
several seeds, with the model's own lists, with its lists after each re-ranker that is asked for, and without the lists'
influence, which is the control. Figures of a round are expectations over all that might be chosen in it, not over what
was drawn. The direction that is looked for: feedback amplifies popularity, and minorities are led away from their taste
more than others (Mansoury et al. 2020).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.audit.gate import gate_of
from gnnrec_core.audit.groups import Grouping, group_users
from gnnrec_core.audit.rerankers import RERANKERS
from gnnrec_core.audit.rerankers.protocol import Candidates
from gnnrec_core.audit.sources import N_CANDIDATES, evidence_of
from gnnrec_core.base import progress
from gnnrec_core.base.errors import RequestError
from gnnrec_core.change.choosing import (
    FIGURES,
    Choices,
    People,
    Values,
    choices,
    distances,
    exposure,
    figures,
    people_of,
)
from gnnrec_core.change.drift import labels_of
from gnnrec_core.change.moved import Level, level_of, level_words, moved
from gnnrec_core.change.round_tracks import Loop, Played, loop_of
from gnnrec_core.change.shaking import with_interactions
from gnnrec_core.data.dataset import without_rows
from gnnrec_core.ranking.recommendations import Recommendations
from gnnrec_core.ranking.topk import check_k, rank_items
from gnnrec_core.runs.recommend import left_out
from gnnrec_core.runs.run import Run

MOST_PAIRS = 20_000_000
MOST_ROUNDS = 100
OWN = ""
"""The name of the model's own lists."""
Lists = Callable[[Run], Recommendations]


@dataclass(frozen=True)
class Rounds:
    """`lists` is the loop of the model's own lists, `mitigations` are those of re-rankers with their defaults."""

    n: int
    k: int
    influence: float
    sharpness: float
    seeds: int
    level: Level
    words: str
    labels: str
    n_providers: int
    group_by: str
    suppressed: tuple[str, ...]
    lists: Loop
    mitigations: tuple[Loop, ...]


@dataclass(frozen=True)
class _Game:
    """What all arms share. `member` boolean `[n_users, n_groups]` of the groups that may be shown."""

    run: Run
    level: Level
    people: People
    names: tuple[str, ...]
    member: NDArray[np.bool_]
    n: int
    k: int
    sharpness: float


def rounds(
    run: Run,
    n: int = 10,
    k: int = 10,
    influence: float = 0.8,
    sharpness: float = 3.0,
    group_by: str | None = None,
    seeds: int = 3,
    seed: int = 0,
    mitigations: Sequence[str] = (),
) -> Rounds:
    """Play `n` rounds with `seeds` seeds: with the lists, with those of each re-ranker named in `mitigations`, and
    without their influence.

    RequestError for numbers out of range, unknown re-rankers, or data of too many pairs; UnsupportedError where the
    model looks at no interactions, or a re-ranker lacks labels.
    """
    _check(run, n, k, influence, sharpness, seeds)
    ways = {OWN: _own(run, k), **{name: _reranked(run, name, k) for name in dict.fromkeys(mitigations)}}
    level, labels = level_of(run), labels_of(run.dataset)
    grouping = None if group_by is None else group_users(run.dataset, group_by)
    names, member, suppressed = _shown(run, grouping)
    people = people_of(run.dataset, labels)
    game = _Game(run, level, people, names, member, n, k, sharpness)
    played: dict[str, list[Played]] = {name: [] for name in ways}
    control: list[Played] = []
    for number in range(seeds):
        with progress.part(number, seeds):
            for place, (name, lists) in enumerate(ways.items()):
                with progress.part(place, len(ways) + 1):
                    played[name].append(_play(game, lists, influence, (seed, number)))
            with progress.part(len(ways), len(ways) + 1):
                control.append(_play(game, ways[OWN], 0.0, (seed, number)))
    sizes = dict(zip(names, member.sum(0).tolist(), strict=True))
    told = [loop_of(name, _title(name), people, sizes, (played[name], control, played[OWN])) for name in ways]
    return Rounds(
        n=n,
        k=k,
        influence=influence,
        sharpness=sharpness,
        seeds=seeds,
        level=level,
        words=level_words(run, level),
        labels=labels.column,
        n_providers=len(people.providers),
        group_by=group_by or "",
        suppressed=suppressed,
        lists=told[0],
        mitigations=tuple(told[1:]),
    )


def _check(run: Run, n: int, k: int, influence: float, sharpness: float, seeds: int) -> None:
    if not 1 <= n <= MOST_ROUNDS:
        raise RequestError(f"{n} rounds cannot be played.", f"Choose 1 to {MOST_ROUNDS}.", value=n)
    if not 2 <= seeds <= 50:
        raise RequestError(f"A band over {seeds} seeds cannot be drawn.", "Choose 2 to 50 seeds.", value=seeds)
    if not 0 < influence <= 1:
        raise RequestError(
            f"An influence of {influence} is no chance that lists decide.",
            "Choose more than 0 and at most 1; a control without influence is played beside it anyway.",
            value=influence,
        )
    if not 0 <= sharpness <= 50:
        raise RequestError(f"Taste cannot decide with a sharpness of {sharpness}.", "Choose 0 to 50.", value=sharpness)
    check_k(k, run.dataset.n_items)
    if run.dataset.n_users * run.dataset.n_items > MOST_PAIRS:
        raise RequestError("Every person's taste for every item does not fit here.", "Import fewer people or items.")


def _title(name: str) -> str:
    return RERANKERS[name].title if name else "The model's own lists"


def _own(run: Run, k: int) -> Lists:
    had, everybody = left_out(run.dataset), np.arange(run.dataset.n_users)
    return lambda now: rank_items(now.model.score, everybody, had, k)


def _reranked(run: Run, name: str, k: int) -> Lists:
    """The lists of a re-ranker with its defaults, out of the candidates of each round."""
    reranker: Any = RERANKERS.load(name)()
    settings, wide = reranker.settings_type(), _own(run, min(max(k, N_CANDIDATES), run.dataset.n_items))

    def lists(now: Run) -> Recommendations:
        candidates = wide(now)
        found: Recommendations = reranker.rerank(
            Candidates(candidates, evidence_of(now.dataset, candidates)), settings, k
        )
        return found

    return lists


def _shown(run: Run, grouping: Grouping | None) -> tuple[tuple[str, ...], NDArray[np.bool_], tuple[str, ...]]:
    """Groups that may be shown and have others beside them, their members, and the names of those that may not."""
    if grouping is None:
        return (), np.zeros((run.dataset.n_users, 0), bool), ()
    shown = gate_of(run.dataset).shown(grouping, np.ones(run.dataset.n_users, bool))
    places = np.flatnonzero(shown & (grouping.sizes > 0) & (grouping.sizes < run.dataset.n_users))
    hidden = tuple(name for name, is_shown in zip(grouping.labels, shown, strict=True) if not is_shown)
    return tuple(grouping.labels[place] for place in places), grouping.member[:, places], hidden


def _play(game: _Game, lists: Lists, influence: float, seed: tuple[int, int]) -> Played:
    """One arm: `n` rounds, and what the last lists would make people take."""
    run, n = game.run, game.n
    rng = np.random.default_rng((*seed, 47))
    # Held-out choices have not been made yet: people may make them, or others.
    now = moved(run, without_rows(run.dataset, run.dataset.interactions.rows("test")), game.level)
    free, wanted = _weights(game)
    rows = []
    for number in range(n + 1):
        progress.report(number, n + 1)
        found = choices(lists(now), free, wanted, influence)
        rows.append(_row(game, found))
        if number < n:
            taken = found.taken
            drawn = (taken.cumsum(1) > rng.random((len(taken), 1)) * taken.sum(1, keepdims=True)).argmax(1)
            some = np.flatnonzero(taken.any(1))
            now = moved(run, with_interactions(now.dataset, some, drawn[some]), game.level)
    return Played(*(np.array([row[part] for row in rows]) for part in range(3)))


def _weights(game: _Game) -> tuple[Values, Values]:
    """Weights of what can be taken, and of everything `[n_users, n_items]`."""
    wanted = np.exp(game.sharpness * game.people.taste)
    free, had = wanted.copy(), left_out(game.run.dataset)
    free[np.repeat(np.arange(had.shape[0]), np.diff(had.indptr)), had.indices] = 0.0
    return free, wanted


def _row(game: _Game, found: Choices) -> tuple[Values, Values, Values]:
    distance = distances(game.people, found.taken)
    told = figures(game.people, found, distance)
    inside = np.maximum(game.member.sum(0), 1)
    own, total = distance @ game.member, distance.sum()
    rest = (total - own) / np.maximum(len(distance) - inside, 1)
    return (
        np.array([told[name] for name in FIGURES if name in told]),
        np.stack([own / inside, rest]),
        exposure(game.people, found),
    )
