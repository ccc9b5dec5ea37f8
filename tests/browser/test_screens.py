"""The first screen says something, no page goes on for ever, wide and narrow windows are used: pages that judge."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit

FOLD = 900
PAGES = (
    *(
        "",
        "explain",
        "explain?view=Picture",
        "explain?view=Paths",
        "explain?view=Methods",
        "compare",
        "drivers",
        "methods",
    ),
    *("audit", "audit?section=items", "audit?section=fix", "audit?section=all", "item", "map?user=reader-0005", "data"),
    *("item?view=one&item=the-odyssey", "explain?view=Side by side"),
)
WITHOUT = ("audit?section=all",)
"""Tables alone."""
MARKS = """() => Math.min(...
    [...document.querySelectorAll('[data-testid=stMain] :is(.js-plotly-plot, .stBidiComponent)')]
        .filter(chart => chart.clientHeight > 150 && chart.getClientRects().length)
        .map(chart => chart.getBoundingClientRect().top))"""
HEIGHT = "document.querySelector('[data-testid=stMain]').scrollHeight"


@pytest.mark.parametrize("path", PAGES)
def test_the_first_chart_is_above_the_fold_and_the_page_has_three_screens_at_most(visit: Visit, path: str) -> None:
    """Finding 19."""
    with visit() as visitor:
        page = visitor.open(path)
        visitor.no_error()
        if path not in WITHOUT:
            page.wait_for_function(f"() => Number.isFinite(({MARKS})())")
            page.wait_for_timeout(500)
            assert page.evaluate(MARKS) < FOLD - 80
        assert page.evaluate(HEIGHT) <= 3 * FOLD
        name = path.split("?")[0].rstrip("s") or "home"
        assert page.title().endswith("· GNNRec Lens") and page.title().lower().startswith(name)
        assert not visitor.accessibility()
        visitor.shot(f"screens_{re.sub(r'[^a-z]+', '_', path)}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_it_whole_and_a_wide_window_is_used(visit: Visit, scheme: str) -> None:
    for width in (390, 1920):
        with visit(scheme=scheme, width=width) as visitor:
            for path in ("audit", "item", "map?user=reader-0005"):
                page = visitor.open(path)
                visitor.no_error()
                assert visitor.overflow() <= 0
                if width == 1920:
                    used = page.locator("[data-testid=stMainBlockContainer]").bounding_box()
                    assert used is not None and used["width"] >= 1500


def test_a_dot_of_the_curve_moves_the_slider_and_a_mark_opens_its_item(visit: Visit) -> None:
    with visit() as visitor:
        page = visitor.open("audit?section=fix")
        expect(page.get_by_role("slider", name="Strength")).to_have_value("0.2")
        dots = page.locator("[class*=st-key-trade_off] .js-plotly-plot .scatterlayer .trace .points path")
        dots.nth(7).wait_for()
        page.wait_for_timeout(500)
        place = dots.nth(7).bounding_box()
        assert place is not None
        page.mouse.move(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
        page.wait_for_timeout(200)
        page.mouse.click(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
        page.wait_for_url("**popularity_penalty_strength=**")
        visitor.settle()
        assert "Item coverage goes from" in visitor.text()
        visitor.no_error()


def test_typing_finds_an_item_of_the_whole_map(visit: Visit) -> None:
    """Finding 15: one control, from the keyboard alone."""
    with visit() as visitor:
        page = visitor.open("map?user=reader-0005")
        menu = page.get_by_role("combobox", name=re.compile("Find on the map"))
        menu.click()
        menu.fill("walden")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        page.wait_for_url("**find=walden**")
        visitor.settle()
        expect(page.get_by_text("most similar to Walden")).to_be_visible()
        visitor.no_error()
