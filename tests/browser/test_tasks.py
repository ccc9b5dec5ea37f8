"""Three tasks by a script that knows nothing but what the screen says, and the whole way by keyboard alone.

Each task is a question of a first visitor. The script starts on Home, clicks at most five times, always on words that
it reads, and finds the answer in the text of the page.
"""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.app import Visitor
from tests.browser.conftest import Visit

MOST_CLICKS = 5


class Reader:
    """Somebody who clicks on words and reads sentences."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor, self.clicks = visitor, 0
        visitor.open()

    def click(self, role: str, words: str | re.Pattern[str]) -> Page:
        """Click what is called so; the page when it has settled."""
        page = self.visitor.page
        page.get_by_role(role, name=words).first.click()  # type: ignore[arg-type]
        self.clicks += 1
        page.wait_for_timeout(300)
        self.visitor.settle()
        self.visitor.no_error()
        return page

    def read(self, pattern: str) -> re.Match[str]:
        """The first sentence of the page that answers."""
        expect(self.visitor.page.get_by_test_id("stMain")).to_contain_text(re.compile(pattern))
        found = re.search(pattern, self.visitor.text().replace("\u00a0", " "))
        assert found is not None, self.visitor.text()
        assert self.clicks <= MOST_CLICKS
        return found


def test_why_is_this_shown(visit: Visit) -> None:
    with visit() as visitor:
        reader = Reader(visitor)
        reader.click("link", "The whole answer")
        share = reader.read(
            r"(\d+)\s%\sof the lead comes from ([^;]+); without it the item falls from (\d+)\w\w to about"
        )
        assert 0 < int(share[1]) <= 100 and share[3] == "1"
        bars = visitor.page.locator("text.bartext")
        expect(bars.first).to_be_attached()
        reader.click("button", re.compile("^Story .HTML."))
        assert reader.clicks == 2


def test_who_is_served_worst_by_how_much_and_is_it_sure(visit: Visit) -> None:
    with visit() as visitor:
        reader = Reader(visitor)
        reader.click("button", "Show an unfair group")
        said = reader.read(
            r"([\w ]+) \(n = (\d+)\): NDCG ([\d.]+), (\d+)\s% below all others "
            r"\((\S+); 95\s% interval (\S+) to (\S+) and p"
        )
        low, high = (float(said[place].replace("−", "-")) for place in (6, 7))
        assert said[1].strip() == "Islands" and int(said[4]) > 10 and low < high < 0  # the interval leaves 0 out
        assert reader.clicks == 1


def test_what_would_a_fix_cost_and_whom(visit: Visit) -> None:
    with visit() as visitor:
        reader = Reader(visitor)
        reader.click("button", "Show an unfair group")
        reader.click("button", "Next")
        said = reader.read(
            r"NDCG changes by \S+, 95\s% interval (\S+) to (\S+?)(?: .may be chance.)?; (\d+)\s% of people get "
            r"a worse list\. Most is paid by ([\w ]+): NDCG ([\d.]+) to (\d\.\d+)"
        )
        assert 0 < int(said[3]) < 100 and said[4].strip() and float(said[6]) < float(said[5])
        reader.read("The one who loses most")
        assert reader.clicks == 2


def focus(page: Page, words: str, most: int = 160) -> None:
    """Press Tab until what is focused is called so."""
    script = """() => { let at = document.activeElement;
        while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
        return at ? (at.getAttribute("aria-label") || at.textContent || "").trim() : ""; }"""
    for _ in range(most):
        page.keyboard.press("Tab")
        if words in (said := page.evaluate(script)) and len(said) < 200:  # not a frame around it
            return
    raise AssertionError(f"Tab never came to {words!r}")


def test_keys_alone_lead_from_home_to_a_reason_take_it_away_and_tell_the_story(visit: Visit) -> None:
    with visit() as visitor:
        page = visitor.open()
        focus(page, "See the list")
        page.keyboard.press("Enter")
        page.wait_for_url("**/recommend**")
        visitor.settle()
        focus(page, "1. ")
        page.keyboard.press("Enter")
        page.wait_for_url("**/explain?**")
        visitor.settle()
        focus(page, "Reasons")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
        page.wait_for_url("**view=Picture**")
        visitor.settle()
        page.locator(".drawing .stop").first.wait_for()
        focus(page, " of the lead.")  # a stop of the picture says what passes it
        page.keyboard.press("Enter")
        page.wait_for_url("**part=item**")
        visitor.settle()
        focus(page, "Take it away")
        page.keyboard.press("Enter")
        page.wait_for_url("**off=**")
        visitor.settle()
        expect(page.get_by_text("Taken away, in this model as it stands")).to_be_visible()
        focus(page, "Story (HTML)", 400)
        with page.expect_download() as saved:
            page.keyboard.press("Enter")
        story = saved.value.path().read_text(encoding="utf-8")
        assert "How it was checked" in story and "<script" not in story
        visitor.no_error()
