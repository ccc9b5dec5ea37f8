"""`job FOLDER`: what the Train page starts: waits in line, then becomes `train`."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import NoReturn

from gnnrec_core.base.errors import RequestError
from gnnrec_core.runs.jobs import wait_in_line

NICENESS = 5
"""Trainings give way to the app on a busy machine."""


def configure(parser: argparse.ArgumentParser) -> None:
    """The one argument."""
    parser.add_argument("folder", type=Path, help="a job folder in the workspace")


def run(arguments: argparse.Namespace) -> NoReturn:
    """Replace this process by the training when its turn comes, so that its process id stays the job's."""
    folder: Path = arguments.folder.resolve()
    if not (folder / "job.json").parent.is_dir():
        raise RequestError(f"There is no job at {folder}.", "The Train page makes them.", file=str(folder))
    words = wait_in_line(folder)
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    os.execv(sys.executable, [sys.executable, "-m", "gnnrec_core", *words])
