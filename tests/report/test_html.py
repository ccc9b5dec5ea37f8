"""A report page is self-contained, inert, well formed, and shows every figure that it was given."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest

from gnnrec_core.render.blocks import (
    Bars,
    Chart,
    Curves,
    Facts,
    Flow,
    Section,
    Stop,
    Stream,
    Table,
    Text,
    Verdict,
    number,
)
from gnnrec_core.render.html import fragment, page
from tests.core.test_text import HOSTILE

VOID = {"meta", "link", "br", "img", "input", "hr"}


class Outline(HTMLParser):
    """Tags in order, balanced or not, their attributes and all text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.text: list[str] = []
        self.unbalanced: list[str] = []

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def example(title: str) -> str:
    nan = float("nan")
    blocks = (
        Text((title,)),
        Facts(((title, title), ("n", 3))),
        Table((title, "value"), ((title, 1.5), (title, None)), title),
        Flow(
            (Stop(title, 0, "person", 1.0, title), Stop(title, 3, "rest", 1.0, title, title)),
            (Stream(0, 1, 1.0, True, title),),
            title,
        ),
        Bars((title, "other", "none"), (0.5, -0.25, nan), title, ((0.4, 0.6), (-0.3, -0.2), (nan, nan))),
        Curves(((title, (0.0, 1.0), (2.0, nan)), ("random", (0.0, 1.0), (2.0, 1.0))), title, title, title),
        Verdict(title, "warning"),
    )
    return page(title, (Section(title, blocks),), title, title)


def outline(text: str) -> Outline:
    parser = Outline()
    parser.feed(text)
    parser.close()
    assert parser.open == [] and parser.unbalanced == []
    return parser


@pytest.mark.parametrize("title", HOSTILE)
def test_a_hostile_title_changes_no_element_and_no_attribute(title):
    ours, harmless = outline(example(title)), outline(example("Dune"))
    assert ours.tags == harmless.tags
    assert [(tag, name) for tag, name, _ in ours.attributes] == [(tag, name) for tag, name, _ in harmless.attributes]


def test_nothing_on_the_page_runs_or_is_fetched():
    parsed = outline(example("Dune"))
    assert not {"script", "link", "img", "iframe", "object", "form", "base"} & set(parsed.tags)
    for tag, name, value in parsed.attributes:
        assert not name.startswith("on") and name not in ("src", "style", "srcset")
        assert name != "href" or (tag == "a" and value.startswith("#"))
    assert "url(" not in example("Dune") and "@import" not in example("Dune")


def test_the_policy_allows_the_one_style_sheet_only():
    text = example("Dune")
    style = re.search(r"<style>(.*?)</style>", text, re.S).group(1)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text).group(1)
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def test_the_same_blocks_give_the_same_bytes_and_every_figure_is_there():
    text = example("Dune")
    assert text == example("Dune")
    words = " ".join(outline(text).text)
    for figure in ("1.5", "0.5", "−0.25", "–"):
        assert figure in words


@pytest.mark.parametrize("title", HOSTILE)
def test_a_chart_lies_in_the_page_as_data_with_its_table(title):
    figure = {
        "data": [{"type": "scattergl", "x": [1], "name": title}],
        "layout": {"title": title, "template": {"a": 1}},
    }
    text = page("t", (Section("s", (Chart(json.dumps(figure), title, Table(("x",), ((title,),))),)),))
    parsed = outline(text)
    harmless = outline(page("t", (Section("s", (Chart('{"data":[],"layout":{}}', "c", Table(("x",), (("a",),))),)),)))
    assert parsed.tags == harmless.tags and parsed.tags.count("script") == 3
    held, library, draw = re.findall(r"<script[^>]*>(.*?)</script>", text, re.S)
    data = json.loads(held)
    assert text.count("<figcaption>") == 1
    assert "<figcaption>" not in page("t", (Section(title, (Chart(json.dumps(figure), title, Table((), ())),)),))
    assert data["data"] == [{"type": "scatter", "x": [1], "name": title}]
    assert data["layout"]["title"] == title and "template" not in data["layout"]
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text).group(1)
    digests = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in (library, draw)]
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    assert policy == (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; "
        "form-action 'none'"
    )


def test_a_chart_in_a_notebook_is_its_table():
    chart = Chart('{"data":[],"layout":{}}', "c", Table(("x",), ((7,),)))
    assert '<td class="n">7</td>' in fragment((Section("s", (chart,)),)) and "<script" not in fragment(
        (Section("s", (chart,)),)
    )


def test_bars_are_drawn_to_scale_from_zero():
    text = page("t", (Section("s", (Bars(("a", "b"), (4.0, -2.0), "c"),)),))
    bars = re.findall(r'<rect class="(\w+)" x="([\d.]+)" y="\d+" width="([\d.]+)"', text)
    (up, x_up, w_up), (down, x_down, w_down) = bars
    assert (up, down) == ("up", "down")
    assert float(w_up) == pytest.approx(2 * float(w_down), abs=0.2)
    assert float(x_down) + float(w_down) == pytest.approx(float(x_up), abs=0.2)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (1234567, "1,234,567"), (0.00001234, "1.23e-05"), (12.0, "12"), (99999.4, "99,999"), (True, "yes"),
     (float("inf"), "inf"), (float("nan"), "–"), (-0.5, "−0.5")],
)  # fmt: skip
def test_numbers_are_written_for_people(value, text):
    assert number(value) == text
