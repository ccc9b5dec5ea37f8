"""`card RUN --out FILE.html`: the system card, each figure with its command, open questions for the author."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from gnnrec_core.base.errors import RequestError
from gnnrec_core.render.blocks import Facts, Section, Table


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("run", type=Path, metavar="RUN", help="a run folder made by `train`")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.html", help="FILE.json is written beside it")
    parser.add_argument("--k", type=int, default=10, help="list length (default 10)")
    parser.add_argument("--group-by", metavar="COLUMN", help="groups, as in `audit` (default: the first attribute)")
    parser.add_argument(
        "--answer", action="append", default=[], metavar="NAME=TEXT", help="an author's answer; kept for later versions"
    )
    parser.add_argument(
        "--tried", action="append", default=[], type=Path, metavar="RUN", help="a run that a mitigation of it made"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace files that exist, keeping the answers")
    parser.add_argument("--dataset", type=Path, help="where the dataset is, if it is no longer where it was")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """The card, written."""
    from gnnrec_core.api.making import load
    from gnnrec_core.api.whole import card

    a = arguments
    answers = dict(_answer(text) for text in a.answer)
    content = card(load(a.run, a.dataset), a.out, a.k, a.group_by, answers, a.overwrite, a.tried).content
    return {**content, "files": [str(a.out), str(a.out.with_suffix(".json"))]}


def view(content: dict[str, Any]) -> tuple[Section, ...]:
    """Where it lies, which articles it answers, and what is open."""
    files = Facts(tuple(("wrote", file) for file in content["files"]))
    articles = tuple((check["article"], check["status"], check["text"]) for check in content["checklist"])
    asked = tuple((each["name"], each["question"]) for each in content["open_questions"])
    sections = [Section("System card", (files, Table(("article", "status", "asks"), articles)))]
    if asked:
        sections.append(Section("Open questions (--answer NAME=TEXT)", (Facts(asked),)))
    return tuple(sections)


def _answer(text: str) -> tuple[str, str]:
    name, equals, words = text.partition("=")
    if not equals:
        raise RequestError(f"The answer {text!r} names no question.", "Write --answer NAME=TEXT.", value=text)
    return name.strip(), words.strip()
