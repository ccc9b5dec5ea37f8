"""Work block by block gives what numpy gives in one go."""

import numpy as np
import pytest

from gnnrec_core.data.clean.blocks import BLOCK, chosen, counted, gathered, gathered_together


@pytest.fixture(scope="module")
def columns():
    rng = np.random.default_rng(0)
    n = 2 * BLOCK + 7
    return {
        "rating": rng.random(n, dtype=np.float32),
        "time": rng.integers(-5, 5, n).astype(np.int32),
        "part": rng.integers(0, 3, n).astype(np.int8),
        "row": rng.integers(0, 9, n),
    }


@pytest.mark.parametrize("names", [(), ("part",), ("rating", "time"), ("rating", "time", "part", "row")])
def test_columns_fetched_together_are_those_fetched_one_by_one(columns, names):
    order = np.random.default_rng(1).permutation(len(columns["row"])).astype(np.int32)[: BLOCK + 3]
    asked = {name: columns[name] for name in names}
    found = gathered_together(asked, order, {"time": np.int64})
    assert list(found) == list(names)
    for name in names:
        assert np.array_equal(found[name], gathered(columns[name], order))
        assert found[name].dtype == (np.int64 if name == "time" else columns[name].dtype)


def test_nothing_is_gathered_from_nothing():
    found = gathered_together({"rating": np.zeros(0, np.float32)}, np.zeros(0, np.int32), {})
    assert found["rating"].shape == (0,)


def test_what_is_gathered_may_lie_in_memory_that_was_used_before(columns):
    order = np.random.default_rng(1).permutation(len(columns["row"])).astype(np.int32)[: BLOCK + 3]
    used = np.full(len(columns["row"]), 9, np.float32)
    found = gathered_together({"rating": columns["rating"]}, order, {}, {"rating": used})["rating"]
    assert np.array_equal(found, columns["rating"][order]) and np.shares_memory(found, used) and used[-1] == 9


def test_few_codes_are_counted_like_many(columns):
    for codes, n in ((columns["part"], 3), (columns["part"], 9), (columns["part"][:0], 3)):
        assert counted(codes, n).tolist() == np.bincount(codes, minlength=n).tolist()


def test_blocks_choose_and_count_like_numpy(columns):
    keep = columns["row"] > 3
    assert np.array_equal(chosen(columns["time"], keep), columns["time"][keep])
    assert np.array_equal(counted(columns["row"], 9), np.bincount(columns["row"], minlength=9))
