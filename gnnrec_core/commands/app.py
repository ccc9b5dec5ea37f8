"""`app [RUN]`: opens the dashboard in the browser, on the sample or on a run of your own."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from gnnrec_core.base.errors import RequestError, UnsupportedError
from gnnrec_core.base.places import PROJECT


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("runs", type=Path, nargs="*", metavar="RUN", help="run folders to open (default: the sample)")
    parser.add_argument("--port", type=int, default=8501, help="port on this machine (default 8501)")
    parser.add_argument("--no-browser", action="store_true", help="start the server and open no browser window")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Serve until the server is stopped; the command that was run and how it ended."""
    command, environment = command_for(arguments.runs, arguments.port, arguments.no_browser)
    try:
        code = subprocess.run(command, cwd=PROJECT, env={**os.environ, **environment}).returncode
    except KeyboardInterrupt:  # Ctrl-C reached the server too
        code = 0
    return {"command": command, "exit": code}


def command_for(runs: list[Path], port: int = 8501, headless: bool = False) -> tuple[list[str], dict[str, str]]:
    """The words that start the server, and the environment that names the `runs` to open.

    Raises RequestError where a run is not there or damaged or the port is out of range, UnsupportedError without
    streamlit.
    """
    from gnnrec_core.runs.run import dataset_folder

    if not 1 <= port <= 65_535:
        raise RequestError(f"--port {port} cannot be used.", "Choose 1024 to 65535.", value=port)
    if find_spec("streamlit") is None:
        raise UnsupportedError("The dashboard needs streamlit, which is not installed.", "pip install streamlit")
    for folder in runs:
        dataset_folder(folder)
    words = [sys.executable, "-m", "streamlit", "run", str(PROJECT / "app.py"), f"--server.port={port}"]
    words.append(f"--server.headless={'true' if headless else 'false'}")
    opened = os.pathsep.join(str(folder.resolve()) for folder in runs)
    return words, {"GNNREC_OPEN": opened} if opened else {}


def exit_code(result: dict[str, Any]) -> int:
    """That of the server."""
    return int(result["exit"])


def show(result: dict[str, Any]) -> None:
    """Nothing is left to say when the server has stopped."""
