"""Text from data does nothing: no script, no dialog, no request, no other page; and it is shown letter for letter."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page

from gnnrec_core.base.text import WORD_JOINER
from tests.browser.app import PAGES, SETTLED, Server, Visitor, serving, visiting
from tests.browser.hostile import PAYLOADS, fresh_payloads, hostile_workspace

VIEWS = ("Reasons", "Picture", "Paths", "Attention", "Methods", "What would change it", "Side by side", "Review")
HOVERED = "[data-testid=stMain] .js-plotly-plot .nsewdrag, [data-testid=stMain] :is(canvas, .drawing svg)"


@dataclass(frozen=True)
class Hostile:
    """A server whose data are these payloads."""

    server: Server
    payloads: tuple[str, ...]

    def address(self, page: str, user: int, model: str = "lightgcn", **more: str) -> str:
        """A page of the hostile study, about the user and the item that payload number `user` names."""
        case = {"dataset": "d-hostile", "run": f"r-{model}", "user": self.payloads[user], **more}
        return f"{page}?{urlencode(case)}"


SEED = int(os.environ.get("GNNREC_PAYLOADS") or secrets.randbelow(10**9))
"""Of the fresh payloads: other ones in each test, and `GNNREC_PAYLOADS=SEED` for those of a test that failed."""


@pytest.fixture(scope="module", params=["ours", "fresh"])
def hostile(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Hostile]:
    payloads = PAYLOADS if request.param == "ours" else fresh_payloads(SEED)
    print(f"GNNREC_PAYLOADS={SEED}")  # shown where a test fails
    home = tmp_path_factory.mktemp("hostile") / "home"
    hostile_workspace(home, "lightgcn", "gat", payloads=payloads)
    with serving(home) as running:
        yield Hostile(running, payloads)


def look_around(page: Page, most: int) -> None:
    """Hover over charts, tables and pictures, open what opens: where text is drawn only when asked for."""
    for summary in page.locator("[data-testid=stMain] summary").all()[:most]:
        if summary.is_visible():
            summary.click()
            page.wait_for_timeout(100)
            page.wait_for_function(SETTLED)  # some are filled when they are opened
    for box in page.locator(HOVERED).all()[:most]:
        size = box.bounding_box()
        if size and size["width"] > 40:
            box.scroll_into_view_if_needed()
            for across, down in ((0.3, 0.3), (0.5, 0.5), (0.15, 0.6)):
                box.hover(position={"x": size["width"] * across, "y": size["height"] * down}, force=True)
                page.wait_for_timeout(60)
    for menu in page.locator("[data-testid=stMain] [data-testid=stSelectbox] input").all()[:most]:
        if menu.is_visible():
            menu.click()
            page.wait_for_timeout(100)
            page.keyboard.press("Escape")


def stays_inert(visitor: Visitor, path: str, most: int = 3) -> str:
    """Visit `path`, look around; nothing may have happened. Returns what the page said."""
    page = visitor.open(path)
    visitor.no_error()
    said = visitor.text()
    look_around(page, most)
    visitor.settle()
    assert page.url.startswith(f"{visitor.server.url}/{path.split('?')[0]}"), page.url
    assert not any(frame.evaluate("window.__ran") for frame in page.frames), f"a script ran on {path}"
    return said.replace(WORD_JOINER, "")


def watch(visitor: Visitor) -> None:
    def refuse(dialog: object) -> None:
        visitor.wrong.append(f"a dialog on {visitor.page.url}")

    visitor.page.on("dialog", refuse)


def test_no_page_obeys_a_title_an_id_or_a_name(browser: Browser, hostile: Hostile) -> None:
    with visiting(browser, hostile.server) as visitor:
        watch(visitor)
        for number, page in enumerate(PAGES):
            stays_inert(visitor, hostile.address(page, number, ("lightgcn", "gat")[number % 2]))


def test_no_note_of_a_reviewer_and_no_word_of_a_training_is_obeyed(browser: Browser, hostile: Hostile) -> None:
    with visiting(browser, hostile.server) as visitor:
        watch(visitor)
        said = stays_inert(visitor, hostile.address("explain", 0, view="Review", notes="run"))
        assert "Reviewers' notes" in said
        said = stays_inert(visitor, hostile.address("train", 0), 12)
        assert all(payload in said for payload in hostile.payloads[-2:])


def test_titles_are_shown_letter_for_letter(browser: Browser, hostile: Hostile) -> None:
    with visiting(browser, hostile.server) as visitor:
        watch(visitor)
        said = "".join(
            stays_inert(visitor, hostile.address("recommend", user, k=str(len(hostile.payloads))), 1)
            for user in (0, 13)
        )
        missing = [payload for payload in hostile.payloads if payload not in said]
        assert missing == []


def test_a_view_that_was_taken_away_draws_its_charts_and_obeys_nothing(
    browser: Browser, hostile: Hostile, tmp_path: Path
) -> None:
    """Opened from disk: every chart is there, no script of the data runs, nothing is asked for from anywhere."""
    with visiting(browser, hostile.server) as visitor:
        watch(visitor)
        for path in (hostile.address("recommend", 3), hostile.address("explain", 6, view="Paths")):
            visitor.open(path)
            visitor.page.get_by_role("button", name="Share this view").click()
            visitor.settle()
            with visitor.page.expect_download() as download:
                visitor.page.get_by_role("button", name="Take this view away").click()
            file = tmp_path / "view.html"
            download.value.save_as(file)
            context, asked = browser.new_context(), list[str]()
            page = context.new_page()
            page.on("request", lambda request, asked=asked: asked.append(request.url))
            page.on("console", lambda message: visitor.wrong.append(f"{message.type} in the file: {message.text}"))
            page.on("pageerror", lambda error: visitor.wrong.append(f"error in the file: {error}"))
            page.goto(file.as_uri())
            charts = page.locator("figure.chart")
            assert charts.count() > 0
            for chart in charts.all():
                chart.locator("svg.main-svg").first.wait_for()
            assert not page.evaluate("window.__ran")
            assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
            context.close()


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("model", ["lightgcn", "gat"])
def test_no_view_of_any_page_obeys_any_of_them(browser: Browser, hostile: Hostile, model: str) -> None:
    with visiting(browser, hostile.server) as visitor:
        watch(visitor)
        for user in range(0, len(hostile.payloads), 3):
            for page in PAGES:
                stays_inert(visitor, hostile.address(page, user, model), 12)
            for view in VIEWS:
                stays_inert(visitor, hostile.address("explain", user, model, view=view), 12)
