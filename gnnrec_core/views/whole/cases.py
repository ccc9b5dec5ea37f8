"""Cases found by the shape of their explanation: as JSON, as rows, and as blocks."""

from __future__ import annotations

from typing import Any

from gnnrec_core.data.dataset import Dataset
from gnnrec_core.render.blocks import Block, Section, Table, Text
from gnnrec_core.views.privacy import NameUser
from gnnrec_core.views.whole.drivers import driver_bars, part_json
from gnnrec_core.whole.shapes import SHAPES, Cases

TOP, MOST = 10, 50


def cases_json(found: Cases, dataset: Dataset, name_user: NameUser, most: int = MOST) -> dict[str, Any]:
    """How many cases there are, for whom, what carries them together, and the strongest of them."""
    return {
        "shape": found.shape,
        "meaning": SHAPES[found.shape].title,
        "target": found.target,
        "k": found.k,
        "level": found.said,
        "n_places": found.n_places,
        "n_cases": len(found.users),
        "share": found.share.to_dict(),
        "group_by": found.group_by,
        "groups": [{"group": g.group, "n_users": g.n_users, **g.share.to_dict()} for g in found.groups],
        "hidden_groups": found.hidden,
        "cohort": None if found.cohort is None else part_json(found.cohort, TOP),
        "why_no_cohort": found.why_no_cohort,
        "cases": list(case_rows(found, dataset, name_user, most)),
    }


def case_rows(found: Cases, dataset: Dataset, name_user: NameUser, most: int = MOST) -> tuple[dict[str, Any], ...]:
    """One row a case, strongest first."""
    columns = (found.users.tolist(), found.items.tolist(), found.ranks.tolist(), found.strength.tolist())
    return tuple(
        {
            "user": name_user(dataset.users.ids[user]),
            "item": dataset.items.ids[item],
            "title": dataset.title(item),
            "rank": rank,
            "strength": abs(strength),
        }
        for user, item, rank, strength in [each for each, _ in zip(zip(*columns, strict=True), range(most))]
    )


def cases_sentence(found: Cases) -> str:
    """How many there are, in words."""
    share = f"{found.share.value:.1%} ({found.share.low:.1%} to {found.share.high:.1%})".replace("%", " %")
    return (
        f"In {len(found.users):,} of {found.n_places:,} places, {SHAPES[found.shape].title}; {share} of a person's "
        f"places on average. Said {found.said}."
    )


def cases_sections(found: Cases, dataset: Dataset, name_user: NameUser, most: int = MOST) -> tuple[Section, ...]:
    """The count, groups, the cohort's drivers, and the strongest cases."""
    blocks: list[Block] = [Text((cases_sentence(found),))]
    if found.groups:
        rows = tuple((g.group, g.n_users, g.share.value, g.share.low, g.share.high) for g in found.groups)
        blocks.append(Table(("group", "people", "share", "low", "high"), rows, f"By {found.group_by}."))
    sections = [Section("How many", tuple(blocks))]
    if found.cohort is not None:
        sections.append(Section("What carries them together", (driver_bars(found.cohort, TOP),)))
    elif found.why_no_cohort:
        sections.append(Section("What carries them together", (Text((found.why_no_cohort,)),)))
    listed = case_rows(found, dataset, name_user, most)
    if listed:
        rows_of = tuple((row["user"], row["title"], row["rank"], row["strength"]) for row in listed)
        sections.append(Section("The strongest", (Table(("person", "item", "rank", "strength"), rows_of),)))
    return tuple(sections)
