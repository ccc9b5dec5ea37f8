"""Every chart as a table: what is drawn is what stands there, in plain words."""

import numpy as np
import plotly.graph_objects as go
import pytest

from gnnrec_core.render.charts import explain_charts
from gnnrec_core.render.charts.chart_data import chart_table


def test_bars_get_the_words_of_their_axis():
    figure = explain_charts.sum_of_parts(["Tom & <Jerry>", "B"], [0.5, -0.25], 1.0, 1.25)
    table = chart_table(figure)
    assert table["Name"].tolist() == ["Taste learned in training", "Tom & <Jerry>", "B", "Score"]
    assert table["Sum so far, in score units"].tolist() == [1.0, 0.5, -0.25, 1.25]


def test_lines_say_their_series():
    figure = explain_charts.curves({"one": ([1, 2], [3, 4]), "two": ([1], [5])}, "n", "score")
    table = chart_table(figure)
    assert table.to_dict("list") == {"Series": ["one", "one", "two"], "N": [1, 2, 1], "Score": [3, 4, 5]}


def test_a_heat_map_is_the_grid_that_is_drawn():
    table = chart_table(explain_charts.heat_map(np.array([[1.0, 2.0], [3.0, np.nan]]), ["a", "b"], ["c", "d"]))
    assert table["Name"].tolist() == ["a", "b"] and table["c"].tolist() == [1.0, 3.0]
    assert table["d"].tolist() == [2.0, pytest.approx(np.nan, nan_ok=True)]


def test_a_sankey_is_its_streams_without_the_unseen_one():
    link = {"source": [0, 1], "target": [1, 2], "value": [2.0, 1e-12], "customdata": ["−2.0000", "0"]}
    table = chart_table(go.Figure(go.Sankey(node={"label": ["a", "b", ""]}, link=link)))
    assert table.to_dict("list") == {"From": ["a"], "To": ["b"], "Value": ["−2.0000"]}


def test_error_bars_give_both_ends():
    figure = go.Figure(go.Scatter(x=[1.0], y=["a"], error_x={"array": [0.5], "arrayminus": [0.25]}))
    assert chart_table(figure).to_dict("list") == {"x": [1.0], "x, from": [0.75], "x, to": [1.5], "y": ["a"]}


def test_a_chart_without_marks_is_an_empty_table():
    assert chart_table(go.Figure()).empty
