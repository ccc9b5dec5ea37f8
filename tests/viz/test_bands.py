"""Bands around lines: the same edges in a chart, its table and a file."""

from gnnrec_core.render.blocks import Curves, Section
from gnnrec_core.render.charts.block_charts import curves_chart
from gnnrec_core.render.charts.chart_data import chart_table
from gnnrec_core.render.html import page

CURVES = Curves(
    (("a", (0.0, 1.0), (2.0, 3.0)), ("b", (0.0, 1.0), (1.0, 1.0))), "x", "y", "Two.", (((1.5, 2.5), (2.5, 3.5)),)
)


def test_a_band_lies_around_its_line_and_stands_in_the_table():
    table = chart_table(curves_chart(CURVES))
    value = table.columns[-1]
    rows = {name: table[table["Series"] == name][value].tolist() for name in table["Series"].unique()}
    assert rows == {"a: low": [1.5, 2.5], "a: high": [2.5, 3.5], "a": [2.0, 3.0], "b": [1.0, 1.0]}
    plain = curves_chart(Curves(CURVES.series, "x", "y", "Two."))
    assert [trace.name for trace in plain.data] == ["a", "b"]


def test_a_file_draws_the_band_within_its_axes():
    text = page("Bands", (Section("s", (CURVES,)),))
    (path,) = [part for part in text.split("<path") if 'class="band k0"' in part]
    points = path.split('d="M')[1].split("Z")[0].split("L")
    upper, lower = [float(point.split()[1]) for point in points[:2]], [float(point.split()[1]) for point in points[2:]]
    assert len(points) == 4 and upper[0] > upper[1]  # on a page 3.5 stands above 2.5
    assert lower[0] < lower[1] and upper[0] < lower[1]  # back along the lower edge
    assert "y: 0 to 3.5" in text  # the axis reaches the highest edge
