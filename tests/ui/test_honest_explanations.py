"""A seen item, a score below 0, a person of whom nothing is known: the same true sentence on the command line, in the
JSON, in the report and on the page (`../shared/cases/EXPECTED.md`, row 09)."""

import pytest

from gnnrec_core.cli import main
from tests.ui.test_honest_figures import Places, ask, in_the_workspace, open_page, plain  # noqa: F401
from tests.worlds import SHARED, needs_shared

pytestmark = needs_shared
SEEN = "0", "This person has 0 already, so it is in no list of theirs"
NEW = "among the items that this person has not had"
NOT_PERSONAL = "Nothing of this person is in the train data, so the list is not personal"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("cold")
    data, run = home / "datasets" / "d-cold", home / "runs" / "r-cold"
    for parent in (data.parent, run.parent):
        parent.mkdir(parents=True)
    assert ask("data", "import", SHARED / "cases" / "09-lightgcn-cold-and-seen", "--out", data)[0] == 0
    words = ("--device", "cpu", "--set", "epochs=20", "--set", "embedding_dim=16")
    assert ask("train", data, "--model", "lightgcn", "--out", run, *words)[0] == 0
    return home


@pytest.fixture
def explained(home, tmp_path, capsys):
    def ask_all(user, item):
        case, out = ("--user", user, "--item", item), tmp_path / "case.html"
        run = home / "runs" / "r-cold"
        code, found = ask("explain", run, *case)
        assert ask("report", run, *case, "--out", out)[0] == 0
        capsys.readouterr()
        main(["explain", str(run), *case])
        said = capsys.readouterr().out
        app = open_page("explain", dataset="d-cold", run="r-cold", user=user, item=item, target="score")
        assert not app.error
        return Places(code, said, found, plain(out.read_text(encoding="utf-8")), app)

    return ask_all


def test_what_somebody_has_is_never_called_new(explained):
    at = explained("3", "0")
    assert at.code == 0 and all(SEEN[1] in place and NEW not in place for place in at.all)


def test_what_raises_a_score_below_0_speaks_for_the_item_and_has_no_share(explained):
    at = explained("3", "23")
    assert at.found["score"] < 0
    parts = [part for part in at.found["contributions"] if part["kind"] == "history"]
    for sentence in at.found["narrative"]:
        for part in parts:
            if sentence.startswith(f"{part['label']} speaks "):
                assert sentence.startswith(f"{part['label']} speaks {'for' if part['value'] > 0 else 'against'} it")
    told = [sentence.split(";")[0] for sentence in at.found["narrative"] if " speaks " in sentence]
    assert told and all(sentence in place for sentence in told for place in at.all)
    assert not any(" % of the score" in place for place in at.all)
    table = next(frame.value for frame in at.app.dataframe if "Reason" in frame.value)
    assert "Share" not in table.columns


def test_a_list_of_nobody_in_particular_says_so(explained):
    at = explained("28", "2")
    assert at.code == 0 and at.found["contributions"] == []
    assert all(NOT_PERSONAL in place for place in at.all)
