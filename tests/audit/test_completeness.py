"""What is missing is counted by its kind, on both ways of an event, and nothing else is."""

from __future__ import annotations

import pytest

from sensor.audit.options import CoalesceOptions
from sensor.stats import PipelineStats
from tests.bench import feeds
from tests.support.pipelines import make_pipeline

PATH = 'PATH item={} name="/x" inode=1 nametype=NORMAL'
CWD = 'CWD cwd="/"'
TITLE = "PROCTITLE proctitle=6C73"
EOE = "EOE "


def syscall(items: object = 1, before: str = "") -> str:
    return (
        f"SYSCALL {before}arch=c000003e syscall=2 success=yes exit=0 a0=0 a1=0 a2=0 a3=0 items={items} ppid=31 pid=48 "
        'auid=1000 uid=0 tty=pts1 ses=3 comm="bash" exe="/usr/bin/bash" key=(null)'
    )


def paths(count: int) -> list[str]:
    return [PATH.format(item) for item in range(count)]


def missing(records: list[str], node: str = "", **options: float) -> dict[str, int]:
    """What is counted of one event that is fed twice: as news, and as one like the last."""
    stats = PipelineStats()
    bounds = CoalesceOptions(**options)  # type: ignore[arg-type]
    pipeline = make_pipeline(coalesce=bounds, stats=stats)
    for serial in range(4):
        lines = [
            f"{node and f'node={node} '}type={record.partition(' ')[0]} msg=audit(1700000000.001:{serial}): "
            f"{record.partition(' ')[2]}\n"
            for record in records
        ]
        now = 100.0 * serial
        pipeline.feed("".join(lines).encode(), now)
        pipeline.tick(now + 10)  # lines without an end are taken
        pipeline.tick(now + 20)  # and leave
    assert stats.events == 4
    assert all(count == 4 for count in stats.incomplete.values()), stats.incomplete
    return dict.fromkeys(stats.incomplete, 1)


@pytest.mark.parametrize("node", ["", "web01"])
@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([syscall(0), EOE], []),
        ([syscall(0), TITLE, EOE], []),
        ([syscall(1), CWD, *paths(1), EOE], []),
        ([syscall(2), CWD, *paths(2), TITLE, EOE], []),
        ([syscall(1), CWD, *paths(2), EOE], []),
        ([syscall(1), CWD, EOE], ["path"]),
        ([syscall(2), CWD, *paths(1), TITLE, EOE], ["path"]),
        ([syscall(12), *paths(10), EOE], ["path"]),
        ([syscall(12), *paths(12), EOE], []),
        ([syscall(0), 'EXECVE argc=2 a0="ls" a1="-l"', EOE], []),
        ([syscall(0), 'EXECVE argc=3 a0="ls" a1="-l"', TITLE, EOE], ["argument"]),
        ([syscall(0), 'EXECVE argc=2 a0="ls"', "EXECVE a1=2D6C", EOE], []),
        ([syscall(0), 'EXECVE argc=3 a0="ls"', "EXECVE a2=2D6C", EOE], ["argument"]),
        ([syscall(1), 'EXECVE argc=2 a0="ls"', EOE], ["argument", "path"]),
        ([syscall(0), "EXECVE argc=1", EOE], ["argument"]),
        (["EXECVE argc=2 a0=6C73", EOE], ["argument", "syscall"]),
        ([syscall(0), 'EXECVE argc=2 a0="ls"'], ["argument", "eoe"]),
        ([syscall("?"), CWD, EOE], []),
        ([syscall("many"), CWD, EOE], []),
        ([syscall(3, "odd=1 "), *paths(2), EOE], ["path"]),
        ([syscall(2, "odd=1 "), *paths(2), EOE], []),
        ([CWD, *paths(1), EOE], ["syscall"]),
        (["EXECVE argc=1 a0=6C73", EOE], ["syscall"]),
        (["SOCKADDR saddr=0200", EOE], ["syscall"]),
        ([TITLE, EOE], ["syscall"]),  # the rest of an event of which a sensor that was replaced read the beginning
        ([TITLE], ["syscall"]),
        ([*paths(1), TITLE, EOE], ["syscall"]),
        ([CWD, *paths(1), TITLE, EOE], ["syscall"]),
        (['EXECVE argc=1 a0="ls"', CWD, *paths(2), TITLE, EOE], ["syscall"]),
        ([EOE, syscall(0), TITLE, EOE], []),
        (["SECCOMP auid=1000 uid=0 pid=48 sig=0 syscall=2", TITLE, EOE], []),
        (["URINGOP uring_op=18 success=yes exit=0 items=1 pid=2 uid=0", *paths(1), TITLE, EOE], []),
        (["URINGOP uring_op=18 success=yes exit=0 items=1 ppid=1 pid=2 uid=0", CWD, *paths(1), EOE], []),
        (["URINGOP uring_op=18 success=yes exit=0 items=2 ppid=1 pid=2 uid=0", CWD, *paths(1), EOE], ["path"]),
        (["AVC avc:  denied  { read } for  pid=1", TITLE, EOE], []),
        (["USER_LOGIN pid=1 uid=0 msg='op=login res=success'"], []),
        (["CONFIG_CHANGE op=add_rule res=1"], []),
        ([syscall(0)], ["eoe"]),
        ([syscall(1), CWD], ["eoe", "path"]),
        ([CWD, *paths(1)], ["syscall"]),
    ],
)
def test_what_is_missing(records: list[str], expected: list[str], node: str) -> None:
    assert sorted(missing(records, node)) == expected


def test_one_that_makes_room_has_no_end() -> None:
    stats = PipelineStats()
    pipeline = make_pipeline(coalesce=CoalesceOptions(max_events=1), stats=stats)
    for serial in range(3):
        type_, _, body = syscall(0).partition(" ")
        pipeline.feed(f"type={type_} msg=audit(1.000:{serial}): {body}\n".encode(), 0.0)
        pipeline.tick(1.0)
    assert stats.incomplete == {"eoe": 2}


def test_what_comes_late_is_no_event_of_its_own() -> None:
    stats = PipelineStats()
    pipeline = make_pipeline(coalesce=CoalesceOptions(), stats=stats)
    for number, text in enumerate((syscall(1), CWD, PATH.format(0), EOE)):
        type_, _, body = text.partition(" ")
        pipeline.feed(f"type={type_} msg=audit(1.000:1): {body}\n".encode(), 100.0 * number)
        pipeline.tick(100.0 * number + 10)
        pipeline.tick(100.0 * number + 20)
    pipeline.close()
    assert stats.late > 0
    assert stats.incomplete == {"path": 1, "eoe": 1}


@pytest.mark.slow
@pytest.mark.parametrize("name", feeds.names())
def test_of_what_a_real_auditd_wrote_nothing_is_missing(name: str) -> None:
    stats = PipelineStats()
    pipeline = make_pipeline(coalesce=CoalesceOptions(), stats=stats)
    pipeline.feed(feeds.recorded(name), 0.0)
    pipeline.close()
    assert stats.events > 10_000
    assert stats.incomplete == {}
