"""`app [RUN]`: opens the dashboard in the browser, on the sample or on a run of your own."""

from __future__ import annotations

import argparse
import os
import subprocess
from pathlib import Path
from typing import Any

from gnnrec_core.base.places import PROJECT


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("runs", type=Path, nargs="*", metavar="RUN", help="run folders to open (default: the sample)")
    parser.add_argument("--port", type=int, default=8501, help="port on this machine (default 8501)")
    parser.add_argument("--no-browser", action="store_true", help="start the server and open no browser window")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Serve until the server is stopped; the command that was run and how it ended."""
    from gnnrec_core.runs.dashboard import command_for

    command, environment = command_for(arguments.runs, arguments.port, arguments.no_browser)
    try:
        code = subprocess.run(command, cwd=PROJECT, env={**os.environ, **environment}).returncode
    except KeyboardInterrupt:  # Ctrl-C reached the server too
        code = 0
    return {"command": command, "exit": code}


def exit_code(result: dict[str, Any]) -> int:
    """That of the server."""
    return int(result["exit"])


def view(content: dict[str, Any]) -> tuple[()]:
    """Nothing is left to say when the server has stopped."""
    return ()
