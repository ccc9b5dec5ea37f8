"""The one value that every exact explanation starts from: a sum of linear propagation layers.

    X_0 = E,   X_l[:, block h] = P_{l,h} X_{l-1}[:, block h],   z = sum_l a_l X_l,   score(u, i) = <z_u, z_i>

LightGCN has one head and the same symmetric P in each layer; a GAT has one P per layer and head, fixed at the values
that its attention took ("attention frozen").
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

Matrix = NDArray[Any]


@dataclass(frozen=True)
class Propagation:
    """E `[n_nodes, d]`, weights a `[K + 1]`, and P_{l+1,h} as `operators[l][h]`, CSR `[n_nodes, n_nodes]`.

    Row v of P_{l,h} holds what node v takes from each neighbour. Heads act on equal consecutive blocks of the d
    columns. `symmetric` says that all operators are one symmetric matrix (LightGCN). `frozen` names what was held fixed
    to make the model linear: () for LightGCN, ("attention",) for a GAT.
    """

    n_users: int
    embedding: Matrix
    layer_weights: NDArray[np.float64]
    operators: tuple[tuple[sp.csr_array, ...], ...]
    symmetric: bool
    frozen: tuple[str, ...] = ()

    @property
    def n_layers(self) -> int:
        return len(self.operators)

    @property
    def n_heads(self) -> int:
        return len(self.operators[0]) if self.operators else 1

    def head_columns(self, head: int) -> slice:
        """The columns of E that head `head` acts on."""
        width = self.embedding.shape[1] // self.n_heads
        return slice(head * width, (head + 1) * width)

    @cached_property
    def layers(self) -> tuple[Matrix, ...]:
        """X_0 .. X_K, each `[n_nodes, d]` in the dtype of E."""
        result = [self.embedding]
        for heads in self.operators:
            following = np.empty_like(self.embedding)
            for head, operator in enumerate(heads):
                columns = self.head_columns(head)
                following[:, columns] = operator @ result[-1][:, columns]
            result.append(following)
        return tuple(result)

    @cached_property
    def final(self) -> Matrix:
        """z = sum_l a_l X_l `[n_nodes, d]`."""
        total: Matrix = sum(
            weight * layer
            for weight, layer in zip(self.layer_weights.astype(self.embedding.dtype), self.layers, strict=True)
        )
        return total

    @cached_property
    def mean_user(self) -> NDArray[np.float64]:
        """Mean of the users' rows of E `[d]`."""
        mean: NDArray[np.float64] = self.embedding[: self.n_users].mean(axis=0, dtype=np.float64)
        return mean

    def score(self, user_index: int, item_index: Any) -> Any:
        """<z_u, z_i> for one item or an array of items."""
        return self.final[self.n_users + np.asarray(item_index)] @ self.final[user_index]


class KeptPropagation(Propagation):
    """A propagation whose layers and final embeddings lie in mapped memory, in float32: rows are read, not computed.

    What is summed from its rows is summed in float64; beside a propagation in float64 figures differ by 1e-7 of them.
    """

    @classmethod
    def over(
        cls,
        n_users: int,
        weights: NDArray[np.float64],
        operator: Callable[[], sp.csr_array],
        tables: Mapping[str, Matrix],
    ) -> KeptPropagation:
        """Of one symmetric `operator`, made when somebody passes over it, and the `tables` that `kept_tables` made."""
        made = cls(n_users, tables["layer0"], weights, (), symmetric=True)
        del made.__dict__["operators"]
        made.__dict__["_operator"] = operator
        made.__dict__["layers"] = tuple(tables[f"layer{layer}"] for layer in range(len(weights)))
        made.__dict__.update(final=tables["final"], mean_user=tables["mean_user"])
        return made

    @property
    def n_layers(self) -> int:
        return len(self.layer_weights) - 1

    @cached_property
    def operators(self) -> tuple[tuple[sp.csr_array, ...], ...]:
        """The one operator in each layer."""
        return ((self.__dict__["_operator"](),),) * self.n_layers


def kept_tables(layers: Iterator[Matrix], weights: NDArray[np.float64], n_users: int) -> dict[str, Matrix]:
    """X_0 .. X_K, z and the mean of the users' rows of E, as they are kept."""
    tables: dict[str, Matrix] = {}
    total: Any = 0.0
    for number, layer in enumerate(layers):
        tables[f"layer{number}"] = layer
        total = total + np.float32(weights[number]) * layer
    return {**tables, "final": total, "mean_user": tables["layer0"][:n_users].mean(axis=0, dtype=np.float64)}
