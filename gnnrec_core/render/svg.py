"""Drawings for report pages: SVG text without scripts, styles from the page's style sheet. A chart is a function of
its figures; the same figures stand in a table or a label beside it, so that nothing depends on seeing the drawing."""

from __future__ import annotations

import math

from gnnrec_core.base.text import clean, for_html

WIDTH, LABEL_WIDTH, VALUE_WIDTH, ROW = 720, 260, 70, 24
HEIGHT, MARGIN, TOP = 290, 46, 28
DASHES = ("", "6 4", "2 3", "8 3 2 3", "12 4")

Series = tuple[tuple[str, tuple[float, ...], tuple[float, ...]], ...]
Bands = tuple[tuple[tuple[float, ...], tuple[float, ...]], ...]


def bars_svg(
    labels: tuple[str, ...],
    values: tuple[float, ...],
    intervals: tuple[tuple[float, float], ...] = (),
    texts: tuple[str, ...] = (),
) -> str:
    """Horizontal bars from a common zero, largest extent over the full width; non-finite values get no bar."""
    ends = [v for v in (*values, *(end for pair in intervals for end in pair)) if math.isfinite(v)]
    low, high = min([0.0, *ends]), max([0.0, *ends])
    width = WIDTH - LABEL_WIDTH - VALUE_WIDTH

    def x(value: float) -> float:
        return LABEL_WIDTH + width * (value - low) / ((high - low) or 1.0)

    parts = [f'<line class="axis" x1="{x(0):.1f}" x2="{x(0):.1f}" y1="0" y2="{ROW * len(values)}"/>']
    for row, (label, value) in enumerate(zip(labels, values, strict=True)):
        top = row * ROW
        parts.append(f'<text x="0" y="{top + 16}">{for_html(_shorten(label))}<title>{for_html(label)}</title></text>')
        parts.append(f'<text class="dim" x="{WIDTH - VALUE_WIDTH + 6}" y="{top + 16}">{for_html(texts[row])}</text>')
        if not math.isfinite(value):
            continue
        left, right = sorted((x(0), x(value)))
        kind = "up" if value >= 0 else "down"
        parts.append(
            f'<rect class="{kind}" x="{left:.1f}" y="{top + 4}" width="{right - left:.1f}" height="{ROW - 8}"/>'
        )
        if intervals and all(map(math.isfinite, intervals[row])):
            a, b, middle = x(intervals[row][0]), x(intervals[row][1]), top + ROW / 2
            parts.append(
                f'<path class="whisker" d="M{a:.1f} {middle}H{b:.1f}M{a:.1f} {middle - 4}v8M{b:.1f} {middle - 4}v8"/>'
            )
    return _svg(ROW * len(values), "Bars: " + "; ".join(f"{a} {b}" for a, b in zip(labels, texts, strict=True)), parts)


def curves_svg(series: Series, x_label: str, y_label: str, bands: Bands = ()) -> str:
    """Lines with their names beside their ends, and their bands; every line has its own dashes, so that colour is not
    needed."""
    xs = [x for _, line, _ in series for x in line] or [0.0]
    edges = [edge for band in bands for edge in band]
    ys = [y for line in (*(line for _, _, line in series), *edges) for y in line if math.isfinite(y)] or [0.0]
    x0, x1, y0, y1 = min(xs), max(xs), min(0.0, *ys), max(0.0, *ys)
    right, bottom = WIDTH - 150, HEIGHT - MARGIN

    def place(x: float, y: float) -> tuple[float, float]:
        return (
            MARGIN + (right - MARGIN) * (x - x0) / ((x1 - x0) or 1.0),
            bottom - (bottom - TOP) * (y - y0) / ((y1 - y0) or 1.0),
        )

    zero = place(x0, 0.0)[1]
    parts = [
        f'<path class="axis" d="M{MARGIN} {TOP}V{bottom}H{right}M{MARGIN} {zero:.1f}H{right}"/>',
        f'<text class="dim" x="{MARGIN}" y="{HEIGHT - 8}">{for_html(x_label)}: {x0:g} to {x1:g}</text>',
        f'<text class="dim" x="{MARGIN}" y="16">{for_html(y_label)}: {y0:.3g} to {y1:.3g}</text>',
    ]
    for number, (name, line_x, line_y) in enumerate(series):
        points = [place(x, y) for x, y in zip(line_x, line_y, strict=True) if math.isfinite(y)]
        if not points:
            continue
        path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        for lows, highs in bands[number : number + 1]:
            edge = [*zip(line_x, highs, strict=True), *reversed([*zip(line_x, lows, strict=True)])]
            around = "L".join("{:.1f} {:.1f}".format(*place(x, y)) for x, y in edge if math.isfinite(y))
            parts.append(f'<path class="band k{number % 5}" d="M{around}Z"/>')
        dashes = DASHES[number % len(DASHES)]
        parts.append(f'<path class="line k{number % 5}" stroke-dasharray="{dashes or "none"}" d="{path}"/>')
        legend = TOP + 14 + 20 * number
        parts.append(
            f'<path class="line k{number % 5}" stroke-dasharray="{dashes or "none"}" '
            f'd="M{right + 12} {legend - 4}h24"/><text x="{right + 42}" y="{legend}">{for_html(name)}</text>'
        )
    return _svg(HEIGHT, f"Curves of {y_label} over {x_label}: {', '.join(name for name, _, _ in series)}", parts)


def _svg(height: float, description: str, parts: list[str]) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" '
        f'aria-label="{for_html(description)}">{"".join(parts)}</svg>'
    )


def _shorten(label: str, length: int = 36) -> str:
    text = clean(label)
    return text if len(text) <= length else text[: length - 1] + "…"
