"""Charts of explanations: bars that add up, streams that add up, colours that can be told apart."""

import html
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gnnrec_core.explain.explanation import Case, Contribution, Explanation, Group, MessagePath, Node
from gnnrec_core.render import theme
from gnnrec_core.render.charts import embedding_map, explain_charts, path_charts
from gnnrec_core.render.charts.chart_data import chart_table
from gnnrec_core.render.charts.planted_chart import planted_chart

NUMBERS = st.floats(-5, 5, allow_nan=False)


def explanation(values, baseline=0.5, target="score", paths=()):
    parts = tuple(Contribution("history", f"Item <b>{n}</b>", value, 0.0, edge=n) for n, value in enumerate(values))
    total = baseline + sum(values)
    return Explanation(Case(0, 0, target, 10, total, 1), "ledger", total, 1, baseline, True, 0.0, parts, paths=paths)


@settings(max_examples=15)
@given(st.lists(NUMBERS, max_size=30), NUMBERS)
def test_each_bar_starts_where_the_last_one_ended_and_the_last_is_the_score(values, baseline):
    found = explanation(values, baseline)
    bars = explain_charts.waterfall(found, n=8).data[0]
    starts, lengths = np.array(bars.base, float), np.array(bars.x, float)
    assert np.allclose(starts[1:-1], starts[:-2] + lengths[:-2])
    assert starts[0] == starts[-1] == 0
    assert lengths[-1] == pytest.approx(found.score)
    assert lengths[:-1].sum() == pytest.approx(found.score, rel=1e-8, abs=1e-9)
    assert len(lengths) == bool(found.baseline_name) + min(len(values), 8) + (len(values) > 8) + 1


def test_colours_say_the_sign_and_labels_are_no_markup():
    figure = explain_charts.waterfall(explanation([1.0, -2.0]))
    assert list(figure.data[0].marker.color) == [theme.BASELINE, theme.POSITIVE, theme.NEGATIVE, theme.TOTAL]
    assert not any("<b>" in tick for tick in figure.layout.yaxis.ticktext)


def test_a_lead_is_called_a_lead():
    assert explain_charts.waterfall(explanation([1.0], target="margin")).layout.yaxis.ticktext[-1] == "Lead"


def node(index, kind="item"):
    return Node(kind, str(index), f"N{index}", index)


def test_streams_out_of_the_person_are_the_whole_score():
    paths = (
        MessagePath((node(0, "user"), node(1), node(2, "user")), 0.4, 0.2),
        MessagePath((node(0, "user"), node(1)), -0.1, -0.05),
    )
    found = explanation([0.6, 0.9], baseline=0.5, paths=paths)
    drawn = path_charts.sankey(found).data[0]
    first = drawn.node.label.index("N0")
    sent = {
        drawn.node.label[target]: value
        for source, target, value in zip(drawn.link.source, drawn.link.target, drawn.link.value, strict=True)
        if source == first
    }
    assert sent == pytest.approx({"N1": 0.3, "All other paths": 1.2, explain_charts.BASELINE_LABEL: 0.5})


def test_the_kinds_of_paths_out_of_the_person_are_the_whole_score_and_their_strongest_paths_follow():
    history = [MessagePath((node(0, "user"), node(n)), 0.3 / n, 0.0, ("x",), "user-item") for n in range(1, 7)]
    found = replace(
        explanation([0.6, 0.9], baseline=0.5, paths=tuple(history)),
        groups=(Group("user-item", 1.3, 0.6), Group("user-user", 0.3, 0.1), Group("user-item-user", -0.1, 0.0)),
    )
    drawn = path_charts.sankey_of_kinds(found, n_kinds=2).data[0]
    streams = list(zip(drawn.link.source, drawn.link.target, drawn.link.customdata, strict=True))
    label, first = drawn.node.label, drawn.node.label.index("N0")
    sent = {label[target]: said for source, target, said in streams if source == first}
    assert sent == {
        "own history": "+1.3000",
        "linked people": "+0.3000",
        "1 other kind": "−0.1000",
        explain_charts.BASELINE_LABEL: "+0.5000",
    }
    kind = label.index("own history")
    onward = {label[target]: float(said.replace("−", "-")) for source, target, said in streams if source == kind}
    assert list(onward) == ["N1", "N2", "N3", "N4", "all others of the kind"]
    assert sum(onward.values()) == pytest.approx(1.3)  # what comes in goes on
    assert not path_charts.sankey_of_kinds(explanation([1.0])).data[0].link.source


def test_labels_for_phones_are_broken_and_the_whole_is_told_on_hover():
    title = "The Life and Opinions of Tristram Shandy, <i>Gentleman</i>, in nine volumes"
    book, friend = Node("item", "9", title, 9), node(3, "user")
    path = MessagePath((node(0, "user"), book, friend), 0.4, 0.2, ("x", "y"), "user-item-user")
    found = replace(explanation([0.6], paths=(path,)), groups=(Group("user-item-user", 0.4, 0.2),))
    for draw in (path_charts.sankey, path_charts.sankey_of_kinds):
        wide, narrow = draw(found).data[0].node, draw(found, narrow=True).data[0].node
        assert wide.customdata == narrow.customdata and any(html.unescape(t).startswith(title) for t in wide.customdata)
        assert max(len(html.unescape(line)) for label in narrow.label for line in label.split("<br>")) <= 18
        assert not any("<i>" in text for text in (*wide.label, *narrow.label, *wide.customdata))
        assert chart_table(draw(found)).equals(chart_table(draw(found, narrow=True)))
    ends = path_charts.sankey_of_kinds(found, narrow=True).data[0].node.label
    assert any(label.endswith("… →<br>N3") for label in ends)


def test_shapes_beyond_the_first_are_summed_in_one_bar():
    groups = [Group(f"user-item-{n}", 1.0 / (n + 1), 0.1 / (n + 1)) for n in range(12)]
    bars = path_charts.meta_path_bars(groups, n=8).data[0]
    assert sum(bars.x) == pytest.approx(sum(group.share for group in groups)) and len(bars.x) == 9


def test_methods_are_compared_by_edge_whatever_their_order_and_unit():
    first, second = explanation([3.0, 1.0]), explanation([3.0, 1.0])
    flipped = Explanation(
        second.case,
        "saliency",
        1.0,
        1,
        0.0,
        False,
        None,
        tuple(
            reversed(
                [
                    Contribution("history", part.label, part.value * 100, 0.0, edge=part.edge)
                    for part in second.contributions
                ]
            )
        ),
    )
    cells = np.array(explain_charts.compared([first, flipped], {}).data[0].z)
    assert np.allclose(cells[:, 0], cells[:, 1]) and np.allclose(cells[:, 0], [0.75, 0.25])


def test_a_big_map_is_sampled_the_same_way_each_time():
    assert embedding_map.sample(5).tolist() == [0, 1, 2, 3, 4]
    drawn = embedding_map.sample(1000, 10)
    assert len(set(drawn.tolist())) == 10 and drawn.tolist() == embedding_map.sample(1000, 10).tolist()
    assert set(embedding_map.sample(1000, 10, [3, 999]).tolist()) == {*drawn.tolist(), 3, 999}


@given(st.integers(3, 9), st.floats(0.3, 3.0))
def test_a_loop_holds_the_points_nearer_than_its_sides(n, radius):
    angles = np.arange(n) / n * 2 * np.pi
    rng = np.random.default_rng(n)
    points = rng.normal(size=(200, 2))
    distance = np.hypot(*points.T)
    inside = embedding_map.within(points, radius * np.cos(angles), radius * np.sin(angles))
    assert inside[distance < radius * np.cos(np.pi / n) - 1e-9].all()
    assert not inside[distance > radius + 1e-9].any()


def test_a_map_counts_all_of_a_group_and_its_colours_stay_when_more_dots_are_drawn():
    plane = np.arange(12, dtype=np.float32).reshape(6, 2)
    groups, sizes = ["b", "a", "b", "a", "a", "other"], {"a": 30, "b": 20, "other": 90}
    every = embedding_map.embedding_map(plane, np.arange(6), list("uvwxyz"), groups, None, sizes)
    mark = embedding_map.Mark("the person", np.array([4]), "circle-open", theme.NEGATIVE, label="<i>Ann</i>")
    few = embedding_map.embedding_map(plane, np.array([0, 2]), ["u", "w"], ["b", "b"], None, sizes, [mark])
    assert [trace.name for trace in every.data] == ["a (30)", "b (20)", "other (90)"]
    assert [trace.marker.color for trace in every.data] == [trace.marker.color for trace in few.data[:3]]
    assert few.data[1].customdata.tolist() == [0, 2] and few.data[1].x.tolist() == [0.0, 4.0]
    assert (few.data[-1].x[0], few.data[-1].customdata) == (8.0, None)
    (name,) = few.layout.annotations
    assert (name.x, name.y) == (8.0, 9.0) and "Ann" in name.text and "<i>" not in name.text


def luminance(colour):
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("colour", [theme.POSITIVE, theme.NEGATIVE, theme.BASELINE, theme.TOTAL])
@pytest.mark.parametrize("background", ["#ffffff", "#10151c"])
def test_marks_stand_out_from_the_light_and_the_dark_background(colour, background):
    bright, dim = sorted((luminance(colour) + 0.05, luminance(background) + 0.05), reverse=True)
    assert bright / dim >= 3


@pytest.mark.parametrize("colour", [colour for _, colour in theme.DIVERGING])
def test_the_numbers_in_a_heat_map_can_be_read(colour):
    assert (luminance(colour) + 0.05) / (luminance(theme.ON_SCALE) + 0.05) >= 4.5


def test_all_scales_run_from_zero_to_one():
    for scale in (theme.DIVERGING, theme.SEQUENTIAL):
        stops = [stop for stop, _ in scale]
        assert stops[0] == 0 and stops[-1] == 1 and all(low < high for low, high in pairwise(stops))


def planted(model, method, auc):
    return {"model": model, "method": method, "auc": auc, "auc_low": auc - 0.1, "auc_high": auc + 0.05, "n_cases": 7}


def test_planted_scores_stand_on_the_row_of_their_method_with_their_interval():
    rows = [planted("a", "ledger", 0.8), planted("b", "ledger", 0.6), planted("a", "random", 0.5)]
    figure = planted_chart(rows, {"ledger": "Ledger"})
    assert list(figure.layout.yaxis.ticktext) == ["random", "Ledger"]  # the best on top
    first = figure.data[0]
    assert list(first.x) == [0.8, 0.5] and [round(place) for place in first.y] == [1, 0]
    assert np.allclose(first.error_x.array, 0.05) and np.allclose(first.error_x.arrayminus, 0.1)
