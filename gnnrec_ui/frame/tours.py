"""The six cases of the guided demo: their steps through the real pages, in words with the figures that were found.

What a case is, and how it is found in a run, is `gnnrec_core.whole.telling`. Sentences are Markdown; what data bring
into them is inert.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gnnrec_core.base.text import for_markdown
from gnnrec_core.render import theme

if TYPE_CHECKING:
    from gnnrec_core.data.dataset import Dataset
    from gnnrec_core.whole.telling import Telling

Words = Callable[["Found"], str]


@dataclass(frozen=True)
class Found:
    """A case in words: the person, the item and the reason as they are called, and the figures of the case."""

    case: Telling
    dataset: Dataset

    @property
    def user(self) -> str:
        return for_markdown(self.dataset.users.ids[self.case.user])

    @property
    def item(self) -> str:
        return "" if self.case.item is None else f"*{for_markdown(self.dataset.title(self.case.item))}*"

    @property
    def reason(self) -> str:
        return "" if self.case.reason is None else f"*{for_markdown(self.dataset.title(self.case.reason))}*"

    @property
    def told(self) -> str:
        return for_markdown(self.case.told)

    def number(self, name: str, digits: int = 3) -> str:
        """A figure of the case."""
        return theme.number(self.case.figures[name], digits)

    def share(self, name: str) -> str:
        """A figure as a percentage."""
        return theme.percent(self.case.figures[name], 0)

    def place(self, name: str) -> str:
        """A figure as a place in a list."""
        return theme.ordinal(int(self.case.figures[name]))


@dataclass(frozen=True)
class Step:
    """One step: its page, the part of it to look at (the beginning of a container's key), what is said, and what the
    URL says beside the person and the item."""

    page: str
    spot: Words
    says: Words
    where: Callable[[Found], dict[str, str]] = lambda found: {}


@dataclass(frozen=True)
class Tour:
    """A case: its title, the question on its card, its icon, and its steps."""

    title: str
    question: str
    icon: str
    steps: tuple[Step, ...]


def spot(name: str) -> Words:
    """The same place in every case."""
    return lambda found: name


def at(**parameters: str) -> Callable[[Found], dict[str, str]]:
    """The same URL parameters in every case."""
    return lambda found: parameters


def _group(section: str) -> Callable[[Found], dict[str, str]]:
    return lambda found: {"group": found.case.grouping, "section": section}


REASONS, CHANGE = "Reasons", "What would change it"
TOURS: dict[str, Tour] = {
    "clear_reason": Tour(
        "A clear reason",
        "One earlier choice matters most. Take it away, and the item falls.",
        ":material/lightbulb:",
        (
            Step(
                "recommend",
                lambda found: f"row_{int(found.case.figures['rank'])}",
                lambda found: f"{found.item} stands {found.place('rank')} in the list of {found.user}. Why?",
            ),
            Step(
                "explain",
                spot("waterfall"),
                lambda found: (
                    f"{found.share('share')} of its lead is one reason: {found.reason}. "
                    "Its bar is the longest; all bars together are the lead."
                ),
                at(view=REASONS),
            ),
            Step(
                "what_if",
                spot("moved"),
                lambda found: (
                    f"{found.reason} is taken away, in this model as it stands: {found.item} goes from "
                    f"{found.place('rank')} to {found.place('rank_without')}, as the explanation said."
                ),
                lambda found: {"off": str(found.case.reason)} if found.case.reason is not None else {},
            ),
        ),
    ),
    "bestsellers": Tour(
        "A bestseller list",
        "Somebody with a taste of their own is shown what everybody has.",
        ":material/trending_up:",
        (
            Step(
                "recommend",
                spot("history"),
                lambda found: f"What {found.user} chose is in {found.number('had', 0)} histories on average.",
            ),
            Step(
                "recommend",
                spot("list"),
                lambda found: (
                    f"What they are shown is in {found.number('shown', 0)}: {found.number('lift', 1)} times "
                    "as many. The count stands below each title."
                ),
            ),
            Step(
                "explain",
                spot("waterfall"),
                lambda found: (
                    f"{found.item} is the most popular of the list. See how much of its score their own "
                    "choices carry, and how much they do not."
                ),
                at(view=REASONS, target="score"),
            ),
            Step(
                "audit",
                spot("section"),
                lambda found: (
                    "One person, or everybody? Here is how unevenly items are shown, and what is never shown."
                ),
                at(section="items"),
            ),
        ),
    ),
    "missed": Tour(
        "A missed reader",
        "They went on to choose many items. The list held none of them.",
        ":material/search_off:",
        (
            Step(
                "recommend",
                spot("missed"),
                lambda found: (
                    f"{found.user} later chose {found.number('n', 0)} items that the model had not seen. "
                    f"A list of {found.number('k', 0)} found none."
                ),
            ),
            Step(
                "explain",
                spot("view_"),
                lambda found: (
                    f"{found.item} came nearest, {found.place('rank')}. What would have lifted it into the list?"
                ),
                at(view=CHANGE),
            ),
            Step(
                "audit",
                spot("scorecard"),
                lambda found: "Is it only them? Five verdicts on the lists of everybody, each with how sure it is.",
                at(section="people"),
            ),
        ),
    ),
    "unfair": Tour(
        "An unfair group",
        "Is one group served worse than all others, beyond chance?",
        ":material/balance:",
        (
            Step("audit", spot("heat_map"), lambda found: found.told, _group("people")),
            Step(
                "audit",
                spot("trade_off"),
                lambda found: "What would a fix cost, and whom? Move the strength and read who gains and who pays.",
                _group("fix"),
            ),
            Step(
                "recommend",
                spot("missed"),
                lambda found: f"{found.user} is one of them. This is what that figure is to one person.",
            ),
        ),
    ),
    "fragile": Tour(
        "A fragile explanation",
        "As much speaks against the item as for it. A little tips it.",
        ":material/stacks:",
        (
            Step(
                "explain",
                spot("waterfall"),
                lambda found: (
                    f"{found.number('for')} speaks for {found.item} and {found.number('against')} against it: "
                    f"what is left ({found.number('lead', 6)}) keeps it {found.place('rank')}."
                ),
                at(view=REASONS),
            ),
            Step(
                "explain",
                spot("view_"),
                lambda found: (
                    "So little takes it out of the list. Believe the order of such reasons less than their sum."
                ),
                at(view=CHANGE),
            ),
            Step(
                "explain",
                spot("view_"),
                lambda found: "Ask the other methods. Where they disagree, believe what was recomputed.",
                at(view="Methods"),
            ),
        ),
    ),
    "cold_start": Tour(
        "A cold start",
        "Somebody of whom almost nothing is known. What does the list rest on?",
        ":material/ac_unit:",
        (
            Step(
                "recommend",
                spot("history"),
                lambda found: f"Of {found.user} the model knows {found.number('n', 0)} choices, no more.",
            ),
            Step(
                "explain",
                spot("waterfall"),
                lambda found: (
                    f"{found.share('learned')} of the score of {found.item} is taste learned in training, which no "
                    "choice carries: the first bar."
                    if found.case.figures.get("learned")
                    else f"This is all that the score of {found.item} rests on."
                ),
                at(view=REASONS, target="score"),
            ),
            Step(
                "what_if",
                spot("who_new"),
                lambda found: (
                    "And somebody of whom nothing is known? Name a few items: each score is the sum of what they send."
                ),
                at(who="new"),
            ),
        ),
    ),
}
