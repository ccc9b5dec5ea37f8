"""The story of a case: it claims no more than was checked, and is whole, inert and the same each time."""

import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from gnnrec_core.explain.explaining import explain
from gnnrec_core.explain.narrative import percent
from gnnrec_core.explain.walks.bridges import bridges
from gnnrec_core.render import theme
from gnnrec_core.render.story_card import story_page, story_svg
from gnnrec_core.runs.recommend import recommend
from gnnrec_core.runs.run import load_run
from gnnrec_core.runs.workspace import SAMPLE
from gnnrec_core.views.case_picture import case_picture
from gnnrec_core.views.story import tell_story

RUN = load_run(SAMPLE / "runs" / "lightgcn", SAMPLE / "classics")
USER = 754
ITEM = int(recommend(RUN, np.array([USER]), 10).item_index[0, 0])
HOSTILE = "<script>alert(1)</script>\"'&"


@pytest.fixture(scope="module")
def found():
    return explain(RUN, USER, ITEM, "ledger", "margin", 10)


@pytest.fixture(scope="module")
def picture(found):
    return case_picture(found.case, bridges(RUN.model, found.case), RUN.graph, RUN.dataset)


def test_the_claim_is_the_largest_reason_or_the_chosen_one_with_its_own_checks(found, picture):
    first = max(found.contributions, key=lambda part: part.value)
    story = tell_story(found, RUN.dataset, picture, "a run")
    assert story.claim == f"{percent(first.share)} of the lead comes from {first.label}."
    assert ("Trained again", "not done") in story.checks
    without = theme.ordinal(first.checked.rank_without)
    assert ("In this model", f"1st to {without} without it, recomputed") in story.checks
    against = min(found.contributions, key=lambda part: part.value)
    other = tell_story(found, RUN.dataset, picture, "a run", label=against.label)
    assert against.label in other.claim and "against it" in other.claim


def test_a_share_that_reads_as_none_is_said_in_units(found, picture):
    thin = replace(found, case=replace(found.case, score=found.case.reference_score + 1e-6), score=1e-6)
    story = tell_story(thin, RUN.dataset, picture, "a run")
    assert "%" not in story.claim and "in all, comes from" in story.claim


def test_page_and_picture_are_inert_whole_and_repeatable(found, picture):
    story = replace(
        tell_story(found, RUN.dataset, picture, HOSTILE, "javascript:alert(1)"), question=HOSTILE, claim=HOSTILE
    )
    page, drawn = story_page(story), story_svg(story)
    assert page == story_page(story) and drawn == story_svg(story)
    assert "<script" not in page + drawn and "javascript:" not in page
    assert re.findall(r"(?:src|href)=", page) == [] and "default-src 'none'" in page and "@media print" in page
    root = ElementTree.fromstring(drawn)
    assert root.get("width") == "1200"
    said = "".join(root.itertext())
    assert "alert(1)" in said and story.caveat.split()[0] in said


def test_an_address_becomes_a_link(found, picture):
    page = story_page(tell_story(found, RUN.dataset, picture, "a run", "https://lens.example/explain?user=a&item=b"))
    assert '<a href="https://lens.example/explain?user=a&amp;item=b"' in page
