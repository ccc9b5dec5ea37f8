"""Work in a thread of its own: answers stay, one at a time, cancel stops it, errors keep their sentence."""

import threading
from types import SimpleNamespace

import pytest

from gnnrec_core.base import progress
from gnnrec_core.base.errors import RequestError
from gnnrec_ui import readers
from gnnrec_ui.server import slow_work
from gnnrec_ui.server.slow_work import Line

PATIENCE = 240.0
"""Seconds that anything may take on a busy machine: no test says how fast something is."""


def test_the_same_question_is_answered_once():
    line, calls = Line(), []

    def question():
        calls.append(1)
        return 42

    first = line.ask("key", question)
    assert first.ended.wait(PATIENCE) and first.state == "done" and first.answer == 42
    assert line.ask("key", question) is first and line.find("key") is first and calls == [1]
    assert line.find("another") is None


def test_the_share_that_is_reported_is_seen_and_gives_the_time_left(monkeypatch):
    line, half, go_on = Line(), threading.Event(), threading.Event()

    def question():
        with progress.part(1, 2):
            progress.report(1, 2)
        half.set()
        go_on.wait(PATIENCE)

    work = line.ask("key", question)
    assert half.wait(PATIENCE) and work.share == 0.75 and work.state == "running"
    with monkeypatch.context() as clock:
        clock.setattr(slow_work, "time", SimpleNamespace(monotonic=lambda: work.began + 30))
        assert work.seconds_left == pytest.approx(10)
    go_on.set()
    assert work.ended.wait(PATIENCE) and work.state == "done"


def test_cancelled_work_stops_in_loops_that_do_not_know_their_share():
    line, started = Line(), threading.Event()

    def endless():
        while True:
            progress.check()
            started.set()

    work = line.ask("key", endless)
    assert started.wait(PATIENCE)
    work.stop.set()
    assert work.ended.wait(PATIENCE) and work.state == "cancelled"


def test_cancelled_work_stops_at_its_next_report_and_can_be_asked_again():
    line, started = Line(), threading.Event()

    def endless():
        for step in range(10**9):
            progress.report(step % 100, 100)
            started.set()

    work = line.ask("key", endless)
    assert started.wait(PATIENCE)
    work.stop.set()
    assert work.ended.wait(PATIENCE) and work.state == "cancelled"
    again = line.ask("key", lambda: "done this time")
    assert again is not work and again.ended.wait(PATIENCE) and again.answer == "done this time"


def test_one_piece_runs_at_a_time():
    line, first_may_end = Line(), threading.Event()
    first = line.ask("first", lambda: first_may_end.wait(PATIENCE))
    second = line.ask("second", lambda: "second")
    assert not second.ended.wait(0.3) and second.state == "waiting"
    first_may_end.set()
    assert first.ended.wait(PATIENCE) and second.ended.wait(PATIENCE) and second.answer == "second"


def test_errors_keep_their_sentence_and_bugs_get_one():
    def refuses():
        raise RequestError("No.", "Ask otherwise.")

    line = Line()
    work = line.ask("refused", refuses)
    assert work.ended.wait(PATIENCE) and work.state == "failed" and work.error.message == "No."
    work = line.ask("bug", lambda: 1 / 0)
    assert work.ended.wait(PATIENCE) and work.state == "failed" and "log" in work.error.hint


def test_work_stops_soon_after_its_last_reader_has_gone(monkeypatch):
    there = {"one", "two"}
    monkeypatch.setattr(readers, "is_there", there.__contains__)
    monkeypatch.setattr(readers, "EVERY_SECONDS", 0.01)
    line, begun = Line(), threading.Event()

    def question():
        begun.set()
        for _ in range(100_000):
            progress.check()
            threading.Event().wait(0.005)

    for session in ("one", "two"):
        monkeypatch.setattr(readers, "reader", lambda session=session: session)
        work = line.ask("key", question)
    assert begun.wait(PATIENCE) and work.readers == {"one", "two"}
    there.discard("one")
    assert not work.ended.wait(0.2)
    there.discard("two")
    assert work.ended.wait(PATIENCE) and work.state == "cancelled"


def test_who_cancels_stops_only_work_that_nobody_else_waits_for(monkeypatch):
    monkeypatch.setattr(readers, "is_there", {"one", "two"}.__contains__)
    line, begun = Line(), threading.Event()

    def question():
        begun.set()
        for step in range(10**6):
            progress.report(step, 10**6)
            threading.Event().wait(0.005)

    def act_as(session: str) -> None:
        monkeypatch.setattr(readers, "reader", lambda: session)

    for session in ("one", "two"):
        act_as(session)
        work = line.ask("key", question)
    assert begun.wait(PATIENCE)
    work.leave()
    assert not work.stop.is_set() and line.find("key") is None  # two has left, and sees it no more
    act_as("one")
    assert line.find("key") is work and work.state == "running"
    act_as("two")
    assert line.ask("key", question) is work and line.find("key") is work  # and may come back
    work.leave()
    act_as("one")
    work.leave()
    assert work.ended.wait(PATIENCE) and work.state == "cancelled"
