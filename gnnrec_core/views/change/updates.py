"""An update for people: what was learned, what it changed in lists and reasons, and what replay preserves."""

from __future__ import annotations

from typing import Any

from gnnrec_core.change.updating import Update
from gnnrec_core.data.dataset import Dataset
from gnnrec_core.explain.nodes import describe_node
from gnnrec_core.render.blocks import Block, Section, Table, Text, Verdict
from gnnrec_core.views.privacy import NameUser

TITLES = {
    "overlap_touched": "overlap of lists of people with new interactions",
    "overlap_others": "overlap of the lists of all others",
    "reasons": "first reason of the first item stays",
    "remembered_before": "old interactions score above this share of other items, before",
    "remembered_after": "and after",
    "remembered_without": "and after the same update without replay",
    "accuracy_before": "NDCG on newer held-out interactions, old parameters on the new graph",
    "accuracy_after": "and updated",
}
FORGOT = 0.01
"""A loss of memory from which a sentence speaks of forgetting."""


def update_json(found: Update, old: Dataset, new: Dataset, name_user: NameUser) -> dict[str, Any]:
    """The figures, the verdict, and whose lists moved most, under their names."""
    return {**found.to_dict(), "verdict": memory_sentence(found), "moved_most": moved_rows(found, old, new, name_user)}


def update_rows(found: Update) -> tuple[dict[str, Any], ...]:
    """One row a figure."""
    figures = ((title, getattr(found, name)) for name, title in TITLES.items())
    return tuple(
        {"figure": title, "value": figure.value, "low": figure.low, "high": figure.high}
        for title, figure in figures
        if figure is not None
    )


def moved_rows(found: Update, old: Dataset, new: Dataset, name_user: NameUser) -> list[dict[str, Any]]:
    """Whose lists moved most: the first item before and after, and what carried it most."""

    def reason(dataset: Dataset, node: int) -> str | None:
        told = describe_node(dataset, node) if node >= 0 else None
        return None if told is None else name_user(told.id) if told.type == "user" else told.title

    return [
        {
            "user": name_user(old.users.ids[each.user_index]),
            "overlap": each.overlap,
            "first_before": old.title(each.first_before) if each.first_before >= 0 else None,
            "reason_before": reason(old, each.reason_before),
            "first_after": new.title(each.first_after) if each.first_after >= 0 else None,
            "reason_after": reason(new, each.reason_after),
        }
        for each in found.moved_most
    ]


def update_sections(found: Update, name: str, moved: list[dict[str, Any]] | None = None) -> tuple[Section, ...]:
    """What was learned, and what became of lists, reasons and memory; `moved` are the rows of `moved_rows`."""
    said = f"{name} was {found.method} with {found.n_new:,} new interactions, {found.n_new_people:,} new people and "
    said += f"{found.n_new_items:,} new items; {found.n_replayed:,} old interactions were learned again."
    rows = tuple(tuple(row.values()) for row in update_rows(found))
    caption = f"Lists of {found.k} of the people and items that were known before; 95 % intervals over people."
    changed: list[Block] = [Table(("figure", "value", "low", "high"), rows, caption)]
    if moved:
        columns = ("person", "overlap", "first item before", "carried by", "first item after", "carried by then")
        told = "Whose lists moved most; carried by: the strongest reason for the item in either run."
        changed.append(Table(columns, tuple(tuple(row.values()) for row in moved), told))
    good = _lost(found) <= FORGOT
    return (
        Section("The update", (Text((said,)), Verdict(memory_sentence(found), "good" if good else "warning"))),
        Section("What it changed", tuple(changed)),
    )


def memory_sentence(found: Update) -> str:
    """Whether old choices are still known, and what replay has to do with it."""
    lost = _lost(found)
    said = "What it knew of old choices is kept" if lost <= FORGOT else f"It forgot: old choices score {lost:.3f} lower"
    if found.remembered_without is None:
        return f"{said}."
    kept = found.remembered_after.value - found.remembered_without.value
    return f"{said}; without replay they would score {abs(kept):.3f} {'lower' if kept >= 0 else 'higher'} still."


def _lost(found: Update) -> float:
    return found.remembered_before.value - found.remembered_after.value
