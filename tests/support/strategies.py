"""Hypothesis strategies: audit feeds as hosts write them, and as nobody should.

    feeds()      bytes: events of all kinds, interleaved, cut, repeated, with hostile values
    chunkings    how to cut bytes into chunks
    spoiled()    recorded lines with bytes flipped, lines swapped, repeated and left out

A str holds one byte per character until it becomes a feed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st

Draw = Callable[[st.SearchStrategy[Any]], Any]

HOSTILE = [
    *('""', '"', "'", "''", '"a b"', '"x"y', "it's", "'a b'", '"/tmp/x y', 'y"', '"\\"', "\\", "{", "}", "{}"),
    *("?", '"?"', "(null)", "unset", "0", "-1", "007", "0x1f", "1f", "zz", "-", "--1", "1e9", "99999999999999999999"),
    *(str(2**63 - 1), str(2**63), str(2**64 - 1), str(2**64), str(-(2**63)), str(-(2**63) - 1), "9" * 40),
    *("C3A4", "c3a4", "FF", "EDA080", "EFBBBF", "F0908080", "2F746D70002D6C", "2F746D7", "61016200", "0", "00", "A"),
    *("\xb2", "1\xb9", "\xbd", "\xb5"),  # str.isdigit, isnumeric and isalnum take them
    *("%41", "%", "a+b", "g++", "\x01", "a\x01b", "\x1d", "\x00", "\x7f", "\xff", "\xc3\xa4", "\xa0", "\x85", "\x1c"),
    *("\t", "\r", "a=b", "=", "=x", "avc:", "msg='", "netlabel:", "msg=audit(1.000:1): ", "type=EOE", "", " ", "   "),
    *("denied  { read } for", "avc:  denied  { read open } for ", "avc:  granted null for", "x" * 70, "AB" * 700),
    "\"a msg='b' c\"",
]
NAMES = """
    pid ppid opid ipid uid auid old-auid ses arch syscall success exit items a0 a1 a2 a3 a10 a2[0] a2[1] a2_len a1025
    a9999999 a99999999 argc comm exe key KEYS ARGV PID SESSION_GUID UID TEXT name name_hex name_2 pid_text mode inode
    saddr SADDR subj msg proctitle cwd avc denied netlabel res old uuid x-y cap_fp flags op TEXT_2 KEYS_2 é
"""
TYPES = """
    SYSCALL PATH CWD EXECVE PROCTITLE SOCKADDR OBJ_PID BPRM_FCAPS CONFIG_CHANGE LOGIN AVC AA TTY KERNEL SOCKETCALL
    USER_START SERVICE_START CRED_ACQ USER DAEMON_START DAEMON_END MAC_POLICY_LOAD MAC_UNLBL_ALLOW NETFILTER_PKT EOE
    UNKNOWN[1300] UNKNOWN[1334] UNKNOWN[1423] UNKNOWN[99999] UNKNOWN[4294967296] UNKNOWN[01302] UNKNOWN[1320] UNKNOWN[]
    ID NODE SENSOR PARSE_ERROR CONTAINER_INFO TIME ID_2 NOBODY_KNOWS_ME syscall X-Y ANOM_ABEND
"""

values = st.one_of(
    st.sampled_from(HOSTILE),
    st.binary(max_size=8).map(lambda data: data.hex().upper()),
    st.text(st.characters(max_codepoint=255, exclude_characters="\n"), max_size=6),
)
words = st.one_of(st.builds("{}={}".format, st.sampled_from(NAMES.split()), values), values)
odd_bodies = st.lists(words, max_size=7).map(" ".join)


def some(*texts: str) -> st.SearchStrategy[str]:
    return st.sampled_from(texts)


def mostly(*texts: str) -> st.SearchStrategy[str]:
    """The first text, and now and then another one."""
    return st.sampled_from([*texts, *[texts[0]] * 6 * len(texts)])


def template(form: str, **parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(form.format, **parts)


rests = template(
    "auid={auid} uid=0 gid=0 tty=pts1 ses={ses} comm={comm} exe={exe}{key}{more}",
    auid=some("1000", "4294967295", "unset", "?"),
    ses=some("1", "4294967295", "-1", "x"),
    comm=some('"bash"', "6120623B63", "(null)", '"a b"', "FF"),
    exe=some('"/usr/bin/bash"', "2F746D702F61C3A4", "(null)", '"/tmp/g++"'),
    key=some(' key="exec"', " key=61016200", " key=(null)", " key=", ""),
    more=mostly("", '\x1dARCH=x86_64 SYSCALL=execve AUID="root"', " pid=7", " \x85", "  ", " PID=9", "\xa0", " x"),
)
syscalls = template(
    "arch={arch} syscall={number} {result}a0={a0} a1=7f a2=0 a3={a3} items=2 ppid={ppid} pid={pid}{gap}{rest}",
    arch=mostly("c000003e", "40000028", "0xzz", "x86_64", "C000003E", "0"),
    number=mostly("59", "2", "?", "execve", "059"),
    result=mostly("success=yes exit=0 ", "success=no exit=-13 ", "", "exit=0 success=yes ", "success=maybe exit=1 "),
    a0=mostly("55c094deb5c0", "0", "00", "ffffffffffffffff", "10000000000000000", "?", "zz"),
    a3=mostly("0", "ffffff9c", '"8"'),
    ppid=mostly("31", "1", "01"),
    pid=mostly("48", "4294967295", "999999999999999999", "9999999999999999999"),
    gap=mostly(" ", "  ", " \t", " x ", " netlabel: ", "  msg='a' ", " avc: "),
    rest=rests,
)
arguments = st.lists(
    st.builds(
        "{}={}".format,
        some("argc", "a0", "a1", "a2", "a3", "a3_len", "a3[0]", "a3[1]", "a3[7]", "a1000", "a3000", "x"),
        some('"sh"', "2D63", '""', "C3", "A4", "(null)", "3", "5000", '"a b"', "9999999999", "?", '"-c'),
    ),
    max_size=9,
).map(" ".join)
messages = template(
    "pid={pid} uid=0 auid=1000 ses=1 msg={open}op=PAM:accounting acct={acct} {more} addr=? res=success{close}",
    pid=some("9460", "1", "?"),
    open=some("'", "'", "' ", '"', "''", "", "'avc:  denied  { start } for auid=0 "),
    acct=some('"user"', "726F6F74", "\"system('x')/>\"", '"a\' b"', "?"),
    more=some("", "op=display aging info id=0", "msg='x y'", "uid=1000", "terminal=?'", "free words"),
    close=some("'", "'", '\'\x1dUID="root" AUID="user"', "", "' after=1", "' '"),
)
BODIES: dict[str, st.SearchStrategy[str]] = {
    "SYSCALL": syscalls,
    "EXECVE": arguments,
    "PATH": template(
        "item={item} name={name} inode=12 dev=fd:01 mode={mode} ouid=0 ogid=0 rdev=00:00 nametype=NORMAL{more}",
        item=some("0", "1"),
        name=some('"/bin/sh"', "2F746D702FC3A42BFF", "(null)", '"/a b"', '"x'),
        mode=some("0100755", "040755", "0", "9"),
        more=some("", '\x1dOUID="root" OGID="root"', " cap_fp=0 cap_frootid=1000", " OUID=\x1d"),
    ),
    "CWD": template(
        "{gap}cwd={cwd}{end}", gap=some("", " "), cwd=some('"/"', "2F0A", '"/a b"'), end=some("", " ", "\t")
    ),
    "PROCTITLE": template(
        "proctitle={title}", title=some('"bash"', "6C73002D6C", "6C73002D6", "(null)", "6", "", '"a b"')
    ),
    "SOCKADDR": template(
        "saddr={saddr}{more}",
        saddr=some("020000357F0000010000000000000000", "0100", "10.0.0.1"),
        more=some("", "\x1dSADDR={ saddr_fam=inet laddr=127.0.0.1 lport=53 }", "\x1dSADDR=unknown family(0)"),
    ),
    "USER_START": messages,
    "SERVICE_START": messages,
    "AVC": template(
        'avc:  {verb}  {set} for  pid=2 comm="httpd" dest=8080 tclass=file',
        verb=some("denied", "granted", "allowed"),
        set=mostly("{ read open }", "{ read 0x400 }", "null", "{ }", "{}", "{ a { b } }", "\t{ x }"),
    ),
    "EOE": some("", "", "", " ", "x"),
}


@st.composite
def records(draw: Draw) -> tuple[str, str]:
    """A type and a body that belongs to it, mostly."""
    type = draw(st.one_of(st.sampled_from(sorted(BODIES)), st.sampled_from(TYPES.split())))
    body = draw(BODIES[type]) if type in BODIES and draw(st.integers(0, 9)) else draw(odd_bodies)
    return type, body


FAMILIES = [
    [
        '"x"',
        '"y"',
        "\"a msg='b' c\"",
        '"a b"',
        '"a=b c=d"',
        '"?"',
        '"it\'s"',
        '"g++"',
        '"\xff"',
        '""',
        '"x',
        "(null)",
        "78",
    ],
    [
        "1",
        "2",
        "0",
        "-7",
        "007",
        "-0",
        "0x7f",
        "18446744073709551615",
        "?",
        "(null)",
        "unset",
        "x",
        '"7"',
        "c000003e",
        "9",
    ],
    ["x", "y", "/x", "a:b", "'q'", "'", "{", "{x}", "(none)", "(null)", "?", "a\x1db", "g++", "\xff", '"w"', "a b", ""],
]
"""Values that look alike, and some that only seem to."""


@st.composite
def alike(draw: Draw) -> list[tuple[str, str]]:
    """Records of one type with the same names, and other values each time."""
    type = draw(some("PATH", "CWD", "SYSCALL", "AVC", "USER_START", "NOBODY_KNOWS_ME"))
    names = draw(st.lists(st.sampled_from(NAMES.split()), min_size=1, max_size=4))
    families = [draw(st.sampled_from(FAMILIES)) for _ in names]
    strangers = draw(st.lists(st.tuples(*map(st.sampled_from, families)), min_size=1, max_size=4))
    rows = [[family[row] for family in families] for row in (0, 1)] + strangers
    return [(type, " ".join(map("{}={}".format, names, row))) for row in rows]


TIDY = [["SYSCALL", "PROCTITLE"], ["SYSCALL", "EXECVE", "CWD", "PATH", "PATH", "PROCTITLE"], ["USER_START"], ["AVC"]]


@st.composite
def events(draw: Draw) -> list[str]:
    """The lines of one event; its end, as nearly always, or not."""
    node = draw(mostly("", "node=web01 ", "node=web01  ", "node=b ", "node=\xc3\xa0+ ", "node= "))
    serial = draw(st.integers(1, 6))
    id = draw(mostly("1700000000.001:{}", "1700000000.002:{}", "01.5:{}", "1.:{}")).format(serial)
    tidy = draw(st.sampled_from([[], *TIDY]))
    found = [(type, draw(BODIES[type])) for type in tidy] or draw(alike() | alike() | st.lists(records(), max_size=5))
    lines = [f"{node}type={type} msg=audit({id}): {body}" for type, body in found]
    return lines + [f"{node}type=EOE msg=audit({id}): "] * draw(st.sampled_from([1, 1, 1, 0, 2]))


INTRUDERS = [
    "\r",
    "type=EOE msg=audit(",
    "node=b type=EOE msg=audit(1.000:1): ",
    "node=b type=EOE msg=audit(1.000:1): \ntype=EOE msg=audit(",
    "node=\xa0 type=CWD msg=audit(1.1:1):",
]


def spoil(draw: Draw, lines: list[str]) -> list[str]:
    """Swap, repeat, drop or cut some lines, or put something between them."""
    lines = list(lines)
    for deed in draw(st.lists(some("swap", "repeat", "drop", "cut", "insert", "flip"), max_size=3)):
        if not lines:
            break
        here, there = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
        line = lines[here]
        if deed == "swap":
            lines[here], lines[there] = lines[there], lines[here]
        elif deed == "repeat":
            lines.insert(there, line)
        elif deed == "drop":
            del lines[here]
        elif deed == "insert":
            lines.insert(here, draw(st.one_of(values, st.sampled_from(INTRUDERS))))
        elif line:
            at = draw(st.integers(0, len(line) - 1))
            lines[here] = line[:at] + (draw(values) + line[at + 1 :] if deed == "flip" else "")
    return lines


def as_feed(draw: Draw, lines: Sequence[str]) -> bytes:
    end = draw(mostly("\n", "\r\n", "\n\n"))
    last = draw(some(end, end, ""))
    return (end.join(lines) + last).encode("latin-1")


@st.composite
def feeds(draw: Draw) -> bytes:
    """A feed of some events."""
    return as_feed(draw, spoil(draw, [line for event in draw(st.lists(events(), max_size=5)) for line in event]))


@st.composite
def spoiled(draw: Draw, recorded: Sequence[Sequence[str]], most: int = 40) -> bytes:
    """A piece of one of several recorded feeds, spoiled."""
    lines = draw(st.sampled_from(recorded))
    start = draw(st.integers(0, max(len(lines) - 1, 0)))
    return as_feed(draw, spoil(draw, list(lines[start : start + draw(st.integers(1, most))])))


chunkings = st.one_of(
    st.sampled_from([[1], [2], [7], [100], [1 << 20]]), st.lists(st.integers(0, 400), min_size=1, max_size=6)
)
"""Sizes of chunks, for `chunks`."""


def chunks(data: bytes, sizes: Sequence[int]) -> list[bytes]:
    """The bytes in chunks of these sizes; the rest in chunks of the last size, or as one."""
    found = []
    for size in sizes:
        found.append(data[:size])
        data = data[size:]
    size = sizes[-1] or len(data) or 1
    return found + [data[start : start + size] for start in range(0, len(data), size)]
