"""The numbers of a SYSCALL record: both ways to cut them agree on every text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor.audit.numbers import Numbers
from sensor.audit.options import TransformOptions
from sensor.audit.record import RecordDecoder

HEAD = "arch=c000003e syscall=59"
BODY = f"{HEAD} success=yes exit=-2 a0=7f01 a1=0 a2=ffffffff a3=8 items=2 ppid=31 pid=4242 auid=0"


NUMBERS = Numbers(RecordDecoder(TransformOptions(), (), 64))
by_expression, by_scan, cut = NUMBERS.by_expression, NUMBERS.by_scan, NUMBERS.cut


def seen(found):
    """What was cut, and where it ends."""
    if found is None:
        return None
    numbers = found.a0, found.a1, found.a2, found.a3, found.items, found.ppid, found.pid
    return found.outcome.start, found.result, found.exit, *numbers, found.end


@pytest.mark.parametrize("cutting", [by_expression, by_scan, cut])
def test_a_usual_record(cutting):
    expected = (HEAD, "yes", "-2", "7f01", "0", "ffffffff", "8", "2", 31, 4242)
    assert seen(cutting("type=x " + BODY, 7)) == (*expected, len("type=x " + BODY) - len("auid=0"))


@pytest.mark.parametrize("cutting", [by_expression, by_scan])
def test_a_call_that_does_not_return_has_no_result(cutting):
    found = cutting(BODY.replace(" success=yes exit=-2", ""), 0)
    assert seen(found)[1:3] == (None, None)


@pytest.mark.parametrize("cutting", [by_expression, by_scan])
@pytest.mark.parametrize("text", [BODY.replace("59 ", "135 per=40000 "), BODY.replace("auid=0", "uid=0 auid=0")])
def test_what_stands_before_and_behind_may_be_more(cutting, text):
    """A personality is named behind the call; what follows the pid is its rest, whatever it is."""
    found = cutting(text, 0)
    assert f"{found.outcome.start} success=yes" in text
    assert (found.pid, text[found.end - 1 :]) == (4242, text[text.index(" pid=4242") + 9 :])


@pytest.mark.parametrize("cutting", [by_expression, by_scan])
def test_what_comes_again_is_remembered_and_not_what_hardly_does(cutting):
    first, again = (cutting(BODY, 0) for _ in range(2))
    assert first.outcome is again.outcome
    assert first.caller is again.caller
    long = BODY.replace("exit=-2", "exit=140737488355328")
    assert cutting(long, 0).outcome is not cutting(long, 0).outcome


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("arch=c000003e", "arch=c000003e1"),
        ("syscall=59", "syscall=59 per=040000"),
        ("syscall=59", "syscall=59 per="),
        ("syscall=59", "syscall=59 per=40000 per=1"),
        ("arch=c000003e", "arch="),
        ("arch=c000003e", "arch=C000003E"),
        ("syscall=59", "syscall=059"),
        ("syscall=59", "syscall=0a"),
        ("syscall=59", "syscall=1234567890"),
        ("success=yes", "success=maybe"),
        ("success=yes", "success=yesno"),
        (" exit=-2", ""),
        ("exit=-2", "exit=-0"),
        ("exit=-2", "exit=-02"),
        ("exit=-2", "exit=02"),
        ("exit=-2", "exit=-"),
        ("exit=-2", "exit=1234567890123456789"),
        ("a0=7f01", "a0=0f01"),
        ("a0=7f01", "a0=12345678901234567"),
        ("a0=7f01", "a0=7g"),
        ("a1=0 ", "a1=00 "),
        ("a1=0 ", ""),
        ("a3=8", "a3=\u00b2"),
        ("items=2", "items=2a"),
        ("items=2", "items=\u00b2"),
        ("ppid=31", "ppid=-1"),
        ("pid=4242 auid=0", "pid=4242"),
        ("pid=4242 ", "pid=4242\n"),
    ],
)
def test_another_form_is_none_of_its_business(old, new):
    text = BODY.replace(old, new)
    assert by_expression(text, 0) is None
    assert by_scan(text, 0) is None


WORDS = ["arch=", "c000003e", " syscall=", "59", " success=", "yes", "no", " exit=", "-", "0", " a0=", " a1=", " a2="]
WORDS += [" per=", " auid=", " a3=", " items=", " ppid=", " pid=", " ", "7f", "\n", "\0", "x"]


@given(st.lists(st.sampled_from(WORDS), max_size=6), st.integers(0, len(BODY)), st.integers(0, 8))
def test_both_ways_agree(words, place, length):
    """A usual record with something of it replaced."""
    text = BODY[:place] + "".join(words) + BODY[place + length :]
    assert seen(by_scan(text, 0)) == seen(by_expression(text, 0))


@given(st.text(st.characters(max_codepoint=255), max_size=40), st.integers(0, 40))
def test_both_ways_agree_on_any_text(text, start):
    assert seen(by_scan(text, start)) == seen(by_expression(text, start))
