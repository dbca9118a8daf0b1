"""Puts the probe into the kernel and takes it out: `host-sensor probe load|unload|status`. Nothing else imports bcc.

What is loaded stays after this process has ended, held by its names in bpffs:

    /sys/fs/bpf/                        locked while something is loaded or unloaded
    /sys/fs/bpf/host-sensor/            locked (shared) by sensors that wait for a probe
        v1/                             VERSION of the record; locked by the one reader
            on_fork on_exec on_exit     links: while they are there the probe is attached
            ring counters live          maps
            build_3f6c0e8d1a2b4c5d/     what it was compiled from

It is made in `new/` and appears as `v1/` in one rename, so there is never half a probe; when it replaces another of
the same version, both are attached for a moment and no process is missed.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import logging
import mmap
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from sensor.errors import ProbeError
from sensor.probe import DEFAULTS, Options, bpf, bpffs, layout, offsets, seed
from sensor.probe.btf import Btf
from sensor.probe.place import SEARCHABLE
from sensor.probe.ring import Ring
from sensor.process.procfs import ProcFS
from sensor.rights import accounts

log = logging.getLogger(__name__)

_PACKAGE = Path(__file__).resolve().parents[1]
_SHARED = _PACKAGE / "share" / "bpf"
_MAIN = "process.c"
SOURCE = _SHARED if _SHARED.is_dir() else _PACKAGE.parent / "bpf"
"""Inside the package where pip installed it, else beside it: in the repository, and in a DEB or RPM."""


class Recipe(NamedTuple):
    """What a probe is made from.

    source: the folder of its source.
    flags: everything that decides what the compiler makes of it.
    missing: fields that the kernel lacks, as "task_struct.loginuid".
    iterator: the function that walks over the processes that are there already.
    """

    source: Path
    flags: list[str]
    missing: tuple[str, ...] = ()
    iterator: str = layout.ITERATOR


class Status(NamedTuple):
    """What `host-sensor probe status` tells."""

    path: str
    loaded: bool = False
    attached: bool = False
    """All three tracepoints report; a loaded probe that is not attached was tampered with."""
    current: bool = False
    """It was compiled from the source that is installed and with these options; otherwise `load` would replace it."""
    read: bool = False
    """A sensor is reading it."""
    made: int = 0
    lost: int = 0
    untracked: int = 0
    """These three are layout.Counts."""
    live: int = 0
    """Processes in the map of live ones."""
    missing: tuple[str, ...] = ()
    """Fields that this kernel lacks, and so every record."""


def load(options: Options = DEFAULTS, user: str | None = None, recipe: Recipe | None = None) -> Status:
    """Load, attach and pin the probe; nothing happens when just this probe is there. Needs root.

    user: who the sensor becomes, so that it can go on with this probe when it was reading another.
    recipe: what it is made from, if not as this kernel and the options ask for.
    """
    size = options.ring_size
    if size & (size - 1) or size < mmap.PAGESIZE:
        raise ProbeError(f"ring_size must be a power of two and at least {mmap.PAGESIZE}, not {size}")
    source = (recipe.source if recipe is not None else SOURCE) / _MAIN
    if not source.is_file():
        raise ProbeError(f"the source of the probe is missing: {source}")
    with _translated():
        recipe = recipe or recipe_for(options)
        bpffs.mount(options.path)
        with _locked(options.path):
            if not _is_current(options.path, recipe):
                _make(f"{options.path}/new", recipe)
                _share(f"{options.path}/new", user)
                _replace(options.path)
    return status(options, recipe)


def unload(options: Options = DEFAULTS) -> Status:
    """Detach the probe, of whatever version, and remove every trace of it; nothing happens when there is none."""
    with _translated():
        if os.path.isdir(options.path):
            with _locked(options.path):
                for name in os.listdir(options.path):
                    shutil.rmtree(f"{options.path}/{name}")
                if not _is_read(options.path):  # else a sensor waits there for the next probe
                    os.rmdir(options.path)
        bpffs.unmount(options.path)
    return status(options)


def status(options: Options = DEFAULTS, recipe: Recipe | None = None) -> Status:
    """Look at the probe; changes nothing. recipe: as for load()."""
    pins = layout.pins(options.path)
    with _translated():
        if not os.path.isdir(pins):
            return Status(pins)
        recipe = recipe or recipe_for(options)
        ring = Ring.open(pins, exclusive=False)
        try:
            return Status(
                pins,
                True,
                ring.alive(),
                _is_current(options.path, recipe),
                _is_read(pins),
                *ring.counts(),
                sum(1 for _ in ring.live()),
                recipe.missing,
            )
        finally:
            ring.close()


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except PermissionError as error:
        raise ProbeError(f"the probe needs root: {error}") from error
    except OSError as error:
        raise ProbeError(f"the kernel refuses: {error}") from error


@contextlib.contextmanager
def _locked(root: str) -> Iterator[None]:
    """Keep other loaders away from `root`, which is made if it is not there."""
    # The directory itself is locked by the sensors that wait for a probe in it (sensor.probe.place).
    os.makedirs(os.path.dirname(root), exist_ok=True)
    above = os.open(os.path.dirname(root), os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(above, fcntl.LOCK_EX)
        os.makedirs(root, exist_ok=True)
        os.chmod(root, SEARCHABLE)
        yield
    finally:
        os.close(above)


def recipe_for(options: Options, optional: offsets.Fields = offsets.OPTIONAL) -> Recipe:
    """What the running kernel and the options ask for; raises ProbeError, OSError.

    optional: fields of the kernel that are used where there are any.
    """
    btf = Btf.of_kernel()
    return Recipe(SOURCE, _flags(btf, options, optional), offsets.missing(btf, optional))


def _flags(btf: Btf, options: Options, optional: offsets.Fields) -> list[str]:
    numbers = [int(number) for number in re.findall(r"\d+", os.uname().release)[:3]]
    major, minor, patch = (*numbers, 0, 0, 0)[:3]
    return [
        f"-DLINUX_VERSION_CODE={major << 16 | minor << 8 | min(patch, 255)}",
        f"-DPAGE_SIZE={mmap.PAGESIZE}",
        f"-DRING_PAGES={options.ring_size // mmap.PAGESIZE}",
        f"-DLIVE_ENTRIES={options.processes}",
        f"-DCPUS={_cpus()}",
        f"-DREADER_VERSION={layout.VERSION}",
        f"-DREADER_SIZE={layout.RECORD.size}",
        *offsets.defines(btf, optional),
    ]


def _cpus() -> int:
    """How many processors there can ever be; the file says "0-7"."""
    possible = Path("/sys/devices/system/cpu/possible").read_text(encoding="ascii")
    return int(re.split("[-,]", possible)[-1]) + 1


def _compiler_flags(recipe: Recipe) -> list[str]:
    return [f"-I{recipe.source}", *recipe.flags]


def _build(recipe: Recipe) -> str:
    """Name of the mark that tells one compiled probe from another."""
    digest = hashlib.sha256("\n".join(_compiler_flags(recipe)).encode())
    for file in sorted(recipe.source.rglob("*.[ch]")):
        digest.update(file.read_bytes())
    return f"build_{digest.hexdigest()[:16]}"


def _is_current(root: str, recipe: Recipe) -> bool:
    expected = {*layout.PROGRAMS, *layout.MAPS, _build(recipe)}
    try:
        return expected == set(os.listdir(layout.pins(root)))
    except FileNotFoundError:
        return False


def _is_read(pins: str) -> bool:
    directory = os.open(pins, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(directory)
    return False


def _make(directory: str, recipe: Recipe) -> None:
    """Compile, attach and pin a probe in `directory`; when that fails, nothing of it is left."""
    shutil.rmtree(directory, ignore_errors=True)
    os.mkdir(directory)
    try:
        os.chmod(directory, 0o711)  # noqa: S103 - who gave up root must still see whether the links are there
        module = _compile(recipe)
        for name in layout.MAPS:
            bpf.pin(module[name.encode()].map_fd, f"{directory}/{name}")
        for function, tracepoint in layout.PROGRAMS.items():
            program = _load(module, function, module.RAW_TRACEPOINT)
            link = bpf.attach_raw_tracepoint(tracepoint, program)
            bpf.pin(link, f"{directory}/{function}")
            os.close(link)
        _seed(module, recipe.iterator)
        os.mkdir(f"{directory}/{_build(recipe)}")
        module.cleanup()
    except BaseException:
        shutil.rmtree(directory)
        raise


def _share(directory: str, user: str | None) -> None:
    """Let the group of `user` into the directory, write to what its reader maps, and read the rest."""
    if user is None:
        return
    try:
        account = accounts.any_user(user)
        if account is None:
            account = accounts.stand_in()
            log.warning("there is no user %s; %s may read the probe", user, account.name)
        for name, mode in ((name, 0o660 if name in layout.MAPPED else 0o640) for name in layout.MAPS):
            os.chown(f"{directory}/{name}", -1, account.gid)
            os.chmod(f"{directory}/{name}", mode)
        os.chown(directory, -1, account.gid)
        os.chmod(directory, 0o751)  # noqa: S103 - as above, and the group locks it
    except PermissionError as error:
        log.warning("a sensor that runs as %s must be started again after each load: %s", user, error)


def _compile(recipe: Recipe) -> Any:
    """The compiled source as a bcc.BPF, whose maps exist already."""
    try:
        from bcc import BPF
    except ImportError as error:
        raise ProbeError("BCC is not installed (python3-bpfcc on Debian, python3-bcc on Fedora and RHEL)") from error
    before = os.environ.get("BCC_KERNEL_SOURCE")
    os.environ["BCC_KERNEL_SOURCE"] = str(recipe.source / "stubs")
    try:
        return BPF(text=(recipe.source / _MAIN).read_bytes(), cflags=_compiler_flags(recipe))
    except Exception as error:
        raise ProbeError(f"BCC could not compile the probe: {error}") from error
    finally:
        if before is None:
            del os.environ["BCC_KERNEL_SOURCE"]
        else:
            os.environ["BCC_KERNEL_SOURCE"] = before


def _load(module: Any, function: str, kind: int) -> int:
    """Hand one function to the kernel's verifier; returns its descriptor, which `module` owns."""
    try:
        return int(module.load_func(function.encode(), kind).fd)
    except Exception as error:
        raise ProbeError(f"the kernel does not accept the probe: {error}") from error


def _seed(module: Any, iterator: str) -> None:
    """Fill the map of live processes with those that are there already, now that no new one can be missed."""
    try:
        bpf.run_iterator(_load(module, iterator, module.TRACING))
    except (ProbeError, OSError) as error:
        log.warning("processes older than the probe are known from /proc only: %s", error)
    seed.complete(module[layout.LIVE.encode()].map_fd, ProcFS())


def _replace(root: str) -> None:
    """Let what was made in new/ take its place, and remove what is no longer read."""
    pins, old = layout.pins(root), f"{root}/old"
    shutil.rmtree(old, ignore_errors=True)
    if os.path.isdir(pins):
        os.rename(pins, old)
    os.rename(f"{root}/new", pins)
    for name in os.listdir(root):
        path = f"{root}/{name}"
        # A sensor of another version, not restarted yet, keeps its probe until the next load.
        if path == old or (path != pins and not _is_read(path)):
            shutil.rmtree(path)
