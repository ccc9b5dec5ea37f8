"""A share for each group of people that the gate lets through."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.audit.gate import gate_of
from gnnrec_core.audit.groups import group_users
from gnnrec_core.data.dataset import Dataset
from gnnrec_core.ranking.intervals import Interval


@dataclass(frozen=True)
class GroupShare:
    """`share` of a group, over `n_users` of its people, with its interval over them."""

    group: str
    n_users: int
    share: Interval


def group_shares(
    dataset: Dataset, group_by: str | None, counted: NDArray[np.bool_], share: Callable[[NDArray[np.bool_]], Interval]
) -> tuple[tuple[GroupShare, ...], int]:
    """Those groups of `group_by` that may be spoken of, and how many may not; none without `group_by`.

    `counted` `[n_users]` are the people whom the share is about; `share` gives it for some of them `[n_users]`.
    """
    if group_by is None:
        return (), 0
    grouping = group_users(dataset, group_by)
    allowed = gate_of(dataset).shown(grouping, counted)
    people = {place: grouping.member[:, place] & counted for place in np.flatnonzero(allowed).tolist()}
    found = (GroupShare(grouping.labels[place], int(who.sum()), share(who)) for place, who in people.items())
    return tuple(found), int((~allowed).sum())
