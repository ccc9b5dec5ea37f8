"""Databases: SQLite and DuckDB files, and a PostgreSQL server that the test starts."""

import os
import pwd
import socket
import sqlite3
import subprocess
import tempfile
from pathlib import Path

import duckdb
import pytest

from gnnrec_core.base.errors import DataError, LensError, RequestError
from gnnrec_core.data.importing import import_source
from gnnrec_core.data.options import ImportOptions
from tests.data.bad_inputs import good_rows

MAKE = "create table ratings (user_id varchar(20), item_id varchar(20), rating real, stamp timestamp)"
INSERT = "insert into ratings values ('{}', '{}', {}, '2020-09-13 12:26:{:02}')"
BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


def statements():
    return [MAKE] + [INSERT.format(row[0], row[1], row[2], n % 60) for n, row in enumerate(good_rows())]


def check(dataset, n=240):
    assert (dataset.n_users, dataset.n_items, len(dataset.interactions)) == (30, 40, n)
    assert dataset.users.ids[0] == "u0" and dataset.interactions.timestamp.min() == 1_599_999_960
    assert dataset.interactions.rating.max() == 5 and dataset.settings["format"] == "sql"


@pytest.fixture
def sqlite_file(tmp_path):
    path = tmp_path / "shop.db"
    connection = sqlite3.connect(path)
    connection.executescript(";".join(statements()))
    connection.close()
    return path


def test_sqlite(sqlite_file):
    url = f"sqlite:///{sqlite_file}"
    check(import_source(f"{url}#ratings", ImportOptions(time_col="stamp")))
    query = "select user_id, item_id, rating, stamp from ratings where rating > 1"
    fewer = import_source(url, ImportOptions(query=query, time_col="stamp"))
    assert len(fewer.interactions) == 192 and fewer.source == f"{url}#query"


def test_a_database_is_only_read(sqlite_file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    url = f"sqlite:///{sqlite_file}"
    before = sqlite_file.read_bytes()
    for query in ("drop table ratings", "delete from ratings", "attach 'x.db' as x"):
        with pytest.raises(LensError):
            import_source(url, ImportOptions(query=query))
    assert sqlite_file.read_bytes() == before
    with pytest.raises(DataError, match="no file"):
        import_source(f"sqlite:///{tmp_path}/absent.db#ratings")
    assert not (tmp_path / "absent.db").exists() and not (tmp_path / "x.db").exists()


def test_wrong_requests_are_sentences(sqlite_file):
    url = f"sqlite:///{sqlite_file}"
    with pytest.raises(RequestError, match="a table or a query"):
        import_source(url)
    with pytest.raises(DataError, match="no table 'rating'") as raised:
        import_source(f"{url}#rating")
    assert "'ratings'" in raised.value.hint
    with pytest.raises(DataError, match="no such column"):
        import_source(url, ImportOptions(query="select x from ratings"))
    with pytest.raises(DataError, match="cannot be used"):
        import_source("sqlite+nothing:///x#y")


def test_duckdb(tmp_path):
    path = tmp_path / "shop.duckdb"
    with duckdb.connect(str(path)) as connection:
        for statement in statements():
            connection.execute(statement)
    url = f"duckdb:///{path}"
    check(import_source(f"{url}#ratings", ImportOptions(time_col="stamp")))
    with pytest.raises(DataError, match="no table"):
        import_source(f"{url}#nothing")
    (tmp_path / "secret.csv").write_text("user,item\na,b\n")
    with pytest.raises(DataError, match="cannot be read"):
        import_source(url, ImportOptions(query=f"select * from '{tmp_path}/secret.csv'"))


@pytest.fixture(scope="module")
def postgres():
    """The URL of a PostgreSQL server of our own, on a free port, in a folder of its own."""
    if not BINARIES:
        pytest.skip("needs PostgreSQL's server programs (Debian package postgresql)")
    binaries = BINARIES[-1]
    as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []
    with tempfile.TemporaryDirectory(prefix="gnnrec-pg-") as folder, socket.socket() as probe:
        if as_user:
            owner = pwd.getpwnam("postgres")
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        password = Path(folder) / "password"
        password.write_text("hunter2\n")
        password.chmod(0o644)
        data = f"{folder}/data"

        def call(program, *words):
            subprocess.run([*as_user, str(binaries / program), *words], check=True, capture_output=True, cwd=folder)

        call("initdb", "-D", data, "-U", "lens", "--auth=scram-sha-256", f"--pwfile={password}", "--no-sync")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
        call("pg_ctl", "-D", data, "-o", options, "-l", f"{folder}/log", "-w", "start")
        try:
            yield f"postgresql://lens:hunter2@127.0.0.1:{port}/postgres"
        finally:
            call("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")


def test_postgresql(postgres):
    import psycopg

    with psycopg.connect(postgres, autocommit=True) as connection:
        for statement in statements():
            connection.execute(statement)
        connection.execute("create schema shop")
        connection.execute("create view shop.liked as select * from ratings where rating >= 3")
    dataset = import_source(f"{postgres}#ratings", ImportOptions(time_col="stamp"))
    check(dataset)
    assert "hunter2" not in dataset.source and dataset.source.endswith("#ratings")
    assert len(import_source(f"{postgres}#shop.liked", ImportOptions(time_col="stamp")).interactions) == 144
    for query in ("delete from ratings returning *", "with x as (delete from ratings returning *) select * from x"):
        with pytest.raises(DataError, match="cannot be read"):
            import_source(postgres, ImportOptions(query=query))
    with psycopg.connect(postgres) as connection:
        assert connection.execute("select count(*) from ratings").fetchone() == (240,)
    with pytest.raises(DataError) as raised:
        import_source(f"{postgres.replace('hunter2', 'wrong')}#ratings")
    assert "wrong" not in raised.value.message
