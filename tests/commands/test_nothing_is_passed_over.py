"""An option that says nothing where it stands is refused in a sentence, never passed over in silence."""

import pytest

from gnnrec_core.cli import main
from gnnrec_core.runs.workspace import SAMPLE

RUN, KNN, LISTS = (str(SAMPLE / "runs" / name) for name in ("lightgcn", "itemknn", "incumbent"))
ITEM = ["item", RUN, "--item", "the-odyssey"]


@pytest.mark.parametrize(
    "words, said",
    [
        (["drivers", RUN, "--level", "foretold"], "--level says nothing where no driver is taken away"),
        (["drivers", RUN, "--sample", "5"], "--sample says nothing"),
        (["drivers", RUN, "--between", "North,South"], "Two different groups are compared"),
        (["cases", RUN, "--shape", "learned", "--most", "-1"], "-1 cases cannot be listed"),
        ([*ITEM, "--most", "0", "--trainings", "2"], "--trainings says nothing where no link is looked for"),
        ([*ITEM, "--most", "0", "--surely"], "--surely says nothing"),
        ([*ITEM, "--most", "-1"], "-1 added links cannot be asked for"),
        ([*ITEM, "--more", "0"], "0 more people cannot be asked for"),
        ([*ITEM, "--trainings", "-1"], "-1 trainings cannot be asked for"),
        ([*ITEM, "--days", "0"], "0 days cannot be shown"),
        ([*ITEM, "--links", ","], "',' names no id"),
        ([*ITEM, "--k", "0"], "Lists of 0 items"),
        ([*ITEM, "--attribute", "genre=crime"], "--attribute says nothing of an item that is in the data"),
        (["item", RUN, "--provider", "author=Jane Austen", "--days", "3"], "--days says nothing of a provider"),
        (["item", RUN, "--provider", "author=Jane Austen", "--group-by", "region"], "--group-by says nothing"),
        (["item", RUN, "--provider", "author"], "'author' is no pair of a name and a value"),
        (["cold-start", RUN, "--items", "the-odyssey", "--questions", "0"], "--items says nothing where no question"),
        (["cold-start", LISTS, "--items", "the-odyssey"], "No question can be asked of somebody who has these items"),
        (["tune", KNN, "--set", "degree_power=-0.3", "--overwrite"], "Nothing is saved"),
        (["luck", RUN, "--overwrite"], "--overwrite says nothing where nothing is saved"),
        (["luck", RUN, "--ensemble", KNN], "exists already"),
    ],
)
def test_it_is_refused_with_a_hint(words, said, capsys):
    assert main(words) == 2
    told = capsys.readouterr().err.strip().splitlines()
    assert said in told[-2] and told[-1].endswith(".")


def test_what_is_asked_for_is_what_is_shown(capsys):
    assert main(["drivers", RUN, "--top", "3"]) == 0
    assert "all 818 others" in capsys.readouterr().out
    assert main(["cases", RUN, "--shape", "learned", "--most", "2"]) == 0
    assert len(capsys.readouterr().out.split("The strongest")[1].strip().splitlines()) == 3  # the heads and two
