"""Passwords are compared with scrypt's hashes, at a bounded cost, and whoever guesses waits behind the others."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import sys
import time

import pytest

from sensor.metrics.passwords import Passwords, hashed, mistake


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def phc(password: str, cost: tuple[int, int, int] = (12, 8, 1), salt: bytes = b"0123456789abcdef") -> str:
    """A hash by hashlib alone, of little cost."""
    ln, r, p = cost
    made = hashlib.scrypt(password.encode(), salt=salt, n=1 << ln, r=r, p=p, maxmem=1 << 28, dklen=32)
    salt_text, made_text = (base64.b64encode(part).decode().rstrip("=") for part in (salt, made))
    return f"$scrypt$ln={ln},r={r},p={p}${salt_text}${made_text}"


CHEAP = phc("secret")


def settled(passwords: Passwords, authorization: str, address: str = "a") -> bool:
    """The answer, when it is known."""
    deadline = time.monotonic() + 30
    while (answer := passwords.admits(authorization, address)) is None:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    return answer


@pytest.mark.parametrize(
    ("authorization", "admitted"),
    [
        (basic("scraper", "secret"), True),
        (basic("scraper", "secret").replace("Basic", "bAsIc  "), True),
        (f" {basic('scraper', 'secret')} ", True),
        (basic("scraper", "secret "), False),
        (basic("scraper", ""), False),
        (basic("Scraper", "secret"), False),
        (basic("", "secret"), False),
        (basic("nobody", "secret"), False),
        (basic("other", "püss:wörd"), True),
        (basic("other", "püss"), False),
        (f"{basic('scraper', 'secret')},{basic('scraper', 'secret')}", False),
        ("Basic " + base64.b64encode(b"scraper").decode(), False),
        ("Basic c2NyYXBlcjpzZWNyZXQ", False),
        ("Basic \xe4\xe4\xe4\xe4", False),
        ("Bearer secret", False),
        (CHEAP, False),
        ("Basic", False),
        ("", False),
    ],
)
def test_who_is_let_in(authorization: str, admitted: bool) -> None:
    passwords = Passwords({"scraper": CHEAP, "other": phc("püss:wörd")})
    assert settled(passwords, authorization) is admitted
    assert settled(passwords, authorization) is admitted, "the second time as well"


def test_a_hash_that_is_made_fits() -> None:
    made = hashed("corrêct")
    assert mistake({"scraper": made}) is None
    assert settled(Passwords({"scraper": made}), basic("scraper", "corrêct"))
    assert not settled(Passwords({"scraper": made}), basic("scraper", "correct"))
    assert made != hashed("corrêct"), "each has a salt of its own"


def test_known_hashes_are_those_of_other_tools() -> None:
    """The form of passlib; the third vector of RFC 7914 has too short a salt, so its parts are another's."""
    assert settled(Passwords({"u": phc("pleaseletmein", (14, 8, 1), b"SodiumChloride12")}), basic("u", "pleaseletmein"))


@pytest.mark.parametrize(
    ("name", "written", "output"),
    [
        ("a", "secret", "expected a hash"),
        ("a", "$2y$10$abcdefghijklmnopqrstuv", "expected a hash"),
        ("a", CHEAP + "\n", "expected a hash"),
        ("a", CHEAP + "=", "expected a hash"),
        ("a", phc("x", (10, 8, 1)), "out of bounds"),
        ("a", CHEAP.replace("ln=12", "ln=18"), "out of bounds"),
        ("a", CHEAP.replace("ln=12", "ln=99"), "out of bounds"),
        ("a", CHEAP.replace("p=1", "p=0"), "out of bounds"),
        ("a", CHEAP.replace("p=1", "p=99"), "out of bounds"),
        ("a", CHEAP.replace("r=8", "r=99"), "out of bounds"),
        ("a", CHEAP.replace("ln=12,r=8", "ln=16,r=1"), "out of bounds"),  # RFC 7914: N is less than 2^(16 * r)
        ("a", CHEAP.replace("ln=12,r=8,p=1", "ln=16,r=1,p=10"), "out of bounds"),
        ("a", CHEAP.replace("ln=12,r=8", "ln=18,r=1"), "out of bounds"),
        ("", CHEAP, "without colon"),
        ("a:b", CHEAP, "without colon"),
        ("a\nb", CHEAP, "without colon"),
    ],
)
def test_mistakes(name: str, written: str, output: str) -> None:
    found = mistake({"good": CHEAP, name: written})
    assert found is not None
    assert output in found
    assert written not in found, "a message may be logged"


def test_the_right_password_costs_one_hash() -> None:
    passwords = Passwords({"scraper": hashed("secret")})
    assert settled(passwords, basic("scraper", "secret"))
    start = time.process_time()
    for _ in range(100):
        assert passwords.admits(basic("scraper", "secret"), "a")
    assert time.process_time() - start < 0.02, "less than one hash"


@pytest.mark.parametrize("user", ["scraper", "nobody"])
def test_guessing_costs_a_twentieth_of_a_processor(user: str) -> None:
    passwords = Passwords({"scraper": hashed("secret")})
    answers = []
    start, used = time.monotonic(), time.process_time()
    while time.monotonic() < start + 2:
        answers.append(passwords.admits(basic(user, f"guess {len(answers)}"), "a"))
        time.sleep(0.02)
    assert False in answers
    assert None in answers
    assert True not in answers
    assert time.process_time() - used < 0.3


def test_a_known_user_does_not_wait_for_those_who_guess() -> None:
    passwords = Passwords({"scraper": hashed("secret")})
    assert settled(passwords, basic("scraper", "secret"))
    assert not settled(passwords, basic("scraper", "guess"))
    assert passwords.admits(basic("scraper", "other guess"), "a") is None
    assert passwords.admits(basic("scraper", "secret"), "a") is True


def test_who_guessed_is_remembered_within_bounds() -> None:
    passwords = Passwords({"scraper": CHEAP})
    assert passwords.last_wrong("a") == 0
    assert not settled(passwords, basic("scraper", "guess"), "a")
    assert settled(passwords, basic("scraper", "secret"), "b")
    assert passwords.last_wrong("a") > 0 == passwords.last_wrong("b")


@pytest.mark.parametrize(("typed", "status"), [("secret\n", 0), ("secret", 0), ("\n", 1), ("", 1)])
def test_the_command(typed: str, status: int) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sensor", "password-hash"], input=typed, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == status, done.stderr
    if status == 0:
        assert settled(Passwords({"u": done.stdout.strip()}), basic("u", "secret"))


@pytest.mark.parametrize("cost", [(15, 1, 1), (16, 2, 1), (9, 64, 1), (17, 2, 2)])
def test_every_cost_that_is_no_mistake_can_be_computed(cost: tuple[int, int, int]) -> None:
    written = CHEAP.replace("ln=12,r=8,p=1", "ln={},r={},p={}".format(*cost))
    assert mistake({"u": written}) is None
    assert settled(Passwords({"u": written}), basic("u", "wrong")) is False


@pytest.mark.parametrize("password", [b"p\xffq", b"\xc3", "pü".encode(), b"a\0b", b" a ", b"a\r"])
@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_a_password_is_bytes_whatever_the_locale(password: bytes, locale: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sensor", "password-hash"],
        input=password + b"\n",
        capture_output=True,
        env={"PATH": "/usr/bin", "LC_ALL": locale, "PYTHONIOENCODING": "utf-8:strict"},
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    authorization = "Basic " + base64.b64encode(b"u:" + password).decode()
    assert settled(Passwords({"u": done.stdout.decode().strip()}), authorization)
