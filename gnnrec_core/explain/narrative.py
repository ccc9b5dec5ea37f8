"""An explanation in short sentences, made by rules from numbers that stand in it; no language model.

What happens without a part is said at its level (`level_words`): in this model as it stands (recomputed: the graph
without the part, degrees anew, embeddings kept), foretold, or trained again. A share is a contribution over the
explained number, used only where contributions sum to it. Other people are named by the `name_user` that the caller
gives, or not at all. Sentences are plain text: titles are escaped by whoever shows them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import polars as pl

from gnnrec_core.data.dataset import SPLITS, Dataset
from gnnrec_core.explain import EXPLAINERS
from gnnrec_core.explain.case import excluded_items
from gnnrec_core.explain.explanation import AT_RANDOM, Case, Contribution, Explanation
from gnnrec_core.explain.truth.level_words import IN_THIS_MODEL, ordinal, without_it

N_REASONS = 3
MIN_SHARE = 0.005
"""A part below half a percent is not worth a sentence."""
MANY_PARTS = 10
"""From so many parts in favour on it is worth saying that the named ones carry little."""
SOMEBODY = "another person"
"""Whom no name is given for."""

NameUser = Callable[[str], str]


def narrate(explanation: Explanation, dataset: Dataset, name_user: NameUser | None = None) -> tuple[str, ...]:
    """What the explanation says, the most important first."""
    sentences = [_opening(explanation, dataset), *_unknown_user(explanation, dataset)]
    sentences += _reasons(explanation, dataset, name_user)
    if explanation.is_additive:
        sentences += _spread(explanation)
        sentences += [_baseline(explanation)]
        sentences += _by_attribute(explanation, dataset)
    sentences += _together(explanation)
    verdict = explanation.faithfulness.get("verdict")
    if verdict:
        sentences.append(str(verdict))
    sentences += _meaning(explanation)
    return tuple(sentences)


def named_parts(explanation: Explanation) -> tuple[list[Contribution], list[Contribution]]:
    """The parts that get a sentence: the strongest in favour, and the strongest against where parts sum.

    What raises the explained number speaks for the item, also where the number is below 0.
    """
    named = [part for part in explanation.contributions if part.kind not in ("own", "rest")]
    worth = [p for p in named if not explanation.is_additive or abs(p.share) >= MIN_SHARE]
    speaks_for = [part for part in worth if part.value > 0][:N_REASONS]
    against = [part for part in worth if explanation.is_additive and part.value < 0][:1]
    return speaks_for, against


def percent(share: float) -> str:
    """A share as people read it: whole percents, and "under 1 %" below a half.

    >>> percent(0.623), percent(0.002), percent(-0.04)
    ('62 %', 'under 1 %', '−4 %')
    """
    rounded = round(100 * share)
    if rounded == 0:
        return "under 1 %"
    return f"{'−' if rounded < 0 else ''}{abs(rounded)} %"


def _opening(explanation: Explanation, dataset: Dataset) -> str:
    case = explanation.case
    title = dataset.title(case.item_index)
    if case.item_index in excluded_items(dataset, case.user_index):
        start = (
            f"This person has {title} already, so it is in no list of theirs; by its score it would stand "
            f"{ordinal(explanation.rank)}, "
        )
    else:
        start = f"{title} stands {ordinal(explanation.rank)} among the items that this person has not had, "
    if case.target == "margin" and case.reference_item is not None:
        lead = "ahead of" if explanation.score >= 0 else "behind"
        return (
            start + f"{abs(explanation.score):.3g} {lead} {dataset.title(case.reference_item)}"
            f"{_place(case, dataset)}; this lead is explained."
        )
    return start + f"with a score of {explanation.score:.3g}.".replace("-", "−")


def _place(case: Case, dataset: Dataset) -> str:
    """Where the reference item stands: the first that a list of k leaves out, or the last in it."""
    n_left = dataset.n_items - len(excluded_items(dataset, case.user_index))
    place = case.k + 1 if case.rank <= case.k else case.k
    if n_left <= case.k:
        return ""
    role = "the first beyond" if case.rank <= case.k else "the last of"
    return f", which stands {ordinal(place)}, {role} a list of {case.k}"


def _unknown_user(explanation: Explanation, dataset: Dataset) -> Iterator[str]:
    """Where nothing of the user is in train: that nothing here is about them."""
    log = dataset.interactions
    first, last = np.searchsorted(log.user_index, [explanation.case.user_index, explanation.case.user_index + 1])
    if not (log.split[first:last] == SPLITS.index("train")).any():
        yield (
            "Nothing of this person is in the train data, so the list is not personal: nothing in it was learned from "
            "what they did."
        )


def _spread(explanation: Explanation) -> Iterator[str]:
    """Where what speaks for the item is made of many small parts: that the named ones are no summary of it."""
    parts = [part for part in explanation.contributions if part.kind not in ("own", "rest") and part.value > 0]
    named, _ = named_parts(explanation)
    total, told = sum(part.value for part in parts), sum(part.value for part in named)
    if len(parts) < MANY_PARTS or told > total / 3:
        return
    largest = percent(max(part.value for part in parts) / total)
    yield (
        f"What speaks for it is spread over {len(parts):,} parts, the largest of which is {largest} of them all: no "
        "few of them are the reason."
    )


def _reasons(explanation: Explanation, dataset: Dataset, name_user: NameUser | None) -> Iterator[str]:
    """The strongest parts in favour, then the strongest against."""
    speaks_for, against = named_parts(explanation)
    for number, part in enumerate(speaks_for):
        yield _reason(explanation, part, _name(part, dataset, name_user), first=number == 0)
    for part in against:
        name = _name(part, dataset, name_user)
        yield f"{_capital(name)} speaks against it, by {_amount(explanation, part.value)}{_after(explanation, part)}."


def _reason(explanation: Explanation, part: Contribution, name: str, first: bool) -> str:
    if explanation.is_additive and explanation.score <= 0:
        start = f"{_capital(name)} speaks for it, by {_amount(explanation, part.value)}"
    elif explanation.is_additive:
        start = f"{percent(part.share)} of the {_what(explanation)} comes from {name}"
    else:
        start = f"By {explanation.method}, {name} counts {'most' if first else 'next'}"
    return f"{start}{_after(explanation, part)}."


def _after(explanation: Explanation, part: Contribution) -> str:
    """What happens without the part, at the strongest level that is known."""
    said = without_it(part, explanation.rank)
    if not said:
        return ""
    assert part.checked is not None
    is_plain = part.retrained is None and (part.foretold is None or part.foretold.rank_low is None)
    before, after = explanation.rank, part.checked.rank_without
    why = _against_its_sign(explanation, part, falls=after > before) if is_plain and after != before else ""
    return f"; {said}{why}"


def _meaning(explanation: Explanation) -> Iterator[str]:
    """What the levels that were used mean."""
    parts = explanation.contributions
    if any(part.foretold for part in parts):
        told = explanation.calibration
        if told is None:
            yield (
                "Foretold figures of this run are not calibrated: their order is a guide, their size is not (calibrate "
                "the run)."
            )
        else:
            yield (
                "Foretold means: predicted for a model that is trained without the part, with a range that held for "
                f"four in five of {told['n_pairs']:,} items for which it was really trained."
            )
    if any(part.checked for part in parts):
        yield (
            "In this model as it stands means: recomputed without the part, with everything else and "
            f"{explanation.kept} as they are; a model trained again without it may answer otherwise."
        )


def _against_its_sign(explanation: Explanation, part: Contribution, falls: bool) -> str:
    """Why the rank moves the other way than the part's sign: a reader would take it for a mistake."""
    assert part.checked is not None
    if not explanation.is_additive or part.value == 0 or falls == (part.value > 0):
        return ""
    as_signed = (part.checked.score_without < explanation.score) == (part.value > 0)
    if as_signed:
        return f", as others {'gain' if falls else 'lose'} even more"
    return ", as what is left then counts more"


def _together(explanation: Explanation) -> Iterator[str]:
    """What the strongest do together, beside as many drawn at random: one alone seldom moves an item."""
    method, before = explanation.method, explanation.rank
    largest = {effect["name"]: effect for effect in explanation.faithfulness.get("sets", [])}  # the last of each name
    is_control = method in EXPLAINERS.having("control")
    if is_control or not {method, AT_RANDOM} <= largest.keys() or largest[method]["n_edges"] < 2:
        return
    n, after = largest[method]["n_edges"], largest[method]["rank_without"]
    verb = "falls" if after > before else "rises"
    change = f"stays {ordinal(before)}" if after == before else f"{verb} from {ordinal(before)} to {ordinal(after)}"
    yield (
        f"Without the {n} interactions that {method} puts first the item {change} {IN_THIS_MODEL}; without {n} drawn "
        f"at random it stands {ordinal(largest[AT_RANDOM]['rank_without'])} (recomputed; median of several draws)."
    )


def _baseline(explanation: Explanation) -> str:
    """What is left to no single interaction, what it is, and who taught it."""
    if not explanation.score or abs(explanation.baseline) < 1e-9 * abs(explanation.score):
        return f"The whole {_what(explanation)} comes from interactions."
    whose = "item" if explanation.settings.get("side") == "item" else "person"
    if explanation.method not in EXPLAINERS.having("own_baseline"):
        what = "the person's own embedding and what the graph holds without these parts, kept in every recomputation"
    elif "gates" in explanation.frozen:
        what = f"the {whose}'s own attributes"
    else:
        what = f"taste in the {whose}'s own embedding, learned in training and kept as it is in every recomputation"
    share = explanation.baseline / explanation.score
    if explanation.score < 0 or round(100 * share) < 0:
        way = "against" if explanation.baseline < 0 else "for"
        amount = _amount(explanation, explanation.baseline)
        return f"{_capital_first(what)} speaks {way} it, by {amount}{_shared_out(explanation)}."
    return f"{percent(share)} of the {_what(explanation)} is {what}{_shared_out(explanation)}."


def _shared_out(explanation: Explanation) -> str:
    """The baseline by who taught it, in percent of the explained number, where its parts do not work against each
    other."""
    split = explanation.baseline_split
    if split is None or not split.is_share or explanation.score <= 0:
        return ""
    parts = (split.own_history, split.others, split.unassigned)
    own, others, rest = (percent(part / explanation.score) for part in parts)
    return (
        f": {own} is what the person's own interactions ask for (foretold), {others} what all people's embeddings have "
        f"in common, {rest} is not assigned"
    )


def _capital_first(text: str) -> str:
    return text[0].upper() + text[1:]


def _by_attribute(explanation: Explanation, dataset: Dataset) -> Iterator[str]:
    """For each attribute of the items (author, genre): the value whose interactions carry most."""
    if explanation.score <= 0:
        return
    history = [part for part in explanation.contributions if part.kind == "history" and part.item is not None]
    for column in attribute_columns(dataset.item_table):
        sums: defaultdict[str, float] = defaultdict(float)
        counts: defaultdict[str, int] = defaultdict(int)
        values = dataset.item_table[column]
        for part in history:
            for value in _several(values[dataset.items.index(str(part.item))]):
                sums[value] += part.value
                counts[value] += 1
        several = {value: total for value, total in sums.items() if counts[value] > 1}
        if not several:
            continue
        best = max(several, key=lambda value: (several[value], value))
        share = several[best] / explanation.score
        if share >= MIN_SHARE:
            yield (
                f"{counts[best]} items of the history with {_singular(column, dataset)} {best} together carry "
                f"{percent(share)} of the {_what(explanation)}."
            )


def attribute_columns(table: pl.DataFrame) -> list[str]:
    """Columns of text (or lists of text) whose values several items share."""
    found = []
    for name in table.columns:
        if name in ("item_index", "item_id", "title"):
            continue
        series = table[name]
        values = series.explode() if series.dtype == pl.List(pl.String) else series
        if values.dtype == pl.String and 1 < values.drop_nulls().n_unique() < len(values.drop_nulls()):
            found.append(name)
    return found


def _singular(column: str, dataset: Dataset) -> str:
    is_list = isinstance(dataset.item_table.schema[column], pl.List) and not column.endswith("ss")
    return (column.removesuffix("s") if is_list else column).replace("_", " ")


def _several(value: object) -> Iterable[str]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else [str(v) for v in value if v is not None]  # type: ignore[attr-defined]


def _name(part: Contribution, dataset: Dataset, name_user: NameUser | None) -> str:
    """The part as a title, a relation, or a person under another name."""
    node = part.nodes[0] if part.nodes else None
    relation = str(part.detail.get("relation", "")) if part.kind == "side" else ""
    if node is None:
        return part.label
    if node.type == "user":
        person = name_user(node.id) if name_user else SOMEBODY
        return f"{person} ({relation or 'reader of the item'})"
    return f"{node.title} ({relation})" if relation else node.title


def _capital(name: str) -> str:
    """At the start of a sentence our own words get a capital; names from the data stay as they are."""
    return name[0].upper() + name[1:] if name.startswith(SOMEBODY) else name


def _what(explanation: Explanation) -> str:
    return "lead" if explanation.case.target == "margin" else "score"


def _amount(explanation: Explanation, value: float) -> str:
    """How much `value` is: a share where the explained number is above 0, else in its own units, as a share of what is
    below 0 turns its sign."""
    if explanation.score > 0:
        return f"{percent(abs(value) / explanation.score)} of the {_what(explanation)}"
    return f"{abs(value):.2g} (the {_what(explanation)} is {explanation.score:.3g})".replace("-", "−")
