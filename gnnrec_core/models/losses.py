"""Ranking losses, summed over interactions (the caller divides by the size of the whole batch)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def bpr(users: Tensor, positives: Tensor, negatives: Tensor) -> Tensor:
    """Sum of softplus(s_neg - s_pos), over `n` negatives averaged (Rendle et al. 2009, Bayesian personalised ranking).

    `users`, `positives` `[b, d]`; `negatives` `[b, n, d]`.
    """
    good = (users * positives).sum(1, keepdim=True)  # [b, 1]
    bad = torch.matmul(negatives, users.unsqueeze(2)).squeeze(2)  # [b, n]
    return functional.softplus(bad - good).mean(1).sum()


def sampled_softmax(
    users: Tensor, positives: Tensor, negatives: Tensor, seen: Tensor, temperature: float, cosine: bool = False
) -> Tensor:
    """Sum of -log(e^(s_pos/t) / (e^(s_pos/t) + sum over unseen shared negatives of e^(s_neg/t))) (Wu et al. 2024).

    `users`, `positives` `[b, d]`; `negatives` `[m, d]`, shared; `seen` boolean `[b, m]`: left out for that user. With
    `cosine` s is the cosine of the two vectors instead of their dot product.
    """
    if cosine:
        users, positives, negatives = (functional.normalize(x, dim=1) for x in (users, positives, negatives))
    users = users / temperature
    good = (users * positives).sum(1)  # [b]
    bad = (users @ negatives.T).masked_fill(seen, -torch.inf)  # [b, m]
    return (torch.logaddexp(torch.logsumexp(bad, 1), good) - good).sum()
