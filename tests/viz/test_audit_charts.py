"""Every chart of the audit draws the figures of its result, and escapes text from the data."""

import numpy as np
import polars as pl
import pytest

from gnnrec_core.audit.auditing import audit
from gnnrec_core.audit.curves import (
    cold_start_curve,
    lorenz_curves,
    never_shown,
    popularity_deciles,
    popularity_exposure,
)
from gnnrec_core.audit.group_audit import AuditSettings
from gnnrec_core.audit.studies.comparing import compare
from gnnrec_core.audit.studies.frontier import Point, comparison_points, pareto_front
from gnnrec_core.audit.studies.mitigation import mitigate, prepare
from gnnrec_core.base.text import clean
from gnnrec_core.render.charts import audit_charts as charts
from gnnrec_core.render.charts import exposure_charts as exposure
from gnnrec_core.render.charts.chart_data import chart_table
from tests.audit.small_runs import sample, trained


@pytest.fixture(scope="module")
def run():
    return trained(sample(), "popularity")


@pytest.fixture(scope="module")
def report(run):
    return audit(run, 10, "region")


def test_the_forest_has_a_row_a_group_with_its_interval(report):
    marks = charts.forest(report, "ndcg").data[0]
    of_group = {d.group: d for d in report.differences if d.metric == "ndcg"}
    chosen = [of_group[group.group] for group in report.by_group[::-1]]
    assert list(marks.x) == [d.value for d in chosen] and list(marks.y) == list(range(len(chosen)))
    assert np.allclose(np.array(marks.x) + np.array(marks.error_x.array), [d.high for d in chosen])


def test_the_heat_map_has_a_cell_a_difference(report):
    cells = charts.heat_map(report).data[0]
    assert np.isfinite(cells.z).sum() == sum(np.isfinite(d.relative) for d in report.differences)
    metric, group = report.differences[0].metric, report.by_group[0].group
    first = next(d for d in report.differences if (d.metric, d.group) == (metric, group))
    assert cells.z[0][0] == pytest.approx(first.relative)


def test_every_mark_of_a_group_says_which_and_the_table_holds_no_unseen_ones(report):
    groups = [g.group for g in report.by_group]
    heat = charts.heat_map(report)
    assert [mark[-1] for mark in charts.group_sizes(report).data[0].customdata] == groups[::-1]
    assert {mark[-1] for mark in heat.data[1].customdata} == {d.group for d in report.differences}
    assert {mark[-1] for mark in charts.forest(report, "ndcg").data[0].customdata} <= set(groups)
    assert len(chart_table(heat)) == len({d.group for d in report.differences})


def test_sizes_are_those_of_the_shown_groups(report):
    assert list(charts.group_sizes(report).data[0].x) == [g.n_users for g in report.by_group][::-1]


def test_the_charts_of_items(report):
    e = report.evidence
    lorenz = exposure.lorenz_chart(lorenz_curves(e))
    assert all(line.y[0] == 0 and line.y[-1] == pytest.approx(1) for line in lorenz.data)
    points = exposure.popularity_exposure_chart(popularity_exposure(e), report.run.dataset.titles)
    assert points.layout.xaxis.type == "log" and min(points.data[0].y) > 0
    never = points.data[1]
    assert never.name == "never shown" and {exposed for _, _, exposed in never.customdata} == {0.0}
    assert {points.layout.yaxis.ticktext[points.layout.yaxis.tickvals.index(y)] for y in never.y} == {"0"}
    assert len(never.y) + len(points.data[0].y) == e.n_items and never_shown(e).height == len(never.y)
    assert sum(exposure.decile_chart(popularity_deciles(e)).data[0].y) == pytest.approx(1)
    assert len(exposure.cold_start_chart(cold_start_curve(e)).data) == 1


def test_the_charts_of_trade_offs(run):
    bench = prepare(run, 10, "region")
    moves = [mitigate(bench, "popularity_penalty", {"strength": s}) for s in (0.0, 0.9)]
    found = compare([run], 10, baselines=("random",), n_permutations=99)
    points = comparison_points(found, "coverage")
    figure = charts.frontier_chart(points, "coverage")
    assert sum(len(line.x) for line in figure.data[:-1]) == len(points) == 2
    bars = charts.mitigation_chart(moves[1], ("ndcg", "coverage")).data[0]
    assert {custom[0] for custom in bars.customdata} == {"NDCG", "Item coverage"}
    best = charts.comparison_chart(found).data[0]
    assert list(best.x) == sorted(best.x)


def test_layers():
    table = pl.DataFrame({"depth": [0, 1], "arp": [3.0, 5.0], "ndcg": [0.1, 0.2]})
    layers = charts.layer_chart(table)
    assert list(layers.data[0].y) == [3.0, 5.0]
    assert layers.layout.yaxis.domain[0] > layers.layout.yaxis2.domain[1]  # beside each other, not over each other
    assert chart_table(layers)["Ndcg"].dropna().tolist() == [0.1, 0.2]


def test_a_group_that_is_html_is_shown_as_text(run):
    from gnnrec_core.audit.groups import from_labels

    labels = np.where(np.arange(run.dataset.n_users) % 2 == 0, "<img src=x>", "others")
    report = audit(run, 10, from_labels("hostile", labels))
    for figure in (charts.forest(report, "ndcg"), charts.heat_map(report), charts.group_sizes(report)):
        shown = [text for trace in figure.data for text in (trace.y if trace.y is not None else ())]
        shown += [*(figure.layout.yaxis.ticktext or ()), *(t for trace in figure.data for t in trace.text or ())]
        assert not any("<img" in str(text) for text in shown) and any("&lt;img" in str(text) for text in shown)


ODD = {
    "numbers and ranges": ["1", "2", "9-10", "10", "11 to 12"],
    "months": ["2023-12", "2024-01", "2024-03"],
    "the same beginning": [f"Extraordinarily long name of a customer segment, {end}" for end in ("A", "B", "A and B")],
    "fifty": [f"seg{number:02}" for number in range(50)],
    "two": ["yes", "no"],
    "markup": ["<b>x</b>", "x", " x "],
}


@pytest.mark.parametrize("names", ODD.values(), ids=ODD)
def test_every_group_is_drawn_exactly_once_with_its_name(run, names):
    from gnnrec_core.audit.groups import from_labels

    labels = np.array(names)[np.arange(run.dataset.n_users) % len(names)]
    report = audit(
        run, 10, from_labels("odd", labels), tested=("ndcg", "upd"), settings=AuditSettings(n_permutations=99)
    )
    assert {group.group for group in report.by_group} == set(names)
    figures = {
        "sizes": charts.group_sizes(report),
        "forest": charts.forest(report, "ndcg"),
        "heat": charts.heat_map(report),
    }
    for kind, figure in figures.items():
        table = chart_table(figure)
        told = [str(cell).split(" (n = ")[0] for cell in table["Name"]]
        assert sorted(told) == sorted(clean(name) for name in names), kind
        assert len(set(figure.layout.yaxis.ticktext)) == len(names), kind
        assert figure.layout.yaxis.tickvals == tuple(range(len(names))), kind


def test_the_front_is_no_trade_with_chance():
    good = [Point("model", "run", 0.3, 0.4, 0.35, 0.45), Point("spread", "run", 0.6, 0.2, 0.16, 0.25)]
    chance = Point("random", "baseline", 1.0, 0.01, 0.005, 0.02, is_chance=True)
    as_bad = Point("broken", "run", 0.9, 0.015, 0.01, 0.02)
    assert [point.name for point in pareto_front([*good, chance, as_bad])] == ["model", "spread"]
