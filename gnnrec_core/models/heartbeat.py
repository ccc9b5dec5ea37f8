"""Which process trains a run, and whether it still lives."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from typing import Any

import psutil


def own_process() -> dict[str, Any]:
    """This process as it stands in `run.json`: its number alone could be given to another one later."""
    return {"host": socket.gethostname(), "pid": os.getpid(), "started": psutil.Process().create_time()}


def is_alive(process: Mapping[str, Any]) -> bool:
    """Whether the process that `own_process` described still runs; one on another machine is taken to."""
    if process.get("host") != socket.gethostname():
        return bool(process)
    try:
        found = psutil.Process(int(process["pid"]))
        same: bool = abs(found.create_time() - float(process["started"])) < 1
        return same and bool(found.status() != psutil.STATUS_ZOMBIE)
    except (psutil.Error, KeyError, ValueError, OverflowError):
        return False
