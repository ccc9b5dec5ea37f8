"""How a command opens a run; what a folder says is never started, only what the person says in this call."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gnnrec_core.api.run import OpenRun


def add_run(parser: argparse.ArgumentParser) -> None:
    """Declare the run and what it may need."""
    parser.add_argument("run", type=Path, metavar="RUN", help="a run folder made by `train` or `run import`")
    parser.add_argument("--dataset", type=Path, help="where the dataset is, if it is no longer where it was")
    parser.add_argument(
        "--scorer", metavar="COMMAND", help="for a run of a scorer: start this command (or ask http(s)://...) again"
    )
    parser.add_argument(
        "--module", metavar="FILE.py:CLASS", help="for a run of a module: its code, which is run (your own files only)"
    )


def opened(arguments: argparse.Namespace) -> OpenRun:
    """The run of the arguments: a folder, or a run that is open already."""
    from gnnrec_core.api.making import load
    from gnnrec_core.api.run import OpenRun
    from gnnrec_core.runs.run import Run

    if isinstance(arguments.run, Run):
        return OpenRun.over(arguments.run)
    return load(
        arguments.run, arguments.dataset, getattr(arguments, "scorer", None), getattr(arguments, "module", None)
    )


def told_run(arguments: argparse.Namespace) -> str:
    """What an answer calls the run: the folder as the person wrote it, or the name of a run that is open already."""
    return str(arguments.run) if isinstance(arguments.run, Path) else str(arguments.run.name)
