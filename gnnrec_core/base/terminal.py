"""The one way to print: text from data cannot move the cursor, clear the screen, or turn the reading direction."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from gnnrec_core.base.text import for_json, for_terminal


def speaks() -> bool:
    """Whether this process is the one that answers: of those that `torchrun` started together, the first."""
    return os.environ.get("RANK", "0") == "0"


def say(line: Any = "", end: str = "\n", error: bool = False, again: bool = False) -> None:
    """Print `line` through `for_terminal`, on standard error where it is an `error` or tells of progress.

    `again` writes over the line that was said last; `end` is ours, never text from data.
    """
    start = "\r\x1b[2K" if again else ""
    print(f"{start}{for_terminal(line)}", end=end, file=sys.stderr if error else sys.stdout, flush=error)


def say_lines(text: str) -> None:
    """Print a text of ours that has several lines, each through `say`."""
    for line in text.splitlines():
        say(line)


def say_json(value: Any) -> None:
    """Print `value` as one line of JSON; hidden characters stand in it as escapes, so that nothing is lost."""
    print(for_json(json.dumps(value, ensure_ascii=False, allow_nan=False)))
