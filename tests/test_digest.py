"""SHA-256 as hashlib has it, whatever of the interpreter computes it."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import pytest

from sensor.digest import sha256
from tests.support.program import ROOT

EXAMPLES = [b"", b"abc", b"\0" * 55, b"\0" * 56, b"\xff" * 64, bytes(range(256)) * 300]


@pytest.mark.parametrize("data", EXAMPLES)
def test_digests_are_those_of_hashlib(data):
    expected = hashlib.sha256(data)
    pieces = sha256()
    for start in range(0, len(data), 7):
        pieces.update(data[start : start + 7])
    assert pieces.hexdigest() == sha256(data).hexdigest() == expected.hexdigest()
    assert sha256(data).digest() == expected.digest()


@pytest.mark.parametrize("missing", [[], ["_sha2"], ["_sha2", "_sha256"]])
def test_every_python_has_one(missing):
    code = f"import sys; sys.modules.update(dict.fromkeys({missing})); from sensor.digest import sha256; "
    code += "print(sha256(b'abc').hexdigest()[:8], end='')"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("ba7816bf", "")
