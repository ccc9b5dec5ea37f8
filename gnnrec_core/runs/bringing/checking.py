"""Whether a brought run says what its source said: a wrong number of layers gives plausible nonsense otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from gnnrec_core.runs.bringing.list_tables import table_of
from gnnrec_core.runs.bringing.lists import listed
from gnnrec_core.runs.recommend import recommend
from gnnrec_core.runs.run import Run

BLOCK = 1024


def check_against(run: Run, path: Path) -> dict[str, float | int | None]:
    """The run against a table of the source's lists or scores (`user`, `item`, and `rank`, `score`, or both).

    `max_difference`: largest |our score - its score| over all its pairs, in units of the score; None without scores.
    `equal_lists`: share 0..1 of its users whose items stand in the same order here; where it gives ranks, the list that
    we recommend must moreover hold the same items. `n_users`, `n_pairs` were compared; unknown ids are left out and
    counted in `n_dropped`.
    """
    table = table_of(path)
    by_rank = "rank" in table.columns
    found, n_dropped = listed(table.lazy(), run.dataset, "drop")
    given = table["score"].cast(float, strict=False).to_numpy() if "score" in table.columns else None
    users, items, rows = (found[name].to_numpy() for name in ("user_index", "item_index", "row"))
    people, starts = np.unique(users, return_index=True)
    largest, equal = 0.0, 0
    for person, own in zip(people.tolist(), np.split(np.arange(len(users)), starts[1:]), strict=True):
        scores = run.model.score(np.array([person]))[0][items[own]]
        if given is not None:
            largest = max(largest, float(np.abs(scores - given[rows[own]]).max()))
        if by_rank:
            ours: Any = recommend(run, np.array([person]), len(own)).item_index[0]
            equal += bool(np.array_equal(ours, items[own]))
        else:
            equal += bool((np.diff(scores) <= 0).all())
    return {
        "max_difference": largest if given is not None and len(people) else None,
        "equal_lists": equal / len(people) if len(people) else None,
        "n_users": len(people),
        "n_pairs": len(users),
        "n_dropped": n_dropped,
    }
