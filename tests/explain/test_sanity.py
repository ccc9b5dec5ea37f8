"""Explanations of the shipped model depend on what it has learned (Adebayo et al. 2018)."""

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr

from gnnrec_core.explain import EXPLAINERS
from gnnrec_core.explain.case import make_case
from gnnrec_core.models import MODELS
from gnnrec_core.runs.recommend import recommend
from gnnrec_core.runs.run import load_run

RUNS = Path(__file__).resolve().parents[2] / "sample_data" / "runs"


@pytest.mark.parametrize("method", ["ledger", "leave_one_out", "integrated_gradients", "input_x_gradient"])
def test_permuted_embeddings_give_an_uncorrelated_explanation(method):
    run = load_run(RUNS / "lightgcn")
    data, rng = run.dataset, np.random.default_rng(0)
    tensors = dict(run.model.tensors())
    table = np.array(tensors["embedding.weight"])
    for start, stop in ((0, data.n_users), (data.n_users, data.n_users + data.n_items)):
        table[start:stop] = rng.permutation(table[start:stop])
    permuted = MODELS.load("lightgcn").restore(data, run.settings, tensors | {"embedding.weight": table})
    explainer, correlations = EXPLAINERS.load(method)(), []
    users = rng.permutation(data.n_users)[:30]
    for user, items in zip(users, recommend(run, users, 3).item_index, strict=True):
        found = []
        for model in (run.model, permuted):
            case = make_case(model, data, int(user), int(items[0]), "score", 10)
            parts = explainer.explain(model, data, case, explainer.settings_type(), 0).contributions
            # Among interactions only: that a friend's edge weighs less than a book's is structure, not learned.
            history = [part for part in parts if part.kind == "history"]
            found.append([part.value for part in sorted(history, key=lambda part: part.edge)])
        correlations.append(spearmanr(*found).statistic)
    assert abs(np.mean(correlations)) <= 0.2
