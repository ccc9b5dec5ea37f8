"""How much of a score each shape of walk carries ("user-item-user"), summed exactly over all walks of the shape."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gnnrec_core.data.dataset import Dataset
from gnnrec_core.explain.explanation import Group
from gnnrec_core.explain.walks.walks import end_values
from gnnrec_core.models.ops.propagation import Propagation

Float = NDArray[np.float64]


def node_kinds(dataset: Dataset) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """The kind of each node `[n_nodes]` as a position in the names: user, item, then the attribute relations."""
    names = ["user", "item"]
    kinds = np.repeat([0, 1], [dataset.n_users, dataset.n_items])
    attributes = []
    for relation in dataset.attribute_table["relation"].to_list():
        if relation not in names:
            names.append(relation)
        attributes.append(names.index(relation))
    return np.concatenate([kinds, np.array(attributes, dtype=np.int64)]), tuple(names)


def meta_path_groups(
    propagation: Propagation, dataset: Dataset, start: int, target: Float, explained: float
) -> tuple[Group, ...]:
    """One group for each shape of walks of length 1 to K from `start`, largest |value| first.

    With a_0 <e_start, target>, their values sum to <z_start, target>.
    """
    kinds, names = node_kinds(dataset)
    masks = [kinds == kind for kind in range(len(names))]
    totals: dict[tuple[int, ...], float] = {}
    # What is still to come from each node, by the kinds met on the way: {kinds: [n_heads, n_nodes]}.
    ahead: dict[tuple[int, ...], Float] = {(): end_values(propagation, target)}
    for length, heads in enumerate(propagation.operators, start=1):
        weight = propagation.layer_weights[length]
        following: dict[tuple[int, ...], Float] = {}
        for shape, values in ahead.items():
            for kind, mask in enumerate(masks):
                met = np.where(mask, values, 0.0)
                if not met.any():
                    continue
                longer = (kind, *shape)
                here = sum(_row_product(op, start, met[head]) for head, op in enumerate(heads))
                if here:
                    totals[longer] = totals.get(longer, 0.0) + weight * here
                if length < propagation.n_layers:
                    following[longer] = np.stack([op @ met[head] for head, op in enumerate(heads)])
        ahead = following
    groups = []
    for shape, value in totals.items():
        name = "-".join(names[kind] for kind in (int(kinds[start]), *shape))
        groups.append(Group(name, value, value / explained if explained else 0.0))
    return tuple(sorted(groups, key=lambda group: -abs(group.value)))


def _row_product(operator: sp.csr_array, row: int, values: Float) -> float:
    entries = slice(*operator.indptr[row : row + 2])
    return float(operator.data[entries] @ values[operator.indices[entries]])
