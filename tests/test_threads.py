"""A thread that fails is reported and begins again."""

from __future__ import annotations

import threading

import pytest

from sensor.threads import start_thread


@pytest.mark.parametrize("error", [ValueError, MemoryError, OSError])
@pytest.mark.parametrize("failures", [0, 1, 3])
def test_a_thread_that_fails_begins_again(error, failures, caplog):
    seen: list[str] = []
    done = threading.Event()

    def work() -> None:
        if len(seen) < failures:
            raise error("secret")
        done.set()

    thread = start_thread("worker", work, lambda: seen.append(threading.current_thread().name), pause=0)
    thread.join(10)
    assert done.is_set()
    assert not thread.is_alive()
    assert seen == ["worker"] * failures
    assert len(caplog.messages) == failures
    for message in caplog.messages:
        assert message.startswith(f"the thread worker failed ({error.__name__} at ")
        assert "secret" not in message
