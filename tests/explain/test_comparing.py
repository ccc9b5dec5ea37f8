"""Two models for one case: the two ledgers line up part by part."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gnnrec_core.base.errors import RequestError
from gnnrec_core.data.dataset import Dataset
from gnnrec_core.explain.questions.two_models import compare_case
from tests.explain.fakes import item_item, linear
from tests.worlds import random_dataset


@dataclass(frozen=True)
class InMemory:
    model: Any
    dataset: Dataset
    folder: Path = Path("nowhere")


WORLD = random_dataset(n_users=20, n_items=30)


def test_parts_line_up_and_the_rank_change_is_told():
    one, other = InMemory(linear(WORLD), WORLD), InMemory(item_item(WORLD), WORLD)
    found = compare_case(one, other, 3, 11)
    assert found.rank_change == found.second.rank - found.first.rank
    assert len(found.pairs) == len(found.first.contributions) == len(found.second.contributions)
    for pair in found.pairs:
        assert pair.first in found.first.contributions and pair.second in found.second.contributions
        assert pair.first.item == pair.second.item
    largest = [max(abs(pair.first.share), abs(pair.second.share)) for pair in found.pairs]
    assert largest == sorted(largest, reverse=True)


def test_runs_of_different_data_are_refused():
    other = random_dataset(n_users=20, n_items=30, seed=9)
    with pytest.raises(RequestError, match="different data"):
        compare_case(InMemory(linear(WORLD), WORLD), InMemory(linear(other), other), 0, 0)
