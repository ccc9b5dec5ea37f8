"""How the dashboard is started on runs: the command and its environment."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from gnnrec_core.base.errors import RequestError, UnsupportedError
from gnnrec_core.base.places import PROJECT
from gnnrec_core.runs.record import dataset_folder


def command_for(runs: Sequence[Path], port: int = 8501, headless: bool = False) -> tuple[list[str], dict[str, str]]:
    """The words that start the server, and the environment that names the `runs` to open.

    Raises RequestError where a run is not there or damaged or the port is out of range, UnsupportedError without
    streamlit.
    """
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
