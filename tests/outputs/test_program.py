"""Lines to a program, which is started again when it ends."""

from __future__ import annotations

import time

from sensor.outputs import LONGEST_PAUSE, Options
from sensor.outputs.program import ProgramOutput
from sensor.stats import OutputStats
from tests.support.clocks import Clock
from tests.support.waiting import wait_for


def make(command: str, clock=time) -> tuple[ProgramOutput, OutputStats]:
    stats = OutputStats()
    return ProgramOutput(Options(file=command), stats, lambda message: None, clock), stats


def test_a_program_reads_lines_and_its_arguments_are_split_as_by_a_shell(tmp_path):
    target = tmp_path / "with blank"
    output, _ = make(f"| /usr/bin/tee '{target}'")
    output.write(["{1}", "{2}"])
    output.close()
    wait_for(lambda: target.exists() and target.read_bytes() == b"{1}\n{2}\n")


def test_a_program_that_ends_is_started_again(tmp_path):
    clock = Clock()
    output, stats = make(f"|/bin/sh -c 'read line; echo $line >> {tmp_path}/log'", clock)

    def lines() -> list[str]:
        log = tmp_path / "log"
        return log.read_text().split() if log.exists() else []

    for number in range(3):
        output.write([str(number)])
        wait_for(lambda number=number: len(lines()) == number + 1)
        wait_for(lambda number=number: output.flush() or stats.errors.get("EPIPE") == number + 1)
        clock.now += LONGEST_PAUSE
    assert lines() == ["0", "1", "2"]
    assert stats.retries == 2
    output.close()


def test_its_environment_holds_only_a_path(tmp_path):
    output, _ = make(f"| /bin/sh -c '/usr/bin/env > {tmp_path}/log'")
    output.write(["x"])
    wait_for(lambda: "PATH=/" in (tmp_path / "log").read_text() if (tmp_path / "log").exists() else False)
    names = {line.partition("=")[0] for line in (tmp_path / "log").read_text().splitlines()}
    assert names <= {"PATH", "PWD", "SHLVL", "_"}
    output.close()


def test_a_missing_program_is_counted():
    for command, error in (("| /no/such/program", "ENOENT"), ("| /etc/passwd", "EACCES")):
        output, stats = make(command)
        output.write(["x"])
        output.close()
        assert stats.errors == {error: 1}
        assert stats.lost_lines == {error: 1}
