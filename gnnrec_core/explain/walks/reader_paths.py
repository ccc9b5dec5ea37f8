"""Message paths of a graph filter: from the person to an item of theirs, to somebody who has it too, on to the target.

They open the ledger up: all paths that begin with one interaction, with what passes no single person, are its part.
"""

from __future__ import annotations

import numpy as np

from gnnrec_core.data.dataset import Dataset
from gnnrec_core.explain.explanation import Case, Group, MessagePath
from gnnrec_core.explain.nodes import describe_node
from gnnrec_core.graph import INTERACTION, RecGraph
from gnnrec_core.models.history_protocol import ReaderPathsRecommender

SHAPE = "user-item-user-item"
ONWARD = "shared items of more people"
"""The last step where the reader does not have the target: walks that go on through others."""


def reader_paths(
    model: ReaderPathsRecommender, graph: RecGraph, dataset: Dataset, case: Case, n: int, simple: bool, literal: bool
) -> tuple[tuple[MessagePath, ...], tuple[Group, ...], tuple[str, ...]]:
    """The `n` strongest paths, what all of them and what else carries, and a sentence on those that are not shown.

    `simple` leaves out paths back through the person or the target, `literal` those whose reader does not have the
    target. The groups sum to the explained number.
    """
    found = model.reader_paths(case.user_index, case.signed_items)
    readers_of = graph.targets(graph.edges_of(int(graph.item_node(case.item_index))))
    has_it = np.isin(found.readers, readers_of)
    kept = np.flatnonzero(found.values)
    if simple:
        kept = kept[(found.readers[kept] != case.user_index) & (found.items[kept] != case.item_index)]
    if literal:
        kept = kept[has_it[kept]]
    best = kept[np.argsort(-np.abs(found.values[kept]), kind="stable")[:n]]
    whole = case.explained

    def share(value: float) -> float:
        return value / whole if whole else 0.0

    paths = tuple(
        MessagePath(
            tuple(
                describe_node(dataset, int(node))
                for node in (
                    case.user_index,
                    graph.item_node(found.items[place]),
                    found.readers[place],
                    graph.item_node(case.item_index),
                )
            ),
            float(found.values[place]),
            share(float(found.values[place])),
            (INTERACTION, INTERACTION, INTERACTION if has_it[place] else ONWARD),
            SHAPE,
        )
        for place in best
    )
    totals = {SHAPE: float(found.values.sum()), **found.beside}
    groups = (Group(name, value, share(value)) for name, value in totals.items() if value)
    said = f"{len(kept):,} paths through people who share an item carry {100 * share(found.values[kept].sum()):.1f} %."
    return paths, tuple(sorted(groups, key=lambda group: -abs(group.value))), (said,)
