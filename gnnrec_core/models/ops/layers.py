"""How layers make the final embeddings of a linear graph model, and the noise that contrastive losses put into them.

Contrastive losses (SimGCL, Yu et al. 2022; XSimGCL, Yu et al. 2023) ask that two noisy views of a node are alike, and
unlike those of other nodes. Noise is there only while embeddings are learned: what a trained model passes on is linear.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from gnnrec_core.models.ops.losses import sampled_softmax
from gnnrec_core.models.protocol import Tensors

LAYERS = "layer.weight"
MOST_CONTRASTED = 2048
"""Interactions of a batch whose people and items are contrasted: each is compared with all others."""


@dataclass(frozen=True)
class Noise:
    """x + size * sign(x) * v with v a direction of positive numbers drawn for each node, of length 1."""

    size: float
    source: torch.Generator

    def __call__(self, x: Tensor) -> Tensor:
        """`x` `[n_nodes, d]` with noise of length `size` in each row."""
        drawn = torch.rand(x.shape, generator=self.source, device=x.device, dtype=x.dtype)
        return x + functional.normalize(drawn, dim=1).mul_(self.size).mul_(torch.sign(x.detach()))


def layer_tensors(settings: Any) -> Tensors:
    """What a model learns of its layers before training: equal weights, where they are learned at all."""
    n = settings.n_layers + 1
    return {LAYERS: np.full(n, 1 / n, np.float32)} if settings.layers == "learned" else {}


def layer_weights(settings: Any, parameters: dict[str, Tensor]) -> Tensor:
    """a `[K + 1]` in z = a_0 X_0 + ... + a_K X_K."""
    if settings.layers == "learned":
        return parameters[LAYERS]
    n = settings.n_layers + 1
    weights = torch.ones(n, dtype=torch.float64)
    if n > 1 and settings.layers != "mean":
        weights[: n - 1 if settings.layers == "last" else 1] = 0.0
    return weights / weights.sum()


def as_numpy(settings: Any, parameters: dict[str, Tensor]) -> NDArray[np.float64]:
    """The same in float64, for explanations."""
    weights: NDArray[np.float64] = layer_weights(settings, parameters).detach().cpu().numpy().astype(np.float64)
    return weights


def weighted(layers: Sequence[Tensor], weights: Tensor) -> Tensor:
    """a_0 X_0 + ... + a_K X_K `[n_nodes, d]`; layers of weight 0 take no time."""
    shares = weights.to(layers[0].device, layers[0].dtype)
    used = [number for number in range(len(layers)) if weights.requires_grad or weights[number] != 0]
    total = layers[used[0]] * shares[used[0]]
    for number in used[1:]:
        total = torch.addcmul(total, layers[number], shares[number])
    return total


def propagated(x: Tensor, step: Callable[[Tensor, int], Tensor], n_layers: int, noise: Noise | None) -> list[Tensor]:
    """X_0 ... X_K with X_l = step(X_{l-1}, l - 1), each of them but X_0 with noise."""
    layers = [x]
    for number in range(n_layers):
        following = step(layers[-1], number)
        layers.append(following if noise is None else noise(following))
    return layers


def contrast(first: Tensor, second: Tensor, temperature: float, rank: int = 0, n_processes: int = 1) -> Tensor:
    """InfoNCE (van den Oord et al. 2018) of two views `[n, d]`: the mean over nodes v of
    -log(e^(cos(x_v, y_v)/t) / sum over w of e^(cos(x_v, y_w)/t)); of this process its share of the nodes."""
    own = torch.arange(rank, len(first), n_processes, device=first.device)
    itself = torch.stack([torch.arange(len(own), device=first.device), own])
    total = sampled_softmax(first[own], second[own], second, itself, temperature, "cosine")
    return total / max(1, len(first))
