"""The tables behind the charts on the oracle's world and on the sample, and what looks inside a model."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.sparse as sp

from gnnrec_core.audit.curves import (
    calibration_profiles,
    cold_start_curve,
    exposure_ratios,
    lorenz_curves,
    of_enough,
    popularity_deciles,
    popularity_exposure,
    segment_table,
)
from gnnrec_core.audit.metrics import METRICS
from gnnrec_core.audit.sources import gather
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


def test_segments_by_hand():
    """Item 0 is the head, 1 to 4 the middle, 5 to 7 the tail; 18 train interactions, 18 places, 10 held out."""
    table = segment_table(E)
    assert table["train_share"].to_list() == pytest.approx([5 / 18, 11 / 18, 2 / 18])
    assert table["list_share"].to_list() == pytest.approx([1 / 18, 13 / 18, 4 / 18])
    exposure = [E.exposure[part].sum() / E.exposure.sum() for part in (slice(0, 1), slice(1, 5), slice(5, 8))]
    assert table["exposure_share"].to_list() == pytest.approx(exposure)
    assert table["coverage"].to_list() == pytest.approx([1, 1, 2 / 3])
    assert table["recall"].to_list() == pytest.approx([np.nan, 3 / 3, 3 / 7], nan_ok=True)
    ratios = exposure_ratios(E, None, "train")
    assert ratios["n_items"].to_list() == [1, 4, 3]
    assert ratios["ratio"].to_list() == pytest.approx([e / t for e, t in zip(exposure, table["train_share"])])
    assert exposure_ratios(E, None, "held-out")["target_share"].to_list() == pytest.approx([0, 0.3, 0.7])


def test_deciles_by_hand():
    """Eight items in ten parts: one each, the most popular first, and two empty parts."""
    table = popularity_deciles(E)
    assert table["decile"].to_list() == list(range(1, 11))
    for column, counts in (
        ("history", [5, 4, 3, 2, 2, 1, 1, 0, 0, 0]),
        ("lists", [1, 2, 3, 4, 4, 2, 2, 0, 0, 0]),
        ("hits", [0, 0, 0, 2, 1, 1, 2, 0, 0, 0]),
        ("held_out", [0, 0, 0, 2, 1, 2, 2, 3, 0, 0]),
    ):
        assert table[column].to_list() == pytest.approx(np.array(counts) / sum(counts))


def test_medians_of_exposure_by_popularity():
    points = popularity_exposure(E)
    assert points.item_index.tolist() == list(range(8)) and points.popularity.tolist() == [5, 4, 3, 2, 2, 1, 1, 0]
    assert points.bin_popularity.tolist() == [1, 2, 3, 4, 5]  # an item of nobody is in no bin
    exposure = E.exposure / 6
    of_two = [exposure[[5, 6]].mean(), exposure[[3, 4]].mean()]
    assert points.bin_exposure == pytest.approx([*of_two, exposure[2], exposure[1], exposure[0]])


def test_a_lorenz_curve_has_as_many_points_as_asked_for():
    for curve, values in zip(lorenz_curves(E, 5), (E.exposure, E.counts, E.popularity), strict=True):
        assert curve.x.tolist() == [0, 0.25, 0.5, 0.75, 1]
        poorest = np.concatenate([[0], np.cumsum(np.sort(values))]) / values.sum()
        assert curve.y == pytest.approx(poorest[::2])
    assert all(len(curve.x) == 9 for curve in lorenz_curves(E))


def test_deciles_and_points_of_items():
    for column in ("history", "lists", "hits", "held_out"):
        assert popularity_deciles(E)[column].sum() == pytest.approx(1)
    points = popularity_exposure(E, sample=4, seed=1)
    assert len(points.item_index) == 4 == len(np.unique(points.item_index)) == len(popularity_exposure(E, 4).item_index)
    assert np.allclose(points.exposure, E.exposure[points.item_index] / 6)


def test_calibration_profiles_are_shares():
    table = calibration_profiles(E, np.array([0, 4]))
    assert table["history"].sum() == pytest.approx(1) and table["lists"].sum() == pytest.approx(1)
    assert table["history"][0] == pytest.approx((1 + 1 + 0.5) / 3)  # items 0, 1 of g1 and item 2 of g1 and g2


def test_curves_of_short_histories():
    e = gather(trained(sample(), "popularity"), 10)
    users = cold_start_curve(e)
    assert users["n_users"].sum() == e.evaluable.sum() and (users["n_users"] >= 10).all()
    assert len(users) == 8 and (users["high_items"][:-1] < users["low_items"][1:]).all()
    ndcg = METRICS["ndcg"].compute(e)
    for row in users.iter_rows(named=True):
        inside = e.evaluable & (e.n_history >= row["low_items"]) & (e.n_history <= row["high_items"])
        assert row["n_users"] == inside.sum() and row["value"] == pytest.approx(ndcg[inside].mean())
        assert row["held_out"] == pytest.approx(e.n_relevant[inside].mean()) and row["low"] < row["value"] < row["high"]
    weighted = (users["value"] * users["n_users"]).sum() / users["n_users"].sum()
    assert weighted == pytest.approx(METRICS["ndcg"].value(e))


def test_layers_end_in_the_model_itself():
    run = run_of(sample(), Linear(sample(), n_layers=2), "lightgcn")
    table, whole = popularity_by_layer(run, 10), gather(run, 10)
    assert table["depth"].to_list() == [0, 1, 2]
    assert table["arp"][-1] == pytest.approx(METRICS["arp"].value(whole), rel=1e-3)
    with pytest.raises(UnsupportedError, match="layers"):
        popularity_by_layer(trained(sample(), "popularity"))


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


def test_where_nobody_is_judged_the_curve_is_empty_and_still_a_table():
    nobody = replace(E, relevant=sp.csr_array(E.relevant.shape, dtype=bool))
    table = cold_start_curve(nobody)
    assert table.height == 0 and {"low_items", "value", "held_out"} <= set(table.columns)
    assert len(cold_start_chart(table).data[0].x) == 0


def test_what_is_not_said_of_a_segment_is_of_enough_people_or_one_more_is_not_said():
    """Four segments that 30, 14, 12 and 9 people hold something of: of the last one nothing is said, nor of the third,
    or what is left over would be those nine."""
    member = np.zeros((65, 4))
    for column, (start, stop) in enumerate(((0, 30), (30, 44), (44, 56), (56, 65))):
        member[start:stop, column] = 1
    people = SimpleNamespace(n=65, relevant=sp.csr_array(member))
    assert of_enough(people, np.eye(4)).tolist() == [True, True, False, False]
    member[0, 3] = 1  # the fourth has ten people now
    assert of_enough(SimpleNamespace(n=65, relevant=sp.csr_array(member)), np.eye(4)).all()
    member[56:65, 3], member[0, 3] = 0, 0  # nobody: zero is said of it
    assert of_enough(SimpleNamespace(n=65, relevant=sp.csr_array(member)), np.eye(4)).all()
    assert of_enough(SimpleNamespace(n=9, relevant=sp.csr_array(member[:9])), np.eye(4)).all()
