from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from gnnrec_core.audit.groups import available_groupings, by_attribute, from_labels, group_users, intersection
from gnnrec_core.base.errors import RequestError, UnsupportedError
from tests.audit.small_runs import sample
from tests.worlds import make_dataset, random_dataset


def with_users(dataset, **columns):
    return replace(dataset, user_table=dataset.user_table.with_columns(**{k: pl.Series(v) for k, v in columns.items()}))


WORLD = random_dataset(20, 30, per_user=6)


def sizes(grouping):
    return dict(zip(grouping.labels, grouping.sizes.tolist(), strict=True))


def test_an_attribute_with_unknown_values():
    data = with_users(WORLD, region=["a"] * 12 + ["b"] * 5 + [None, "", None])
    found = by_attribute(data, "region")
    assert sizes(found) == {"a": 12, "b": 5} and found.n_unknown == 3


def test_a_list_column_puts_a_user_in_several_groups():
    data = with_users(WORLD, likes=[["x", "y"]] * 4 + [["y"]] * 10 + [[]] * 6)
    found = by_attribute(data, "likes")
    assert sizes(found) == {"x": 4, "y": 14} and found.n_unknown == 6


def test_numbers_with_many_values_become_four_groups():
    found = by_attribute(with_users(WORLD, age=np.arange(20) + 20), "age")
    assert sizes(found) == {"20 to 24": 5, "25 to 29": 5, "30 to 34": 5, "35 to 39": 5}
    few = by_attribute(with_users(WORLD, level=[1, 2] * 10), "level")
    assert sizes(few) == {"1": 10, "2": 10}
    steps = by_attribute(with_users(WORLD, level=[1, 2, 3, 4, 5] * 4), "level")
    assert sizes(steps) == {str(step): 4 for step in range(1, 6)}
    names = by_attribute(with_users(WORLD, town=[f"town {n}" for n in range(20)]), "town")
    assert len(names.labels) == 20 and set(names.sizes) == {1}


def test_activity_counts_train_interactions_and_keeps_equals_together():
    triples = [(u, i, "train") for u in range(10) for i in range(u // 2 + 1)]
    found = group_users(make_dataset(triples), "activity")
    assert sizes(found) == {"1": 2, "2": 2, "3": 2, "4": 2, "5": 2}


def test_taste_is_ordered_by_the_share_of_popular_items():
    # Items 0 and 1 of 10 are the head; user u has u // 2 of them... the last two users only have head items.
    triples = [(u, 0, "train") for u in range(10)] + [(u, 1, "train") for u in range(10)]
    triples += [(u, 2 + i, "train") for u in range(8) for i in range(8 - u)]
    found = group_users(make_dataset(triples), "taste")
    assert sizes(found) == {"niche": 2, "diverse": 6, "blockbuster": 2}
    assert found.member[[0, 1], 0].all() and found.member[[8, 9], 2].all()


@pytest.mark.parametrize(("n", "outer"), [(5, 1), (13, 3), (20, 4), (40, 8)])
def test_a_fifth_of_the_users_is_at_each_end_of_taste(n, outer):
    # Item 0 of 5 is the head; user u has it and u items of the tail: the more, the smaller the share.
    triples = [(u, 0, "train") for u in range(n)]
    triples += [(u, 1 + i, "train") for u in range(n) for i in range(u % 4)]
    found = group_users(make_dataset(triples, n_users=n + 1, n_items=5), "taste")
    assert sizes(found) == {"niche": outer, "diverse": n - 2 * outer, "blockbuster": outer}
    assert found.n_unknown == 1 and not found.member[n].any()  # a user without train interactions has no taste
    share = 1 / (1 + np.arange(n) % 4)
    niche, diverse, blockbuster = (share[found.member[:n, group]] for group in range(3))
    assert niche.max() <= diverse.min() and diverse.max() <= blockbuster.min()


def test_tenure_is_whole_days_from_the_first_train_interaction_to_the_last_of_anybody():
    ages = [0.9, 1.2, 2.5, 3.9, 50.0, 50.5]  # of each user's first interaction; all have another on the last day
    triples = [(u, i, "train") for u in range(6) for i in (0, 1)] + [(6, 0, "test")]
    days = [day for age in ages for day in (100 - age, 100.0)] + [300.0]
    found = group_users(make_dataset(triples, timestamp=(np.array(days) * 86_400).astype(np.int64)), "tenure")
    assert sizes(found) == {"0 to 1 days": 2, "2 to 3 days": 2, "50 days": 2} and found.n_unknown == 1


def test_tenure_and_niche_genres_of_the_sample():
    for name in ("tenure", "niche_genres"):
        found = group_users(sample(), name)
        assert found.sizes.sum() == 800 and found.kind == "behaviour"
    assert sizes(group_users(sample(), "niche_genres"))["niche genres"] == 160


def test_niche_genres_by_hand():
    """ "common" holds 9 of 11 label shares: more than 80 %. Only u0 has read anything else; u5 has read nothing."""
    triples = [(u, i, "train") for u in range(1, 5) for i in (0, 1)] + [(0, i, "train") for i in (0, 2, 3)]
    data = make_dataset([*triples, (5, 0, "test")], n_items=4)
    genres = [["common"], ["common"], ["rare"], ["odd"]]
    data = replace(data, item_table=data.item_table.with_columns(genres=pl.Series(genres)))
    found = group_users(data, "niche_genres")
    assert sizes(found) == {"niche genres": 1, "others": 4} and found.member[0, 0]
    assert found.n_unknown == 1 and not found.known[5]


def test_an_intersection_has_the_pairs_that_occur():
    first = from_labels("g", np.array(["a", "a", "b", ""]))
    second = from_labels("h", np.array(["x", "y", "x", "x"]))
    found = intersection(first, second)
    assert sizes(found) == {"a × x": 1, "a × y": 1, "b × x": 1} and found.n_unknown == 1
    assert group_users(sample(), "region+age_band").name == "region+age_band"


def test_what_cannot_be_grouped_by_is_refused_with_near_names():
    with pytest.raises(RequestError, match="regoin") as error:
        group_users(sample(), "regoin")
    assert "region" in error.value.hint
    with pytest.raises(UnsupportedError, match="tenure"):
        group_users(make_dataset([(0, 0, "train"), (1, 1, "test")]), "tenure")


def test_menus_offer_what_the_data_can_give():
    names = [choice.name for choice in available_groupings(sample())]
    assert names == ["age_band", "region", "reading_frequency", "activity", "taste", "tenure", "niche_genres"]
    assert all(group_users(sample(), name).member.any() for name in names)


def test_dates_with_many_values_are_four_groups_in_order():
    days = [f"20{20 + number // 12}-{1 + number % 12:02}-15" for number in range(40)]
    data = with_users(random_dataset(48, 20), joined=days + [""] * 8)
    found = group_users(data, "joined")
    assert found.labels == (
        "2020-01-15 to 2020-10-15", "2020-11-15 to 2021-08-15", "2021-09-15 to 2022-06-15", "2022-07-15 to 2023-04-15",
    )  # fmt: skip
    assert found.sizes.tolist() == [10, 10, 10, 10] and found.n_unknown == 8 and found.is_ordered
    as_dates = with_users(random_dataset(48, 20), joined=pl.Series(days + [None] * 8).str.to_date())
    assert group_users(as_dates, "joined").labels == found.labels


def test_what_only_looks_like_dates_is_not_binned():
    labels = [f"2024-01-{number:02} evening shift, team {number}" for number in range(1, 41)]
    assert len(group_users(with_users(random_dataset(40, 20), joined=labels), "joined").labels) == 40


def test_no_two_groups_share_a_name():
    """Large numbers that six digits do not tell apart; a label with a cross in it, crossed with another."""
    found = by_attribute(with_users(WORLD, income=np.arange(20) + 1_000_001), "income")
    assert sizes(found)["1000001 to 1000005"] == 5 and len(set(found.labels)) == 4
    fine = by_attribute(with_users(WORLD, share=0.5 + np.arange(20) * 1e-8), "share")
    assert len(set(fine.labels)) == 4 and fine.labels[0].startswith("0.5 to 0.50000004")
    data = with_users(WORLD, first=["a × b", "a"] * 10, second=["c", "b × c"] * 10)
    crossed = group_users(data, "first+second")
    assert sizes(crossed) == {"“a × b” × “c”": 10, "“a” × “b × c”": 10}
