"""OCSF lines as LogEvents: the same as LAUREL's form gives of the same events."""

from __future__ import annotations

import pytest

from sensor.show import laurel_form, ocsf_form
from tests.converting import converted
from tests.forms.ocsf.test_form import STORY

EVENTS = STORY.lstrip().encode()


def test_the_same_as_of_laurels_form() -> None:
    pairs = zip(converted(EVENTS), converted(EVENTS, "output: ocsf"))
    for theirs, ours in pairs:
        one, other = laurel_form.read(theirs), ocsf_form.read(ours)
        assert (one.id, one.time, one.process.pid, one.keys) == (other.id, other.time, other.process.pid, other.keys)
        assert (one.is_exec, one.session) == (other.is_exec, other.session)
        if "SYSCALL" in theirs:
            assert (one.kind, one.words or other.words, one.success) == (other.kind, other.words, other.success)
            assert (one.process.exe, one.parent.pid, one.paths and other.paths) == (
                other.process.exe,
                other.parent.pid,
                other.paths,
            )


def test_what_has_no_id_is_no_event() -> None:
    with pytest.raises(ValueError, match="float"):
        ocsf_form.read({"class_uid": 0, "metadata": {}})


def test_an_address() -> None:
    end = {"ip": "::1", "port": 5}
    event = ocsf_form.read({"metadata": {"uid": "1.000:1"}, "dst_endpoint": end})
    assert event.address == "::1 port 5"
    assert ocsf_form.read({"metadata": {"uid": "1.000:1"}, "src_endpoint": {"name": "/x"}}).address == "/x"
