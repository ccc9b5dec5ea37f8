"""Files with faults reach a stored dataset without leaving the page; files of every kind show their columns."""

import io
import zipfile

import polars as pl
import pytest

from gnnrec_core.runs.workspace import workspace
from gnnrec_ui.data import import_view
from tests.data.bad_inputs import good_rows, text
from tests.ui.app import open_page, own_workspace, parameter, texts, widget  # noqa: F401
from tests.worlds import SHARED, needs_shared

pytestmark = pytest.mark.usefixtures("own_workspace")


def dropped(**files):
    """The Data page after these files were dropped."""
    staged = workspace().new_staging()
    (staged / "source").mkdir()
    for name, content in files.items():
        data = content if isinstance(content, bytes) else content.encode()
        (staged / "source" / name.replace("__", ".")).write_bytes(data)
    return open_page("data", show="import", **{import_view.PARAMETER: staged.name})


def figures(app):
    assert not app.error and not app.exception, [error.value for error in app.error]
    return {metric.label: metric.value for metric in app.metric}


def button(app, words):
    return next(entry for entry in app.button if words in entry.label)


FAULTY = text(good_rows()).encode() + (
    b"u1,i1,five,1600000000\nu1,i1,3,yesterday\nu1,i1,3,1600000000,more\nu1,i\xff1,3,1600000000\n"
    b'u1,i\x001,3,1600000000\nu1,"i1"x,3,1600000000\n,i1,3,1600000000\nu1\n'
)


def test_a_file_with_every_fault_of_single_rows_is_stored_from_the_page():
    app = dropped(log__csv=FAULTY)
    assert "text on line 245" in app.error[0].value
    assert button(app, "Discard") and button(app, "Read as cp1252")
    button(app, "Leave this row out").click().run()
    assert figures(app)["Interactions"] == "240" and "Rows in the file: 248" in texts(app)
    assert parameter(app, "import_bad_rows") == "drop"
    button(app, "Store dataset").click().run()
    assert len(workspace().datasets()) == 2  # the shipped one, and this


def test_several_unusable_rows_are_counted_on_the_button():
    app = dropped(log__csv=text(good_rows()) + "u1,i1,five,1600000000\nu1,i2,six,1600000000\n")
    assert [entry for entry in app.button if "Leave these 2 rows out" in entry.label]
    button(app, "Leave these 2 rows out").click().run()
    assert figures(app)["Interactions"] == "240"
    widget(app.selectbox, "Rows without a usable value").set_value("refuse").run()
    assert "not a number" in app.error[0].value


def test_an_encoding_is_chosen_on_the_page():
    app = dropped(log__csv=text(good_rows()).encode() + "Zoë,i1,3,1600000000\n".encode("cp1252"))
    button(app, "Read as cp1252").click().run()
    assert figures(app)["Users"] == "31"
    assert widget(app.selectbox, "Encoding of text").value == "cp1252"


def test_what_happened_is_kept_or_weighed_on_the_page():
    events = ("view", "view", "cart", "purchase")
    rows = [[*row[:2], events[n % 4], row[3]] for n, row in enumerate(good_rows())]
    app = dropped(log__csv=text(rows, header="user_id,item_id,event_type,timestamp"))
    assert figures(app)["Interactions"] == "240" and "view 120" in texts(app)
    widget(app.multiselect, "Keep only where event_type is").set_value(["purchase", "cart"]).run()
    assert figures(app)["Interactions"] == "120"
    widget(app.multiselect, "Keep only where event_type is").set_value([]).run()
    widget(app.text_input, "Weights by event_type").set_value("purchase=3,view=1").run()
    assert figures(app)["Interactions"] == "180"


def test_a_typed_condition_keeps_rows_and_a_wrong_one_is_a_sentence():
    app = dropped(log__csv=text(good_rows()))
    widget(app.text_input, "Keep only rows where").set_value("rating >= 4; timestamp < 2020-09-13T16:00:00").run()
    wanted = [row for row in good_rows() if float(row[2]) >= 4 and int(row[3]) < 1_600_012_800]
    assert figures(app)["Interactions"] == str(len(wanted))
    widget(app.text_input, "Keep only rows where").set_value("nonsense").run()
    assert "no condition" in app.error[0].value and button(app, "Discard")


def test_a_split_that_would_deceive_is_refused_and_another_is_chosen():
    rows = [[*row[:3], "1600000000"] for row in good_rows()]
    app = dropped(log__csv=text(rows))
    widget(app.selectbox, "Split").set_value("temporal").run()
    assert "times are equal" in app.error[0].value
    widget(app.selectbox, "Split").set_value("random").run()
    assert figures(app)["Interactions"] == "240"


def frame():
    return pl.read_csv(text(good_rows(), header="who,what,rating,timestamp").encode())


@pytest.mark.parametrize("form", ["parquet", "json", "zip"])
def test_columns_are_chosen_in_every_format(form):
    buffer = io.BytesIO()
    if form == "zip":
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("log.csv", frame().write_csv())
    else:
        {"parquet": pl.DataFrame.write_parquet, "json": pl.DataFrame.write_ndjson}[form](frame(), buffer)
    app = dropped(**{f"log__{form}": buffer.getvalue()})
    assert "please choose" in app.info[0].value
    widget(app.selectbox, "User id").set_value("who").run()
    widget(app.selectbox, "Item id").set_value("what").run()
    assert figures(app)["Users"] == "30" and figures(app)["Items"] == "40"


def test_pieces_of_one_log_are_one_dataset():
    whole = pl.read_csv(text(good_rows()).encode())
    app = dropped(part_0__csv=whole[:100].write_csv(), part_1__csv=whole[100:].write_csv())
    assert figures(app)["Interactions"] == "240"


@needs_shared
@pytest.mark.parametrize(
    "name, counts",
    [
        ("01-yyyymmdd.csv", ("20", "15", "120")),
        ("03-label-0-1.csv", ("20", "15", "58")),
        ("05-movie-headers.txt", ("20", "15", "120")),
        ("13-leading-blank.txt", ("20", "15", "120")),
        ("14-plain.csv.zst", ("20", "15", "120")),
        ("04-session-time-item-category.dat", ("20", "15", "120")),
    ],
)
def test_the_shared_cases_on_the_page(name, counts):
    app = dropped(**{name.replace(".", "__"): (SHARED / "cases" / name).read_bytes()})
    found = figures(app)
    assert (found["Users"], found["Items"], found["Interactions"]) == counts
