"""Places whose explanation, or whose place itself, does not stand up: to random removals, and to another seed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.special import ndtr

from gnnrec_core.base import progress
from gnnrec_core.base.errors import RequestError, UnsupportedError
from gnnrec_core.data.dataset import IntArray
from gnnrec_core.explain.scores.scoring import Scorer, scorer_of
from gnnrec_core.explain.truth.faithfulness import MAX_P, N_RANDOM_SETS, n_first, p_of, random_orders
from gnnrec_core.explain.truth.luck import Luck, load_luck
from gnnrec_core.explain.truth.retraining import check_retrainable, refits
from gnnrec_core.ranking.recommendations import NONE_LEFT
from gnnrec_core.runs.run import Run
from gnnrec_core.whole.described import Float, Found, leads, references
from gnnrec_core.whole.sums.targets import Target, list_targets

MOST_PEOPLE, MOST_SLOW = 300, 40
"""People who are drawn; fewer where the graph is rebuilt for each set of links."""


def held_against_random(run: Run, k: int, target: Target, seed: int) -> tuple[str, Iterator[Found]]:
    """Whose strongest fifth of reasons does no more than a fifth drawn by chance, as `faithfulness` has it (p > 0.05).

    The explanation is the ledger. Of people drawn with `seed`; those whose fifth is all that they have are left out.
    UnsupportedError for a model without parts.
    """
    scorer = scorer_of(run.model)
    most = MOST_PEOPLE if scorer.has_fast_leave_one_out else MOST_SLOW
    people = np.sort(np.random.default_rng(seed).permutation(run.dataset.n_users)[:most])
    drawn = "everybody" if len(people) == run.dataset.n_users else f"{len(people):,} people drawn by chance"
    said = f"in this model, of the places of {drawn}, each held against {N_RANDOM_SETS} random sets of links"
    return said, _against_random(run, scorer, people, k, target, seed)


def _against_random(run: Run, scorer: Scorer, people: IntArray, k: int, target: Target, seed: int) -> Iterator[Found]:
    lists = list_targets(run, k, "score").lists.item_index
    reference = None if target == "score" else references(run, k)
    for done, user in enumerate(people.tolist()):
        progress.report(done, len(people))
        items = lists[user][lists[user] != NONE_LEFT]
        rival = np.zeros(0, np.int64) if reference is None else reference[[user]]
        ranks = np.arange(1, len(items) + 1)
        if len(rival):
            ranks = ranks[leads(items, np.repeat(rival, len(items)))]
        p = _p_values(scorer, user, items[ranks - 1], rival, seed) if len(ranks) else None
        if p is not None:
            yield Found(np.full(len(p), user), items[ranks - 1], ranks, p > MAX_P, p)


def _p_values(scorer: Scorer, user: int, items: IntArray, rival: IntArray, seed: int) -> Float | None:
    """How often random sets of the user's links do as much as the first ones of each item's ledger `[n]`; None where
    there is one set alone. `rival` holds the item that they lead, or nothing."""
    asked = np.concatenate([items, rival])
    parts = scorer.parts(user, asked)
    n = n_first(len(parts.edges))
    if n is None:
        return None

    def explained(scores: Float) -> Float:  # [n + 1] or [m, n + 1] to the numbers that are explained
        return scores[..., :-1] - scores[..., -1:] if len(rival) else scores

    values, now = explained(parts.values), scorer.scores(user)[items]
    _, orders = random_orders(len(parts.edges), seed)
    random = np.array([explained(scorer.scores_without(user, parts.edges[one[:n]], asked)) for one in orders])
    first = np.argsort(-values, axis=0, kind="stable")[:n]  # [n, items]
    ours = [
        explained(scorer.scores_without(user, parts.edges[first[:, place]], asked))[place]
        for place in range(len(items))
    ]
    found: Float = p_of(np.array(ours), random, np.where(now == 0, 1.0, np.abs(now)))
    return found


def held_against_seeds(run: Run, k: int, target: Target, seed: int) -> tuple[str, Iterator[Found]]:
    """Which places another seed would more likely than not give to another item, by what `luck` measured of the run.

    UnsupportedError where training has no luck; RequestError where it was not measured for lists of `k`.
    """
    check_retrainable(run)
    if refits(run):
        raise UnsupportedError(
            f"A run of {run.record.model!r} has no luck: any seed gives it, so nothing is fragile over seeds.",
            "Ask for another shape, or of a trained model.",
        )
    found = load_luck(run)
    if found is None or found.k != k:
        known = "" if found is None else f", only of {found.k}"
        raise RequestError(
            f"What another seed would change in lists of {k} was not measured for this run{known}.",
            "Measure it: `luck RUN`, or “What is luck” on the page Methods (lists of 10).",
            k=k,
        )
    said = f"foretold from {found.seeds:,} training{'s' * (found.seeds > 1)} with other seeds"
    return said, _against_seeds(run, found, k)


def _against_seeds(run: Run, luck: Luck, k: int) -> Iterator[Found]:
    lists = list_targets(run, min(k + 1, run.dataset.n_items), "score").lists
    for place in range(min(k, lists.item_index.shape[1])):
        progress.report(place, k)
        users = np.flatnonzero(lists.item_index[:, place] != NONE_LEFT)
        lead = np.full(len(users), np.inf)
        if lists.item_index.shape[1] > k:
            last = lists.score[users, k].astype(np.float64)
            beaten = lists.item_index[users, k] != NONE_LEFT
            lead[beaten] = (lists.score[users, place] - last)[beaten]
        leaves = 1.0 - ndtr(luck.shift + lead / luck.sigma)
        yield Found(users, lists.item_index[users, place], np.full(len(users), place + 1), leaves > 0.5, leaves)
