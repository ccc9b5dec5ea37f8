"""The wheel carries the app, its pages and the sample; the dashboard opens runs from anywhere."""

import os
import subprocess
import sys
import zipfile

import pytest

from gnnrec_core.base.errors import RequestError
from gnnrec_core.base.places import PROJECT, default_home
from gnnrec_core.runs.dashboard import command_for
from gnnrec_core.runs.workspace import Workspace, workspace

RUN = PROJECT / "sample_data" / "runs" / "lightgcn"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of this checkout, built by its own backend."""
    out = tmp_path_factory.mktemp("wheel")
    code = f"import hatchling.build as b; print(b.build_wheel({str(out)!r}))"
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=PROJECT, check=True, capture_output=True)
    (path,) = out.glob("*.whl")
    return path


def test_the_wheel_holds_everything_that_the_app_needs(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    for file in ("app.py", "pages/home.py", ".streamlit/config.toml", "sample_data/runs/lightgcn/model.safetensors"):
        assert f"gnnrec_core/shipped/{file}" in names, file
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"gnnrec_core", "gnnrec_ui"}
    scripts = zipfile.ZipFile(wheel).read(next(n for n in names if n.endswith("entry_points.txt"))).decode()
    assert "gnnrec = gnnrec_core.__main__:run" in scripts


def test_an_installed_package_explains_its_sample_from_an_empty_folder(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    empty = tmp_path / "empty"
    empty.mkdir()
    code = (
        "from gnnrec_core.runs.workspace import workspace; w = workspace(); run = w.runs()[0];"
        "import gnnrec_core as gr; r = gr.load(run.folder); user = r.dataset.users.ids[0];"
        "item = r.recommend(user).to_frame()['item'][0]; print(len(gr.explain(r, user, item).to_frame()), w.home)"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site"), "XDG_DATA_HOME": str(tmp_path / "own")}
    environment.pop("GNNREC_HOME", None)
    said = subprocess.run(
        [sys.executable, "-P", "-c", code], cwd=empty, env=environment, capture_output=True, text=True, check=True
    ).stdout.split()
    assert int(said[0]) > 0 and said[1] == str(tmp_path / "own" / "gnnrec-lens")
    assert not list(empty.iterdir())


def test_a_run_from_elsewhere_is_listed_first_and_stays_as_it_is(tmp_path, monkeypatch):
    words, environment = command_for([RUN], port=8600, headless=True)
    assert str(PROJECT / "app.py") in words and "--server.port=8600" in words
    monkeypatch.setenv("GNNREC_HOME", str(tmp_path))
    monkeypatch.setenv("GNNREC_OPEN", environment["GNNREC_OPEN"])
    place = workspace()
    assert next((entry.id, entry.origin) for entry in place.runs()) == ("lightgcn", "opened")
    assert place.datasets()[0].origin == "opened"
    with pytest.raises(RequestError, match="outside the workspace"):
        place.delete_run("lightgcn")
    assert Workspace(tmp_path, opened=(tmp_path / "gone",)).datasets()[0].shipped


def test_a_dashboard_that_cannot_open_is_refused_before_it_starts(tmp_path):
    with pytest.raises(RequestError, match="no run at"):
        command_for([tmp_path])
    with pytest.raises(RequestError, match="--port 0"):
        command_for([], port=0)


def test_in_a_checkout_the_workspace_lies_beside_the_app():
    assert default_home() == PROJECT / "workspace" and (PROJECT / "app.py").is_file()
