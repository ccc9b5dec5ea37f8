"""Many people on one server: each sees exactly what they would see alone."""

import asyncio
import itertools

import pytest

from tests.browser.app import serving
from tests.load.sessions import Seen, visit_together

PAGES = ("recommend", "explain", "what_if")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("load")) as running:
        yield running


def people(n: int) -> list[tuple[str, str]]:
    """(page, query) of `n` sessions, no two of one person, over both graph models."""
    runs = ("lightgcn", "gat")
    return [
        (page, f"user=reader-{number + 1:04d}&run={runs[number % 2]}")
        for number, page in zip(range(n), itertools.cycle(PAGES))
    ]


def strangers(port: int, visits: list[tuple[str, str]], rounds: int) -> list[str]:
    """Elements that a session got among others but not alone, with the session they went to."""
    asyncio.run(visit_together(port, [(page, "") for page in PAGES], 2))  # warm caches
    alone = {visit: elements(asyncio.run(visit_together(port, [visit], 3))[0]) for visit in visits}
    assert len(set(alone.values())) == len(visits)  # no two people see the same
    found = []
    for visit, runs in zip(visits, asyncio.run(visit_together(port, visits, rounds)), strict=True):
        found += [f"{visit}: {element[:300]}" for element in elements(runs) - alone[visit]]
    return found


def elements(runs: list[Seen]) -> frozenset[str]:
    """Every element that any of these runs sent."""
    return frozenset(element for seen in runs for element in seen.elements)


def test_ten_sessions_at_once_see_only_their_own(server):
    assert strangers(int(server.url.rsplit(":", 1)[1]), people(10), rounds=3) == []


@pytest.mark.long
def test_fifty_sessions_at_once_see_only_their_own_in_a_thousand_runs(server):
    assert strangers(int(server.url.rsplit(":", 1)[1]), people(50), rounds=20) == []
