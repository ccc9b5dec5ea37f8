import numpy as np
import pytest
import torch

from gnnrec_core.models.ops.parallel import Processes
from gnnrec_core.ranking.matrix import interaction_matrix
from gnnrec_core.ranking.topk import rank_items
from gnnrec_core.runs.validation import Validation, rank_on_device
from tests.worlds import make_dataset, random_dataset


class Fixed:
    """Scores that are given."""

    def __init__(self, scores):
        self.scores = np.asarray(scores, np.float32)

    def score(self, users):
        return self.scores[users].copy()


def test_figures_by_hand_leave_out_train_items_and_users_without_validation_items():
    dataset = make_dataset([(0, 0, "train"), (0, 1, "validation"), (0, 3, "test"), (1, 2, "train")], n_items=4)
    model = Fixed([[9.0, 1.0, 2.0, 0.0], [0.0, 0.0, 0.0, 0.0]])
    # For user 0, item 0 is left out; then items 2, 1, 3: the validation item has rank 2.
    assert Validation(dataset)(model) == {"ndcg@20": pytest.approx(1 / np.log2(3)), "recall@20": 1.0}


def test_without_a_validation_part_there_is_nothing_to_judge_by():
    assert not Validation(make_dataset([(0, 0, "train"), (0, 1, "test")]))


def test_the_shares_of_two_processes_add_up(monkeypatch):
    rng = np.random.default_rng(0)
    dataset = make_dataset([(u, u, "train") for u in range(9)] + [(u, u + 1, "validation") for u in range(9)])
    model = Fixed(rng.random((9, 10)))
    parts = []

    class Share(Processes):
        def sum(self, values):
            parts.append(values)
            return values

    for rank in range(2):
        Validation(dataset, Share(rank, 2))(model)
    assert parts[0][0] + parts[1][0] == pytest.approx(9 * Validation(dataset)(model)["ndcg@20"])


@pytest.mark.parametrize("k", [5, 50])
def test_ranking_on_the_device_gives_the_lists_of_the_cpu(k):
    dataset = random_dataset()
    final = np.random.default_rng(0).standard_normal((dataset.n_nodes, 6)).astype(np.float32)
    users, seen = np.array([3, 0, 29]), interaction_matrix(dataset, "train")
    expected = rank_items(lambda chosen: final[chosen] @ final[dataset.n_users :].T, users, seen, k)
    people, items = torch.from_numpy(final[users]), torch.from_numpy(final[dataset.n_users :])
    found = rank_on_device(people, items, users, seen, k, block=2)
    assert np.array_equal(found.item_index, expected.item_index[:, : found.k])
    assert np.allclose(found.score, expected.score[:, : found.k], atol=1e-5)
