"""How long an audit takes on data of Gowalla's size (29,858 users, 40,981 items, lists of 20 out of 100 candidates).

Seconds of CPU time on one thread: blind to what else the machine does. `ratio` is to a bare top-20 of as many rows of
scores by torch in the same run (scores ready in memory, 2,048 users at a time), so it can be compared between machines.
Writes `results/audit.json`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from common import seconds, write

from gnnrec_core.audit.evidence import Categories, Evidence
from gnnrec_core.audit.group_audit import AuditSettings, GroupAudit
from gnnrec_core.audit.groups import from_labels
from gnnrec_core.audit.metrics import METRICS, measurable
from gnnrec_core.audit.rerankers import RERANKERS
from gnnrec_core.audit.rerankers.protocol import Candidates
from gnnrec_core.audit.studies.mitigation import Bench, mitigate
from gnnrec_core.ranking.recommendations import Recommendations
from gnnrec_core.ranking.topk import top_k

N_USERS, N_ITEMS, K, N_CANDIDATES, N_GENRES, N_PROVIDERS = 29_858, 40_981, 20, 100, 18, 50
LIMITS = {"suite": 3.0, "move": 1.5}


def matrix(rng: np.random.Generator, sizes: np.ndarray, weight: np.ndarray) -> sp.csr_array:
    """Random items of skewed popularity for each user, none twice."""
    users = np.repeat(np.arange(N_USERS), sizes)
    items = np.minimum(np.searchsorted(np.cumsum(weight), rng.random(len(users))), N_ITEMS - 1)
    keys = np.unique(users * N_ITEMS + items)
    ends = (keys // N_ITEMS, keys % N_ITEMS)
    return sp.csr_array((np.ones(len(keys), dtype=bool), ends), shape=(N_USERS, N_ITEMS))


def random_candidates(rng: np.random.Generator, relevant: sp.csr_array, weight: np.ndarray) -> Recommendations:
    """Candidates of skewed popularity; about a quarter of the held-out items are among them, spread over the ranks."""
    drawn = np.minimum(np.searchsorted(np.cumsum(weight), rng.random((N_USERS, N_CANDIDATES))), N_ITEMS - 1)
    held_out = relevant.tocoo()
    some = rng.random(held_out.nnz) < 0.25
    drawn[held_out.row[some], rng.integers(0, N_CANDIDATES, some.sum())] = held_out.col[some]
    ordered = np.sort(drawn, axis=1)
    repeated = np.concatenate([np.zeros((N_USERS, 1), bool), ordered[:, 1:] == ordered[:, :-1]], axis=1)
    ordered[repeated] = -1
    shuffled = rng.permuted(ordered, axis=1)
    items = np.take_along_axis(shuffled, np.argsort(shuffled < 0, axis=1, kind="stable"), axis=1)
    score = np.where(items >= 0, -np.sort(-rng.random((N_USERS, N_CANDIDATES)), axis=1), -np.inf)
    return Recommendations(np.arange(N_USERS), items, score)


def labels(rng: np.random.Generator, name: str, n: int) -> Categories:
    """One label an item."""
    ends = (np.arange(N_ITEMS), rng.integers(0, n, N_ITEMS))
    member = sp.csr_array((np.ones(N_ITEMS, dtype=bool), ends), shape=(N_ITEMS, n))
    return Categories(name, tuple(str(number) for number in range(n)), member)


def make_bench(seed: int = 0) -> Bench:
    """Candidates and base lists of all users."""
    rng = np.random.default_rng(seed)
    weight = np.arange(1, N_ITEMS + 1) ** -0.8
    weight /= weight.sum()
    train = matrix(rng, np.minimum(8 + rng.geometric(1 / 20, N_USERS), 800), weight)
    relevant = matrix(rng, 1 + rng.geometric(1 / 7, N_USERS), weight)
    lists = random_candidates(rng, relevant, weight)
    wide = Evidence(
        lists,
        train,
        relevant,
        np.bincount(train.indices, minlength=N_ITEMS),
        N_USERS,
        labels(rng, "genre", N_GENRES),
        labels(rng, "author", N_PROVIDERS),
        rng.normal(size=(N_ITEMS, 64)).astype(np.float32),
    )
    base = Recommendations(lists.user_index, lists.item_index[:, :K], lists.score[:, :K])
    grouping = from_labels("fifth", np.array(list("abcde"))[np.arange(N_USERS) % 5])
    run: Any = None  # nothing here asks for the run
    return Bench(run, K, Candidates(lists, wide), wide.with_lists(base), grouping)


def bare_top_k() -> None:
    """Top 20 of every user, from scores that are there already."""
    scores = np.random.default_rng(0).random((2048, N_ITEMS), dtype=np.float32)
    for start in range(0, N_USERS, 2048):
        top_k(scores[: min(2048, N_USERS - start)], K)


def suite(bench: Bench) -> None:
    """Every standard metric of all users, nothing kept from before."""
    b = bench.base
    fresh = Evidence(
        b.lists, b.train, b.relevant, b.popularity, b.n_train_users, b.categories, b.providers, b.item_vectors
    )
    for metric in measurable(fresh):
        metric.value(fresh)


def groups(bench: Bench) -> None:
    """Bootstrap and permutation tests of five groups."""
    assert bench.grouping is not None
    metrics = [METRICS[name] for name in ("ndcg", "recall", "hit_rate", "long_tail_share", "upd")]
    parts = {metric.name: metric.parts(bench.base) for metric in metrics}
    GroupAudit(bench.base, bench.grouping, metrics, parts, metrics, AuditSettings(), 0).differences()


def prepared(bench: Bench) -> Bench:
    """What `prepare` works out once, less the scoring of all items by the model."""
    wide = bench.candidates.evidence
    fresh = Evidence(
        wide.lists,
        wide.train,
        wide.relevant,
        wide.popularity,
        wide.n_train_users,
        wide.categories,
        wide.providers,
        wide.item_vectors,
    )
    assert len(fresh.hit_cosines[0])
    ready = Bench(bench.run, K, Candidates(wide.lists, fresh), fresh.with_lists(bench.base.lists), bench.grouping)
    assert ready.before and len(ready.shown)
    return ready


def main() -> None:
    """Measure and write."""
    bench = make_bench()
    bound = seconds(bare_top_k, 1, 0)
    figures = {
        "suite": seconds(lambda: suite(bench), 3),
        "groups": seconds(lambda: groups(bench), 1, 0),
        "prepare_without_scoring": seconds(lambda: prepared(bench), 1, 0),
    }
    ready = prepared(bench)
    moves: dict[str, tuple[str, dict[str, Any]]] = {name: (name, {}) for name in RERANKERS.names}
    moves["calibrated by genre"] = ("calibrated", {"by": "genre"})
    for title, (name, values) in moves.items():
        figures[f"move: {title}"] = seconds(lambda name=name, values=values: mitigate(ready, name, values), 3)
    slowest = max(value for name, value in figures.items() if name.startswith("move"))
    write(
        "audit",
        {
            "users": N_USERS,
            "items": N_ITEMS,
            "k": K,
            "candidates": N_CANDIDATES,
            "metrics": len(measurable(bench.base)),
        },
        {
            "bound": {"what": "bare top-20 of all users", "seconds": round(bound, 3)},
            "seconds": {name: round(value, 3) for name, value in figures.items()},
            "ratio": {name: round(value / bound, 3) for name, value in figures.items()},
            "limits_seconds": LIMITS,
            "within_limits": {"suite": figures["suite"] <= LIMITS["suite"], "move": slowest <= LIMITS["move"]},
        },
    )


if __name__ == "__main__":
    main()
