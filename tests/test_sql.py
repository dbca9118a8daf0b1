"""What an SQL engine makes of the output: DuckDB's `read_json_auto` on whole recorded sessions."""

from __future__ import annotations

import lzma
from pathlib import Path
from typing import Any

import pytest

from sensor.build import build
from sensor.config import load
from sensor.stats import Stats

duckdb = pytest.importorskip("duckdb")

CORPORA = sorted((Path(__file__).parent / "data" / "corpora").glob("*.audit.xz"))
EVERYTHING = (
    "translate: {universal: true, user_db: true, arguments: true, time: iso, type: true, summary: true}\n"
    "enrich: {cmdline: true, parent_info: true, ancestors: 3, session: true}\n"
)
FORMS = {
    "distinct": "transform: {keys: distinct}",
    "everything": "transform: {keys: distinct, strings: unicode}\n" + EVERYTHING,
}


def written(source: Path, options: str, folder: Path) -> tuple[Path, int]:
    """The file of lines that a log becomes, and how many they are."""
    (folder / "config.yaml").write_text(options)
    pipeline = build(load(str(folder / "config.yaml")), Stats(), live=False).pipeline
    lines = pipeline.feed(lzma.decompress(source.read_bytes()), 0.0) + pipeline.close()
    out = folder / "out.jsonl"
    out.write_bytes(("\n".join(lines) + "\n").encode("latin-1"))
    return out, len(lines)


def ask(query: str, file: Path) -> Any:
    table = f"read_json_auto('{file}', sample_size=-1, maximum_object_size=16777216)"
    with duckdb.connect() as connection:
        return connection.sql(query.replace("log", table, 1)).fetchall()


def test_the_default_form_has_keys_that_an_sql_engine_takes_for_one(tmp_path: Path) -> None:
    out, _ = written(CORPORA[-1], "", tmp_path)
    with pytest.raises(duckdb.Error, match=r"(?i)\bpid"):
        ask("SELECT SYSCALL.pid FROM log", out)


@pytest.mark.parametrize("source", CORPORA, ids=[path.name.partition(".audit")[0] for path in CORPORA])
@pytest.mark.parametrize("form", FORMS)
def test_a_recorded_session_is_loaded_whole(form: str, source: Path, tmp_path: Path) -> None:
    out, count = written(source, FORMS[form], tmp_path)
    query = "SELECT count(*), count(ID), count(SYSCALL.pid), count(SYSCALL.x_pid.EVENT_ID), count(SYSCALL) FROM log"
    ((rows, ids, pids, identified, calls),) = ask(query, out)
    assert (rows, ids) == (count, count)
    assert pids == calls > 0.9 * count
    assert identified > 0


@pytest.mark.parametrize("source", CORPORA, ids=[path.name.partition(".audit")[0] for path in CORPORA])
def test_a_recorded_session_in_ecs_is_loaded_whole(source: Path, tmp_path: Path) -> None:
    out, count = written(source, "output: ecs", tmp_path)
    columns = ("*", "event.id", "process.pid", "process.parent.name", "host.os.type")
    ((rows, ids, pids, parents, hosts),) = ask(f"SELECT {', '.join(map('count({})'.format, columns))} FROM log", out)
    assert (rows, ids, hosts) == (count, count, count)
    assert pids > 0.9 * count
    assert parents > 0.5 * count


@pytest.mark.parametrize("source", CORPORA, ids=[path.name.partition(".audit")[0] for path in CORPORA])
def test_a_recorded_session_in_ocsf_is_loaded_whole(source: Path, tmp_path: Path) -> None:
    out, count = written(source, "output: ocsf", tmp_path)
    columns = ("*", "metadata.uid", "actor.process.pid", "unmapped.data.syscall", "device.hostname")
    ((rows, ids, pids, calls, hosts),) = ask(f"SELECT {', '.join(map('count({})'.format, columns))} FROM log", out)
    assert (rows, ids, hosts) == (count, count, count)
    assert pids > 0.95 * count
    assert calls > 0.9 * count


def test_the_names_that_auditd_translated_are_columns(tmp_path: Path) -> None:
    out, _ = written(CORPORA[2], FORMS["distinct"], tmp_path)
    query = (
        "SELECT SYSCALL.x_arch, count(DISTINCT SYSCALL.x_syscall), count(DISTINCT SYSCALL.x_uid) FROM log GROUP BY 1"
    )
    found = {arch: counts for arch, *counts in ask(query, out)}
    calls, users = found["x86_64"]
    assert calls > 20
    assert users > 1
