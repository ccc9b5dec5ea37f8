"""What can be done with the pictures: the demo that leads through the pages, nodes and links, the map, presenting."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from gnnrec_core.cli import main
from gnnrec_core.render.charts.embedding_map import SVG_POINTS
from tests.browser.app import Server, Visitor, serving, visiting
from tests.browser.conftest import Visit


def test_the_demo_leads_through_a_case_marks_what_it_speaks_of_and_leads_out(visit: Visit) -> None:
    with visit() as visitor:
        page = visitor.open()
        page.get_by_role("button", name="Show a clear reason").click()
        for number, path in enumerate(("recommend", "explain", "what_if"), 1):
            page.wait_for_url(f"**/{path}?**demo=clear_reason.{number}**")
            visitor.settle()
            expect(page.get_by_text(f"step {number} of 3")).to_be_visible()
            spot = page.locator({1: ".st-key-row_1", 2: ".st-key-waterfall", 3: ".st-key-moved"}[number]).first
            expect(spot).to_be_in_viewport()
            expect(spot).to_have_css("outline-style", "solid")
            visitor.no_error()
            assert not visitor.accessibility()
            if number < 3:
                page.get_by_role("button", name="Next").click()
        expect(page.get_by_text("goes from 1st to")).to_be_visible()
        page.get_by_role("button", name="Back").click()
        page.wait_for_url("**/explain?**demo=clear_reason.2**")
        visitor.settle()
        page.get_by_role("button", name="End the demo").click()
        page.wait_for_url(re.compile(r"/explain\?(?!.*demo=)"))
        expect(page.get_by_text("step 2 of 3")).to_have_count(0)
        page.go_back()
        page.wait_for_url("**demo=clear_reason.2**")


DRAWN = """frame => new Promise(done => {
    const look = () => frame.state?.named ? done() : setTimeout(look, 50); look() })"""


def place_of_node(page: Page, script: str) -> tuple[float, float]:
    """Where something of the network stands in the window; `script` gives its place on the canvas."""
    canvas = page.locator("[class*=st-key-neighbourhood] .canvas").first
    canvas.scroll_into_view_if_needed()
    frame = page.locator("[class*=st-key-neighbourhood] .frame").first
    frame.evaluate(DRAWN)
    page.wait_for_timeout(500)
    box = canvas.bounding_box()
    assert box is not None
    script = f"const at = id => sigma.graphToViewport(graph.getNodeAttributes(id)); {script}"
    point = frame.evaluate(f"frame => {{ const {{ sigma, graph }} = frame.state; {script} }}")
    return box["x"] + point["x"], box["y"] + point["y"]


def focused(visitor: Visitor) -> str:
    visitor.page.wait_for_url("**focus=**")
    visitor.settle()
    visitor.no_error()
    found = re.search(r"focus=(\w+)", visitor.page.url)
    assert found is not None
    return found[1]


def test_a_node_and_a_link_of_the_picture_come_into_the_middle_when_clicked(visit: Visit) -> None:
    node = "return at(graph.nodes()[5]);"
    link = """const wide = id => graph.getEdgeAttribute(id, "size");
        const id = graph.edges().reduce((one, other) => wide(other) > wide(one) ? other : one);
        const [one, other] = graph.extremities(id).map(at);
        return {x: one.x + 0.6 * (other.x - one.x), y: one.y + 0.6 * (other.y - one.y)};"""
    for script in (node, link):
        with visit() as visitor:
            page = visitor.open("recommend?user=reader-0005&hops=1")
            page.mouse.click(*place_of_node(page, script))
            assert focused(visitor) != ""
            page.get_by_role("button", name="Back to").click()
            page.wait_for_url(re.compile(r"^(?!.*focus=)"))
            visitor.no_error()


def test_pointing_at_a_node_dims_the_rest_says_what_it_is_and_keys_do_the_same(visit: Visit) -> None:
    lit = """frame => { const { sigma, graph, lit } = frame.state;
        return { lit: lit && lit.size, all: graph.order, edges: graph.size,
                 quiet: graph.filterNodes(id => sigma.getNodeDisplayData(id).label === "").length,
                 hidden: graph.filterEdges(id => sigma.getEdgeDisplayData(id).hidden).length }; }"""
    with visit() as visitor:
        page = visitor.open("recommend?user=reader-0005")
        x, y = place_of_node(page, "return at(graph.nodes()[3]);")
        frame = page.locator("[class*=st-key-neighbourhood] .frame").first
        assert frame.evaluate(lit)["lit"] is None
        page.mouse.move(x - 3, y)
        page.mouse.move(x, y, steps=3)
        expect(frame.locator(".told")).to_contain_text("links drawn")
        found = frame.evaluate(lit)
        assert 1 < found["lit"] < found["all"] and found["lit"] + found["quiet"] == found["all"]
        assert 0 < found["hidden"] < found["edges"]
        page.mouse.move(5, 5)
        canvas = frame.locator(".canvas")
        canvas.focus()
        page.keyboard.press("ArrowRight")
        expect(frame.locator(".told")).to_contain_text("reader-0005")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
        assert focused(visitor) != ""


def test_the_picture_is_saved_as_svg_with_its_names_as_text(visit: Visit) -> None:
    with visit() as visitor:
        page = visitor.open("recommend?user=reader-0005")
        place_of_node(page, "return at(graph.nodes()[0]);")
        with page.expect_download() as saved:
            page.get_by_role("button", name="Download the picture as SVG").click()
        drawn = saved.value.path().read_text(encoding="utf-8")
        assert saved.value.suggested_filename == "neighbourhood.svg"
        assert drawn.count("<path") > 100 and ">reader-0005</text>" in drawn
        with page.expect_download() as pixels:
            page.get_by_role("button", name="Download the picture as PNG").click()
        assert pixels.value.path().read_bytes().startswith(b"\x89PNG")


def test_a_browser_without_webgl_gets_the_network_on_a_plain_canvas(visit: Visit) -> None:
    with visit() as visitor:
        visitor.page.add_init_script(NO_WEBGL)
        page = visitor.open("recommend?user=reader-0005&nodes=5000&hops=3")
        frame = page.locator("[class*=st-key-neighbourhood] .frame").first
        frame.evaluate("""frame => new Promise(done => {
            const look = () => frame.state?.network ? done() : setTimeout(look, 50); look() })""")
        assert frame.evaluate("frame => frame.state.network.body.data.nodes.length") <= 520
        visitor.no_error()


def test_a_loop_on_the_map_lists_items_and_one_of_them_is_explained(visit: Visit) -> None:
    with visit() as visitor:
        page = visitor.open("map?user=reader-0005")
        plot = page.locator(".js-plotly-plot .nsewdrag").first
        plot.wait_for()
        page.wait_for_timeout(1000)
        box = plot.bounding_box()
        assert box is not None
        corners = [(0.3, 0.2), (0.9, 0.2), (0.9, 0.9), (0.3, 0.9), (0.3, 0.2)]
        points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in corners]
        page.mouse.move(*points[0])
        page.mouse.down()
        for point in points[1:]:
            page.mouse.move(*point, steps=8)
        page.mouse.up()
        expect(page.get_by_text(re.compile(r"[\d,]+ selected"))).to_be_visible()
        visitor.settle()
        table = page.locator("[class*=st-key-listed_items] [data-testid=stDataFrame]")
        table.scroll_into_view_if_needed()
        place = table.bounding_box()
        assert place is not None
        page.mouse.click(place["x"] + 16, place["y"] + 52)
        page.wait_for_url("**/explain?**item=**")
        visitor.settle()
        expect(page.locator("text.bartext").first).to_be_attached()
        assert "user=reader-0005" in page.url
        visitor.no_error()


LABELS = """() => { const drawn = [...document.querySelectorAll('.js-plotly-plot')].filter(plot => plot.offsetWidth);
    const plot = drawn.find(plot => plot.querySelector('.sankey-node')), frame = plot.getBoundingClientRect();
    return [...plot.querySelectorAll('.sankey-node text')].filter(text => text.textContent).map(text => {
        const box = text.getBoundingClientRect();
        return [text.textContent, box.left - frame.left, box.top - frame.top, box.right - frame.left,
                box.bottom - frame.top, frame.width, frame.height] }) }"""


def at_rest(page: Page, script: str) -> list[list[Any]]:
    """What `script` finds as soon as it finds the same twice."""
    before: list[list[Any]] = []
    while True:
        page.wait_for_timeout(500)
        found: list[list[Any]] = page.evaluate(script)
        if found and found == before:
            return found
        before = found


@pytest.mark.parametrize("view", ["kinds", "walks", "connecting"])
@pytest.mark.parametrize("width", [390, 1280])
def test_every_label_of_the_paths_stands_whole_and_by_itself(visit: Visit, view: str, width: int) -> None:
    with visit(width=width) as visitor:
        page = visitor.open(f"explain?user=reader-0372&view=Paths&paths={view}")
        page.locator(".sankey-node text").first.wait_for(state="attached")
        boxes = at_rest(page, LABELS)
        assert len(boxes) > 8
        for text, left, top, right, bottom, wide, high in boxes:
            assert left >= 0 and right <= wide + 1 and top >= -2 and bottom <= high + 2, (text, left, right, wide)
        for (one, *first), (other, *second) in combinations(boxes, 2):
            across = min(first[2], second[2]) - max(first[0], second[0])
            down = min(first[3], second[3]) - max(first[1], second[1])
            assert across < 2 or down < 5, f"{one} lies over {other}: {across} x {down}"


def test_a_view_is_presented_without_menu_and_its_link_opens_the_same_view(visit: Visit) -> None:
    with visit() as visitor:
        page = visitor.open("explain?user=reader-0005&target=score")
        page.get_by_role("button", name="Present this view").click()
        page.wait_for_url("**present=1**")
        visitor.settle()
        expect(page.get_by_test_id("stSidebar")).to_be_hidden()
        page.get_by_role("button", name="Leave presentation").click()
        page.wait_for_url(re.compile(r"^(?!.*present=)"))
        visitor.settle()
        expect(page.get_by_test_id("stSidebar")).to_be_visible()
        assert "target=score" in page.url
        page.get_by_role("button", name="Share this view").click()
        link = page.get_by_test_id("stCode").inner_text().strip()
        first = r"/explain\?dataset=classics&run=lightgcn&user=reader-0005&item=[\w-]+&target=score$"
        assert re.search(first, link)  # the item too, which is the page's default


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on a catalogue of more items than are drawn without the graphics card."""
    home = tmp_path_factory.mktemp("large") / "home"
    data, run = home / "datasets" / "d-large", home / "runs" / "r-large"
    for folder in (data.parent, run.parent):
        folder.mkdir(parents=True)
    log = home / "log.csv"
    log.write_text("user,item\n" + "".join(f"u{n % 400},i{n}\n" for n in range(SVG_POINTS + 500)))
    assert main(["data", "import", str(log), "--split", "random", "--out", str(data)]) == 0
    words = ["--model", "lightgcn", "--device", "cpu", "--set", "epochs=1", "--set", "embedding_dim=8"]
    assert main(["train", str(data), *words, "--calibrate", "no", "--out", str(run)]) == 0
    with serving(home) as running:
        yield running


@pytest.mark.parametrize("has_card", [True, False], ids=["with WebGL", "without"])
def test_a_browser_without_webgl_gets_a_map_that_it_can_draw(browser: Browser, large: Server, has_card: bool) -> None:
    with visiting(browser, large) as visitor:
        if not has_card:
            visitor.page.add_init_script(NO_WEBGL)
        page = visitor.open("map?dataset=d-large&run=r-large")
        if has_card:
            expect(page.get_by_role("radio", name=re.compile("in any browser"))).to_be_visible()
            return
        expect(page.get_by_text("This browser has no WebGL")).to_be_visible()
        expect(page.locator(".js-plotly-plot .scatterlayer .point").nth(SVG_POINTS - 1)).to_be_attached()
        assert page.locator(".js-plotly-plot .no-webgl, .js-plotly-plot .gl-canvas").count() == 0
        visitor.no_error()


NO_WEBGL = """const get = HTMLCanvasElement.prototype.getContext;
    HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
        return /webgl/.test(kind) ? null : get.call(this, kind, ...rest); };"""


def test_the_picture_of_a_case_answers_to_keys_and_takes_a_reason_away(visit: Visit) -> None:
    with visit() as visitor:
        page = visitor.open("explain?user=reader-0005&view=Picture")
        stops = page.locator(".drawing .stop")
        stops.first.wait_for()
        title = stops.nth(1).locator("title").text_content() or ""
        stops.nth(1).focus()
        expect(page.locator(".told")).to_contain_text(f"{title} Widest way: ")
        lit = page.locator(".drawing.dimmed, .drawing .dimmed").count()
        assert lit == 1 and page.locator(".stream.lit").count() < page.locator(".stream").count()
        page.keyboard.press("Enter")
        page.wait_for_url("**part=item**")
        visitor.settle()
        expect(page.get_by_text(f"Without {title.rsplit(':', 1)[0]}")).to_be_visible()
        expect(stops.nth(1)).to_have_attribute("aria-pressed", "true")
        page.get_by_role("button", name="Watch the messages travel").click()
        outward = page.locator(".stream[data-from='0']")  # this browser asks for no motion: columns light up in turn
        expect(page.locator(".stream[data-from='0'].lit")).to_have_count(outward.count())
        with page.expect_download() as saved:
            page.get_by_role("button", name="Download the picture as SVG").click()
        assert saved.value.suggested_filename == "why-this-item.svg"
        page.get_by_role("button", name="Take it away").click()
        page.wait_for_url("**off=**")
        visitor.settle()
        moved = page.get_by_text("Taken away, in this model as it stands")
        expect(moved).to_be_visible()
        page.go_back()
        expect(moved).to_have_count(0)
        page.go_forward()
        page.get_by_role("link", name="Go on in What if").click()
        page.wait_for_url("**/what_if?**off=**")
        visitor.settle()
        expect(page.get_by_text("1 taken away, 0 added")).to_be_visible()
        expect(page.get_by_text("the item in hand")).to_be_visible()
        visitor.no_error()


def test_home_opens_with_a_picture_that_a_phone_shows_whole_and_a_stop_of_it_opens_the_case(visit: Visit) -> None:
    with visit(width=390) as visitor:
        page = visitor.open()
        stop = page.locator(".drawing .stop").nth(1)
        stop.wait_for()
        assert page.locator(".drawing").evaluate("drawing => drawing.scrollWidth <= drawing.clientWidth")
        stop.click()
        page.wait_for_url("**/explain?**part=item**")
        visitor.settle()
        expect(page.locator(".st-key-selected")).to_be_visible()
        visitor.no_error()


def test_a_bar_a_row_and_a_stop_are_one_selection_and_back_undoes_it(visit: Visit) -> None:
    with visit() as visitor:
        page = visitor.open("explain?user=reader-0005")
        bar = page.locator(".js-plotly-plot .barlayer .point path").nth(1)
        bar.scroll_into_view_if_needed()
        page.wait_for_timeout(400)
        box = bar.bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + 2, box["y"] + box["height"] / 2)
        page.mouse.move(box["x"] + 4, box["y"] + box["height"] / 2, steps=3)
        page.wait_for_timeout(200)
        page.mouse.down()
        page.mouse.up()
        page.wait_for_url("**part=item**")
        visitor.settle()
        panel = page.locator(".st-key-selected")
        said = panel.inner_text()
        assert all(level in said for level in ("In this model", "Foretold", "Trained again"))
        title = (panel.locator("strong").first.text_content() or "").removeprefix("Without ")
        page.get_by_role("tab", name="Picture").click()
        page.wait_for_url("**view=Picture**")
        visitor.settle()
        chosen = page.locator(".drawing .stop.chosen")
        expect(chosen).to_have_count(1)
        assert (chosen.locator("title").text_content() or "").startswith(title)
        page.go_back()  # opening a tab makes no step of its own, so this is the one before the selection
        page.wait_for_url(re.compile(r"^(?!.*part=)"))
        visitor.settle()
        expect(panel).to_have_count(0)
        visitor.no_error()


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("run", "items stand in both lists"),
        ("person", " for reader-0005 and "),
        ("item", "of their first 8 reasons are the same"),
    ],
)
def test_two_runs_people_and_items_stand_side_by_side(visit: Visit, kind: str, said: str) -> None:
    with visit(width=390) as visitor:
        page = visitor.open(f"explain?user=reader-0005&view=Side+by+side&beside={kind}")
        expect(page.get_by_text(re.compile(re.escape(said))).first).to_be_visible()
        expect(page.locator(".js-plotly-plot")).to_have_count(3)  # the slope twice, one of them for a phone
        assert visitor.overflow() <= 0 and not visitor.accessibility()
        visitor.no_error()
