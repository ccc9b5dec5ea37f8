"""From a chart of groups to one person's reasons, by clicking alone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.app import Visitor
from tests.browser.conftest import Visit

MARKS = {
    "sizes": ".barlayer .point path",
    "heat_map": ".scatterlayer .point",
    "forest": ".scatterlayer .point",
}
"""What can be clicked in each chart of groups."""
FOLDED = {"sizes": "How many people are in each group", "forest": "One figure of each group"}
"""Charts that stand in a part of the page which is opened first."""


def chart(page: Page, name: str) -> Locator:
    return page.locator(f"[class*=st-key-{name}_]")


def click_mark(visitor: Visitor, name: str, place: int) -> None:
    """A click as a hand does it: the pointer comes to the mark, and then presses."""
    if name in FOLDED:
        part = visitor.page.locator("details", has_text=FOLDED[name]).first
        if part.get_attribute("open") is None:
            part.locator("summary").click()
            visitor.page.wait_for_timeout(1000)  # it unfolds, and what is in it moves
    mark = chart(visitor.page, name).locator(MARKS[name]).nth(place)
    mark.scroll_into_view_if_needed()
    visitor.page.wait_for_timeout(300)
    box = mark.bounding_box()
    assert box is not None
    visitor.page.mouse.move(box["x"] + box["width"] / 2 - 3, box["y"] + box["height"] / 2)
    visitor.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=3)
    visitor.page.wait_for_timeout(200)
    visitor.page.mouse.down()
    visitor.page.mouse.up()


def shown_group(page: Page) -> str:
    return page.get_by_role("combobox", name="Group", exact=True).input_value()


@pytest.mark.parametrize("name", list(MARKS))
def test_a_click_on_a_chart_of_groups_chooses_the_group(visit: Visit, name: str) -> None:
    with visit() as visitor:
        page = visitor.open("audit?group=region")
        before = shown_group(page)
        for place in (0, -1):  # the first and the last mark: one of the two is another group than the one at hand
            address = page.url
            click_mark(visitor, name, place)
            page.wait_for_url(lambda url, left=address: url != left)
            visitor.settle()
            if shown_group(page) != before:
                break
        chosen = shown_group(page)
        assert chosen != before
        page.wait_for_url(f"**of={chosen.replace(' ', '+')}**")
        visitor.no_error()


def test_from_a_group_of_a_chart_to_the_reasons_of_one_of_its_people(visit: Visit) -> None:
    with visit() as visitor:
        page = visitor.open("audit?group=region")
        click_mark(visitor, "forest", 0)
        page.wait_for_url("**of=**")
        visitor.settle()
        table = page.locator("[class*=st-key-people_table] [data-testid=stDataFrame]")
        table.scroll_into_view_if_needed()
        box = table.bounding_box()
        assert box is not None
        page.mouse.click(box["x"] + 16, box["y"] + 52)  # the box at the start of the first row
        page.get_by_role("link", name="Their list").click()
        page.wait_for_url("**/recommend?**user=**")
        visitor.settle()
        page.locator("[class*=st-key-row_1]").get_by_role("link").first.click()
        page.wait_for_url("**/explain?**")
        visitor.settle()
        expect(page.locator("text.bartext").first).to_be_attached()
        visitor.no_error()
