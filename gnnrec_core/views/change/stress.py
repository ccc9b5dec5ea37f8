"""What shaking, forgetting and rounds of feedback do to a run: as JSON and as blocks."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from gnnrec_core.base.plain import plain
from gnnrec_core.change.robustness import Robustness
from gnnrec_core.change.rounds import Rounds
from gnnrec_core.change.shaking import KINDS
from gnnrec_core.data.dataset import Dataset
from gnnrec_core.ranking.intervals import Interval
from gnnrec_core.render.blocks import Block, Curves, Section, Table, Text, Verdict
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


ROUND_TITLES = {
    "popularity": "start popularity of what is chosen",
    "concentration": "concentration of what is chosen (Gini)",
    "head": "share of the head",
    "distance": "distance from people's own taste",
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


def rounds_json(found: Rounds) -> dict[str, Any]:
    """Each figure by round with its band over seeds, the control beside it, and the groups."""
    told: dict[str, Any] = plain(asdict(found))
    for track in told["tracks"]:
        track["title"] = ROUND_TITLES[track["name"]]
    return {**told, "verdicts": list(rounds_sentences(found))}


def rounds_sections(found: Rounds) -> tuple[Section, ...]:
    """What drifted, the figures over rounds, and who was led furthest from their taste."""
    xs = tuple(float(number) for number in range(found.n + 1))
    curves: list[Block] = [
        Curves(
            tuple(
                (name, xs, values)
                for name, values in (
                    ("with the lists", track.mean),
                    ("low", track.low),
                    ("high", track.high),
                    ("without their influence", track.control),
                )
                if all(value == value for value in values)
            ),
            "round",
            ROUND_TITLES[track.name],
            f"Mean and 95 % band over {found.seeds} seeds; expectations over what may be chosen in each round.",
        )
        for track in found.tracks
    ]
    model = (
        f"Each round each person takes one item, with chance {found.influence:g} from their list of {found.k} "
        f"(place r is looked at with weight 1 / log2(r + 1)), by taste: how far {found.labels} overlap with their "
        f"history. The model learns from it. Level: {found.words}."
    )
    sections = [
        Section("After the rounds", (*(Verdict(said) for said in rounds_sentences(found)), Text((model,)))),
        Section("Round by round", tuple(curves)),
    ]
    if found.groups:
        rows = tuple(
            (
                g.group,
                g.n_users,
                g.change.value,
                g.more_than_others.value,
                g.more_than_others.low,
                g.more_than_others.high,
            )
            for g in found.groups
        )
        columns = ("group", "people", "further from taste", "more than others", "low", "high")
        caption = f"Change of the mean distance from own taste over {found.n} rounds; above 0: this group loses more."
        sections.append(Section(f"By {found.group_by}", (Table(columns, rows, caption),)))
    return tuple(sections)


def rounds_sentences(found: Rounds) -> tuple[str, ...]:
    """The change of each figure whose interval excludes 0, and the groups that lose more than others."""
    said = []
    for track in found.tracks:
        change = track.change
        if change.low > 0 or change.high < 0:
            title = ROUND_TITLES[track.name]
            said.append(
                f"After {found.n} rounds {title} has changed by {change.value:+.1%} ({change.low:+.1%} to "
                f"{change.high:+.1%}); without the lists' influence by {track.control_change.value:+.1%}."
            )
    said += [
        f"{group.group} is led further from its own taste than others by {group.more_than_others.value:.3f} "
        f"({group.more_than_others.low:.3f} to {group.more_than_others.high:.3f})."
        for group in found.groups
        if group.more_than_others.low > 0
    ]
    return tuple(said) or (f"After {found.n} rounds no figure has moved beyond its band.",)
