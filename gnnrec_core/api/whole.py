"""Verbs about the model as a whole and about one item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, cast

from gnnrec_core.api.answers import Answer
from gnnrec_core.api.asking import RunLike, opened
from gnnrec_core.api.run import Id
from gnnrec_core.base.errors import RequestError
from gnnrec_core.data.dataset import SplitName
from gnnrec_core.views.privacy import NameUser
from gnnrec_core.views.whole import drivers as driver_views
from gnnrec_core.views.whole import item_side as item_views
from gnnrec_core.views.whole import parameters as parameter_views


def drivers(
    run: RunLike,
    by: str = "item",
    k: int = 10,
    target: Literal["score", "margin"] = "score",
    group_by: str | None = None,
    segment: str | None = None,
    decides: int = 0,
    sample: int = 100,
    top: int | None = None,
    seed: int = 0,
    against: RunLike | None = None,
    between: tuple[str, str] | None = None,
    level: str = "",
) -> Answer:
    """What carries all lists of `k` together: the exact ledgers of everybody, summed, with intervals over people.

    `by` is item, relation, age, popularity, path, or a column of the items; `group_by` as in `audit`; `segment` counts
    only places that hold such items (head, middle, tail, COLUMN=VALUE). `decides` looks at lists without each of the
    first so many drivers, for `sample` people, at a `level` of `whole.decided.LEVELS`. `against` another run of the
    same data, and `between` two groups, tell how shares differ. Rows: group, name, item, share, low, high, value,
    n_lists.
    """
    from gnnrec_core.render.charts.driver_chart import driver_chart
    from gnnrec_core.whole.against.driver_differences import between_groups, between_runs
    from gnnrec_core.whole.decided import decided_by
    from gnnrec_core.whole.drivers import drivers as core

    for name, value, least in (("decides", decides, 0), ("sample", sample, 1), ("top", 1 if top is None else top, 1)):
        if value < least:
            raise RequestError(f"{name} cannot be {value}.", f"Choose {least} or more.", value=value)
    run = opened(run)
    found = core(run, k, by, target, group_by, segment, seed=seed)
    decided = [decided_by(run, each.name, by, k, sample, seed, level) for each in found.everybody.drivers[:decides]]
    differences = []
    if against is not None:
        other = opened(against)
        differences.append(
            between_runs(found, core(other, k, by, target, None, segment, seed=seed), (run.name, other.name), seed)
        )
    if between is not None:
        differences.append(between_groups(found, run.dataset, between, seed))
    return Answer(
        f"What drives the lists of {run.name}",
        found,
        driver_views.drivers_json(found, top, decided, differences),
        lambda: driver_views.driver_rows(found),
        lambda: driver_views.drivers_sections(found, decided, top or driver_views.SHOWN, differences),
        lambda: driver_chart(found.everybody),
    )


def item(
    run: RunLike,
    item: Id,
    k: int = 10,
    group_by: str | None = None,
    more: int = 5,
    most: int = 3,
    seed: int = 0,
    name_user: NameUser | None = None,
    links: Sequence[str] | None = None,
    trainings: int = 0,
    days: int = 0,
    surely: bool = False,
) -> Answer:
    """One item from its own side: who gets it, what carries it, what keeps it from others, its rivals, and the fewest
    added links (readers, attributes; `most` at the most) that bring it to `more` more people, recomputed.

    `links` names the attributes that may be added (default: those of which an item can have several); the answer is
    trained again with `trainings` seeds; `surely` aims higher, so that it holds then (`measure_recourse` comes first).
    `days` tells who got it as of so many days.

    People go by pseudonyms unless `name_user` says otherwise. Rows: user, rank of the first who get it.
    """
    from gnnrec_core.change.strips import item_strip
    from gnnrec_core.views.change.strips import item_strip_section
    from gnnrec_core.whole.items.item_side import item_side

    run, name = opened(run), name_user or _pseudonyms()
    index = run.dataset.items.index(str(item))
    found = item_side(run, index, k, group_by, more, most, seed, links, trainings, surely)
    strip = item_strip(run, index, days, k) if days else None
    content = item_views.item_json(found, run.dataset, name)
    if strip is not None:
        content["over_time"] = {
            "days": [day.isoformat() for day in strip.days],
            "n_readers": strip.n_readers,
            "n_listed": strip.n_listed,
            "level_means": strip.words,
        }
    return Answer(
        f"{run.dataset.title(index)}, from its own side, by {run.name}",
        found,
        content,
        lambda: item_views.item_rows(found, run.dataset, name),
        lambda: (
            *item_views.item_sections(found, run.dataset, name, "Measure it: `calibrate RUN --recourse`."),
            *(() if strip is None else (item_strip_section(strip),)),
        ),
    )


def new_item(
    run: RunLike,
    title: str,
    attributes: Sequence[tuple[str, str]] = (),
    readers: Sequence[Id] = (),
    k: int = 10,
    group_by: str | None = None,
    trainings: int = 0,
    seed: int = 0,
    name_user: NameUser | None = None,
) -> Answer:
    """An item that is not in the data, folded in from `attributes` (relation, label) and `readers`: where it would
    stand, for whom, carried by what, and what each link brings; also trained with it with `trainings` seeds.

    People go by pseudonyms unless `name_user` says otherwise. Rows: user, rank of the first who would get it.
    """
    from gnnrec_core.views.whole.new_item import new_item_json, new_item_sections
    from gnnrec_core.whole.items.new_item import new_item as core

    run, name = opened(run), name_user or _pseudonyms()
    people = [run.dataset.users.index(str(each)) for each in readers]
    found = core(run, title, attributes, people, k, group_by, trainings, seed)
    return Answer(
        f"{title}, if it were there, by {run.name}",
        found,
        new_item_json(found, name),
        lambda: item_views.item_rows(found.side, found.run.dataset, name),
        lambda: new_item_sections(found, name),
    )


def measure_recourse(run: RunLike, items: int = 40, k: int = 10, more: int = 5, most: int = 3, seed: int = 0) -> Answer:
    """How often recourse holds when the model is trained again, measured on `items` items of the run and kept beside
    it: four trainings. Rows: one, with the figures of `whole.items.rate.RecourseRate`.
    """
    from gnnrec_core.whole.items.measured import measure_recourse as core

    run = opened(run)
    found = core(run, items, k, more, most, seed)
    content = item_views.rate_json(found)
    return Answer(
        f"Recourse in {run.name}, trained again",
        found,
        content,
        lambda: (content,),
        lambda: item_views.rate_sections(found),
    )


def provider(run: RunLike, column: str, value: str, k: int = 10, seed: int = 0) -> Answer:
    """How much exposure an author, seller or label gets (`value` in `column` of the items), against how often people
    choose it later. Rows: item, title, n_readers, n_lists, share_of_exposure."""
    from gnnrec_core.whole.items.providers import provider_side

    run = opened(run)
    found = provider_side(run, column, value, k, seed)
    return Answer(
        f"{value}, from its own side, by {run.name}",
        found,
        item_views.provider_json(found, run.dataset),
        lambda: item_views.provider_rows(found, run.dataset),
        lambda: item_views.provider_sections(found, run.dataset),
    )


def tune(
    run: RunLike,
    settings: Mapping[str, Any],
    k: int = 20,
    group_by: str | None = None,
    split: str = "test",
    out: str | Path | None = None,
    overwrite: bool = False,
    seed: int = 0,
) -> Answer:
    """Other live settings of a linear model (`degree_power`, `half_life_days`, ...): what each figure of the audit,
    each segment and each provider would gain or lose, without training; with `out` the run that they make.

    Rows: metric, before, after, change, low, high.
    """
    from gnnrec_core.audit.studies.mitigation import prepare
    from gnnrec_core.base.files import refuse_existing
    from gnnrec_core.views.whole.tuning import tuned_json, tuned_sections
    from gnnrec_core.whole.against.tuning import save_tuned
    from gnnrec_core.whole.against.tuning import tune as core

    if out is not None:
        refuse_existing(Path(out), overwrite)
    elif overwrite:
        raise RequestError("Nothing is saved, so nothing is replaced.", "Name the run to save, or leave that out.")
    run = opened(run)
    found = core(prepare(run, k, group_by, cast(SplitName, split)), settings, seed)
    if out is not None:
        save_tuned(found, run, Path(out), overwrite)
    content = {"k": k, **tuned_json(found), "saved": None if out is None else str(out)}
    return Answer(
        f"{run.name}, tuned", found, content, lambda: content["changes"], lambda: tuned_sections(found, run.name)
    )


def parameters(run: RunLike, k: int = 10, split: str = "test") -> Answer:
    """The main parameters: each input of the model removed, everybody ranked again, lists and accuracy compared.

    Rows: name, definition, is_used, overlap, ndcg_change, has_effect, sentence; the one that changes most first.
    """
    from gnnrec_core.whole.parameters import main_parameters

    run = opened(run)
    found = main_parameters(run, k, cast(SplitName, split))
    return Answer(
        f"Main parameters of {run.name}",
        found,
        parameter_views.parameters_json(found),
        lambda: parameter_views.parameter_rows(found),
        lambda: parameter_views.parameters_sections(found),
    )


def card(
    run: RunLike,
    out: str | Path,
    k: int = 10,
    group_by: str | None = None,
    answers: Mapping[str, str] | None = None,
    overwrite: bool = False,
    tried: Sequence[RunLike] = (),
) -> Answer:
    """Write the system card of a run as a page that opens offline, with FILE.json and FILE.answers.json beside it.

    `answers` are the author's (`whole.card.QUESTIONS` names the questions); those of an earlier card in the same place
    are kept. `tried` are runs that mitigations made. Rows: one a figure. RequestError where a file exists and
    `overwrite` is false.
    """
    from gnnrec_core.views.whole.card import card_json, card_sections, write_card

    run = opened(run)
    found = write_card(run, Path(out), k, group_by, answers, overwrite, [opened(each) for each in tried])
    content = card_json(found)
    rows = tuple({"section": part["title"], **entry} for part in content["sections"] for entry in part["entries"])
    return Answer(f"System card of {run.name}", found, content, lambda: rows, lambda: card_sections(found))


def cases(
    run: RunLike,
    shape: str,
    k: int = 10,
    target: Literal["score", "margin"] = "score",
    group_by: str | None = None,
    most: int = 50,
    seed: int = 0,
    name_user: NameUser | None = None,
) -> Answer:
    """Search over explanations: all places of all lists whose explanation has a shape (`whole.shapes.SHAPES`).

    one_item: one interaction carries over half; friends; learned; contested; scattered; fails_random: the strongest
    reasons do no more than random ones; fragile: another seed would likely drop the place (after `luck`). Rows: user,
    item, title, rank, strength of the `most` strongest. People go by pseudonyms unless `name_user` says otherwise.
    """
    from gnnrec_core.views.whole import cases as case_views
    from gnnrec_core.whole.shapes import cases_of_shape

    if most < 0:
        raise RequestError(f"{most} cases cannot be listed.", "Choose 0 or more.", value=most)
    run, name = opened(run), name_user or _pseudonyms()
    found = cases_of_shape(run, shape, k, target, group_by, seed)
    return Answer(
        f"Explanations of the shape {shape!r} in {run.name}",
        found,
        case_views.cases_json(found, run.dataset, name, most),
        lambda: case_views.case_rows(found, run.dataset, name, most),
        lambda: case_views.cases_sections(found, run.dataset, name, most),
    )


def _pseudonyms() -> NameUser:
    from gnnrec_core.base.pseudonyms import load_pseudonyms
    from gnnrec_core.runs.workspace import workspace

    here = workspace()
    return load_pseudonyms(here.home, here.read_only).name
