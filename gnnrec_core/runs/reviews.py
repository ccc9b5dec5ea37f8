"""What reviewers say of explanations: agree, disagree or a comment, one line each in a file beside the runs.

`reviews/RUN.jsonl` in the workspace; lines are only ever added. Nothing here changes a run.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal, get_args

from filelock import FileLock
from pydantic import Field

from gnnrec_core.base.checked import STRICT, Form
from gnnrec_core.base.errors import DataError, RequestError
from gnnrec_core.base.files import append_line
from gnnrec_core.base.text import csv_text
from gnnrec_core.runs.workspace import Workspace

Verdict = Literal["agree", "disagree", "comment"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
COMMENT_LENGTH = 2_000
REVIEWER_LENGTH = 80


@dataclass(frozen=True)
class Review:
    """One reviewer's word on one case. `time` is UTC, ISO 8601; `target` is "score" or "margin"."""

    __pydantic_config__ = STRICT
    run: str
    user: str
    item: str
    target: str
    verdict: Verdict
    reviewer: Annotated[str, Field(max_length=REVIEWER_LENGTH)]
    comment: Annotated[str, Field(max_length=COMMENT_LENGTH)]
    time: str


FORM = Form(Review, DataError, "Restore the file from a copy, or remove that line.", most_bytes=64 * 2**20)


def add_review(
    space: Workspace, run: str, user: str, item: str, target: str, verdict: str, reviewer: str, comment: str
) -> Review:
    """Keep a review. RequestError on a read-only server, for an unknown verdict, a comment without words, or too long
    texts."""
    space.check_writable()
    if verdict not in VERDICTS:
        raise RequestError(f"A review cannot say {verdict!r}.", f"Choose one of {', '.join(VERDICTS)}.", value=verdict)
    reviewer, comment = " ".join(reviewer.split()), comment.strip()
    if verdict == "comment" and not comment:
        raise RequestError("The comment has no words.", "Write something, or choose agree or disagree.")
    if len(comment) > COMMENT_LENGTH or len(reviewer) > REVIEWER_LENGTH:
        raise RequestError(
            "The review is too long.", f"A name has up to {REVIEWER_LENGTH} letters, a comment {COMMENT_LENGTH:,}."
        )
    review = Review(
        run, user, item, target, verdict, reviewer, comment, datetime.now(UTC).isoformat(timespec="seconds")
    )
    path = _path(space, run)
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_suffix(".lock")):
        append_line(path, json.dumps(asdict(review), ensure_ascii=False))
    return review


def reviews(space: Workspace, run: str) -> tuple[Review, ...]:
    """All reviews of a run, oldest first. DataError where the file is damaged."""
    return FORM.lines(_path(space, run))  # a comment may hold other ends of lines


def as_csv(found: tuple[Review, ...], to_the_day: bool = False) -> str:
    """Reviews as CSV, with cells that no spreadsheet runs as a formula.

    `to_the_day` is for readers who know people by pseudonyms only: the time of day could tell who it was, so the column
    `time` becomes `day`.
    """
    rows = [asdict(review) for review in found]
    if to_the_day:
        rows = [{**row, "time": row["time"][:10]} for row in rows]
    names = ["day" if to_the_day and name == "time" else name for name in Review.__dataclass_fields__]
    return csv_text(names, (row.values() for row in rows))


def _path(space: Workspace, run: str) -> Path:
    """Only ids that the workspace knows become file names."""
    return space.home / "reviews" / f"{space.run(run).id}.jsonl"
