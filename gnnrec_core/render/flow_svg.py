"""A `Flow` as SVG: columns of stops, streams as wide as what they carry. Text only, no script, no style of its own.

Whoever shows it brings the style (`render.style` for files, the page's own in the app). Stops carry `data-stop`,
streams `data-from` and `data-to`, so that a page can make the drawing answer to a pointer and to keys.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from gnnrec_core.base.text import clean, for_html
from gnnrec_core.render.blocks import Flow, Stop, Stream
from gnnrec_core.render.theme import shortened, signed

ROW, TOP, BOTTOM = 42, 60, 10
HEADS = 26
"""Pixels below all columns for what stands in each."""
SMALLEST, LARGEST = 5.5, 10.0
"""Radius of a stop by how much passes it."""
WIDEST, NARROWEST = 16.0, 0.8
LETTER = 6.5
"""About how wide a letter is, in pixels."""
Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Size:
    """How far columns stand apart and from the sides, in pixels, and how many letters a name has."""

    name: str
    column: float
    side: float
    letters: int


WIDE, NARROW = Size("wide", 215, 88, 22), Size("narrow", 98, 46, 15)
"""For a page, and for a phone."""


def flow_svg(flow: Flow, size: Size = WIDE) -> str:
    """The drawing; the same flow gives the same text."""
    places, width, height = layout(flow, size)
    largest = max((abs(stream.value) for stream in flow.streams), default=0.0) or 1.0
    order = sorted(flow.streams, key=lambda stream: -abs(stream.value))  # thin ones on top
    parts = [_stream(stream, flow, places, largest) for stream in order]
    most = max((abs(stop.value) for stop in flow.stops), default=0.0) or 1.0
    last = max((stop.column for stop in flow.stops), default=0)
    for number, stop in enumerate(flow.stops):
        parts.append(_stop(number, stop, places[number], abs(stop.value) / most, size))
    heads = ((size.side + size.column * min(column, last), said) for column, said in enumerate(flow.columns))
    parts += [_head(said, x, height) for x, said in heads if said]
    return (
        f'<svg class="flow {size.name}" viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}" '
        f'role="img" aria-label="{for_html(flow.caption)}">{"".join(parts)}</svg>'
    )


def layout(flow: Flow, size: Size = WIDE) -> tuple[Points, float, float]:
    """Centres of the stops, width and height in pixels: stops of a column in the order given, columns centred."""
    columns: dict[int, list[int]] = defaultdict(list)
    for number, stop in enumerate(flow.stops):
        columns[stop.column].append(number)
    tallest = max((len(members) for members in columns.values()), default=1)
    height = TOP + BOTTOM + ROW * max(tallest, 3) + (HEADS if any(flow.columns) else 0)
    room = height - TOP - BOTTOM - (HEADS if any(flow.columns) else 0)
    centres = {}
    for column, members in columns.items():
        first = TOP + (room - ROW * (len(members) - 1)) / 2
        for row, number in enumerate(members):
            centres[number] = (size.side + size.column * column, first + ROW * row)
    width = 2 * size.side + size.column * max(columns, default=0)
    return tuple(centres[number] for number in range(len(flow.stops))), float(width), float(height)


def _stream(stream: Stream, flow: Flow, places: Points, largest: float) -> str:
    (x0, y0), (x1, y1) = places[stream.source], places[stream.target]
    is_past_all = flow.stops[stream.target].column - flow.stops[stream.source].column > 2
    bend = (x1 - x0) / (4 if is_past_all else 2)
    y2, y3 = (2 * [(TOP / 3 - (y0 + y1) / 8) * 4 / 3]) if is_past_all else (y0, y1)  # its middle is at TOP / 3
    kind = f"{'up' if stream.value >= 0 else 'down'} {'own' if is_past_all else 'link' if stream.is_link else 'like'}"
    names = f"{clean(flow.stops[stream.source].name)} to {clean(flow.stops[stream.target].name)}"
    share = abs(stream.value) / largest
    above = f'<text class="dim" x="{(x0 + x1) / 2:.1f}" y="{TOP / 3 + 4:.1f}" text-anchor="middle">'
    named = f"{above}{for_html(stream.name)}</text>" if stream.name else ""
    return (
        f'<path class="stream {kind}" data-from="{stream.source}" data-to="{stream.target}" '
        f'stroke-width="{NARROWEST + (WIDEST - NARROWEST) * share:.2f}" stroke-opacity="{0.3 + 0.3 * share:.2f}" '
        f'd="M{x0:.1f} {y0:.1f}C{x0 + bend:.1f} {y2:.1f} {x1 - bend:.1f} {y3:.1f} {x1:.1f} {y1:.1f}">'
        f"<title>{for_html(names)}: {signed(stream.value)}</title></path>{named}"
    )


def _stop(number: int, stop: Stop, place: tuple[float, float], share: float, size: Size) -> str:
    x, y = place
    r = SMALLEST + (LARGEST - SMALLEST) * share**0.5
    marks = {
        "person": f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r:.1f}"/>',
        "item": f'<rect x="{x - r:.1f}" y="{y - r:.1f}" width="{2 * r:.1f}" height="{2 * r:.1f}" rx="2"/>',
        "attribute": f'<path d="M{x:.1f} {y - 1.1 * r:.1f}l{1.2 * r:.1f} {2.1 * r:.1f}h{-2.4 * r:.1f}z"/>',
        "rest": f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r:.1f}"/>',
    }
    where = 'dx="6"' if size is WIDE else f'x="{x + r + 3:.1f}" y="{y + 4:.1f}" text-anchor="start"'
    value = f'<tspan class="value" {where}>{signed(stop.value)}</tspan>' if stop.column else ""
    said = shortened(stop.name, size.letters)
    name, half = for_html(said), max(r + 6, LETTER * len(said) / 2)
    right = half if size is WIDE else max(half, r + 3 + 7 * LETTER)
    reach = (  # what a finger or a mouse may hit: mark, name and figure, and what lies between them
        f'<g><rect x="{x - half:.1f}" y="{y - r - 18:.1f}" width="{half + right:.1f}" height="{2 * r + 20:.1f}" '
        'fill="none" pointer-events="all"/></g>'
    )
    return (
        f'<g class="stop {stop.shape}" data-stop="{number}"><title>{for_html(stop.told)}</title>{marks[stop.shape]}'
        f'<text x="{x:.1f}" y="{y - r - 6:.1f}" text-anchor="middle">{name}{value}</text>{reach}</g>'
    )


def _head(said: str, x: float, height: float) -> str:
    """What stands in a column, below it."""
    return f'<text class="dim head" x="{x:.1f}" y="{height - 8:.1f}" text-anchor="middle">{for_html(said)}</text>'
