"""What the compiler is reported of a kernel: all there is, less where fields are missing, nothing without the core."""

from __future__ import annotations

from typing import cast

import pytest

from sensor.errors import ProbeError
from sensor.probe.btf import Btf
from sensor.probe.offsets import OPTIONAL, REQUIRED, defines, missing


class Kernel:
    """Stands for a Btf: every field is at 8 but those it lacks."""

    def __init__(self, *lacks: str, exit_parameters: int = 2) -> None:
        self.lacks, self.exit_parameters = lacks, exit_parameters

    def offset(self, name: str, field: str) -> int | None:
        return None if f"{name}.{field}" in self.lacks else 8

    def size(self, name: str) -> int | None:
        return {"upid": 16}.get(name)

    def parameters(self, typedef: str) -> int | None:
        return {"btf_trace_sched_process_exit": self.exit_parameters}.get(typedef)


def flags(kernel: Kernel) -> list[str]:
    return defines(cast(Btf, kernel))


def test_every_field_becomes_a_flag() -> None:
    expected = {f"-DAT_{s}__{f.replace('.', '__')}=8" for w in (REQUIRED, OPTIONAL) for s, fs in w.items() for f in fs}
    assert set(flags(Kernel())) == {*expected, "-DSIZE_upid=16"}


def test_a_field_that_is_missing_is_left_out() -> None:
    assert set(flags(Kernel())) - set(flags(Kernel("task_struct.loginuid"))) == {"-DAT_task_struct__loginuid=8"}
    assert missing(cast(Btf, Kernel("task_struct.loginuid"))) == ("task_struct.loginuid",)
    assert missing(cast(Btf, Kernel())) == ()


@pytest.mark.parametrize("field", [f"{struct}.{field}" for struct, fields in REQUIRED.items() for field in fields])
def test_without_a_field_of_the_identity_there_is_no_probe(field: str) -> None:
    struct, _, name = field.partition(".")
    with pytest.raises(ProbeError, match=f"struct {struct} has no {name}"):
        flags(Kernel(field))


@pytest.mark.parametrize(("parameters", "reported"), [(2, False), (3, True)])
def test_the_exit_tracepoint_of_newer_kernels_shows_of_the_group(parameters: int, reported: bool) -> None:
    assert ("-DEXIT_TELLS_GROUP_DEAD" in flags(Kernel(exit_parameters=parameters))) is reported
