"""Streamlit's Markdown as the plain text that it shows."""

from __future__ import annotations

import re

from gnnrec_core.base.text import WORD_JOINER

_TOKENS = re.compile(
    r"\\([!-/:-@\[-`{-~])|(:material/\w+:)|(:[a-z][a-z-]*\[)|(\])"
    rf"|(?<!\s)[*`]+|[*`]+(?!\s)|{WORD_JOINER}|&nbsp;"
)


def plain(markdown: str) -> str:
    """`markdown` without its marks, on one line; what `for_markdown` has escaped stands as it was.

    >>> plain("**Why** *a \\\\* b* :small[0.1 to 0.2] :material/info: [n]")
    'Why a * b 0.1 to 0.2 [n]'
    """
    opened = 0

    def token(found: re.Match[str]) -> str:
        nonlocal opened
        escaped, _, directive, close = found.groups()
        if escaped:
            return str(escaped)
        if directive:
            opened += 1
        elif close and opened:
            opened -= 1
        elif close:
            return "]"
        return " " if found.group() == "&nbsp;" else ""

    return re.sub(r"[ \t\n]+", " ", _TOKENS.sub(token, markdown)).strip()


def paragraphs(markdown: str) -> list[str]:
    """Pieces of `markdown` that stand apart, with their marks: paragraphs, headings and the lines of lists.

    >>> paragraphs("a\\nb\\n\\n- c\\n- d\\n  e")
    ['a\\nb', '- c', '- d\\n  e']
    """
    pieces = re.split(r"\n\s*\n|\n(?=\s*(?:[-*]|\d+\.|#{1,6}) )", markdown)
    return [piece for piece in pieces if piece.strip()]
