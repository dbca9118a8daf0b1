"""The key of hashes: which files are taken."""

from __future__ import annotations

import pytest

from sensor.redact.key import KeyFileError, read_key

KEY = b"0123456789abcdef"


def test_key(tmp_path):
    file = tmp_path / "key"
    file.write_bytes(KEY + b"\n")
    file.chmod(0o600)
    assert read_key(str(file)) == KEY
    for mode in (0o640, 0o604, 0o620):
        file.chmod(mode)
        with pytest.raises(KeyFileError, match="no one else"):
            read_key(str(file))
    file.chmod(0o600)
    (tmp_path / "link").symlink_to(file)
    file.write_bytes(b"short")
    for path in (file, tmp_path / "link", tmp_path / "none", tmp_path):
        with pytest.raises(KeyFileError):
            read_key(str(path))
