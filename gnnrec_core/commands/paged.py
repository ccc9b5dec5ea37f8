"""Commands that also write their answer as one page: `--report FILE.html`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gnnrec_core.base.files import refuse_existing

if TYPE_CHECKING:
    from gnnrec_core.api.answers import Answer


def add_report(parser: argparse.ArgumentParser) -> None:
    """Declare `--report` and `--overwrite`."""
    parser.add_argument("--report", type=Path, metavar="FILE.html", help="write one page that opens offline")
    parser.add_argument("--overwrite", action="store_true", help="replace an older report")


def answered(arguments: argparse.Namespace, ask: Callable[[], Answer]) -> Answer:
    """The answer, written where that was asked for; RequestError before the work where the file exists."""
    if arguments.report:
        refuse_existing(arguments.report, arguments.overwrite)
    answer = ask()
    if arguments.report:
        answer.save(arguments.report, arguments.overwrite)
    return replace(answer, content={**answer.content, "report": arguments.report and str(arguments.report)})
