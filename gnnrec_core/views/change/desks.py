"""Attack and forgetting for people: how many accounts it takes, and what a receipt says."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from gnnrec_core.base.plain import plain
from gnnrec_core.change.attack import Attack
from gnnrec_core.change.forgetting import Receipt
from gnnrec_core.data.dataset import Dataset
from gnnrec_core.render.blocks import Block, Facts, Section, Table, Text, Verdict

PROFILE_WORDS = {
    "random": "other items drawn evenly",
    "average": "other items drawn by popularity",
    "bandwagon": "the most popular items",
    "segment": "the most popular items with the pushed item's labels",
}


def attack_json(found: Attack, dataset: Dataset) -> dict[str, Any]:
    """Each number of accounts, and the verdict."""
    told: dict[str, Any] = plain(asdict(found))
    item = told.pop("item_index")
    names = {"item": dataset.items.ids[item], "title": dataset.title(item)}
    return {**names, **told, "verdict": attack_sentence(found, dataset)}


def attack_sentence(found: Attack, dataset: Dataset) -> str:
    """How many accounts it takes, and what is left of that once suspicious ones are out."""
    title = dataset.title(found.item_index)
    if found.needed is None:
        most = found.steps[-1]
        return f"{_accounts(most.n_fakes)} {title} to {most.n_people:,} people, not to {found.n_people:,}."
    step = next(each for each in found.steps if each.n_fakes == found.needed)
    said = f"{_accounts(step.n_fakes)} {title} into the top {found.k} of {step.n_people:,} people"
    if step.n_found is None:
        return f"{said}."
    return (
        f"{said}; the suspicion score finds {step.n_found:,} of these accounts, and without everybody whom it names "
        f"{step.n_people_without:,} people have the item."
    )


def _accounts(n: int) -> str:
    return "1 account brings" if n == 1 else f"{n:,} accounts bring"


def attack_sections(found: Attack, dataset: Dataset) -> tuple[Section, ...]:
    """The verdict and a row for each number of accounts."""
    columns = (
        "accounts",
        "people with the item",
        "lists kept",
        "accounts found",
        "others named",
        "people without them",
    )
    rows = tuple((s.n_fakes, s.n_people, s.lists_kept, s.n_found, s.n_wrongly, s.n_people_without) for s in found.steps)
    caption = (
        f"Each account has the item and {found.size} others: {PROFILE_WORDS[found.profile]}. Only real people's lists "
        f"of {found.k} are looked at; the model is fitted anew each time. Found, others named: by the suspicion score "
        "of the Data page, beyond whom it names anyway; the last column is with all whom it names left out."
    )
    kind = "warning" if found.needed is not None else "note"
    verdict = Verdict(attack_sentence(found, dataset), kind)  # type: ignore[arg-type]
    return (Section("Attack", (verdict, Table(columns, rows, caption))),)


def receipt_sections(receipt: Receipt, where: str) -> tuple[Section, ...]:
    """What was removed, how thorough it was, and what still knows them."""
    against = receipt.against
    facts: list[tuple[str, Any]] = [
        ("Interactions removed", receipt.n_interactions),
        ("Side edges removed", receipt.n_side_edges),
        ("How", receipt.means),
        ("Files that changed", ", ".join(receipt.files)),
        ("Fingerprint of the data before", receipt.fingerprint_before[:16]),
        ("Fingerprint after", receipt.fingerprint_after[:16]),
    ]
    blocks: list[Block] = [Facts(tuple(facts))]
    if against is not None:
        rows: list[tuple[Any, ...]] = [
            ("largest difference of any score", against.largest_difference, None, None),
            (f"overlap of the others' lists of {against.k} (rank-biased)", against.overlap, None, None),
        ]
        for name, figure in (
            ("membership test after (0.5: nothing is left to tell)", against.membership),
            ("membership test before", against.membership_before),
        ):
            if figure is not None:
                rows.append((name, figure.value, figure.low, figure.high))
        caption = "Against a training that never saw them; 95 % intervals."
        blocks.append(Table(("figure", "value", "low", "high"), tuple(rows), caption))
    still = f"The run {where} and its data still know them until they are deleted."
    return (
        Section(
            "Receipt",
            (*blocks, Verdict(still, "warning"), Text(("The receipt lies in the new run as forgetting.json.",))),
        ),
    )
