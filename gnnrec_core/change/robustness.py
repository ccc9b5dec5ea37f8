"""How far lists, figures and reasons move when the data are shaken, and whom it hurts.

One random interaction of one person (`one`) gives the rank-list stability of Oh et al. (2022): the mean over all
people, and over draws, of the overlap of their lists before and after. Lists are ranked among the same items before and
after, so nothing but the scores differs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.audit.gate import gate_of
from gnnrec_core.audit.groups import Grouping, group_users
from gnnrec_core.audit.sources import ranked
from gnnrec_core.base import progress
from gnnrec_core.base.errors import RequestError
from gnnrec_core.change.moved import level_of, level_words, moved
from gnnrec_core.change.shaking import shake
from gnnrec_core.data.dataset import IntArray
from gnnrec_core.explain.truth.luck import MOST_REASONS, strongest_reasons
from gnnrec_core.explain.truth.retraining import MAX_SEEDS, refits
from gnnrec_core.ranking.accuracy import ACCURACY, hits, n_relevant
from gnnrec_core.ranking.intervals import UNIT, Interval, mean_interval
from gnnrec_core.ranking.matrix import interaction_matrix
from gnnrec_core.ranking.overlap import jaccard, rank_biased_overlap
from gnnrec_core.ranking.recommendations import NONE_LEFT, Recommendations
from gnnrec_core.runs.run import Run

Values = NDArray[np.float64]
N_SHUFFLES = 999
LEAST_STABLE = 10


@dataclass(frozen=True)
class GroupStability:
    """Mean overlap of a group; `difference` is group minus all others, `low` to `high` where 95 % of random groups of
    the same sizes have theirs (the random control, which is flat around 0), `p_adjusted` from the largest of all."""

    group: str
    n_users: int
    overlap: Interval
    difference: float
    low: float
    high: float
    p_adjusted: float


@dataclass(frozen=True)
class Robustness:
    """Means over `n_draws` shakings. `overlap` (rank-biased) and `jaccard` of each person's lists, 1 is unmoved;
    `accuracy` is NDCG after minus before; `exposure` 1 less the total variation between what the lists show;
    `reasons` the share of people whose strongest reason for their first item stays (None: a model without parts).

    `per_user` `[n_users]` is each person's mean overlap, `own` that of the people whose interaction was taken (kind
    "one", else None); `control` the overlap when nothing is changed, which is 1.
    """

    kind: str
    share: float
    level: str
    words: str
    k: int
    n_draws: int
    n_changed: float
    overlap: Interval
    jaccard: Interval
    accuracy: Interval
    exposure: Interval
    reasons: Interval | None
    own: Interval | None
    control: float
    groups: tuple[GroupStability, ...]
    suppressed: tuple[str, ...]
    group_by: str
    least_stable: tuple[int, ...]
    per_user: Values


@dataclass(frozen=True)
class _Draw:
    """What one shaking did to each person `[n_users]`, and to all lists together."""

    overlap: Values
    jaccard: Values
    accuracy: Values
    exposure: float
    reasons: float
    own: float
    n_changed: int


def robustness(
    run: Run,
    kind: str = "drop",
    share: float = 0.05,
    k: int = 10,
    group_by: str | None = None,
    n_draws: int = 0,
    level: str = "",
    seed: int = 0,
) -> Robustness:
    """Shake `n_draws` times (0: 5, or 20 for "one") and compare. `level` as in `moved.level_of`; another seed is a
    training, so there it is always "again".

    RequestError for an unknown kind, share, level or number of draws; UnsupportedError where the model looks at no
    interactions.
    """
    n_draws = n_draws or (20 if kind == "one" else 5)
    if not 1 <= n_draws <= MAX_SEEDS:
        raise RequestError(f"{n_draws} draws cannot be made.", f"Choose 1 to {MAX_SEEDS}.")
    chosen = level_of(run, "again" if kind == "seed" and not refits(run) else level)
    grouping = None if group_by is None else group_users(run.dataset, group_by)
    before = ranked(run.dataset, run.model.score, k)
    rng = np.random.default_rng((seed, 41))
    draws = []
    for number in range(n_draws):
        with progress.part(number, n_draws):
            shaken = shake(run.dataset, kind, share, rng)
            other = run.record.seed + 1 + number if kind == "seed" else None
            after = moved(run, shaken.dataset, chosen, other, shaken.gone)
            draws.append(_compared(run, after, before, k, shaken.gone if kind == "one" else None, shaken.n_changed))
    per_user = _mean([draw.overlap for draw in draws])
    own = np.array([draw.own for draw in draws])
    reasons = np.array([draw.reasons for draw in draws])
    shown, suppressed = _groups(run, grouping, per_user, seed)
    return Robustness(
        kind=kind,
        share=share,
        level=chosen,
        words=level_words(run, chosen),
        k=before.k,
        n_draws=n_draws,
        n_changed=float(np.mean([draw.n_changed for draw in draws])),
        overlap=mean_interval(per_user, bounds=UNIT),
        jaccard=mean_interval(_mean([draw.jaccard for draw in draws]), bounds=UNIT),
        accuracy=mean_interval(_mean([draw.accuracy for draw in draws]), bounds=(-1.0, 1.0)),
        exposure=mean_interval(np.array([draw.exposure for draw in draws]), bounds=UNIT),
        reasons=None if np.isnan(reasons).all() else mean_interval(reasons, bounds=UNIT),
        own=mean_interval(own, bounds=UNIT) if kind == "one" else None,
        control=float(np.nanmean(rank_biased_overlap(before.item_index, before.item_index))),
        groups=shown,
        suppressed=suppressed,
        group_by=group_by or "",
        least_stable=tuple(np.argsort(np.nan_to_num(per_user, nan=2.0), kind="stable")[:LEAST_STABLE].tolist()),
        per_user=per_user,
    )


def _compared(run: Run, after: Run, before: Recommendations, k: int, gone: IntArray | None, n_changed: int) -> _Draw:
    lists = ranked(run.dataset, after.model.score, k)  # among the same items: those that the people of `run` lack
    overlap = rank_biased_overlap(before.item_index, lists.item_index)
    relevant = interaction_matrix(run.dataset, "test")
    ndcg = [ACCURACY["ndcg"](hits(one, relevant), n_relevant(one, relevant)) for one in (before, lists)]
    exposure = [_exposure(one, run.dataset.n_items) for one in (before, lists)]
    asked = np.random.default_rng(0).permutation(len(before))[:MOST_REASONS]
    firsts = before.item_index[asked, 0]
    reasons = [strongest_reasons(one.model, asked, firsts) for one in (run, after)]
    same = np.nan if reasons[0] is None or reasons[1] is None else float(np.mean(reasons[0] == reasons[1]))
    own = np.nan if gone is None else float(overlap[run.dataset.interactions.user_index[gone[0]]])
    return _Draw(
        overlap,
        jaccard(before.item_index, lists.item_index),
        ndcg[1] - ndcg[0],
        1.0 - float(np.abs(exposure[0] - exposure[1]).sum()) / 2,
        same,
        own,
        n_changed,
    )


def _exposure(lists: Recommendations, n_items: int) -> Values:
    """Share of all attention, 1 / log2(rank + 1) a place, that each item has `[n_items]`."""
    shown = lists.item_index != NONE_LEFT
    weight = np.broadcast_to(1.0 / np.log2(np.arange(2, lists.k + 2)), shown.shape)[shown]
    total = np.bincount(lists.item_index[shown], weights=weight, minlength=n_items)
    found: Values = total / max(total.sum(), 1e-300)
    return found


def _mean(draws: list[Values]) -> Values:
    """Mean over the draws of each person; NaN where none has a figure."""
    stacked = np.stack(draws)
    known = np.isfinite(stacked)
    total = np.where(known, stacked, 0.0).sum(0)
    mean: Values = np.divide(total, known.sum(0), out=np.full(stacked.shape[1], np.nan), where=known.any(0))
    return mean


def _groups(
    run: Run, grouping: Grouping | None, values: Values, seed: int
) -> tuple[tuple[GroupStability, ...], tuple[str, ...]]:
    """Each group that may be shown against all others, beside random groups of the same sizes; and the other groups."""
    if grouping is None:
        return (), ()
    known = np.isfinite(values)
    shown = gate_of(run.dataset).shown(grouping, known)
    member = grouping.member[:, shown] & known[:, None]
    sizes = member.sum(0)
    rest = int(known.sum()) - sizes
    some = (sizes > 0) & (rest > 0)
    member, names = member[:, some], np.array(grouping.labels)[shown][some].tolist()
    hidden = tuple(name for name, is_shown in zip(grouping.labels, shown, strict=True) if not is_shown)
    filled = np.where(known, values, 0.0)
    observed = _differences(filled, member, known)
    rng, places = np.random.default_rng((seed, 43)), np.flatnonzero(known)
    random = np.empty((N_SHUFFLES, len(names)))
    for number in range(N_SHUFFLES):
        progress.check()
        shuffled = filled.copy()
        shuffled[places] = filled[rng.permutation(places)]
        random[number] = _differences(shuffled, member, known)
    spread = np.maximum(random.std(0), 1e-12) if len(names) else np.ones(0)
    largest = (np.abs(random) / spread).max(1) if len(names) else np.zeros(N_SHUFFLES)
    low, high = np.quantile(random, (0.025, 0.975), axis=0) if len(names) else (np.zeros(0), np.zeros(0))
    found = [
        GroupStability(
            name,
            int(member[:, place].sum()),
            mean_interval(values[member[:, place]], bounds=UNIT),
            float(observed[place]),
            float(low[place]),
            float(high[place]),
            float((1 + (largest >= abs(observed[place]) / spread[place] * (1 - 1e-9)).sum()) / (1 + N_SHUFFLES)),
        )
        for place, name in enumerate(names)
    ]
    return tuple(found), hidden


def _differences(values: Values, member: NDArray[np.bool_], known: NDArray[np.bool_]) -> Values:
    """Mean of each group minus the mean of all others `[n_groups]`."""
    inside = member.sum(0)
    top = values @ member
    difference: Values = top / inside - (values.sum() - top) / (known.sum() - inside)
    return difference
