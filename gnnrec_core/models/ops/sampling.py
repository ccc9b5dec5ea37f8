"""Batches of train interactions with negative items, drawn in whole arrays.

Every epoch has a generator of its own, seeded with (seed, epoch): an epoch's draws do not depend on what was drawn
before, so training can go on after a crash from the epoch number alone.

Training again without some interactions uses common random numbers: epochs are drawn over the whole data, and what is
not there any more is dropped from the batches. Two trainings then differ by what was removed and not by their luck.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from gnnrec_core.data.dataset import IntArray
from gnnrec_core.graph import RecGraph

REDRAWS = 5
"""Times that a negative which the user has seen is drawn again (BPR); after these it stays."""


@dataclass(frozen=True)
class Batch:
    """Positions of one step. `b` is the share of this process in a batch of `size` interactions.

    `edges` int64 `[b]` columns of the graph (user to item), `all_edges` `[size]` those of the whole batch; `users`,
    `items` int64 `[b]` indices; `negatives` int64 item indices: `[m]` shared by the batch (softmax) or `[b, n]` (bpr);
    `seen` int64 `[2, n]`: (place among the batch's people, ascending; position in `negatives`) where a shared negative
    is one that the person has (softmax only). `drawn` int64 `[m]` are the columns, in the graph of the whole data, of
    all interactions that were drawn for the batch, and `kept` boolean `[m]` says which of them are there; None outside
    training again. `hidden` int64 `[n]` are the edges, each once, that carry no messages; None: those that the settings
    hide.
    """

    edges: Tensor
    all_edges: Tensor
    users: Tensor
    items: Tensor
    negatives: Tensor
    seen: Tensor | None
    size: int
    drawn: Tensor | None = None
    kept: Tensor | None = None
    hidden: Tensor | None = None


class Sampler:
    """Train interactions of `graph` as tensors on `device`, and the draws from them.

    `whole` is the graph that `graph` was before interactions were removed, None where none were: draws are those for
    the whole graph, so far as what they name is still there. Of all negatives a `share` is drawn from `disliked`, user
    and item indices `[n]` of what people are known to dislike, where the person has any. `asked` are the only
    interactions that batches ask for, as user * n_items + item; None for all.
    """

    def __init__(
        self,
        graph: RecGraph,
        device: str,
        whole: RecGraph | None = None,
        disliked: tuple[IntArray, IntArray] | None = None,
        share: float = 0.0,
        asked: IntArray | None = None,
    ) -> None:
        starts = graph.seen.indptr.astype(np.int64)  # by user, then item: the order of a dataset
        self.n_items, self.device = graph.n_items, device
        self.edges = torch.from_numpy(graph.all_history_edges.copy()).to(device)
        self.users = torch.from_numpy(np.repeat(np.arange(graph.n_users), np.diff(starts))).to(device)
        self.items = torch.from_numpy(graph.seen.indices.astype(np.int64)).to(device)
        self.keys = self.users * self.n_items + self.items
        self.start = torch.from_numpy(starts).to(device)
        self.popularity = torch.from_numpy(graph.popularity.copy()).to(device)
        self.whole = None if whole is None else Sampler(whole, device)
        self.share = share if disliked is not None and len(disliked[0]) else 0.0
        if disliked is not None and self.share:
            order = np.argsort(disliked[0], kind="stable")
            self.no_items = torch.from_numpy(disliked[1][order]).to(device)
            self.n_no = torch.from_numpy(np.bincount(disliked[0], minlength=graph.n_users)).to(device)
        self.asked = None
        if asked is not None:
            wanted = np.isin(self.keys.cpu().numpy(), asked)
            self.asked = torch.from_numpy(np.flatnonzero(wanted)).to(device)
        self.place = torch.arange(len(self), device=device) if self.whole is None else self._places(self.whole)

    def _places(self, whole: Sampler) -> Tensor:
        """Where each interaction of `whole` stands here, -1 where it does not `[n_whole]`."""
        place = torch.searchsorted(self.keys, whole.keys).clamp_(max=max(0, len(self.keys) - 1))
        there = self.keys[place] == whole.keys if len(self.keys) else torch.zeros_like(place, dtype=torch.bool)
        return torch.where(there, place, -1)

    def __len__(self) -> int:
        return len(self.users)

    def generator(self, seed: int, epoch: int, *purpose: int) -> torch.Generator:
        """The source of all draws of one epoch; with numbers of a `purpose` one of its own."""
        state = np.random.SeedSequence((seed, epoch, *purpose)).generate_state(1, np.uint64)[0]
        return torch.Generator(device=self.device).manual_seed(int(state >> np.uint64(1)))

    def pairwise(self, generator: torch.Generator, size: int, n: int, power: float) -> Iterator[Batch]:
        """Batches with `n` own negatives for each interaction, none of which the user has (BPR)."""
        for rows, drawn in self._in_order(generator, size):
            whole = self.whole or self
            users = whole.users[drawn]
            negatives = self._draw(len(drawn) * n, power, generator).view(len(drawn), n)
            own = negatives if self.whole is None else negatives.clone()
            for _ in range(REDRAWS):
                wrong = whole._has(users[:, None], negatives).nonzero(as_tuple=True)
                if not len(wrong[0]):
                    break
                negatives[wrong] = self._draw(len(wrong[0]), power, generator)
                if self.whole is not None:  # of what was drawn for a place, the first that the user does not have
                    own = torch.where(self._has(users[:, None], own), negatives, own)
            self._put_disliked(own, users[:, None].expand_as(own), generator)
            if self.whole is not None:
                own = own[self.place[drawn] >= 0]
            yield self._batch(rows, drawn, own, None)

    def shared(self, generator: torch.Generator, size: int, n: int, power: float) -> Iterator[Batch]:
        """Batches whose interactions share `n` negatives; all items where there are no more than `n`."""
        for rows, drawn in self._in_order(generator, size):
            if n >= self.n_items:
                negatives = torch.arange(self.n_items, device=self.device)
            else:
                negatives = self._draw(n, power, generator)
                if self.share:
                    people = (self.whole or self).users[drawn]
                    of = torch.randint(len(people), (n,), generator=generator, device=self.device)
                    self._put_disliked(negatives, people[of], generator)
                negatives = torch.unique(negatives)
            yield self._batch(rows, drawn, negatives, self.seen(torch.unique(self.users[rows]), negatives))

    def _in_order(self, generator: torch.Generator, size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """The interactions of each batch as positions here and, with those that were removed, in the whole data."""
        n = len(self.place) if self.asked is None else len(self.asked)
        order = torch.randperm(n, generator=generator, device=self.device)
        if self.asked is not None:
            order = self.asked[order]
        for start in range(0, n, size):
            drawn = order[start : start + size]
            if self.whole is None:
                yield drawn, drawn
            elif len(rows := self.place[drawn][self.place[drawn] >= 0]):
                yield rows, drawn

    def _batch(self, rows: Tensor, drawn: Tensor, negatives: Tensor, seen: Tensor | None) -> Batch:
        edges = self.edges[rows]
        batch = Batch(edges, edges, self.users[rows], self.items[rows], negatives, seen, len(rows))
        if self.whole is None:
            return batch
        return replace(batch, drawn=self.whole.edges[drawn], kept=self.place[drawn] >= 0)

    def seen(self, people: Tensor, items: Tensor) -> Tensor:
        """(place in `people`, position in `items`) `[2, n]` of each one's own among `items` (unique), by person."""
        place = torch.full((self.n_items,), -1, dtype=torch.int64, device=self.device)
        place[items] = torch.arange(len(items), device=self.device)
        row, position = _runs(self.start[people], self.start[people + 1] - self.start[people])
        column = place[self.items[position]]
        known = column >= 0
        return torch.stack([row[known], column[known]])

    def _draw(self, n: int, power: float, generator: torch.Generator) -> Tensor:
        """`n` item indices with probability as popularity to the `power`."""
        if power == 0:
            return torch.randint(self.n_items, (n,), generator=generator, device=self.device)
        if power == 1:
            items = self.items if self.whole is None else self.whole.items
            return items[torch.randint(len(items), (n,), generator=generator, device=self.device)]
        weight = self.popularity.to(torch.float64).pow(power).cumsum(0)
        point = torch.rand(n, dtype=torch.float64, generator=generator, device=self.device) * weight[-1]
        return torch.searchsorted(weight, point, right=True).clamp_(max=self.n_items - 1)

    def _put_disliked(self, negatives: Tensor, users: Tensor, generator: torch.Generator) -> None:
        """In the place of a share of `negatives`, what the person of that place in `users` is known to dislike."""
        if not self.share:
            return
        chance, which = torch.rand((2, *negatives.shape), generator=generator, device=self.device)
        known = (chance < self.share) & (self.n_no[users] > 0)
        people = users[known]
        first = self.n_no.cumsum(0)[people] - self.n_no[people]
        place = (which[known] * self.n_no[people]).to(torch.int64).clamp_(max=self.n_no[people] - 1)
        negatives[known] = self.no_items[first + place]

    def _has(self, users: Tensor, items: Tensor) -> Tensor:
        """Boolean: which (user, item) pairs are train interactions."""
        keys = users * self.n_items + items
        place = torch.searchsorted(self.keys, keys).clamp_(max=len(self.keys) - 1)
        return self.keys[place] == keys


def _runs(start: Tensor, length: Tensor) -> tuple[Tensor, Tensor]:
    """The whole numbers start_i, start_i + 1, ... (`length_i` of them) for each i, one run after the other: which run
    each is of, and the numbers."""
    run = torch.repeat_interleave(torch.arange(len(length), device=length.device), length)
    shift = start - (length.cumsum(0) - length)
    return run, torch.arange(len(run), device=length.device) + shift[run]


def share(batch: Batch, rank: int, n_processes: int) -> Batch:
    """The part of `batch` that process `rank` of `n_processes` works on; shared negatives stay whole."""
    if n_processes == 1:
        return batch
    own = slice(rank, None, n_processes)
    seen = batch.seen
    if seen is not None:
        here = torch.isin(torch.unique(batch.users), batch.users[own])
        seen = seen[:, here[seen[0]]]
        seen = torch.stack([(here.cumsum(0) - 1)[seen[0]], seen[1]])
    return Batch(
        batch.edges[own],
        batch.all_edges,
        batch.users[own],
        batch.items[own],
        batch.negatives[own] if seen is None else batch.negatives,
        seen,
        batch.size,
    )
