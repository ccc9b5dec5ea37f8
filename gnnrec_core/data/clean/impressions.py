"""Lists in the item column: impressions (`N3-1 N7-0`: what was shown, and what of it was chosen), or a refusal.

What was chosen becomes interactions; everything that was shown becomes the relation `shown`, user to item, weight the
number of times. It is no part of the graph that models learn from: it says what people could choose from.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from gnnrec_core.base.errors import DataError
from gnnrec_core.data.dataset import Problem, Relation, Vocabulary
from gnnrec_core.data.formats.source import Part, SourceLog, Table

SHOWN = "shown"
_MARKED = r"^\S+-[01](\s+\S+-[01])*$"
_IDS = r"^[\w.:-]*\d[\w.:-]*([\s,;|]+[\w.:-]*\d[\w.:-]*)+$"
_WRITTEN = r"^\[.*\]$"
_SAMPLE, _MOST = 500, 0.9


def unfold_impressions(source: SourceLog) -> SourceLog:
    """The source with one row a chosen item where its item column holds impressions. DataError where it holds other
    lists: an id is one item."""
    parts, shown, problems = [], [], list(source.problems)
    for part in source.parts:
        cells = part.table.frame[part.roles.item]
        some = cells.head(_SAMPLE).cast(pl.String).drop_nulls().str.strip_chars()
        some = some.filter(some != "")
        if not len(some) or cells.dtype.is_numeric() or cells.dtype.is_temporal():
            parts.append(part)
        elif _share(some, _MARKED) > _MOST and some.str.contains(r"\s").any():
            unfolded, every, note = _unfolded(part)
            parts.append(unfolded)
            shown.append(every)
            problems.append(note)
        elif _share(some, _WRITTEN) > _MOST or _share(some, _IDS) > _MOST:
            raise _lists(part, some)
        else:
            parts.append(part)
    if not shown:
        return source
    return replace(source, parts=tuple(parts), problems=tuple(problems), shown=pl.concat(shown))


def _share(cells: pl.Series, pattern: str) -> float:
    return float(cells.str.contains(pattern).mean() or 0.0)  # type: ignore[arg-type]


def _lists(part: Part, some: pl.Series) -> DataError:
    return DataError(
        f"{part.table.file}, column {part.roles.item!r} holds lists of items (such as {some[0][:60]!r}), not one item.",
        "Write one row for each pair of user and item, or name another column with --item-col.",
        file=part.table.file,
        line=part.table.line(0),
        column=part.roles.item,
        value=some[0][:80],
    )


def _unfolded(part: Part) -> tuple[Part, pl.DataFrame, Problem]:
    """One row a chosen item, all that was shown (`user`, `item`), and the account."""
    table, item = part.table, part.roles.item
    lines = pl.Series("\0line", [table.line(row) for row in range(table.frame.height)], dtype=pl.Int64)
    frame = table.frame.with_columns(pl.col(item).cast(pl.String).str.strip_chars(), lines)
    frame = frame.with_columns(pl.col(item).str.extract_all(r"\S+")).explode(item, empty_as_null=True)
    marked = frame[item].str.contains(r"-[01]$").fill_null(False)
    bad = frame.filter(~marked)
    if bad.height:
        value, line = bad[item][0] or "", int(bad["\0line"][0])
        raise DataError(
            f"{table.file} line {line:,}, column {item!r}: {value!r} is not marked as chosen (-1) or not (-0), as the "
            "others are.",
            "Repair the line.",
            file=table.file,
            line=line,
            column=item,
            value=value[:80],
        )
    chosen = frame[item].str.ends_with("-1")
    frame = frame.with_columns(pl.col(item).str.replace(r"-[01]$", ""))
    every = frame.select(user=pl.col(part.roles.user).cast(pl.String), item=pl.col(item))
    kept = frame.filter(chosen)
    n_left = frame.height - kept.height
    text = (
        f"{n_left:,} of {frame.height:,} items that were shown were not chosen: they are no interactions. All that was "
        f"shown is kept as relation {SHOWN!r}, beside the graph."
    )
    note = Problem("impressions", "info", n_left, "read", text, table.file, table.line(0), item, rows_removed=n_left)
    rows = Table(
        table.file, kept.drop("\0line"), frame.height + table.n_in - table.frame.height, lines=kept["\0line"].to_numpy()
    )
    return replace(part, table=replace(rows, problems=table.problems)), every, note


def shown_relation(
    shown: pl.DataFrame | None, users: Vocabulary, items: Vocabulary
) -> tuple[tuple[Relation, ...], tuple[Problem, ...]]:
    """What was shown as a relation between user and item nodes; pairs with nobody or nothing in the log are counted."""
    if shown is None:
        return (), ()
    relation, n_gone = pair_relation(shown, SHOWN, users, items)
    text = f"{n_gone:,} shown pairs lead to people or items that have no interaction, and were left out of {SHOWN!r}."
    gone = (Problem("shown_without_interaction", "info", n_gone, "left out", text),) if n_gone else ()
    return (relation,), gone


def pair_relation(pairs: pl.DataFrame, name: str, users: Vocabulary, items: Vocabulary) -> tuple[Relation, int]:
    """Pairs of ids `user`, `item` as a relation (weight: how often), sorted by user and item, and how many different
    ones lead to nobody or nothing."""
    clean = [pl.col(name).fill_null("").str.strip_chars().str.normalize("NFC") for name in ("user", "item")]
    pairs = pairs.select(clean).group_by("user", "item").len("weight")
    known = pairs.join(_places(users, "user"), on="user").join(_places(items, "item"), on="item")
    known = known.sort("user_place", "item_place")
    target = known["item_place"].to_numpy() + len(users)
    weight = known["weight"].to_numpy().astype(np.float32)
    relation = Relation(name, "user-item", known["user_place"].to_numpy(), target, weight)
    return relation, pairs.height - known.height


def _places(ids: Vocabulary, kind: str) -> pl.DataFrame:
    return pl.DataFrame({kind: list(ids.ids), f"{kind}_place": pl.Series(range(len(ids)), dtype=pl.Int64)})
