"""One thread for small products, and nothing of it in the processes that are started."""

import json
import subprocess
import sys

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from gnnrec_core.base import threads
from gnnrec_core.runs import jobs


def blas_threads():
    return [each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"]


def test_one_thread_holds_inside_and_ends_with_it():
    np.ones((2, 2)) @ np.ones((2, 2))
    before = blas_threads()
    with threads.one_thread():
        assert set(blas_threads()) == {1}
    assert blas_threads() == before


@pytest.mark.parametrize("given", ["", "3"])
def test_a_server_gives_products_one_thread_and_its_trainings_what_was_set(given, monkeypatch):
    code = (
        "import json, gnnrec_ui, numpy; from threadpoolctl import threadpool_info; from gnnrec_core.runs import jobs; "
        "print(json.dumps([[each['num_threads'] for each in threadpool_info() if each['user_api'] == 'blas'],"
        " jobs.environment().get('OPENBLAS_NUM_THREADS')]))"
    )
    monkeypatch.delenv(threads.VARIABLE, raising=False)
    if given:
        monkeypatch.setenv(threads.VARIABLE, given)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    found, handed_on = json.loads(done.stdout)
    assert found and (given or set(found) == {1})
    assert handed_on == (given or None)


def test_what_was_set_outside_is_handed_on(monkeypatch):
    monkeypatch.setattr(threads, "_OURS", [])
    monkeypatch.setenv(threads.VARIABLE, "2")
    threads.one_for_each_question()
    assert jobs.environment()[threads.VARIABLE] == "2"
