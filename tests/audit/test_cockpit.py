"""Items against their share of the histories: by hand, against the exact interval, and with other lists."""

import numpy as np
import pytest
from scipy.stats import poisson

from gnnrec_core.audit.metrics.worked import small_world
from gnnrec_core.audit.sources import gather
from gnnrec_core.audit.studies.cockpit import cockpit
from gnnrec_core.audit.studies.mitigation import mitigate, prepare
from gnnrec_core.render.charts.cockpit_chart import cockpit_chart
from gnnrec_core.views.items import cockpit_sections, cockpit_sentence, ordered
from tests.audit.small_runs import sample, trained


def test_factors_by_hand():
    """20 places; items have 6, 3, 1 and 0 of 10 interactions and stand in 10, 0, 0 and 10 lists."""
    world = small_world([[0, 3]] * 10, popularity=[6, 3, 1, 0], n_items=4)
    found = cockpit(world)
    assert found.items["expected"].to_list() == [12.0, 6.0, 2.0, 0.0] and found.n_places == 20
    assert found.items["factor"].to_list()[:3] == [10 / 12, 0.0, 0.0] and np.isnan(found.items["factor"][3])
    assert found.items["kind"].to_list() == ["in proportion", "never shown", "never shown", "new"]
    assert cockpit_sentence(found).startswith("Of 4 items: 2 in nobody's list; 1 in proportion")


def test_an_item_in_everybodys_list_is_over_and_one_in_hardly_any_is_under():
    lists = [[0, 1]] + [[0, 2]] * 199
    world = small_world(lists, popularity=[10, 200, 100, 5], n_items=4)
    kinds = cockpit(world).items["kind"].to_list()
    assert kinds == ["over", "under", "over", "never shown"]


def test_the_interval_is_the_exact_one_of_a_count():
    """Its ends are the means under which as many lists, or as few, have a chance of 2.5 %."""
    found = cockpit(small_world([[0, 1]] * 30, popularity=[3, 1], n_items=2)).items.row(0, named=True)
    low, high = found["low"] * found["expected"], found["high"] * found["expected"]
    assert poisson.sf(29, low) == pytest.approx(0.025) and poisson.cdf(30, high) == pytest.approx(0.025)


def test_held_out_people_are_said_only_where_they_are_enough():
    world = small_world([[0]] * 12, relevant=[[1]] * 10 + [[2]] * 2, n_items=4)
    assert cockpit(world).items["held_out"].to_list() == [0, 10, None, 0]


def test_a_fix_stands_beside():
    bench = prepare(trained(sample(), "itemknn"), 10)
    fixed = mitigate(bench, "popularity_penalty", {"strength": 1.0})
    found = cockpit(bench.base, fixed.evidence)
    assert found.items["lists_after"].to_list() == fixed.evidence.counts.tolist()
    assert found.count("never shown", after=True) < found.count("never shown")
    assert f"({found.count('never shown', after=True):,} with the fix)" in cockpit_sentence(found)


def test_the_list_of_never_shown_items_is_that_of_the_chart_and_of_the_report():
    """Finding 2: what is never shown has the factor 0 wherever it stands."""
    evidence = gather(trained(sample(), "popularity"), 10)
    found, titles = cockpit(evidence), sample().titles
    never = ordered(found, "never shown")["item_index"].to_list()
    assert set(never) == set(np.flatnonzero(evidence.counts == 0).tolist())
    marks = next(trace for trace in cockpit_chart(found, titles).data if trace.name.startswith("never shown"))
    assert marks.name == f"never shown ({len(never):,})" and set(marks.customdata[:, 0]) == set(never)
    assert set(marks.customdata[:, 2]) == {0.0}
    rows = [row for row in cockpit_sections(found, titles)[0].blocks[1].rows if row[1] == "never shown"]
    assert [row[0] for row in rows] == [titles[item] for item in never[: len(rows)]]
    assert {row[3] for row in rows} == {0} and {row[5] for row in rows} == {0.0}


def test_a_chart_of_many_items_is_a_sample_with_the_chosen_one():
    world = small_world([[0]] * 3, popularity=[1] * 5000, n_items=5000)
    figure = cockpit_chart(cockpit(world), [str(n) for n in range(5000)], chosen=4999)
    drawn = sum(len(trace.x) for trace in figure.data[:-1])
    assert 3000 <= drawn <= 3001 and figure.data[-1].name == "chosen"
