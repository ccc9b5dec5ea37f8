"""Descriptions, quality checks and previews, with figures worked by hand."""

import numpy as np
import polars as pl
import pytest

from gnnrec_core.base.errors import LensError
from gnnrec_core.data.about.describe import component_sizes, describe, gini
from gnnrec_core.data.checks import check_dataset
from gnnrec_core.data.options import ImportOptions
from gnnrec_core.data.preview import preview_source, read_draft
from tests.data.bad_inputs import good_rows, text
from tests.worlds import checkerboard, make_dataset, random_dataset, star, two_communities


def test_describe_the_star():
    found = describe(star(4))
    assert (found.n_users, found.n_items, found.n_interactions) == (4, 5, 8)
    assert found.density == 8 / 20 and found.n_by_split == {"train": 4, "validation": 0, "test": 4}
    assert found.user_degree_quantiles["0.5"] == 2 and found.item_degree_quantiles["1"] == 4
    assert found.gini == pytest.approx(0.3)  # degrees 1 1 1 1 4: (-4 - 2 + 0 + 2 + 16) / (5 * 8)
    assert found.share_users_with_one == 0 and found.share_items_with_one == 0.8
    assert (found.n_components, found.largest_component) == (1, 1.0) and found.first_time is None


def test_components():
    assert component_sizes(checkerboard(8)).tolist() == [8, 8]
    apart = make_dataset([(0, 0, "train"), (1, 1, "train"), (1, 2, "train"), (2, 3, "train")], n_users=4)
    assert component_sizes(apart).tolist() == [3, 2, 2, 1]
    chain = make_dataset([(n // 2, (n + 1) // 2, "train") for n in range(100)])
    assert component_sizes(chain).tolist() == [101]  # longer than the quick way goes


def test_gini_bounds():
    assert (
        gini(np.zeros(3)) == 0 and gini(np.array([5, 5])) == 0 and gini(np.array([0] * 99 + [1])) == pytest.approx(0.99)
    )


def test_times_attributes_and_ratings():
    found = describe(random_dataset(side_edges=True)).to_dict()
    assert sum(month["n_interactions"] for month in found["per_month"]) == found["n_interactions"]
    assert sum(found["rating_counts"].values()) == found["n_interactions"]
    assert [relation["name"] for relation in found["relations"]] == ["friend", "author"]
    assert found["attributes"] == [{"name": "title", "kind": "item", "type": "text", "n_known": 40, "n_values": 40}]


def codes(dataset):
    return {problem.code: problem for problem in check_dataset(dataset)}


def test_checks_see_what_is_wrong():
    assert codes(two_communities())["disconnected_parts"].count == 2
    assert codes(star(4))["items_unseen_in_train"].count == 4
    assert (
        codes(make_dataset([(0, 0, "test"), (1, 0, "train"), (1, 1, "train")]))["users_unseen_in_train"].value == "u0"
    )
    assert "bot_like_users" not in codes(random_dataset())


def test_a_bot_is_seen_by_its_number_and_by_its_day():
    many = [(0, item, "train") for item in range(400)] + [(user, user, "train") for user in range(1, 60)]
    assert codes(make_dataset(many))["bot_like_users"].value == "u0"
    busy = [(user, item, "train") for user in range(3) for item in range(1200)]
    fast = np.concatenate([np.arange(1200), np.arange(2400) * 100_000])
    assert codes(make_dataset(busy, timestamp=fast))["bot_like_users"].count == 1


def test_a_test_before_train_is_seen():
    from dataclasses import replace

    data = make_dataset(
        [(0, 0, "train"), (0, 1, "test"), (1, 0, "train"), (1, 1, "test")], timestamp=np.array([5, 4, 1, 9])
    )
    for split, n in (("temporal", 1), ("leave-last", 1), ("random", 0)):
        found = codes(replace(data, settings={"split": split}))
        assert found["test_before_train"].count == n if n else "test_before_train" not in found


def test_preview_of_text(tmp_path):
    (tmp_path / "log.csv").write_text(
        "# of a shop\n" + text(good_rows(), "Customer;sku;stars;when".replace(";", ","), ";")
    )
    found = preview_source(tmp_path / "log.csv")
    assert (found.format, found.delimiter, found.skipped_lines, found.has_header) == ("csv", ";", 1, True)
    assert (found.user, found.item, found.rating, found.time) == ("Customer", "sku", "stars", "when")
    assert found.rows.height == 20 and found.rows.row(0) == ("u0", "i0", "1", "1600000000")
    (tmp_path / "odd.csv").write_text("alpha,beta\n" + "x,y\n" * 3)
    odd = preview_source(tmp_path / "odd.csv")
    assert odd.user is None and odd.item is None and odd.columns == ("alpha", "beta")
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(LensError, match="empty"):
        preview_source(tmp_path / "empty.csv")


def test_preview_of_parquet(tmp_path):
    pl.DataFrame({"user": [1, 2], "item": ["a", "b"]}).write_parquet(tmp_path / "x.pq")
    found = preview_source(tmp_path / "x.pq")
    assert (found.format, found.user, found.item, found.rating) == ("parquet", "user", "item", None)
    assert found.rows.row(1) == ("2", "b")


def test_a_draft_shows_the_effect_of_choices_and_stores_nothing(tmp_path):
    (tmp_path / "log.csv").write_text(text(good_rows()))
    draft = read_draft(tmp_path / "log.csv")
    plain, strict = draft.build(ImportOptions()), draft.build(ImportOptions(min_rating=4))
    assert plain.settings["rows_in"] == strict.settings["rows_in"] == len(plain.interactions) == 240
    assert len(strict.interactions) == sum(int(row[2]) >= 4 for row in good_rows())
    assert draft.build(ImportOptions()).fingerprint == plain.fingerprint
    assert [path.name for path in tmp_path.iterdir()] == ["log.csv"]
