"""The server dies or is stopped while it trains: the training goes on, and the next server shows it."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, expect

from gnnrec_core.runs import jobs
from gnnrec_core.runs.workspace import Workspace
from tests.browser.app import serving, visiting
from tests.browser.test_journeys import SLOW, start_training

STOP_SECONDS = [pytest.param(240, id="stops"), pytest.param(5, id="in five seconds", marks=pytest.mark.long)]
"""How long a server may take to stop: on a busy machine it only has to; the long job, alone on its machine, says how
fast."""
RUNNING = re.compile(r"Epoch \d+ of 5,000")


def n_epochs(place: Workspace, job: jobs.Job) -> int:
    return (place.home / "runs" / job.id / "history.jsonl").read_text().count("\n")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "stopped"])
def test_a_training_outlives_its_server_and_the_next_one_shows_it(
    browser: Browser, tmp_path: Path, number: signal.Signals
) -> None:
    place = Workspace(tmp_path / "home")
    try:
        with serving(place.home) as first:
            with visiting(browser, first) as visitor:
                start_training(visitor, epochs=5000, patience=5000, embedding_dim=4)
                expect(visitor.page.get_by_text(RUNNING)).to_be_visible(timeout=SLOW)
            (job,) = (status.job for status in jobs.statuses(place))
            os.kill(first.process.pid, number)
            first.process.wait(SLOW / 1000)
        before = n_epochs(place, job)
        assert jobs.is_alive(job) and psutil.Process(job.pid).ppid() != first.process.pid
        with serving(place.home) as second, visiting(browser, second) as visitor:
            page = visitor.open("train")
            expect(page.get_by_text(RUNNING)).to_be_visible(timeout=SLOW)
            assert n_epochs(place, job) > before
    finally:
        for status in jobs.statuses(place):
            jobs._kill_session(status.job)


@pytest.mark.parametrize("seconds", STOP_SECONDS)
def test_a_server_stops_while_it_explains(browser: Browser, tmp_path: Path, seconds: float) -> None:
    with serving(tmp_path / "home") as server, visiting(browser, server) as visitor:
        page = visitor.open("explain?user=reader-0001&view=Methods")
        page.get_by_role("button", name="Ask GNNExplainer", exact=True).click(timeout=SLOW)
        expect(page.get_by_role("button", name="Cancel")).to_be_visible(timeout=SLOW)
        server.process.terminate()
        server.process.wait(seconds)
