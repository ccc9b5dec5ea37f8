"""What reviewers say of explanations: agree, disagree, or a comment; kept as lines that are only ever appended.

One file in the workspace holds all of them, `reviews.jsonl`, so that the shipped sample stays as it is and a deleted
run leaves its reviews behind. Each line is one JSON object written in one go.
"""

from __future__ import annotations

import csv
import io
import json
import os
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, get_args

from gnnrec_core.errors import RequestError
from gnnrec_core.text import for_csv

FILE = "reviews.jsonl"
MAX_COMMENT = 4_000
MAX_NAME = 120
Opinion = Literal["agree", "disagree", "comment"]


@dataclass(frozen=True)
class Review:
    """One opinion on one explanation. `created` is UTC, ISO 8601; `run` the id of the run in the workspace."""

    created: str
    reviewer: str
    opinion: Opinion
    comment: str
    run: str
    dataset_fingerprint: str
    user: str
    item: str
    method: str
    score: float
    rank: int


@dataclass(frozen=True)
class Reviews:
    """All reviews in the order in which they were given; `n_unreadable` lines were cut off or damaged."""

    entries: tuple[Review, ...]
    n_unreadable: int = 0


def make_review(
    reviewer: str, opinion: str, comment: str, run: str, fingerprint: str, user: str, item: str, method: str,
    score: float, rank: int, now: datetime | None = None,
) -> Review:  # fmt: skip
    """A checked review; RequestError where the opinion is unknown, or a comment is missing or too long."""
    if opinion not in get_args(Opinion):
        raise RequestError(f"{opinion!r} is no opinion.", "Choose agree, disagree or comment.", value=opinion)
    comment, reviewer = comment.strip(), reviewer.strip()
    if opinion == "comment" and not comment:
        raise RequestError("A comment without text says nothing.", "Write the comment, or choose agree or disagree.")
    if len(comment) > MAX_COMMENT or len(reviewer) > MAX_NAME:
        raise RequestError(
            f"The comment has {len(comment):,} characters and the name {len(reviewer)}.",
            f"Keep to {MAX_COMMENT:,} and {MAX_NAME}.",
        )
    created = (now or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds")
    return Review(
        created, reviewer, opinion, comment, run, fingerprint, user, item, method, float(score), int(rank)  # type: ignore[arg-type]
    )  # fmt: skip


def add_review(home: Path, review: Review) -> None:
    """Append the review to the workspace `home`; it is on disk when this returns."""
    home.mkdir(parents=True, exist_ok=True)
    line = json.dumps(asdict(review), ensure_ascii=True, allow_nan=False) + "\n"
    handle = os.open(home / FILE, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        size = os.fstat(handle).st_size
        if size and os.pread(handle, 1, size - 1) != b"\n":  # a line that a crash cut off stays alone
            line = "\n" + line
        os.write(handle, line.encode())
        os.fsync(handle)
    finally:
        os.close(handle)


def read_reviews(home: Path, run: str | None = None) -> Reviews:
    """All reviews of the workspace, or those of one run."""
    path = home / FILE
    if not path.exists():
        return Reviews(())
    entries, n_unreadable = [], 0
    for line in path.read_bytes().splitlines():
        if not line.strip():
            continue
        try:
            entries.append(Review(**json.loads(line)))
        except (ValueError, TypeError):
            n_unreadable += 1
    return Reviews(tuple(entry for entry in entries if run in (None, entry.run)), n_unreadable)


def reviews_csv(reviews: Reviews) -> str:
    """The reviews as CSV with a header; no cell can run as a formula."""
    file = io.StringIO()
    writer = csv.writer(file)
    names = [field.name for field in fields(Review)]
    writer.writerow(names)
    for entry in reviews.entries:
        writer.writerow([for_csv(getattr(entry, name)) for name in names])
    return file.getvalue()
