"""Which items the lists never show, show too often and too seldom: sentences and tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from gnnrec_core.audit.studies.cockpit import KINDS, WORDS, Cockpit
from gnnrec_core.audit.verdicts import figure
from gnnrec_core.render.blocks import Block, Section, Table, Text

MOST = 10
COLUMNS = ("Item", "Kind", "People who have it", "Lists", "Lists in proportion", "Times its share", "From", "To")


def cockpit_sentence(found: Cockpit) -> str:
    """How many items of each kind, and with a fix how many there would be."""
    n = found.items.height
    after = "kind_after" in found.items.columns
    parts = [
        f"{found.count(kind):,}{f' ({found.count(kind, after=True):,} with the fix)' if after else ''} {WORDS[kind]}"
        for kind in KINDS
        if found.count(kind) or found.count(kind, after=True)
    ]
    return f"Of {n:,} items: {'; '.join(parts)}."


def ordered(found: Cockpit, kind: str | None) -> pl.DataFrame:
    """Items of one kind, or all: the farthest from their share first; never shown ones by their readers."""
    items = found.items if kind is None else found.items.filter(pl.col("kind") == kind)
    far = pl.when(pl.col("factor") > 0).then(pl.col("factor").log().abs()).otherwise(pl.lit(None))
    return items.sort([far.fill_nan(None), pl.col("readers")], descending=True, nulls_last=True)


def cockpit_sections(found: Cockpit, titles: Sequence[str]) -> tuple[Section, ...]:
    """The first of each kind with titles and the 95 % interval of how many times its share it gets."""
    rows: list[tuple[Any, ...]] = []
    for kind in ("never shown", "over", "under"):
        for row in ordered(found, kind).head(MOST).iter_rows(named=True):
            places = (row["readers"], row["lists"], row["expected"], row["factor"], row["low"], row["high"])
            rows.append((titles[row["item_index"]], kind, *places))
    caption = (
        f"The first {MOST} of each kind. In proportion: an item's share of all histories times all {found.n_places:,} "
        f"places of the lists; {figure(1.0)} is best. Intervals are 95 %; of the items called over and under, at most "
        "5 % are expected to be so by chance."
    )
    blocks: tuple[Block, ...] = (Text((cockpit_sentence(found),)), Table(COLUMNS, tuple(rows), caption))
    return (Section("Never shown, over- and under-amplified", blocks),)
