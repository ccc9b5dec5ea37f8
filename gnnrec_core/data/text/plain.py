"""Bytes of any text file as plain UTF-8: packed files unpacked, BOM and UTF-16 understood, oddities refused."""

from __future__ import annotations

import codecs
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from gnnrec_core.base.errors import DataError
from gnnrec_core.data.clean.bad_rows import LEAVE_OUT
from gnnrec_core.data.dataset import Problem
from gnnrec_core.data.formats.packed import file_blocks, foreign_kind, packing

MAX_LINE = 1 << 20
_NO_ENCODINGS = ("idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined")


@dataclass(frozen=True)
class PlainText:
    """A file of plain UTF-8 text. `path` is the source itself, or a temporary copy where it had to be changed."""

    path: Path
    name: str
    size: int
    n_newlines: int
    n_quotes: int
    n_returns: int
    n_lone_returns: int
    problems: tuple[Problem, ...]
    left_out: frozenset[int] = frozenset()
    """Lines that are no text and were left out, as asked; nothing stands there."""


@contextmanager
def plain_text(
    path: Path, encoding: str | None = None, foreign: bool = True, drop_bad: bool = False
) -> Iterator[PlainText]:
    """`path` as plain UTF-8 text, checked from end to end. The temporary copy vanishes with the block.

    `foreign` false lets JSON through, which is else refused as no table.

    Raises DataError for empty, binary, packed, cut off, oversized, web page and JSON files, for NUL bytes, and for
    bytes that are no text in the encoding: with line and byte offset. Where `drop_bad`, lines with such bytes are left
    out instead.
    """
    head = first_bytes(path)
    if foreign:
        refuse_foreign(path, head)
    with tempfile.TemporaryDirectory(prefix="gnnrec-") as folder:
        name, start = text_encoding(head, encoding)
        copy = start > 0 or name != "utf-8" or bool(packing(path)) or (b"\r" in head and b"\n" not in head)
        target = Path(folder) / "plain.txt" if copy else path
        notes = _notes(path, head, name, encoding)
        try:
            plain = _scan(path, target, copy, notes)
        except DataError as error:
            if not drop_bad or "bad_rows" not in error.details or name.startswith("utf-16"):
                raise
            plain = _scan_lines(path, Path(folder), name, notes)
        yield plain


def first_bytes(path: Path, size: int = 65_536) -> bytes:
    """The first bytes of the content, unpacked where it is gzip. DataError where the file is empty."""
    try:
        blocks = file_blocks(path, size)
        head = b"".join(block for block, _ in zip(blocks, range(4), strict=False))[:size]
    except OSError as error:
        raise DataError(f"{path.name} cannot be read: {error.strerror}.", "Check the path.", file=path.name) from None
    if not head:
        raise DataError(f"{path.name} is empty (0 bytes).", "Choose a file with interactions.", file=path.name)
    return head


def head_text(path: Path, encoding: str | None = None, size: int = 65_536) -> str:
    """The first lines of a text file as text, for guessing; undecodable bytes show as replacement characters."""
    head = first_bytes(path, size)
    refuse_foreign(path, head)
    name, start = text_encoding(head, encoding)
    text = head[start:].decode(name, "replace").replace("\r\n", "\n").replace("\r", "\n")
    return text if len(head) < size or "\n" not in text else text[: text.rindex("\n") + 1]


def text_encoding(head: bytes, asked: str | None) -> tuple[str, int]:
    """The encoding of a text that begins with `head`, and the length of its byte order mark."""
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if head.startswith(mark):
            return name, len(mark)
    if asked:
        try:
            if asked.lower().replace("-", "_") in _NO_ENCODINGS or "a,1\n".encode(asked).decode(asked) != "a,1\n":
                raise LookupError(asked)
            return codecs.lookup(asked).name, 0
        except (LookupError, UnicodeError, ValueError):
            raise DataError(
                f"There is no text encoding named {asked!r}.", "Try utf-8 or cp1252.", value=asked
            ) from None
    sample = head[:4096]
    for name, zeros in (("utf-16-le", sample[1::2]), ("utf-16-be", sample[0::2])):
        if len(zeros) > 8 and zeros.count(0) > 0.9 * len(zeros) and sample.count(0) <= len(zeros) + 1:
            return name, 0
    return "utf-8", 0


def refuse_foreign(path: Path, head: bytes) -> None:
    """DataError where the content is plainly something other than a table of text."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    what, hint = "", "Export the table as CSV and import that."
    if head.startswith(b"PK\x03\x04") or head.startswith(b"PK\x05\x06"):
        what, hint = f"looks like a ZIP or XLSX archive{_entries(path)}", "Unpack it, and import what is in it."
    elif found := foreign_kind(path, head):
        what, hint = found
    elif start.startswith((b"<!doctype", b"<html", b"<?xml", b"<head")):
        what, hint = "is a web page, not a table", "Download the file itself; a sign-in page may have come instead."
    elif start.startswith((b"{", b"[")):
        what, hint = "holds one JSON document", "Write one JSON object a line, or export the table as CSV."
    if what:
        raise DataError(f"{path.name} {what}.", hint, file=path.name)


def _entries(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return " (damaged)"
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return f" with {len(names)} entries ({', '.join(repr(name[:80]) for name in names[:5])}{more})"


def _notes(path: Path, head: bytes, encoding: str, asked: str | None) -> list[Problem]:
    notes = []
    if how := packing(path):
        notes.append(_note(how.lower(), "unpacked", f"The file is packed with {how} and was unpacked.", path))
    if head.startswith(codecs.BOM_UTF8):
        notes.append(_note("byte_order_mark", "skipped", "A UTF-8 byte order mark at the start was skipped.", path))
    if encoding != "utf-8":
        message = f"The text was read as {encoding}{' as asked' if asked else ', recognised by its first bytes'}."
        notes.append(_note("encoding", "converted", message, path, encoding))
    if b"\r" in head and b"\n" not in head:
        notes.append(_note("line_ends", "converted", "Lines end with CR only; they were read as lines.", path))
    return notes


def _note(code: str, action: str, message: str, path: Path, value: str | None = None) -> Problem:
    return Problem(code, "info", 1, action, message, file=path.name, value=value)


def _scan(path: Path, target: Path, copy: bool, notes: list[Problem]) -> PlainText:
    """Check every block, and write the changed text to `target` where `copy` is true."""
    head = first_bytes(path)
    encoding, start = text_encoding(head, _used_encoding(notes))
    counts = {b"\n": 0, b'"': 0, b"\r": 0}
    size = in_line = n_pairs = 0
    at_return = False  # did the block before end in the middle of a Windows line end?
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    only_returns = b"\r" in head and b"\n" not in head
    out = target.open("wb") if copy else None
    try:
        for block in _text_blocks(path, decoder, encoding, start, counts):
            if only_returns:
                block = block.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
            at = block.find(b"\0")
            if at >= 0:
                line = counts[b"\n"] + block[:at].count(b"\n") + 1
                raise DataError(
                    f"{path.name} has a NUL byte on line {line:,} (byte {size + at:,}): it is damaged or binary.",
                    f"Export the table again as plain text, {LEAVE_OUT}.",
                    file=path.name,
                    line=line,
                    offset=size + at,
                    bad_rows=1,
                )
            counts[b"\n"] += int(
                np.count_nonzero(np.frombuffer(block, np.uint8) == 10)
            )  # count() is slow where many are
            for byte in (b'"', b"\r"):
                counts[byte] += block.count(byte) if byte in block else 0
            n_pairs += (block.count(b"\r\n") if b"\r" in block else 0) + (at_return and block.startswith(b"\n"))
            at_return = block.endswith(b"\r")
            size += len(block)
            first, last = block.find(b"\n"), block.rfind(b"\n")
            longest = in_line + (first if first >= 0 else len(block))
            in_line = len(block) - last - 1 if last >= 0 else longest
            _refuse_long_line(path, max(longest, in_line), counts[b"\n"] + 1)
            if out is not None:
                out.write(block)
    finally:
        if out is not None:
            out.close()
    n_returns = counts[b"\r"]
    return PlainText(target, path.name, size, counts[b"\n"], counts[b'"'], n_returns, n_returns - n_pairs, tuple(notes))


def _scan_lines(path: Path, folder: Path, encoding: str, notes: list[Problem]) -> PlainText:
    """The text with nothing on the lines that are no text in the encoding, or hold a NUL byte."""
    raw, text = folder / "raw", folder / "lines.txt"
    with raw.open("wb") as out:
        out.writelines(file_blocks(path))
    bad, value = [], ""
    with raw.open("rb") as lines, text.open("wb") as out:
        for number, line in enumerate(lines, 1):
            try:
                decoded = line.decode(encoding).encode()
            except UnicodeError:
                decoded = b"\0"
            if b"\0" in decoded:
                bad.append(number)
                value = value or line[:80].decode(encoding, "replace")
                decoded = b"\n"
            out.write(decoded)
    message = f"{len(bad):,} rows are no {encoding} text and were left out, as asked."
    note = Problem(
        "bad_rows",
        "warning",
        len(bad),
        "dropped",
        message,
        path.name,
        bad[0],
        value=value,
        lines=tuple(bad[:10]),
        rows_removed=len(bad),
    )
    plain = _scan(text, text, False, [])
    return replace(plain, name=path.name, problems=(*notes, note), left_out=frozenset(bad))


def _used_encoding(notes: list[Problem]) -> str | None:
    """The encoding that the notes say was used."""
    return next((note.value for note in notes if note.code == "encoding"), None)


def _text_blocks(
    path: Path, decoder: codecs.IncrementalDecoder, encoding: str, start: int, counts: dict[bytes, int]
) -> Iterator[bytes]:
    """Blocks of UTF-8 bytes that are proved to be text in `encoding`."""
    offset = 0
    pending = False
    for raw in file_blocks(path):
        block = raw[start:] if offset == 0 else raw
        try:
            if encoding == "utf-8" and not pending and block.isascii():
                yield block
            else:
                text = decoder.decode(block)
                pending = bool(decoder.getstate()[0])
                yield text.encode()
        except UnicodeError as error:
            _refuse_bytes(path, block, error, encoding, offset, counts[b"\n"])
        offset += len(raw)
    try:
        decoder.decode(b"", final=True)
    except UnicodeError as error:
        _refuse_bytes(path, b"", error, encoding, offset, counts[b"\n"])


def _refuse_bytes(path: Path, block: bytes, error: UnicodeError, encoding: str, offset: int, lines: int) -> None:
    at = error.start if isinstance(error, UnicodeDecodeError) else 0
    line = lines + block[:at].count(b"\n") + 1
    byte = f"0x{block[at]:02x}" if at < len(block) else "its last byte"
    raise DataError(
        f"{path.name} is not {encoding} text on line {line:,}: {byte} at byte {offset + at:,}.",
        "If the whole file is in another encoding, name it, for example --encoding cp1252; else repair that line, "
        f"{LEAVE_OUT}.",
        file=path.name,
        line=line,
        bad_rows=1,
        value=byte,
        offset=offset + at,
    )


def _refuse_long_line(path: Path, length: int, line: int) -> None:
    if length > MAX_LINE:
        raise DataError(
            f"{path.name} has a line of more than {MAX_LINE:,} bytes (line {line:,}).",
            "A table with so wide a row cannot be a log of interactions; export only the columns that are needed.",
            file=path.name,
            line=line,
        )
