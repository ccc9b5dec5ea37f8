"""How well made-up profiles are found (`data.about.suspicious`), by kind and number, on data that nothing was tuned on.

Usage: python benchmarks/bench_suspicious.py [--of ml-100k gowalla] [--sizes 3 10 30] [--targets 2]

Accounts of the median length of real histories, all with one item of middling popularity. Their other items are drawn
evenly ("random"), by popularity ("average"), nearly only the most popular ("bandwagon"), half from one real person's
history and half by popularity ("mixed"), or all from one real person's history ("copied"; each account another person).
AUC: how often an account has a higher score than a real person (ties count half; who is not named has 0). `found`:
share of the accounts that are named. `wrongly`: real people named who are not named without the accounts.
Writes what was measured into `results/suspicious.json`, beside what stands there of other data.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
from common import DATA, RESULTS, write  # first: it finds the package

from gnnrec_core.data.about.suspicious import find_suspicious
from gnnrec_core.data.dataset import Dataset, Interactions, Vocabulary
from gnnrec_core.data.importing import import_source

KINDS = ("random", "average", "bandwagon", "mixed", "copied")
POWERS = {"random": 0.0, "average": 1.0, "bandwagon": 4.0, "mixed": 1.0}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--of", nargs="+", default=["ml-100k", "gowalla"])
    parser.add_argument("--sizes", nargs="+", type=int, default=[3, 10, 30])
    parser.add_argument("--kinds", nargs="+", default=list(KINDS))
    parser.add_argument("--targets", type=int, default=2)
    chosen = parser.parse_args()
    known = RESULTS / "suspicious.json"
    figures: dict[str, Any] = json.loads(known.read_text())["figures"] if known.exists() else {}
    for name in chosen.of:
        data = import_source(DATA / name)
        anyway = set(find_suspicious(data).users.tolist())
        rows = [
            measured(data, kind, n, target, anyway)
            for kind in chosen.kinds
            for n in chosen.sizes
            for target in range(chosen.targets)
        ]
        table = pl.DataFrame(rows).group_by("kind", "n", maintain_order=True).mean()
        figures[name] = {
            "n_users": data.n_users,
            "named_anyway": len(anyway),
            "targets": chosen.targets,
            "attacks": table.to_dicts(),
        }
        print(name, len(anyway), table)
        write("suspicious", {}, figures)


def measured(data: Dataset, kind: str, n: int, target: int, anyway: set[int]) -> dict[str, Any]:
    """One attack."""
    found = find_suspicious(attacked(data, kind, n, target))
    score = np.zeros(data.n_users + n)
    for suspect in found.suspects:
        score[suspect.user_index] = suspect.score
    real, fake = score[: data.n_users], score[data.n_users :]
    below = np.searchsorted(np.sort(real), fake), np.searchsorted(np.sort(real), fake, side="right")
    named = {suspect.user_index for suspect in found.suspects if suspect.user_index < data.n_users}
    return {
        "kind": kind,
        "n": n,
        "auc": float(np.mean(np.add(*below)) / (2 * len(real))),
        "found": float(np.mean(fake > 0)),
        "wrongly": float(len(named - anyway)),
    }


def attacked(data: Dataset, kind: str, n: int, target: int) -> Dataset:
    """The data with `n` accounts behind all others, in train and without times."""
    log, rng = data.interactions, np.random.default_rng((n, target, KINDS.index(kind)))
    popularity = np.bincount(log.item_index, minlength=data.n_items).astype(float)
    order = np.argsort(-popularity, kind="stable")
    pushed = int(order[data.n_items // 2 + 7 * target])
    size = int(np.median(np.bincount(log.user_index)))
    profiles = []
    for person in rng.choice(np.flatnonzero(np.bincount(log.user_index) >= size), n, replace=False).tolist():
        own = log.item_index[log.of_user(person)]
        n_own = {"mixed": size // 2, "copied": size}.get(kind, 0)
        taken = rng.choice(own, n_own, replace=False)
        chance = (popularity + 1e-9) ** POWERS.get(kind, 1.0)
        chance[[*taken, pushed]] = 0.0
        drawn = rng.choice(data.n_items, size - n_own, replace=False, p=chance / chance.sum())
        profiles.append(np.unique([*taken, *drawn, pushed]))
    users = np.repeat(np.arange(data.n_users, data.n_users + n), [len(profile) for profile in profiles])
    items = np.concatenate(profiles)
    ids = (*data.users.ids, *(f"account {place}" for place in range(n)))
    train = np.zeros(len(items), np.int8)
    more = Interactions(
        np.concatenate([log.user_index, users]),
        np.concatenate([log.item_index, items]),
        np.ones(len(log) + len(items), np.float32),
        np.concatenate([log.split, train]),
    )
    table = pl.DataFrame({"user_index": range(len(ids)), "user_id": ids})
    return replace(data, users=Vocabulary("user", ids), user_table=table, relations=(), interactions=more)


if __name__ == "__main__":
    main()
