"""Uploads are read in a child: the same values and errors, caps that hold, nothing that leaves it but files."""

import gzip
import os
import time
from dataclasses import asdict

import psutil
import pytest

from gnnrec_core.base import progress
from gnnrec_core.base.errors import DataError
from gnnrec_core.data.apart import sandbox
from gnnrec_core.data.apart.drafts import load_log, save_log
from gnnrec_core.data.importing import import_source, read_source
from gnnrec_core.data.options import ImportOptions
from gnnrec_core.data.preview import preview_source

ROWS = "user_id,item_id,rating,timestamp\n" + "".join(
    f"u{n % 7},i{n % 11},{1 + n % 5},{1_600_000_000 + n}\n" for n in range(60)
)


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text(ROWS + "u1,,3,1600000000\n")
    return path


def test_a_child_previews_and_reads_what_the_library_does(log, tmp_path):
    inside, outside = preview_source(log), sandbox.preview_apart(log, tmp_path)
    assert inside.rows.equals(outside.rows)
    assert {**vars(inside), "rows": 0} == {**vars(outside), "rows": 0}
    said = []
    options = ImportOptions(min_rating=2)
    with progress.watched(lambda share, what: said.append((share, what))):
        draft = sandbox.draft_apart(log, tmp_path)
    built, known = draft.build(options), import_source(log, options)
    assert built.fingerprint == known.fingerprint and built.problems == known.problems
    assert built.problems and said
    assert not list(tmp_path.glob("draft_*")) and not list(tmp_path.glob("preview_*"))


def test_a_log_survives_its_way_through_files(tmp_path):
    folder = tmp_path / "ml"
    folder.mkdir()
    (folder / "u.data").write_text("".join(f"{n % 5}\t{n % 7}\t{1 + n % 5}\t{10**9 + n}\n" for n in range(30)))
    (folder / "u.item").write_text("".join(f"{n}|Title {n}|||x|" + "|".join("01" * 9) + "|1\n" for n in range(7)))
    for source in (folder, folder / "u.data"):
        log = read_source(str(source), ImportOptions())
        target = tmp_path / f"out_{source.name}"
        target.mkdir()
        save_log(log, target)
        again = load_log(target)
        assert again.name == log.name and again.format == log.format and again.problems == log.problems
        assert (again.items is None) == (log.items is None)
        for old, new in zip(log.parts, again.parts, strict=True):
            assert old.table.frame.equals(new.table.frame) and old.table.frame.schema == new.table.frame.schema
            assert asdict(old.roles) == asdict(new.roles) and old.split == new.split
            assert old.table.where(range(5)) == new.table.where(range(5))


def test_errors_of_the_child_are_the_errors_of_the_library(tmp_path):
    bad = tmp_path / "bad.csv"
    bad.write_text(ROWS + 'u1,i1,"3,1600000000\nu1,i2,3,1\n')
    with pytest.raises(DataError) as known:
        read_source(str(bad), ImportOptions())
    with pytest.raises(DataError) as met:
        sandbox.draft_apart(bad, tmp_path)
    assert met.value.to_dict() == known.value.to_dict()
    assert met.value.details["line"]


def test_a_bomb_is_refused_and_the_server_stays_small(tmp_path):
    bomb = tmp_path / "bomb.csv.gz"
    with gzip.open(bomb, "wb") as file:
        file.write(ROWS.encode())
        for _ in range(200):
            file.write(b"u1,i1,3,1600000000\n" * 50_000)
    own = psutil.Process(os.getpid())
    sandbox.preview_apart(bomb, tmp_path)
    before, start = own.memory_info().rss, time.process_time()
    with pytest.raises(DataError, match="unpacks to more than"):
        sandbox.draft_apart(bomb, tmp_path)
    assert own.memory_info().rss - before <= 50e6
    assert time.process_time() - start < 1  # the work was not ours


def test_the_cap_on_memory_ends_in_a_sentence(log, tmp_path, monkeypatch):
    monkeypatch.setattr(sandbox, "MEMORY_BYTES", 300 * 2**20)
    with pytest.raises(DataError, match="memory"):
        sandbox.draft_apart(log, tmp_path)


def test_the_clock_ends_a_child_that_never_ends(log, tmp_path, monkeypatch):
    monkeypatch.setattr(sandbox, "SECONDS", 0.2)
    with pytest.raises(DataError, match="could not be read within"):
        sandbox.draft_apart(log, tmp_path)
    assert not [child for child in psutil.Process().children() if "parsing_child" in " ".join(child.cmdline())]


def test_the_child_gets_no_secrets(monkeypatch, log, tmp_path):
    monkeypatch.setenv("DATABASE_PASSWORD", "hunter2")
    seen = {}
    real = sandbox.subprocess.Popen

    def watched(*arguments, **options):
        seen.update(options["env"])
        return real(*arguments, **options)

    monkeypatch.setattr(sandbox.subprocess, "Popen", watched)
    sandbox.preview_apart(log, tmp_path)
    assert "DATABASE_PASSWORD" not in seen and "hunter2" not in seen.values()
