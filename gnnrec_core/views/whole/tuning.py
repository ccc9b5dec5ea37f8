"""What another operator would change: as JSON and as blocks."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from gnnrec_core.base.plain import plain
from gnnrec_core.render.blocks import Section, Table, Text, Verdict
from gnnrec_core.whole.against.tuning import Tuned
from gnnrec_core.whole.items.providers import Gain

SHOWN = 5


def tuned_json(found: Tuned) -> dict[str, Any]:
    """The changes of every figure, segments, and providers with their verdict."""
    told: dict[str, Any] = plain(
        {
            **found.mitigation.to_dict(),
            "segments": [asdict(segment) for segment in found.segments],
            "providers": [{**asdict(gain), "change": gain.change, "verdict": gain.verdict} for gain in found.providers],
        }
    )
    return told


def tuned_sections(found: Tuned, name: str) -> tuple[Section, ...]:
    """Every figure before and after, by segment, and who gains and loses on the provider side."""
    setting = ", ".join(f"{key} = {value:g}" for key, value in found.mitigation.settings.items())
    rows = tuple((c.metric, c.before, c.after, c.value, c.low, c.high) for c in found.mitigation.changes)
    figures = Table(
        ("figure", "before", "after", "change", "low", "high"), rows, "95 % intervals over the same people."
    )
    lost = found.mitigation.losers
    said = f"{lost.n:,} people ({lost.share:.1%}) get a list with less NDCG. Nothing was trained."
    sections = [
        Section(f"{name} with {setting}", (Text((said,)), figures)),
        Section("By segment of items", (segment_table(found),)),
    ]
    if found.providers:
        sections.append(Section("Who would gain, and who would lose", provider_blocks(found.providers)))
    return tuple(sections)


def segment_table(found: Tuned) -> Table:
    """Exposure and found held-out interactions of head, middle and tail."""
    columns = ("segment", "items", "exposure before", "after", "found before", "after ")
    caption = "Share of all exposure, and share of the held-out interactions with its items that the lists find."
    return Table(columns, tuple(tuple(asdict(each).values()) for each in found.segments), caption)


def provider_blocks(gains: tuple[Gain, ...]) -> tuple[Verdict | Table, ...]:
    """How many gain and lose, and the largest changes both ways."""
    n = {verdict: sum(gain.verdict == verdict for gain in gains) for verdict in ("gains", "loses", "cannot tell")}
    said = f"{n['gains']:,} providers would gain exposure, {n['loses']:,} would lose"
    said += f"; of {n['cannot tell']:,} one cannot tell."
    largest = [*gains[:SHOWN], *gains[max(SHOWN, len(gains) - SHOWN) :]]
    rows = tuple((g.provider, g.n_items, g.before, g.after, g.change, g.low, g.high, g.verdict) for g in largest)
    columns = ("provider", "items", "share before", "after", "change", "low", "high", "verdict")
    return Verdict(said), Table(columns, rows, "Shares of all exposure; 95 % intervals of the change over people.")
