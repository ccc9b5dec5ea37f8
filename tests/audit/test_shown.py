"""What was shown against what would be shown, on a world worked out by hand."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from gnnrec_core.audit.auditing import audit
from gnnrec_core.audit.gate import THRESHOLD
from gnnrec_core.audit.studies.shown import BY_POPULARITY
from gnnrec_core.data.dataset import Relation
from gnnrec_core.runs.training import fit
from gnnrec_core.views.audit_report import audit_sections
from tests.worlds import make_dataset

N = 12


def _world(n_shown=N):
    """Twelve people. Everybody has item 0 in train, one more has items 1 to 3; the popularity list of two is 1, 2.
    `n_shown` people were shown item 2 once and item 5 three times."""
    triples = [(u, 0, "train") for u in range(N)] + [(u, 4, "test") for u in range(N)]
    triples += [(N, item, "train") for item in (1, 2, 3)] + [
        (N + 1, 1, "train"),
        (N + 1, 2, "train"),
        (N + 2, 1, "train"),
    ]
    dataset = make_dataset(triples, n_items=6)
    people = np.arange(n_shown)
    shown = Relation(
        "shown",
        "user-item",
        np.repeat(people, 2),
        np.tile([2, 5], n_shown) + dataset.n_users,
        np.tile([1.0, 3.0], n_shown),
    )
    return replace(dataset, relations=(shown,))


def test_shares_are_those_of_impressions_and_of_places():
    report = audit(fit(_world(), "popularity"), k=2)
    found = report.shown
    assert (found.n_people, found.n_impressions) == (N, 4 * N)
    assert found.unseen.value == 0.5  # of the list 1, 2 they were shown 2
    by_segment = {each.segment: each for each in found.segments if each.of == BY_POPULARITY}
    # 18 train interactions, of items 0 to 3: 12, 3, 2, 1. Head: item 0 (20 %); tail: outside the first 80 %.
    assert by_segment["middle"].would_be == 0.5 and by_segment["middle"].was == 0.0  # item 1
    assert by_segment["tail"].would_be == 0.5 and by_segment["tail"].was == 1.0  # item 2, and 5
    assert by_segment["tail"].difference.value == -0.5
    assert (by_segment["head"].was, by_segment["head"].would_be, found.n_hidden) == (0.0, 0.0, 0)
    content = report.to_dict()["shown"]
    assert content["unseen"]["value"] == 0.5 and content["n_people"] == N
    differences = [each["difference"] for each in content["segments"]]
    assert all(-1 <= each["low"] < each["value"] < each["high"] <= 1 for each in differences)
    titles = [section.title for section in audit_sections(report)]
    assert "What was shown, and what would be" in titles


@pytest.mark.parametrize("n_shown", [0, THRESHOLD - 1])
def test_nothing_is_said_of_too_few_people(n_shown):
    report = audit(fit(_world(n_shown), "popularity"), k=2)
    assert report.shown is None and report.to_dict()["shown"] is None


def test_what_few_people_are_shown_is_hidden():
    """Item 1 is shown to nine more people than the others; its provider, and no other, is of too few people."""
    dataset = _world()
    few = THRESHOLD - 1
    more = Relation("shown", "user-item", np.arange(few), np.full(few, 4 + dataset.n_users), np.ones(few))
    (shown,) = dataset.relations
    both = Relation(
        "shown", "user-item", *(np.concatenate([getattr(of, n) for of in (shown, more)]) for n in ("source", "target")),
        np.concatenate([shown.weight, more.weight]),
    )  # fmt: skip
    makers = pl.Series("maker", ["a", "a", "a", "a", "b", "c"])
    dataset = replace(dataset, relations=(both,), item_table=dataset.item_table.with_columns(makers))
    found = audit(fit(dataset, "popularity"), k=2, provider_column="maker").shown
    assert {each.segment for each in found.segments if each.of == "maker"} == {"a", "c"} and found.n_hidden == 1


def test_data_without_impressions_say_nothing():
    assert audit(fit(replace(_world(), relations=()), "popularity"), k=2).shown is None
