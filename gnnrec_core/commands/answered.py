"""The answer of a facade verb as the answer of a command: its JSON, and its blocks for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gnnrec_core.base.terminal import say

if TYPE_CHECKING:
    from gnnrec_core.api.answers import Answer


class Answered(dict[str, Any]):
    """The JSON object; `answer` draws itself."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.content)
        self.answer = answer


def show_answer(result: dict[str, Any]) -> None:
    """Print the blocks (for a command's `show`)."""
    if isinstance(result, Answered):
        say(result.answer)
