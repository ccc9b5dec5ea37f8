"""Planted drift of the sample's readers against the date that `drift` finds, and false alarms among all others.

Writes results/drift.json. The shipped sample and samples of other seeds, which nothing was chosen on. A date counts as
within one window where it is off by at most a sixth of the history. Beside ours stands what could be seen at all: an
observer who knows how the readers were made (why each reads with which probability, whom they follow, how likely each
book is), and has to guess nothing but the genres and whether and when they changed, by the same average over all of
them, called at the evidence that one in twenty of the readers without drift exceeds.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
from common import write


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
    from gnnrec_core.change.drift import N_WINDOWS, history_in_time, label_chances, labels_of
    from gnnrec_core.change.turn import find_turn
    from gnnrec_core.data.sample import make_sample

    dataset, truth = make_sample(seed)
    observer = Observer(seed)
    chances, anyway = label_chances(dataset, labels_of(dataset))
    rows = []
    for user in range(dataset.n_users):
        items, _, _ = history_in_time(dataset, user)
        start = observer.readers[user].drift_from * len(items)
        n_new = sum(truth.cause(user, item).reason == "drift" for item in items.tolist())
        if start == len(items) and user % every:
            continue
        turn = find_turn(chances[items], anyway[items], n_shuffles)
        seen = observer.look(user, items)
        near = [abs(cut - start) <= len(items) / N_WINDOWS for cut in (turn.cut if turn else -1e9, seen[1])]
        rows.append((start < len(items), n_new, turn is not None and turn.stands, near[0], seen[0], near[1]))
    return summed(np.array(rows, float))


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
    """Knows the simulation of a seed but for the readers' genres."""

    def __init__(self, seed: int) -> None:
        from gnnrec_core.data.sample.catalogue import read_catalogue
        from gnnrec_core.data.sample.readers import make_friends, make_readers
        from gnnrec_core.data.sample.reading import Reading

        rng = np.random.default_rng(seed)
        books = read_catalogue()
        self.readers = make_readers(books, rng)
        self.reading = Reading(books, self.readers, make_friends(self.readers, rng), rng)
        self.of_genre = np.stack([self.reading.is_of[name] for name in sorted(self.reading.is_of)]).astype(float)

    def look(self, user: int, items: Any) -> tuple[float, int]:
        """Evidence of a turn and its best cut."""
        from gnnrec_core.change import turn

        tastes = np.stack([*self._chances(self.readers[user], items)])  # [n, g, g]
        least = max(turn.LEAST, len(items) // 5)
        evidence = turn._evidence(tastes[None], least)[0]
        return float(turn._mean_of_logs(evidence, 0)), least + int(evidence.argmax())

    def _chances(self, reader: Any, items: Any) -> Any:
        """log P(item | two genres) of each, among what the reader has not read yet `[g, g]`."""
        genre, author, friend, popularity, noise = reader.reasons
        read, unread = self.reading, np.ones(self.of_genre.shape[1])
        for item in items.tolist():
            weight = read.weight * unread
            base = noise / unread.sum() + friend * weight[item] / weight.sum()
            base += popularity * weight[item] / max(weight[read.hub].sum(), 1e-9) * (item in read.hub)
            for name in reader.authors:
                own = read.by_author[name]
                base += author / 2 * weight[item] / max(weight[own].sum(), 1e-9) * (item in own)
            member = self.of_genre[:, item]
            total = (self.of_genre @ weight)[:, None] + 2 * (self.of_genre * weight) @ self.of_genre.T
            one = member[:, None] * weight[item] * (1 + 2 * np.outer(member, member)) / np.maximum(total, 1e-9)
            found = np.log(base + genre * (one + one.T) / 2)
            found[np.diag_indices(len(found))] = 0.0
            yield found
            unread[item] = 0.0


if __name__ == "__main__":
    main()
