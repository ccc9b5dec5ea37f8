"""The image cannot be built in every place where the tests run; what can go wrong in it is read and tried instead."""

import json
import re
import shlex
import subprocess
import sys

import pytest

from tests.browser.app import ROOT, serving

LINES = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()


def instruction(name: str) -> list[str]:
    """What follows the instruction, for each time that it stands in the Dockerfile."""
    return [line.removeprefix(f"{name} ") for line in LINES if line.startswith(f"{name} ")]


def test_the_image_runs_as_nobody_special_on_packages_with_hashes():
    names = [line.split(" ")[0] for line in LINES if re.match(r"[A-Z]+ ", line)]
    assert instruction("USER") == ["lens"] and names.index("USER") < names.index("CMD")
    (install,) = (line for line in instruction("RUN") if "pip install" in line)
    assert "--require-hashes -r requirements.lock" in install
    assert "latest" not in instruction("ARG")[0] and re.search(r"python:3\.\d+-slim-\w+$", instruction("ARG")[0])


def test_all_that_is_copied_is_there_and_let_in():
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[0] == "!"}
    copied = {line.split(" ")[0] for line in instruction("COPY")}
    assert copied == let_in and all((ROOT / path).exists() for path in copied)


@pytest.mark.parametrize(("path", "healthy"), [("/_stcore/script-health-check", True), ("/healthz", False)])
def test_the_command_of_the_image_serves_asks_nobody_for_its_address_and_its_check_reads_the_answer(
    tmp_path, path, healthy
):
    words = json.loads(instruction("CMD")[0])
    assert words[:3] == ["streamlit", "run", "app.py"]
    check = shlex.split(instruction("HEALTHCHECK")[0].split("CMD ")[1])
    with serving(tmp_path / "home", options=tuple(words[3:])) as server:
        port = server.url.rsplit(":", 1)[1]
        code = check[2].replace("8501", port).replace("/_stcore/script-health-check", path)
        assert (subprocess.run([sys.executable, "-c", code]).returncode == 0) == healthy
        said = server.log.read_text()
    assert f"URL: http://localhost:{port}" in said and "Network URL" not in said  # the other branch looks outside
