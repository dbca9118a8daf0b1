"""Puts the probe into the kernel and takes it out: `host-sensor probe load|unload|status`.

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
import resource
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from sensor.errors import ProbeError
from sensor.probe import DEFAULTS, Options, bpf, bpffs, btf, compiler, image, layout, offsets, seed
from sensor.probe.btf import Btf
from sensor.probe.compiler import MAIN, Recipe
from sensor.probe.image import ProbeImage
from sensor.probe.kept import CompiledProbes
from sensor.probe.place import SEARCHABLE
from sensor.probe.ring import Ring
from sensor.process.procfs import ProcFS
from sensor.rights import accounts

log = logging.getLogger(__name__)

_PACKAGE = Path(__file__).resolve().parents[1]
_SHARED = _PACKAGE / "share" / "bpf"
SOURCE = _SHARED if _SHARED.is_dir() else _PACKAGE.parent / "bpf"
"""Inside the package where pip installed it, else beside it: in the repository, and in a DEB or RPM."""


class Status(NamedTuple):
    """What `host-sensor probe status` shows."""

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
    """These three are layout.ProbeCounts."""
    live: int = 0
    """Processes in the map of live ones."""
    missing: tuple[str, ...] = ()
    """Fields that this kernel lacks, and so every record."""


def load(
    options: Options = DEFAULTS,
    user: str | None = None,
    recipe: Recipe | None = None,
    kept: CompiledProbes | None = None,
) -> Status:
    """Load, attach and pin the probe; nothing happens when just this probe is there. Needs root.

    user: the user that the sensor becomes, so that it can go on with this probe when it was reading another.
    recipe: what it is made from, if not as this kernel and the options ask for.
    kept: compiled probes, of which one is used if it is of this kernel, these options and this version of BCC.
    """
    size = options.ring_size
    if size & (size - 1) or size < mmap.PAGESIZE:
        raise ProbeError(f"ring_size must be a power of two and at least {mmap.PAGESIZE}, not {size}")
    source = (recipe.source if recipe is not None else SOURCE) / MAIN
    if not source.is_file():
        raise ProbeError(f"the source of the probe is missing: {source}")
    with _translated():
        key = _key(options) if kept is not None and recipe is None else ""
        found = kept.find(key, compiler.installed()) if kept is not None and key else None
        recipe = recipe or (Recipe(SOURCE, *found[2:5]) if found else recipe_for(options))
        bpffs.mount(options.path)
        with _locked(options.path):
            if not _is_current(options.path, recipe):
                made = _make(f"{options.path}/new", recipe, found)
                _share(f"{options.path}/new", user)
                _replace(options.path)
                if kept is not None and key and made is not found:
                    kept.keep(key, made)
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
    types = Btf.of_kernel()
    flags = (*_settings(options), *offsets.defines(types, optional))
    return Recipe(SOURCE, flags, offsets.missing(types, optional), types.function(layout.WALK) or 0)


def _key(options: Options) -> str:
    """What distinguishes compiled probes, without looking for anything in the kernel's types."""
    digest = hashlib.sha256("\n".join((*os.uname()[2:], *_settings(options))).encode())
    digest.update(hashlib.sha256(btf.read()).digest())
    digest.update(_text(SOURCE))
    return digest.hexdigest()[:32]


def _settings(options: Options) -> list[str]:
    """The flags that do not depend on the kernel's types."""
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
    ]


def _cpus() -> int:
    """How many processors there can ever be; the file has "0-7"."""
    possible = Path("/sys/devices/system/cpu/possible").read_text(encoding="ascii")
    return int(re.split("[-,]", possible)[-1]) + 1


def _build(recipe: Recipe) -> str:
    """Name of the mark by which compiled probes differ."""
    digest = hashlib.sha256("\n".join((*compiler.compiler_flags(recipe), str(recipe.iterator))).encode())
    digest.update(_text(recipe.source))
    return f"build_{digest.hexdigest()[:16]}"


def _text(source: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(source.rglob("*.[ch]")))


def _is_current(root: str, recipe: Recipe) -> bool:
    expected = {*layout.PROGRAMS, *layout.PINNED_PROGRAMS.values(), *layout.MAPS, _build(recipe)}
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


def _make(directory: str, recipe: Recipe, found: ProbeImage | None) -> ProbeImage:
    """Attach and pin a probe in `directory`; returns it. One that was `found` and is refused is compiled again."""
    if found is not None:
        try:
            _place(directory, recipe, found)
        except (ProbeError, OSError) as error:
            log.warning("the compiled probe is compiled again: %s", error)
        else:
            return found
    made = compiler.compile(recipe)
    _place(directory, recipe, made)
    return made


def _place(directory: str, recipe: Recipe, made: ProbeImage) -> None:
    """Load, attach and pin a compiled probe in `directory`; when that fails, nothing of it is left."""
    shutil.rmtree(directory, ignore_errors=True)
    os.mkdir(directory)
    try:
        os.chmod(directory, 0o711)  # noqa: S103 - who gave up root must still see whether the links are there
        with contextlib.suppress(OSError, ValueError):  # before Linux 5.11 maps count as locked memory
            resource.setrlimit(resource.RLIMIT_MEMLOCK, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        with ExitStack() as stack:
            maps = image.create_maps(made, stack)
            for name in layout.MAPS:
                bpf.pin(maps[name], f"{directory}/{name}")
            for function, tracepoint in layout.PROGRAMS.items():
                program = image.load(function, made.programs[function], maps)
                stack.callback(os.close, program)
                link = bpf.attach_raw_tracepoint(tracepoint, program)
                stack.callback(os.close, link)
                bpf.pin(link, f"{directory}/{function}")
                bpf.pin(program, f"{directory}/{layout.PINNED_PROGRAMS[function]}")
            _seed(made, maps)
        os.mkdir(f"{directory}/{_build(recipe)}")
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
        read = [*layout.MAPS, *layout.PINNED_PROGRAMS.values()]
        for name, mode in ((name, 0o660 if name in layout.MAPPED else 0o640) for name in read):
            os.chown(f"{directory}/{name}", -1, account.gid)
            os.chmod(f"{directory}/{name}", mode)
        os.chown(directory, -1, account.gid)
        os.chmod(directory, 0o751)  # noqa: S103 - as above, and the group locks it
    except PermissionError as error:
        log.warning("a sensor that runs as %s must be started again after each load: %s", user, error)


def _seed(made: ProbeImage, maps: Mapping[str, int]) -> None:
    """Fill the map of live processes with those that are there already, now that no new one can be missed."""
    try:
        if layout.ITERATOR not in made.programs:
            raise ProbeError("the kernel has no iterator over them")
        program = image.load(layout.ITERATOR, made.programs[layout.ITERATOR], maps, made.iterator)
        try:
            bpf.run_iterator(program)
        finally:
            os.close(program)
    except (ProbeError, OSError) as error:
        log.warning("processes older than the probe are known from /proc only: %s", error)
    seed.complete(maps[layout.LIVE], ProcFS())


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
