"""Suspicious people of a log: as JSON, and as blocks."""

from __future__ import annotations

from typing import Any

from gnnrec_core.audit.gate import THRESHOLD
from gnnrec_core.data.about.suspicious import REASONS, Suspicion
from gnnrec_core.data.dataset import Dataset
from gnnrec_core.render.blocks import Block, Facts, Section, Table, Text, Verdict
from gnnrec_core.runs.without_people import WithoutPeople
from gnnrec_core.views.privacy import NameUser

MOST_SHOWN = 100
FOUND_BADLY = (
    "Attacks of fewer than ten made-up people, and such that copy the history of a real one, are mostly missed: that "
    "nobody is named does not show that nobody was made up."
)
"""Measured by `benchmarks/bench_suspicious.py`."""


def suspicion_json(
    found: Suspicion, dataset: Dataset, name_user: NameUser, without: WithoutPeople | None = None
) -> dict[str, Any]:
    """Everybody with a reason, by the names of `name_user`; `without_them` where it was computed, of enough others."""
    people = [
        {
            "user": name_user(dataset.users.ids[suspect.user_index]),
            "score": suspect.score,
            "reason": suspect.reason,
            "about": suspect.about,
            "measure": suspect.measure,
            "limit": suspect.limit,
            "others": list(suspect.others),
            "n_interactions": suspect.n_interactions,
        }
        for suspect in found.suspects
    ]
    return {
        "name": dataset.name,
        "n_users": found.n_users,
        "n_suspicious": len(people),
        "reasons": REASONS,
        "by_reason": found.by_reason,
        "not_measured": found.skipped,
        "pushed": [{"item": dataset.items.ids[item], "title": dataset.title(item)} for item in found.pushed],
        "people": people,
        "without_them": None if without is None or without.n_others < THRESHOLD else without.to_dict(),
    }


def suspicion_sections(content: dict[str, Any]) -> tuple[Section, ...]:
    """Who, how strongly and why; what could not be measured; and what the lists would be without them."""
    blocks: list[Block] = [
        Verdict(f"{', '.join(names)}: not measured, because {why}.")
        for why in dict.fromkeys(content["not_measured"].values())
        for names in [[name for name, said in content["not_measured"].items() if said == why]]
    ]
    n, people = content["n_suspicious"], content["people"]
    if not n:
        blocks.insert(0, Verdict(f"None of {content['n_users']:,} people has a figure over its limit.", "good"))
    else:
        said = f"{n:,} of {content['n_users']:,} people have a figure over its limit. It is a cause to look, no proof."
        columns = ("person", "score", "reason", "what", "interactions")
        rows = tuple((p["user"], p["score"], p["reason"], p["about"], p["n_interactions"]) for p in people)
        caption = "Score: how many times over its limit the figure is." + (
            f" The first {MOST_SHOWN} of {n:,}." if n > MOST_SHOWN else ""
        )
        blocks = [Verdict(said, "warning"), Table(columns, rows[:MOST_SHOWN], caption), *blocks]
    if content["pushed"]:
        blocks.append(Text((f"Pushed, it seems: {', '.join(item['title'] for item in content['pushed'])}.",)))
    blocks += [Text((FOUND_BADLY,)), Facts(tuple(content["reasons"].items()))]
    sections = [Section(f"Suspicious interactions of {content['name']}", tuple(blocks))]
    if content["without_them"]:
        sections.append(Section("Without them", _without(content["without_them"])))
    return tuple(sections)


def _without(found: dict[str, Any]) -> tuple[Block, ...]:
    n = found["n_others"]
    share = found["changed"] / n if n else 0.0
    said = (
        f"Trained again without these {found['n_left_out']:,} people, {found['model']} gives {found['changed']:,} of "
        f"the {n:,} others ({share:.0%}) another list of {found['k']}, and {found['first_changed']:,} another first "
        f"item; on average {found['overlap']:.1%} of a list stays."
    )
    items = tuple((item["title"], item["lists_before"], item["lists_after"]) for item in found["items"])
    return (Verdict(said), *((Table(("item", "lists with it", "without them"), items),) if items else ()))
