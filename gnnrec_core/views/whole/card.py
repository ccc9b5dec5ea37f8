"""The system card: its JSON, its blocks, and its files, which keep what an author has answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

from pydantic import ConfigDict, Field
from typing_extensions import TypedDict

from gnnrec_core.base.checked import STRICT, Form
from gnnrec_core.base.errors import DataError, RequestError
from gnnrec_core.base.files import json_bytes, refuse_existing, write_together
from gnnrec_core.base.plain import plain
from gnnrec_core.render.blocks import Block, Facts, Section, Table, Text, Verdict
from gnnrec_core.render.html import page
from gnnrec_core.runs.run import Run
from gnnrec_core.whole.card import QUESTIONS, Card, make_card
from gnnrec_core.whole.card import Part as CardPart

Words = Annotated[str, Field(max_length=20_000)]


class Answers(TypedDict):
    """What `FILE.answers.json` holds: the author's words by question."""

    __pydantic_config__ = ConfigDict(**STRICT)  # type: ignore[misc]
    answers: dict[Words, Words]


FORM = Form(Answers, DataError, "Mend it, or delete it and answer again.", version=1, most_bytes=2**20)
OPEN = "Open: for the author to answer."


def card_json(card: Card) -> dict[str, Any]:
    """Everything that the card says."""
    found: dict[str, Any] = plain(
        {
            "run": card.run,
            "k": card.k,
            "answers": {key: card.answers.get(key) for key in QUESTIONS},
            "open_questions": [{"name": key, "question": QUESTIONS[key]} for key in card.open_questions],
            "sections": [asdict(part) for part in card.parts],
            "checklist": [asdict(check) for check in card.checklist],
        }
    )
    return found


def card_sections(card: Card) -> tuple[Section, ...]:
    """The card as blocks: the author's words first, then what was measured, then which articles it answers."""
    said = Facts(tuple((question, card.answers.get(key) or OPEN) for key, question in QUESTIONS.items()))
    n = len(card.open_questions)
    note = Verdict(f"{n} of {len(QUESTIONS)} questions are open.", "warning" if n else "good")
    rows = tuple((check.article, check.text, check.status, ", ".join(check.by)) for check in card.checklist)
    caption = "Of the Digital Services Act (EU 2022/2065). Answered: by this card, which is no legal advice."
    articles = Table(("article", "asks", "status", "see"), rows, caption)
    return (
        Section("Purpose and responsibility", (note, said)),
        *(Section(part.title, _blocks(part)) for part in card.parts),
        Section("Which articles it answers", (articles,)),
    )


def card_page(card: Card) -> str:
    """The page as text."""
    return page(f"System card of {card.run}", card_sections(card), f"Lists of {card.k}; every figure names its command")


def write_card(
    run: Run,
    out: Path,
    k: int = 10,
    group_by: str | None = None,
    answers: Mapping[str, str] | None = None,
    overwrite: bool = False,
    tried: Sequence[Run] = (),
) -> Card:
    """Write FILE.html, FILE.json and FILE.answers.json together. Answers that lie beside `out` are kept; `answers` come
    on top, and an empty one takes an answer back.

    RequestError where `out` does not end in .html, its folder is not there, or a file exists and `overwrite` is false.
    """
    if out.suffix.lower() not in (".html", ".htm"):
        raise RequestError(f"The card {out} does not end in .html.", "Name it FILE.html.", value=str(out))
    if not out.parent.is_dir():
        raise RequestError(f"There is no folder {out.parent}.", "Make it first.", file=str(out.parent))
    for file in (out, out.with_suffix(".json")):
        refuse_existing(file, overwrite)
    kept = {key: words for key, words in {**kept_answers(out), **(answers or {})}.items() if words}
    card = make_card(run, k, group_by, kept, tried)
    write_together(
        {
            answers_file(out): json_bytes({"format_version": 1, "answers": card.answers}),
            out.with_suffix(".json"): json_bytes(card_json(card)),
            out: card_page(card).encode(),
        }
    )
    return card


def answers_file(out: Path) -> Path:
    """Where the answers of the card `out` lie."""
    return out.with_suffix(".answers.json")


def kept_answers(out: Path) -> dict[str, str]:
    """The answers of an earlier version of the card; none where there is none. DataError where they are damaged."""
    file = answers_file(out)
    return dict(FORM.read(file)["answers"]) if file.is_file() else {}


def _blocks(part: CardPart) -> tuple[Block, ...]:
    blocks: list[Block] = [Text(part.notes)] if part.notes else []
    if part.entries:
        rows = tuple((e.name, e.value, e.low, e.high, e.command) for e in part.entries)
        blocks.append(Table(("figure", "value", "low", "high", "command"), rows))
    return tuple(blocks)
