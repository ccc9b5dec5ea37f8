"""Planted drift of the sample's readers against the date that `drift` finds, and false alarms among all others.

Writes results/drift.json. The shipped sample and samples of other seeds, which nothing was chosen on. A date counts as
within one window where it is off by at most a sixth of the history. Beside ours stands what could be seen at all: an
observer who knows how the readers were made (why each reads with which probability, whom they follow, what their
friends had read by then, how likely each book is, in which part of a history a turn may fall), and has to guess nothing
but the genres and whether and when they changed; called at the evidence that one in twenty of the readers without drift
exceeds. Nothing else can tell: times are drawn without a look at tastes, and each reader turns on a date of their own,
so neither the time between choices nor other readers say when somebody turned. `pooled` tries it all the same: the day
for which the evidence of all readers of a region and age is largest together, and whom the evidence on that day calls.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
from common import write

EARLIEST, LATEST = 0.4, 0.7
"""Where in a history the simulation lets a turn fall."""


def main() -> None:
    """Measure and write."""
    from gnnrec_core.change.drift import N_WINDOWS
    from gnnrec_core.change.turn import LEVEL

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shuffles", type=int, default=199)
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2], help="of the sample (0: the shipped one)")
    parser.add_argument("--still", type=int, default=2, help="every so many readers without drift are looked at")
    arguments = parser.parse_args()
    figures = {f"sample {seed}": measured(seed, arguments.shuffles, arguments.still) for seed in arguments.seeds}
    write("drift", {**vars(arguments), "level": LEVEL, "n_windows": N_WINDOWS}, figures)


def measured(seed: int, n_shuffles: int, every: int) -> dict[str, Any]:
    """Readers by how many books of the new genre they read: called, dated, and what the observer calls and dates."""
    from gnnrec_core.change.chances import Chances
    from gnnrec_core.change.drift import N_WINDOWS, history_in_time, labels_of
    from gnnrec_core.change.turn import find_turn
    from gnnrec_core.data.sample import make_sample

    dataset, truth = make_sample(seed)
    observer = Observer(seed, dataset)
    labels = labels_of(dataset)
    chances = Chances.of(dataset, labels.column, labels.shares)
    rows, curves = [], []
    for user in range(dataset.n_users):
        items, times, _ = history_in_time(dataset, user)
        start = observer.readers[user].drift_from * len(items)
        n_new = sum(truth.cause(user, item).reason == "drift" for item in items.tolist())
        if start == len(items) and user % every:
            continue
        turn = find_turn(*chances.along(items), n_shuffles)
        seen = observer.look(user)
        near = [abs(cut - start) <= len(items) / N_WINDOWS for cut in (turn.cut if turn else -1e9, seen[1])]
        rows.append((start < len(items), n_new, turn is not None and turn.stands, near[0], seen[0], near[1]))
        reader = observer.readers[user]
        curves.append(((reader.region, reader.age_band), *evidence_in_time(*chances.along(items), times)))
    found = summed(np.array(rows, float))
    return {**found, "pooled": pooled(np.array(rows, float)[:, 0], curves)}


def evidence_in_time(chances: Any, anyway: Any, times: Any) -> tuple[Any, Any]:
    """When each cut of a history falls, and our evidence of a turn there."""
    from gnnrec_core.change import turn

    least = max(turn.LEAST, len(chances) // 5)
    kept = np.flatnonzero((chances > 0).sum(0) >= 2)
    if len(chances) < 2 * least + 1 or len(kept) < 3:
        return np.zeros(0), np.zeros(0)
    evidence = turn._evidence(turn._log_chances(chances[:, kept], anyway)[None], least)[0]
    return times[least : least + len(evidence)], evidence


def pooled(drifts: Any, curves: Any) -> dict[str, Any]:
    """Readers called by their evidence on the day that says most of their group, at one false alarm in twenty."""
    from gnnrec_core.ranking.intervals import share_interval

    moments = np.linspace(*np.quantile(np.concatenate([times for _, times, _ in curves]), [0.01, 0.99]), 100)
    on = np.full((len(curves), len(moments)), -np.inf)
    for row, (_, times, evidence) in enumerate(curves):
        if len(times):
            on[row] = evidence[np.abs(times[:, None] - moments).argmin(0)]
    names = sorted({group for group, _, _ in curves})
    group = np.array([names.index(each) for each, _, _ in curves])
    told = np.full(len(curves), -np.inf)
    for place in range(len(names)):
        own = on[group == place]
        told[group == place] = own[:, int(np.log(0.8 + 0.2 * np.exp(own)).sum(0).argmax())]
    called = told > np.quantile(told[drifts == 0], 0.95)
    return {"called": share_interval(called[drifts > 0].astype(float)).to_dict(), "n_groups": len(names)}


def summed(rows: Any) -> dict[str, Any]:
    """Shares with intervals, of rows (drifts, books of the new genre, called, near, the observer's evidence, near)."""
    from gnnrec_core.ranking.intervals import share_interval

    drifts, n, called, near, evidence, observed = rows.T
    at = np.quantile(evidence[drifts == 0], 0.95)
    found: dict[str, Any] = {
        "without drift": {
            "n_readers": int((drifts == 0).sum()),
            "false_alarms": share_interval(called[drifts == 0]).to_dict(),
        }
    }
    for least in (0, 1, 3, 5, 8):
        some = (drifts > 0) & (n >= least)
        found[f"at least {least} books of the new genre"] = {
            "n_readers": int(some.sum()),
            "called": share_interval(called[some]).to_dict(),
            "called_and_dated_within_one_window": share_interval((called * near)[some]).to_dict(),
            "dated_within_one_window_of_those_called": share_interval(near[some & (called > 0)]).to_dict(),
            "observer_called": share_interval((evidence > at)[some].astype(float)).to_dict(),
            "observer_called_and_dated": share_interval(((evidence > at) * observed)[some]).to_dict(),
        }
    return found


class Observer:
    """Knows the simulation of a seed but for the genres of each reader, and whether and when they changed.

    The evidence is the likelihood ratio of a reader who turned, averaged over all that the simulation may have drawn
    (three genres by its own odds, a turn anywhere in its own range), to one who did not. By Neyman and Pearson's lemma
    nobody who raises as few false alarms calls more of the readers who turned.
    """

    def __init__(self, seed: int, dataset: Any) -> None:
        from gnnrec_core.data.sample.catalogue import read_catalogue
        from gnnrec_core.data.sample.readers import make_friends, make_readers
        from gnnrec_core.data.sample.reading import Reading

        rng = np.random.default_rng(seed)
        self.books = read_catalogue()
        self.readers = make_readers(self.books, rng)
        self.reading = Reading(self.books, self.readers, make_friends(self.readers, rng), rng)
        self.names = sorted(self.reading.is_of)
        self.of_genre = np.stack([self.reading.is_of[name] for name in self.names]).astype(float)
        self.shelves = [shelf(dataset, user) for user in range(dataset.n_users)]

    def look(self, user: int) -> tuple[float, int]:
        """log of the likelihood ratio, and the likeliest turn."""
        items, _, _ = self.shelves[user]
        logs = np.stack([*self._chances(user)])  # [n, g, g], symmetric: which two genres they read
        odds = self._odds(self.readers[user])  # [g, h, c], of a turn from (g, h) to (c, h)
        before = np.cumsum(logs, axis=0)
        cuts = np.arange(np.ceil(EARLIEST * len(items)), np.floor(LATEST * len(items)) + 1).astype(int)
        turned = [
            log_sum(odds + before[cut - 1][:, :, None] + (before[-1] - before[cut - 1]).T[None, :, :]) for cut in cuts
        ]
        still = log_sum(np.log(np.maximum(np.exp(odds).sum(2), 1e-300)) + before[-1])
        return log_sum(np.array(turned)) - np.log(len(cuts)) - still, int(cuts[int(np.argmax(turned))])

    def _odds(self, reader: Any) -> Any:
        """log P(first genre, second, the one that takes the place of the first) `[g, g, g]`."""
        from gnnrec_core.data.sample import readers

        count = self.of_genre.sum(1)
        liking = [
            (1.0 if n < readers.NICHE_SIZE else 0.02)
            if reader.is_niche
            else n**0.5 * (4.0 if name in readers.AGE_TASTES[reader.age_band] else 1.0)
            for name, n in zip(self.names, count.tolist(), strict=True)
        ]
        p = np.array(liking) / sum(liking)
        one, two, three = p[:, None, None], p[None, :, None], p[None, None, :]
        found = one * two / (1 - one) * three / np.maximum(1 - one - two, 1e-12)
        same = np.eye(len(p), dtype=bool)
        found[same[:, :, None] | same[:, None, :] | same[None, :, :]] = 0.0
        return np.log(np.maximum(found, 1e-300))

    def _chances(self, user: int) -> Any:
        """log P(item | two genres) of each choice, given all that was read by then `[g, g]`."""
        reader, read = self.readers[user], self.reading
        items, times, ratings = self.shelves[user]
        genre, author, friend, popularity, noise = reader.reasons
        unread = np.ones(self.of_genre.shape[1], bool)
        for place, (item, time) in enumerate(zip(items.tolist(), times.tolist(), strict=True)):
            weight = read.weight * unread
            base, rest = noise / unread.sum(), genre
            for one, share in self._others(user, time, unread, friend):
                base, rest = (base, rest + share) if one is None else (base + share * drawn(weight, one, item), rest)
            for one, share in self._authors(reader, items[:place], ratings[:place], unread, author):
                base, rest = (base, rest + share) if one is None else (base + share * drawn(weight, one, item), rest)
            if unread[read.hub].any():
                base += popularity * drawn(weight, read.hub, item)
            else:
                rest += popularity
            member = self.of_genre[:, item]
            total = (self.of_genre @ weight)[:, None] + 2 * (self.of_genre * weight) @ self.of_genre.T
            one = member[:, None] * weight[item] * (1 + 2 * np.outer(member, member)) / np.maximum(total, 1e-9)
            yield np.log(base + rest * (one + one.T) / 2)
            unread[item] = False

    def _others(self, user: int, time: int, unread: Any, share: float) -> Any:
        """What each friend could have brought by then (None: nothing, and the reason goes on to the genres)."""
        friends = self.reading.friends[user]
        for other in friends:
            items, times, ratings = self.shelves[other]
            last = np.flatnonzero(times < time)[-10:]
            liked = items[last][(ratings[last] >= 4) & unread[items[last]]]
            yield (liked if len(liked) else None), share / len(friends)
        if not friends:
            yield None, share

    def _authors(self, reader: Any, items: Any, ratings: Any, unread: Any, share: float) -> Any:
        """Books of the authors that may be followed; who has read all of theirs follows authors of liked books."""
        by = self.reading.by_author
        open_ = [name for name in reader.authors if unread[by[name]].any()]
        if not open_:
            liked = {self.books[item].author for item in items[ratings >= 4].tolist()}
            open_ = [name for name in liked if unread[by[name]].any()]
        for name in open_:
            yield by[name], share / len(open_)
        if not open_:
            yield None, share


def shelf(dataset: Any, user: int) -> tuple[Any, Any, Any]:
    """Items, times and ratings of a reader, earliest first."""
    log = dataset.interactions
    rows = np.flatnonzero(log.user_index == user)
    rows = rows[np.argsort(log.timestamp[rows], kind="stable")]
    return log.item_index[rows], log.timestamp[rows], log.rating[rows]


def drawn(weight: Any, items: Any, item: int) -> float:
    """P(item) where one of `items` is drawn by weight."""
    return float(weight[item] / max(weight[items].sum(), 1e-9)) if item in items else 0.0


def log_sum(logs: Any) -> float:
    """log of the sum of exp(`logs`)."""
    top = logs.max()
    return float(np.log(np.exp(logs - top).sum()) + top)


if __name__ == "__main__":
    main()
