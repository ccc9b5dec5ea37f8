"""One item from its own side: as the JSON of the contract and as blocks."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from gnnrec_core.data.dataset import Dataset
from gnnrec_core.render.blocks import Block, Facts, Section, Table, Text, Verdict
from gnnrec_core.views.privacy import NameUser
from gnnrec_core.views.whole.drivers import driver_bars, part_json
from gnnrec_core.whole.drivers import Part
from gnnrec_core.whole.items.item_side import ItemSide
from gnnrec_core.whole.items.links import Link
from gnnrec_core.whole.items.providers import ProviderSide
from gnnrec_core.whole.items.rate import RecourseRate
from gnnrec_core.whole.items.recourse import Recourse, Step

TOP = 10


def item_json(found: ItemSide, dataset: Dataset, name_user: NameUser) -> dict[str, Any]:
    """The object of the contract; people by `name_user`."""

    def people(pairs: tuple[tuple[int, int], ...]) -> list[dict[str, Any]]:
        return [{"user": name_user(dataset.users.ids[user]), "rank": rank} for user, rank in pairs]

    return {
        "item": dataset.items.ids[found.item],
        "title": dataset.title(found.item),
        "k": found.k,
        "n_readers": found.n_readers,
        "who_gets_it": {
            "n_people": found.n_listed,
            "n_could": found.n_open,
            "exposure": found.exposure.to_dict(),
            "ranks": dict(found.ranks),
            "people": people(found.gets),
            "group_by": found.group_by,
            "groups": [{"group": each.group, "n_users": each.n_users, **each.share.to_dict()} for each in found.groups],
            "hidden_groups": found.hidden,
        },
        "carried_by": {
            "items": _part(found.carried),
            "paths": _part(found.carried_paths),
            "why_not": found.why_not,
        },
        "kept_from": {"n_near": found.n_near, "people": people(found.near), "lead": _part(found.kept_out)},
        "rivals": [
            {"item": dataset.items.ids[each.item], "title": dataset.title(each.item), **_rest(each)}
            for each in found.rivals
        ],
        "recourse": []
        if found.recourse is None
        else [_step(step, found.recourse.rate, dataset, name_user) for step in found.recourse.steps],
        "recourse_goal": None if found.recourse is None else _goal(found.recourse),
        "why_no_recourse": found.why_no_recourse,
    }


def item_rows(found: ItemSide, dataset: Dataset, name_user: NameUser) -> tuple[dict[str, Any], ...]:
    """One row a person who gets it, best rank first."""
    return tuple({"user": name_user(dataset.users.ids[user]), "rank": rank} for user, rank in found.gets)


def item_sections(found: ItemSide, dataset: Dataset, name_user: NameUser, to_measure: str = "") -> tuple[Section, ...]:
    """Who gets it, what carries it, what keeps it from others, and what would help."""
    sections = [Section("Who gets it", _who(found, dataset, name_user))]
    if found.carried is not None:
        blocks: list[Block] = [driver_bars(found.carried, TOP)]
        blocks += [driver_bars(found.carried_paths, TOP)] if found.carried_paths is not None else []
        sections.append(Section("What carries it there", tuple(blocks)))
    elif found.why_not:
        sections.append(Section("What carries it there", (Text((found.why_not,)),)))
    sections.append(Section("What keeps it from others", _kept(found, dataset)))
    sections.append(
        Section("What would bring it to more people", recourse_blocks(found, dataset, name_user, to_measure))
    )
    return tuple(sections)


def provider_json(found: ProviderSide, dataset: Dataset) -> dict[str, Any]:
    """Exposure against merit, and the provider's items."""
    return {
        "column": found.column,
        "value": found.value,
        "k": found.k,
        "split": found.split,
        "exposure": found.exposure.to_dict(),
        "merit": found.merit.to_dict(),
        "share_of_train": found.history,
        "ratio": found.ratio.to_dict(),
        "sentence": found.sentence,
        "items": list(provider_rows(found, dataset)),
    }


def provider_rows(found: ProviderSide, dataset: Dataset) -> tuple[dict[str, Any], ...]:
    """One row an item, most exposed first."""
    return tuple(
        {
            "item": dataset.items.ids[each.item],
            "title": dataset.title(each.item),
            "n_readers": each.n_readers,
            "n_lists": each.n_lists,
            "share_of_exposure": each.share,
        }
        for each in found.items
    )


def provider_sections(found: ProviderSide, dataset: Dataset) -> tuple[Section, ...]:
    """The sentence, the shares, and the items."""
    shares = (("exposure", found.exposure), ("merit (chosen later)", found.merit), ("exposure / merit", found.ratio))
    table = Table(
        ("figure", "value", "low", "high"),
        tuple((name, figure.value, figure.low, figure.high) for name, figure in shares),
        f"Lists of {found.k}, against the {found.split} part; 95 % intervals over people (bootstrap).",
    )
    rows = tuple(tuple(row.values())[1:] for row in provider_rows(found, dataset))
    items = Table(("item", "readers", "lists", "share of its exposure"), rows)
    return (Section("Exposure against merit", (Verdict(found.sentence), table)), Section("Its items", (items,)))


def added_words(link: Link, dataset: Dataset, name_user: NameUser) -> str:
    """One added link in words."""
    if link.relation == "interaction":
        return f"{name_user(dataset.users.ids[link.node])} as a reader"
    label = dataset.attribute_table["label"][link.node - dataset.n_users - dataset.n_items]
    return f"the {link.relation} {label}"


def recourse_blocks(found: ItemSide, dataset: Dataset, name_user: NameUser, to_measure: str = "") -> tuple[Block, ...]:
    """The sets of links that were found, with the control, and what they rest on; `to_measure` says how the rate at
    which answers hold would be measured."""
    way = found.recourse
    if way is None:
        return (Text((found.why_no_recourse or "Not asked for.",)),)
    if not way.steps:
        return (Text(("There is no link to add: everybody has it.",)),)
    rows = tuple(
        (len(step.links), ", ".join(added_words(link, dataset, name_user) for link in step.links), step.n_before,
         step.n_after, step.control)
        for step in way.steps
    )  # fmt: skip
    caption = "Each row was recomputed. Control: the mean over as many links drawn at random, recomputed too."
    table = Table(("links", "added", "lists now", "lists then", "control"), rows, caption)
    said = Verdict(_found(way, dataset, name_user), "good" if way.reached else "note")
    return (said, *(Verdict(each, "note") for each in _held(way, to_measure)), table)


def _found(way: Recourse, dataset: Dataset, name_user: NameUser) -> str:
    """What was found, at its level."""
    last = way.steps[-1]
    words = " and ".join(added_words(link, dataset, name_user) for link in last.links)
    level = "in this model, which is not trained again" if way.level == "in this model" else "trained again with it"
    if not way.reached:
        return (
            f"{n_lists(way.aim)} could not be reached: the best of {way.n_recomputed:,} sets of links that were tried, "
            f"{words}, brings it from {last.n_before:,} to {n_lists(last.n_after)} ({level})."
        )
    how = "no fewer links do" if last.is_fewest else "fewer may do: not all were tried"
    margin = "" if way.aim == way.goal else f" {way.aim:,} were aimed at, so that {way.goal:,} hold."
    return f"With {words} it would be in {n_lists(last.n_after)} instead of {last.n_before:,} ({level}); {how}.{margin}"


def _held(way: Recourse, to_measure: str) -> list[str]:
    """What a training with these links would give: foretold, and trained again; and how often such answers held."""
    last, rate, told = way.steps[-1], way.rate, []
    if rate is not None:
        likely, low, high = rate.foretold(last.n_before, last.n_after)
        told.append(
            f"Foretold: trained again with these links it would be in {n_lists(likely)} (80 %: {low:,} to {high:,})."
        )
    if way.trained is not None:
        n = len(way.trained.n_after)
        pairs = ", ".join(f"{b:,} to {a:,}" for b, a in zip(way.trained.n_before, way.trained.n_after, strict=True))
        told.append(
            f"Trained again with these links it is in more lists for {way.trained.held} of {n} seeds ({pairs})."
        )
    if rate is not None:
        told.append(rate_sentence(rate))
    elif way.level == "in this model":
        told.append(
            "How often such answers hold when the model is trained again was not measured for this run."
            + (f" {to_measure}" if to_measure else "")
        )
    return told


def n_lists(n: int) -> str:
    """So many lists, in words."""
    return f"{n:,} list{'s' if n != 1 else ''}"


def rate_sentence(rate: RecourseRate) -> str:
    """How often recourse held when trained again, in words."""

    def share(name: str) -> str:
        found = rate.interval(name)
        return f"{found.value:.0%} ({found.low:.0%} to {found.high:.0%})".replace("%", " %")

    return (
        f"Trained again, such answers held for {share('held')} of {rate.n_items:,} other items of this run: they were "
        f"in more lists of {rate.k} with their links than without. {share('reached')} gained as many as the model had "
        f"said or as were wanted ({rate.more:,}); of as many links drawn by chance, {share('by_chance')} gained any."
    )


def rate_sections(rate: RecourseRate) -> tuple[Section, ...]:
    """How often recourse held, and what that foretells."""
    facts = (
        ("lists gained when trained again, for one gained in the model", rate.kept),
        ("what that misses of ten lists (80 %)", f"{rate.low * 10**0.5:+.1f} to {rate.high * 10**0.5:+.1f}"),
        (
            f"of an item in 5 lists: lists to aim at so that {rate.more} more hold, in nine of ten",
            rate.aimed(5, rate.more),
        ),
    )
    return (Section("Recourse, trained again", (Verdict(rate_sentence(rate)), Facts(facts))),)


def _who(found: ItemSide, dataset: Dataset, name_user: NameUser) -> tuple[Block, ...]:
    share = found.n_listed / found.n_open if found.n_open else 0.0
    facts = Facts(
        (
            ("Readers in the train part", found.n_readers),
            (f"Lists of {found.k} that hold it", found.n_listed),
            ("People whose lists may hold it", found.n_open),
            ("Share", share),
            ("Exposure (mean of 1 / log2(rank + 1))", found.exposure.value),
            *((f"Rank, {name}", rank) for name, rank in found.ranks),
        )
    )
    blocks: list[Block] = [facts]
    if found.groups:
        rows = tuple((g.group, g.n_users, g.share.value, g.share.low, g.share.high) for g in found.groups)
        caption = f"By {found.group_by}: share of the people whose lists may hold it; 95 % intervals."
        blocks.append(Table(("group", "people", "share", "low", "high"), rows, caption))
    if found.gets:
        rows_of = tuple((name_user(dataset.users.ids[user]), rank) for user, rank in found.gets)
        blocks.append(Table(("person", "rank"), rows_of, f"The first {len(rows_of)} who get it."))
    return tuple(blocks)


def _kept(found: ItemSide, dataset: Dataset) -> tuple[Block, ...]:
    if not found.n_near:
        return (Text(("Nobody is near: no rank lies between the end of the list and five times its length.",)),)
    rows = tuple((dataset.title(each.item), each.n_lists, each.lead) for each in found.rivals)
    caption = f"At the last place of the lists of the {found.n_near:,} people who nearly get it, with its mean lead."
    blocks: list[Block] = [Table(("rival", "lists", "lead"), rows, caption)]
    if found.kept_out is not None:
        each = [(driver.name, driver.value) for driver in found.kept_out.drivers[:TOP]]
        each.append((found.kept_out.unassigned.name, found.kept_out.unassigned.value))
        blocks.append(
            Table(
                ("part", "carries"),
                tuple(each),
                f"Its lead over the rivals, summed ({found.kept_out.total:.4g}): below zero speaks for the rivals.",
            )
        )
    return tuple(blocks)


def _part(part: Part | None) -> dict[str, Any] | None:
    return None if part is None else part_json(part, TOP)


def _rest(rival: Any) -> dict[str, Any]:
    return {"n_lists": rival.n_lists, "lead": rival.lead}


def _goal(way: Recourse) -> dict[str, Any]:
    return {
        "n_people": way.goal,
        "aimed_at": way.aim,
        "reached": way.reached,
        "level": way.level,
        "n_candidates": way.n_candidates,
        "n_recomputed": way.n_recomputed,
        "trained_again": None
        if way.trained is None
        else {"before": way.trained.n_before, "after": way.trained.n_after, "held": way.trained.held},
        "rate": None if way.rate is None else rate_json(way.rate),
    }


def rate_json(rate: RecourseRate) -> dict[str, Any]:
    """How often recourse held, with its intervals."""
    told = {name: value for name, value in asdict(rate).items() if name not in ("dataset_fingerprint", "created")}
    spans = {name: [rate.interval(name).low, rate.interval(name).high] for name in ("held", "reached", "by_chance")}
    return {**told, "intervals": spans, "sentence": rate_sentence(rate)}


def _step(step: Step, rate: RecourseRate | None, dataset: Dataset, name_user: NameUser) -> dict[str, Any]:
    def link(each: Link) -> dict[str, Any]:
        if each.relation == "interaction":
            return {"relation": each.relation, "user": name_user(dataset.users.ids[each.node])}
        label = dataset.attribute_table["label"][each.node - dataset.n_users - dataset.n_items]
        return {"relation": each.relation, "label": label}

    return {
        "added": [link(each) for each in step.links],
        "n_people_before": step.n_before,
        "n_people_after": step.n_after,
        "n_people_control": step.control,
        "n_people_foretold": None if rate is None else rate.foretold(step.n_before, step.n_after),
        "verified": True,
        "minimality": "proved" if step.is_fewest else "not proved minimal",
    }
