"""What the library says of its options, as the app says it: by the names of the controls, and as buttons."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from gnnrec_core.data.options import ImportOptions
from gnnrec_ui.frame import forms

ROLES = {"user_col": "User id", "item_col": "Item id", "rating_col": "Rating", "time_col": "Time"}
NAMES = {
    **ROLES,
    "keep": "Keep only rows where",
    "bad_rows": "Rows without a usable value",
    "encoding": "Encoding of text",
    "behaviour_col": "Weights",
    "behaviour_weights": "Weights",
    "day_first": "Order of day and month",
    "user_relations": "Attributes of people that become nodes of the graph",
    "item_relations": "Attributes of items that become nodes of the graph",
}
"""Controls that are not called as `forms.label` calls a setting."""
SET_BY_BUTTON = (
    *(*ROLES, "split", "weighting", "negatives", "min_rating", "table", "format"),
    *("bad_rows", "keep", "amounts"),
)
WORDS = {
    *("cannot", "and", "or", "for", "if", "of", "says", "chooses", "reads", "leaves"),
    *("has", "asks", "to", "are", "is"),
}
"""What follows an option in a sentence and is no value of it."""
_VALUE = r"""[^\s,.;:()'"]+"""
_OPTION = re.compile(rf"""--(?P<name>[a-z]+(?:-[a-z]+)*)(?: (?P<value>"[^"]*"|{_VALUE}(?:[.,=]{_VALUE})*))?""")


def name_of(option: str) -> str:
    """How an import option is called on the page."""
    return NAMES.get(option) or forms.label(option)


def in_the_app(text: str) -> str:
    """A sentence with options of the command line, with the controls of the page in their place.

    >>> in_the_app("Choose --split random, or name --time-col.")
    'Choose “Split”: random, or name “Time”.'
    >>> in_the_app("The log has no ratings, so --min-rating cannot be applied.")
    'The log has no ratings, so “Minimum rating” cannot be applied.'
    """

    def said(found: re.Match[str]) -> str:
        option, value = _read(found)
        if option not in ImportOptions.model_fields:
            return found[0]
        if value is None:
            return f"“{name_of(option)}”" + (f" {found['value']}" if found["value"] else "")
        return f"“{name_of(option)}”: {value}"

    return _OPTION.sub(said, text)


def cures(text: str, columns: Sequence[str] = ()) -> tuple[dict[str, str], ...]:
    """What buttons under a sentence may set: option to value, those of one sentence about columns together.

    A column that is named by its number is looked up in `columns`; without them there is no button for it.

    >>> cures("Where the item stands first, say --user-col 2 --item-col 1.", ["a", "b"])
    ({'user_col': 'b', 'item_col': 'a'},)
    >>> cures("Choose --split random, or leave times unread with --time-col none.")
    ({'split': 'random'}, {'time_col': 'none'})
    """
    found = [(option, value) for option, value in map(_read, _OPTION.finditer(text)) if option in SET_BY_BUTTON]
    known = [(option, _column(value, columns) if option in ROLES else value) for option, value in found if value]
    roles = {option: value for option, value in known if option in ROLES and value}
    numbered = [option for option, value in found if option in ROLES and value and value.isdigit()]
    if numbered and not set(numbered) <= roles.keys():
        roles = {}
    others = [{option: value} for option, value in known if option not in ROLES and value]
    return tuple([*others, roles] if roles else others)


def button_label(cure: Mapping[str, str]) -> str:
    """`Set User id to b, Item id to a`."""
    return "Set " + ", ".join(f"{name_of(option)} to {value}" for option, value in cure.items())


def _read(found: re.Match[str]) -> tuple[str, str | None]:
    """The option as it is declared, and its value; None where the next word is none."""
    value = found["value"]
    is_word = value is None or value in WORDS or value.startswith("--")
    return found["name"].replace("-", "_"), None if is_word else value.strip('"')


def _column(value: str, columns: Sequence[str]) -> str | None:
    if not value.isdigit():
        return value
    return columns[int(value) - 1] if 0 < int(value) <= len(columns) else None
