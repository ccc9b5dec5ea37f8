"""The five verdicts and the worst group, for reading."""

from __future__ import annotations

from gnnrec_core.audit.scorecard import Scorecard
from gnnrec_core.render.blocks import Block, Section, Table, Verdict

COLUMNS = ("Are the lists", "Answer", "Figure", "Yardstick", "Why", "What is good", "How sure")


def scorecard_sections(card: Scorecard | None) -> tuple[Section, ...]:
    """A row a verdict, then the group that is served worst."""
    if card is None:
        return ()
    rows = tuple(
        (f"{v.quality}?", v.answer, v.value, v.yardstick_value, v.reason, v.good, v.certainty) for v in card.verdicts
    )
    caption = "Each figure beside its yardstick for the same people; intervals of the difference are 95 %."
    blocks: tuple[Block, ...] = (Table(COLUMNS, rows, caption),)
    if card.worst is not None:
        said = "Served worst" if card.worst.stands else "The lowest figure, which may be chance"
        blocks += (Verdict(f"{said}: {card.worst.sentence}", "warning" if card.worst.stands else "note"),)
    return (Section("Five verdicts", blocks),)
