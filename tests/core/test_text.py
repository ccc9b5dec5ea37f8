"""Text from data is harmless in each sink, and is still the text that the data had."""

import csv
import io
import json
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnnrec_core.base.errors import RequestError
from gnnrec_core.base.pseudonyms import Pseudonyms, load_pseudonyms
from gnnrec_core.base.terminal import say, say_json
from gnnrec_core.base.text import WORD_JOINER, clean, for_csv, for_html, for_markdown, for_terminal

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "![](http://example.org/x.png)",
    "[click](javascript:alert(1))",
    ":red[text] $x^2$ **bold** `code` ~~gone~~",
    "# heading",
    "1. list",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\tfoo",
    "a\u202egnp.exe",
    "zero\u200bwidth\x00null",
    "line\nbreak",
    ":cat: https://example.org www.example.org me@example.org",
    "&lt;b&gt;",
)


class Collector(HTMLParser):
    """Text and tags of a piece of HTML, as a browser would read it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self.tags: list[str] = []

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.tags.append(tag)


@pytest.mark.parametrize("title", HOSTILE)
def test_html_shows_the_title_and_makes_no_element(title):
    parser = Collector()
    parser.feed(for_html(title))
    parser.close()
    assert parser.tags == []
    assert parser.text == clean(title)
    assert '"' not in for_html(title) and "'" not in for_html(title)


@pytest.mark.parametrize("title", HOSTILE)
def test_markdown_leaves_no_punctuation_alive_and_keeps_the_words(title):
    escaped = for_markdown(title)
    assert re.search(r"(?<!\\)(?:\\\\)*[!-/:-@\[\]^_`{-~]", escaped) is None
    assert re.sub(r"\\(.)", r"\1", escaped).replace(WORD_JOINER, "") == clean(title).strip()


def test_markdown_breaks_what_is_recognised_after_escapes_are_undone():
    unescaped = re.sub(
        r"\\(.)", r"\1", for_markdown(":cat: https://a.org www.a.org me@a.org 5 -> 6 -- 2001: A Space Odyssey")
    )
    assert not re.search(r":[\w+-]+:|://|www\.|\w@\w|(->|--)\s", unescaped)
    assert "2001: A Space" in unescaped


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30))
def test_escaping_markdown_is_undone_by_reading_it(text):
    assert re.sub(r"\\(.)", r"\1", for_markdown(text)).replace(WORD_JOINER, "") == text.strip()


@pytest.mark.parametrize("title", HOSTILE)
def test_no_cell_starts_like_a_formula(title):
    assert not re.match(r"\s*[=+@\t\r-]", for_csv(title))


@pytest.mark.parametrize("value", [-5, -2.5, 0, None, "-5", "+3.5", "-1e-7", "Dune", "2001: A Space Odyssey", ".5"])
def test_numbers_and_plain_titles_are_left_as_they_are(value):
    assert for_csv(value) == value


def test_a_title_of_several_lines_is_one_row_of_a_csv_file():
    file = io.StringIO()
    csv.writer(file).writerow([for_csv("a\r\n=b"), 1])
    assert file.getvalue() == "a =b,1\r\n"


def test_hidden_characters_are_seen_and_joiners_are_kept():
    assert clean("a\u202eb\u2066c\ufeffd\x1be\udc80") == "a\ufffdb\ufffdc\ufffdd\ufffde\ufffd"
    family = "\U0001f469\u200d\U0001f467"
    assert clean(family) == family
    assert clean("می\u200cخواهم") == "می\u200cخواهم"


def test_a_pseudonym_needs_the_key_and_keeps_kinds_apart():
    ours, theirs = Pseudonyms(b"a" * 32), Pseudonyms(b"b" * 32)
    assert ours.name("7") == ours.name("7")
    assert len({ours.name("7"), ours.name("8"), ours.name("07"), theirs.name("7"), ours.name("7", "item")}) == 5
    assert "7|" not in ours.name("7|")


def test_the_workspace_keeps_one_key_for_its_owner_only(tmp_path):
    first = load_pseudonyms(tmp_path / "home")
    assert load_pseudonyms(tmp_path / "home") == first
    files = list((tmp_path / "home").iterdir())
    assert [file.name for file in files] == ["pseudonym.key"]
    assert files[0].stat().st_mode & 0o077 == 0
    assert load_pseudonyms(tmp_path / "other") != first


def test_a_damaged_key_is_an_error_that_says_what_to_do(tmp_path):
    (tmp_path / "pseudonym.key").write_bytes(b"short")
    with pytest.raises(RequestError, match="5 bytes"):
        load_pseudonyms(tmp_path)


@pytest.mark.parametrize("hidden", ["\x1b[2J", "\x9b31m", "\r", "\x07", "\u202e", "\u2066", "\x7f", "\ud800"])
def test_the_terminal_shows_nothing_that_moves_it(capsys, hidden):
    say(f"a{hidden}b")
    say_json({"title": f"a{hidden}b"})
    line, as_json = capsys.readouterr().out.splitlines()
    assert line.startswith("a") and line.endswith("b") and for_terminal(line) == line
    assert not set(hidden) & set(line) - set("[2J31m") and not set(hidden) & set(as_json) - set("[2J31m")
    assert json.loads(as_json) == {"title": f"a{hidden}b"}
