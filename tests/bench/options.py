"""What is switched on where every option is: all that adds to events, labels on many, filters that match none.

Filters that match nothing are asked about every event, and every event is written, so both programs do the same work.
"""

from __future__ import annotations

from typing import Any

from tests.oracle.options import ENRICH, LABELS, Options, ours

FILTERS: dict[str, Any] = {
    "filter-keys": ["nobody-has-this"],
    "filter-labels": ["nobody-has-this"],
    "filter-sockaddr": ["203.0.113.9:99"],
    "filter-raw-lines": [r"proctitle=6E6F626F6479[0-9A-F]+"],
}
LAUREL: Options = {
    "translate": {"universal": True, "user-db": True},
    "transform": {"execve-argv": ["array", "string"]},
    "enrich": ENRICH,
    "label-process": LABELS,
    "filter": FILTERS,
}
OURS: Options = {
    "translate": {"arguments": True, "time": "iso", "type": True, "summary": True},
    "enrich": {"ancestors": 5, "session": True, "session_guid": True, "cmdline": True, "parent_info": True},
    "label_process": {"label_unit": {r"^ssh": "ssh"}, "label_container": {r"^web": "web"}},
    "filter": {
        "rules": {"exe": "exe=/usr/sbin/nobody uid=33", "path": "path=/nowhere/*", "call": "syscall=bpf auid=7"}
    },
}


def everything() -> Options:
    """Every option of ours."""
    base = ours(LAUREL)
    return {name: {**base.get(name, {}), **OURS.get(name, {})} for name in {**base, **OURS}}


def dropping(keys: list[str], sections: Options) -> Options:
    """The same with every system call dropped: those with these keys, and those without."""
    drop = {"filter_keys": keys, "filter_null_keys": True, "keep_first_per_process": False}
    return {**sections, "filter": {**sections.get("filter", {}), **drop}}
