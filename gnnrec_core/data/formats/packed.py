"""Packed streams (gzip, bzip2, xz, Zstandard) as blocks of bytes under a cap; what a file is by its first bytes."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from gnnrec_core.base.errors import DataError

BLOCK = 1 << 18
MAX_RATIO = 200
FREE_OUTPUT = 64 << 20
"""An archive may unpack to this many bytes whatever its ratio; beyond it the ratio counts."""
_MAGIC = (("gzip", b"\x1f\x8b"), ("bzip2", b"BZh"), ("xz", b"\xfd7zXZ\x00"), ("Zstandard", b"\x28\xb5\x2f\xfd"))
_FOREIGN: tuple[tuple[tuple[bytes, ...], str, str], ...] = (
    ((b"PAR1",), "is a Parquet file", "Use --format parquet or auto."),
    ((b"SQLite format 3\x00",), "is an SQLite database", "Use --format sql or auto, or name it sqlite:///PATH#TABLE."),
    ((b"ARROW1",), "is an Arrow or Feather file", "Use --format arrow or auto."),
    (
        (b"FEA1",),
        "is a Feather file of version 1, which is no longer read",
        "Write it again as version 2 (DataFrame.to_feather does) or as Parquet.",
    ),
    (
        (b"\x93NUMPY",),
        "is a NumPy array (.npy), which has no columns with names",
        "Save a table: np.savetxt(FILE, array, delimiter=',', fmt='%d'), or pandas.DataFrame(array).to_parquet(FILE).",
    ),
    ((b"\x89HDF",), "is an HDF5 file", "Export the table as CSV or Parquet."),
    ((b"MATLAB 5.0",), "is a MATLAB file", "Export the table as CSV (writematrix)."),
    ((b"7z\xbc\xaf",), "is a 7z archive", "Unpack it and import what is in it."),
    ((b"Rar!",), "is a RAR archive", "Unpack it and import what is in it."),
    (
        (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"\x7fELF"),
        "is a binary file, not a table of text",
        "Export the table as CSV and import that.",
    ),
)
_PICKLE = (".pkl", ".pickle", ".pt", ".pth", ".joblib")


def packing(path: Path) -> str:
    """How the file is packed by its first bytes; empty where it is not."""
    with path.open("rb") as file:
        head = file.read(6)
    return next((name for name, magic in _MAGIC if head.startswith(magic)), "")


def foreign_kind(path: Path, head: bytes) -> tuple[str, str] | None:
    """What a file is that is no text, and what to do; None where it may be text."""
    if (head[:1] == b"\x80" and head[1:2] in b"\x02\x03\x04\x05") or (
        path.suffix.lower() in _PICKLE and not head[:100].isascii()
    ):
        return (
            "is a Python pickle, and pickles are never opened: opening one can run any program",
            "Export the table where it was made, for example with DataFrame.to_parquet(FILE) or to_csv(FILE).",
        )
    if head[257:262] == b"ustar":
        return "is a tar archive", "Unpack it and import what is in it."
    return next(((what, hint) for magic, what, hint in _FOREIGN if head.startswith(magic)), None)


def file_blocks(path: Path, size: int = BLOCK) -> Iterator[bytes]:
    """The content of a file, unpacked where it is packed. DataError where it is damaged, cut off, or would unpack to
    more than `MAX_RATIO` times its size."""
    how = packing(path)
    with path.open("rb") as file:
        if how == "gzip":
            yield from _gunzipped(file, path, size)
        elif how:
            yield from _unpacked(file, path, size, how)
        else:
            while block := file.read(size):
                yield block


def _unpacked(file: IO[bytes], path: Path, size: int, how: str) -> Iterator[bytes]:
    whole, n_out = path.stat().st_size, 0
    opened: dict[str, Callable[[IO[bytes]], Any]] = {"bzip2": bz2.BZ2File, "xz": lzma.LZMAFile, "Zstandard": _zstandard}
    try:
        with opened[how](file) as stream:
            while block := stream.read(size):
                n_out += len(block)
                refuse_bomb(path.name, n_out, whole)
                yield bytes(block)
    except (OSError, EOFError, lzma.LZMAError, pa.ArrowException, ValueError) as error:
        raise DataError(
            f"{path.name} is a damaged or cut off {how} archive: {str(error).splitlines()[0][:120]}.",
            "Copy or download it again.",
            file=path.name,
        ) from None


def _zstandard(file: IO[bytes]) -> Any:
    return pa.CompressedInputStream(pa.PythonFile(file, "r"), "zstd")


def refuse_bomb(name: str, n_out: int, n_in: int) -> None:
    """DataError where an archive of `n_in` bytes gives too many."""
    if n_out > FREE_OUTPUT and n_out > MAX_RATIO * n_in:
        raise DataError(
            f"{name} unpacks to more than {MAX_RATIO} times its size ({n_out:,} bytes so far).",
            "This looks like a decompression bomb; unpack it yourself if you trust it.",
            file=name,
        )


def _gunzipped(file: IO[bytes], path: Path, size: int) -> Iterator[bytes]:
    """The content of a gzip file (of several members, too), never more than `MAX_RATIO` times what was read."""
    unpacker, n_in, n_out, rest = zlib.decompressobj(31), 0, 0, b""
    while True:
        if not rest:
            rest = file.read(65_536)
            n_in += len(rest)
            if not rest:
                break
        if unpacker.eof:
            unpacker = zlib.decompressobj(31)
        try:
            block = unpacker.decompress(rest, size)
        except zlib.error as error:
            raise DataError(
                f"{path.name} is a damaged gzip archive near byte {n_in:,}: {error}.",
                "Copy or download it again.",
                file=path.name,
                offset=n_in,
            ) from None
        rest = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
        n_out += len(block)
        refuse_bomb(path.name, n_out, n_in)
        if block:
            yield block
    if not unpacker.eof:
        raise DataError(
            f"{path.name} is cut off: the gzip archive ends too early, at byte {n_in:,}.",
            "Copy or download it again.",
            file=path.name,
            offset=n_in,
        )
