"""The command line: finds the command, prints its answer, turns errors into exit codes.

Exit 0: done. Exit 3: done, and a check that was asked for failed (`audit --fail-if`). Exit 2: the request or the input
is wrong (a sentence and a hint on standard error, and with `--json` an `error` object on standard output). Exit 1: our
bug, with a traceback.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from gnnrec_core.base.errors import LensError, RequestError
from gnnrec_core.base.outside import problems
from gnnrec_core.base.plain import plain
from gnnrec_core.base.registry import did_you_mean
from gnnrec_core.base.terminal import say, say_json, say_lines, speaks
from gnnrec_core.commands import COMMANDS


class _Parser(argparse.ArgumentParser):
    """argparse that raises RequestError, so that wrong usage answers like every other wrong request."""

    def error(self, message: str) -> NoReturn:
        raise RequestError(f"{message[:1].upper()}{message[1:]}.", f"See `{self.prog} --help`.")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    as_json = "--json" in words
    try:
        module, arguments = parse(words)
        result = _answered(module, arguments)
    except LensError as error:
        for line in (error.message, error.hint):
            if line:
                say(line, error=True)
        if as_json:
            say_json({"error": plain(error.to_dict())})
        return 2
    except KeyboardInterrupt:
        say("Stopped.", error=True)
        return 130
    for sentence in problems():
        say(sentence, error=True)
    content = content_of(result)
    if not speaks():
        pass
    elif as_json:
        say_json(plain(content))
    else:
        say_lines(_text(module, result))
    return int(module.exit_code(content)) if hasattr(module, "exit_code") else 0


def _answered(module: Any, arguments: argparse.Namespace) -> Any:
    """What the command has to say; one with `SHARES_PEOPLE` lets the processes that `torchrun` started share them."""
    if not getattr(module, "SHARES_PEOPLE", False) or os.environ.get("WORLD_SIZE", "1") == "1":
        return module.run(arguments)
    from gnnrec_core.models.ops.shards.people import sharing

    with sharing():
        return module.run(arguments)


def content_of(result: Any) -> dict[str, Any]:
    """The object that a command prints with `--json`, of what its `run` returned."""
    content: dict[str, Any] = result if isinstance(result, dict) else result.content
    return content


def _text(module: Any, result: Any) -> str:
    """What people read: an answer draws itself, other results as the command's `view` has them, or as plain facts."""
    if not isinstance(result, dict):
        return str(result)
    from gnnrec_core.render.terminal import text
    from gnnrec_core.views.facts import fact_sections

    return text(getattr(module, "view", fact_sections)(result))


def parse(words: Sequence[str]) -> tuple[Any, argparse.Namespace]:
    """The module of the command in `words` and its arguments; only that module is imported. RequestError where they are
    wrong."""
    name = next((n for n in COMMANDS.names if list(words[: len(n.split())]) == n.split()), None)
    if name is None:
        return _no_command(words)
    rest = list(words[len(name.split()) :])
    for before, word in zip(["", *rest], rest, strict=False):
        if not word or (word.startswith("--") and word.endswith("=") and word.count("=") == 1):
            said = before if not word and before.startswith("--") else word.rstrip("=") or "An argument"
            raise RequestError(f"{said} is empty.", "Give it a value, or leave it out.")
    arguments = parser_of(name).parse_args(rest)
    _keep_what_is_read(arguments)
    return COMMANDS.load(name), arguments


def _keep_what_is_read(arguments: argparse.Namespace) -> None:
    """RequestError where `--overwrite` would replace a file or folder that the command reads."""
    out = getattr(arguments, "out", None)
    if not isinstance(out, Path) or not getattr(arguments, "overwrite", False):
        return
    from gnnrec_core.base.files import first_within

    given = [value for name, value in vars(arguments).items() if name != "out"]
    words = [word for value in given for word in (value if isinstance(value, list | tuple) else [value])]
    path = first_within(out, [word for word in words if isinstance(word, Path)])
    if path is not None:
        raise RequestError(
            f"{out} would be replaced, and {path} is read from there.", "Choose another place for --out."
        )


def parser_of(name: str) -> argparse.ArgumentParser:
    """The arguments of the command `name`."""
    parser = _Parser(prog=f"gnnrec {name}", description=COMMANDS[name].summary, allow_abbrev=False)
    COMMANDS.load(name).configure(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object on standard output")
    parser.add_argument("--seed", type=int, default=0, help="decides every random draw (default 0)")
    return parser


def _no_command(words: Sequence[str]) -> NoReturn:
    if not words or words[0] in ("-h", "--help"):
        say("usage: gnnrec COMMAND ... [--json] [--seed N]", end="\n\n")
        for plugin in COMMANDS:
            say(f"  {plugin.name:15} {plugin.summary}")
        for sentence in problems():
            say(sentence, error=True)
        raise SystemExit(0)
    typed = " ".join(word for word in words[:2] if not word.startswith("-"))
    raise RequestError(f"There is no command {typed!r}.", did_you_mean(typed, COMMANDS.names, n=1), value=typed)
