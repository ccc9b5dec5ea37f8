"""Every page can be taken away: one file with its tables and figures, which loads nothing; its text is inert."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from gnnrec_core.base.pseudonyms import load_pseudonyms
from gnnrec_core.base.text import clean, for_markdown
from gnnrec_core.render.blocks import Chart, Table, Text, Verdict
from gnnrec_core.runs.workspace import workspace
from gnnrec_ui.frame.screens import SCREENS
from gnnrec_ui.taken.elements import FIRST
from gnnrec_ui.taken.words import plain
from tests.browser.hostile import PAYLOADS, hostile_workspace
from tests.ui.app import open_page, own_workspace  # noqa: F401
from tests.ui.test_privacy import CASE, IDS, hidden  # noqa: F401

PAGES = [name for name, screen in SCREENS.items() if screen.plugin is None]
LOADING = {"src", "href", "srcset", "action", "data", "poster", "background", "xlink:href"}


class File(HTMLParser):
    """What a reader of the file sees, and what it would load."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.loads: list[str] = []
        self.handlers: list[str] = []
        self.scripts: list[tuple[str, str]] = []
        self.tags: list[str] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loads += [str(value) for name, value in attrs if name in LOADING and not str(value).startswith("#")]
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
        if tag == "script":
            self.scripts.append((dict(attrs).get("type") or "", ""))

    def handle_data(self, data: str) -> None:
        if self.cdata_elem == "script":
            self.scripts[-1] = (self.scripts[-1][0], self.scripts[-1][1] + data)
        elif self.cdata_elem is None:
            self.words += f" {data}"


@pytest.fixture
def taken(monkeypatch):
    """The page's file, made as the button in the sidebar makes it."""
    made: dict[str, str] = {}
    draw = st.download_button

    def press(label, data=None, *words, **more):
        if label == "Take this view away":
            made["file"] = data()
        return draw(label, data, *words, **more)

    monkeypatch.setattr(st, "download_button", press)

    def take(app) -> str:
        app.session_state["_share"] = True
        app.run()
        assert not app.exception, app.exception
        return made["file"]

    return take


def cells(frame: pd.DataFrame) -> list[str]:
    """Texts of the first rows of a table as the page has them."""
    return [cell for row in frame.head(20).itertuples(index=False) for cell in row if isinstance(cell, str)]


def is_inert(file: File, text: str) -> None:
    """Nothing is loaded, and nothing runs but what the policy names by hash."""
    assert file.loads == [] and file.handlers == []
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None and policy[1].startswith("default-src 'none';")
    for kind, script in file.scripts:
        assert kind == "application/json" or hashed(script) in policy[1]
    assert not {"img", "iframe", "link", "object", "embed"} & set(file.tags)


def hashed(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


@pytest.mark.parametrize("name", PAGES)
def test_the_file_holds_the_tables_and_figures_of_the_page(name, taken):
    app = open_page(name)
    text = taken(app)
    file = File(text)
    is_inert(file, text)
    assert plain(app.title[0].value) in file.words
    for metric in app.metric:
        assert plain(metric.label) in file.words and plain(metric.value) in file.words
    for frame in app.dataframe:
        shown = list(frame.proto.column_order) or list(frame.value.columns)
        for cell in cells(frame.value[shown]):
            assert " ".join(cell.split()) in " ".join(file.words.split()), cell
    figures = [json.loads(script) for kind, script in file.scripts if kind == "application/json"]
    drawn = [chart for chart in app.get("plotly_chart") if not chart.proto.id.endswith("_narrow")]
    assert len(figures) >= len(drawn)
    assert "Fingerprint of the data" in file.words and app.sidebar.selectbox(key="run").value in file.words


def test_pictures_that_a_component_draws_are_in_the_file_too(taken):
    """The layered picture as it is, and the network with the names of its nodes."""
    text = taken(open_page("explain", view="Picture"))
    file = File(text)
    is_inert(file, text)
    assert "<h2>Picture</h2>" in text and text.count("<svg") == 1
    file = File(taken(open_page("recommend")))
    (network,) = (json.loads(script) for kind, script in file.scripts if kind == "application/json")
    named = {note["text"] for note in network["layout"]["annotations"]}
    assert any(name.startswith("1. ") for name in named) and "hops away" in file.words


def test_other_people_go_by_the_names_that_they_have_on_the_page(hidden, taken):  # noqa: F811
    for page in ("recommend", "explain"):
        words = File(taken(open_page(page, **CASE))).words
        assert IDS[0] in words and "by pseudonyms" in words
        assert not [name for name in IDS[1:] if name in words]
    names = load_pseudonyms(workspace().home)
    assert any(names.name(name) in words for name in IDS[1:])


def test_no_text_of_the_data_does_anything_in_a_file(own_workspace, taken):  # noqa: F811
    hostile_workspace(workspace().home, "lightgcn")
    case = {"dataset": "d-hostile", "run": "r-lightgcn", "user": PAYLOADS[1]}
    said = ""
    for page in ("recommend", "explain", "what_if", "audit", "data", "train"):
        text = taken(open_page(page, **case, k="20"))
        file = File(text)
        is_inert(file, text)
        said += " ".join(file.words.split())
    missing = [payload for payload in PAYLOADS if " ".join(clean(payload).split()) not in said]
    assert missing == []


def read(draw) -> tuple[str, dict[str, tuple]]:
    """What is read back of a page that `draw` draws: its heading, and the blocks under each heading."""
    app = AppTest.from_function(draw, default_timeout=30).run()
    assert not app.exception, app.exception
    title, sections = app.session_state["read"]
    return title, {section.title: section.blocks for section in sections}


def test_every_kind_of_content_is_read_back():
    def draw() -> None:
        import pandas as pd
        import plotly.graph_objects as go
        import streamlit as st

        from gnnrec_ui.taken.elements import read_back
        from gnnrec_ui.taken.heard import hearing

        with hearing() as heard:
            st.title("The *heading*")
            st.caption("Read it so.")
            for label, value in (("NDCG", "0.5"), ("Recall", "0.25")):
                st.metric(label, value, help="What it is")
            st.subheader("Tables")
            frame = pd.DataFrame({"Share": [0.125, None], "Name": ["a", "b*c"], "Hidden": [1, 2], "Part": [12.5, 3.0]})
            config = {
                "Share": st.column_config.NumberColumn(format="percent"),
                "Part": st.column_config.NumberColumn("Part of all", format="%.1f %%"),
                "Hidden": None,
            }
            st.dataframe(frame, hide_index=True, column_config=config, alt="What it shows")
            st.warning("Mind \\*this\\*", icon=":material/warning:")
            with st.expander("More"):
                st.markdown("- one\n- two")
            st.markdown("After it, **bold** and `code`.")
            st.markdown("**A small heading**")
            st.plotly_chart(go.Figure(go.Bar(x=["p"], y=[3])), alt="Bars")
            st.button("Press")
            with st.popover("Away"):
                st.markdown("not on the page")
        with st.sidebar:
            st.markdown("not on the page either")
        st.session_state["read"] = read_back(heard)

    title, found = read(draw)
    assert title == "The heading"
    assert list(found) == [FIRST, "Tables", "More", "A small heading"]
    assert found[FIRST] == (
        Text(("Read it so.",)),
        Table(("figure", "value", "what it is"), (("NDCG", "0.5", "What it is"), ("Recall", "0.25", "What it is"))),
    )
    assert found["Tables"] == (
        Table(("Share, %", "Name", "Part of all, %"), ((12.5, "a", 12.5), (None, "b*c", 3.0)), "What it shows"),
        Verdict("Mind *this*", "warning"),
        Text(("After it, bold and code.",)),
    )
    assert found["More"] == (Text(("• one",)), Text(("• two",)))
    (chart,) = found["A small heading"]
    assert isinstance(chart, Chart) and chart.table == Table(("x", "y"), (("p", 3),)) and chart.caption == "Bars"


def test_what_took_a_place_over_is_what_stands_and_what_stands_for_something_is_said_once():
    def draw() -> None:
        import streamlit as st

        from gnnrec_core.render.blocks import Text
        from gnnrec_ui.taken.elements import read_back
        from gnnrec_ui.taken.heard import hearing, stands_for

        with hearing() as heard:
            later = st.container()
            place = st.empty()
            with place.container():
                st.markdown("waiting")
                st.markdown("still waiting")
            with stands_for(lambda: (Text(("a picture",)),)):
                st.markdown("one of its parts")
                st.markdown("another")
            with place.container():
                st.markdown("the answer")
            later.markdown("on top")
        with stands_for(lambda: (Text(("unheard",)),)):
            st.markdown("drawn all the same")
        st.session_state["read"] = read_back(heard)

    _, found = read(draw)
    assert found[FIRST] == tuple(Text((said,)) for said in ("on top", "the answer", "a picture"))
    app = AppTest.from_function(draw).run()
    assert [shown.value for shown in app.markdown][-1] == "drawn all the same"


@pytest.mark.parametrize("text", PAYLOADS)
def test_plain_text_of_markdown_is_the_text_that_was_escaped(text):
    assert plain(f"**{for_markdown(text)}** and *{for_markdown(text)}*") == " ".join(f"{text} and {text}".split())
