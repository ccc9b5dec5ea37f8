"""Plug-ins of other packages: what the entry points of the group `gnnrec.plugins` declare.

An entry point names a sequence of `Plugin`s, in a module that imports nothing heavy. It is read when a table is first
listed or asked for a name that is not built in. What cannot be used is left out and named in `problems()`.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

GROUP = "gnnrec.plugins"
KINDS = ("model", "explainer", "metric", "reader", "re-ranker", "page", "command")
_problems: list[str] = []


@cache
def declared() -> tuple[tuple[str, Any], ...]:
    """(package, declaration) of every usable entry point, packages by name."""
    found: list[tuple[str, Any]] = []
    for point in sorted(entry_points(group=GROUP), key=lambda point: (_package(point), point.name)):
        try:
            declarations: Iterable[Any] = tuple(point.load())
        except Exception as error:  # whatever another package does wrong is its own
            note(_package(point), f"its entry point {point.value!r} fails: {type(error).__name__}: {error}")
            continue
        for declaration in declarations:
            kind = getattr(declaration, "kind", "")
            if kind in KINDS:
                found.append((_package(point), declaration))
            else:
                note(_package(point), f"{declaration!r:.80} is of no kind that there is ({', '.join(KINDS)})")
    return tuple(found)


def note(package: str, why: str) -> None:
    """Remember that something of `package` is left out."""
    said = f"A plug-in of the package {package!r} is left out: {why}."
    if said not in _problems:
        _problems.append(said)


def problems() -> tuple[str, ...]:
    """A sentence for everything that is left out, as far as anybody has looked."""
    return tuple(_problems)


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist else "?"
