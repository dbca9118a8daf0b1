"""What pyproject.toml cannot say of a wheel: data from outside the package goes in, what only developers run stays out.

    bpf/  →  sensor/share/bpf/      so that `host-sensor probe load` finds the source of the probe

The folders keep their places in the repository, and their paths in the DEB and the RPM, which packaging/install makes.
"""

from __future__ import annotations

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

SHARED = {
    "bpf": "bpf/**/*.[ch]",
    "stages": "packaging/examples/stages/*.py",
    "rules": "packaging/rules/*.rules",
    "grafana": "grafana/dashboards/*.json",
    "prometheus": "grafana/*.yaml",
}
"""Folder below sensor/share → the files in it, which keep their places below the first folder of the pattern."""

DEVELOPERS_ONLY = {"sensor.tables.generate", "sensor.tables.specs"}


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


setup(cmdclass={"build_py": BuildPy})
