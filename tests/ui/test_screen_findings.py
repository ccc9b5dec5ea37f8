"""What a first visitor, an auditor and a demo ran into on 0.1.0: each finding and the tests that hold it to its cure.

Where no file is named the test stands here; `audit`, `pickers` are `tests/ui/test_audit_compare.py`, `test_pickers.py`.
3, 4, 7, 10, 12, 14, 16 and 18 stand by their numbers in `tests/ui/test_findings.py`.

1, a headline against its own stars: audit `test_headline_stars_table_and_report_say_the_same_of_a_group`
2, an invented exposure: `test_nothing_never_shown_has_an_exposure`, `tests/audit/test_cockpit.py`
5, one reason with several percentages: `test_one_reason_has_one_share_in_sentences_tables_and_file`
6, streams that do not add up: `test_what_goes_into_a_kind_of_path_goes_on`, `tests/explain/test_bridges.py`
8, intervals beyond 1, two scales: `test_no_interval_leaves_its_range_and_no_chart_has_two_scales_in_one_frame`;
   chance on the Pareto front: `tests/viz/test_audit_charts.py`
9, a cause behind a fold: `test_what_the_number_of_held_out_items_makes_is_nobodys_bad_service`
11, an import that stops with flags as the cure: `tests/ui/test_import_cures.py`
13, Audit opens where nothing is found, a sentence 23 times: audit `test_audit_opens_on..`,
   `test_cannot_tell_is_said_once_with_its_count`
15, two controls and three clicks, a search of what is drawn: pickers
14, tabs that are always there and empty: `tests/ui/test_refused_views.py`
16, the same training twice, one title for all tabs: `test_the_same_training_asks_first`, `test_each_tab_says_its_page`
17, a hairball that hover leaves alone: `tests/viz/test_neighbourhood.py`, `tests/browser/test_views.py`
18, the picture unlinked: `tests/browser/test_views.py` `test_a_bar_a_row_and_a_stop_are_one_selection..`
19, charts below the fold, long pages, a map that is a blob: `tests/browser/test_screens.py`, `tests/whole/test_map.py`
20, two minus signs, files called alike: `test_one_minus_sign`, `test_files_say_what_they_hold`
21, words that need a dictionary: `test_no_page_asks_for_a_command_line_or_a_dictionary`
"""

import ast
import json
import re

import numpy as np
import pytest

from gnnrec_core.audit.auditing import audit
from gnnrec_core.audit.curves import popularity_exposure
from gnnrec_core.audit.worst import worst_group
from gnnrec_core.base.places import PROJECT
from gnnrec_core.explain.explaining import explain
from gnnrec_core.explain.narrative import narrate
from gnnrec_core.ranking.intervals import auc_interval
from gnnrec_core.render.charts import audit_charts, path_charts
from gnnrec_core.runs.run import load_run
from gnnrec_core.runs.workspace import SAMPLE, workspace
from gnnrec_core.views.evidence import evidence_json, gather
from gnnrec_core.views.explanation import part_rows
from gnnrec_ui.audit.audit_view import exposure_table
from gnnrec_ui.train.new_training import twin_of
from tests.ui.app import open_page, own_workspace, texts, widget  # noqa: F401

RUN = load_run(SAMPLE / "runs" / "lightgcn")


def test_nothing_never_shown_has_an_exposure():
    report = audit(RUN, 20)
    never = report.evidence.counts == 0
    points = popularity_exposure(report.evidence, RUN.dataset.n_items)
    assert never.any() and (points.exposure[never] == 0).all() and (points.exposure[~never] > 0).all()
    table = exposure_table(RUN.dataset, points)
    assert (table["Exposure a person"][table["Never shown"]] == 0).all() and table["Never shown"].sum() == never.sum()
    assert f"{never.sum():,} in nobody's list" in texts(open_page("audit", section="items"))


@pytest.mark.parametrize("target", ["score", "margin"])
def test_one_reason_has_one_share_in_sentences_tables_and_file(target):
    user, item = 4, int(RUN.dataset.items.index("nineteen-eighty-four"))
    found = explain(RUN, user, item, "ledger", target)
    strongest = found.contributions[0]
    assert part_rows(found.contributions)[0]["share"] == strongest.share
    said = " ".join(narrate(found, RUN.dataset))
    assert re.search(rf"\b{round(100 * strongest.share)}[\u00a0 ]%", said)
    if target == "margin":
        file = json.dumps(evidence_json(gather(RUN, user, item, str, 10)))
        assert f'"share": {strongest.share}' in file  # the evidence speaks of the same number


def test_what_goes_into_a_kind_of_path_goes_on():
    """What leaves a kind sums, with its signs, to what reaches it; widths alone may not where paths cancel."""
    found = explain(RUN, 4, int(RUN.dataset.items.index("nineteen-eighty-four")), "paths", "score")
    drawn = path_charts.sankey_of_kinds(found).data[0]
    for group in found.groups[:3]:
        strongest = [path.value for path in found.paths if path.meta_path == group.name][:4]
        kind = list(drawn.node.label).index(path_charts.kind_words(group.name))
        ends = list(zip(drawn.link.source, drawn.link.target, drawn.link.value, strict=True))
        assert [value for _, to, value in ends if to == kind] == [pytest.approx(abs(group.value))]
        out = sorted(value for source, _, value in ends if source == kind)
        rest = [abs(group.value - sum(strongest))] if len(out) > len(strongest) else []
        assert out == pytest.approx(sorted([*map(abs, strongest), *rest])) if strongest else not out


def test_no_interval_leaves_its_range_and_no_chart_has_two_scales_in_one_frame():
    assert max(auc_interval(auc, 12, 20).high for auc in (0.9, 0.97, 1.0)) <= 1.0
    report = audit(RUN, 20, "region")
    for figure in (*report.overall.values(), report.items["coverage"], report.items["gini"]):
        assert not np.isfinite(figure.low) or figure.low <= figure.value <= figure.high
    from gnnrec_core.audit.studies.popularity_by_layer import popularity_by_layer

    layers = audit_charts.layer_chart(popularity_by_layer(RUN, 20, "test"))
    assert not [axis for axis in (layers.layout.yaxis, layers.layout.yaxis2) if axis.overlaying]


def test_what_the_number_of_held_out_items_makes_is_nobodys_bad_service():
    """Recall of the most active falls by itself; the sentence says so, and the verdict is about somebody else."""
    report = audit(RUN, 20, "activity")
    active = next(d for d in report.differences if d.metric == "recall" and d.group == "54 to 93")
    assert active.finding == "worse" and "falls with the number of held-out items by itself" in active.sentence
    assert worst_group(report.differences).group != "54 to 93"
    bullet = next(
        line for line in texts(open_page("audit", group="activity", of="54 to 93")).split("\n") if "Recall" in line
    )
    assert "Read it with care" in bullet


def test_the_same_training_asks_first(monkeypatch):
    from gnnrec_core.runs import jobs
    from gnnrec_core.runs.job_files import TrainRequest

    begun = []
    monkeypatch.setattr(jobs, "start", lambda place, request: begun.append(request))
    app = open_page("train", dataset="classics", model="popularity")
    widget(app.button, "Start training").click().run()
    said = " ".join(each.value.replace("\\", "") for each in app.warning)
    assert not begun and "has finished already: it is the run “popularity”" in said
    widget(app.button, "Train it all the same").click().run()
    assert [request.model for request in begun] == ["popularity"]
    place = workspace()
    dataset = place.dataset("classics")
    folder = str(dataset.folder)
    assert twin_of(place, dataset, TrainRequest(folder, "popularity", {}, seed=1)) == ""
    assert (
        twin_of(place, dataset, TrainRequest(folder, "itemknn", {}, seed=0)) == ""
    )  # the shipped one has 50 neighbours


def test_each_tab_says_its_page(monkeypatch):
    """A browser takes the title of the page; each has its own."""
    from gnnrec_ui.frame import shell
    from gnnrec_ui.frame.screens import SCREENS

    monkeypatch.setattr(shell.st, "Page", lambda script, **said: said["title"])
    titles = shell._make_pages()
    assert titles == {name: f"{SCREENS[name].title} · GNNRec Lens" for name in titles}
    assert len(set(titles.values())) == len(titles) and titles["item"] == "Items · GNNRec Lens"


def test_one_minus_sign():
    """Figures on Audit have a real minus; a hyphen before a digit is no sign."""
    for section in ("people", "fix", "items"):
        app = open_page("audit", group="region", section=section, popularity_penalty_strength="0.9")
        shown = [texts(app), *(f"{metric.value} {metric.delta}" for metric in app.metric)]
        assert not re.findall(r"(?<![\w.-])-\d", "\n".join(shown))


def test_files_say_what_they_hold():
    from gnnrec_ui.show.downloads import named

    assert named("evidence for", "Nineteen Eighty-Four", "lightgcn", ending=".html") == (
        "evidence-for-nineteen-eighty-four-lightgcn.html"
    )
    assert named("東京", ending=".csv") == "file.csv" and len(named("a" * 300, ending=".csv")) <= 104
    bare = re.compile(r"^(evidence|audit|comparison|differences|notes|recommendations|network|who-gets-it)\.\w+$")
    for path in [*(PROJECT / "gnnrec_ui").rglob("*.py"), *(PROJECT / "pages").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "download" and len(node.args) > 2:
                file = node.args[2]
                assert not (isinstance(file, ast.Constant) and bare.match(str(file.value))), (path.name, file.value)


FORBIDDEN = (
    "Defined as in", "layer × layer", "hide batch", "person in hand", "speaks against the item", "python -m ",
)  # fmt: skip


@pytest.mark.parametrize("page", ["audit", "item", "map", "compare", "train"])
def test_no_page_asks_for_a_command_line_or_a_dictionary(page):
    app = open_page(page)
    said = "\n".join([texts(app), *(box.label for box in (*app.selectbox, *app.button, *app.expander))])
    assert not [word for word in FORBIDDEN if word in said] and not re.search(r"(?<!\w)--[a-z]", said)
    assert page == "train" or not re.search(r"\b(users|user)\b", said)  # settings speak of rows and columns
