"""The Review tab hands out the evidence of the case that the page shows."""

import json

from gnnrec_core.runs.recommend import recommend
from gnnrec_core.runs.run import load_run
from gnnrec_core.runs.workspace import SAMPLE
from gnnrec_ui.explain.evidence import _files
from tests.ui.app import open_page, own_workspace  # noqa: F401

RUN = load_run(SAMPLE / "runs" / "lightgcn")
USER = "reader-0005"
INDEX = RUN.dataset.users.index(USER)
FIRST = int(recommend(RUN, [INDEX], 10).item_index[0, 0])


def test_the_review_tab_offers_the_page_and_the_figures():
    app = open_page("explain", user=USER, item=RUN.dataset.items.ids[FIRST], view="Review")
    assert not app.error
    labels = [element.proto.label for element in app.get("download_button")]
    assert labels == ["Story (HTML)", "Page (HTML)", "Figures (JSON)"]


def test_the_files_hold_the_case_with_other_people_under_pseudonyms(own_workspace):  # noqa: F811
    files = _files(RUN, "a key", INDEX, FIRST, 10)
    case = json.loads(files["json"])["case"]
    assert (case["user"], case["rank"]) == (USER, 1)
    title = RUN.dataset.title(FIRST)
    assert title.split("'")[0] in files["html"]
    others = set(RUN.dataset.users.ids) - {USER}
    assert not [name for name in others if name in files["html"] or name in files["json"]]
