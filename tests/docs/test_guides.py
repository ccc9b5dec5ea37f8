"""The guides are run: each example in order, in one folder, with the output that they show.

A `console` block holds `$ gnnrec ...` commands, a `pycon` block a Python session, a `python` block a script. `...`
stands for any text. What installs something or serves until it is stopped stands in an `sh` block and is not run.
"""

import contextlib
import doctest
import io
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from gnnrec_core.cli import main

ROOT = Path(__file__).resolve().parents[2]
GUIDES = ROOT / "docs" / "guides"
ORDER = ("first-ten-minutes", "analysts-hour", "audits-day")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
ENDS_WITH = re.compile(r"# ends with (\d)$")


def run_console(text: str, place: str) -> None:
    """Run each `$ gnnrec` command; its output and exit code must be those that are shown (none shown: any output)."""
    for command, _, shown in (part.partition("\n") for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]):
        name, *words = shlex.split(command, comments=True)
        assert name == "gnnrec", f"{place}: {command}"
        with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as said:
            code = main(words)
        expected = ENDS_WITH.search(command)
        assert code == (int(expected[1]) if expected else 0), f"{place}: {command}\n{said.getvalue()}"
        same = not shown or doctest.OutputChecker().check_output(shown, out.getvalue(), FLAGS)
        assert same, f"{place}: {command}\n--- shown\n{shown}--- printed\n{out.getvalue()}"


def run_session(text: str, names: dict[str, object], place: str) -> None:
    """Run a Python session; its output must be what is shown."""
    session = doctest.DocTestParser().get_doctest(text, names, place, place, 0)
    report = io.StringIO()
    doctest.DocTestRunner(optionflags=FLAGS).run(session, out=report.write, clear_globs=False)
    names.update(session.globs)
    assert not report.getvalue(), report.getvalue()


def run_script(text: str, place: str) -> None:
    """Run a script."""
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(text, place, "exec"), {"__name__": "__main__"})  # noqa: S102


def run_guides() -> None:
    """Every guide in order, in the current folder."""
    for guide in ORDER:
        names: dict[str, object] = {}
        for number, (kind, text) in enumerate(BLOCK.findall((GUIDES / f"{guide}.md").read_text(encoding="utf-8")), 1):
            place = f"{guide}, block {number}"
            if kind == "console":
                run_console(text, place)
            elif kind == "pycon":
                run_session(text, names, place)
            elif kind == "python":
                run_script(text, place)
            else:
                assert kind == "sh", f"{place}: {kind} is not run"


def test_the_guides_are_true(tmp_path):
    # A process of its own, with one thread: small trainings on several wait for each other where others use the cores.
    own = {"PYTHONPATH": str(ROOT), "GNNREC_HOME": str(tmp_path / "home"), "OMP_NUM_THREADS": "1"}
    code = "from tests.docs.test_guides import run_guides; run_guides()"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={**os.environ, **own}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]


def test_no_guide_is_left_out():
    assert {path.stem for path in GUIDES.glob("*.md")} == set(ORDER)


@pytest.mark.parametrize("text", ["$ gnnrec sample\nsomething\n", "$ gnnrec nothing\n", "$ ls\n"])
def test_a_wrong_example_is_noticed(text):
    with pytest.raises(AssertionError):
        run_console(text, "here")
