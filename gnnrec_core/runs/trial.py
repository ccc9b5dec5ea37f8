"""What a training would cost on this machine, tried by a process of its own: it has the threads of a training that the
app starts, and leaves the server's memory as it was."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from gnnrec_core.base.checked import parse
from gnnrec_core.base.errors import LensError, RequestError, error_from
from gnnrec_core.base.places import PROJECT
from gnnrec_core.runs.jobs import TrainRequest, environment

LONGEST = 300.0
"""Seconds after which a trial is given up: a training would be no quicker."""


def trial(request: TrainRequest) -> dict[str, Any]:
    """The answer of `python -m gnnrec_core estimate`. Raises its error, and RequestError after five minutes."""
    command = [sys.executable, "-m", "gnnrec_core", "estimate", *request.words, "--json"]
    try:
        done = subprocess.run(
            command,
            cwd=PROJECT,
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=LONGEST,
        )
    except subprocess.TimeoutExpired:
        raise RequestError(
            f"A few steps of {request.model} took more than {LONGEST / 60:.0f} minutes.", "Choose a smaller model."
        ) from None
    if done.returncode not in (0, 2):
        raise LensError("The estimate failed.", done.stderr.decode(errors="replace").strip().rpartition("\n")[2])
    answer: dict[str, Any] = parse(done.stdout)
    if "error" in answer:
        raise error_from(answer["error"])
    return answer
