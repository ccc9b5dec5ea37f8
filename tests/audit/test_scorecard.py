"""The five verdicts: their yardsticks by hand, their answers where they are known, and which group is worst."""

from dataclasses import replace

import pytest

from gnnrec_core.audit.auditing import audit, most_telling
from gnnrec_core.audit.decision import Decision
from gnnrec_core.audit.groups import available_groupings, group_users
from gnnrec_core.audit.metrics.worked import small_world
from gnnrec_core.audit.report import Difference
from gnnrec_core.audit.scorecard import QUESTIONS
from gnnrec_core.audit.sources import gather
from gnnrec_core.audit.studies.comparing import baseline_lists
from gnnrec_core.audit.studies.yardsticks import own_lists, popular_lists
from gnnrec_core.audit.worst import harm_of, worst_group
from gnnrec_core.base.errors import RequestError
from gnnrec_core.runs.recommend import left_out
from gnnrec_core.runs.run import load_run
from gnnrec_core.runs.workspace import SAMPLE
from gnnrec_core.views.audit_report import audit_sections
from tests.audit.small_runs import sample, trained


@pytest.fixture(scope="module")
def lightgcn():
    return audit(load_run(SAMPLE / "runs" / "lightgcn"), 20, "region")


@pytest.fixture(scope="module")
def bestsellers():
    return audit(trained(sample(), "popularity"), 20, "region")


def difference(metric="ndcg", group="a", finding="worse", relative=-0.2, value=-0.1, caveat=""):
    decision = Decision(finding)
    return Difference(
        metric, group, value, value - 0.05, value + 0.05, relative, 0.01, 0.01, 60, 100, 0.1, 0.4, 0.5, decision,
        f"{group} {metric}", caveat,
    )  # fmt: skip


def test_lists_of_bestsellers_leave_out_what_was_seen():
    world = small_world([[5, 6], [5, 6]], train=[[0, 1], [2]], popularity=[9, 8, 7, 6, 5, 4, 3, 2])
    assert popular_lists(world, world.train).item_index.tolist() == [[2, 3], [0, 1]]


def test_whoever_has_seen_nearly_everything_gets_what_is_left():
    world = small_world([[0, 0], [0, 0]], train=[[0, 1, 2, 3, 4, 5, 6], []], popularity=[9, 8, 7, 6, 5, 4, 3, 2])
    assert popular_lists(world, world.train).item_index.tolist() == [[7, -1], [0, 1]]


def test_lists_of_bestsellers_are_those_of_the_popularity_model():
    run = trained(sample(), "popularity")
    ours = popular_lists(gather(run, 20), left_out(run.dataset, "test"))
    theirs = baseline_lists(run.dataset, "popularity", 20)
    popularity = gather(run, 20).popularity
    assert (popularity[ours.item_index] == popularity[theirs.item_index]).all()


def test_own_lists_are_drawn_from_the_history_without_repeats():
    world = small_world([[7, 7, 7], [7, 7, 7]], train=[[0, 1, 2, 3, 4], [6]])
    first, second = own_lists(world, seed=1).item_index.tolist()
    assert len(set(first)) == 3 and set(first) <= {0, 1, 2, 3, 4} and second == [6, -1, -1]
    assert {tuple(own_lists(world, seed).item_index[0]) for seed in range(20)} != {tuple(first)}


def test_each_verdict_has_all_that_a_reader_needs(lightgcn):
    card = lightgcn.scorecard
    assert [v.quality for v in card.verdicts] == list(QUESTIONS)
    for verdict in card.verdicts:
        assert verdict.answer in ("yes", "no", "cannot tell") and verdict.reason and verdict.good and verdict.certainty
        assert verdict.low < verdict.value - verdict.yardstick_value < verdict.high


def test_the_figures_are_those_of_the_audit_and_the_answers_those_of_the_sample(lightgcn):
    known = {v.quality: v for v in lightgcn.scorecard.verdicts}
    assert known["accurate"].value == pytest.approx(lightgcn.overall["ndcg"].value)
    assert known["broad"].value == pytest.approx(lightgcn.items["coverage"].value)
    assert known["calibrated"].value == pytest.approx(lightgcn.overall["calibration_js"].value)
    assert known["diverse"].value == pytest.approx(lightgcn.overall["ild"].value)
    assert {quality: v.answer for quality, v in known.items()} == {
        "accurate": "yes", "fair": "no", "broad": "no", "diverse": "yes", "calibrated": "yes",
    }  # fmt: skip
    assert known["fair"].value == next(g for g in lightgcn.by_group if g.group == "Islands").metrics["ndcg"].value


def test_bestsellers_are_no_better_than_bestsellers(bestsellers):
    known = {v.quality: v for v in bestsellers.scorecard.verdicts}
    assert known["accurate"].answer == "no" and "no different from lists of bestsellers" in known["accurate"].reason
    assert known["calibrated"].answer == "no" and known["broad"].answer == "no"
    assert known["accurate"].value == known["accurate"].yardstick_value


def test_the_worst_group_is_a_harm_that_stands_of_accuracy_that_nothing_else_explains():
    caveated = difference("recall", "busy", relative=-0.9, caveat="Recall falls by itself.")
    other = difference("upd", "b", relative=0.8)
    gap = difference("ndcg", "c", relative=-0.3)
    assert worst_group((caveated, other, gap, difference("ndcg", "d", relative=-0.1))).group == "c"
    assert worst_group((caveated, other)).group == "b" and worst_group((caveated,)).group == "busy"


def test_without_a_harm_the_lowest_group_is_named_and_does_not_stand():
    found = worst_group(
        (difference(group="a", finding="cannot tell"), difference(group="b", finding="none", value=-0.2))
    )
    assert found.group == "b" and not found.stands
    assert worst_group((difference("upd", finding="cannot tell"),)) is None and worst_group(()) is None


def test_a_grouping_tells_most_by_a_gap_in_accuracy_without_a_caveat():
    gap = (difference("ndcg", relative=-0.3),)
    many = tuple(difference("recall", str(n), relative=-0.5, caveat="by itself") for n in range(9))
    assert harm_of(gap) == (0.3, 1, 1) and harm_of(many) == (0.0, 0, 9) and harm_of(gap) > harm_of(many)


def test_an_audit_opens_where_somebody_is_served_badly():
    run = load_run(SAMPLE / "runs" / "lightgcn")
    groupings = [group_users(run.dataset, choice.name) for choice in available_groupings(run.dataset)]
    assert most_telling(gather(run, 20), groupings) == "region"  # not age_band, the first, where nothing is found


def test_a_caveat_ends_the_sentence_that_it_qualifies(lightgcn):
    caveated = [d for d in lightgcn.differences if d.caveat]
    assert caveated and all(d.sentence.endswith(d.caveat) for d in caveated)
    assert not any("with care" in d.sentence for d in lightgcn.differences if not d.caveat)


def test_the_report_begins_with_the_verdicts_and_the_json_has_them(lightgcn):
    first = audit_sections(lightgcn)[0]
    assert [row[1] for row in first.blocks[0].rows] == [v.answer for v in lightgcn.scorecard.verdicts]
    assert lightgcn.scorecard.worst.sentence in first.blocks[1].text
    said = lightgcn.to_dict()["scorecard"]
    assert said["worst"]["group"] == "Islands" and len(said["verdicts"]) == 5
    assert said["n_cannot_tell"] == sum(d.finding == "cannot tell" for d in lightgcn.differences)


def test_without_groups_or_labels_it_says_what_is_not_measured():
    run = trained(sample(), "popularity")
    evidence = replace(gather(run, 5), categories=None, providers=None, item_vectors=None)
    from gnnrec_core.audit.auditing import audit_evidence

    known = {v.quality: v for v in audit_evidence(evidence, None, run).scorecard.verdicts}
    assert known["fair"].answer == known["diverse"].answer == "not measured"
    assert known["calibrated"].metric == "upd" and "Not measured: " in known["fair"].reason


def test_a_trade_off_is_the_fix_at_each_strength():
    from gnnrec_core.audit.studies.mitigation import mitigate, prepare
    from gnnrec_core.audit.studies.trade_off import knob, trade_off
    from gnnrec_core.views.fix import curve_section, fix_sentence

    bench = prepare(trained(sample(), "popularity"), 10, "region")
    found = trade_off(bench, "popularity_penalty", n_steps=3)
    assert found.along == "strength" == knob("popularity_penalty").name and found.values == (0.0, 0.5, 1.0)
    assert found.steps[0].change("ndcg").value == 0 and found.steps[0].losers.n == 0
    alone = mitigate(bench, "popularity_penalty", {"strength": 0.5})
    assert repr(found.steps[1].changes) == repr(alone.changes)
    assert found.to_dict()[1]["losers"] == alone.losers.share
    share = f"{100 * alone.losers.share:.0f} % of people get a worse list"
    assert share in fix_sentence(alone, "coverage") and "Item coverage goes from" in fix_sentence(alone, "coverage")
    assert fix_sentence(found.steps[0], "coverage").endswith("No group's NDCG falls.")
    curves, table = curve_section(found.along, found.to_dict()).blocks
    assert [row[0] for row in table.rows] == [0.0, 0.5, 1.0] and curves.series[0][1] == (0.0, 0.5, 1.0)
    with pytest.raises(RequestError, match="no number 'nothing'"):
        trade_off(bench, "popularity_penalty", along="nothing")
