"""A run out of files of another library: embeddings, layer-0 embeddings, an item-item matrix, or lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import scipy.sparse as sp

from gnnrec_core.base.errors import DataError, RequestError
from gnnrec_core.base.registry import did_you_mean
from gnnrec_core.data.dataset import Dataset, FloatArray, Vocabulary
from gnnrec_core.models.brought.embeddings import EMBEDDING
from gnnrec_core.models.brought.factors import Factors, FactorsSettings
from gnnrec_core.models.brought.item_item import BIAS, ItemItem, ItemItemSettings
from gnnrec_core.models.brought.least_squares import ITEMS, LeastSquares, LeastSquaresSettings
from gnnrec_core.models.brought.propagated import SOURCE, TARGET, Normalisation, Propagated, PropagatedSettings
from gnnrec_core.models.ops.closed_form import similarity_tensors
from gnnrec_core.runs.bringing.files import (
    Rows,
    checksum,
    read_ids,
    read_item_item,
    read_rows,
    read_tensors,
    read_vector,
)
from gnnrec_core.runs.bringing.list_tables import ANY, Chosen
from gnnrec_core.runs.bringing.lists import Unknown, run_of_lists
from gnnrec_core.runs.run import Run

RELATIVES: tuple[str, ...] = ("lightgcn", "simgcl", "gat")


@dataclass(frozen=True)
class Brought:
    """A run in memory; ids of the dataset for which the files have no row, and rows that were dropped."""

    run: Run
    missing_users: tuple[str, ...] = ()
    missing_items: tuple[str, ...] = ()
    n_dropped: int = 0


@dataclass(frozen=True)
class IdFiles:
    """Files with one id a row, in the order of the rows of the matrices; None: the order of the dataset."""

    users: Path | None = None
    items: Path | None = None


def from_list_file(dataset: Dataset, path: Path, unknown: Unknown = "refuse", chosen: Chosen = ANY) -> Brought:
    """Ranked lists; see `runs.bringing.lists.run_of_lists`. Users without a list are missing."""
    run = run_of_lists(path, dataset, unknown, checksum([path]), chosen)
    empty = np.flatnonzero((run.model.items < 0).all(axis=1))
    missing = tuple(dataset.users.ids[index] for index in empty)
    return Brought(run, missing, n_dropped=int(run.record.figures["n_dropped"]))


def from_factors(
    dataset: Dataset,
    users: Path,
    items: Path,
    ids: IdFiles = IdFiles(),
    similarity: Literal["dot", "cosine"] = "dot",
    unknown: Unknown = "refuse",
    biases: tuple[Path | None, Path | None] = (None, None),
) -> Brought:
    """Final embeddings of users and items (same number of columns), and `biases` of users and items where there are
    some. DataError where they do not fit the dataset."""
    left = _aligned(read_rows(users, "user"), ids.users, dataset.users, users, unknown)
    right = _aligned(read_rows(items, "item"), ids.items, dataset.items, items, unknown)
    if left.values.shape[1] != right.values.shape[1]:
        raise DataError(
            f"{users} has {left.values.shape[1]} columns, {items} has {right.values.shape[1]}.",
            "Give embeddings of one model.",
            file=str(items),
        )
    table = _nodes(dataset, left.values, right.values)
    if similarity == "cosine":
        length = np.linalg.norm(table, axis=1, keepdims=True)
        table = np.divide(table, length, out=np.zeros_like(table), where=length > 0)
    given = [path for path in biases if path is not None]
    if given:
        table = np.concatenate([table, _bias_columns(dataset, biases, ids, unknown)], axis=1)
    origin = _origin([users, items, *given])
    settings = FactorsSettings(**origin, embedding_dim=table.shape[1], similarity=similarity, has_biases=bool(given))
    return _brought(Factors(dataset, settings, {EMBEDDING: table}), dataset, left, right)


def from_propagation(
    dataset: Dataset,
    embeddings: Path,
    n_layers: int,
    relative: str = "lightgcn",
    layer_weights: Sequence[float] = (),
    ids: IdFiles = IdFiles(),
    unknown: Unknown = "refuse",
    normalisation: Normalisation | None = None,
    self_loops: bool = False,
    attention: Path | None = None,
) -> Brought:
    """Layer-0 embeddings, users first, then items, and how many layers they are propagated over.

    `layer_weights` a_0 .. a_K default to the mean of all layers (lightgcn, gat), or of layers 1 .. K (simgcl, xsimgcl);
    `normalisation` to "symmetric", for gat to "rows". A gat has `attention.source` and `attention.target`
    `[K, H, d / H]` in the file `attention` (default: in that of the embeddings).
    """
    weights = tuple(layer_weights) or default_weights(relative, max(0, n_layers))
    if not 0 <= n_layers <= 16 or len(weights) != n_layers + 1 or not np.isfinite(weights).all():
        raise RequestError(
            f"{n_layers} layers with {len(weights)} layer weights cannot be used.",
            "Give 0 to 16 layers, and one finite weight for each of layers 0 to K.",
        )
    rows = read_rows(embeddings)
    n_users = len(read_ids(ids.users)) if ids.users else dataset.n_users
    if n_users > len(rows.values):
        raise DataError(
            f"{embeddings} has {len(rows.values)} rows for {n_users} users and the items after them.",
            "Give the embeddings of all users and items in one matrix.",
            file=str(embeddings),
        )
    left = _aligned(Rows(rows.values[:n_users]), ids.users, dataset.users, embeddings, unknown)
    right = _aligned(Rows(rows.values[n_users:]), ids.items, dataset.items, embeddings, unknown)
    table = _nodes(dataset, left.values, right.values)
    heads = _attention(attention or embeddings, n_layers, table.shape[1]) if relative == "gat" else {}
    settings = PropagatedSettings(
        **_origin([embeddings] if attention is None else [embeddings, attention]),
        embedding_dim=table.shape[1],
        layer_weights=weights,
        normalisation=normalisation or ("rows" if heads else "symmetric"),
        self_loops=self_loops,
        n_heads=heads[SOURCE].shape[1] if heads else 0,
    )
    return _brought(Propagated(dataset, settings, {EMBEDDING: table, **heads}), dataset, left, right)


def from_least_squares(
    dataset: Dataset,
    items: Path,
    l2: float,
    confidence: float = 1.0,
    ids: IdFiles = IdFiles(),
    unknown: Unknown = "refuse",
) -> Brought:
    """Item embeddings of ALS; people are solved for with `l2` and the `confidence` in what they have."""
    if not (np.isfinite([l2, confidence]).all() and l2 >= 0 and confidence >= 1):
        raise RequestError(
            f"l2 {l2:g} with confidence {confidence:g} cannot be used.",
            "Give l2 of 0 or more, confidence of 1 or more.",
        )
    right = _aligned(read_rows(items, "item"), ids.items, dataset.items, items, unknown)
    settings = LeastSquaresSettings(
        **_origin([items]), embedding_dim=right.values.shape[1], l2=l2, confidence=confidence
    )
    model = LeastSquares(dataset, settings, {ITEMS: right.values})
    return Brought(Run.of(model, dataset, n_dropped=right.n_dropped), (), right.missing, right.n_dropped)


def from_item_item(
    dataset: Dataset, path: Path, ids: IdFiles = IdFiles(), unknown: Unknown = "refuse", biases: Path | None = None
) -> Brought:
    """A matrix S `[n_items, n_items]`: what having item j (row) adds to the score of item i (column); and, perhaps,
    what everybody's score of an item begins with."""
    matrix = read_item_item(path)
    if matrix.shape[0] != matrix.shape[1]:
        raise DataError(f"{path} has shape {matrix.shape}.", "Give a square item-item matrix.", file=str(path))
    place, missing, dropped = _places(matrix.shape[0], None, ids.items, dataset.items, path, unknown)
    known = np.flatnonzero(place >= 0)
    entries = matrix[known][:, known].tocoo()
    where = (place[known][entries.row], place[known][entries.col])
    own = sp.csr_array((entries.data, where), shape=(dataset.n_items, dataset.n_items))
    settings = ItemItemSettings(**_origin([path] if biases is None else [path, biases]))
    tensors = similarity_tensors(own)
    if biases is not None:
        tensors[BIAS] = _aligned(read_vector(biases), ids.items, dataset.items, biases, unknown).values[:, 0]
    model = ItemItem.restore(dataset, settings, tensors)
    return Brought(Run.of(model, dataset, n_dropped=dropped), (), missing, dropped)


def default_weights(relative: str, n_layers: int) -> tuple[float, ...]:
    """a_0 .. a_K of a model by name: LightGCN takes the mean of all layers, SimGCL leaves out layer 0.

    >>> default_weights("lightgcn", 1), default_weights("simgcl", 2)
    ((0.5, 0.5), (0.0, 0.5, 0.5))
    """
    if relative not in RELATIVES:
        raise RequestError(f"There is no propagation {relative!r}.", did_you_mean(relative, RELATIVES), value=relative)
    if relative == "simgcl" and n_layers > 0:
        return (0.0, *[1 / n_layers] * n_layers)
    return (1 / (n_layers + 1),) * (n_layers + 1)


@dataclass(frozen=True)
class _Aligned:
    """Rows in the order of a vocabulary, zeros where there is none; the ids without one, and rows left out."""

    values: FloatArray
    missing: tuple[str, ...]
    n_dropped: int


def _aligned(rows: Rows, ids: Path | None, known: Vocabulary, path: Path, unknown: Unknown) -> _Aligned:
    place, missing, dropped = _places(len(rows.values), rows.ids, ids, known, path, unknown)
    values = np.zeros((len(known), rows.values.shape[1]), np.float32)
    values[place[place >= 0]] = rows.values[place >= 0]
    return _Aligned(values, missing, dropped)


def _places(
    n_rows: int, own: tuple[str, ...] | None, ids: Path | None, known: Vocabulary, path: Path, unknown: Unknown
) -> tuple[Any, tuple[str, ...], int]:
    """Index in the dataset of each row (-1: left out), ids without a row, and how many rows are left out."""
    names = read_ids(ids) if ids else own
    kind = known.kind
    if names is None:
        if n_rows != len(known):
            raise DataError(
                f"{path} has {n_rows:,} rows for {kind}s; the dataset has {len(known):,}.",
                f"Give --{kind}-ids FILE with the id of each row, in the order of the rows.",
                file=str(path),
            )
        return np.arange(n_rows), (), 0
    if len(names) != n_rows:
        raise DataError(
            f"There are {len(names):,} {kind} ids for {n_rows:,} rows of {path}.",
            "Give one id a row.",
            file=str(ids or path),
        )
    strangers = [name for name in names if name not in known]
    if strangers and unknown != "drop":
        raise DataError(
            f"{len(strangers):,} {kind}s of {path} are not in the dataset, the first is {strangers[0]!r}.",
            f"Leave them out with --unknown drop. {did_you_mean(strangers[0], known.ids[:50_000])}",
            file=str(path),
            value=strangers[0],
        )
    place = np.array([known.index(name) if name in known else -1 for name in names], np.int64)
    has = np.zeros(len(known), bool)
    has[place[place >= 0]] = True
    return place, tuple(known.ids[index] for index in np.flatnonzero(~has)), len(strangers)


def _bias_columns(
    dataset: Dataset, biases: tuple[Path | None, Path | None], ids: IdFiles, unknown: Unknown
) -> FloatArray:
    """[b_u, 1] for users and [1, b_i] for items, below each other; a bias that is not given is 0."""
    sides = []
    for path, names, known in zip(biases, (ids.users, ids.items), (dataset.users, dataset.items), strict=True):
        own = np.zeros((len(known), 1), np.float32)
        if path is not None:
            own = _aligned(read_vector(path), names, known, path, unknown).values
        ones = np.ones_like(own)
        sides.append(np.concatenate([own, ones] if known is dataset.users else [ones, own], axis=1))
    return _nodes(dataset, *sides)


def _attention(path: Path, n_layers: int, width: int) -> dict[str, FloatArray]:
    """The attention of a gat; DataError where it is not there or does not fit."""
    found = read_tensors(path)
    if SOURCE not in found or TARGET not in found:
        raise DataError(
            f"{path} has no {SOURCE} and {TARGET}.",
            "Save both as [layers, heads, columns of a head] in one .npz or .safetensors.",
            file=str(path),
        )
    heads = {name: np.asarray(found[name], np.float32) for name in (SOURCE, TARGET)}
    shape = heads[SOURCE].shape
    fits = len(shape) == 3 and shape[0] == n_layers and shape[1] * shape[2] == width and min(shape) > 0
    if not fits or heads[TARGET].shape != shape or not all(np.isfinite(value).all() for value in heads.values()):
        raise DataError(
            f"{path}: {SOURCE} has shape {shape}, {TARGET} {heads[TARGET].shape}; the embeddings have {width} columns.",
            f"Give finite numbers [{n_layers}, heads, {width} / heads].",
            file=str(path),
        )
    return heads


def _nodes(dataset: Dataset, users: FloatArray, items: FloatArray) -> FloatArray:
    rest = np.zeros((dataset.n_nodes - dataset.n_users - dataset.n_items, users.shape[1]), np.float32)
    return np.concatenate([users, items, rest])


def _origin(paths: Sequence[Path]) -> dict[str, str]:
    return {"source": ", ".join(path.name for path in paths), "sha256": checksum(paths)}


def _brought(model: Any, dataset: Dataset, users: _Aligned, items: _Aligned) -> Brought:
    dropped = users.n_dropped + items.n_dropped
    return Brought(Run.of(model, dataset, n_dropped=dropped), users.missing, items.missing, dropped)
