"""Forms, estimates and staged files: the parts that need no page."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from gnnrec_core.base.errors import RequestError
from gnnrec_core.models.protocol import Epoch
from gnnrec_core.render.charts import data_charts
from gnnrec_core.render.charts.training_charts import best_epoch, training_curves
from gnnrec_core.runs.entries import DatasetEntry, RunEntry
from gnnrec_core.runs.record import RunRecord
from gnnrec_core.runs.workspace import Workspace
from gnnrec_ui.frame import forms
from gnnrec_ui.server import staging
from gnnrec_ui.server.staging import safe_name, source_of, stage
from gnnrec_ui.train import training_time


@dataclass
class Dropped:
    """What Streamlit gives for a dropped file."""

    name: str
    content: bytes

    @property
    def size(self) -> int:
        return len(self.content)

    def getbuffer(self) -> memoryview:
        return memoryview(self.content)


def test_settings_are_grouped_by_the_class_that_declares_them():
    from gnnrec_core.base.settings import describe_settings
    from gnnrec_core.models.lightgcn import LightGCN

    groups = forms.groups(LightGCN.settings_type)
    names = [name for _, group in groups for name in group]
    assert sorted(names) == sorted(field.name for field in describe_settings(LightGCN.settings_type))
    assert len(names) == len(set(names))


NAMES = (
    "../../etc/passwd",
    "..",
    "",
    "/",
    "\x00",
    "CON",
    "nul.txt",
    "a\\b.csv",
    "x" * 300,
    "~",
    "a/../b",
    ".bashrc",
    "é.csv",
)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_name_never_becomes_a_path(tmp_path, name):
    kept = safe_name(name, 0)
    assert kept and "/" not in kept and "\\" not in kept and not kept.startswith(".") and len(kept) <= 90
    place = Workspace(tmp_path / "home")
    staged = place.staging(stage(place, [Dropped(name, b"a,b\n1,2\n"), Dropped(name, b"c")]))
    files = sorted((staged / "source").iterdir())
    assert len(files) == 2 and all(file.resolve().parent == (staged / "source").resolve() for file in files)
    assert source_of(staged) == staged / "source"


def test_one_file_is_the_source_itself_and_too_much_is_refused(tmp_path, monkeypatch):
    place = Workspace(tmp_path / "home")
    staged = place.staging(stage(place, [Dropped("u.data", b"1\t2\n")]))
    assert source_of(staged).name == "u.data" and source_of(staged).read_bytes() == b"1\t2\n"
    monkeypatch.setattr(staging, "MOST_BYTES", 3)
    with pytest.raises(RequestError, match="too much"):
        stage(place, [Dropped("u.data", b"1234")])
    with pytest.raises(RequestError, match="13 files"):
        stage(place, [Dropped("a", b"")] * 13)


def run_entry(seconds: float | None, epochs: int, shipped: bool = False, **settings: float) -> RunEntry:
    record = RunRecord(
        *("lightgcn", settings, 0, "d", "..", "f", "cpu", "finished", "2026"),
        figures={"seconds_per_epoch": seconds, "epochs_run": epochs},
    )
    return RunEntry("r", Path(), record, shipped)


def test_an_estimate_scales_with_data_embedding_and_layers():
    dataset = DatasetEntry("d", Path(), {"n_train": 2000}, False)
    known = [(run_entry(1.0, 20, embedding_dim=32, n_layers=1), 1000)]
    found = training_time.estimate(dataset, "lightgcn", {"embedding_dim": 64, "n_layers": 3, "epochs": 50}, known)
    assert found is not None  # twice the data, twice the length, twice the (layers + 1): 8 s an epoch
    assert found.usual == pytest.approx(8 * 20) and found.most == pytest.approx(8 * 50)
    assert training_time.estimate(dataset, "gat", {}, known) is None
    assert training_time.estimate(dataset, "lightgcn", {}, [(run_entry(None, 1), 10)]) is None


def test_time_left_follows_the_latest_epochs():
    history = [Epoch(n, 1.0, {}, 10.0 if n <= 10 else 1.0, False) for n in range(1, 21)]
    assert training_time.seconds_left(history, 50) == pytest.approx(30)
    assert training_time.seconds_left([], 50) is None


def test_curves_mark_the_best_epoch():
    history = [
        Epoch(1, 0.9, {"ndcg@20": 0.1}, 1.0, True),
        Epoch(2, 0.5, {"ndcg@20": 0.3}, 1.0, True),
        Epoch(3, 0.4, {"ndcg@20": 0.2}, 1.0, False),
    ]
    assert best_epoch(history) is history[1] and best_epoch([Epoch(1, 1.0, {}, 1.0, True)]) is None
    loss, ndcg, best = training_curves(history).data
    assert list(loss.y) == [0.9, 0.5, 0.4] and list(ndcg.y) == [0.1, 0.3, 0.2]
    assert (list(best.x), list(best.y)) == ([2], [0.3])


def test_long_tail_and_degree_charts_show_what_was_counted():
    tail = data_charts.long_tail_chart(np.array([1, 3, 0, 4])).data[0]
    assert list(tail.x) == pytest.approx([0, 0.25, 0.5, 0.75, 1]) and list(tail.y) == pytest.approx(
        [0, 0.5, 0.875, 1, 1]
    )
    users, items = data_charts.degree_chart(np.array([1, 1, 4]), np.array([2])).data
    assert list(users.x) == [1, 4] and list(users.y) == pytest.approx([1, 1 / 3])
    assert list(items.y) == [1]
    hostile = data_charts.rating_chart({"<a href='x'>5</a>": 2}).data[0].x[0]
    assert "<" not in hostile
