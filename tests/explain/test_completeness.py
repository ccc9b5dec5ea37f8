"""Parts sum to the score and to the margin within a millionth, for every model that has parts."""

import numpy as np
import pytest

from gnnrec_core.explain.case import excluded_items
from gnnrec_core.explain.explaining import explain
from gnnrec_core.explain.scores.scoring import scorer_of
from gnnrec_core.models import MODELS
from gnnrec_core.models.protocol import PartlessRecommender
from gnnrec_core.runs.run import Run
from tests.models.runs import fitted
from tests.worlds import random_dataset

WORLD = random_dataset(n_users=40, n_items=30, per_user=9, side_edges=True)


@pytest.mark.parametrize("name", MODELS.names)
def test_the_parts_sum_to_the_score_and_to_the_margin(name):
    short = {"embedding_dim": 8, "epochs": 3} if "embedding_dim" in MODELS.load(name).settings_type.model_fields else {}
    model = fitted(name, WORLD, **short)
    if isinstance(model, PartlessRecommender):
        pytest.skip("everybody gets the same scores")
    for user in range(0, 40, 7):
        scores = scorer_of(model).scores(user)
        np.testing.assert_allclose(scores, model.score(np.array([user]))[0], rtol=1e-4, atol=1e-5)
        scores[excluded_items(WORLD, user)] = -np.inf
        item = int(np.argsort(-scores)[2])
        for target in ("score", "margin"):
            found = explain(Run.of(model, WORLD), user, item, "ledger", target, 5, check_top=0)
            assert found.completeness_error <= 1e-6 * abs(found.score)
