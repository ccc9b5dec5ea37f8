"""Rooms that can be called: `gnnrec_core.explain` is the package of explanations and the verb that explains.

Python sets a package's subpackage as its attribute when it is first imported, so the verb of that name would disappear.
A room that calls its verb keeps both meanings: `gr.explain(run, user, item)` and `from gnnrec_core.explain.case import
make_case`.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class _VerbRoom(ModuleType):
    """A package whose call is the verb of its own name in the facade."""

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        package, _, name = self.__name__.rpartition(".")
        return sys.modules[package].verb(name)(*arguments, **options)


def call_by_name(name: str) -> None:
    """Let the package `name` be called like the facade's verb of that name."""
    sys.modules[name].__class__ = _VerbRoom
