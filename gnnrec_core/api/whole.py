"""Verbs about the model as a whole and about one item."""

from __future__ import annotations

from typing import Literal

from gnnrec_core.api.answers import Answer
from gnnrec_core.api.asking import RunLike, opened
from gnnrec_core.views import drivers as driver_views


def drivers(
    run: RunLike,
    by: str = "item",
    k: int = 10,
    target: Literal["score", "margin"] = "score",
    group_by: str | None = None,
    segment: str | None = None,
    decides: int = 0,
    sample: int = 100,
    top: int | None = None,
    seed: int = 0,
) -> Answer:
    """What carries all lists of `k` together: the exact ledgers of everybody, summed, with intervals over people.

    `by` is item, relation, age, popularity, path, or a column of the items; `group_by` as in `audit`; `segment` counts
    only places that hold such items (head, middle, tail, COLUMN=VALUE). `decides` recomputes lists without each of the
    first so many drivers, for `sample` people. Rows: group, name, item, share, low, high, value, n_lists.
    """
    from gnnrec_core.render.charts.driver_chart import driver_chart
    from gnnrec_core.whole.decided import decided_by
    from gnnrec_core.whole.drivers import drivers as core

    run = opened(run)
    found = core(run, k, by, target, group_by, segment, seed=seed)
    decided = [decided_by(run, each.name, by, k, sample, seed) for each in found.everybody.drivers[:decides]]
    return Answer(
        f"What drives the lists of {run.name}",
        found,
        driver_views.drivers_json(found, top, decided),
        driver_views.driver_rows(found),
        driver_views.drivers_sections(found, decided),
        lambda: driver_chart(found.everybody),
    )
