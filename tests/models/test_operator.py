"""Age and degrees in the operator: weights by hand, ledgers that stay exact, refits, and sliders without training."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from gnnrec_core.base.errors import RequestError
from gnnrec_core.base.settings import read_settings
from gnnrec_core.data.dataset import without_rows
from gnnrec_core.explain.explaining import explain
from gnnrec_core.graph import aged, build_graph
from gnnrec_core.models.lightgcn import LightGCN
from gnnrec_core.models.ops.edges.edge_graph import hidden_edges
from gnnrec_core.models.ops.fitting import CUT, MOST_LATER, GradientFit
from gnnrec_core.models.ops.sampling import Sampler
from gnnrec_core.models.protocol import FitOptions
from gnnrec_core.runs.training import fit
from tests.worlds import random_dataset

DAY = 86_400
LINEAR = ("lightgcn", "gat", "ease", "itemknn", "gfcf", "lowpass", "chebycf")
QUICK = {"embedding_dim": 8, "epochs": 2}


def timed():
    """A random world in which interaction n happened n days after the first."""
    world = random_dataset()
    times = DAY * np.arange(len(world.interactions), dtype=np.int64)
    return replace(world, interactions=replace(world.interactions, timestamp=times))


def trained(world, name, **settings):
    quick = {key: value for key, value in QUICK.items() if name in ("lightgcn", "gat")}
    return fit(world, name, {**quick, **settings})


def test_an_interaction_one_half_life_old_counts_half():
    world = timed()
    rows = world.interactions.rows("train")
    last = len(world.interactions) - 1
    assert aged(world, rows, 10.0) == pytest.approx(np.maximum(2.0 ** ((rows - last) / 10), 1e-6), rel=1e-4)
    assert (aged(world, rows, 0.0) == 1).all()
    graph = build_graph(world, 0.0, 40.0)
    assert graph.edge_weight[: len(rows)] == pytest.approx(2.0 ** ((rows - last) / 40), rel=1e-4)
    untimed = replace(world, interactions=replace(world.interactions, timestamp=None))
    with pytest.raises(RequestError, match="no time"):
        build_graph(untimed, 0.0, 10.0)


@pytest.mark.parametrize("name", LINEAR)
def test_ledgers_stay_exact_with_age_and_degrees_in_the_operator(name):
    world = timed()
    run = trained(world, name, half_life_days=20.0, **({} if name == "gat" else {"degree_power": -0.3}))
    assert np.abs(run.model.score(np.arange(3))).max() > 0
    item = int(run.model.score(np.array([2]))[0].argmax())
    assert explain(run, 2, item, "ledger", check_top=1).completeness_error < 1e-6


@pytest.mark.parametrize("name", ["ease", "itemknn", "gfcf", "lowpass"])
def test_a_live_setting_is_what_training_with_it_gives(name):
    """Nothing that is computed from the data depends on age or degree power, so a slider is exact."""
    world, wanted = timed(), {"half_life_days": 15.0, "degree_power": 0.2}
    plain, anew = trained(world, name), trained(world, name, **wanted)
    live = type(plain.model).restore(world, plain.settings.model_copy(update=wanted), plain.model.tensors())
    users = np.arange(world.n_users)
    assert live.score(users) == pytest.approx(anew.model.score(users), abs=1e-6)
    assert np.abs(live.score(users) - plain.model.score(users)).max() > 1e-3


@pytest.mark.parametrize("name", ["ease", "itemknn", "gfcf"])
def test_refits_without_an_interaction_stay_exact(name):
    world, settings = timed(), {"half_life_days": 15.0, "degree_power": -0.2}
    run = trained(world, name, **settings)
    edges = run.graph.history_edges(3)[:1]
    fitted = trained(without_rows(world, run.graph.edge_interaction[edges]), name, **settings)
    assert run.model.scores_refitted(3, [edges])[0] == pytest.approx(fitted.model.score(np.array([3]))[0], abs=1e-5)


def test_lightgcn_with_a_degree_power_is_lightgcn_between_powers_of_degrees():
    """D^q P^l D^-q E: what LightGCN makes of D^-q E, times D^q."""
    world = timed()
    run = trained(world, "lightgcn")
    q, degree = 0.4, run.graph.degree
    scale = np.where(degree > 0, np.maximum(degree, 1e-12) ** q, 1.0)[:, None]
    moved = run.settings.model_copy(update={"degree_power": q})
    found = type(run.model).restore(world, moved, run.model.tensors()).embeddings()
    inner = {"embedding.weight": (run.model.tensors()["embedding.weight"] / scale).astype(np.float32)}
    plain = type(run.model).restore(world, run.settings, inner).embeddings()
    assert found == pytest.approx(plain * scale, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("name", ["lightgcn", "gat"])
def test_edge_dropout_hides_its_share_of_the_edges_and_only_in_training(name):
    world = timed()
    settings = {**QUICK, "edge_dropout": 0.3, "hide_batch": False, "batch_size": 64}
    run, plain = fit(world, name, settings), fit(world, name, {**settings, "edge_dropout": 0.0})
    assert np.abs(run.model.score(np.arange(4)) - plain.model.score(np.arange(4))).max() > 1e-4
    again = fit(world, name, settings)
    assert np.array_equal(run.model.score(np.arange(4)), again.model.score(np.arange(4)))
    half = run.graph.n_edges // 2
    sampler = Sampler(run.graph, "cpu")
    batches = list(sampler.shared(sampler.generator(0, 1), 20, 8, 0.0))
    hidden = [hidden_edges(batch, run.settings, 0, half) for batch in batches]
    assert all(len(torch.unique(each)) == len(each) and int(each.max()) < half for each in hidden)
    share = np.mean([len(each) / half for each in hidden])
    assert share == pytest.approx(0.3, abs=0.1) and not torch.equal(hidden[0], hidden[1])
    both = run.settings.model_copy(update={"hide_batch": True})
    asked = set((batches[0].all_edges % half).tolist())
    assert set(hidden_edges(batches[0], both, 0, half).tolist()) == asked | set(hidden[0].tolist())


def turned(model, world, share):
    """Mean 1 - cosine of what people are on the whole graph and without the latest `share` of the interactions."""
    log, rows = world.interactions, world.interactions.rows("train")
    latest = rows[np.argsort(-log.timestamp[rows], kind="stable")][: int(share * len(rows))]
    then = type(model).restore(without_rows(world, np.sort(latest)), model.settings, model.tensors())
    now, before = (one.embeddings()[: world.n_users].astype(float) for one in (model, then))
    lengths = np.linalg.norm(now, axis=1) * np.linalg.norm(before, axis=1)
    some = lengths > 0
    return float(np.mean(1 - (now * before).sum(1)[some] / lengths[some]))


def test_the_penalty_on_time_is_what_it_says_and_holds_people_where_they_were():
    world = timed()
    settings = {**QUICK, "batch_size": 64, "epochs": 20, "start": "random"}
    made, free = (fit(world, "lightgcn", {**settings, "time_consistency": w}).model for w in (10.0, 0.0))
    assert turned(made, world, 0.3) < 0.7 * turned(free, world, 0.3)
    fitting = GradientFit(free_of(world, {**settings, "time_consistency": 2.0}), FitOptions())
    batch = next(fitting.batches(2))
    nodes = torch.cat([batch.users, batch.items + world.n_users, batch.negatives.flatten() + world.n_users])
    draw = fitting.sampler.generator(0, 2, CUT)
    n = int(torch.rand((), generator=draw) * MOST_LATER * len(fitting.latest))
    times = world.interactions.timestamp[fitting.model.graph.edge_interaction[fitting.latest]]
    assert (np.diff(times) <= 0).all() and len(times) == len(world.interactions.rows("train")) and n > 0
    less = without_rows(world, np.sort(fitting.model.graph.edge_interaction[fitting.latest[:n]]))
    then = type(free).restore(less, free.settings, fitting.model.tensors())
    ends = np.concatenate([batch.users, batch.items + world.n_users])
    now, before = (torch.from_numpy(one.embeddings()[ends].copy()) for one in (fitting.model, then))
    by_hand = 2.0 * float((1 - torch.nn.functional.cosine_similarity(now, before)).mean())
    _, beside = fitting._losses(batch, nodes)
    assert float(beside.detach()) == pytest.approx(by_hand, rel=1e-4)


def free_of(world, settings):
    """An untrained LightGCN."""
    checked = read_settings(LightGCN.settings_type, settings)
    return LightGCN.create(world, checked, 0, "cpu")


def test_without_times_there_is_nothing_to_be_consistent_over():
    world = timed()
    untimed = replace(world, interactions=replace(world.interactions, timestamp=None))
    with pytest.raises(RequestError, match="no time"):
        fit(untimed, "lightgcn", {**QUICK, "time_consistency": 1.0})


def test_a_module_of_layers_drops_edges_and_heeds_time_too():
    world = timed()
    quick = {"epochs": 2, "embedding_dim": 8, "hide_batch": False}
    found = [
        fit(world, "gat_conv", {**quick, **more}).model.score(np.arange(4))
        for more in ({}, {"edge_dropout": 0.5}, {"time_consistency": 5.0})
    ]
    assert np.abs(found[0] - found[1]).max() > 1e-5 and np.abs(found[0] - found[2]).max() > 1e-6
