"""What people come for, done by hand in the real app: ask why, bring a log, train, cancel."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.app import Visitor, serving, visiting
from tests.browser.conftest import Visit

SLOW = 240_000
"""Milliseconds for what needs torch in a new process on a busy machine."""


def bars(page: Page) -> list[float]:
    """The numbers beside the bars of the first chart, from top to bottom; the last is the total."""
    labels = page.locator(".js-plotly-plot").first.locator("text.bartext")
    expect(labels.first).to_be_attached(timeout=SLOW)
    return [float(text.replace("−", "-").replace("+", "").replace(",", "")) for text in labels.all_text_contents()]


def write_log(path: Path) -> None:
    """A log with two tastes: readers of even and of odd items; one line has no item."""
    draw = random.Random(3)
    lines = ["user_id,item_id,rating,timestamp"]
    for user in range(40):
        for item in draw.sample(range(user % 2, 40, 2), 10):
            lines.append(f"u{user:02},i{item:02},{draw.randint(3, 5)},{1_600_000_000 + draw.randint(0, 10**7)}")
    lines.append("u00,,3,1600000000")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def start_training(visitor: Visitor, **settings: int) -> None:
    """Open the Train page with these settings in its URL and press the button."""
    words = "&".join(f"lightgcn_{name}={value}" for name, value in settings.items())
    dataset = re.search(r"dataset=([\w-]+)", visitor.page.url)
    visitor.open(f"train?model=lightgcn&{words}&device=cpu" + (f"&dataset={dataset[1]}" if dataset else ""))
    visitor.page.get_by_role("button", name="Start training").click()


def test_three_clicks_from_home_to_reasons_that_sum_to_what_is_explained(visit: Visit) -> None:
    with visit() as visitor:
        page = visitor.open()
        page.get_by_role("link", name="See the list").click()
        page.wait_for_url("**/recommend**")
        visitor.settle()
        page.locator("[class*=st-key-row_1]").get_by_role("link").first.click()
        page.wait_for_url("**/explain?**")
        visitor.settle()
        page.get_by_text("Its score", exact=True).click()
        page.wait_for_url("**target=score**")
        visitor.settle()
        *parts, total = bars(page)
        shown = page.locator("[data-testid=stMetric]").filter(has=page.get_by_text("Score", exact=True))
        score = float(shown.locator("[data-testid=stMetricValue]").inner_text().replace("−", "-"))
        assert len(parts) > 2 and total == score
        assert sum(parts) == pytest.approx(score, abs=5e-4 * (len(parts) + 1))  # each is rounded to three digits
        visitor.no_error()


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("explain?user=reader-0017", "reader-0017"),
        ("audit?group=region", "Islands"),
        ("train?model=gat", "Start training"),
    ],
)
def test_a_deep_link_works_as_the_first_visit_to_a_fresh_server(
    browser: Browser, tmp_path: Path, path: str, says: str
) -> None:
    with serving(tmp_path / "home") as cold, visiting(browser, cold) as visitor:
        page = visitor.open(path)
        expect(page.get_by_text(says).first).to_be_visible(timeout=SLOW)
        visitor.no_error()
        assert path.split("?")[1] in page.url


def test_the_back_button_brings_back_the_view_before(visit: Visit) -> None:
    with visit() as visitor:
        page = visitor.open("audit?section=items")
        page.get_by_role("link", name="Compare").first.click()
        page.wait_for_url("**/compare**")
        visitor.settle()
        page.go_back()
        page.wait_for_url("**/audit?section=items")
        visitor.settle()
        expect(page.get_by_role("link", name="All items")).to_be_visible(timeout=SLOW)


def test_from_an_upload_to_an_explanation(visit: Visit, tmp_path: Path) -> None:
    log = tmp_path / "my <b>log.csv"
    write_log(log)
    with visit() as visitor:
        page = visitor.open("data?show=import")
        visitor.drop(log)
        said = visitor.text()
        assert "Nothing had to be repaired" not in said
        expect(page.locator("[data-testid=stMetricValue]", has_text="400").first).to_be_visible()
        assert not list((visitor.server.home / "datasets").glob("*"))  # nothing is stored before somebody says so
        page.get_by_role("button", name="Store dataset").click()
        page.wait_for_url("**dataset=d-*", timeout=SLOW)
        visitor.settle()
        expect(page.get_by_text("Train a model on it next")).to_be_visible()
        assert len(list((visitor.server.home / "datasets").glob("d-*"))) == 1

        start_training(visitor, epochs=3)
        page.get_by_role("link", name="Open").first.click(timeout=SLOW)
        page.wait_for_url("**/recommend**")
        visitor.settle()
        page.locator("[class*=st-key-row_1]").get_by_role("link").first.click()
        page.wait_for_url("**/explain?**")
        visitor.settle()
        *parts, total = bars(page)
        assert sum(parts) == pytest.approx(total, abs=5e-4 * (len(parts) + 1))
        visitor.no_error()


def test_a_training_is_started_watched_left_and_cancelled(visit: Visit) -> None:
    with visit() as visitor:
        start_training(visitor, epochs=5000, patience=5000, embedding_dim=4)
        page = visitor.page
        expect(page.get_by_text(re.compile(r"Epoch \d+ of 5,000"))).to_be_visible(timeout=SLOW)
        page.get_by_role("link", name="Home").first.click()  # the app goes on meanwhile
        expect(page.get_by_text("Guided demo")).to_be_visible(timeout=SLOW)
        visitor.open("train")
        expect(page.get_by_text(re.compile(r"Epoch \d+ of 5,000"))).to_be_visible(timeout=SLOW)
        page.get_by_role("button", name="Cancel").first.click()
        expect(page.get_by_text(re.compile(r"Stopped after epoch \d+"))).to_be_visible(timeout=SLOW)
        expect(page.get_by_role("button", name="Resume").first).to_be_visible()
        page.get_by_role("button", name="Dismiss").first.click()
        expect(page.get_by_text("Nothing is being trained.").or_(page.get_by_text("finished")).first).to_be_visible()


def test_a_read_only_server_offers_nothing_that_writes(browser: Browser, tmp_path: Path) -> None:
    home = tmp_path / "home"
    with serving(home, GNNREC_READ_ONLY="1") as server, visiting(browser, server) as visitor:
        page = visitor.open("train")
        expect(page.get_by_role("button", name="Start training")).to_be_disabled()
        visitor.open("data?show=import")
        expect(page.get_by_text("This server is read-only")).to_be_visible()
        assert page.locator("[data-testid=stFileUploader]").count() == 0
        assert sorted(path.name for path in home.iterdir()) == ["server.log"]
