"""Lists and their accuracy: as the JSON of the contract, as rows, and as blocks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gnnrec_core.audit.gate import THRESHOLD
from gnnrec_core.data.about.known import Published, sentences
from gnnrec_core.data.dataset import Dataset
from gnnrec_core.ranking.recommendations import NONE_LEFT, Recommendations
from gnnrec_core.render.blocks import Block, Section, Table, Text, Verdict
from gnnrec_core.runs.recommend import Evaluation


def list_rows(lists: Recommendations, dataset: Dataset) -> tuple[dict[str, Any], ...]:
    """One row an entry of a list: user, item, title, score, 1-based rank; places that nothing was left for are none."""
    return tuple(row for rows in _rows(lists, dataset) for row in rows)


def _rows(lists: Recommendations, dataset: Dataset) -> Iterator[list[dict[str, Any]]]:
    """The entries of one list after the other."""
    for user, items, scores in zip(lists.user_index.tolist(), lists.item_index.tolist(), lists.score.tolist()):
        yield [
            {
                "user": dataset.users.ids[user],
                "item": dataset.items.ids[item],
                "title": dataset.title(item),
                "score": score,
                "rank": rank,
            }
            for rank, (item, score) in enumerate(zip(items, scores), start=1)
            if item != NONE_LEFT
        ]


def list_json(lists: Recommendations, dataset: Dataset) -> dict[str, Any]:
    """`{"user", "items": [...]}` for one user, `{"lists": [...]}` of those for several."""
    made = [
        {
            "user": dataset.users.ids[user],
            "items": [{name: row[name] for name in ("item", "title", "score", "rank")} for row in rows],
        }
        for user, rows in zip(lists.user_index.tolist(), _rows(lists, dataset), strict=True)
    ]
    return made[0] if len(made) == 1 else {"lists": made}


def list_sections(lists: Recommendations, dataset: Dataset) -> tuple[Section, ...]:
    """A table a user."""
    return tuple(
        Section(
            f"For {entry['user']}",
            (
                Table(
                    ("rank", "score", "item", "id"),
                    tuple((r["rank"], r["score"], r["title"], r["item"]) for r in entry["items"]),
                ),
            )
            if entry["items"]
            else (Text(("Every item is among what this person has already.",)),),
        )
        for content in [list_json(lists, dataset)]
        for entry in content.get("lists", [content])
    )


def evaluation_json(found: Evaluation, known: Published | None = None) -> dict[str, Any]:
    """The figures of the contract, without the name of the run; `published` where the dataset is a `known` one."""
    told = found.disliked is not None and found.n_disliking >= THRESHOLD
    disliked = {"disliked_share": found.disliked.to_dict()} if told and found.disliked else {}
    return {
        "k": found.k,
        "split": found.split,
        "n_users": found.n_users,
        "n_users_without_items": found.n_without,
        "sampled_from": found.sampled_from,
        "metrics": {
            **{name: figure.to_dict() for name, figure in (found.accuracy | found.all_lists).items()},
            **disliked,
        },
        "published": None if known is None else known.to_dict(),
    }


def evaluation_sections(found: Evaluation, known: Published | None = None) -> tuple[Section, ...]:
    """Each figure with its interval, and over whom it is; then what was published on the same data."""
    rows = tuple((name, f["value"], f["low"], f["high"]) for name, f in evaluation_json(found)["metrics"].items())
    over = f"Means over {found.n_users:,} people with {found.split} items (coverage, arp: all lists); 95 % intervals."
    if found.sampled_from is not None:
        over = (
            f"Means over a sample of {found.n_users:,} of the {found.sampled_from:,} people with {found.split} items; "
            "the 95 % intervals say how far all of them may be from that. Coverage and arp need all lists."
        )
    table = Table(("figure", "value", "low", "high"), rows, over)
    return (Section(f"Lists of {found.k}", (table,)), *published_sections(known))


def published_sections(known: Published | None) -> tuple[Section, ...]:
    """Published figures beside those of the runs, and why others are not; nothing for data that nobody knows."""
    if known is None:
        return ()
    blocks: list[Block] = [Verdict(why) for why in known.refused]
    if known.rows:
        several = len({row["run"] for row in known.rows}) > 1
        said = sentences(known.rows)
        rows = tuple((row["run"], text, row["source"]) for row, text in zip(known.rows, said, strict=True))
        names: tuple[str, ...] = ("run", "published and yours", "source")
        blocks.insert(0, Table(names, rows) if several else Table(names[1:], tuple(row[1:] for row in rows)))
    by = "by its interactions" if known.by == "content" else "by its sizes alone"
    return (Section(f"Published on {known.dataset}, recognised {by}", tuple(blocks)),)
