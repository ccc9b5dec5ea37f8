"""The picture of a case as SVG: what is said of each stop and column, on a page and on a phone."""

import re

import pytest

from gnnrec_core.render.blocks import Flow, Stop, Stream
from gnnrec_core.render.flow_svg import NARROW, WIDE, flow_svg, layout

LONG = "A Connecticut Yankee in King Arthur's Court"
FLOW = Flow(
    (
        Stop("ann", 0, "person", 0.5, "ann"),
        Stop(LONG, 1, "item", 0.4, "a book"),
        Stop("3 other links", 1, "rest", -0.1, "the rest"),
        Stop("Emma", 2, "item", 0.5, "the item"),
    ),
    (Stream(0, 1, 0.4, True), Stream(0, 2, -0.1, True), Stream(1, 3, 0.4, True), Stream(2, 3, -0.1, False)),
    "caption",
    ("the person", "what they have", "the item"),
)


@pytest.mark.parametrize(("size", "width"), [(WIDE, 2 * 88 + 2 * 215), (NARROW, 2 * 46 + 2 * 98)])
def test_columns_stand_apart_by_the_room_there_is(size, width):
    places, wide, high = layout(FLOW, size)
    assert wide == width and [x for x, _ in places] == [
        size.side,
        size.side + size.column,
        size.side + size.column,
        size.side + 2 * size.column,
    ]
    assert max(y for _, y in places) < high - 30  # room for what is said below the columns


@pytest.mark.parametrize(("size", "name"), [(WIDE, "A Connecticut Yankee…"), (NARROW, "A Connecticut…")])
def test_every_stop_but_the_person_says_its_value_and_every_column_what_it_is(size, name):
    drawn = flow_svg(FLOW, size)
    assert re.findall(r'<tspan class="value"[^>]*>([^<]*)', drawn) == ["+0.400", "−0.100", "+0.500"]
    assert re.findall(r'class="dim head"[^>]*>([^<]*)', drawn) == list(FLOW.columns)
    assert f">{name}<tspan" in drawn and f'class="flow {size.name}"' in drawn


def test_a_stop_is_as_large_as_what_passes_it():
    radii = [float(r) for r in re.findall(r'<circle [^>]*r="([\d.]+)"', flow_svg(FLOW))]
    sides = [float(w) for w in re.findall(r'<rect [^>]*width="([\d.]+)"[^>]* rx=', flow_svg(FLOW))]
    assert radii[0] == 10.0 and radii[1] == pytest.approx(5.5 + 4.5 * 0.2**0.5, abs=0.05)
    assert sides == [pytest.approx(2 * (5.5 + 4.5 * 0.8**0.5), abs=0.1), 20.0]
    assert flow_svg(FLOW).count('pointer-events="all"') == len(FLOW.stops)  # each can be hit beside its mark too
