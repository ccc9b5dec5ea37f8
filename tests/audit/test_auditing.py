"""The audit as a whole: planted unfairness is found, chance is not, small groups stay secret, figures are right."""

import json
from dataclasses import replace

import ir_measures
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gnnrec_core.audit.auditing import audit, audit_evidence, most_telling
from gnnrec_core.audit.checks import check, parse_condition
from gnnrec_core.audit.groups import from_labels
from gnnrec_core.audit.metrics import METRICS, default_tests
from gnnrec_core.audit.sources import gather
from gnnrec_core.audit.stats.statistics import permutation_tests
from gnnrec_core.base.errors import RequestError
from gnnrec_core.base.plain import plain
from gnnrec_core.runs.recommend import evaluate
from gnnrec_core.runs.run import load_run
from tests.audit.oracle_world import small
from tests.audit.small_runs import SAMPLE, run_of, sample, trained
from tests.worlds import random_dataset


@pytest.fixture(scope="module")
def run():
    return trained(sample(), "itemknn")


@pytest.fixture(scope="module")
def evidence(run):
    return gather(run, 20)


@pytest.fixture(scope="module")
def report(run):
    return audit(run, 20, "region")


def test_the_group_that_is_served_worse_by_construction_is_found(report):
    worse = [d for d in report.differences if d.finding == "worse" and d.p_adjusted < 0.01]
    assert {d.group for d in worse} == {"Islands"}
    hit_rate = next(d for d in worse if d.metric == "hit_rate")
    assert hit_rate.value < -0.15 and hit_rate.high < 0 and "below all others" in hit_rate.sentence
    ndcg = next(d for d in report.differences if (d.metric, d.group) == ("ndcg", "Islands"))
    assert ndcg.value < 0 and ndcg.p_value < 0.05


@pytest.mark.parametrize("name", ["lightgcn", "gat"])
def test_it_is_found_in_the_shipped_runs_too(name):
    report = audit(load_run(SAMPLE.parent / "runs" / name), 20, "region")
    worse = [d for d in report.differences if d.finding == "worse" and d.p_adjusted < 0.01]
    assert {d.group for d in worse} == {"Islands"} and any(d.metric == "hit_rate" and d.value < 0 for d in worse)


def test_random_labels_are_hardly_ever_flagged(evidence):
    parts = [METRICS[name].parts(evidence) for name in default_tests("audit")]
    top, bottom = (np.stack(columns, axis=1) for columns in zip(*parts, strict=True))
    rng, flagged, draws = np.random.default_rng(0), 0, 200
    for seed in range(draws):
        member = rng.permutation(np.repeat(np.arange(5), 160))[:, None] == np.arange(5)
        adjusted = permutation_tests(top, bottom, member, 99, seed).p_adjusted
        flagged += bool((adjusted < 0.05).any())
    assert flagged <= 0.05 * draws


def test_figures_are_those_of_evaluate(run, report):
    known = evaluate(run, 20)
    for name, figure in (known.accuracy | known.all_lists).items():
        own = (report.overall | report.items)[name]
        assert np.allclose([own.value, own.low, own.high], [figure.value, figure.low, figure.high])


def test_coverage_and_gini_lie_inside_their_own_interval(report):
    for name in ("coverage", "gini"):
        figure = report.items[name]
        assert figure.low < figure.value < figure.high


def test_the_json_is_that_of_the_contract(report):
    found = json.loads(json.dumps(plain(report.to_dict()), allow_nan=False))
    assert {"value", "low", "high"} <= found["overall"]["ndcg"].keys()
    assert {"group", "n_users", "metrics"} <= found["by_group"][0].keys()
    wanted = {"metric", "groups", "value", "low", "high", "p_value", "p_adjusted"}
    assert wanted <= found["differences"][0].keys()
    assert {"coverage", "gini", "arp"} <= found["items"].keys() and isinstance(found["items"]["gini"], float)


def test_a_group_is_the_mean_of_its_users(run, report):
    rows = report.grouping.member[:, report.grouping.labels.index("Islands")]
    shown = next(group for group in report.by_group if group.group == "Islands")
    assert shown.metrics["ndcg"].value == pytest.approx(np.nanmean(report.per_user["ndcg"][rows]))
    assert shown.n_users == rows.sum() == 84
    held_out = np.bincount(run.dataset.interactions.user_index[run.dataset.interactions.rows("test")], minlength=800)[
        rows
    ]
    assert shown.n_evaluable == (held_out > 0).sum() and shown.n_held_out == pytest.approx(
        held_out[held_out > 0].mean()
    )
    assert shown.metrics["ndcg"].low < shown.metrics["ndcg"].value < shown.metrics["ndcg"].high


def test_steps_of_a_scale_stand_in_its_order_and_other_groups_by_size(run):
    steps = [group.group for group in audit(run, k=10, group_by="taste").by_group]
    assert steps == ["niche", "diverse", "blockbuster"]  # 160, 480 and 160 people
    ages = [group.group for group in audit(run, k=10, group_by="age_band").by_group]
    assert ages == ["under 25", "25 to 39", "40 to 59", "60 and over"]
    sizes = [group.n_users for group in audit(run, k=10, group_by="region").by_group]
    assert sizes == sorted(sizes, reverse=True) and len(set(sizes)) > 1


def test_small_groups_are_not_shown_anywhere(run):
    labels = np.array(["tiny"] * 4 + ["few"] * 31 + ["many"] * 765)
    report = audit(run, 20, from_labels("size", labels))
    assert report.suppressed == ("few", "tiny")
    text = json.dumps({**plain(report.to_dict()), "suppressed": None})
    assert "tiny" not in text and [group.group for group in report.by_group] == ["many"]
    assert any("not shown" in warning for warning in report.warnings)


def test_one_cannot_tell_with_31_users(run):
    labels = np.random.default_rng(0).permutation(np.array(["few"] * 31 + ["many"] * 769))
    found = audit(run, 20, from_labels("size", labels), tested=("ndcg",)).differences
    assert {d.finding for d in found} == {"cannot tell"}
    assert "people on the smaller side, which has 31" in next(d for d in found if d.group == "few").sentence


def test_only_groups_of_fifty_measurable_people_have_an_impact_ratio(run, evidence):
    order = np.argsort(evidence.hit.any(1), kind="stable")  # the first have no hit: the lowest rate there can be
    for n_few in (49, 50):
        labels = np.full(800, "many", dtype="U4")
        labels[order[:n_few]] = "few"
        labels[order[n_few : n_few + 300]] = "some"
        found = audit(run, 20, from_labels("size", labels), tested=("hit_rate",)).impact
        rates = {group: evidence.hit.any(1)[labels == group].mean() for group in ("few", "some", "many")}
        assert evidence.evaluable[order[:n_few]].all()
        lowest = min((group for group in rates if group != "few" or n_few >= 50), key=rates.get)
        assert found.lowest == lowest and found.highest == max(rates, key=rates.get)
        assert found.value == pytest.approx(rates[lowest] / max(rates.values()))


def test_two_groups_are_one_test(run):
    labels = np.where(np.arange(800) % 2 == 0, "even", "odd")
    found = audit(run, 20, from_labels("parity", labels), tested=("ndcg",)).differences
    assert found[0].value == pytest.approx(-found[1].value)
    assert found[0].p_adjusted == found[1].p_adjusted == found[0].p_value


def test_a_convention_changes_the_figures_that_have_another_name_elsewhere(run, report):
    theirs = audit(run, 20, convention="lenskit")
    assert theirs.scope.convention == "LensKit" and theirs.overall["ndcg"].value != report.overall["ndcg"].value
    assert theirs.overall["hit_rate"] == report.overall["hit_rate"]
    with pytest.raises(RequestError, match="convention"):
        audit(run, 20, convention="nobody")


def test_the_same_seed_gives_the_same_report(run, report):
    again = audit(run, 20, "region")
    assert plain(again.to_dict()) == plain(report.to_dict())


def test_users_without_held_out_items_and_unknown_groups_are_counted():
    data = random_dataset(60, 40)
    data = replace(data, user_table=data.user_table.with_columns(g=pl.Series(["a"] * 25 + ["b"] * 20 + [None] * 15)))
    report = audit(trained(data, "popularity"), 5, "g")
    assert report.scope.n_unknown == 15 and any("15 people have no known g" in w for w in report.warnings)


@pytest.mark.parametrize(
    ("text", "failed"),
    [
        ("ndcg.gap.region>0.05", True),
        ("ndcg.gap.region>0.5", False),
        ("hit_rate.ratio.region<0.8", True),
        ("hit_rate.p.region<0.01", True),
        ("coverage<0.9", True),
        ("ndcg>=0.9", False),
    ],
)
def test_conditions(report, text, failed):
    assert check(report, parse_condition(text)).failed is failed


def test_a_condition_that_cannot_be_measured_fails(run):
    report = audit(run, 20, from_labels("one", np.array(["all"] * 800)))
    found = check(report, parse_condition("ndcg.gap.one>0.05"))
    assert found.failed and "nothing to measure" in found.reason


@pytest.mark.parametrize("text", ["ndcg", "ndcg.gap.region", "ndcg=0.5", "ndcg>much", ".gap.x>1", ""])
def test_what_is_no_condition_is_refused_with_the_grammar(text):
    with pytest.raises(RequestError, match="cannot be read") as error:
        parse_condition(text)
    assert "METRIC.gap.GROUPING" in error.value.hint


def test_a_condition_on_what_was_not_audited_is_refused(report):
    with pytest.raises(RequestError, match="not by"):
        check(report, parse_condition("ndcg.gap.gender>0.05"))
    with pytest.raises(RequestError, match="no metric"):
        check(report, parse_condition("ndgc.gap.region>0.05"))


@given(st.integers(0, 10_000))
@settings(max_examples=25)
def test_accuracy_agrees_with_ir_measures(seed):
    rng = np.random.default_rng(seed)
    recs = rng.permutation(8)[: rng.integers(1, 6)].tolist()
    relevant = rng.permutation(8)[: rng.integers(1, 6)].tolist()
    k = 5
    qrels = [ir_measures.Qrel("u", str(item), 1) for item in relevant]
    ranked = [ir_measures.ScoredDoc("u", str(item), 10.0 - place) for place, item in enumerate(recs)]
    names = {"ndcg": "nDCG@5", "recall": "R@5", "precision": "P@5", "map": "AP@5", "mrr": "RR@5"}
    measures = {name: ir_measures.parse_measure(text) for name, text in names.items()}
    theirs = ir_measures.calc_aggregate(list(measures.values()), qrels, ranked)
    evidence = small(recs, relevant, k)
    for name, measure in measures.items():
        convention = "ranx" if name == "map" else "ours"
        assert METRICS[name].value(evidence, convention) == pytest.approx(theirs[measure], abs=1e-9), name


def test_every_metric_says_what_it_is():
    for metric in METRICS.values():
        texts = (metric.title, metric.definition, metric.formula, metric.range, metric.denominator, metric.source)
        assert all(len(text) > 2 for text in (*texts, metric.example)), metric.name
        assert metric.compute.__doc__ or metric.compute.__name__ == "<lambda>"
    assert len(METRICS) >= 27


def test_an_audit_without_a_grouping_has_no_groups(run, evidence):
    report = audit_evidence(evidence, None, run)
    assert report.by_group == () and report.differences == () and report.grouping is None
    assert run_of(sample(), run.model).folder.name == report.scope.run


def test_the_grouping_with_most_to_tell_comes_first(run, evidence):
    rng = np.random.default_rng(0)
    ndcg = np.nan_to_num(METRICS["ndcg"].compute(evidence))
    told = from_labels("told", np.where(ndcg > np.median(ndcg), "served", "not"))
    chance = from_labels("chance", rng.permutation(np.repeat(["a", "b"], [400, 400])))
    assert most_telling(evidence, [chance, told]) == "told" and most_telling(evidence, []) == ""


def test_a_figure_that_moves_with_the_number_of_held_out_items_says_so_where_that_explains_the_gap(run, evidence):
    labels = np.where(evidence.n_relevant > np.median(evidence.n_relevant), "more", "fewer")
    of = {label: evidence.n_relevant[(labels == label) & evidence.evaluable].mean() for label in ("more", "fewer")}
    assert of["more"] > 1.2 * of["fewer"]
    found = audit(
        run, 20, from_labels("held_out", labels), tested=("hit_rate", "recall", "ndcg", "novelty")
    ).differences
    told = {}
    for each in found:
        moves = METRICS[each.metric].with_held_out
        other = "fewer" if each.group == "more" else "more"
        explains = moves and np.sign(each.value) == np.sign(of[each.group] - of[other]) * moves
        told[each.metric, each.group] = bool(explains)
        expected = f"they have {of[each.group]:.1f} each against {of[other]:.1f}."
        assert each.caveat.endswith(expected) if explains else each.caveat == ""
    assert set(told.values()) == {True, False}
    alike = from_labels("parity", np.where(np.arange(800) % 2 == 0, "even", "odd"))
    assert {each.caveat for each in audit(run, 20, alike, tested=("hit_rate", "ndcg")).differences} == {""}


def test_how_many_are_judged_is_said_only_of_groups_whose_accuracy_is_shown(run, evidence):
    """Of the 100 people of one group eight have held-out items: neither how many nor how much each is told."""
    labels = np.array(["few"] * 100 + ["some"] * 200 + ["many"] * 500)
    relevant = evidence.relevant.tolil(copy=True)
    relevant[8:100] = False
    changed = replace(evidence, relevant=relevant.tocsr())
    groups = {group.group: group for group in audit_evidence(changed, from_labels("size", labels), run).by_group}
    assert groups["few"].n_users == 100 and groups["few"].n_evaluable is None and groups["few"].n_held_out is None
    assert groups["few"].note == "too few evaluable users"
    assert groups["some"].n_evaluable is None  # or the few could be worked out
    many = changed.n_relevant[300:]
    assert groups["many"].n_evaluable == (many > 0).sum()
    assert groups["many"].n_held_out == pytest.approx(many[many > 0].mean())
