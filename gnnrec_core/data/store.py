"""The dataset folder of the contract: `dataset.json` and Parquet tables, written whole or not at all."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from gnnrec_core.base.errors import DataError, RequestError
from gnnrec_core.base.files import new_folder
from gnnrec_core.data.bounds import check_bounds, integer, number, read_table, text
from gnnrec_core.data.card import CARD, DatasetCard, write_card
from gnnrec_core.data.dataset import (
    NO_TIME,
    SPLITS,
    Dataset,
    IntArray,
    Interactions,
    Relation,
    Vocabulary,
    no_attributes,
)
from gnnrec_core.data.kept import keep_dataset, kept_dataset, problem_of, sources

LARGE = 1_000_000
"""From so many interactions on a log is packed with lz4, without statistics: larger than zstd, much sooner written."""
INTERACTIONS = {"user_index": integer, "item_index": integer, "split": text, "weight": number}
ATTRIBUTES = {"attribute_index": integer, "relation": text, "label": text}
EDGES = {"source": integer, "target": integer, "weight": number}


def save_dataset(dataset: Dataset, folder: Path, overwrite: bool = False) -> None:
    """Write `dataset` to `folder`. RequestError where the folder exists and `overwrite` is false."""
    with new_folder(folder, overwrite) as temporary, ThreadPoolExecutor(1) as beside:
        hashed = beside.submit(lambda: dataset.fingerprint)  # while the tables are written, if it is not known yet
        _save_interactions(dataset.interactions, temporary / "interactions.parquet")
        dataset.user_table.write_parquet(temporary / "users.parquet")
        dataset.item_table.write_parquet(temporary / "items.parquet")
        if dataset.n_attributes:
            dataset.attribute_table.write_parquet(temporary / "attributes.parquet")
        for number, relation in enumerate(dataset.relations):
            (temporary / "relations").mkdir(exist_ok=True)
            table = pl.DataFrame({"source": relation.source, "target": relation.target, "weight": relation.weight})
            table.write_parquet(temporary / "relations" / f"{_file_stem(relation.name, number)}.parquet")
        hashed.result()
        write_card(temporary, _card(dataset))


def load_dataset(folder: Path) -> Dataset:
    """Read the dataset in `folder`. RequestError where there is none, DataError where a part is missing or damaged.

    A fingerprint says that the data are unchanged, never that they are valid: sizes, indices, times and weights are
    checked as well. A large one is kept as arrays beside its tables and opened from these (`data.kept`).
    """
    card_path = folder / "dataset.json"
    if not card_path.is_file():
        raise RequestError(
            f"There is no dataset at {folder}.", "Name a folder made by `data import`.", file=str(folder)
        )
    card = CARD.read(card_path)
    read = partial(_read_checked, folder, card)
    found = kept_dataset(folder, card, read)
    if found is not None:
        return found
    before = sources(folder)
    dataset: Dataset = read("dataset")
    if dataset.fingerprint != card["fingerprint"]:
        raise DataError(
            f"The dataset at {folder} is not what was saved: its fingerprint differs.",
            "Import the source again, or restore the folder from a copy.",
            file=str(folder),
        )
    return keep_dataset(folder, dataset, card, before, read)


def _read_checked(folder: Path, card: DatasetCard, part: str) -> Any:
    """One of the tables of the dataset, or ("dataset") all of it, checked."""
    try:
        if part != "dataset":
            return _TABLES[part](folder, card)
        dataset = _read_parts(folder, card)
        check_bounds(dataset, card)
    except (OSError, ValueError, KeyError, TypeError, DataError, pl.exceptions.PolarsError) as error:
        reason = str(error).rstrip(".").split("\n")[0][:300]
        raise DataError(
            f"The dataset at {folder} is damaged: {reason}.", "Import the source again.", file=str(folder)
        ) from error
    return dataset


def _save_interactions(log: Interactions, path: Path) -> None:
    """The columns of the contract."""
    indices = {"user_index": log.user_index, "item_index": log.item_index}
    values = {"weight": log.weight} | ({} if log.rating is None else {"rating": log.rating})
    time = log.timestamp
    if len(log) < LARGE:
        split = pl.Series(SPLITS).gather(log.split)
        times = pl.repeat(None, len(log), dtype=pl.Int64, eager=True) if time is None else _with_gaps(time)
        pl.DataFrame({**indices, "split": split, "timestamp": times, **values}).write_parquet(path)
        return
    split = pl.Series(log.split).cast(pl.UInt32).cat.to(pl.Enum(SPLITS))  # codes: no text is made for each row
    times = pl.repeat(None, len(log), dtype=pl.Int64, eager=True) if time is None else _with_gaps(time)
    table = pl.DataFrame({**indices, "split": split, "timestamp": times, **values})
    table.write_parquet(path, compression="lz4", statistics=False)


def _with_gaps(time: IntArray) -> pl.Series:
    series = pl.Series(time)
    return series.replace(NO_TIME, None) if len(time) and series.min() == NO_TIME else series


def _split_codes(split: pl.Series) -> pl.Series:
    """Positions in `SPLITS`, int8; ValueError where another word stands in the column."""
    if split.dtype == pl.Enum(SPLITS):
        return split.to_physical().cast(pl.Int8)
    return split.replace_strict({name: code for code, name in enumerate(SPLITS)}, return_dtype=pl.Int8)


def _card(dataset: Dataset) -> dict[str, Any]:
    return {
        "name": dataset.name,
        "n_users": dataset.n_users,
        "n_items": dataset.n_items,
        "n_interactions": len(dataset.interactions),
        **{f"n_{split}": n for split, n in dataset.interactions.n_by_split.items()},
        "fingerprint": dataset.fingerprint,
        "source": dataset.source,
        "settings": dataset.settings,
        "relations": [
            {"name": r.name, "kind": r.kind, "n_edges": len(r), "file": f"{_file_stem(r.name, number)}.parquet"}
            for number, r in enumerate(dataset.relations)
        ],
        "problems": [{**asdict(problem), "lines": list(problem.lines)} for problem in dataset.problems],
    }


def _file_stem(name: str, number: int) -> str:
    """A relation's name where it is safe as a file name, else a number: names from data never become paths."""
    return (
        name
        if name.replace("_", "").isascii() and name.replace("_", "").isalnum() and len(name) <= 60
        else f"relation_{number}"
    )


def _read_parts(folder: Path, card: DatasetCard) -> Dataset:
    table = read_table(folder / "interactions.parquet", INTERACTIONS, card["n_interactions"])
    users, items = _users(folder, card), _items(folder, card)
    time = table["timestamp"]
    codes = _split_codes(table["split"])
    return Dataset(
        name=card["name"],
        users=Vocabulary("user", tuple(users["user_id"].to_list())),
        items=Vocabulary("item", tuple(items["item_id"].to_list())),
        interactions=Interactions(
            table["user_index"].to_numpy(),
            table["item_index"].to_numpy(),
            table["weight"].to_numpy(),
            codes.to_numpy(),
            None if time.null_count() == len(time) else time.fill_null(NO_TIME).to_numpy(),
            table["rating"].to_numpy() if "rating" in table.columns else None,
        ),
        user_table=users,
        item_table=items,
        attribute_table=_attributes(folder, card),
        relations=_relations(folder, card),
        problems=tuple(problem_of(dict(problem)) for problem in card["problems"]),
        source=card["source"],
        settings=card["settings"],
    )


def _users(folder: Path, card: DatasetCard) -> pl.DataFrame:
    return read_table(folder / "users.parquet", {"user_index": integer, "user_id": text}, card["n_users"])


def _items(folder: Path, card: DatasetCard) -> pl.DataFrame:
    return read_table(folder / "items.parquet", {"item_index": integer, "item_id": text}, card["n_items"])


def _attributes(folder: Path, card: DatasetCard) -> pl.DataFrame:
    path = folder / "attributes.parquet"
    return read_table(path, ATTRIBUTES) if path.is_file() else no_attributes()


def _relations(folder: Path, card: DatasetCard) -> tuple[Relation, ...]:
    found = []
    for entry in card["relations"]:
        edges = read_table(folder / "relations" / entry["file"], EDGES, entry["n_edges"])
        ends = (edges["source"].to_numpy(), edges["target"].to_numpy())
        found.append(Relation(entry["name"], entry["kind"], *ends, edges["weight"].to_numpy()))
    return tuple(found)


_TABLES = {"users": _users, "items": _items, "attributes": _attributes, "relations": _relations}
