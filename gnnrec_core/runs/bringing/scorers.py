"""Ways to a scorer: a child process, an address, or a function; each question waits only so long, and what comes back
is checked before it counts.

A question is one line of JSON, `{"user": id, "history": [ids], "items": null}`; the answer one line,
`{"scores": [..]}` with a finite number for each item, in the order of `items.parquet` (where `items` names some: for
these, in their order; `null` asks for all, and that is all that is asked here).
"""

from __future__ import annotations

import http.client
import json
import os
import select
import shlex
import signal
import subprocess
import tempfile
import time
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO, Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.base.checked import parse
from gnnrec_core.base.errors import DataError, RequestError
from gnnrec_core.data.dataset import Dataset
from gnnrec_core.models.brought.scored import Scored, ScoredSettings
from gnnrec_core.runs.run import Run

TIMEOUT = 60.0
"""Seconds that an answer may take."""
GRACE = 2.0
"""Seconds that a process is given to end before it is made to."""
BYTES_A_SCORE = 40
"""An answer with more bytes than this for each item is not read to its end."""
BLOCK = 1 << 16

Scores = NDArray[np.float64]
Function = Callable[[str, list[str], "list[str] | None"], Any]


def scores_of(value: Any, n_items: int, who: str) -> Scores:
    """Scores `[n_items]` float64; DataError where the answer is anything else."""
    try:
        found = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"{who} answered something that is no list of numbers.", "Answer one score an item.") from error
    if found.shape != (n_items,):
        raise DataError(
            f"{who} answered scores of shape {found.shape} for {n_items:,} items.",
            "Answer one score for each item, in the order of items.parquet.",
        )
    wrong = np.flatnonzero(~np.isfinite(found))
    if len(wrong):
        raise DataError(
            f"{who} answered {found[wrong[0]]} as the score of item {wrong[0] + 1}.", "Answer finite numbers."
        )
    return found


@dataclass(frozen=True)
class Called:
    """A Python function `(user, history, items or None) -> scores`."""

    function: Function
    n_items: int

    def __call__(self, user: str, history: Sequence[str]) -> Scores:
        """Scores of all items."""
        return scores_of(self.function(user, list(history), None), self.n_items, "The function").copy()


class Command:
    """A child process that reads questions and writes answers, one line each; started with the first question.

    It is started without a shell, in a session of its own, and ends with `close`, with this object, or with Python.
    """

    def __init__(self, command: str, n_items: int, timeout: float = TIMEOUT) -> None:
        try:
            self.words = shlex.split(command)
        except ValueError as error:
            raise RequestError(f"The command {command!r} cannot be read: {error}.", "Close the quotes.") from error
        if not self.words:
            raise RequestError("The command of the scorer is empty.", 'Give one, as --scorer "python score.py".')
        self.n_items, self.timeout = n_items, timeout
        self._process: subprocess.Popen[bytes] | None = None
        self._said: IO[bytes] | None = None
        self._end: Callable[[], Any] = lambda: None
        self._rest = b""

    def __call__(self, user: str, history: Sequence[str]) -> Scores:
        """Scores of all items."""
        try:
            line = self._exchange(_question(user, history))
            return scores_of(_answer(line, "The scorer"), self.n_items, "The scorer")
        except BaseException:
            self.close()  # what it writes now would be taken for the next answer
            raise

    def close(self) -> None:
        """End the process; the next question starts another."""
        self._end()
        self._process, self._rest = None, b""

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            said: Any = tempfile.TemporaryFile()  # noqa: SIM115 - closed where the process ends
            try:
                process = subprocess.Popen(
                    self.words,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=said,
                    start_new_session=True,
                    bufsize=0,
                )
            except OSError as error:
                said.close()
                raise RequestError(
                    f"The scorer {self.words[0]!r} cannot be started: {error.strerror}.", "Check the command."
                ) from error
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    os.set_blocking(pipe.fileno(), False)
            self._process, self._said = process, said
            self._end = weakref.finalize(self, _ended, process, said)
        return self._process

    def _exchange(self, question: bytes) -> bytes:
        """One line for one line, within `timeout` seconds."""
        process = self._started()
        if process.stdin is None or process.stdout is None:  # never: both were asked for
            raise ValueError("no pipes")
        reader, writer = process.stdout.fileno(), process.stdin.fileno()
        until, most = time.monotonic() + self.timeout, BLOCK + BYTES_A_SCORE * self.n_items
        while b"\n" not in self._rest:
            ready, free, _ = select.select([reader], [writer] if question else [], [], until - time.monotonic())
            try:
                if ready:
                    block = os.read(reader, BLOCK)
                    if not block:
                        raise self._gone()
                    self._rest += block
                if free:
                    question = question[os.write(writer, question[:BLOCK]) :]
            except BrokenPipeError as error:
                raise self._gone() from error
            if time.monotonic() >= until:
                raise DataError(
                    f"The scorer did not answer within {self.timeout:g} seconds.",
                    "Answer each line at once, and flush what is written.",
                )
            if len(self._rest) > most:
                raise DataError("The scorer writes a line that does not end.", "Write one answer a line.")
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def _gone(self) -> DataError:
        """The scorer ended: with what it said last."""
        last, code = "", None if self._process is None else _exit_code(self._process)
        if self._said is not None:
            size = self._said.seek(0, os.SEEK_END)
            self._said.seek(max(0, size - 2000))
            lines = self._said.read().decode("utf-8", "replace").strip().splitlines()
            last = f" It said: {lines[-1][:300]}" if lines else ""
        return DataError(f"The scorer ended without an answer (exit {code}).{last}", "Run the command by hand.")


class Endpoint:
    """An address that answers a POST of one question (JSON) with `{"scores": [..]}`; it is not followed elsewhere."""

    def __init__(self, url: str, n_items: int, timeout: float = TIMEOUT) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise RequestError(f"{url!r} is no address of a scorer.", "Write it as https://host:port/path.")
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        try:
            self._connection = kind(parts.hostname, parts.port, timeout=timeout)
        except ValueError as error:
            raise RequestError(f"{url!r} is no address of a scorer: {error}.", "Check the port.") from error
        self.path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self.n_items, self.who = n_items, f"The scorer at {parts.hostname}"

    def __call__(self, user: str, history: Sequence[str]) -> Scores:
        """Scores of all items."""
        most = BLOCK + BYTES_A_SCORE * self.n_items
        try:
            self._connection.request("POST", self.path, _question(user, history), {"Content-Type": "application/json"})
            response = self._connection.getresponse()
            body = response.read(most + 1)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise DataError(
                f"{self.who} cannot be asked: {error or type(error).__name__}.", "Is it running?"
            ) from error
        if response.status != 200 or len(body) > most:
            self.close()
            what = f"with status {response.status}" if response.status != 200 else f"more than {most:,} bytes"
            raise DataError(f"{self.who} answered {what}.", 'Answer 200 with {"scores": [..]}.')
        return scores_of(_answer(body, self.who), self.n_items, self.who)

    def close(self) -> None:
        """Close the connection; the next question opens another."""
        self._connection.close()


def way_to(scorer: str | Function, n_items: int, timeout: float = TIMEOUT) -> Called | Command | Endpoint:
    """A function as it is; text that begins with http:// or https:// is an address, other text a command."""
    if callable(scorer):
        return Called(scorer, n_items)
    if scorer.startswith(("http://", "https://")):
        return Endpoint(scorer, n_items, timeout)
    return Command(scorer, n_items, timeout)


def run_of_scorer(scorer: str | Function, dataset: Dataset, timeout: float = TIMEOUT) -> Run:
    """A run in memory that asks `scorer` (a command, an address, or a function) whenever it needs a score."""
    settings = ScoredSettings(**described(scorer))
    return Run.of(Scored(dataset, settings, way_to(scorer, dataset.n_items, timeout)), dataset)


def with_scorer(run: Run, scorer: str | Function, timeout: float = TIMEOUT) -> Run:
    """The same run with its scorer at hand; RequestError where it is no run of a scorer.

    Nothing in a run folder does this: whoever calls it says what is to be started or asked.
    """
    if not isinstance(run.model, Scored):
        raise RequestError(
            f"The run {run.name!r} is {run.record.model}; it needs no scorer.", "Leave the scorer out.", run=run.name
        )
    asking = type(run)(run.folder, run.record, run.dataset)
    asking.__dict__["model"] = run.model.asking(way_to(scorer, run.dataset.n_items, timeout))
    return asking


def described(scorer: str | Function) -> dict[str, str]:
    """Kind and source of a scorer for its settings; an address without user and query, which may hold secrets."""
    if callable(scorer):
        return {"kind": "python", "source": getattr(scorer, "__qualname__", type(scorer).__qualname__)[:1000]}
    if scorer.startswith(("http://", "https://")):
        parts = urlsplit(scorer)
        return {"kind": "http", "source": f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"[:1000]}
    return {"kind": "command", "source": scorer[:1000]}


def _question(user: str, history: Sequence[str]) -> bytes:
    return json.dumps({"user": user, "history": list(history), "items": None}).encode() + b"\n"


def _answer(line: bytes, who: str) -> Any:
    try:
        found = parse(line, len(line))  # how long an answer may be is held where it is read
    except ValueError as error:
        start = line[:60].decode("utf-8", "replace")
        raise DataError(
            f"{who} answered {start!r}: {error}.", 'Answer {"scores": [..]} with finite numbers.'
        ) from error
    if not isinstance(found, dict) or "scores" not in found:
        raise DataError(f"{who} answered without scores.", 'Answer {"scores": [..]}.')
    return found["scores"]


def _ended(process: subprocess.Popen[bytes], said: IO[bytes]) -> None:
    """End the process and all that it has started; until it is waited for, nobody else can have its number."""
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    for how in (signal.SIGTERM, signal.SIGKILL):
        until = time.monotonic() + GRACE
        while not _has_ended(process) and time.monotonic() < until:
            time.sleep(0.01)
        try:
            os.killpg(process.pid, how)
        except (ProcessLookupError, PermissionError):  # noted: nothing of it is left
            break
    process.wait()
    said.close()


def _exit_code(process: subprocess.Popen[bytes]) -> int | None:
    """How it ended, without waiting for it; None where it still runs."""
    until = time.monotonic() + GRACE
    while time.monotonic() < until:
        found = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if found is not None:
            return found.si_status
        time.sleep(0.01)
    return None


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    if process.returncode is not None:
        return True
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
