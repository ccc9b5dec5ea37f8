"""Files reach the disk whole or not at all, whatever happens to the writer."""

import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from gnnrec_core.base.errors import RequestError
from gnnrec_core.base.files import (
    _machine,
    append_line,
    new_folder,
    sweep_temporaries,
    write_bytes,
    write_json,
    write_together,
)
from gnnrec_core.runs.workspace import Workspace

SIZE = 2**20
WRITER = f"""
import sys
from itertools import count
from pathlib import Path
from gnnrec_core.base.files import new_folder, write_bytes
home = Path(sys.argv[1])
print("ready", flush=True)
for n in count():
    letter = bytes([65 + n % 26])
    write_bytes(home / "one", letter * {SIZE})
    with new_folder(home / "many", overwrite=True) as folder:
        (folder / "a").write_bytes(letter * {SIZE})
        (folder / "b").write_bytes(letter)
"""
LIMITED = """
import resource, sys
from pathlib import Path
from gnnrec_core.base.errors import RequestError
from gnnrec_core.base.files import write_bytes
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    write_bytes(Path(sys.argv[1]), b"n" * 100_000)
except RequestError as error:
    print(error.message, error.hint)
"""


def kill_a_writer(home: Path, seconds: float) -> None:
    """Start a process that writes without end, and kill it after `seconds` of writing."""
    with subprocess.Popen([sys.executable, "-c", WRITER, str(home)], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None and writer.stdout.readline() == b"ready\n"
        time.sleep(seconds)
        writer.send_signal(signal.SIGKILL)


def damaged(home: Path) -> list[str]:
    """Files that hold anything but one whole version."""
    wrong = []
    for path, size in ((home / "one", SIZE), (home / "many" / "a", SIZE), (home / "many" / "b", 1)):
        content = path.read_bytes() if path.is_file() else b""
        if path.parent.is_dir() and (len(content) != size or len(set(content)) != 1):
            wrong.append(f"{path.name}: {len(content)} bytes")
    if (home / "many").is_dir() and (home / "many" / "a").read_bytes()[:1] != (home / "many" / "b").read_bytes():
        wrong.append("files of two versions in one folder")
    return wrong


def kill_writers(home: Path, n: int) -> None:
    draw = random.Random(n)
    write_bytes(home / "one", b"@" * SIZE)
    for _ in range(n):
        kill_a_writer(home, draw.uniform(0.0, 0.15))
        assert damaged(home) == []
    sweep_temporaries(home)
    assert {path.name for path in home.iterdir()} == {"one", "many"} and damaged(home) == []


def test_a_folder_that_was_moved_aside_when_the_writer_died_comes_back(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    aside = tmp_path / f".many.old.{_machine()}-{dead.pid}.abc.tmp"
    (aside / "many").mkdir(parents=True)
    (aside / "many" / "a").write_text("the only copy")
    assert sweep_temporaries(tmp_path) == 1
    assert (tmp_path / "many" / "a").read_text() == "the only copy" and not aside.exists()


def test_a_writer_that_is_killed_leaves_whole_files_and_nothing_after_the_sweep(tmp_path):
    kill_writers(tmp_path, 20)


@pytest.mark.long
def test_a_hundred_killed_writers_leave_whole_files(tmp_path):
    kill_writers(tmp_path, 100)


def test_a_disk_that_takes_no_more_keeps_the_old_file_and_says_so(tmp_path):
    path = tmp_path / "kept"
    path.write_bytes(b"old")
    said = subprocess.run([sys.executable, "-c", LIMITED, str(path)], capture_output=True, text=True, check=True)
    assert f"{path} could not be written" in said.stdout and "needs at least 100,000 bytes" in said.stdout
    assert path.read_bytes() == b"old" and [entry.name for entry in tmp_path.iterdir()] == ["kept"]


def test_a_full_disk_keeps_what_was_there_and_says_how_much_is_needed(small_disk):
    write_json(small_disk / "card", {"a": 1})
    append_line(small_disk / "lines", "one")
    with new_folder(small_disk / "set") as folder:
        (folder / "x").write_bytes(b"1")
    frame = pl.DataFrame({"x": np.random.default_rng(0).random(400_000)})
    before = {path: path.read_bytes() for path in small_disk.rglob("*") if path.is_file()}

    def fill(write):
        with new_folder(small_disk / "set", overwrite=True) as folder:
            write(folder / "x")

    def write_plain(path):
        path.write_bytes(b"n" * (3 * SIZE))

    for write in (
        lambda: write_bytes(small_disk / "card", b"n" * (3 * SIZE)),
        lambda: append_line(small_disk / "lines", "n" * (3 * SIZE)),
        lambda: fill(write_plain),
        lambda: fill(frame.write_parquet),
    ) * 10:
        with pytest.raises(RequestError, match="No space left") as error:
            write()
        assert str(small_disk) in error.value.message
        needed, free = (
            int(n.replace(",", "")) for n in re.findall(r"([\d,]+)(?: bytes; | are free)", error.value.hint)
        )
        assert needed >= SIZE and 0 < free < 2 * SIZE
        assert {path: path.read_bytes() for path in small_disk.rglob("*") if path.is_file()} == before


def test_the_sweep_spares_what_a_living_process_writes(tmp_path):
    alive, foreign, old = (tmp_path / name for name in ("kept", ".x.00000000-7.abc.tmp", ".y.tmp"))
    foreign.write_bytes(b"x")
    old.mkdir()
    (old / "part").write_bytes(b"x")
    os.utime(old, (1, 1))
    with new_folder(alive) as being_made:
        assert sweep_temporaries(tmp_path) == 1  # only what is older than a day and of nobody known
        assert being_made.is_dir() and foreign.is_file() and not old.exists()
    assert alive.is_dir()


def test_a_starting_server_tidies_its_workspace(tmp_path):
    home = tmp_path / "home"
    (home / "runs" / "r-1").mkdir(parents=True)
    stale = home / "staging" / "s-1"
    stale.mkdir(parents=True)
    os.utime(stale, (1, 1))
    kill_me = [sys.executable, "-c", WRITER, str(home / "runs" / "r-1")]
    with subprocess.Popen(kill_me, stdout=subprocess.PIPE) as writer:
        while not list((home / "runs" / "r-1").glob(".*.tmp")):
            time.sleep(0.001)
        writer.kill()
    Workspace(home, read_only=True).tidy()
    assert stale.is_dir()
    Workspace(home).tidy()
    assert not stale.exists() and not list(home.rglob(".*.tmp"))


def test_files_of_one_report_never_stand_beside_those_of_another(tmp_path, monkeypatch):
    """Killed at every step of putting them in place: where the last file is there, all are of its report."""
    names = [tmp_path / name for name in ("a.json", "a.csv", "a.html")]
    steps = 0

    class Killed(BaseException):
        pass

    def stop_at(number: int):
        real, real_unlink = Path.replace, Path.unlink
        count = iter(range(100))

        def step(call):
            def at(self, *words, **more):
                if self.parent == tmp_path and next(count) == number:
                    raise Killed
                return call(self, *words, **more)

            return at

        monkeypatch.setattr(Path, "replace", step(real))
        monkeypatch.setattr(Path, "unlink", step(real_unlink))

    for number in range(12):
        monkeypatch.undo()
        for path in tmp_path.glob("*"):
            path.unlink()
        write_together(dict.fromkeys(names, b"old"))
        stop_at(number)
        try:
            write_together(dict.fromkeys(names, b"new"))
        except Killed:
            steps += 1
        monkeypatch.undo()
        if names[-1].exists():
            assert {path.read_bytes() for path in names} in ({b"old"}, {b"new"}) and all(map(Path.exists, names))
    assert steps >= 6
