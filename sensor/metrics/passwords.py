"""Who may read the metrics: users by name and hashed password, as HTTP's Basic scheme (RFC 7617) brings them.

    $scrypt$ln=14,r=8,p=1$tzZ0…$0Xq8…       scrypt (RFC 7914) as other tools write it: salt and hash in base64, unpadded

Such a hash is expensive on purpose: some 50 ms and 16 MiB. So a password that was found right is known again by a keyed
digest that lives as long as the process; and hashes take at most a twentieth of one processor, however many ask:
an address that guessed wrong lately waits behind the others.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import sys
import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import NamedTuple

_WRITTEN = re.compile(
    r"\$scrypt\$ln=([0-9]{1,2}),r=([0-9]{1,2}),p=([0-9]{1,2})\$([A-Za-z0-9+/]{16,86})\$([A-Za-z0-9+/]{22,86})"
)
_LEAST_MEMORY, _MOST_MEMORY = 4 << 20, 32 << 20  # bytes
_MOST_WORK = 5 * (16 << 20)  # bytes of memory times p: a quarter of a second
_REST = 20.0
"""How much longer than a hash the time from its begin to the next one is."""
_MOST_ADDRESSES = 1024


class _Hash(NamedTuple):
    """A hash with what it was made with."""

    ln: int
    r: int
    p: int
    salt: bytes
    hash: bytes

    def of(self, password: bytes) -> bytes:
        """The hash that a password has."""
        import hashlib  # with it comes OpenSSL, 3.5 MB resident, which metrics without users do without

        most = 2 * _MOST_MEMORY
        return hashlib.scrypt(
            password, salt=self.salt, n=1 << self.ln, r=self.r, p=self.p, maxmem=most, dklen=len(self.hash)
        )


def asked() -> str:
    """The first line of standard input, or what is typed on a terminal; surrogates are bytes that are no UTF-8."""
    if sys.stdin.isatty():
        import getpass

        return getpass.getpass()
    return sys.stdin.buffer.readline().rstrip(b"\n").decode("utf-8", "surrogateescape")


def hashed(password: str) -> str:
    """A hash of a password for `metrics.users`, with a salt of its own; surrogates are bytes that are no UTF-8."""
    made = _Hash(14, 8, 1, os.urandom(16), bytes(32))
    hash = made.of(password.encode("utf-8", "surrogateescape"))
    written = [base64.b64encode(part).decode().rstrip("=") for part in (made.salt, hash)]
    return "$".join(["", "scrypt", f"ln={made.ln},r={made.r},p={made.p}", *written])


def mistake(hashes: Mapping[str, str]) -> str | None:
    """What is wrong with a map of names and hashes; None: nothing. A message never shows a hash."""
    for name, written in hashes.items():
        if not name or ":" in name or not name.isprintable():
            return f"expected a name without colon, found {name!r}"
        try:
            _read(written)
        except ValueError as error:
            return f"{name}: {error}"
    return None


def _read(written: str) -> _Hash:
    found = _WRITTEN.fullmatch(written)
    if found is None:
        raise ValueError("expected a hash as host-sensor password-hash prints it")
    ln, r, p = (int(number) for number in found.groups()[:3])
    memory = (128 * r) << ln
    possible = ln < 16 * r  # RFC 7914, 6: N is less than 2^(128 * r / 8)
    if not (possible and _LEAST_MEMORY <= memory <= _MOST_MEMORY and 0 < memory * p <= _MOST_WORK):
        raise ValueError(f"the cost ln={ln},r={r},p={p} is out of bounds; host-sensor password-hash has a good one")
    try:
        salt, hash = (base64.b64decode(part + "=" * (-len(part) % 4)) for part in found.groups()[3:])
    except binascii.Error:
        raise ValueError("salt or hash is no base64") from None
    return _Hash(ln, r, p, salt, hash)


class Passwords:
    """Decides who is let in. For one thread.

    hashes: by name of user, without a mistake().
    """

    def __init__(self, hashes: Mapping[str, str]) -> None:
        self._hashes = {name.encode(): _read(written) for name, written in hashes.items()}
        like = next(iter(self._hashes.values()))
        self._nobody = like._replace(salt=os.urandom(16), hash=os.urandom(32))
        self._key = os.urandom(32)
        self._known: dict[bytes, bytes] = {}  # user → keyed digest of the right password
        self._next_hash = 0.0
        self._wrong_at: OrderedDict[str, float] = OrderedDict()

    def last_wrong(self, address: str) -> float:
        """When a wrong password last came from an address, in monotonic seconds; 0: not lately."""
        return self._wrong_at.get(address, 0.0)

    def admits(self, authorization: str, address: str) -> bool | None:
        """Whether the value of a request's Authorization is that of a user; None: to be asked again a little later."""
        import hmac

        user, password = _credentials(authorization)
        if user is None:
            return False
        digest = hmac.digest(self._key, len(user).to_bytes(4, "big") + user + password, "sha256")
        if hmac.compare_digest(digest, self._known.get(user, b"")):
            return True
        start = time.monotonic()
        if start < self._next_hash:
            return None
        right = self._is_right(user, password)
        self._next_hash = start + _REST * (time.monotonic() - start)
        if right:
            self._known[user] = digest
            return True
        self._wrong_at.pop(address, None)
        self._wrong_at[address] = start
        if len(self._wrong_at) > _MOST_ADDRESSES:
            self._wrong_at.popitem(last=False)
        return False

    def _is_right(self, user: bytes, password: bytes) -> bool:
        """Compare in a time that depends neither on whether there is such a user nor how much of the hash is right."""
        import hmac

        wanted = self._hashes.get(user, self._nobody)
        return hmac.compare_digest(wanted.of(password), wanted.hash) and user in self._hashes


def _credentials(authorization: str) -> tuple[bytes | None, bytes]:
    """User and password; no user where there is no such value."""
    scheme, _, text = authorization.strip().partition(" ")
    if scheme.lower() != "basic":
        return None, b""
    try:
        user, colon, password = base64.b64decode(text.strip(), validate=True).partition(b":")
    except ValueError:  # no base64, or no ASCII
        return None, b""
    return (user, password) if colon else (None, b"")
