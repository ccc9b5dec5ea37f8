"""Plug-ins by name: a table of "module:Class" strings, imported on first use, and what other packages add to it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cached_property
from importlib import import_module
from typing import Any

from gnnrec_core.base import outside
from gnnrec_core.base.errors import RequestError, UnsupportedError

_NAME = re.compile(r"[a-z][a-z0-9_]*([ -][a-z0-9_]+)*")


@dataclass(frozen=True)
class Plugin:
    """One registered thing. `title` and `summary` are for menus, so that listing imports nothing.

    `traits` says what others must know of it before it is imported; its table says which there are. `kind` (one of
    `outside.KINDS`) is what a declaration of another package names its table by; `package` is filled in for it.
    """

    name: str
    target: str
    title: str
    summary: str
    traits: Mapping[str, Any] = field(default_factory=dict)
    kind: str = ""
    package: str = ""

    def load(self) -> Any:
        """Import and return what `target` ("module:attribute" or "module") names.

        UnsupportedError where another package's plug-in cannot be imported.
        """
        module, _, attribute = self.target.partition(":")
        try:
            found = import_module(module)
            return getattr(found, attribute) if attribute else found
        except Exception as error:
            if not self.package:
                raise
            outside.note(self.package, f"{self.kind} {self.name!r} fails: {type(error).__name__}: {error}")
            raise UnsupportedError(
                f"The {self.kind} {self.name!r} of the package {self.package!r} cannot be imported: {error}.",
                f"Repair or uninstall {self.package}.",
                value=self.name,
            ) from error


class Registry:
    """An ordered table of plug-ins of one kind ("model", "explainer", ...).

    `traits` maps each trait to its allowed values, the default first; or to one text, which any text may replace.
    `called` is the kind in sentences; `taken` are names that outside plug-ins may not have either.
    """

    def __init__(
        self,
        kind: str,
        *plugins: Plugin,
        called: str = "",
        traits: Mapping[str, tuple[Any, ...] | str] | None = None,
        taken: tuple[str, ...] = (),
    ) -> None:
        self.kind, self.called, self._taken = kind, called or kind, taken
        self._traits = dict(traits or {})
        self._own = {plugin.name: self._complete(plugin) for plugin in plugins}
        if len(self._own) != len(plugins):
            raise ValueError(f"two {kind}s have one name: {[plugin.name for plugin in plugins]}")

    @cached_property
    def _plugins(self) -> dict[str, Plugin]:
        """The built-in ones, then those of other packages."""
        found = dict(self._own)
        for package, plugin in outside.declared():
            if plugin.kind != self.kind or not isinstance(plugin, Plugin):
                continue
            if plugin.name in found or plugin.name in self._taken:
                other = found[plugin.name].package if plugin.name in found else ""
                whose = f"the package {other!r}" if other else "GNNRec Lens itself"
                outside.note(package, f"the name {plugin.name!r} of its {self.kind} is taken by {whose}")
                continue
            try:
                if not _NAME.fullmatch(plugin.name):
                    raise ValueError(f"{plugin.name!r} is no name: write small letters, digits and _")
                found[plugin.name] = self._complete(replace(plugin, package=package))
            except (TypeError, ValueError) as error:
                outside.note(package, str(error))
        return found

    def _complete(self, plugin: Plugin) -> Plugin:
        """`plugin` with every trait of its table; ValueError for one that the table does not know."""
        defaults = {name: allowed if isinstance(allowed, str) else allowed[0] for name, allowed in self._traits.items()}
        for name, value in plugin.traits.items():
            allowed = self._traits.get(name, ())
            if not (isinstance(value, str) if isinstance(allowed, str) else value in allowed):
                raise ValueError(f"{self.kind} {plugin.name!r} has a trait that there is not: {name} = {value!r}")
        return replace(plugin, kind=self.kind, traits={**defaults, **plugin.traits})

    def __iter__(self) -> Iterator[Plugin]:
        return iter(self._plugins.values())

    def __contains__(self, name: str) -> bool:
        return name in self._own or name in self._plugins

    @property
    def names(self) -> tuple[str, ...]:
        """All names, the built-in ones first, in the order of registration."""
        return tuple(self._plugins)

    def having(self, trait: str, value: Any = True) -> tuple[str, ...]:
        """The names of those whose `trait` has this value."""
        return tuple(plugin.name for plugin in self if plugin.traits[trait] == value)

    def __getitem__(self, name: str) -> Plugin:
        """The plug-in of that name; RequestError with near names where there is none."""
        if name not in self:
            raise RequestError(f"There is no {self.called} named {name!r}.", did_you_mean(name, self.names), value=name)
        return self._own.get(name) or self._plugins[name]

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
