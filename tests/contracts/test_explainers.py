"""What every registered explainer promises for every registered model: an answer that adds up or a sentence why not,
and no trace left behind, in whatever order they are run."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from typing_extensions import get_protocol_members

from gnnrec_core.base.errors import UnsupportedError
from gnnrec_core.explain import EXPLAINERS
from gnnrec_core.explain.explaining import explain
from gnnrec_core.explain.scores.scoring import scorer_of
from gnnrec_core.models import MODELS
from gnnrec_core.models.history_protocol import HistoryRecommender
from gnnrec_core.models.protocol import PropagationRecommender
from gnnrec_core.runs.recommend import left_out
from gnnrec_core.runs.run import Run
from tests.models.runs import fitted
from tests.worlds import random_dataset

QUICK = {"embedding_dim": 8, "epochs": 4, "batch_size": 64, "validate_every": 2}
FAST = {
    "gnnexplainer": {"n_epochs": 10, "n_seeds": 2},
    "pyg_gnnexplainer": {"n_epochs": 5},
    "shapley": {"n_samples": 3},
    "attention": {"n_compared": 3},
}
USER = 3


def has_any(model, *abilities):
    """Whether the class of a model has all members of one of these protocols."""
    kind = MODELS.load(model)
    return any(all(hasattr(kind, name) for name in get_protocol_members(ability)) for ability in abilities)


WITH_PARTS = [name for name in MODELS.names if has_any(name, PropagationRecommender, HistoryRecommender)]
PAIRS = [(model, method) for model in MODELS.names for method in EXPLAINERS.names]


@pytest.fixture(scope="module")
def world():
    return random_dataset(side_edges=True)


@pytest.fixture(scope="module")
def models(world):
    found = {}
    for name in MODELS.names:
        fields = MODELS.load(name).settings_type.model_fields
        found[name] = fitted(name, world, **{key: value for key, value in QUICK.items() if key in fields})
    return found


def best_item(model, world):
    scores = np.array(model.score(np.array([USER]))[0])
    scores[left_out(world)[[USER]].indices] = -np.inf
    return int(np.argmax(scores))


def answer(model, world, method, target="score", seed=0):
    """The explanation without its timing, or the sentence that says why there is none."""
    try:
        found = explain(
            Run.of(model, world), USER, best_item(model, world), method, target, 5, FAST.get(method), seed, 3
        )
    except UnsupportedError as error:
        return f"{error.message} {error.hint}"
    return replace(found, seconds=0.0)


@pytest.mark.parametrize(("name", "method"), PAIRS)
def test_an_answer_that_adds_up_or_a_sentence(models, world, name, method):
    model = models[name]
    for target in ("score", "margin"):
        found = answer(model, world, method, target)
        if isinstance(found, str):
            with pytest.raises(UnsupportedError):
                EXPLAINERS.load(method)().supports(model)
            assert len(found.split()) > 6
            continue
        EXPLAINERS.load(method)().supports(model)
        values = [part.value for part in found.contributions]
        assert np.isfinite(values).all() and values == sorted(values, key=lambda value: -abs(value))
        assert found.case.explained == found.score and found.rank == 1
        assert (
            found.method == method
            and found.settings.keys() == EXPLAINERS.load(method).settings_type().model_dump().keys()
        )
        if found.is_additive:
            assert found.completeness_error <= 1e-5 * max(1.0, abs(found.score))
            assert found.baseline + sum(values) == pytest.approx(found.score, abs=1e-5 * max(1.0, abs(found.score)))
        else:
            assert found.completeness_error is None
        assert all(part.checked is not None for part in found.contributions[:3] if part.edge is not None)
        assert found.narrative and all(sentence.endswith(".") for sentence in found.narrative)


@pytest.mark.parametrize("target", ["score", "margin"])
@pytest.mark.parametrize("name", WITH_PARTS)
def test_a_ledger_is_complete_also_where_the_explained_number_is_a_small_difference(models, world, name, target):
    found = answer(models[name], world, "ledger", target)
    assert found.completeness_error <= 1e-6 * abs(found.score)


@pytest.mark.parametrize("name", WITH_PARTS)
def test_checks_are_scores_on_the_rebuilt_graph(models, world, name):
    model = models[name]
    found = answer(model, world, "ledger")
    for part in found.contributions[:3]:
        changed = model.graph.without(np.array([part.edge]))
        if hasattr(model, "propagation"):
            score = float(model.propagation(changed).score(USER, found.case.item_index))
        else:
            score = float(model.score_on(changed, np.array([USER]))[0, found.case.item_index])
        assert part.checked.score_without == pytest.approx(score, abs=1e-5 * max(1.0, abs(score)))


@pytest.mark.parametrize("name", MODELS.names)
def test_any_order_leaves_the_model_and_every_answer_bit_identical(models, world, name):
    model = models[name]
    before = {key: value.copy() for key, value in model.tensors().items()}
    scores, random_state = model.score(np.arange(world.n_users)), torch.get_rng_state()
    alone = {method: answer(model, world, method) for method in EXPLAINERS.names}
    for seed in range(2):
        for method in np.random.default_rng(seed).permutation(EXPLAINERS.names):
            assert answer(model, world, str(method)) == alone[method], method
    after = model.tensors()
    assert before.keys() == after.keys()
    assert all(np.array_equal(before[key], after[key]) for key in before)
    assert np.array_equal(model.score(np.arange(world.n_users)), scores)
    assert torch.equal(torch.get_rng_state(), random_state)


@pytest.mark.parametrize("method", EXPLAINERS.names)
def test_the_seed_decides_and_only_where_something_is_drawn(models, world, method):
    model = models["gat"]
    first, other = answer(model, world, method, seed=0), answer(model, world, method, seed=1)
    assert first == answer(model, world, method, seed=0)
    values = [[(part.edge, part.value) for part in found.contributions] for found in (first, other)]
    is_stochastic = getattr(EXPLAINERS.load(method), "is_stochastic", False)
    assert (values[0] != values[1]) == is_stochastic


@pytest.mark.parametrize("method", EXPLAINERS.names)
def test_a_user_without_interactions_gets_an_answer(world, method):
    interactions = world.interactions
    keep = interactions.user_index != 0
    columns = ("user_index", "item_index", "weight", "split", "timestamp", "rating")
    emptied = replace(
        world,
        interactions=replace(interactions, **{name: getattr(interactions, name)[keep] for name in columns}),
        relations=(),
    )
    model = fitted("lightgcn", emptied, embedding_dim=8, epochs=1, batch_size=64)
    try:
        found = explain(Run.of(model, emptied), 0, 1, method, "score", 5, FAST.get(method), 0, 3)
    except UnsupportedError as error:
        assert error.hint
        return
    assert all(part.edge is None for part in found.contributions)
    if found.is_additive:
        assert found.completeness_error <= 1e-5 * max(1.0, abs(found.score))


def test_scorers_cover_every_model_with_parts_and_the_others_say_why_not(models):
    for name, model in models.items():
        if name not in WITH_PARTS:
            with pytest.raises(UnsupportedError, match="has no parts") as caught:
                scorer_of(model)
            assert model.no_parts in caught.value.message
        else:
            assert scorer_of(model).graph is model.graph


def test_listing_explainers_imports_no_torch():
    code = "import sys; from gnnrec_core.explain import EXPLAINERS; print(EXPLAINERS.names, 'torch' in sys.modules)"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip().endswith("False")
