"""Plug-ins by name: a table of "module:Class" strings, imported on first use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from typing import Any

from gnnrec_core.base.errors import RequestError


@dataclass(frozen=True)
class Plugin:
    """One registered thing. `title` and `summary` are for menus, so that listing imports nothing."""

    name: str
    target: str
    title: str
    summary: str

    def load(self) -> Any:
        """Import and return the class or function that `target` ("module:attribute") names."""
        module, _, attribute = self.target.partition(":")
        return getattr(import_module(module), attribute)


class Registry:
    """An ordered table of plug-ins of one kind ("model", "explainer", ...)."""

    def __init__(self, kind: str, *plugins: Plugin) -> None:
        self.kind = kind
        self._plugins = {plugin.name: plugin for plugin in plugins}
        if len(self._plugins) != len(plugins):
            raise ValueError(f"two {kind}s have one name: {[plugin.name for plugin in plugins]}")

    def __iter__(self) -> Iterator[Plugin]:
        return iter(self._plugins.values())

    def __contains__(self, name: str) -> bool:
        return name in self._plugins

    @property
    def names(self) -> tuple[str, ...]:
        """All names, in the order of registration."""
        return tuple(self._plugins)

    def __getitem__(self, name: str) -> Plugin:
        """The plug-in of that name; RequestError with near names where there is none."""
        if name not in self._plugins:
            raise RequestError(f"There is no {self.kind} named {name!r}.", did_you_mean(name, self.names), value=name)
        return self._plugins[name]

    def load(self, name: str) -> Any:
        """Import and return the class or function behind `name`."""
        return self[name].load()


def did_you_mean(name: str, known: tuple[str, ...] | list[str], n: int = 3) -> str:
    """A hint: the names nearest to `name`, or all of them where none is near and they are few.

    >>> did_you_mean("lightgnc", ("lightgcn", "gat"))
    "Did you mean 'lightgcn'?"
    """
    near = get_close_matches(name, known, n=n, cutoff=0.6)
    if near:
        return f"Did you mean {' or '.join(map(repr, near))}?"
    shown = ", ".join(map(repr, known[:12]))
    more = f" and {len(known) - 12:,} more" if len(known) > 12 else ""
    return f"There are: {shown}{more}." if known else "There are none."
