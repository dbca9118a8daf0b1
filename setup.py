"""What pyproject.toml cannot express of a wheel: data from outside the package goes in, what only developers run stays
out, and the path of every event is compiled.

    bpf/           →  sensor/share/bpf/            so that `host-sensor probe load` finds the source of the probe
    sensor/audit/  →  sensor/audit/*.cpython-….so  beside the .py, which runs where no binary fits the interpreter

The folders keep their places in the repository, and their paths in the DEB and the RPM, which packaging/install makes.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from setuptools import Distribution, Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py
from setuptools.errors import BaseError

SHARED = {
    "bpf": "bpf/**/*.[ch]",
    "stages": "packaging/examples/stages/*.py",
    "rules": "packaging/rules/*.rules",
    "grafana": "grafana/dashboards/*.json",
    "prometheus": "grafana/*.yaml",
}
"""Folder below sensor/share → the files in it, which keep their places below the first folder of the pattern."""

DEVELOPERS_ONLY = {"sensor.tables.generate", "sensor.tables.specs"}

COMPILED = (
    "sensor/audit/*.py",
    "sensor/cache.py",
    "sensor/forms/**/*.py",
    "sensor/loss/serials.py",
    "sensor/non_blocking_cache.py",
    "sensor/pipeline/*.py",
    "sensor/probe/coverage.py",
    "sensor/probe/layout.py",
    "sensor/probe/reader.py",
    "sensor/process/cgroup.py",
    "sensor/process/choice.py",
    "sensor/process/clock.py",
    "sensor/process/command.py",
    "sensor/process/command_line.py",
    "sensor/process/containers.py",
    "sensor/process/ends.py",
    "sensor/process/files.py",
    "sensor/process/guid.py",
    "sensor/process/host.py",
    "sensor/process/host_paths.py",
    "sensor/process/image.py",
    "sensor/process/lives.py",
    "sensor/process/program.py",
    "sensor/process/roots.py",
    "sensor/process/table.py",
    "sensor/stages/*.py",
    "sensor/stages/filters/*.py",
    "sensor/stats.py",
    "sensor/summary/*.py",
    "sensor/tables/fields.py",
    "sensor/tables/syscalls.py",
    "sensor/translate/*.py",
)
"""What an event meets on its way, by mypyc. One library holds it all, so that calls between modules are calls of C.

What does nothing but ask /proc, or the system's databases, is not among it: there the time goes to the kernel.
"""

INTERPRETED = {
    "sensor/audit/number.py",  # a str with another class
    "sensor/forms/__init__.py",  # a list with more attributes
    "sensor/stages/times.py",  # times those stages that are to be timed, whatever they are
    "sensor/translate/userdb.py",  # asks the system
}
"""What of that is not compiled, besides modules with options, which are read by their annotations as written."""

HARDENED = ["-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=2"]
HARDENED_LINKS = ["-Wl,-z,relro,-z,now"]
"""What dpkg-buildflags(1) asks for with hardening=+all and Python's own flags lack."""

SWITCH = "HOST_SENSOR_COMPILE"
"""Environment variable: 0 builds without compiling, 1 fails if nothing can be compiled; else what can be done is."""


class BuildPy(build_py):
    """Builds the package, its shared data beside the code."""

    def find_package_modules(self, package: str, package_dir: str) -> list[tuple[str, str, str]]:
        """Every module of a package but those that the program never imports."""
        modules = super().find_package_modules(package, package_dir)
        return [found for found in modules if f"{found[0]}.{found[1]}" not in DEVELOPERS_ONLY]

    def run(self) -> None:
        """Build, then copy what lies outside the package; an editable install finds that where it is."""
        super().run()
        if self.editable_mode:
            return
        for folder, pattern in SHARED.items():
            base = pattern.split("*")[0].rpartition("/")[0]
            for source in sorted(Path().glob(pattern)):
                target = Path(self.build_lib, "sensor", "share", folder, source.relative_to(base))
                target.parent.mkdir(parents=True, exist_ok=True)
                self.copy_file(str(source), str(target))


class BuildExt(build_ext):
    """Compiles COMPILED where mypyc and a C compiler are; else the package is built without, and that is reported."""

    def run(self) -> None:
        """Compile; an editable install is never compiled, for its sources change."""
        if self.editable_mode:
            return
        try:
            self._compile()
        except (ImportError, OSError, BaseError, SystemExit) as error:
            if os.environ.get(SWITCH) == "1":
                raise
            self.extensions = []
            self.warn(f"nothing is compiled, which would save half of the CPU time: {error!r}")

    def _compile(self) -> None:
        extensions = _mypycify(["--no-warn-unused-ignores", *modules_to_compile()])
        for extension in extensions:
            extension.extra_compile_args += HARDENED
            extension.extra_link_args += HARDENED_LINKS
        self.distribution.ext_modules = extensions
        builder = build_ext(self.distribution)  # this command was finalized before there was anything to build
        builder.inplace, builder.build_lib, builder.build_temp = self.inplace, self.build_lib, self.build_temp
        builder.ensure_finalized()
        builder.run()
        self.extensions = builder.extensions


class BinaryDistribution(Distribution):
    """A distribution whose wheel is one for this interpreter, if it is compiled."""

    def has_ext_modules(self) -> bool:
        """Tell whether there is something to compile, which is made up only when it is compiled."""
        return os.environ.get(SWITCH) != "0" and sys.implementation.name == "cpython" and _has_mypyc()


def modules_to_compile() -> list[str]:
    """The paths of the modules that are compiled."""
    return sorted(_modules())


def _modules() -> Iterator[str]:
    for pattern in COMPILED:
        for path in Path().glob(pattern):
            if str(path) not in INTERPRETED and "= option(" not in path.read_text(encoding="utf-8"):
                yield str(path)


def _mypycify(modules: list[str]) -> list[Extension]:
    """The one library that holds modules, and a small one for each; before mypy 1.17 it has a hash as its name."""
    from mypyc.build import mypycify

    try:
        return mypycify(modules, opt_level="2", debug_level="0", group_name="host_sensor")
    except TypeError:
        return mypycify(modules, opt_level="2", debug_level="0")


def _has_mypyc() -> bool:
    try:
        import mypyc.build  # noqa: F401
    except ImportError:
        return False
    return True


if __name__ == "__main__":
    setup(cmdclass={"build_py": BuildPy, "build_ext": BuildExt}, distclass=BinaryDistribution)
