"""What a training would cost on this machine, tried by a process of its own: it has the threads of a training that the
app starts, and leaves the server's memory as it was."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from typing import Any

from gnnrec_core.base import clock, progress
from gnnrec_core.base.checked import parse
from gnnrec_core.base.errors import LensError, RequestError, error_from
from gnnrec_core.base.places import PROJECT
from gnnrec_core.runs.job_files import TrainRequest
from gnnrec_core.runs.jobs import environment

LONGEST = 300.0
"""Seconds after which a trial is given up: a training would be no quicker."""


def trial(request: TrainRequest) -> dict[str, Any]:
    """The answer of `python -m gnnrec_core estimate`. Raises its error, and RequestError after five minutes."""
    command = [sys.executable, "-m", "gnnrec_core", "estimate", *request.words, "--json"]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=PROJECT, env=environment(), stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe
    ) as child:
        try:
            told, errors = _ended(child, request.model)
        finally:
            child.kill()
    if child.returncode not in (0, 2):
        raise LensError("The estimate failed.", errors.decode(errors="replace").strip().rpartition("\n")[2])
    answer: dict[str, Any] = parse(told)
    if "error" in answer:
        raise error_from(answer["error"])
    return answer


def _ended(child: subprocess.Popen[bytes], model: str) -> tuple[bytes, bytes]:
    """What the child printed, and its errors. CancelledError soon after somebody cancels, or whoever asked has gone."""
    end = clock.now() + LONGEST
    while clock.now() < end:
        progress.report(0, 1)
        with suppress(subprocess.TimeoutExpired):
            return child.communicate(timeout=0.5)
    raise RequestError(f"A few steps of {model} took more than {LONGEST / 60:.0f} minutes.", "Choose a smaller model.")
