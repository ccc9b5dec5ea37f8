"""An item that is not in the data yet: where it would stand, as JSON and as blocks."""

from __future__ import annotations

from typing import Any

from gnnrec_core.render.blocks import Block, Section, Table, Verdict
from gnnrec_core.views.privacy import NameUser
from gnnrec_core.views.whole.item_side import added_words, item_json, item_sections, n_lists
from gnnrec_core.whole.items.new_item import NewItem

LEVELS = {
    "foretold": "foretold: what training would learn of it is worked out from its links, all else is as trained",
    "trained again": "trained again with it",
}


def new_item_json(found: NewItem, name_user: NameUser) -> dict[str, Any]:
    """The item's side as the contract has it, with its links, the level, and the control."""
    dataset = found.run.dataset
    side = item_json(found.side, dataset, name_user)
    kept = {name: value for name, value in side.items() if not name.startswith(("recourse", "why_no_recourse"))}
    return {
        **kept,
        "level": found.level,
        "sentence": new_item_sentence(found),
        "links": [
            {"link": added_words(link, dataset, name_user), "n_people_without": n, "median_rank_without": rank}
            for link, n, rank in found.without
        ],
        "n_people_by_chance": found.by_chance,
        "n_people_trained_again": list(found.trained),
        "unused_attributes": list(found.unused),
    }


def new_item_sentence(found: NewItem) -> str:
    """In how many lists it would be, and at which level."""
    side = found.side
    title = found.run.dataset.title(found.item)
    where = f"; the median rank is {dict(side.ranks)['median']:,}" if side.ranks else ""
    return (
        f"{title} would be in {side.n_listed:,} of {side.n_open:,} lists of {side.k} that may hold it{where} "
        f"({LEVELS[found.level]})."
    )


def new_item_blocks(found: NewItem, name_user: NameUser) -> tuple[Block, ...]:
    """The sentence, what each link carries, the control, and what a training says."""
    blocks: list[Block] = [Verdict(new_item_sentence(found))]
    if found.trained:
        n = len(found.trained)
        counts = ", ".join(n_lists(count) for count in found.trained)
        blocks.append(Verdict(f"Trained again with it, {n} seed{'s' * (n > 1)}: in {counts}.", "note"))
    if found.by_chance == found.by_chance:
        said = f"With as many other readers, drawn at random, it would be in {found.by_chance:,.1f} lists on average."
        blocks.append(Verdict(said, "note"))
    if found.unused:
        blocks.append(Verdict(f"This model does not use attributes: {', '.join(found.unused)}.", "warning"))
    dataset, ranks = found.run.dataset, dict(found.side.ranks)
    rows = tuple((added_words(link, dataset, name_user), n, rank) for link, n, rank in found.without)
    if not rows:
        return tuple(blocks)
    now = f"With all of them: {n_lists(found.side.n_listed)}, median rank {ranks.get('median', 0):,}."
    caption = f"Each row was worked out anew without that link, over the same people. {now}"
    return (*blocks, Table(("link", "lists without it", "median rank without it"), rows, caption))


def new_item_sections(found: NewItem, name_user: NameUser) -> tuple[Section, ...]:
    """What its links bring, and everything that there is to say of an item."""
    side = item_sections(found.side, found.run.dataset, name_user)[:-1]  # recourse was not asked for
    return (Section("Where it would stand", new_item_blocks(found, name_user)), *side)
