"""Settings are declared once: the check, the form, the help text, the cache key and `--set` follow."""

from __future__ import annotations

import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from gnnrec_core.base.errors import RequestError
from gnnrec_core.base.registry import did_you_mean


class Settings(BaseModel):
    """The base of every plug-in's settings: frozen, nothing unknown let in, each field with a range and a line.

    Declare a field as `embedding_dim: int = Field(64, ge=4, le=512, description="...")`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, protected_namespaces=())


@dataclass(frozen=True)
class Search:
    """Where a search looks for a setting, declared with its field: `Annotated[float, Search(0.001, 0.05, log=True)]`.
    Either from `low` to `high`, evenly (`log`: evenly in the logarithm), or one of `choices`."""

    low: float = 0.0
    high: float = 0.0
    log: bool = False
    choices: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Live:
    """Marks a setting that needs no training: what was trained is kept, and scores follow it at once. A slider goes
    from `low` to `high`; `off` is the value that changes nothing."""

    low: float
    high: float
    off: float = 0.0


@dataclass(frozen=True)
class SettingField:
    """What a form needs to know of one setting. `choices` is empty unless the type is a `Literal`; `bounds` are in
    words; `search` None where a search leaves it alone, `live` where a model has to be trained for it."""

    name: str
    kind: str
    default: Any
    low: float | None
    high: float | None
    choices: tuple[Any, ...]
    description: str
    search: Search | None = None
    live: Live | None = None
    bounds: str = ""


S = TypeVar("S", bound=Settings)
BOUNDS = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}


def read_settings(settings_type: type[S], values: Mapping[str, Any]) -> S:
    """Check `values` (strings are converted) against `settings_type`.

    Raises RequestError naming the setting, the value and the allowed range.
    """
    for name in values:
        if name not in settings_type.model_fields:
            known = tuple(settings_type.model_fields)
            raise RequestError(f"There is no setting named {name!r}.", did_you_mean(name, known), value=name)
    try:
        return settings_type.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "settings"
        own = first.get("ctx", {}).get("error") if first["type"] == "value_error" else None
        raise RequestError(
            f"Setting {name} = {first.get('input')!r} cannot be used: {own or first['msg'].lower()}.",
            settings_help(settings_type, name),
            setting=name,
            value=str(first.get("input")),
        ) from None


def split_assignments(assignments: Sequence[str], option: str = "--set") -> dict[str, str]:
    """`["a=1", "b=x"]` from the command line's `--set`, or another option, as a mapping.

    >>> split_assignments(["n_layers=2"])
    {'n_layers': '2'}
    """
    values = {}
    for text in assignments:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise RequestError(f"{option} {text!r} has no '='.", f"Write {option} name=value.", value=text)
        if name.strip() in values:
            raise RequestError(f"{option} {name.strip()} is given twice.", "Write each setting once.", value=text)
        values[name.strip()] = value.strip()
    return values


def describe_settings(settings_type: type[Settings]) -> tuple[SettingField, ...]:
    """The fields of a settings class, for forms and documentation."""
    described = []
    for name, field in settings_type.model_fields.items():
        found = {word: rule for rule in field.metadata for word in BOUNDS if hasattr(rule, word)}
        ends = {word: getattr(rule, word) for word, rule in found.items()}
        low, high = ends.get("ge", ends.get("gt")), ends.get("le", ends.get("lt"))
        bounds = " and ".join(f"{BOUNDS[word]} {ends[word]:g}" for word in BOUNDS if word in ends)
        choices = typing.get_args(field.annotation) if typing.get_origin(field.annotation) is Literal else ()
        kind = "choice" if choices else getattr(field.annotation, "__name__", str(field.annotation))
        search = next((rule for rule in field.metadata if isinstance(rule, Search)), None)
        live = next((rule for rule in field.metadata if isinstance(rule, Live)), None)
        about = field.description or ""
        described.append(SettingField(name, kind, field.default, low, high, choices, about, search, live, bounds))
    return tuple(described)


def settings_help(settings_type: type[Settings], name: str) -> str:
    """One sentence on what setting `name` may be; empty where there is no such setting."""
    for field in describe_settings(settings_type):
        if field.name == name:
            if field.choices:
                return f"{name} is one of {', '.join(map(repr, field.choices))} (default {field.default!r})."
            range_text = f", {field.bounds}" if field.bounds else ""
            return f"{name} is {field.kind}{range_text} (default {field.default!r}): {field.description}"
    return ""
