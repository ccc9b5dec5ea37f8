"""The base of graph filters that use side edges: `related` says what they add."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from pydantic import Field, field_validator

from gnnrec_core.base import progress
from gnnrec_core.base.errors import RequestError
from gnnrec_core.base.registry import did_you_mean
from gnnrec_core.base.settings import Settings
from gnnrec_core.data.dataset import Dataset, FloatArray, IntArray
from gnnrec_core.graph import RecGraph
from gnnrec_core.models.history_protocol import HistoryParts, HistorySums, ReaderPaths
from gnnrec_core.models.ops.filters.graph_filter import GraphFilter
from gnnrec_core.models.ops.filters.related import SAMPLED, Pulls, Related
from gnnrec_core.models.protocol import JUDGED_BY, FitOptions, Tensors

WEIGHTS = (1 / 16, 1 / 8, 1 / 4, 1 / 2)
"""What a fit tries for each relation."""
Float = NDArray[np.float64]


class RelatedSettings(Settings):
    """Of filters that use side edges."""

    relations: str = Field(
        "",
        max_length=10_000,
        description="weights of side edges beside interactions, such as friend=0.125,author=0.25; "
        "not given: chosen on the validation part, one relation after the other",
    )

    @field_validator("relations")
    @classmethod
    def _are_weights(cls, value: str) -> str:
        parsed(value)
        return value


def parsed(relations: str) -> dict[str, float]:
    """Weights by relation; ValueError where they are none.

    >>> parsed("friend=0.125, author=0.25")
    {'friend': 0.125, 'author': 0.25}
    """
    found = {}
    for part in filter(None, (each.strip() for each in relations.split(","))):
        name, equals, number = part.rpartition("=")
        weight = float(number)  # ValueError
        if not equals or not name.strip() or not 0 <= weight <= 1000:
            raise ValueError("write NAME=WEIGHT, with weights from 0 to 1000, and a comma between two")
        found[name.strip()] = weight
    return found


def written(weights: dict[str, float]) -> str:
    """The setting of these weights; those of 0 are left out."""
    return ",".join(f"{name}={weight:g}" for name, weight in weights.items() if weight)


class RelatedFilter(GraphFilter):
    """score(u, .) = x_u S + sum over relations r of w_r s_r (what r adds), s_r so that with w_r = 1 its numbers spread
    as those of x_u S do. Without weights it is the filter alone."""

    dataset: Dataset

    @classmethod
    def create(cls, dataset: Dataset, settings: Any, seed: int, device: str) -> Self:
        """An untrained model; RequestError where there is no such relation."""
        return super().create(dataset, settings, seed, device)._with(dataset)

    @classmethod
    def restore(cls, dataset: Dataset, settings: Any, tensors: Tensors) -> Self:
        """A trained model."""
        return super().restore(dataset, settings, tensors)._with(dataset)

    def _with(self, dataset: Dataset) -> Self:
        self.dataset = dataset
        for name in parsed(self.settings.relations) if self.settings.relations else ():
            if name not in self._related.names:
                known = ", ".join(self._related.names) or "none between people or items, and no attributes of items"
                raise RequestError(
                    f"{dataset.name!r} has no relation {name!r} that this model can use.",
                    did_you_mean(name, self._related.names) if self._related.names else f"It has {known}.",
                    setting="relations",
                )
        return self

    def relations_read(self) -> tuple[str, ...]:
        """Relations that have a weight above 0."""
        return tuple(name for name, weight in parsed(self.settings.relations).items() if weight)

    def without_relation(self, name: str) -> Self:
        """The same model with a weight of 0 for that relation."""
        weights = parsed(self.settings.relations) | {name: 0.0}
        settings = self.settings.model_copy(update={"relations": written(weights)})
        return type(self)(self.graph, settings, self._tensors, self.whole)._with(self.dataset)

    @cached_property
    def _related(self) -> Related:
        return Related.of(self.dataset, self.whole)

    @cached_property
    def _weights(self) -> dict[str, float]:
        """w_r s_r of the relations that have a weight."""
        weights = {name: weight for name, weight in parsed(self.settings.relations).items() if weight}
        return {name: weight * self._sizes[name] for name, weight in weights.items() if self._sizes[name]}

    @cached_property
    def _sizes(self) -> dict[str, float]:
        """s_r of all relations, over all items that people of a sample do not have."""
        n = self.graph.n_users
        people = np.unique(np.linspace(0, n - 1, min(n, SAMPLED)).astype(np.int64))
        open_ = ~self.graph.seen[people].toarray()
        own = float(GraphFilter._filtered(self, self.rows_of(people), np.float32)[open_].std())
        found = {}
        for name in self._related.names:
            spread = float(self._added(name, people, self.graph)[open_].std())
            found[name] = own / spread if spread > 0 else 0.0
        return found

    def _added(self, name: str, users: IntArray, graph: RecGraph) -> Float:
        """What the relation adds before its weight `[n, n_items]`."""
        if name in self._related.items:
            return self._related.items[name].times(self.rows_of(users))
        pulls = self._pulls(name, users, graph)
        shape = len(users), graph.n_users
        total = sp.coo_array((pulls.value, (pulls.owner, pulls.friend)), shape=shape).tocsr()
        found: Float = (total @ self._related.brings).toarray()
        return found

    def _pulls(self, name: str, users: IntArray, graph: RecGraph) -> Pulls:
        return self._related.pulls(name, np.asarray(users, np.int64), graph, self.dataset.interactions.timestamp)

    def _of_items(self) -> list[tuple[Any, float]]:
        items = self._related.items if self.settings.relations else {}
        return [(items[name], weight) for name, weight in self._weights.items() if name in items]

    def _of_people(self) -> list[tuple[str, float]]:
        people = self._related.people if self.settings.relations else {}
        return [(name, weight) for name, weight in self._weights.items() if name in people]

    def _filtered(self, weights: sp.csr_array, dtype: type, flipped: bool = False) -> NDArray[Any]:
        result = super()._filtered(weights, dtype, flipped)
        for walks, weight in self._of_items():
            result += (weight * walks.times(weights)).astype(dtype)
        return result

    def between(self, rows: IntArray, columns: IntArray) -> Float:
        """S[rows, columns] with what relations between items add."""
        found = super().between(rows, columns)
        for walks, weight in self._of_items():
            found += weight * walks.between(np.asarray(rows), np.asarray(columns))
        return found

    def score(self, users: IntArray) -> FloatArray:
        """Scores of all items `[n, n_items]` float32."""
        found = super().score(users)
        for name, weight in self._of_people():
            found += (weight * self._added(name, np.asarray(users), self.graph)).astype(np.float32)
        return found

    def score_on(self, graph: RecGraph, users: IntArray) -> Float:
        """Scores on a changed graph: the person's own row changes, S and the friends' rows do not."""
        found: Float = super().score_on(graph, users)
        for name, weight in self._of_people():
            found += weight * self._added(name, np.asarray(users), graph)
        return found

    def history_parts(self, user_index: int, item_indices: IntArray, graph: RecGraph | None = None) -> HistoryParts:
        """What each train interaction adds, by itself and by way of friends."""
        graph = self.graph if graph is None else graph
        parts, history = super().history_parts(user_index, item_indices, graph), graph.history(user_index)
        for name, weight in self._of_people():
            pulls = self._pulls(name, np.array([user_index]), graph)
            by_friend = sp.coo_array(
                (weight * pulls.value, (np.searchsorted(history, pulls.item), pulls.friend)),
                shape=(len(history), graph.n_users),
            )
            brought = self._related.brings[:, np.asarray(item_indices)]
            parts = replace(parts, values=parts.values + (by_friend.tocsr() @ brought).toarray())
        return parts

    def history_sums(self, users: IntArray, signs: sp.csr_array) -> HistorySums:
        """The same for signed sums of many people."""
        sums, users = super().history_sums(users, signs), np.asarray(users)
        places = self.graph.targets(sums.edges) - self.graph.n_users
        keys = sums.owner * self.graph.n_items + places  # ascending: by person, then item
        for name, weight in self._of_people():
            pulls = self._pulls(name, users, self.graph)
            brought = (self._related.brings @ signs.T).tocsr()  # [n_users, b]
            values = weight * pulls.value * np.asarray(brought[pulls.friend, pulls.owner]).ravel()
            np.add.at(sums.values, np.searchsorted(keys, pulls.owner * self.graph.n_items + pulls.item), values)
        return sums

    def reader_paths(self, user_index: int, signed_items: Sequence[tuple[int, float]]) -> ReaderPaths:
        """Walks through readers, friends among them with what they carry as friends; and what items have in common."""
        paths = super().reader_paths(user_index, signed_items)
        items, signs = np.array(signed_items, np.float64).T
        history, items = self.graph.history(user_index), items.astype(np.int64)
        weight, beside = self.rows_of(np.array([user_index])).data, dict(paths.beside)
        for name, share in self._weights.items() if self.settings.relations else ():
            if name in self._related.items:
                between = self._related.items[name].between(history, items)
                beside[f"what items share ({name})"] = float(share * (weight @ between @ signs))
                continue
            pulls = self._pulls(name, np.array([user_index]), self.graph)
            brought, by_friend = self._related.brings[:, items] @ signs, (pulls.item, pulls.friend)
            pairs = np.concatenate(
                [p[0] * self.graph.n_users + p[1] for p in ((paths.items, paths.readers), by_friend)]
            )
            pairs, place = np.unique(pairs, return_inverse=True)  # a friend is a reader like any other as well
            carried = np.concatenate([paths.values, share * pulls.value * brought[pulls.friend]])
            paths = replace(
                paths,
                items=pairs // self.graph.n_users,
                readers=pairs % self.graph.n_users,
                values=np.bincount(place, carried, len(pairs)),
            )
        return replace(paths, beside=beside)

    def _changed(self, gone: IntArray) -> Self:
        return super()._changed(gone)._with(self.dataset)

    def _become(self, settings: Any) -> None:
        for computed in ("_weights", "_sizes"):
            self.__dict__.pop(computed, None)
        super()._become(settings)

    def _choose(self, options: FitOptions) -> None:
        """After the filter's own settings, a weight for each relation: between items the best on the validation part;
        between people the largest that costs nothing there, for what friends bring is told only where it has weight."""
        super()._choose(options)
        if "relations" in self.settings.model_fields_set or options.compare is None:
            return
        names, before = self._related.names, options.compare()[JUDGED_BY] if self._related.names else 0.0
        for number, name in enumerate(names):
            progress.report(number, len(names), "relations")
            chosen, highest = self.settings, before
            for weight in WEIGHTS:
                if options.should_stop():
                    break
                weights = parsed(chosen.relations) | {name: weight}
                self._weigh(chosen.model_copy(update={"relations": written(weights)}))
                found = options.compare()[JUDGED_BY]
                if found >= (before if name in self._related.people else highest) and found > 0:
                    chosen, highest = self.settings, max(found, highest)
            self._weigh(chosen)
            before = options.compare()[JUDGED_BY]

    def _weigh(self, settings: Any) -> None:
        """Other weights of relations: nothing else is computed anew."""
        self.settings = settings
        self.__dict__.pop("_weights", None)
