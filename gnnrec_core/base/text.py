"""Text from data, made safe for the place where it is shown. Every sink has one function here; nothing else escapes.

A title such as `=cmd|' /C calc'!A0`, `<img src=x onerror=...>`, `![](http://...)` or one with hidden bidirectional
marks is shown letter for letter, and does nothing.
"""

from __future__ import annotations

import csv
import html
import io
import json
import re
import unicodedata
from collections.abc import Iterable
from typing import Any

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
WORD_JOINER = "\N{WORD JOINER}"
"""Invisible, breaks no line; keeps what it follows from being read as part of an emoji code, a link or an arrow."""

_WHITE_SPACE = re.compile(r"[\t\r\n\v\f\x85\u2028\u2029]+")
_MARKDOWN = re.compile(r"([!-/:-@\[-`{-~])")
_READ_AFTER_ESCAPES = re.compile(
    r":(?=[\w+\-/]+:|//)|\bwww(?=\.)|(?<=\w)@(?=\w)|(?<!\S)(?:<->|<-|->|--|>=|<=|~=)(?!\S)", re.IGNORECASE
)
_FORMULA = re.compile(r"\s*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]")


def clean(text: Any) -> str:
    """`text` on one line, with every control, bidirectional or unpaired surrogate character as U+FFFD.

    White space that breaks a line or a cell becomes one space. Joiners that scripts and emoji need stay.

    >>> clean("a\\x00b\\u202ec\\nd")
    'a\ufffdb\ufffdc d'
    """
    whole = str(text)
    if whole.isascii() and whole.isprintable():  # nearly all of them: nothing to replace
        return whole
    return "".join(REPLACEMENT if _is_hidden(letter) else letter for letter in _WHITE_SPACE.sub(" ", whole))


def for_html(text: Any) -> str:
    """Safe as the content of an HTML or SVG element, and inside a quoted attribute.

    >>> for_html('<b title="x">')
    '&lt;b title=&quot;x&quot;&gt;'
    """
    return html.escape(clean(text), quote=True)


def for_markdown(text: Any) -> str:
    """Safe in Streamlit's Markdown (also in labels and headings): shown as typed, no image is fetched, no link made.

    All ASCII punctuation is escaped by a backslash. Emoji codes (`:cat:`), web and mail addresses and arrows (`->`) are
    recognised only after escapes are undone, so these get an invisible word joiner as well.

    >>> for_markdown("*x* :red[y]")
    '\\\\*x\\\\* \\\\:red\\\\[y\\\\]'
    """
    broken = _READ_AFTER_ESCAPES.sub(lambda found: found.group() + WORD_JOINER, clean(text).strip())
    return _MARKDOWN.sub(r"\\\1", broken)


def for_label(text: Any) -> str:
    """Safe in every text of a Streamlit widget that is read as Markdown: labels and help texts, options of pills, tabs
    and segmented controls, values of metrics, headings of columns.

    As `for_markdown`, for a piece of a label; what we write ourselves goes around it.
    """
    return for_markdown(text)


def for_option(text: Any) -> str:
    """Safe as an entry of a menu (select box, multiselect) or a cell of a data frame, which show text as it is."""
    return clean(text)


def for_terminal(text: Any) -> str:
    """Safe in a line that a program prints: no escape sequence, no return to the start of the line, nothing that turns
    the reading direction.

    >>> for_terminal("a\x1b[2Jb")
    'a�[2Jb'
    """
    return clean(text)


def for_json(text: str) -> str:
    """JSON text with every hidden character as an escape, which reads back as the same value.

    >>> for_json(f'"a{chr(0x202E)}b"') == '"a' + chr(92) + 'u202eb"'
    True
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(json.dumps(letter)[1:-1] if _is_hidden(letter) else letter for letter in text)


def for_csv(value: Any) -> Any:
    """A cell that no spreadsheet runs as a formula: text that starts like one gets a leading apostrophe.

    Numbers, and text that is a plain number, stay as they are.

    >>> for_csv("=1+1"), for_csv("-12.5"), for_csv(-3)
    ("'=1+1", '-12.5', -3)
    """
    if not isinstance(value, str):
        return value
    text = clean(value)
    if _FORMULA.match(text) or value[:1] in ("\t", "\r", "\n"):
        return text if _is_number(text) else f"'{text}"
    return text


def csv_text(names: Iterable[Any], rows: Iterable[Iterable[Any]]) -> str:
    """A CSV table, headings and cells through `for_csv`: the only exporter. What is None or NaN becomes empty.

    >>> print(csv_text(["title", "score"], [["=1+1", -0.5], ["a,b", None]]), end="")
    title,score
    '=1+1,-0.5
    "a,b",
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([for_csv(name) for name in names])
    writer.writerows([["" if cell is None or cell != cell else for_csv(cell) for cell in row] for row in rows])
    return text.getvalue()


def csv_file(text: str) -> bytes:
    """What `csv_text` made as a file that spreadsheets read as UTF-8: it starts with a byte order mark.

    >>> csv_file("é")
    b'\\xef\\xbb\\xbf\\xc3\\xa9'
    """
    return text.encode("utf-8-sig")


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text) is not None


def _is_hidden(letter: str) -> bool:
    """Control characters, unpaired surrogates, and what changes the look of text without being seen itself."""
    code = ord(letter)
    return (
        unicodedata.category(letter) in ("Cc", "Cs")
        or code in (0x00AD, 0x061C, 0x180E, 0x200B, 0x200E, 0x200F, 0xFEFF)
        or 0x202A <= code <= 0x202E
        or 0x2060 <= code <= 0x206F
        or 0xFFF9 <= code <= 0xFFFB
        or 0xE0000 <= code <= 0xE007F
    )
