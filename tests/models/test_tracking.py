import sys
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from types import ModuleType

import pytest

from gnnrec_core.data.store import save_dataset
from gnnrec_core.runs.training import train
from tests.worlds import two_communities

SETTINGS = {"embedding_dim": 8, "epochs": 3, "validate_every": 1}


class Recorder(ModuleType):
    """Stands in for mlflow, with the calls that we make."""

    def __init__(self):
        super().__init__("mlflow")
        self.__spec__ = ModuleSpec("mlflow", None)
        self.experiment, self.params, self.tags, self.metrics, self.ended = "", {}, {}, [], False

    def set_experiment(self, name):
        self.experiment = name

    @contextmanager
    def start_run(self, run_name):
        self.run_name = run_name
        yield
        self.ended = True

    def log_params(self, params):
        self.params |= params

    def set_tags(self, tags):
        self.tags |= tags

    def log_metrics(self, values, step):
        self.metrics.append((step, values))


@pytest.fixture
def recorder(monkeypatch):
    found = Recorder()
    monkeypatch.setitem(sys.modules, "mlflow", found)
    return found


def test_settings_curves_and_figures_are_logged(recorder, monkeypatch, tmp_path):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "file:///nowhere")
    dataset = two_communities()
    save_dataset(dataset, tmp_path / "data")
    record = train(tmp_path / "data", "lightgcn", SETTINGS, tmp_path / "run", device="cpu")
    assert recorder.ended and recorder.experiment == "world" and recorder.run_name.startswith("lightgcn")
    assert recorder.params["embedding_dim"] == 8 and recorder.tags["dataset_fingerprint"] == dataset.fingerprint
    assert [step for step, _ in recorder.metrics] == [1, 2, 3, None]
    assert set(recorder.metrics[0][1]) == {"loss", "seconds", "ndcg_at_20", "recall_at_20"}
    assert recorder.metrics[-1][1]["best_ndcg_at_20"] == record.figures["validation"]["ndcg@20"]


def test_without_the_address_nothing_is_logged(recorder, monkeypatch, tmp_path):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    save_dataset(two_communities(), tmp_path / "data")
    train(tmp_path / "data", "lightgcn", SETTINGS, tmp_path / "run", device="cpu")
    assert recorder.metrics == []
