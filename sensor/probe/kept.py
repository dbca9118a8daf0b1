"""Compiled probes on disk, so that only the first load with a kernel takes the compiler.

    /var/cache/host-sensor/              0700, root's
        3f6c0e8d1a2b4c5d.probe           host-sensor-probe SHA-256 ⏎ the image as JSON

What is there goes into the kernel, so it is read only if no one but root could have written it, and only whole. A file
is named by what it was made from; another kernel, source or option is another file.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from sensor.probe import image
from sensor.rights import trust

log = logging.getLogger(__name__)

_MAGIC = b"host-sensor-probe "
_SUFFIX = ".probe"
_LARGEST = 4 << 20
_MOST = 4
"""Files: as many kernels as a host has installed."""


class CompiledProbes:
    """The folder of compiled probes; an empty name keeps none."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def find(self, key: str, compiler: str) -> image.ProbeImage | None:
        """The probe of that key, unless another version of the compiler is installed; None where none can be used."""
        if not self._folder:
            return None
        path = f"{self._folder}/{key}{_SUFFIX}"
        try:
            found = _opened(trust.read(path, {os.geteuid()}, _LARGEST))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, trust.UntrustedError) as error:
            log.warning("the compiled probe is not used, and compiled again: %s", _named(path, error))
            return None
        return found if compiler in ("", found.compiler) else None

    def keep(self, key: str, made: image.ProbeImage) -> None:
        """Keep a probe, and of the older ones the newest; a warning where that cannot be."""
        if not self._folder:
            return
        data = image.pack(made)
        try:
            self._prepare()
            _write(f"{self._folder}/{key}{_SUFFIX}", _MAGIC + _sum(data) + b"\n" + data)
            for old in self._oldest_first()[:-_MOST]:
                old.unlink()
        except OSError as error:
            log.warning("the compiled probe is not kept, and compiled again at the next boot: %s", error)

    def _prepare(self) -> None:
        os.makedirs(self._folder, 0o700, exist_ok=True)
        found = os.lstat(self._folder)
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
            raise PermissionError(f"{self._folder} is not a folder of our own")
        os.chmod(self._folder, 0o700)

    def _oldest_first(self) -> list[Path]:
        return sorted(Path(self._folder).glob(f"*{_SUFFIX}"), key=lambda file: file.stat().st_mtime)


def _opened(data: bytes) -> image.ProbeImage:
    """What a file holds; ValueError where it is damaged."""
    head, _, body = data.partition(b"\n")
    if head != _MAGIC + _sum(body):
        raise ValueError("it is damaged")
    return image.unpack(body)


def _sum(data: bytes) -> bytes:
    return hashlib.sha256(data).hexdigest().encode()


def _named(path: str, error: Exception) -> str:
    text = str(error)
    return text if text.startswith("/") or isinstance(error, OSError) else f"{path}: {text}"


def _write(path: str, data: bytes) -> None:
    """Put a file in place, whole or not at all."""
    with _removed_on_error(f"{path}.new") as new:
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.rename(new, path)


@contextlib.contextmanager
def _removed_on_error(path: str) -> Iterator[str]:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    try:
        yield path
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        raise
