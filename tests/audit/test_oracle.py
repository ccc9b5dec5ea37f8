"""Every value of the shared oracle to 1e-9; a copy of its values is ours, so this runs without it too."""

import json

import numpy as np
import pytest
from scipy.stats import binom

from gnnrec_core.audit.metrics import METRICS, accuracy, calibration, coverage, diversity, individual, popularity
from gnnrec_core.audit.metrics import providers as prov
from gnnrec_core.audit.metrics import users as user_metrics
from gnnrec_core.audit.rerankers import minimum_protected
from gnnrec_core.audit.stats.spread import entropy, gini, js, lorenz
from gnnrec_core.ranking.topk import top_k
from tests.audit.oracle_world import N_USERS, ORACLE, matrix, members, small, world
from tests.worlds import SHARED, needs_shared

E = world()
A, B = members("A"), members("B")
NDCG = accuracy.ndcg(E)
GROUPED = {"A": float(np.nanmean(NDCG[A])), "B": float(np.nanmean(NDCG[B]))}
HITS = {"A": float(np.nanmean(accuracy.hit_rate(E)[A])), "B": float(np.nanmean(accuracy.hit_rate(E)[B]))}


def mean(values):
    return float(np.nanmean(values))


def lift(rows):
    return METRICS["popularity_lift"].value(E.subset(np.flatnonzero(rows)))


def per_provider(values):
    return dict(zip(E.providers.labels, values.tolist(), strict=True))


def x_over_y(values):
    return float(values[0] / values[1])


def disparity():
    return {
        f"{name}-{label}": value
        for name, rows in (("A", A), ("B", B))
        for label, value in per_provider(prov.bias_disparity(E, rows)).items()
    }


FLIPPED = world("recs_flipped")
COMPUTED = {
    **{metric.oracle: (lambda metric=metric: metric.value(E)) for metric in METRICS.values() if metric.oracle},
    "accuracy_variants_used_by_peers.map@3_full_denominator": lambda: METRICS["map"].value(E, "ranx"),
    "accuracy_variants_used_by_peers.map@3_hits_denominator": lambda: METRICS["map"].value(E, "torchmetrics"),
    "accuracy_variants_used_by_peers.map@3_elliot": lambda: METRICS["map"].value(E, "Elliot"),
    "accuracy_variants_used_by_peers.ndcg@3_lenskit_discount": lambda: METRICS["ndcg"].value(E, "LensKit"),
    "accuracy_variants_used_by_peers.ndcg@3_ngcf_ideal": lambda: METRICS["ndcg"].value(E, "NGCF"),
    "accuracy_variants_used_by_peers.ndcg@3_counting_no_test_users_as_zero": lambda: METRICS["ndcg"].value(
        E, "torchmetrics"
    ),
    "coverage_concentration.user_coverage_hit@3": lambda: METRICS["hit_rate"].value(E),
    "coverage_concentration.entropy_nats@3": lambda: coverage.entropy_nats(E),
    "coverage_concentration.entropy_bits@3": lambda: coverage.entropy_bits(E),
    "coverage_concentration.lorenz_points_cumulative_count_share": lambda: lorenz(E.counts),
    "coverage_concentration.top20pct_exposure_share@3": lambda: coverage.top_share(E, 0.2),
    "concentration_variants_used_by_peers.gini_elliot(1-G*n/(n-1))": lambda: METRICS["gini"].value(E, "Elliot"),
    "concentration_variants_used_by_peers.gini_evidently(recommended_only,n-1)": lambda: METRICS["gini"].value(
        E, "Evidently"
    ),
    "concentration_variants_used_by_peers.entropy_recbole(H/n_recommended)": lambda: METRICS["entropy"].value(
        E, "RecBole"
    ),
    "popularity_bias.arp_fraction_of_users@3": lambda: mean(popularity.arp_fraction(E)),
    "popularity_bias.delta_gap_A": lambda: lift(A),
    "popularity_bias.delta_gap_B": lambda: lift(B),
    "popularity_bias.aplt@3(tail=items outside the head that holds 80% of interactions)": lambda: METRICS[
        "long_tail_share"
    ].value(E, "Elliot"),
    "popularity_bias.aclt@3": lambda: mean(popularity.tail_count_80(E)),
    "popularity_bias.tail_item_coverage@3": lambda: tail_80_coverage(),
    "popularity_bias.upd_groupwise(mean of group means)": lambda: float(
        np.mean([np.mean(popularity.upd(E)[rows]) for rows in (A, B)])
    ),
    "novelty_diversity_serendipity.novelty_self_information_bits@3(interactions)": lambda: METRICS["novelty"].value(
        E, "Recommenders"
    ),
    "novelty_diversity_serendipity.epc@3": lambda: mean(diversity.discounted_novelty_epc(E)),
    "novelty_diversity_serendipity.efd@3": lambda: mean(diversity.discounted_novelty_efd(E)),
    "novelty_diversity_serendipity.ild_primary_category@3": lambda: mean(
        diversity.ild_category(world(categories="primary_category"))
    ),
    "novelty_diversity_serendipity.ild_genre_cosine@3": lambda: METRICS["ild"].value(E, "Recommenders"),
    "user_fairness.ndcg_group_means": lambda: GROUPED,
    "user_fairness.ndcg_gap_difference(max-min)": lambda: GROUPED["A"] - GROUPED["B"],
    "user_fairness.ndcg_gap_ratio(min/max)": lambda: GROUPED["B"] / GROUPED["A"],
    "user_fairness.hit_rate_impact_ratio(LL144 style)": lambda: {g: v / max(HITS.values()) for g, v in HITS.items()},
    "provider_fairness.exposure_share": lambda: per_provider(prov.exposure_shares(E)),
    "provider_fairness.exposed_utility_ratio(DTR,X/Y)": lambda: x_over_y(prov.exposed_utility(E)),
    "provider_fairness.realised_utility_ratio(DIR,X/Y)": lambda: x_over_y(prov.realised_utility(E)),
    "provider_fairness.exposure_js_divergence_to_catalogue_base2": lambda: prov.exposure_divergence(E),
    "provider_fairness.bias_disparity": disparity,
    "individual_counterfactual.counterfactual_jaccard_distance@3": lambda: (
        1 - mean(individual.list_overlap(E.lists, FLIPPED.lists))
    ),
    "individual_counterfactual.counterfactual_rbo_truncated_p0.9@3": lambda: mean(
        individual.rank_biased_overlap(E.lists, FLIPPED.lists)
    ),
    "individual_counterfactual.counterfactual_share_of_users_changed": lambda: mean(
        individual.list_changed(E.lists, FLIPPED.lists)
    ),
    "individual_counterfactual.counterfactual_ndcg_change(mean |delta|)": lambda: mean(
        np.abs(accuracy.ndcg(FLIPPED) - NDCG)
    ),
}


def tail_80_coverage():
    return float((E.counts[~popularity.prefix_holding(E.popularity, 0.8)] > 0).mean())


def close(found, expected):
    if isinstance(expected, dict):
        assert found.keys() == expected.keys()
        return all(close(found[key], value) for key, value in expected.items())
    return np.allclose(found, expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", ORACLE["values"])
def test_value(name):
    assert close(COMPUTED[name](), ORACLE["values"][name]["value"])


@pytest.mark.parametrize("metric", [m for m in METRICS.values() if "per_user" in ORACLE["values"].get(m.oracle, {})])
def test_values_of_each_user(metric):
    expected = ORACLE["values"][metric.oracle]["per_user"]
    found = metric.compute(E)
    assert close({user: found[int(user)] for user in expected}, expected)
    assert all(np.isnan(found[user]) for user in range(N_USERS) if str(user) not in expected)


def test_the_copy_is_the_oracle_and_nothing_is_left_out():
    assert set(COMPUTED) == set(ORACLE["values"]) and len(COMPUTED) == 71


@needs_shared
def test_our_copy_is_the_shared_oracle():
    shared = json.loads((SHARED / "oracle" / "metric_oracle.json").read_text(encoding="utf-8"))
    flat = {f"{f}.{n}": entry["value"] for f, entries in shared["metrics"].items() for n, entry in entries.items()}
    assert flat == {name: entry["value"] for name, entry in ORACLE["values"].items()}


def test_values_that_peers_print_natively():
    native = ORACLE["native"]
    assert close(METRICS["coverage"].value(E, "RecBole"), native["item_coverage@3__recbole_native"])
    assert close(METRICS["ndcg"].value(E, "RecTools"), native["ndcg@3__rectools_default"])
    assert close(METRICS["coverage"].value(E, "Evidently"), native["coverage_native"])
    assert close(METRICS["map"].value(E, "RecTools"), native["map"])


CASES = {case["name"]: case for case in ORACLE["edge_cases"]}


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if "recs" in case])
def test_edge_case_of_one_list(name):
    case = CASES[name]
    evidence = small(case["recs"], case["test"], case["k"])
    for metric, expected in case["expect"].items():
        found = METRICS[metric.split("@")[0]].compute(evidence)[0]
        assert np.isnan(found) if expected is None else close(found, expected), metric


def test_equal_scores_stand_in_the_order_of_the_items():
    case = CASES["tie in scores"]
    values = np.full((1, 11), -1.0)
    for item, score in case["scores"].items():
        values[0, int(item)] = score
    assert top_k(values, case["k"])[0][0].tolist() == case["expect_order"]


@pytest.mark.parametrize("name", ["all items recommended equally", "one item gets everything"])
def test_degenerate_distributions(name):
    counts = np.array(CASES[name]["counts"], dtype=float)
    found = {
        "gini": gini(counts),
        "entropy_normalised": entropy(counts) / np.log(len(counts)),
        "item_coverage": float((counts > 0).mean()),
    }
    assert close(found, CASES[name]["expect"])


def test_bounds_of_jensen_shannon():
    case = CASES["Jensen-Shannon bounds"]
    p, q = (np.array(case[name], dtype=float) for name in "pq")
    assert close(js(p, q), case["expect"]["js_divergence_base2"]) and close(np.sqrt(js(p, q)), 1.0)
    assert js(p, p) == 0.0


def test_a_group_without_evaluable_users_is_not_measurable():
    rows = np.array([5])  # only the user without held-out items
    assert np.isnan(METRICS["ndcg"].value(E.subset(rows))) and CASES["group without evaluable users"]


def test_minimum_of_protected_items():
    expected = CASES["FA*IR minimum protected, p=0.5, alpha=0.1 (unadjusted), positions 1..12"]["expect"]["m"]
    assert minimum_protected(12, 0.5, 0.1).tolist() == expected
    assert [int(binom.ppf(0.1, n, 0.5)) for n in range(1, 13)] == expected


def test_every_edge_case_has_a_test():
    assert len(CASES) == 11  # all but Holm's and Benjamini and Hochberg's adjustments, which we do not use
    assert matrix({}).nnz == 0


def test_calibration_of_a_list_with_the_mix_of_the_history_is_zero():
    same = E.with_lists(world().lists)
    p, _ = calibration.label_profiles(same)
    assert close(p.sum(1), np.ones(N_USERS)) and user_metrics.ndcg_gini(E) > 0
