"""Side by side, without a browser: another run, another person, another item, each in the URL."""

import numpy as np
import pytest

from gnnrec_core.runs.recommend import recommend
from gnnrec_core.runs.run import load_run
from gnnrec_core.runs.workspace import SAMPLE
from tests.ui.app import open_page, own_workspace, parameter, texts, widget  # noqa: F401

RUN = load_run(SAMPLE / "runs" / "lightgcn", SAMPLE / "classics")
LIST = recommend(RUN, np.array([4]), 10).item_index[0].tolist()
CASE = {"user": RUN.dataset.users.ids[4], "item": RUN.dataset.items.ids[LIST[0]], "view": "Side by side"}


@pytest.mark.parametrize("kind", ["run", "person", "item"])
def test_each_kind_has_its_sentence_a_slope_and_two_ledgers(kind):
    app = open_page("explain", **CASE, beside=kind)
    assert not app.error and len(app.get("plotly_chart")) == 3  # the slope also for a phone
    said = texts(app)
    assert "Both share: " in said
    assert ("of their first 8 reasons are the same" in said) == (kind == "item")


def test_the_other_side_is_chosen_and_stands_in_the_url():
    app = open_page("explain", **CASE)
    widget(app.selectbox, "The other run").select("itemknn").run()
    assert parameter(app, "other") == "itemknn" and "ItemKNN" in texts(app)
    app = open_page("explain", **CASE, beside="item", other_item=RUN.dataset.items.ids[LIST[3]])
    assert f"{RUN.dataset.title(LIST[3])} 4th" in texts(app)
    app = open_page("explain", **CASE, beside="person", other_user=CASE["user"])  # that is no other one
    assert app.selectbox(key="other_user").value != CASE["user"] and not app.error
