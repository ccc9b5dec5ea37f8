"""How long people wait: a real server and a real Chromium, the shipped sample, and a study of the largest size.

Wall time of the browser, from the click to the moment when the script has ended and what was asked for is on the page.
It holds what else the machine did: `load` says how busy it was, and each figure stands beside the same action in an
empty Streamlit app (`benchmarks/empty_app.py`) in the same run. p50 and p95 are over `--rounds` actions. `bounds` names
what the interface promises, what was measured, and whether it holds. `longest_task_seconds` is the longest time for
which the tab answered to nothing (the browser's own long tasks).
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from common import write
from large_world import MILLION, N_ITEMS, N_USERS, make_million, make_workspace
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.app import Visitor, chromium, serving, visiting

READY = """title => document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'
    && !document.querySelector('[data-testid=stSkeleton], [data-testid=stSpinner]')
    && [...document.querySelectorAll('h1, h3')].some(head => head.textContent.includes(title))"""
SWITCHED = ("Recommend", "Explain", "Map", "Data", "Methods", "What if")
"""Pages that the menu goes round; Train, Audit and Compare are measured once each."""
BOUNDS = {
    "opening_picture": (0.5, "sample", "opening_picture_seconds", "p95"),
    "selection_to_moved_list": (0.5, "sample", "selection_to_moved_list_seconds", "p95"),
    "page_switch": (0.4, "sample", "page_switch_seconds", "p95"),
    "page_switch_large": (0.4, "large", "page_switch_seconds", "p95"),
    "neighbourhood_of_5000_nodes": (2.0, "large", "neighbourhood_of_5000_nodes_seconds"),
    "first_dots_of_the_map": (1.0, "large", "map_of_the_first_dots_seconds"),
    "first_dots_of_a_million": (1.0, "million", "first_dots_seconds"),
    "whole_map_of_a_million": (8.0, "million", "whole_map_seconds"),
}
"""What is promised: at most so many seconds, and where the figure stands."""
LONG_TASKS = """window.longTasks = [];
    new PerformanceObserver(list => list.getEntries().forEach(entry => window.longTasks.push(entry.duration)))
        .observe({type: "longtask", buffered: true});"""
AT_REST = "() => new Promise(done => requestIdleCallback(() => done(true), {timeout: 5000}))"
LONGEST = "() => Math.max(0, ...window.longTasks.splice(0)) / 1000"
NAMED = """(frame, n) => new Promise(done => {
    const look = () => frame.state?.named && frame.state.graph.order > n ? done() : setTimeout(look, 20); look() })"""
"""Until the network view has drawn more than `n` nodes and their names."""
STARTS = 3
"""How often the server is started for the first minute of a visit."""


def main() -> None:
    """Measure and write `results/interface.json`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=50)
    rounds = parser.parse_args().rounds
    before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        home = Path(folder)
        figures: dict[str, Any] = {"empty_app": _empty_app(browser, home / "empty", rounds)}
        figures["sample"] = _sample(browser, home / "sample", rounds)
        make_workspace(home / "large")
        figures["large"] = _large(browser, home / "large", rounds)
        make_million(home / "million")
        figures["million"] = _million(browser, home / "million")
        browser.close()
    figures["over_empty_app"] = _ratios(figures)
    figures["bounds"] = {name: _held(figures, *bound) for name, bound in BOUNDS.items()}
    figures["load"] = {"before": round(before, 1), "after": round(os.getloadavg()[0], 1)}
    settings = {"rounds": rounds, "large_users": N_USERS, "large_items": N_ITEMS, "large_embedding_dim": 32}
    write("interface", settings, figures, clock="wall time in the browser")


def _empty_app(browser: Browser, home: Path, rounds: int) -> dict[str, Any]:
    with serving(home, script="benchmarks/empty_app.py") as server, visiting(browser, server) as visitor:
        page = visitor.open()
        page.wait_for_function(READY, arg="One")
        names = ["Two", "One"] * rounds
        return {
            "page_switch_seconds": _quantiles([_switch(page, name) for name in names[:rounds]]),
            "picker_seconds": _quantiles(
                [_pick(page, "Person", f"reader-{n:04}", f"p >> text=reader-{n:04}") for n in range(2, rounds + 2)]
            ),
        }


def _sample(browser: Browser, home: Path, rounds: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    start = time.perf_counter()
    with serving(home) as server, visiting(browser, server) as visitor:
        visitor.page.goto(f"{server.url}/explain?user=reader-0001")
        visitor.page.locator("text.bartext").first.wait_for(state="attached")
        found["cold_start_to_first_explanation_seconds"] = _since(start)
        visitor.settle()
        page = visitor.page
        found |= _round_trip(page, rounds)
        found["once_seconds"] = {name: round(_switch(page, name), 3) for name in ("Train", "Audit", "Compare")}
        found["opening_picture_seconds"] = _quantiles([_opening_picture(visitor) for _ in range(max(5, rounds // 5))])
        visitor.open("explain?user=reader-0001")
        users = [f"reader-{n:04}" for n in range(2, rounds + 2)]
        found["new_explanation_seconds"] = _quantiles([_pick(page, "Person", u, f"h3 >> text={u}") for u in users])
        visitor.open("recommend?user=reader-0001")
        lines = [f"//a[contains(@href, '{u}')]" for u in users]
        found["new_list_seconds"] = _quantiles(
            [_pick(page, "Person", u, line) for u, line in zip(users, lines, strict=True)]
        )
        found["selection_to_moved_list_seconds"] = _quantiles(
            [_take_away(visitor, f"reader-{n:04}") for n in range(2, rounds + 2)]
        )
    starts = [_second_start(browser, home) for _ in range(STARTS)]
    names = ("second_start_to_home_seconds", "home_to_the_answer_on_it_seconds", "home_to_explanation_clicked_seconds")
    found |= {name: _quantiles(list(values)) for name, values in zip(names, zip(*starts, strict=True), strict=True)}
    return found


def _second_start(browser: Browser, home: Path) -> tuple[float, float, float]:
    """Seconds from the start of the server to Home; from Home to its own example; and, on another fresh server, from a
    click on "Explain" in the menu as soon as Home stands to the bars on that page."""
    start = time.perf_counter()
    with serving(home) as server, visiting(browser, server) as visitor:
        _wait_for_home(visitor)
        to_home, start = _since(start), time.perf_counter()
        visitor.page.locator(".drawing .stop").first.wait_for(state="attached")
        to_answer = _since(start)
    with serving(home) as server, visiting(browser, server) as visitor:
        _wait_for_home(visitor)
        start = time.perf_counter()
        visitor.page.get_by_test_id("stSidebar").get_by_role("link", name="Explain", exact=True).click()
        visitor.page.locator(".st-key-waterfall text.bartext").first.wait_for(state="attached")
        return to_home, to_answer, _since(start)


def _wait_for_home(visitor: Visitor) -> None:
    visitor.page.goto(visitor.server.url)
    visitor.page.get_by_text("NDCG@20, validation").first.wait_for()


def _large(browser: Browser, home: Path, rounds: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    with serving(home) as server, visiting(browser, server) as visitor:
        page = visitor.page
        visitor.open("explain?dataset=large&user=u00001")
        page.locator("text.bartext").first.wait_for(state="attached")
        start = time.perf_counter()
        page.get_by_test_id("stSidebar").get_by_role("link", name="Map").click()
        _wait_for_dots(page)
        found["map_of_the_first_dots_seconds"] = _since(start)
        page.wait_for_function(READY, arg="Map")
        start = time.perf_counter()
        page.get_by_text("All 60,000").click()
        page.wait_for_url("**dots=all**")
        page.wait_for_function(READY, arg="Map")
        _wait_for_dots(page)
        found["map_of_60000_points_seconds"] = _since(start)
        found |= _round_trip(page, rounds)
        found["once_seconds"] = {"Data": round(_switch(page, "Data"), 3)}
        visitor.open("explain?dataset=large&user=u00002")
        users = [f"u{n * 37:05}" for n in range(1, rounds + 1)]
        found["new_explanation_seconds"] = _quantiles([_search_and_pick(page, user) for user in users])
        found["neighbourhood_of_5000_nodes_seconds"] = neighbourhood_of_5000(visitor)
    return found


def _million(browser: Browser, home: Path) -> dict[str, Any]:
    """The map of a million dots, whose layout lies beside the run, opened from another page of the same run."""
    with serving(home) as server, visiting(browser, server) as visitor:
        page = visitor.page
        page.add_init_script(LONG_TASKS)
        visitor.open(f"explain?dataset={MILLION}&user=u00001")
        page.locator("text.bartext").first.wait_for(state="attached")
        page.evaluate(AT_REST)
        page.evaluate(LONGEST)
        start = time.perf_counter()
        page.get_by_test_id("stSidebar").get_by_role("link", name="Map").click()
        _wait_for_dots(page)
        found = {"first_dots_seconds": _since(start)}
        page.get_by_text("The shade behind them counts all").wait_for()
        page.wait_for_function(READY, arg="Map")
        _wait_for_dots(page)
        found["whole_map_seconds"] = _since(start)
        found["longest_task_seconds"] = round(page.evaluate(LONGEST), 3)
        return found


def _opening_picture(visitor: Visitor) -> float:
    """From a click on its tab to the picture of the case that Explain opens on."""
    page = visitor.open("explain")
    page.locator("text.bartext").first.wait_for(state="attached")
    start = time.perf_counter()
    page.get_by_role("tab", name="Picture").click()
    page.locator(".drawing .stop").first.wait_for(state="attached")
    page.wait_for_function(READY, arg="Why")
    return _since(start)


def _round_trip(page: Page, rounds: int) -> dict[str, Any]:
    """Every page once to warm up, then the menu round and round; also each page by itself."""
    for name in SWITCHED:
        _switch(page, name)
    each = [(name, _switch(page, name)) for name in (SWITCHED * (rounds // len(SWITCHED) + 1))[:rounds]]
    return {
        "page_switch_seconds": _quantiles([seconds for _, seconds in each]),
        "page_switch_of_each_seconds": {
            name: _quantiles([seconds for other, seconds in each if other == name])["p50"] for name, _ in each
        },
    }


def _held(figures: dict[str, Any], bound: float, *place: str) -> dict[str, Any]:
    """One promise: the bound, what was measured, whether it holds."""
    found: Any = figures
    for name in place:
        found = found[name]
    return {"seconds": found, "at_most": bound, "holds": found <= bound}


def _switch(page: Page, name: str) -> float:
    """From a click, made when the browser is at rest as a person's is, to the page."""
    page.evaluate(AT_REST)
    start = time.perf_counter()
    page.get_by_test_id("stSidebar").get_by_role("link", name=name, exact=True).click()
    page.wait_for_function(READY, arg=name)
    return time.perf_counter() - start


def _pick(page: Page, label: str, value: str, sign: str) -> float:
    """Type a choice into a menu; seconds from Enter to `sign`, with the script at its end."""
    page.get_by_role("combobox", name=label).first.fill(value)
    page.get_by_role("option", name=value, exact=True).first.wait_for()
    start = time.perf_counter()
    page.keyboard.press("Enter")
    page.locator(sign).first.wait_for(state="attached")
    page.wait_for_function(READY, arg="")
    return time.perf_counter() - start


def _search_and_pick(page: Page, user: str) -> float:
    """Type a person who is not in the menu yet, as in a large study; seconds from Enter to the explanation."""
    page.get_by_role("combobox", name="Person").first.fill(user)
    start = time.perf_counter()
    page.keyboard.press("Enter")
    page.locator(f"h3 >> text={user}").first.wait_for(state="attached")
    page.wait_for_function(READY, arg="")
    return _since(start)


def _take_away(visitor: Visitor, user: str) -> float:
    """A selected reason is taken away: from the click to the list that has moved beside it."""
    page = visitor.open(f"explain?user={user}&view=Picture")
    page.locator(".drawing .stop").nth(1).click()
    page.get_by_role("button", name="Take it away").wait_for()
    page.wait_for_function(READY, arg="")
    start = time.perf_counter()
    page.get_by_role("button", name="Take it away").click()
    page.get_by_text("Taken away, in this model").wait_for()
    return _since(start)


def neighbourhood_of_5000(visitor: Visitor) -> float:
    """From the choice of 5,000 nodes, two steps around a person, to the picture with its names."""
    page = visitor.open("recommend?dataset=large&user=u00001&hops=2")
    frame = page.locator("[class*=st-key-neighbourhood] .frame").first
    frame.evaluate(NAMED, 0)
    choice = page.get_by_role("radio", name="5,000", exact=True)
    choice.scroll_into_view_if_needed()
    start = time.perf_counter()
    choice.click()
    frame.evaluate(NAMED, 4000)
    return _since(start)


def _wait_for_dots(page: Page) -> None:
    """Until a WebGL plot has been drawn."""
    page.wait_for_function("() => document.querySelector('.js-plotly-plot .gl-canvas')")
    page.wait_for_function(
        "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))"
    )


def _quantiles(values: list[float]) -> dict[str, float]:
    return {name: round(float(np.quantile(values, q)), 3) for name, q in (("p50", 0.5), ("p95", 0.95))}


def _since(start: float) -> float:
    return round(time.perf_counter() - start, 3)


def _ratios(figures: dict[str, Any]) -> dict[str, float]:
    empty, names = figures["empty_app"], {"page_switch_seconds": "page_switch", "new_explanation_seconds": "picker"}
    return {
        f"{study}_{name.removesuffix('_seconds')}_p95": round(
            figures[study][name]["p95"] / empty[f"{base}_seconds"]["p95"], 2
        )
        for study in ("sample", "large")
        for name, base in names.items()
    }


if __name__ == "__main__":
    main()
