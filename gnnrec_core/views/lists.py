"""Lists and their accuracy: as the JSON of the contract, as rows, and as blocks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gnnrec_core.data.dataset import Dataset
from gnnrec_core.ranking.recommendations import NONE_LEFT, Recommendations
from gnnrec_core.render.blocks import Section, Table, Text
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


def evaluation_json(found: Evaluation) -> dict[str, Any]:
    """The figures of the contract, without the name of the run."""
    return {
        "k": found.k,
        "split": found.split,
        "n_users": found.n_users,
        "n_users_without_items": found.n_without,
        "metrics": {
            **{name: figure.to_dict() for name, figure in found.accuracy.items()},
            **{name: {"value": value, "low": None, "high": None} for name, value in found.all_lists.items()},
        },
    }


def evaluation_sections(found: Evaluation) -> tuple[Section, ...]:
    """Each figure with its interval, and over whom it is."""
    rows = tuple((name, f["value"], f["low"], f["high"]) for name, f in evaluation_json(found)["metrics"].items())
    over = f"Means over {found.n_users:,} people with {found.split} items; 95 % intervals over people."
    return (Section(f"Lists of {found.k}", (Table(("figure", "value", "low", "high"), rows, over),)),)
