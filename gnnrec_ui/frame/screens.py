"""Which pages there are, in the order of the work, and the two lines that say what each shows and how to read it.

A new page is a file in `pages/` and an entry here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gnnrec_core.base.registry import Plugin, Registry

Needs = Literal["run", "dataset", "nothing"]


@dataclass(frozen=True)
class Screen:
    """One page: its file stem (also its URL path), its section in the menu, and the two lines on how to read it."""

    name: str
    section: str
    title: str
    icon: str
    reading: str
    needs: Needs = "run"
    plugin: Plugin | None = None
    """Where another package brings it."""
    is_quick: bool = False
    """Whether it says what matters without the heavy libraries: they are loaded after it, not beside it."""


_ALL = (
    Screen("home", "", "Home", ":material/home:", "", "nothing"),
    Screen(
        "data",
        "Prepare",
        "Data",
        ":material/database:",
        "A dataset is a list of who interacted with what. Import your own, or look at the shipped one.  \n"
        "Everything that was repaired or left out on import is counted here.",
        "nothing",
    ),
    Screen(
        "train",
        "Prepare",
        "Train",
        ":material/model_training:",
        "A model learns tastes from the train part; the curve shows how well it ranks the validation part.  \n"
        "Training runs on its own: leave the page, come back, or cancel and keep the best epoch.",
        "dataset",
        is_quick=True,
    ),
    Screen(
        "recommend",
        "Understand",
        "Recommend",
        ":material/recommend:",
        "On the left what this person has, on the right what the model would show next, best first.  \n"
        "Scores only order the list of one person: compare ranks, not scores, between people. Open a title to ask why.",
    ),
    Screen(
        "explain",
        "Understand",
        "Explain",
        ":material/search_insights:",
        "Why this item stands in this person's list: the parts add up, and each claim names how it was checked.  \n"
        "Blue raises, orange lowers. The rest is taste learned in training, where a model has that.",
    ),
    Screen(
        "what_if",
        "Understand",
        "What if",
        ":material/experiment:",
        "Take interactions away or add items and see the list move: the graph is rebuilt, nothing is retrained.  \n"
        "Rows that rise are blue, rows that fall orange. “Somebody new” is for people who are not in the data.",
    ),
    Screen(
        "map",
        "Understand",
        "Map",
        ":material/scatter_plot:",
        "Each dot is an item or a person; near means similar to the model; directions have no meaning.  \n"
        "Names say what sets a region apart. Draw a loop, choose a region or search, and what you choose is listed.",
    ),
    Screen(
        "item",
        "Understand",
        "Items",
        ":material/inventory_2:",
        "Which items are never shown, too often or too seldom; one item from its own side; and one that is new.  \n"
        "1 is in proportion to how many people have it. Each answer on what would help an item was recomputed.",
    ),
    Screen(
        "drivers",
        "Judge",
        "Drivers",
        ":material/stacked_bar_chart:",
        "What carries all lists together: the exact explanations of everybody, summed.  \n"
        "Shares are signed and sum to 1. Whiskers say how far other people like these would have moved them.",
    ),
    Screen(
        "audit",
        "Judge",
        "Audit",
        ":material/balance:",
        "How good the lists are, for whom, and which items they show. Every figure has its interval and its n.  \n"
        "A difference whose interval touches zero may be chance.",
    ),
    Screen(
        "compare",
        "Judge",
        "Compare",
        ":material/compare_arrows:",
        "Runs on the same data, side by side, judged on the same people.  \n"
        "Differences are paired: each person is compared with themselves.",
    ),
    Screen(
        "decide",
        "Judge",
        "Decide",
        ":material/gavel:",
        "May the chosen run take the place of another one, how large must an experiment be, and what did it say?  \n"
        "A verdict names what was tested; “cannot tell” says what would settle it.",
    ),
    Screen(
        "over_time",
        "Judge",
        "Over time",
        ":material/history:",
        "The run as of any day, and what becomes of it when the data are shaken or people choose from its lists.  \n"
        "Each answer names its level: trained again, or in this model with what was trained kept.",
    ),
    Screen(
        "methods",
        "About",
        "Methods",
        ":material/menu_book:",
        "What each explanation method does, what it promises, and where it fails.  \n"
        "On the sample data the true reasons are known, so each method has a score against the truth.",
        "nothing",
    ),
)
_OUTSIDE = Registry(
    "page",
    traits={"section": "More", "icon": ":material/extension:", "needs": ("run", "dataset", "nothing")},
    taken=tuple(screen.name for screen in _ALL),
)
"""Pages of other packages: `target` names a function that draws one, `summary` is how to read it."""
SCREENS = {screen.name: screen for screen in _ALL} | {
    p.name: Screen(p.name, p.traits["section"], p.title, p.traits["icon"], p.summary, p.traits["needs"], p)
    for p in _OUTSIDE
}
