"""Rounds of feedback for people: what drifted, who was led away, who is looked at, and what re-rankers would change."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from gnnrec_core.base.plain import plain
from gnnrec_core.change.round_tracks import GroupTrack, ProviderTrack, Track
from gnnrec_core.change.rounds import Rounds
from gnnrec_core.ranking.intervals import Interval
from gnnrec_core.render.blocks import Block, Curves, Section, Table, Text, Verdict

TITLES = {
    "popularity": "start popularity of what is chosen",
    "concentration": "concentration of what is chosen (Gini over items)",
    "head": "share of the head",
    "diversity": "diversity of what a person chooses",
    "distance": "distance from people's own taste",
    "providers": "concentration of exposure over providers (Gini)",
}
MOST_LINES = 3
Edges = tuple[tuple[float, ...], tuple[float, ...]]


def rounds_json(found: Rounds) -> dict[str, Any]:
    """Each figure by round with its band over seeds and the control beside it, groups, providers, and the same for each
    re-ranker."""
    told: dict[str, Any] = plain(asdict(found))
    own = told.pop("lists")
    for loop in (own, *told["mitigations"]):
        for track in loop["tracks"]:
            track["title"] = TITLES[track["name"]]
    return {
        **told,
        **{name: own[name] for name in ("tracks", "groups", "providers")},
        "verdicts": list(rounds_sentences(found)),
    }


def rounds_sections(found: Rounds) -> tuple[Section, ...]:
    """What drifted, the figures over rounds, who was led furthest from their taste, and providers."""
    model = (
        f"Each round each person takes one item, with chance {found.influence:g} from their list of {found.k} "
        f"(place r is looked at with weight 1 / log2(r + 1)), by taste: how far {found.labels} overlap with their "
        f"history. The model learns from it. Level: {found.words}."
    )
    sections = [
        Section("After the rounds", (*(Verdict(said) for said in rounds_sentences(found)), Text((model,)))),
        Section("Round by round", tuple(_curves(found, place) for place in range(len(found.lists.tracks)))),
    ]
    if found.lists.groups:
        sections.append(Section(f"By {found.group_by}", _group_blocks(found)))
    if found.lists.providers:
        sections.append(Section("Providers", _provider_blocks(found)))
    if found.mitigations:
        sections.append(Section("Re-rankers over the rounds", (_compared(found),)))
    return tuple(sections)


def rounds_sentences(found: Rounds) -> tuple[str, ...]:
    """The change of each figure whose interval excludes 0, the groups that lose more than others, and what re-rankers
    do about either."""
    said = []
    for track in found.lists.tracks:
        if _is_sure(track.change):
            said.append(
                f"After {_rounds(found)} {TITLES[track.name]} has changed by {track.change.value:+.1%} "
                f"({track.change.low:+.1%} to {track.change.high:+.1%}); without the lists' influence by "
                f"{track.control_change.value:+.1%}."
            )
    said += [
        f"{group.group} is led further from its own taste than others by {_span(group.more_than_others)}."
        for group in found.lists.groups
        if group.more_than_others.low > 0
    ]
    for loop in found.mitigations:
        less = next(track.against for track in loop.tracks if track.name == "distance")
        if less is not None and _is_sure(less):
            way = "nearer to" if less.value < 0 else "further from"
            said.append(f"With {loop.title} people end {way} their own taste, by {_span(less)}.")
    return tuple(said) or (f"After {_rounds(found)} no figure has moved beyond its band.",)


def _rounds(found: Rounds) -> str:
    return "1 round" if found.n == 1 else f"{found.n} rounds"


def _curves(found: Rounds, place: int) -> Curves:
    xs = tuple(float(number) for number in range(found.n + 1))
    loops = (found.lists, *found.mitigations)
    tracks = [loop.tracks[place] for loop in loops]
    names = ["with the lists", *(loop.title for loop in found.mitigations)]
    own = tracks[0]
    return Curves(
        (
            *((name, xs, track.mean) for name, track in zip(names, tracks, strict=True)),
            ("without their influence", xs, own.control),
        ),
        "round",
        TITLES[own.name],
        f"{TITLES[own.name][:1].upper()}{TITLES[own.name][1:]}: mean and 95 % band over {found.seeds} seeds; "
        "expectations over what may be chosen in each round.",
        tuple(_band(track, track.mean) for track in tracks),
    )


def _band(track: Track | GroupTrack | ProviderTrack, line: tuple[float, ...]) -> Edges:
    """Low and high by round; on the line where all seeds are alike, as in the first round."""
    low, high = (
        tuple(at if edge != edge else edge for edge, at in zip(edges, line, strict=True))
        for edges in (track.low, track.high)
    )
    return low, high


def _group_blocks(found: Rounds) -> tuple[Block, ...]:
    xs = tuple(float(number) for number in range(found.n + 1))
    groups = found.lists.groups
    caption = f"Change of the mean distance from own taste over {_rounds(found)}; above 0: this group loses more."
    columns = ("group", "people", "further from taste", "more than others", "low", "high", "gap without the lists")
    rows = tuple(
        (g.group, g.n_users, g.change.value, *_ends(g.more_than_others), g.control_gap[-1] - g.control_gap[0])
        for g in groups
    )
    gaps = Curves(
        tuple((group.group, xs, group.gap) for group in groups),
        "round",
        "distance less that of all others",
        f"Gap of each group by round, mean and 95 % band over {found.seeds} seeds. 0: as far from its taste as others.",
        tuple(_band(group, group.gap) for group in groups),
    )
    return Table(columns, rows, caption), gaps


def _provider_blocks(found: Rounds) -> tuple[Block, ...]:
    xs = tuple(float(number) for number in range(found.n + 1))
    told = found.lists.providers
    some = list(dict.fromkeys([*told[:MOST_LINES], *told[-MOST_LINES:]]))
    few = "" if len(told) == found.n_providers else f" The {len(told)} of {found.n_providers:,} that change most."
    rows = tuple((p.provider, p.n_items, p.share[0], p.share[-1], *_ends(p.change)) for p in told)
    return (
        Table(
            ("provider", "items", "first round", "last round", "change", "low", "high"),
            rows,
            f"Share of all that people look at; 95 % intervals over {found.seeds} seeds.{few}",
        ),
        Curves(
            tuple((p.provider, xs, p.share) for p in some),
            "round",
            "share of what is looked at",
            f"Those that gain and lose most, mean and 95 % band over {found.seeds} seeds.",
            tuple(_band(each, each.share) for each in some),
        ),
    )


def _compared(found: Rounds) -> Table:
    """A row for each re-ranker and figure, against the model's own lists with the same seeds."""
    rows: list[tuple[Any, ...]] = []
    for loop in found.mitigations:
        figures: list[tuple[str, Track | GroupTrack]] = [(TITLES[track.name], track) for track in loop.tracks]
        figures += [(f"gap of {group.group}", group) for group in loop.groups]
        for title, figure in figures:
            last = figure.mean[-1] if isinstance(figure, Track) else figure.gap[-1]
            rows.append((loop.title, title, last, *_ends(figure.against)))
    caption = (
        f"In the last round, less the model's own lists played with the same seeds; 95 % intervals over {found.seeds} "
        "seeds. Each re-ranker with its defaults, from the candidates of each round."
    )
    return Table(("re-ranker", "figure", "last round", "less own lists", "low", "high"), tuple(rows), caption)


def _ends(figure: Interval | None) -> tuple[float | None, float | None, float | None]:
    return (None, None, None) if figure is None else (figure.value, figure.low, figure.high)


def _is_sure(figure: Interval) -> bool:
    return figure.low > 0 or figure.high < 0


def _span(figure: Interval) -> str:
    return f"{abs(figure.value):.3f} ({figure.low:+.3f} to {figure.high:+.3f})"
