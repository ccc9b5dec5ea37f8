"""Ranking losses, summed over interactions (the caller divides by the size of the whole batch)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

TILE = 512
"""Rows of scores that the softmax holds at once on the CPU, so that they stay in its cache."""
LOWEST = -80.0
"""Of exponents: e^-80 is nothing beside 1, and what is below takes the CPU six to thirty times as long."""


def bpr(table: Tensor, users: Tensor, positives: Tensor, negatives: Tensor) -> Tensor:
    """Sum of softplus(s_neg - s_pos), over `n` negatives averaged (Rendle et al. 2009, Bayesian personalised ranking).

    `table` `[t, d]` holds the embeddings; `users`, `positives` int64 `[b]` and `negatives` `[b, n]` are rows of it.
    """
    loss: Tensor = _BPR.apply(table, users, positives, negatives)  # type: ignore[no-untyped-call]
    return loss


class _BPR(torch.autograd.Function):
    """The loss with its gradient written out, from the table and into it: a third of the passes over `[b, n, d]`
    numbers, none of which is gathered or put together twice."""

    @staticmethod
    def forward(ctx: Any, table: Tensor, users: Tensor, positives: Tensor, negatives: Tensor) -> Tensor:
        user = table.index_select(0, users)
        gap = table.index_select(0, negatives.flatten()).view(*negatives.shape, -1)
        gap.sub_(table.index_select(0, positives).unsqueeze(1))  # [b, n, d]
        behind = torch.linalg.vecdot(gap, user.unsqueeze(1))  # s_neg - s_pos
        ctx.save_for_backward(user, gap, behind, users, positives, negatives)
        ctx.shape = table.shape
        total: Tensor = functional.softplus(behind).sum() / behind.shape[1]
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> tuple[Tensor | None, ...]:
        user, gap, behind, users, positives, negatives = ctx.saved_tensors
        slope = behind.sigmoid().mul_(gradients[0] / behind.shape[1]).unsqueeze(2)  # [b, n, 1]
        to_negatives = slope * user.unsqueeze(1)
        to_table = gap.new_zeros(ctx.shape)
        to_table.index_add_(0, positives, _sum(to_negatives)).neg_()
        to_table.index_add_(0, users, _sum(gap.mul_(slope)))
        to_table.index_add_(0, negatives.flatten(), to_negatives.flatten(0, 1))
        return to_table, None, None, None


def _sum(values: Tensor) -> Tensor:
    """Over the second of three dimensions; where it has one entry, without a copy."""
    return values.squeeze(1) if values.shape[1] == 1 else values.sum(1)


def sampled_softmax(
    users: Tensor,
    positives: Tensor,
    negatives: Tensor,
    seen: Tensor,
    temperature: float,
    similarity: str = "dot",
    person: Tensor | None = None,
) -> Tensor:
    """Sum of -log(e^(s_pos/t) / (e^(s_pos/t) + sum over unseen shared negatives of e^(s_neg/t))) (Wu et al. 2024).

    `users` `[p, d]`; `positives` `[b, d]`, of which `person` int64 `[b]`, ascending, says whose they are (a row of
    `users`; None: one each); `negatives` `[m, d]`, shared; `seen` int64 `[2, n]`: (row, column) of the scores `[p, m]`
    that are left out because the user has the item, sorted by row. `similarity` "dot": s is the score; "cosine": the
    cosine of the two vectors; "user": the score over the length of the user's vector, which orders the items of a list
    exactly as the score does and leaves the lengths of item vectors to be learned.
    """
    if similarity != "dot":
        users = functional.normalize(users, dim=1)
    if similarity == "cosine":
        positives, negatives = functional.normalize(positives, dim=1), functional.normalize(negatives, dim=1)
    person = torch.arange(len(users), device=users.device) if person is None else person
    loss: Tensor = _SampledSoftmax.apply(users / temperature, positives, negatives, seen, person)  # type: ignore[no-untyped-call]
    return loss


def by_person(users: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """What makes one row of a person of all their rows of a batch: people are met by the negatives once.

    `users` int64 `[b]` says whose each row is. Returns a row of each person `[p]`, people ascending; `order` `[b]` of
    the rows by person, and `person` `[b]`, the place among the people of each row in that order.
    """
    people, place = torch.unique(users, return_inverse=True)
    person, order = torch.sort(place, stable=True)
    return order[torch.searchsorted(person, torch.arange(len(people), device=users.device))], order, person


def product(left: Tensor, right: Tensor) -> Tensor:
    """left @ right without gradients. On one thread of the CPU by numpy, whose BLAS is fast on every maker's processor.

    On several, torch's: numpy's threads and torch's would each keep the cores busy while they wait for the other, which
    makes a step twenty times slower.
    """
    if left.device.type != "cpu" or torch.get_num_threads() > 1:
        return left @ right
    return torch.from_numpy(np.matmul(left.numpy(), right.numpy()))


class _SampledSoftmax(torch.autograd.Function):
    """The loss and its gradients tile by tile: the `[b, m]` scores never exist as a whole."""

    @staticmethod
    def forward(ctx: Any, users: Tensor, positives: Tensor, negatives: Tensor, seen: Tensor, person: Tensor) -> Tensor:
        total = users.new_zeros((), dtype=torch.float64)
        to_users, to_positives = torch.empty_like(users), torch.empty_like(positives)
        to_negatives = torch.zeros_like(negatives)
        tile = TILE if users.device.type == "cpu" else max(1, len(users))
        starts = torch.arange(0, len(users) + tile, tile, device=users.device)
        of_seen, of_positives = (torch.searchsorted(rows, starts).tolist() for rows in (seen[0], person))
        for number, start in enumerate(range(0, len(users), tile)):
            rows, mine = slice(start, start + tile), slice(of_positives[number], of_positives[number + 1])
            own, whose, good = users[rows], person[mine] - start, positives[mine]
            score = (own[whose] * good).sum(1)
            scores = product(own, negatives.T)  # [tile, m]
            left_out = seen[:, of_seen[number] : of_seen[number + 1]]
            scores[left_out[0] - start, left_out[1]] = -torch.inf
            height = scores.amax(1, keepdim=True).clamp_(min=torch.finfo(scores.dtype).min / 2)
            chance = scores.sub_(height).clamp_(min=LOWEST).exp_()
            mass = chance.sum(1)
            behind = (mass.log() + height[:, 0])[whose] - score
            total += functional.softplus(behind).sum()
            weight = behind.sigmoid_()  # the chance that a negative wins: - d loss / d score of the positive
            together = torch.zeros_like(mass).index_add_(0, whose, weight)
            chance *= (together / mass).unsqueeze(1)
            to_positives[mine] = -weight.unsqueeze(1) * own[whose]
            pulled = torch.zeros_like(own).index_add_(0, whose, weight.unsqueeze(1) * good)
            to_users[rows] = product(chance, negatives) - pulled
            to_negatives += product(chance.T, own)
        ctx.save_for_backward(to_users, to_positives, to_negatives)
        return total.to(users.dtype)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> tuple[Tensor | None, ...]:
        return (*(gradients[0] * saved for saved in ctx.saved_tensors), None, None)
