"""Everybody's list from dot products, ours beside implicit's in the same run: 100,000 people, 50,000 items, d = 64.

Random factors and histories. `ours` is `rank_items` on tiles, `implicit` is the `recommend` of a model of theirs with
the same factors, in batches as they advise; both leave out what people have. How many lists are equal is said (the two
add up in another order, so near ties differ).
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
import scipy.sparse as sp
from common import seconds, write

D, K, BATCH, SEEN = 64, 20, 1_000, 25


class Factors:
    """Dot products of given factors, as a model."""

    def __init__(self, users: Any, items: Any) -> None:
        self.users, self.items = users, items

    def user_factors(self, users: Any) -> Any:
        """Rows of the people's factors."""
        return self.users[users]

    def item_factors(self) -> Any:
        """All items' factors."""
        return self.items


def main() -> None:
    """Rank with both, and write `results/ranking.json`."""
    import torch
    from implicit.cpu.als import AlternatingLeastSquares

    from gnnrec_core.ranking.topk import rank_items

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--items", type=int, default=50_000)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    people, items = (rng.standard_normal((n, D), dtype=np.float32) for n in (chosen.people, chosen.items))
    items *= rng.lognormal(0, 0.5, (chosen.items, 1)).astype(np.float32)
    places = (np.repeat(np.arange(chosen.people), SEEN), rng.integers(0, chosen.items, chosen.people * SEEN))
    seen = sp.csr_array((np.ones(len(places[0]), bool), places), shape=(chosen.people, chosen.items))
    everybody = np.arange(chosen.people)
    theirs = AlternatingLeastSquares(factors=D, num_threads=1)
    theirs.user_factors, theirs.item_factors = people, items
    history, lists = sp.csr_matrix(seen, dtype=np.float32), {}

    def ours() -> None:
        lists["ours"] = rank_items(Factors(people, items), everybody, seen, K).item_index

    def implicit() -> None:
        found = [
            theirs.recommend(everybody[s : s + BATCH], history[s : s + BATCH], N=K)[0]
            for s in range(0, chosen.people, BATCH)
        ]
        lists["implicit"] = np.concatenate(found)

    costs = {name: seconds(action, rounds=1, warmup=0) for name, action in (("ours", ours), ("implicit", implicit))}
    same = float((lists["ours"] == lists["implicit"]).all(axis=1).mean())
    figures = {"cpu_seconds": costs, "ratio": costs["ours"] / costs["implicit"], "equal_lists": same}
    write("ranking", {"people": chosen.people, "items": chosen.items, "d": D, "k": K, "seen": SEEN}, figures)


if __name__ == "__main__":
    main()
