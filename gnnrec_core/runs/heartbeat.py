"""Which process trains a run, and whether it still lives."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil


def own_process() -> dict[str, Any]:
    """This process as it stands in `run.json`: its number alone could be given to another one later."""
    return {"host": socket.gethostname(), "pid": os.getpid(), "started": started(os.getpid())}


def started(pid: int) -> float:
    """When process `pid` started, in seconds since the machine did where the system tells (Linux).

    Seconds since 1970 would change for every process when the clock is set. psutil.Error where there is no process.
    """
    process = psutil.Process(pid)
    try:
        # Field 22 of proc_pid_stat(5); the name of the program, in parentheses, may hold anything.
        ticks = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
        return float(ticks / os.sysconf("SC_CLK_TCK"))
    except (OSError, ValueError, IndexError):
        return float(process.create_time())


def is_same(pid: int, since: float) -> bool:
    """Whether process `pid` runs and started at `since`: as `started` says, or since 1970 as in older notes."""
    try:
        process = psutil.Process(pid)
        begun = (started(pid), process.create_time())
        return any(abs(each - since) < 1 for each in begun) and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, ValueError, OverflowError):
        return False


def is_alive(process: Mapping[str, Any]) -> bool:
    """Whether the process that `own_process` described still runs; one on another machine is taken to."""
    if process.get("host") != socket.gethostname():
        return bool(process)
    return "pid" in process and "started" in process and is_same(process["pid"], process["started"])
