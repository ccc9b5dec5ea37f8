"""Find people and items by id or title: few matches, the nearest first."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence


def find(query: str, texts: Sequence[str], others: Sequence[str] = (), limit: int = 50) -> list[int]:
    """Positions whose text (or other text at the same position) contains `query`, at most `limit`.

    Case and accents do not count. Exact matches come first, then those that start with the query, then short ones.

    >>> find("bro", ["Wuthering Heights", "Broken", "The Brontës"])
    [1, 2]
    """
    wanted = folded(query)
    if not wanted:
        return list(range(min(limit, len(texts))))
    found = []
    for position, text in enumerate(texts):
        for candidate in (text, others[position]) if others else (text,):
            plain = folded(candidate)
            if wanted in plain:
                found.append((plain != wanted, not plain.startswith(wanted), len(plain), position))
                break
    return [entry[-1] for entry in sorted(found)[:limit]]


def folded(text: str) -> str:
    """Lower case without accents.

    >>> folded("Brontë")
    'bronte'
    """
    if text.isascii():
        return text.lower().strip()
    return "".join(
        letter for letter in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(letter)
    ).strip()
