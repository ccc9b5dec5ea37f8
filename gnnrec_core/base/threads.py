"""How many threads the products of numpy and scipy take.

A small product that is shared out over cores is waited for by spinning. Where another process has one of the cores, a
product of 0.05 ms takes 30 ms, and solving a person's row anew takes seconds instead of hundredths.
"""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from functools import cache
from typing import Any

VARIABLE = "OPENBLAS_NUM_THREADS"
"""What the library behind numpy and scipy reads once, when it is loaded."""
_OURS: list[str] = []


def one_for_each_question() -> None:
    """Give products one thread in this process, unless `OPENBLAS_NUM_THREADS` says otherwise.

    For a server, whose visitors share the cores. To be called before numpy is imported; later it changes nothing.
    """
    if VARIABLE not in os.environ:
        os.environ[VARIABLE] = "1"
        _OURS.append(VARIABLE)


def outside_environment() -> dict[str, str]:
    """The environment of this process without what `one_for_each_question` put there, for processes that it starts."""
    return {name: value for name, value in os.environ.items() if name not in _OURS}


def one_thread() -> AbstractContextManager[object]:
    """Inside, products of numpy and scipy take one thread: for long loops over small matrices."""
    limited: AbstractContextManager[object] = _controller().limit(limits=1, user_api="blas")
    return limited


@cache
def _controller() -> Any:
    """Looks for the loaded libraries once: to be asked after numpy and scipy have been imported."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
