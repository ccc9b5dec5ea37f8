"""What drives all lists: a bar a driver, signed, with its interval over people."""

from __future__ import annotations

import plotly.graph_objects as go

from gnnrec_core.render.charts.named_axis import name_axis
from gnnrec_core.render.theme import BASELINE, percent, plotly_text, signed_colour, styled
from gnnrec_core.whole.drivers import Part

ROW = 26


def driver_chart(part: Part, top: int = 20) -> go.Figure:
    """The first `top` drivers of these people. What no link of theirs carries is not drawn: it is no driver, and often
    so large that no bar beside it could be read. Customdata ends with the name of the driver."""
    shown = part.drivers[:top][::-1]
    low_to_high = [(each.share - each.low, each.high - each.share) for each in shown]
    figure = go.Figure(
        go.Bar(
            x=[each.share for each in shown],
            y=list(range(len(shown))),
            orientation="h",
            marker_color=[signed_colour(each.share) for each in shown],
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [up for _, up in low_to_high],
                "arrayminus": [down for down, _ in low_to_high],
                "color": BASELINE,
            },
            customdata=[
                [plotly_text(f"{percent(each.share)} of the total, in {each.n_lists:,} lists"), each.name]
                for each in shown
            ],
            hovertemplate="%{customdata[0]}<extra></extra>",
        )
    )
    figure.update_xaxes(title_text="Signed share of the total", tickformat=".1%")
    name_axis(figure, "y", [each.name for each in shown])
    return styled(figure, 110 + ROW * len(shown))
