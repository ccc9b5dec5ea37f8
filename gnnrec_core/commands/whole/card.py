"""`card RUN --out FILE.html`: the system card, each figure with its command, open questions for the author."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from gnnrec_core.base.errors import RequestError
from gnnrec_core.base.terminal import say
from gnnrec_core.commands.answered import Answered


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("run", type=Path, metavar="RUN", help="a run folder made by `train`")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.html", help="FILE.json is written beside it")
    parser.add_argument("--k", type=int, default=10, help="list length (default 10)")
    parser.add_argument("--group-by", metavar="COLUMN", help="groups, as in `audit` (default: the first attribute)")
    parser.add_argument(
        "--answer", action="append", default=[], metavar="NAME=TEXT", help="an author's answer; kept for later versions"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace files that exist, keeping the answers")
    parser.add_argument("--dataset", type=Path, help="where the dataset is, if it is no longer where it was")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """The card, written."""
    from gnnrec_core.api.making import load
    from gnnrec_core.api.whole import card

    a = arguments
    answers = dict(_answer(text) for text in a.answer)
    written = Answered(card(load(a.run, a.dataset), a.out, a.k, a.group_by, answers, a.overwrite))
    written["files"] = [str(a.out), str(a.out.with_suffix(".json"))]
    return written


def show(result: dict[str, Any]) -> None:
    """Where it lies, and what is open."""
    for file in result["files"]:
        say(f"wrote {file}")
    for check in result["checklist"]:
        say(f"  Article {check['article']:8} {check['status']:9} {check['text']}")
    for each in result["open_questions"]:
        say(f"  open: {each['question']} (--answer {each['name']}=...)")


def _answer(text: str) -> tuple[str, str]:
    name, equals, words = text.partition("=")
    if not equals:
        raise RequestError(f"The answer {text!r} names no question.", "Write --answer NAME=TEXT.", value=text)
    return name.strip(), words.strip()
