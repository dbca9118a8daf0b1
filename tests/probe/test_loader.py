"""Loading, replacing and unloading the real probe; each ends with nothing left in the kernel."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sensor.errors import ProbeError
from sensor.options import OptionError
from sensor.probe import DEFAULTS, Options, bpf, bpffs, layout, loader
from sensor.probe.compiler import Recipe
from sensor.probe.ring import Ring
from sensor.rights import accounts
from tests.probe.loaded import drained, obstacle, options_of_a_test

STAND_IN = accounts.stand_in().name
needs_probe = pytest.mark.skipif(obstacle() is not None, reason=str(obstacle()))

MAP_BY_ID, PROGRAM_BY_ID, LINK_BY_ID = 14, 13, 30


@pytest.fixture
def options() -> Iterator[Options]:
    with options_of_a_test() as options:
        yield options


def ids(pins: str) -> list[tuple[int, int]]:
    """(command that opens it by id, id) of everything the pins keep alive: maps, links, and the links' programs."""
    found = []
    for name in (*layout.MAPS, *layout.PROGRAMS):
        descriptor = bpf.get(f"{pins}/{name}")
        info = bpf.map_info(descriptor)  # struct bpf_link_info also begins with type, id; then the program
        os.close(descriptor)
        if name in layout.MAPS:
            found.append((MAP_BY_ID, info.id))
        else:
            found += [(LINK_BY_ID, info.id), (PROGRAM_BY_ID, info.key_size)]
    return found


def in_kernel(command: int, number: int) -> bool:
    try:
        os.close(bpf._bpf(command, bpf._attributes("@III", number, 0, 0)))
    except FileNotFoundError:
        return False
    return True


def gone(everything: list[tuple[int, int]], seconds: float = 10.0) -> bool:
    """Whether the kernel has let go of all of it; it does so after a grace period."""
    deadline = time.monotonic() + seconds
    while any(in_kernel(*one) for one in everything):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@needs_probe
def test_it_comes_and_goes_without_a_trace(options: Options) -> None:
    assert loader.status(options) == (layout.pins(options.path), *(False,) * 4, 0, 0, 0, 0, ())
    status = loader.load(options)
    assert status[:5] == (layout.pins(options.path), True, True, True, False)
    assert (status.lost, status.untracked, status.missing) == (0, 0, ())
    assert status.live > 1

    everything = ids(status.path)
    assert len(everything) == 9
    assert all(in_kernel(*one) for one in everything)
    assert loader.unload(options).loaded is False
    assert not os.path.exists(options.path)
    assert gone(everything)
    assert loader.unload(options).loaded is False


@needs_probe
def test_loading_again_changes_nothing(options: Options) -> None:
    everything = ids(loader.load(options).path)
    assert ids(loader.load(options).path) == everything


@needs_probe
def test_another_build_takes_its_place_without_a_gap(options: Options, tmp_path: Path) -> None:
    """A shell starts programs all the while, and what the two rings hold together is every one of them."""
    (tmp_path / "go").touch()
    script = "i=0; while [ -e go ]; do /bin/true; i=$((i+1)); done; echo $i"
    pins = loader.load(options).path
    first, before = Ring.open(pins), ids(pins)
    with subprocess.Popen(["/bin/sh", "-c", script], cwd=tmp_path, stdout=subprocess.PIPE, text=True) as shell:
        bigger = replace(options, ring_size=1 << 20)
        assert loader.status(bigger).current is False
        assert loader.load(bigger).current is True
        second = Ring.open(pins)
        (tmp_path / "go").unlink()
        started = int(shell.communicate()[0])
    assert not first.alive()
    assert second.alive()
    assert second.size == 1 << 20
    records = [drained(ring) for ring in (first, second)]
    old, new = ({record.start for record in those if record.spawner_tgid == shell.pid} for those in records)
    assert min(len(old), len(new)) > 0
    assert len(old | new) == started
    for ring in (first, second):
        ring.close()
    assert gone(before)


@needs_probe
def test_a_probe_that_was_tampered_with_is_made_anew(options: Options) -> None:
    pins = loader.load(options).path
    os.unlink(f"{pins}/on_exit")
    assert loader.load(options).attached is True


@needs_probe
def test_what_a_loader_that_died_left_is_cleared_away(options: Options) -> None:
    bpffs.mount(options.path)
    for name in ("new", "old", "old/build_0"):
        os.makedirs(f"{options.path}/{name}", exist_ok=True)
    loader.load(options)
    assert os.listdir(options.path) == [f"v{layout.VERSION}"]


@needs_probe
def test_another_version_stays_while_it_is_read(options: Options, monkeypatch: pytest.MonkeyPatch) -> None:
    loader.load(options)
    os.rename(layout.pins(options.path), f"{options.path}/v0")
    reader = Ring.open(f"{options.path}/v0")
    loader.load(options)
    assert reader.alive()
    assert sorted(os.listdir(options.path)) == ["v0", f"v{layout.VERSION}"]
    reader.close()
    loader.load(replace(options, processes=1000))
    assert os.listdir(options.path) == [f"v{layout.VERSION}"]


@needs_probe
def test_status_shows_who_reads(options: Options) -> None:
    ring = Ring.open(loader.load(options).path)
    assert loader.status(options).read is True
    ring.close()
    assert loader.status(options).read is False


SENSOR_WITHOUT_ROOT = """
import sys
from sensor.rights.accounts import stand_in
from sensor.errors import ProbeError
from sensor.rights.privileges import become
from sensor.probe.ring import Ring

become(stand_in(), sys.argv[2:])
try:
    ring = Ring.open(sys.argv[1])
    sys.exit(0 if ring.alive() and list(ring.live()) and ring.counts() and ring.drain() is not None else 2)
except ProbeError:
    sys.exit(1)
"""


@needs_probe
@pytest.mark.parametrize(
    ("user", "capabilities", "reads"),
    [
        (STAND_IN, ("DAC_READ_SEARCH",), True),
        (None, ("DAC_READ_SEARCH",), False),
        (STAND_IN, (), False),
    ],
)
def test_a_sensor_that_has_given_up_root_reads_the_next_probe(
    options: Options, user: str | None, capabilities: tuple[str, ...], reads: bool
) -> None:
    """With the capability that it keeps to read files of processes, if the loader knows who it is."""
    pins = loader.load(options, user).path
    # A program of its own: the compiler leaves threads, which a forked child would wait for when it changes its user.
    command = [sys.executable, "-c", SENSOR_WITHOUT_ROOT, pins, *capabilities]
    assert subprocess.run(command, cwd=Path(__file__).parents[2]).returncode == (0 if reads else 1)


@needs_probe
def test_a_user_that_does_not_exist_is_reported(options: Options, caplog: pytest.LogCaptureFixture) -> None:
    assert loader.load(options, "no-such-user").attached
    assert f"there is no user no-such-user; {accounts.stand_in().name} may read the probe" in caplog.text


@needs_probe
def test_more_processes_than_can_be_tracked_are_counted(options: Options) -> None:
    few = replace(options, processes=8)
    assert loader.load(few).live == 8
    subprocess.run(["/bin/true"])
    assert loader.status(few).untracked > 0


@pytest.mark.parametrize("size", [1000, 3 << 20, 4095, 5000])
def test_a_ring_must_be_a_power_of_two(size: int) -> None:
    with pytest.raises(OptionError, match="power of two"):
        replace(DEFAULTS, ring_size=size)


@pytest.mark.parametrize("size", [0, 1024])
def test_a_ring_is_a_page_at_least(size: int) -> None:
    with pytest.raises(ProbeError, match="at least"):
        loader.load(replace(DEFAULTS, ring_size=size))


@needs_probe
def test_without_bcc_it_shows_what_to_install(options: Options, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bcc", None)
    with pytest.raises(ProbeError, match="python3-bpfcc"):
        loader.load(options)
    assert os.listdir(options.path) == []


def test_a_source_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProbeError, match=f"source of the probe is missing: {tmp_path}/process.c"):
        loader.load(recipe=Recipe(tmp_path, ()))


@needs_probe
def test_what_does_not_compile_leaves_nothing(
    options: Options, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "process.c").write_text("int on_fork(")
    (tmp_path / "stubs").symlink_to(loader.SOURCE / "stubs")
    with pytest.raises(ProbeError, match="could not compile"):
        loader.load(options, recipe=loader.recipe_for(options)._replace(source=tmp_path))
    assert os.listdir(options.path) == []
    assert "expected" in capfd.readouterr().err
    assert "BCC_KERNEL_SOURCE" not in os.environ


@needs_probe
def test_without_an_iterator_proc_shows_of_older_processes(options: Options) -> None:
    recipe = loader.recipe_for(options)._replace(iterator=0)
    ring = Ring.open(loader.load(options, recipe=recipe).path)
    mine = next(record for record in ring.live() if record.tgid == os.getpid())
    ring.close()
    assert (mine.ns_tgid, mine.parent_tgid, mine.start % 10_000_000) == (os.getpid(), os.getppid(), 0)


@needs_probe
def test_a_kernel_that_lacks_fields_loses_those_fields_only(options: Options) -> None:
    recipe = loader.recipe_for(options, {"task_struct": ("comm", "of_the_future")})
    status = loader.load(options, recipe=recipe)
    ring = Ring.open(status.path)
    pid = os.posix_spawn("/bin/false", ["false"], {})
    os.waitpid(pid, 0)
    records = [record for record in drained(ring) if record.tgid == pid]
    ring.close()
    assert status.missing == ("task_struct.of_the_future",)
    assert [(record.kind, record.spawner_tgid) for record in records] == [(kind, os.getpid()) for kind in (1, 2, 3)]
    assert {(record.cgroup, record.loginuid, record.sessionid, record.status) for record in records} == {
        (0, layout.UNSET, layout.UNSET, 0)
    }
    assert records[-1].comm.startswith(b"false\0")


@needs_probe
def test_without_root_it_shows_so(options: Options) -> None:
    loader.load(options)
    script = f"""
import os
from sensor.rights import privileges
from sensor.errors import ProbeError
from sensor.probe import Options, loader
os.setresuid(65534, 65534, 65534)
for action in (loader.load, loader.unload):
    try:
        action(Options(path={options.path!r}, processes=9))
    except ProbeError as error:
        print(error)
"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=loader.SOURCE.parent)
    assert [line.split(":")[0] for line in result.stdout.splitlines()] == ["the probe needs root"] * 2


@needs_probe
def test_it_runs_on_after_the_loader_has_ended(options: Options) -> None:
    script = f"from sensor.probe import Options, loader; loader.load(Options(path={options.path!r}))"
    subprocess.run([sys.executable, "-c", script], check=True, cwd=loader.SOURCE.parent)
    ring = Ring.open(layout.pins(options.path))
    ring.drain()
    pid = os.posix_spawn("/bin/true", ["true"], {})
    os.waitpid(pid, 0)
    assert [record.kind for record in drained(ring) if record.tgid == pid] == [1, 2, 3]
    ring.close()


# Linux 6.3: no memory becomes executable any more, also after exec; what systemd's MemoryDenyWriteExecute= makes of it.
SEALED = "import ctypes, os, sys; print(ctypes.CDLL(None).prctl(65, 1, 0, 0, 0), flush=True); os.execv(sys.executable, "


@needs_probe
def test_loader_and_reader_work_where_no_memory_can_be_made_executable(options: Options) -> None:
    script = f"""
import os
from sensor.probe import Options, layout, loader
from sensor.probe.ring import Ring
ring = Ring.open(loader.load(Options(path={options.path!r})).path)
os.waitpid(os.posix_spawn("/bin/true", ["true"], {{}}), 0)
records = [layout.ProbeRecord(*values) for values in ring.drain()]
print(len([record for record in records if record.spawner_tgid == os.getpid()]), ring.alive())
"""
    command = [sys.executable, "-c", f"{SEALED}[sys.executable, '-c', {script!r}])"]
    result = subprocess.run(command, capture_output=True, text=True, cwd=loader.SOURCE.parent)
    if result.stdout.startswith("-1"):
        pytest.skip("needs Linux 6.3 for PR_SET_MDWE")
    assert result.stdout.split() == ["0", "3", "True"]


def test_bcc_is_imported_only_to_compile() -> None:
    """Neither does importing the loader import it: status and unload, and a sensor without BCC, do without."""
    script = "import sys, sensor.probe.loader, sensor.probe.ring; print('bcc' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=loader.SOURCE.parent)
    assert result.stdout == "False\n"
