"""What shaking does to a run: as JSON and as blocks."""

from __future__ import annotations

from typing import Any

from gnnrec_core.base.plain import plain
from gnnrec_core.change.robustness import Robustness
from gnnrec_core.change.shaking import KINDS
from gnnrec_core.data.dataset import Dataset
from gnnrec_core.ranking.intervals import Interval
from gnnrec_core.render.blocks import Block, Section, Table, Text, Verdict
from gnnrec_core.views.privacy import NameUser

FIGURES = ("overlap", "jaccard", "accuracy", "exposure", "reasons", "own")
TITLES = {
    "overlap": "overlap of lists (rank-biased, 1 is unmoved)",
    "jaccard": "items in both lists / items in either",
    "accuracy": "NDCG after minus before",
    "exposure": "overlap of what the lists show",
    "reasons": "first reason of the first item stays",
    "own": "overlap for the person whose interaction went",
}


def robustness_json(found: Robustness, dataset: Dataset, name_user: NameUser) -> dict[str, Any]:
    """Figures with intervals, groups beside random groups, and the least stable people under their names."""
    figures = {name: getattr(found, name) for name in FIGURES}
    content: dict[str, Any] = plain(
        {
            "kind": found.kind,
            "means": KINDS[found.kind],
            "share": found.share,
            "level": found.level,
            "level_means": found.words,
            "k": found.k,
            "n_draws": found.n_draws,
            "n_changed": found.n_changed,
            **{name: None if figure is None else figure.to_dict() for name, figure in figures.items()},
            "control": {"overlap": found.control},
            "group_by": found.group_by,
            "groups": [
                {
                    "group": group.group,
                    "n_users": group.n_users,
                    "overlap": group.overlap.to_dict(),
                    "difference": group.difference,
                    "random_low": group.low,
                    "random_high": group.high,
                    "p_adjusted": group.p_adjusted,
                }
                for group in found.groups
            ],
            "suppressed": list(found.suppressed),
            "verdict": robustness_sentence(found),
            "least_stable": [
                {"user": name_user(dataset.users.ids[user]), "overlap": float(found.per_user[user])}
                for user in found.least_stable
            ],
        }
    )
    return content


def robustness_sections(found: Robustness, dataset: Dataset, name_user: NameUser) -> tuple[Section, ...]:
    """What was done, how far everything moved, whom it hurt."""
    figures = [(TITLES[name], getattr(found, name)) for name in FIGURES if getattr(found, name) is not None]
    table = Table(
        ("figure", "value", "low", "high"),
        tuple((title, figure.value, figure.low, figure.high) for title, figure in figures),
        f"Lists of {found.k}, mean over {found.n_draws} draws; 95 % intervals over people (exposure, reasons and own: "
        f"over draws). With nothing changed the overlap is {found.control:.3f}.",
    )
    level = f"Level: {found.words}."
    if found.level == "kept":
        level += " Training again would move the lists further: choose the level “again” to see how far."
    sections = [Section("Shaken", (Verdict(robustness_sentence(found)), Text((level,)), table))]
    if found.groups:
        rows = tuple(
            (g.group, g.n_users, g.overlap.value, g.difference, g.low, g.high, g.p_adjusted) for g in found.groups
        )
        columns = ("group", "people", "overlap", "less all others", "random low", "random high", "adjusted p")
        caption = "Random groups of the same sizes differ by random low to high (95 %): that is the control."
        said: tuple[Block, ...] = (Table(columns, rows, caption),)
        sections.append(Section(f"By {found.group_by}", said))
    people = tuple((name_user(dataset.users.ids[user]), float(found.per_user[user])) for user in found.least_stable)
    sections.append(Section("Least stable people", (Table(("person", "overlap"), people, "Ask for their case."),)))
    return tuple(sections)


def robustness_sentence(found: Robustness) -> str:
    """What was changed, and what stays of the lists."""
    changed = "with another seed" if found.kind == "seed" else f"{KINDS[found.kind]} ({found.n_changed:,.0f} changed)"
    hurt = [group for group in found.groups if group.p_adjusted < 0.05]
    said = f"{changed[0].upper()}{changed[1:]}: the lists overlap by {_span(found.overlap)}."
    for group in hurt:
        way = "less" if group.difference < 0 else "more"
        said += f" Those of {group.group} keep {way} than others ({group.difference:+.3f})."
    return said


def _span(figure: Interval) -> str:
    return f"{figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f})"
