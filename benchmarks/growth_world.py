"""Worlds of planted tastes, of any size: what `bench_growth` asks its questions of.

Every item belongs to one of `N_TASTES` tastes and is popular in it as 1 / (rank + 10). Every person has three tastes
and takes four in five of their items from these, the others from the whole catalogue; how many they take is drawn from
a log-normal with mean 20. So a model that finds the tastes beats popularity by far, and some people are heavy.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from common import RESULTS  # noqa: F401  # puts the project on the path
from large_world import GENRES, save_untrained
from numpy.typing import NDArray

from gnnrec_core.data.dataset import Dataset, Interactions, Vocabulary
from gnnrec_core.data.store import load_dataset, save_dataset

SIZES = {"S": (10_000, 5_000), "M": (46_000, 17_000), "L": (215_000, 58_000), "XL": (1_000_000, 200_000)}
"""People and items; about 20 interactions a person."""
N_TASTES, OWN_TASTES, OWN_SHARE = 64, 3, 0.8
MEAN, SPREAD, MOST = 22.5, 0.8, 2_000
"""Of how many items a person takes, before what was drawn twice is left out."""


def planted(n_users: int, n_items: int, seed: int = 0) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """User and item of each interaction, unique, by user and item."""
    rng = np.random.default_rng(seed)
    taste = np.sort(rng.integers(0, N_TASTES, n_items))  # items of a taste stand together
    first = np.searchsorted(taste, np.arange(N_TASTES + 1))
    rank = np.arange(n_items) - first[taste]
    reach = np.r_[0.0, np.cumsum(1.0 / (rank + 10.0))]
    wanted = rng.lognormal(np.log(MEAN) - SPREAD**2 / 2, SPREAD, n_users)
    user = np.repeat(np.arange(n_users), np.clip(wanted, 2, MOST).astype(np.int64))
    own = rng.integers(0, N_TASTES, (n_users, OWN_TASTES))
    chosen = own[user, rng.integers(0, OWN_TASTES, len(user))]
    from_own = rng.random(len(user)) < OWN_SHARE
    low, high = reach[first[chosen]] * from_own, np.where(from_own, reach[first[chosen + 1]], reach[-1])
    item = np.searchsorted(reach, low + rng.random(len(user)) * (high - low), side="right") - 1
    item = np.minimum(item, n_items - 1)
    code = user * n_items + rng.permutation(n_items)[item]
    code.sort()
    pairs = code[np.r_[True, code[1:] != code[:-1]]]
    return pairs // n_items, pairs % n_items


def growth_dataset(size: str, seed: int = 0) -> Dataset:
    """The dataset of a size, split 8:1:1 by chance; titles repeat now and then, as they do."""
    n_users, n_items = SIZES[size]
    user, item = planted(n_users, n_items, seed)
    rng, n = np.random.default_rng((seed, 1)), len(user)
    draw = rng.random(n, dtype=np.float32)
    ids = [tuple(f"{kind}{index:07}" for index in range(many)) for kind, many in (("u", n_users), ("i", n_items))]
    items = {
        "item_index": np.arange(n_items),
        "item_id": ids[1],
        "title": [f"Title {index % (n_items - n_items // 50):06} of the collection" for index in range(n_items)],
        "genre": np.array(GENRES)[rng.integers(0, len(GENRES), n_items)],
    }
    people = {
        "user_index": np.arange(n_users),
        "user_id": ids[0],
        "town": np.array(["Ash", "Birch", "Cedar", "Elm"])[rng.integers(0, 4, n_users)],
    }
    return Dataset(
        name=f"Growth {size}",
        users=Vocabulary("user", ids[0]),
        items=Vocabulary("item", ids[1]),
        interactions=Interactions(
            user,
            item,
            np.ones(n, np.float32),
            np.where(draw < 0.8, 0, np.where(draw < 0.9, 1, 2)).astype(np.int8),
            timestamp=rng.integers(1_500_000_000, 1_700_000_000, n),
        ),
        user_table=pl.DataFrame(people),
        item_table=pl.DataFrame(items),
    )


def make_world(home: Path, size: str, dim: int = 64, seed: int = 0) -> None:
    """`data`, `log.parquet` (the same rows as somebody would bring them) and the run `lightgcn` in `home`.

    The run is LightGCN as it stands before training (`save_untrained`).
    """
    home.mkdir(parents=True, exist_ok=True)
    if not (home / "data" / "dataset.json").is_file():
        dataset = growth_dataset(size, seed)
        save_dataset(dataset, home / "data", overwrite=True)
        log = dataset.interactions
        kinds = [pl.Series(part.ids) for part in (dataset.users, dataset.items)]
        columns = {"user": kinds[0].gather(log.user_index), "item": kinds[1].gather(log.item_index)}
        pl.DataFrame({**columns, "time": log.timestamp}).write_parquet(home / "log.parquet")
    run = home / "lightgcn"
    if (run / "run.json").is_file():
        return
    save_untrained(run, load_dataset(home / "data"), "../data", dim, seed)
