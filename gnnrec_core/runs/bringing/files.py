"""Matrices and ids from files of other libraries; every fault is a sentence, and no file can run code."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl
import scipy.sparse as sp
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from gnnrec_core.base.errors import DataError
from gnnrec_core.data.dataset import FloatArray
from gnnrec_core.runs.bringing.list_tables import ITEM, USER, table_of
from gnnrec_core.runs.bringing.torch_files import torch_apart

TORCH = (".pt", ".pth", ".ckpt", ".bin")
"""Files of PyTorch: their tensors are read, and nothing else, by a child process (`torch_apart`)."""
PICKLED = (*TORCH, ".pkl", ".pickle", ".joblib")
MATRICES = ".npy, .npz, .safetensors, .parquet, .csv, or .pt on the command line"
BLOCK = 1 << 20


@dataclass(frozen=True)
class Rows:
    """A matrix `[n, d]` float32 of finite numbers, and the ids of its rows where the file has them."""

    values: FloatArray
    ids: tuple[str, ...] | None = None


Side = Literal["user", "item", "node"]
NAMES: dict[Side, tuple[str, ...]] = {
    "user": (
        "user_embedding.weight",  # RecBole
        "embedding_user.weight",  # LightGCN-PyTorch
        "user_factors",  # implicit
        "user_embeddings",  # LensKit
        "user_features",
        "u_factors",  # Cornac
        "U",
    ),
    "item": (
        "item_embedding.weight",
        "embedding_item.weight",
        "item_factors",
        "item_embeddings",
        "item_features",
        "i_factors",
        "V",
    ),
    "node": ("embedding.weight",),  # PyTorch Geometric
}
"""What libraries call their embeddings, by the order in which they are looked for."""


def read_rows(path: Path, side: Side = "node") -> Rows:
    """Embeddings from a file: the only matrix in it, or the one with a name of `NAMES` (for nodes: users, then items).

    DataError where it is no finite matrix, or of a kind that would have to be unpickled.
    """
    kind = readable(path)
    if kind in (".parquet", ".csv"):
        return _table_rows(path)
    try:
        is_bare = kind == ".npy"
        values = np.load(path, allow_pickle=False) if is_bare else _chosen(path, read_tensors(path), side)
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, SafetensorError) as error:
        raise _unreadable(path, error) from error
    return Rows(_matrix(path, values))


def read_tensors(path: Path) -> dict[str, NDArray[Any]]:
    """Everything in an npz, safetensors or PyTorch file, by name; DataError where it cannot be read."""
    kind = readable(path)
    try:
        if kind == ".npz":
            with path.open("rb") as file:
                return dict(np.load(file, allow_pickle=False))
        if kind == ".safetensors":
            found: dict[str, NDArray[Any]] = load_file(path)
            return found
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, SafetensorError) as error:
        raise _unreadable(path, error) from error
    if kind in TORCH:
        return torch_apart(path)
    raise _unknown_kind(path)


def read_vector(path: Path) -> Rows:
    """One number a row `[n, 1]`, such as biases: a .npy of one dimension, or what `read_rows` reads."""
    if readable(path) == ".npy":
        try:
            return Rows(_matrix(path, np.load(path, allow_pickle=False).reshape(-1, 1)))
        except (ValueError, OSError, EOFError) as error:
            raise _unreadable(path, error) from error
    rows = read_rows(path)
    if rows.values.shape[1] != 1:
        raise DataError(
            f"{path} has {rows.values.shape[1]} columns of numbers.", "Give one bias a row.", file=str(path)
        )
    return rows


def read_item_item(path: Path) -> sp.csr_array:
    """A square matrix as sparse float64: a scipy `.npz` (CSR, CSC, COO) or a dense `.npy`."""
    kind = readable(path)
    try:
        if kind == ".npz":
            with path.open("rb") as file:
                loaded: Any = sp.load_npz(file)
            matrix: sp.csr_array = sp.csr_array(loaded, dtype=np.float64)
        elif kind == ".npy":
            matrix = sp.csr_array(_matrix(path, np.load(path, allow_pickle=False)).astype(np.float64))
        else:
            raise DataError(f"{path} is no item-item matrix.", "Give a sparse .npz or a dense .npy.", file=str(path))
    except (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise _unreadable(path, error) from error
    if not np.isfinite(matrix.data).all():
        raise DataError(f"{path} holds values that are not finite.", "Export it again.", file=str(path))
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    return matrix


def read_ids(path: Path) -> tuple[str, ...]:
    """One id a row: a text file with one a line, or the only (or first) column of a CSV or Parquet table."""
    if readable(path) in (".csv", ".parquet"):
        return _ids(path, table_of(path).to_series(0))
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, error) from error
    return _ids(path, pl.Series("id", lines))


def checksum(paths: Sequence[Path]) -> str:
    """sha256 over the bytes of these files, one after the other, as hexadecimal text."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                digest.update(block)
    return digest.hexdigest()


def readable(path: Path) -> str:
    """The ending of an existing file that may be opened; DataError for a missing one and for pickles."""
    kind = path.suffix.lower()
    if kind in PICKLED and kind not in TORCH:
        raise DataError(
            f"{path} may run code when it is opened, so it is not.",
            "Save the tensor with numpy.save or safetensors, and give that file.",
            file=str(path),
        )
    if not path.is_file():
        raise DataError(f"There is no file {path}.", "Check the name.", file=str(path))
    return kind


def _table_rows(path: Path) -> Rows:
    """Columns of numbers, in order, or one column of lists; one that names users or items, or the only one of text,
    gives the ids."""
    frame = table_of(path)
    key = next((name for name in (*USER, *ITEM, "id") if name in frame.columns), None)
    texts = [name for name in frame.columns if _is_text(frame[name])]
    key = key or (texts[0] if len(texts) == 1 and frame.width > 1 else None)
    numbers = frame.drop(key) if key else frame
    if numbers.width == 1 and numbers.dtypes[0].is_nested():
        numbers = _unfolded(path, numbers.to_series())
    columns = []
    for name in numbers.columns:
        if numbers[name].dtype.is_nested():
            raise DataError(f"{path}, column {name!r} holds lists.", "Give one column of lists, or one a dimension.")
        column = numbers[name].cast(pl.Float64, strict=False)
        if column.is_null().any():
            line = int(column.is_null().arg_max() or 0)
            raise DataError(
                f"{path}, row {line + 1}, column {name!r}: {numbers[name][line]!r} is not a number.",
                "Give one column a dimension, and at most one of ids.",
                file=str(path),
                line=line + 1,
                column=name,
            )
        columns.append(column.to_numpy())
    values = np.stack(columns, axis=1) if columns else np.zeros((len(frame), 0))
    return Rows(_matrix(path, values), _ids(path, frame[key]) if key else None)


def _is_text(column: pl.Series) -> bool:
    """Text whose first value is no number."""
    first = column.drop_nulls().head(1)
    return column.dtype == pl.String and first.cast(pl.Float64, strict=False).is_null().any()


def _unfolded(path: Path, column: pl.Series) -> pl.DataFrame:
    """The columns of a matrix whose rows are lists of one length."""
    if not isinstance(column.dtype, (pl.List, pl.Array)):
        raise DataError(f"{path}, column {column.name!r} holds objects.", "Give lists of numbers.", file=str(path))
    lists = column.cast(pl.List(column.dtype.inner))
    lengths = lists.list.len()
    if lengths.n_unique() != 1 or not lengths[0]:
        wrong = int((lengths != lengths[0]).fill_null(True).arg_max() or 0)
        raise DataError(
            f"{path}, row {wrong + 1}: a list of {lengths[wrong]} numbers, where the first row has {lengths[0]}.",
            "Give lists of one length.",
            file=str(path),
            line=wrong + 1,
        )
    return pl.DataFrame({str(place): lists.list.get(place) for place in range(int(lengths[0]))})


def _ids(path: Path, column: pl.Series) -> tuple[str, ...]:
    ids = tuple("" if value is None else str(value).strip() for value in column.to_list())
    if "" in ids:
        raise DataError(f"{path}, row {ids.index('') + 1}: the id is empty.", "Name each row.", file=str(path))
    if len(set(ids)) < len(ids):
        seen: set[str] = set()
        twice = next(name for name in ids if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise DataError(f"{path} names {twice!r} twice.", "Give each id one row.", file=str(path), value=twice)
    return ids


def _chosen(path: Path, found: dict[str, NDArray[Any]], side: Side) -> NDArray[Any]:
    matrices = {name: value for name, value in found.items() if value.ndim == 2}
    named = {one: next((name for name in NAMES[one] if name in matrices), None) for one in NAMES}
    name, users, items = named[side], named["user"], named["item"]
    if name is not None:
        return matrices[name]
    if side == "node" and users is not None and items is not None:
        return np.concatenate([matrices[users], matrices[items]])
    if len(matrices) != 1:
        raise DataError(
            f"{path} holds {len(matrices)} matrices ({', '.join(sorted(found)[:8])}).",
            "Save the one that is meant into a file of its own, or under a name such as user_factors and item_factors.",
            file=str(path),
        )
    return next(iter(matrices.values()))


def _matrix(path: Path, values: NDArray[Any]) -> FloatArray:
    if values.ndim != 2 or values.dtype.kind not in "fiub" or 0 in values.shape:
        raise DataError(
            f"{path} holds {values.dtype} of shape {values.shape}, not a matrix of numbers.",
            "Give one row a user, item or node, and one column a dimension.",
            file=str(path),
        )
    wrong = np.argwhere(~np.isfinite(values))
    if len(wrong):
        row, column = wrong[0].tolist()
        raise DataError(
            f"{path}, row {row + 1}, column {column + 1}: {values[row, column]} is not finite.",
            "Export the embeddings again.",
            file=str(path),
            line=row + 1,
            column=column + 1,
        )
    return values.astype(np.float32)


def _unknown_kind(path: Path) -> DataError:
    return DataError(f"{path} is of a kind that is not read.", f"Give {MATRICES}.", file=str(path))


def _unreadable(path: Path, error: Exception) -> DataError:
    return DataError(f"{path} cannot be read: {error}.", f"Write it again as {MATRICES}.", file=str(path))
