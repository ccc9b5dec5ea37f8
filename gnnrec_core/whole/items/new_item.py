"""An item that is not in the data, folded in from its attributes and a few readers: where would it stand, and for whom?

The data get one more item with these links. For LightGCN its own row is solved for in the loss of the training, and
shortened as training does with items that have as many readers; all else is kept and propagated on the graph with it,
degrees anew ("foretold"); a model whose training has one outcome is
fitted anew, and any other can be trained with it ("trained again"). What comes out is a run in memory, of which
everything can be asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from gnnrec_core.base import progress
from gnnrec_core.base.errors import RequestError, UnsupportedError
from gnnrec_core.base.registry import did_you_mean
from gnnrec_core.data.dataset import Dataset, IntArray, Relation, Vocabulary
from gnnrec_core.explain.scores.linear import prepare
from gnnrec_core.explain.truth.item_rows import ItemRelearner
from gnnrec_core.explain.truth.relearning import relearner_of
from gnnrec_core.models import able
from gnnrec_core.models.brought.embeddings import EMBEDDING
from gnnrec_core.models.brought.propagated import Propagated, PropagatedSettings
from gnnrec_core.models.protocol import RefittingRecommender, RetrainableRecommender
from gnnrec_core.ranking.topk import check_k
from gnnrec_core.runs.run import Run
from gnnrec_core.whole.items.item_side import ItemSide, item_side
from gnnrec_core.whole.items.links import READER, Link, data_with, readers_of, trained_on
from gnnrec_core.whole.items.standing import n_listed, standing

MOST_LINKS, CONTROLS, CLOSE = 20, 3, 1e-3
"""Links that may be given; draws of the control; how far scores of the items that there are may differ."""
MOST_SCORES = 200_000_000
"""People times items beyond which links are not left out one by one."""
FORETOLD, TRAINED = "foretold", "trained again"


@dataclass(frozen=True)
class NewItem:
    """The new item in `run` (in memory, with index `item`), and its `side`.

    `level` is how it is said. `without` is in how many lists it would be without each link, and its median rank (empty
    where each would be a training, or the data are large); `by_chance` the mean number of lists with as many readers
    drawn at random instead, NaN where no reader is given; `trained` the lists after a training on the data with it, for
    each seed. `unused` names the attributes that this model does not use.
    """

    run: Run
    item: int
    level: str
    side: ItemSide
    without: tuple[tuple[Link, int, float], ...]
    by_chance: float
    trained: tuple[int, ...]
    unused: tuple[str, ...]


def new_item(
    run: Run,
    title: str,
    attributes: Sequence[tuple[str, str]] = (),
    readers: Sequence[int] | IntArray = (),
    k: int = 10,
    group_by: str | None = None,
    trainings: int = 0,
    seed: int = 0,
) -> NewItem:
    """The item called `title` with `attributes` (relation, label) of the data and `readers` (user indices).

    RequestError where no link is given, or one is unknown; UnsupportedError for a model that only `trainings` tell of.
    """
    check_k(k, run.dataset.n_items)
    if trainings < 0:
        raise RequestError(f"{trainings} trainings cannot be asked for.", "Choose 0 or more.", value=trainings)
    wider = with_item(run.dataset, title)
    item = wider.n_items - 1
    links = _links(wider, title, attributes, readers)
    world = _World(run, wider, item, k, trainings)
    found = world.with_links(links)
    side = item_side(found, item, k, group_by, most=0, seed=seed)
    without, by_chance = world.without_each(links), world.by_chance(links, seed)
    trained = tuple(
        n_listed(trained_on(run, found.dataset, run.record.seed + number).score, found, item, k, readers_of(links))
        for number in range(trainings)
    )
    side_edges = getattr(found.model.settings, "side_edges", 0.0)
    unused = () if side_edges else tuple(label for _, label in attributes)
    return NewItem(found, item, world.level, side, without, by_chance, trained, unused)


def with_item(dataset: Dataset, title: str) -> Dataset:
    """The dataset with one more item, the last, that nobody has; attribute nodes come after it."""
    title = title.strip()
    if not title:
        raise RequestError("The new item has no title.", "Say what it is called.")
    raw_id = title
    while raw_id in dataset.items:
        raw_id += " (new)"
    row = {"item_index": dataset.n_items, "item_id": raw_id, "title": title}
    table = dataset.item_table
    values = {name: [row.get(name)] for name in table.columns}
    first = dataset.n_users + dataset.n_items
    return replace(
        dataset,
        items=Vocabulary(dataset.items.kind, (*dataset.items.ids, raw_id)),
        item_table=pl.concat([table, pl.DataFrame(values, schema=table.schema)]),
        relations=tuple(
            Relation(each.name, each.kind, _after(each.source, first), _after(each.target, first), each.weight)
            for each in dataset.relations
        ),
    )


def _after(nodes: IntArray, first: int) -> IntArray:
    moved: IntArray = nodes + (nodes >= first)
    return moved


def _links(
    dataset: Dataset, title: str, attributes: Sequence[tuple[str, str]], readers: Sequence[int] | IntArray
) -> tuple[Link, ...]:
    people = [int(user) for user in readers]
    twice = next((user for user in people if people.count(user) > 1), None)
    if twice is not None:
        raise RequestError(f"{dataset.users.ids[twice]!r} is given twice as a reader.", "Name each person once.")
    found = [Link(READER, user) for user in people]
    found += [Link(relation, attribute_node(dataset, relation, label)) for relation, label in dict.fromkeys(attributes)]
    if not found:
        raise RequestError(f"Nothing is known of {title!r}.", "Name readers, or attributes that the data have.")
    if len(found) > MOST_LINKS:
        raise RequestError(f"{len(found)} links are given for the new item.", f"Give {MOST_LINKS} or fewer.")
    return tuple(found)


def attribute_node(dataset: Dataset, relation: str, label: str) -> int:
    """The node of an attribute of items; RequestError where there is none."""
    names = [each.name for each in dataset.relations if each.kind == "item-attribute"]
    if relation not in names:
        hint = did_you_mean(relation, names) if names else "Import the data with attributes of items, or name readers."
        raise RequestError(f"Items have no attribute {relation!r} in the graph.", hint, value=relation)
    labels = labels_of(dataset, relation)
    if label not in labels:
        raise RequestError(f"No item has {relation} = {label!r}.", did_you_mean(label, tuple(labels)), value=label)
    return labels[label]


def labels_of(dataset: Dataset, relation: str) -> dict[str, int]:
    """The labels of an attribute and their nodes."""
    table = dataset.attribute_table.filter(pl.col("relation") == relation)
    first = dataset.n_users + dataset.n_items
    pairs = zip(table["label"].to_list(), table["attribute_index"].to_list(), strict=True)
    return {label: first + index for label, index in pairs}


class _World:
    """The model with the new item under different links."""

    def __init__(self, run: Run, wider: Dataset, item: int, k: int, trainings: int) -> None:
        self.run, self.wider, self.item, self.k = run, wider, item, k
        self._known: dict[int, float] = {}
        self._relearner: ItemRelearner | None = None
        model: Any = run.model
        self._table = self._wider_table(model) if relearner_of(model) is not None else None
        self.level = TRAINED if self._table is None else FORETOLD
        self._is_slow = self._table is None and not isinstance(model, RefittingRecommender)
        if self._is_slow and not (trainings and isinstance(type(model), RetrainableRecommender)):
            raise UnsupportedError(
                f"Where a new item would stand in a {run.record.model} run is known from training alone.",
                f"Train it with the item (a number of trainings), or use a run of {able(RefittingRecommender)}, or of "
                "LightGCN.",
                model=run.record.model,
            )

    def with_links(self, links: Sequence[Link]) -> Run:
        """The run with the new item and these links."""
        dataset = data_with(self.wider, {self.item: tuple(links)})
        model: Any
        if self._table is None:
            model = trained_on(self.run, dataset, self.run.record.seed)
        else:
            table = self._table.copy()
            prepared = prepare(Propagated(dataset, self._settings, {EMBEDDING: table}))
            row = ItemRelearner(prepared, self.run.settings).row(self.item)
            table[dataset.n_users + self.item] = self._shrinkage(len(readers_of(links))) * row
            model = Propagated(dataset, self._settings, {EMBEDDING: table})
        return Run.of(model, dataset, self.run.record.seed)

    def _shrinkage(self, n_readers: int) -> float:
        """What training makes of a solved row, by items of the run with as many readers; worked out once for each."""
        if n_readers not in self._known:
            relearner = self._relearner or ItemRelearner(prepare(self.run.model), self.run.settings)
            self._relearner = relearner
            self._known[n_readers] = relearner.shrinkage(n_readers)
        return self._known[n_readers]

    def place(self, links: Sequence[Link], all_links: Sequence[Link]) -> tuple[int, float]:
        """How many lists hold it with `links`, and its median rank, of those who have it with none of `all_links`."""
        now = standing(self.with_links(links), self.item, self.k)
        others = now.open.copy()
        others[readers_of(all_links)] = False
        rank = float(np.median(now.rank[others])) if others.any() else float("nan")
        return int((now.listed & others).sum()), rank

    def without_each(self, links: Sequence[Link]) -> tuple[tuple[Link, int, float], ...]:
        """In how many lists it would be without each link, and its median rank."""
        if self._is_slow or self.wider.n_users * self.wider.n_items > MOST_SCORES:
            return ()
        found = []
        for done, link in enumerate(links):
            progress.report(done, len(links))
            found.append((link, *self.place([each for each in links if each != link], links)))
        return tuple(found)

    def by_chance(self, links: Sequence[Link], seed: int) -> float:
        """The mean number of lists with as many other readers, drawn at random."""
        rng, n = np.random.default_rng((seed, 11)), len(readers_of(links))
        if not n or self._is_slow:
            return float("nan")
        kept = [link for link in links if link.relation != READER]
        counts = []
        for _ in range(CONTROLS):
            drawn = [Link(READER, int(user)) for user in rng.choice(self.wider.n_users, n, replace=False)]
            counts.append(self.place([*kept, *drawn], drawn)[0])
        return float(np.mean(counts))

    def _wider_table(self, model: Any) -> Any:
        """Layer 0 with a row of zeros for the new item; None where propagating it does not give the model's scores."""
        spread = model.propagation()
        if not (spread.symmetric and spread.n_layers):
            return None
        place = self.run.dataset.n_users + self.run.dataset.n_items
        table = np.insert(np.asarray(spread.embedding, np.float32), place, 0.0, axis=0)
        self._settings = PropagatedSettings(
            embedding_dim=table.shape[1],
            layer_weights=tuple(spread.layer_weights.tolist()),
            side_edges=getattr(model.settings, "side_edges", 0.0),
        )
        some = np.arange(min(8, self.run.dataset.n_users))
        old = np.asarray(model.score(some), np.float64)
        new = Propagated(self.wider, self._settings, {EMBEDDING: table}).score(some)[:, :-1]
        return table if np.allclose(new, old, atol=CLOSE * max(1e-12, float(np.abs(old).max()))) else None
