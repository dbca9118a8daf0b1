"""From bpf/process.c to a compiled probe, by BCC. Nothing else imports bcc, and nothing of it outlives the call."""

from __future__ import annotations

import importlib.util
import os
import re
from pathlib import Path
from typing import Any, NamedTuple

from sensor.errors import ProbeError
from sensor.probe import bpf, layout
from sensor.probe.image import MapShape, ProbeImage, program

MAIN = "process.c"


class Recipe(NamedTuple):
    """What a probe is made from.

    source: the folder of its source.
    flags: everything that decides what the compiler makes of it.
    missing: fields that the kernel lacks, as "task_struct.loginuid".
    iterator: BTF's number of the kernel's function that walks over the processes that are there already; 0: none.
    """

    source: Path
    flags: tuple[str, ...]
    missing: tuple[str, ...] = ()
    iterator: int = 0


def installed() -> str:
    """The version of BCC, as "0.31.0", without importing it; empty where there is none."""
    found = importlib.util.find_spec("bcc")
    if found is None or found.origin is None:
        return ""
    try:
        text = Path(found.origin).with_name("version.py").read_text(encoding="utf-8")
    except OSError:
        text = ""
    version = re.search(r"""__version__ = ['"](.+?)['"]""", text)
    return version[1] if version else "unknown"


def compiler_flags(recipe: Recipe) -> list[str]:
    """The flags with the folder of the headers."""
    return [f"-I{recipe.source}", *recipe.flags]


def compile(recipe: Recipe) -> ProbeImage:
    """Compile a probe; ProbeError where there is no BCC, or it finds mistakes."""
    module = _module(recipe)
    try:
        descriptors = {name: module[name.encode()].map_fd for name in layout.MAPS}
        infos = {name: bpf.map_info(descriptor) for name, descriptor in descriptors.items()}
        shapes = {
            name: MapShape(info.type, info.key_size, info.value_size, info.max_entries, info.flags)
            for name, info in infos.items()
        }
        names = {descriptor: name for name, descriptor in descriptors.items()}
        functions = (*layout.PROGRAMS, *([layout.ITERATOR] if recipe.iterator else []))
        programs = {name: program(module.dump_func(name.encode()), names) for name in functions}
    finally:
        module.cleanup()
    return ProbeImage(shapes, programs, recipe.flags, recipe.missing, recipe.iterator, installed())


def _module(recipe: Recipe) -> Any:
    """The compiled source as a bcc.BPF, whose maps exist already."""
    try:
        from bcc import BPF
    except ImportError as error:
        raise ProbeError("BCC is not installed (python3-bpfcc on Debian, python3-bcc on Fedora and RHEL)") from error
    before = os.environ.get("BCC_KERNEL_SOURCE")
    os.environ["BCC_KERNEL_SOURCE"] = str(recipe.source / "stubs")
    try:
        return BPF(text=(recipe.source / MAIN).read_bytes(), cflags=compiler_flags(recipe))
    except Exception as error:
        raise ProbeError(f"BCC could not compile the probe: {error}") from error
    finally:
        if before is None:
            del os.environ["BCC_KERNEL_SOURCE"]
        else:
            os.environ["BCC_KERNEL_SOURCE"] = before
