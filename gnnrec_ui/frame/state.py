"""The URL is the state: every choice that is not the default stands in it, so that every view is a link.

`follow` says where a widget has to stand (the URL wins when it was changed from outside: a link, the back button, a
menu entry), `settle` writes the widget's choice back. Defaults drop out of the URL.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable

import streamlit as st

_SYNCED = "_url_as_we_left_it"
_DEFAULTS = "_defaults_as_they_were"
MOST_PARAMETERS = 200
MOST_TEXT = 4_000
MOST_IN_A_LIST = 200
MOST_DIGITS = 40
_NUMBER = re.compile(r"[-+0-9.eE]*")
_NOTICES = "_room_for_notices"
_SAID, _AGAIN = "_notices_of_this_page", "_drawn_again_by_ourselves"
_TURNS = "_lists_from_outside"
_PINNED = "_defaults_that_stay"
_IN_HAND = "_case_of_this_page"


def follow(key: str, is_valid: Callable[[str], bool], default: str) -> str:
    """The choice of `key` as text: from a changed URL, else the widget's own, else `default`.

    A widget that stood at its default goes along when the default changes (the first item of another person's list).
    """
    url, held = st.query_params.get(key), st.session_state.get(key)
    left = st.session_state.setdefault(_SYNCED, {}).get(key)
    defaults = st.session_state.setdefault(_DEFAULTS, {})
    stood_at_default = url is None and str(held) == defaults.get(key)
    defaults[key] = default
    if held is not None and url == left and is_valid(str(held)) and not stood_at_default:
        return str(held)
    return url if url is not None and is_valid(url) else default


def gone(key: str, is_valid: Callable[[str], bool]) -> str | None:
    """What a link asks for under `key` and is not here; to be asked before `follow`."""
    url = st.query_params.get(key)
    return url if url is not None and came_from_outside(key) and not is_valid(url) else None


def came_from_outside(key: str) -> bool:
    """Whether the URL says of `key` something else than this page left there."""
    left: str | None = st.session_state.get(_SYNCED, {}).get(key)
    return st.query_params.get(key) != left


def open_notices() -> None:
    """Make room, where the page stands now, for what `notice` says later on; what it said before `draw_again` stays."""
    st.session_state[_NOTICES] = st.container()
    said = st.session_state.get(_SAID, []) if st.session_state.pop(_AGAIN, False) else []
    st.session_state[_SAID] = []
    for sentence in said:
        notice(sentence)


def draw_again() -> None:
    """Draw the page anew by ourselves (work has ended): nobody has chosen anything, so its notices stay."""
    st.session_state[_AGAIN] = True
    st.rerun()


def notice(sentence: str) -> None:
    """A warning (Markdown) across the page, also from within a narrow column; once for each sentence."""
    said = st.session_state.setdefault(_SAID, [])
    if sentence in said:
        return
    said.append(sentence)
    place = st.session_state.get(_NOTICES)
    (st if place is None else place).warning(sentence, icon=":material/search_off:")


def settle(key: str, value: str, default: str) -> str:
    """Write the choice of `key` into the URL where it is not there yet; a default that is not in the URL stays out.

    What a link says explicitly is left alone, so that opening it makes no second entry in the browser's history.
    """
    if st.query_params.get(key) != value:
        if value == default:
            st.query_params.pop(key, None)
        else:
            st.query_params[key] = value
    st.session_state.setdefault(_SYNCED, {})[key] = st.query_params.get(key)
    return value


def pinned(scope: tuple[str, ...], default: Callable[[], str]) -> str:
    """The default that this session met first in `scope` (a dataset, a person): it stays when the run changes, so that
    a comparison of two runs stays one of the same person and item."""
    kept: dict[tuple[str, ...], str] = st.session_state.setdefault(_PINNED, {})
    if scope not in kept:
        kept[scope] = default()
    return kept[scope]


def in_hand(**case: str) -> dict[str, str]:
    """The person and the item that this page is about, which its link names also where they are its defaults; with
    arguments they are noted."""
    held: dict[str, str] = st.session_state.setdefault(_IN_HAND, {})
    held.update(case)
    return dict(held)


def choose(key: str, value: str | None) -> None:
    """Set a choice from a button: the widget and the URL follow (for callbacks)."""
    st.session_state.pop(key, None)
    if value is None:
        st.query_params.pop(key, None)
    else:
        st.query_params[key] = value


def numbers(key: str, below: int) -> tuple[int, ...]:
    """A list of indices in the URL ("3,17"), each from 0 to `below` - 1; what is no such number is left out."""
    parts = (whole(part, 0, below - 1) for part in st.query_params.get(key, "").split(","))
    return tuple(dict.fromkeys(part for part in parts if part is not None))[:MOST_IN_A_LIST]


def whole(text: str, low: int, high: int) -> int | None:
    """The number that `text` writes in digits, from `low` to `high`; None for anything else, however long."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        return None
    return int(text) if low <= int(text) <= high else None


def names(text: str, known: Container[str], most: int) -> list[str]:
    """The names in a list of the URL ("a,b"), each once, those that are known, `most` at the most."""
    return [name for name in dict.fromkeys(text.split(",")) if name in known][:most]


def tidy() -> str:
    """Begin a page: take out of the URL what no choice can be, what is too long, or too many. Returns a sentence on
    it, or ""."""
    st.session_state[_IN_HAND] = {}
    found = list(st.query_params)
    long = [key for key in found if len(key) > 100 or _is_too_long(st.query_params[key])]
    gone = [*long, *[key for key in found if key not in long][MOST_PARAMETERS:]]
    for key in gone:
        del st.query_params[key]
    if not gone:
        return ""
    named = ", ".join(f"“{key[:30]}”" for key in gone[:3])
    return f"The address holds more than a choice can be ({named}{' and others' if len(gone) > 3 else ''})."


def _is_too_long(value: str) -> bool:
    return len(value) > MOST_TEXT or (len(value) > MOST_DIGITS and _NUMBER.fullmatch(value) is not None)


def put_numbers(key: str, values: Iterable[int]) -> None:
    """Write a list of indices into the URL; an empty one drops out."""
    text = ",".join(str(int(value)) for value in values)
    if text and st.query_params.get(key) != text:
        st.query_params[key] = text
    elif not text and key in st.query_params:
        del st.query_params[key]
    st.session_state.setdefault(_SYNCED, {})[key] = st.query_params.get(key)


def turned(key: str) -> int:
    """How often a list in the URL was changed from outside (Back, a link): part of the key of a widget that shows it,
    which thereby begins anew with what the URL says. To be asked before `put_numbers`."""
    left = st.session_state.setdefault(_SYNCED, {})
    turns: dict[str, int] = st.session_state.setdefault(_TURNS, {})
    if st.query_params.get(key) != left.get(key):
        turns[key] = turns.get(key, 0) + 1
        left[key] = st.query_params.get(key)
    return turns.get(key, 0)


def carried() -> dict[str, str]:
    """The parameters that go along to another page: the study, the case and the way of showing."""
    url = st.query_params.to_dict()
    return {key: url[key] for key in CARRIED if key in url}


CARRIED = ("dataset", "run", "user", "item", "k", "present")
