"""Files of strangers, read in a child process with caps on memory and time; the server only reads what it wrote.

What a bomb or a crash of a parser can reach is the child. It gets no secrets of the environment, and hands values back
as Parquet and JSON (never pickled).
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import polars as pl

from gnnrec_core.base.checked import parse, read_bytes
from gnnrec_core.base.errors import DataError, error_from
from gnnrec_core.base.places import PROJECT
from gnnrec_core.base.progress import check, report
from gnnrec_core.data.apart.drafts import load_log
from gnnrec_core.data.options import ImportOptions
from gnnrec_core.data.preview import Draft, Preview

MEMORY_BYTES = 6 * 2**30
"""Address space of the child: libraries reserve about 2 GiB of it that they never touch."""
SECONDS = 600.0
PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "SYSTEMROOT", "VIRTUAL_ENV", "LD_LIBRARY_PATH")


def preview_apart(source: Path, scratch: Path, options: ImportOptions | None = None) -> Preview:
    """`preview_source` in a child that works in a fresh folder below `scratch`; the same value, the same errors."""
    with tempfile.TemporaryDirectory(dir=scratch, prefix="preview_") as name:
        answer = _ask("preview", source, options, Path(name))
        return Preview(
            **{**answer, "columns": tuple(answer["columns"])}, rows=pl.read_parquet(Path(name) / "rows.parquet")
        )


def draft_apart(source: Path, scratch: Path, options: ImportOptions | None = None) -> Draft:
    """`read_draft` in a child that works in a fresh folder below `scratch`; the same value, the same errors."""
    with tempfile.TemporaryDirectory(dir=scratch, prefix="draft_") as name:
        _ask("draft", source, options, Path(name))
        return Draft(str(source), load_log(Path(name)))


def _ask(what: str, source: Path, options: ImportOptions | None, folder: Path) -> dict[str, Any]:
    request = {
        "what": what,
        "source": str(source.resolve()),
        "options": (options or ImportOptions()).model_dump(mode="json"),
        "memory_bytes": MEMORY_BYTES,
        "cpu_seconds": int(2 * SECONDS) + 2,  # two threads; the clock, which names itself, comes first
    }
    (folder / "request.json").write_text(json.dumps(request), encoding="utf-8")
    code, in_time = _run_child(folder.resolve())
    file = folder / "answer.json"
    if code != 0 or not file.is_file():
        raise _no_answer(source, code, in_time, folder)
    answer = _answer(source, file)
    if "error" in answer:
        raise error_from(answer["error"])
    if answer.get("out_of_memory"):
        raise _too_big(source)
    return answer


def _answer(source: Path, file: Path) -> dict[str, Any]:
    """What the child wrote; it has read a stranger's file, so its word is input too."""
    try:
        answer = parse(read_bytes(file))
    except ValueError as error:
        raise DataError(
            f"What was found in {source.name} cannot be shown: {error}.", "Check the file.", file=source.name
        ) from error
    if not isinstance(answer, dict):
        raise RuntimeError("the parsing child answered with no object")
    return answer


def poor_environment(**more: str) -> dict[str, str]:
    """What a child that opens a stranger's file is given: none of our secrets, few threads, and `more`."""
    passed_on = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return {**passed_on, "POLARS_MAX_THREADS": "2", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", **more}


def _run_child(folder: Path) -> tuple[int, bool]:
    """Run the child to its end; its exit code, and whether it ended before the time was over."""
    environment = poor_environment(MALLOC_ARENA_MAX="2", RUST_BACKTRACE="0", PYTHONDONTWRITEBYTECODE="1")
    late = threading.Event()
    with (folder / "errors.txt").open("wb") as errors:
        child = subprocess.Popen(
            [sys.executable, "-m", "gnnrec_core.data.apart.parsing_child", str(folder)],
            cwd=PROJECT,
            env=environment,
            stdin=subprocess.PIPE,  # never written to: it closes when this process dies, and the child with it
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )

    def too_late() -> None:
        late.set()
        _kill(child)

    clock = threading.Timer(SECONDS, too_late)
    clock.daemon = True
    clock.start()
    try:
        for share, said in _told(child):
            report(share, 1, said)
        return child.wait(), not late.is_set()
    finally:
        clock.cancel()
        _kill(child)
        child.stdin.close()  # type: ignore[union-attr]  # last: the child takes it for our end, and would leave by itself


def _told(child: subprocess.Popen[bytes]) -> Iterator[tuple[float, str]]:
    """What the child says of its progress, until it ends; CancelledError soon after whoever asked has gone."""
    lines: queue.Queue[bytes] = queue.Queue(100)

    def listen() -> None:
        with child.stdout as pipe, suppress(queue.Full):  # type: ignore[union-attr]
            while line := pipe.readline(1000):
                lines.put(line, timeout=5)
            lines.put(b"", timeout=5)

    listener = threading.Thread(target=listen, name="parsing-child", daemon=True)
    listener.start()
    while listener.is_alive() or not lines.empty():
        check()
        with suppress(queue.Empty):
            line = lines.get(timeout=0.5)
            if not line:
                return
            with suppress(ValueError, TypeError):  # what is no progress is passed over: the answer is checked
                share, said = parse(line)
                yield float(share), str(said)


def _kill(child: subprocess.Popen[bytes]) -> None:
    """End the child and whatever it started; nothing where it has ended."""
    if child.poll() is not None:
        return
    if hasattr(os, "killpg"):
        os.killpg(child.pid, signal.SIGKILL)
    else:
        child.kill()
    child.wait()


def _no_answer(source: Path, code: int, in_time: bool, folder: Path) -> Exception:
    if not in_time or code == -signal.SIGXCPU:
        return DataError(
            f"{source.name} could not be read within {SECONDS:.0f} seconds.",
            "Import it with `gnnrec data import`.",
            file=source.name,
        )
    said = (folder / "errors.txt").read_text(encoding="utf-8", errors="replace")[-3000:]
    if code < 0 or any(word in said.lower() for word in ("memory", "alloc", "map segment")):
        return _too_big(source)
    return RuntimeError(f"the parsing child ended with code {code}: {said}")


def _too_big(source: Path) -> DataError:
    return DataError(
        f"{source.name} cannot be read within {MEMORY_BYTES / 2**30:.0f} GiB of memory.",
        "If you trust it, import it with `gnnrec data import`.",
        file=source.name,
    )
