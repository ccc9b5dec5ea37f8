"""A search, as blocks: the best trial, what no other beats, what makes the difference, all trials."""

from __future__ import annotations

from typing import Any

from gnnrec_core.decide.objectives import OBJECTIVES
from gnnrec_core.render.blocks import Bars, Block, Facts, Section, Table, Text


def search_sections(content: dict[str, Any], kept: str | None = None) -> tuple[Section, ...]:
    """Of the JSON object of `search`; `kept` is the run that was made of it."""
    best, over = content["best"], content["over"]
    facts: list[tuple[str, Any]] = [("trials", content["trials"]), ("ended early", content["ended_early"])]
    facts += [("best trial", best["trial"])]
    facts += [(OBJECTIVES[name].title, value) for name, value in best["validation"].items()]
    facts += [(name, value) for name, value in best["settings"].items()]
    facts += [("kept as", kept)] if kept else []
    first = OBJECTIVES[content["settings"]["objectives"][0]]
    shipped = next((trial for trial in content["all"] if trial["number"] == 0), None)
    said = []
    if shipped is not None:
        change = best["validation"][first.name] - shipped["figures"].get(first.name, float("nan"))
        said = [Text((
            f"Trial 0 has the settings that this model comes with: the best is {change:+.4f} against it, on "
            "validation. The test part was not looked at; the best of many trials looks a little better than it is.",
        ))]  # fmt: skip
    rows = tuple((trial["number"], *(trial["figures"][name] for name in over)) for trial in content["front"])
    columns = ("trial", *(OBJECTIVES[name].title for name in over))
    sections = [
        Section(f"{content['model']} on {content['dataset']}: the best trial", (*said, Facts(tuple(facts)))),
        Section(
            "What no other trial beats", (Table(columns, rows, "At least as good in each figure, better in one."),)
        ),
        Section("What makes the difference", tuple(_importance(content["importance"]))),
    ]
    return tuple(sections)


def _importance(shares: dict[str, float] | None) -> list[Block]:
    if not shares:
        return [Text(("Too few trials have come to their end to say which setting matters.",))]
    about = f"Share of each setting in how {OBJECTIVES['accuracy'].title} varies (PED-ANOVA), over whole trials."
    ordered = sorted(shares.items(), key=lambda pair: -pair[1])
    return [Bars(tuple(name for name, _ in ordered), tuple(share for _, share in ordered), about)]
