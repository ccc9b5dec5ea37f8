"""Verbs that change the data of a run: another day, shaken interactions, a person forgotten, rounds of feedback."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gnnrec_core.api.answers import Answer
from gnnrec_core.api.asking import RunLike, opened, pair
from gnnrec_core.api.run import Id, OpenRun
from gnnrec_core.base.pseudonyms import load_pseudonyms
from gnnrec_core.runs.run import Run
from gnnrec_core.runs.workspace import workspace

if TYPE_CHECKING:
    from gnnrec_core.change.as_of import AsOf
    from gnnrec_core.change.robustness import Robustness
    from gnnrec_core.change.updating import Update
    from gnnrec_core.views.privacy import NameUser


def as_of(
    run: RunLike, user: Id, item: Id, day: str | date, k: int = 10, by: str | None = None, top: int = 10
) -> Answer:
    """Graph, list, ledger and audit as of the end of a day ("2024-05-31"); rows: the list of that day.

    RequestError for a day before the first interaction or after the last, or a log without times.
    """
    from gnnrec_core.base.errors import RequestError
    from gnnrec_core.change.as_of import as_of as core
    from gnnrec_core.data.moments import read_day

    if top < 1:
        raise RequestError(f"{top} contributions cannot be shown.", "Choose 1 or more.", value=top)
    run = opened(run)
    found = core(run, *pair(run.dataset, user, item), read_day(str(day)), k, by, check_top=top)
    return told_as_of(run, found, top)


def told_as_of(run: Run, found: AsOf, top: int) -> Answer:
    """The answer of a case as of a day."""
    from gnnrec_core.views.change.over_time import as_of_json, as_of_sections

    content = as_of_json(found, run.dataset, top)
    title = f"{content['title']} for {content['user']} as of {found.state.day}"
    return Answer(title, found, content, lambda: content["items"], lambda: as_of_sections(found, run.dataset, top))


def over_time(run: RunLike, by: str | None = None, days: int = 10, metric: str = "ndcg", seed: int = 0) -> Answer:
    """A figure of each group and its gap to all others as of several days, the last the run as it is, and the day on
    which each gap changed; rows: day, group, value, gap.

    RequestError without groups, for an unknown metric, or for a log without times.
    """
    from gnnrec_core.audit.groups import available_groupings
    from gnnrec_core.base.errors import RequestError
    from gnnrec_core.change.strips import group_strip
    from gnnrec_core.views.change.strips import strip_json, strip_sections

    run = opened(run)
    names = [choice.name for choice in available_groupings(run.dataset)]
    if by is None and not names:
        raise RequestError("These people have no groups.", "Import the data with attributes of people.")
    found = group_strip(run, by or names[0], metric, days, seed=seed)
    content = strip_json(found)
    return Answer(f"{run.name} over time", found, content, lambda: content["rows"], lambda: strip_sections(found))


def drift(run: RunLike, user: Id, by: str | None = None, windows: int = 6, k: int = 10, seed: int = 0) -> Answer:
    """What one person chose over time, what carried their list, and when it changed; rows: the windows."""
    from gnnrec_core.change.drift import drift as core
    from gnnrec_core.views.change.over_time import drift_json, drift_sections

    run = opened(run)
    found = core(run, run.dataset.users.index(str(user)), by, windows, k, seed=seed)
    dataset = run.dataset
    content = drift_json(found, run.dataset)
    return Answer(
        f"{user} over time", found, content, lambda: content["windows"], lambda: drift_sections(found, dataset)
    )


def robustness(
    run: RunLike,
    kind: str = "drop",
    share: float = 0.05,
    k: int = 10,
    by: str | None = None,
    draws: int = 0,
    level: str = "",
    seed: int = 0,
) -> Answer:
    """What shaken data ("drop", "add", "rewire", "one", "seed") do to lists, figures and reasons; rows: figures.

    Other people appear under pseudonyms.
    """
    from gnnrec_core.change.robustness import robustness as core

    run, here = opened(run), workspace()
    name = load_pseudonyms(here.home, here.read_only).name
    found = core(run, kind, share, k, by, draws, level, seed)
    return told_robustness(run, found, name)


def told_robustness(run: Run, found: Robustness, name: NameUser) -> Answer:
    """The answer of a shaking, in which people go by `name`."""
    from gnnrec_core.views.change.stress import FIGURES, robustness_json, robustness_sections

    content = robustness_json(found, run.dataset, name)
    rows = tuple({"figure": figure, **content[figure]} for figure in FIGURES if content[figure] is not None)
    return Answer(
        f"{run.name}, shaken", found, content, lambda: rows, lambda: robustness_sections(found, run.dataset, name)
    )


def attack(
    run: RunLike,
    item: Id,
    profile: str = "random",
    people: int = 0,
    k: int = 10,
    accounts: Sequence[int] = (0, 1, 2, 5, 10, 20, 50),
    size: int = 0,
    suspicion: bool = True,
    seed: int = 0,
) -> Answer:
    """How many fake accounts of a profile (random, average, bandwagon, segment) bring an item into the top `k` of
    `people` people (0: 100, or all where there are fewer), and which the suspicion score finds; rows: a number of
    accounts each."""
    from gnnrec_core.change.attack import attack as core
    from gnnrec_core.views.change.desks import attack_json, attack_sections

    run = opened(run)
    dataset, index = run.dataset, run.dataset.items.index(str(item))
    found = core(run, index, profile, people, k, accounts, size, seed, suspicion)
    content = attack_json(found, dataset)
    title = f"{content['title']}, pushed"
    return Answer(title, found, content, lambda: content["steps"], lambda: attack_sections(found, dataset))


def forget(
    run: RunLike,
    out: str | Path,
    user: Id | None = None,
    item: Id | None = None,
    method: str = "",
    compare: bool = True,
    overwrite: bool = False,
) -> tuple[OpenRun, dict[str, Any]]:
    """Write into `out` the run without a person or an item, its data beside it; the run there and its receipt.

    RequestError unless one of `user` and `item` is named, or where `out` exists.
    """
    from gnnrec_core.base.errors import RequestError
    from gnnrec_core.change.forgetting import forget as core

    if (user is None) == (item is None):
        raise RequestError("Name one person or one item to forget.", "Give user=ID or item=ID.")
    run = opened(run)
    kind, raw_id, ids = ("user", user, run.dataset.users) if item is None else ("item", item, run.dataset.items)
    made, receipt = core(run, kind, ids.index(str(raw_id)), Path(out), method, compare, overwrite=overwrite)
    return OpenRun.over(made), receipt.to_dict()


def update(
    run: RunLike,
    newer: str | Path | None,
    out: str | Path,
    replay: float = 0.2,
    epochs: int = 10,
    k: int = 10,
    seed: int = 0,
    overwrite: bool = False,
    compare: bool = True,
) -> Answer:
    """Write into `out` the run updated with the dataset `newer` (None: with the validation part of its own); what that
    changed in lists and reasons, and what learning a share of the old interactions again (`replay`) preserves, against
    the same update without (`compare`). Rows: figure, value, low, high. Other people appear under pseudonyms."""
    from gnnrec_core.change.updating import update as core
    from gnnrec_core.change.updating import with_validation
    from gnnrec_core.data.store import load_dataset

    run, here = opened(run), workspace()
    data = with_validation(run.dataset) if newer is None else load_dataset(Path(newer))
    made, found = core(run, data, Path(out), replay, epochs, k, seed, overwrite, compare)
    return told_update(run, made, found, load_pseudonyms(here.home, here.read_only).name)


def told_update(run: Run, made: Run, found: Update, name: NameUser) -> Answer:
    """The answer of an update, in which people go by `name`."""
    from gnnrec_core.views.change.updates import moved_rows, update_json, update_rows, update_sections

    content = {"from": run.name, **update_json(found, run.dataset, made.dataset, name)}
    moved = moved_rows(found, run.dataset, made.dataset, name)
    return Answer(
        f"{run.name}, updated",
        (made, found),
        content,
        lambda: update_rows(found),
        lambda: update_sections(found, run.name, moved),
    )


def made_by_update(run: RunLike, by: str | None = None, seed: int = 0) -> Answer:
    """What the update did that made this run, as it lies beside it; rows: figure, value, low, high. Nothing is drawn.

    RequestError where no update made it.
    """
    from gnnrec_core.change.notes import update_of
    from gnnrec_core.views.change.updates import update_rows, update_sections

    run = opened(run)
    found = update_of(run)
    return Answer(
        f"{run.name}, updated",
        found,
        found.to_dict(),
        lambda: update_rows(found),
        lambda: update_sections(found, "The run before"),
    )


def made_by_forgetting(run: RunLike, by: str | None = None, seed: int = 0) -> Answer:
    """The receipt of what this run has forgotten, as it lies beside it. RequestError where nothing was."""
    from gnnrec_core.change.notes import receipt_of
    from gnnrec_core.views.change.desks import receipt_sections

    run = opened(run)
    found = receipt_of(run)
    content = found.to_dict()
    return Answer(
        f"{run.name}, the receipt",
        found,
        content,
        lambda: ({"figure": name, "value": str(value)} for name, value in content.items()),
        lambda: receipt_sections(found, "from which it was made"),
    )


def rounds(
    run: RunLike,
    n: int = 10,
    k: int = 10,
    influence: float = 0.8,
    sharpness: float = 3.0,
    by: str | None = None,
    seeds: int = 3,
    seed: int = 0,
    mitigations: Sequence[str] = (),
) -> Answer:
    """`n` rounds in which people choose from their lists and the model learns from it, and the same with the lists of
    re-rankers (`mitigations`, by name); rows: figures by round."""
    from gnnrec_core.change.rounds import rounds as core
    from gnnrec_core.views.change.rounds import rounds_json, rounds_sections

    run = opened(run)
    found = core(run, n, k, influence, sharpness, by, seeds, seed, mitigations)
    rows = tuple(
        {"lists": loop.title, "figure": track.name, "round": number, "value": value, "control": control}
        for loop in (found.lists, *found.mitigations)
        for track in loop.tracks
        for number, (value, control) in enumerate(zip(track.mean, track.control, strict=True))
    )
    return Answer(
        f"{run.name} after {n} rounds", found, rounds_json(found), lambda: rows, lambda: rounds_sections(found)
    )
