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
    users: Tensor, positives: Tensor, negatives: Tensor, seen: Tensor, temperature: float, similarity: str = "dot"
) -> Tensor:
    """Sum of -log(e^(s_pos/t) / (e^(s_pos/t) + sum over unseen shared negatives of e^(s_neg/t))) (Wu et al. 2024).

    `users`, `positives` `[b, d]`; `negatives` `[m, d]`, shared; `seen` int64 `[2, n]`: (row, column) of the scores
    `[b, m]` that are left out because the user has the item, sorted by row. `similarity` "dot": s is the score;
    "cosine": the cosine of the two vectors; "user": the score over the length of the user's vector, which orders the
    items of a list exactly as the score does and leaves the lengths of item vectors to be learned.
    """
    if similarity != "dot":
        users = functional.normalize(users, dim=1)
    if similarity == "cosine":
        positives, negatives = functional.normalize(positives, dim=1), functional.normalize(negatives, dim=1)
    loss: Tensor = _SampledSoftmax.apply(users / temperature, positives, negatives, seen)  # type: ignore[no-untyped-call]
    return loss


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
    def forward(ctx: Any, users: Tensor, positives: Tensor, negatives: Tensor, seen: Tensor) -> Tensor:
        total = users.new_zeros((), dtype=torch.float64)
        to_users, to_positives = torch.empty_like(users), torch.empty_like(positives)
        to_negatives = torch.zeros_like(negatives)
        tile = TILE if users.device.type == "cpu" else len(users)
        bounds = torch.searchsorted(seen[0], torch.arange(0, len(users) + tile, tile, device=users.device)).tolist()
        for number, start in enumerate(range(0, len(users), tile)):
            rows = slice(start, start + tile)
            own, good = users[rows], (users[rows] * positives[rows]).sum(1)
            scores = product(own, negatives.T)  # [tile, m]
            left_out = seen[:, bounds[number] : bounds[number + 1]]
            scores[left_out[0] - start, left_out[1]] = -torch.inf
            height = torch.maximum(scores.amax(1), good)
            chance = scores.sub_(height.unsqueeze(1)).clamp_(min=LOWEST).exp_()
            good_mass = (good - height).exp()
            mass = chance.sum(1) + good_mass
            total += (mass.log() + height - good).sum()
            chance /= mass.unsqueeze(1)
            miss = (good_mass / mass - 1).unsqueeze(1)  # d loss / d score of the positive
            to_users[rows] = product(chance, negatives).addcmul_(miss, positives[rows])
            to_positives[rows] = miss * own
            to_negatives += product(chance.T, own)
        ctx.save_for_backward(to_users, to_positives, to_negatives)
        return total.to(users.dtype)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> tuple[Tensor | None, ...]:
        return (*(gradients[0] * saved for saved in ctx.saved_tensors), None)
