"""From a run to `Evidence`: its lists, the held-out items, and the labels that the dataset has for items."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import polars as pl
import scipy.sparse as sp

from gnnrec_core.audit.evidence import Categories, Evidence
from gnnrec_core.base.errors import RequestError
from gnnrec_core.base.registry import did_you_mean
from gnnrec_core.base.text import clean
from gnnrec_core.data.dataset import Dataset, FloatArray, IntArray, SplitName
from gnnrec_core.models.ops.shards.people import rank_together
from gnnrec_core.models.protocol import EmbeddingRecommender
from gnnrec_core.ranking.factored import Factored
from gnnrec_core.ranking.matrix import interaction_matrix
from gnnrec_core.ranking.recommendations import Recommendations
from gnnrec_core.ranking.topk import Listing, ScoreBlock, check_k, source_of
from gnnrec_core.runs.recommend import left_out
from gnnrec_core.runs.run import Run

GENRE_COLUMNS = ("genres", "genre", "categories", "category", "tags", "class")
PROVIDER_COLUMNS = ("author", "authors", "provider", "artist", "publisher", "brand", "creator", "seller", "studio")
N_CANDIDATES = 100


def gather(
    run: Run,
    k: int,
    split: SplitName = "test",
    category_column: str | None = None,
    provider_column: str | None = None,
) -> Evidence:
    """The evidence of all users of a run's dataset with lists of `k`."""
    vectors = None
    if isinstance(run.model, EmbeddingRecommender):
        users, items = run.dataset.n_users, run.dataset.n_items
        vectors = np.asarray(run.model.embeddings()[users : users + items], dtype=np.float32)
    lists = ranked(run.dataset, source_of(run.model), k, split)
    return evidence_of(run.dataset, lists, split, category_column, provider_column, vectors)


def evidence_of(
    dataset: Dataset,
    lists: Recommendations,
    split: SplitName = "test",
    category_column: str | None = None,
    provider_column: str | None = None,
    item_vectors: FloatArray | None = None,
) -> Evidence:
    """The evidence of lists of all users of `dataset`, in the order of users, whoever made them."""
    train = interaction_matrix(dataset, "train")
    return Evidence(
        lists,
        train,
        interaction_matrix(dataset, split),
        np.bincount(train.indices, minlength=dataset.n_items).astype(np.int64),
        int(np.count_nonzero(np.diff(train.indptr))),
        item_labels(dataset, category_column or first_column(dataset, GENRE_COLUMNS)),
        item_labels(dataset, provider_column or first_column(dataset, PROVIDER_COLUMNS)),
        item_vectors,
    )


def ranked(
    dataset: Dataset, score: ScoreBlock | Listing | Factored, k: int, split: SplitName = "test"
) -> Recommendations:
    """The `k` best unseen items of every user by `score`."""
    check_k(k, dataset.n_items)
    return rank_together(score, np.arange(dataset.n_users), left_out(dataset, split), k)


def first_column(dataset: Dataset, names: Iterable[str]) -> str | None:
    """The first column of the item table that has one of these names, whatever its case."""
    known = {column.lower(): column for column in dataset.item_table.columns}
    return next((known[name] for name in names if name in known), None)


def item_labels(dataset: Dataset, column: str | None) -> Categories | None:
    """The labels in a column of the item table (a list column holds several); None without a column or any label."""
    if column is None:
        return None
    if column not in dataset.item_table.columns:
        known = tuple(dataset.item_table.columns)
        raise RequestError(f"Items have no column {column!r}.", did_you_mean(column, known), value=column)
    owner, labels, codes = column_values(dataset.item_table, column)
    if not labels:
        return None
    ends = (owner, codes)
    member = sp.csr_array((np.ones(len(codes), dtype=bool), ends), shape=(dataset.n_items, len(labels)))
    return Categories(column, labels, member)


def column_values(table: pl.DataFrame, column: str) -> tuple[IntArray, tuple[str, ...], IntArray]:
    """Rows, sorted labels, and codes of the known values of a column; a list column gives a row several times."""
    values = table.select(pl.int_range(pl.len()).alias("row"), pl.col(column).alias("value"))
    if isinstance(values.schema["value"], pl.List):
        values = values.explode("value")
    values = values.with_columns(pl.col("value").cast(pl.Utf8)).drop_nulls("value")
    values = values.filter(pl.col("value") != "").unique(maintain_order=True)
    labels, codes = np.unique(np.array(values["value"].to_list(), dtype=str), return_inverse=True)
    return (
        values["row"].to_numpy().astype(np.int64),
        tuple(str(label) for label in labels),
        codes.astype(np.int64),
    )


def first_values(table: pl.DataFrame, column: str, unknown: str = "") -> pl.Series:
    """The first value of each row of a column as inert text, `unknown` where there is none `[n]`; quick with millions.

    >>> first_values(pl.DataFrame({"genre": [["war", "youth"], [], None]}), "genre").to_list()
    ['war', '', '']
    """
    values = table[column]
    values = values.list.first() if isinstance(values.dtype, pl.List) else values
    known = values.drop_nulls().unique().to_list()
    names = [clean(value) or unknown for value in known]
    return values.replace_strict(known, names, default=unknown, return_dtype=pl.String).fill_null(unknown)
