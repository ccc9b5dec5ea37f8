"""Forms made from declared settings: groups, ranges, help and defaults all come from the settings class."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from gnnrec_core.base.settings import SettingField, Settings, describe_settings
from gnnrec_core.base.text import for_markdown, for_option
from gnnrec_ui.frame import state


def settings_form(settings_type: type[Settings], prefix: str) -> dict[str, Any]:
    """Widgets for every field, one group for each class that declares some; what differs from the defaults.

    Each value stands in the URL as `PREFIX_NAME` where it is not the default. The values are not checked here:
    `read_settings` does that, in one place.
    """
    changed: dict[str, Any] = {}
    for number, (title, names) in enumerate(groups(settings_type)):
        with st.expander(title, expanded=number == 0):
            changed |= fields_form(settings_type, names, prefix)
    return changed


def fill(settings_type: type[Settings], prefix: str, values: Mapping[str, Any]) -> None:
    """Put `values` into the widgets of a form, and defaults into the others (for callbacks)."""
    for field in describe_settings(settings_type):
        value = values.get(field.name, field.default)
        text = ", ".join(map(str, value)) if isinstance(value, tuple | list) else str(value or "")
        as_shown = {"float": float, "int": int, "bool": bool}.get(field.kind)
        key = f"{prefix}_{field.name}"
        st.session_state[key] = value if field.choices else as_shown(value) if as_shown else text


def fields_form(settings_type: type[Settings], names: Sequence[str], prefix: str) -> dict[str, Any]:
    """Widgets for some fields, three in a row; what differs from the defaults."""
    fields = {field.name: field for field in describe_settings(settings_type)}
    changed: dict[str, Any] = {}
    for start in range(0, len(names), 3):
        for column, name in zip(st.columns(3), names[start : start + 3], strict=False):
            with column:
                value = widget(fields[name], f"{prefix}_{name}")
            if value != fields[name].default:
                changed[name] = value
    return changed


def choose(
    label: str,
    options: Sequence[str],
    key: str,
    default: str | None = None,
    name_of: Callable[[str], str] = str,
    help: str | None = None,
) -> str:
    """A menu whose choice stands in the URL by its own name, not by what it is called on screen."""
    default = options[0] if default is None else default
    say_gone(state.gone(key, options.__contains__), label, name_of(default))
    st.session_state[key] = state.follow(key, options.__contains__, default)
    return state.settle(
        key,
        st.selectbox(label, options, key=key, format_func=lambda name: for_option(name_of(name)), help=help),
        default,
    )


def say_gone(wanted: str | None, label: str, shown: str) -> None:
    """A choice that a link asks for and that is not here is said so."""
    if wanted is not None:
        state.notice(
            f"{label}: the link asks for “{for_markdown(wanted)}”, which is not here. {for_markdown(shown)} is shown."
        )


def groups(settings_type: type[Settings]) -> list[tuple[str, list[str]]]:
    """Field names by the class that declares them, the most special class first; the title is its docstring's start."""
    found: list[tuple[str, list[str]]] = []
    for declaring in settings_type.__mro__:
        names = [name for name in inspect.get_annotations(declaring) if name in settings_type.model_fields]
        taken = {name for _, others in found for name in others}
        if issubclass(declaring, Settings) and declaring is not Settings and set(names) - taken:
            title = (declaring.__doc__ or declaring.__name__).strip().split("\n")[0].split(":")[0].rstrip(".")
            found.append((title, [name for name in names if name not in taken]))
    return found


def label(name: str) -> str:
    """How a setting is called on screen.

    >>> label("n_layers"), label("l2"), label("learning_rate")
    ('Number of layers', 'L2', 'Learning rate')
    """
    words = ["minimum" if word == "min" else word for word in name.split("_")]
    text = f"number of {' '.join(words[1:])}" if words[0] == "n" and len(words) > 1 else " ".join(words)
    return text[:1].upper() + text[1:]


def widget(field: SettingField, key: str) -> Any:
    """One widget for one declared field, bound to the URL."""
    shared: dict[str, Any] = {"key": key, "bind": "query-params", "help": _help(field)}
    if field.choices:
        return st.selectbox(
            label(field.name), field.choices, index=field.choices.index(field.default), format_func=for_option, **shared
        )
    if field.kind == "bool":
        return st.toggle(label(field.name), field.default, **shared)
    if field.kind == "int":
        return st.number_input(
            label(field.name), _whole(field.low), _whole(field.high), value=field.default, step=1, **shared
        )
    if field.kind == "float":
        return st.number_input(
            label(field.name),
            None if field.low is None else float(field.low),
            None if field.high is None else float(field.high),
            value=float(field.default),
            step=_step(field.default),
            format="%g",
            **shared,
        )
    shown = ", ".join(map(str, field.default)) if isinstance(field.default, tuple) else str(field.default or "")
    text = st.text_input(label(field.name), shown, **shared)
    return field.default if text in ("", shown) else text


def _help(field: SettingField) -> str:
    text = field.description[:1].upper() + field.description[1:]
    return f"{text}. {field.bounds.capitalize()}." if field.bounds else f"{text}."


def _whole(bound: float | None) -> int | None:
    return None if bound is None else int(bound)


def _step(default: float) -> float:
    return 10.0 ** (len(f"{int(1 / default)}") * -1) if 0 < default < 1 else max(0.1, default / 10)
