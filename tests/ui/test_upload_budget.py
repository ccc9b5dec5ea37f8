"""What dropped files may take, in memory and on disk."""

from dataclasses import dataclass
from types import SimpleNamespace

import pytest
from starlette.exceptions import HTTPException
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from gnnrec_core.base.errors import RequestError
from gnnrec_ui.server import upload_budget


@dataclass
class Server:
    uploaded_file_mgr: MemoryUploadedFileManager

    def is_active_session(self, name: str) -> bool:
        return name in "abc"


def upload(number: int, size: int) -> UploadedFileRec:
    return UploadedFileRec(f"file-{number}", "a.csv", "text/csv", b"x" * size)


@pytest.fixture
def store(monkeypatch):
    """Streamlit's own store with the budget in front: 100 bytes a session, 250 in all."""
    server = Server(MemoryUploadedFileManager("/upload"))
    monkeypatch.setattr(upload_budget, "exists", lambda: True)
    monkeypatch.setattr(upload_budget, "get_instance", lambda: server)
    monkeypatch.setattr(upload_budget, "SESSION_BYTES", 100)
    monkeypatch.setattr(upload_budget, "TOTAL_BYTES", 250)
    upload_budget.install()
    upload_budget.install()  # twice is once
    for session in "abc":
        context = SimpleNamespace(session_id=session)
        monkeypatch.setattr(upload_budget, "get_script_run_ctx", lambda context=context, **_: context)
        upload_budget.welcome()
    return server.uploaded_file_mgr


def test_a_flood_of_uploads_is_refused_before_it_is_kept(store):
    taken = 0
    for number in range(60):
        try:
            store.add_file(session_id="a", file=upload(number, 30))
            taken += 1
        except HTTPException as refused:
            assert refused.status_code == 413 and "Reload" in refused.detail
    assert taken == 3
    store.add_file(session_id="a", file=upload(0, 40))  # the same file again replaces the first
    store.remove_file("a", "file-1")
    store.add_file(session_id="a", file=upload(9, 30))


def test_a_session_that_may_drop_no_files_has_none_taken(store):
    """A viewer, somebody who has not logged in, and everybody on a read-only server: the page never asks for theirs."""
    with pytest.raises(HTTPException) as refused:
        store.add_file(session_id="stranger", file=upload(1, 1))
    assert refused.value.status_code == 403 and "stranger" not in store.file_storage


def test_all_sessions_together_have_a_budget_too(store):
    for session in ("a", "b"):
        store.add_file(session_id=session, file=upload(1, 100))
    with pytest.raises(HTTPException, match="Try again later"):
        store.add_file(session_id="c", file=upload(1, 100))
    store.add_file(session_id="c", file=upload(1, 50))


def test_many_tiny_files_are_a_flood_too(store, monkeypatch):
    monkeypatch.setattr(upload_budget, "MOST_FILES", 5)
    for number in range(5):
        store.add_file(session_id="a", file=upload(number, 1))
    with pytest.raises(HTTPException):
        store.add_file(session_id="a", file=upload(6, 1))


def test_what_waits_on_disk_counts(tmp_path, monkeypatch):
    monkeypatch.setattr(upload_budget, "SESSION_BYTES", 2 * 2**20)
    monkeypatch.setattr(upload_budget, "TOTAL_BYTES", 4 * 2**20)
    monkeypatch.setattr(upload_budget.st, "session_state", {})
    upload_budget.check_room(tmp_path / "none", 2 * 2**20)
    for token in ("s-mine", "s-other"):
        (tmp_path / token / "source").mkdir(parents=True)
        (tmp_path / token / "source" / "a.csv").write_bytes(b"x" * 2**20)
    upload_budget.note_staged("s-mine")
    upload_budget.check_room(tmp_path, 2**20)
    with pytest.raises(RequestError, match="You have 1 MiB"):
        upload_budget.check_room(tmp_path, 2**20 + 1)
    (tmp_path / "s-other" / "source" / "b.csv").write_bytes(b"x" * (2**21 + 1))
    with pytest.raises(RequestError, match="All visitors together have 4 MiB"):
        upload_budget.check_room(tmp_path, 1)
