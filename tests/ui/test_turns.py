"""Pages take turns: first come, first served, and a slow one holds nobody up."""

import threading
import time

import pytest

from gnnrec_ui.server.turns import Turns

PATIENCE = 240.0


def begin(turns, name, log, hold):
    """A thread that waits for its turn, writes its name down and keeps the turn until `hold` is set."""

    def work():
        with turns.turn():
            log.append(name)
            assert hold.wait(PATIENCE)

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def until(true):
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)


def in_line(turns, n):
    until(lambda: len(turns._line) == n)


def test_as_many_as_may_go_on_at_once_and_the_others_in_the_order_in_which_they_came():
    turns, log = Turns(2, PATIENCE), []
    holds = [threading.Event() for _ in range(6)]
    threads = []
    for number, hold in enumerate(holds):
        threads.append(begin(turns, number, log, hold))
        until(lambda n=number: len(log) + len(turns._line) == n + 1)
    assert log == [0, 1]
    for number, hold in enumerate(holds):
        hold.set()
        until(lambda n=number: len(log) == min(6, n + 3))
        assert log == list(range(len(log)))
    for thread in threads:
        thread.join(PATIENCE)
    in_line(turns, 0)


def test_a_turn_that_takes_too_long_no_longer_counts():
    turns, log, hold = Turns(1, 0.05), [], threading.Event()
    threads = [begin(turns, name, log, hold) for name in "ab"]
    until(lambda: sorted(log) == ["a", "b"])  # although nobody has given a turn back
    hold.set()
    for thread in threads:
        thread.join(PATIENCE)


def test_a_page_that_fails_gives_its_turn_back():
    turns = Turns(1, PATIENCE)
    with pytest.raises(ValueError, match="broken"), turns.turn():
        raise ValueError("broken")
    with turns.turn():
        pass


def test_a_hundred_threads_never_exceed_what_may_go_on_at_once():
    turns, lock, now, most, done = Turns(3, PATIENCE), threading.Lock(), 0, 0, 0

    def work():
        nonlocal now, most, done
        with turns.turn():
            with lock:
                now += 1
                most = max(most, now)
            time.sleep(0.001)
            with lock:
                now -= 1
                done += 1

    threads = [threading.Thread(target=work) for _ in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert done == 100 and 1 <= most <= 3
