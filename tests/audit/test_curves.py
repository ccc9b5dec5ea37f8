"""The tables behind the charts on the oracle's world and on the sample, and what looks inside a model."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from gnnrec_core.audit.curves import (
    calibration_profiles,
    cold_start_curve,
    exposure_ratios,
    item_cold_start_curve,
    lorenz_curves,
    popularity_deciles,
    popularity_exposure,
    provider_table,
    rarefaction,
    segment_table,
)
from gnnrec_core.audit.groups import from_labels
from gnnrec_core.audit.metrics import METRICS
from gnnrec_core.audit.sources import gather
from gnnrec_core.audit.studies.leakage import auc_of, leakage, logistic
from gnnrec_core.audit.studies.popularity_by_layer import popularity_by_layer
from gnnrec_core.audit.studies.twins import find_twins
from gnnrec_core.base.errors import UnsupportedError
from gnnrec_core.render.charts.exposure_charts import cold_start_chart
from tests.audit.oracle_world import ORACLE, world
from tests.audit.small_runs import Linear, run_of, sample, trained

E = world()


def test_the_lorenz_curve_of_the_oracle():
    places = next(curve for curve in lorenz_curves(E) if curve.name == "places in lists")
    expected = ORACLE["values"]["coverage_concentration.lorenz_points_cumulative_count_share"]["value"]
    assert np.allclose(places.y, expected) and places.x.tolist() == [i / 8 for i in range(9)]


def test_exposure_against_a_target():
    table = exposure_ratios(E, E.providers, "catalogue")
    share = ORACLE["values"]["provider_fairness.exposure_share"]["value"]
    assert dict(table.select("segment", "exposure_share").rows()) == pytest.approx(share)
    assert table["target_share"].to_list() == [3 / 8, 5 / 8]
    assert table["ratio"].to_list() == pytest.approx([share["X"] / (3 / 8), share["Y"] / (5 / 8)])
    assert exposure_ratios(E, None, "held-out")["target_share"].sum() == pytest.approx(1)


def test_segments_add_up():
    table = segment_table(E)
    assert table["n_items"].to_list() == [1, 4, 3] and table["held_out"].to_list() == [0, 3, 7]
    for column in ("train_share", "list_share", "exposure_share"):
        assert table[column].sum() == pytest.approx(1)
    assert provider_table(E).height == 2


def test_deciles_and_points_of_items():
    for column in ("history", "lists", "hits", "held_out"):
        assert popularity_deciles(E)[column].sum() == pytest.approx(1)
    points = popularity_exposure(E, sample=4, seed=1)
    assert len(points.item_index) == 4
    assert np.allclose(points.exposure, E.exposure[points.item_index] / 6)


def test_calibration_profiles_are_shares():
    table = calibration_profiles(E, np.array([0, 4]))
    assert table["history"].sum() == pytest.approx(1) and table["lists"].sum() == pytest.approx(1)
    assert table["history"][0] == pytest.approx((1 + 1 + 0.5) / 3)  # items 0, 1 of g1 and item 2 of g1 and g2


def test_curves_of_short_histories():
    e = gather(trained(sample(), "popularity"), 10)
    users = cold_start_curve(e)
    assert users["n_users"].sum() == e.evaluable.sum() and (users["n_users"] >= 10).all()
    weighted = (users["value"] * users["n_users"]).sum() / users["n_users"].sum()
    assert weighted == pytest.approx(METRICS["ndcg"].value(e))
    items = item_cold_start_curve(e)
    assert items["held_out"].sum() == e.demand.sum()
    assert (items["recall"] * items["held_out"]).sum() == pytest.approx(e.hit.sum())
    assert rarefaction(e)["coverage"].is_sorted()


def test_layers_end_in_the_model_itself():
    run = run_of(sample(), Linear(sample(), n_layers=2), "lightgcn")
    table, whole = popularity_by_layer(run, 10), gather(run, 10)
    assert table["depth"].to_list() == [0, 1, 2]
    assert table["arp"][-1] == pytest.approx(METRICS["arp"].value(whole), rel=1e-3)
    with pytest.raises(UnsupportedError, match="layers"):
        popularity_by_layer(trained(sample(), "popularity"))


def test_a_group_that_the_embeddings_hold_leaks_and_a_random_one_does_not():
    model = Linear(sample(), dim=8)
    labels = np.where(model.embeddings()[:800, 3] > 0, "a", "b")
    run = run_of(sample(), model, "lightgcn")
    told = leakage(run, from_labels("planted", labels), n_shuffles=9)
    assert all(entry.auc > 0.95 and entry.leaks for entry in told)
    chance = leakage(run, from_labels("chance", np.random.default_rng(3).permutation(labels)), n_shuffles=9)
    assert all(0.4 < entry.auc < 0.6 for entry in chance)
    with pytest.raises(UnsupportedError, match="no user embeddings"):
        leakage(trained(sample(), "popularity"), from_labels("x", labels))


def test_the_regression_is_at_its_minimum():
    rng = np.random.default_rng(0)
    features, inside = rng.normal(size=(200, 3)), rng.random(200) < 0.4
    weights = logistic(features, inside)
    chance = 1 / (1 + np.exp(-(weights[0] + features @ weights[1:])))
    slope = np.concatenate([[(chance - inside).sum()], features.T @ (chance - inside) + weights[1:]])
    assert np.abs(slope).max() < 1e-2
    assert auc_of(np.array([1.0, 1.0, 2.0]), np.array([True, False, True])) == 0.75


def test_twins_by_brute_force():
    rng = np.random.default_rng(0)
    dense = rng.random((60, 12)) < 0.5
    dense[10], dense[20] = dense[0], dense[0]
    dense[5] = False
    for overlap in (0.99, 0.6):
        found = find_twins(sp.csr_array(dense), overlap)
        pairs = {}
        for a in range(60):
            for b in range(a + 1, 60):
                either = (dense[a] | dense[b]).sum()
                if either and (dense[a] & dense[b]).sum() / either >= overlap - 1e-12:
                    pairs[a, b] = (dense[a] & dense[b]).sum() / either
        assert dict(
            zip(zip(found.first.tolist(), found.second.tolist(), strict=True), found.history_overlap, strict=True)
        ) == (pytest.approx(pairs))


def test_the_twins_of_the_oracle_sit_in_different_groups():
    from gnnrec_core.audit.studies.individuals import twin_table

    groups = from_labels("g", np.array(["A", "A", "B", "B", "B", "B"]))
    table = twin_table(E, grouping=groups)
    assert table.rows() == [(0, 4, 1.0, 0.5, True)]
    near = twin_table(E, min_overlap=0.51)
    assert near.height == 1 and not near["across"].any()


def test_where_nobody_is_judged_the_curve_is_empty_and_still_a_table():
    nobody = replace(E, relevant=sp.csr_array(E.relevant.shape, dtype=bool))
    table = cold_start_curve(nobody)
    assert table.height == 0 and {"low_items", "value", "held_out"} <= set(table.columns)
    assert len(cold_start_chart(table).data[0].x) == 0
