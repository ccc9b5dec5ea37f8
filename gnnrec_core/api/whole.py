"""Verbs about the model as a whole and about one item."""

from __future__ import annotations

from typing import Literal

from gnnrec_core.api.answers import Answer
from gnnrec_core.api.asking import RunLike, opened
from gnnrec_core.api.run import Id
from gnnrec_core.views import drivers as driver_views
from gnnrec_core.views import item_side as item_views
from gnnrec_core.views.privacy import NameUser


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


def item(
    run: RunLike,
    item: Id,
    k: int = 10,
    group_by: str | None = None,
    more: int = 5,
    most: int = 3,
    seed: int = 0,
    name_user: NameUser | None = None,
) -> Answer:
    """One item from its own side: who gets it, what carries it, what keeps it from others, its rivals, and the fewest
    added links (readers, attributes; `most` at the most) that bring it to `more` more people, recomputed.

    People go by pseudonyms unless `name_user` says otherwise. Rows: user, rank of the first who get it.
    """
    from gnnrec_core.base.pseudonyms import load_pseudonyms
    from gnnrec_core.runs.workspace import workspace
    from gnnrec_core.whole.item_side import item_side

    run, here = opened(run), workspace()
    name = name_user or load_pseudonyms(here.home, here.read_only).name
    index = run.dataset.items.index(str(item))
    found = item_side(run, index, k, group_by, more, most, seed)
    return Answer(
        f"{run.dataset.title(index)}, from its own side, by {run.name}",
        found,
        item_views.item_json(found, run.dataset, name),
        item_views.item_rows(found, run.dataset, name),
        item_views.item_sections(found, run.dataset, name),
    )
