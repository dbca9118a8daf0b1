"""The sets of options under which both programs are compared, in LAUREL's words.

Ours are the same with `_` for `-`. `everything` has all of LAUREL's options on at once; `prefixed` as well, with a
prefix, without raw numbers, and with filters that do not spare the first event of a process: what one set hides, the
other shows.
"""

from __future__ import annotations

from typing import Any

Options = dict[str, dict[str, Any]]

PREFIX = "x_"
ENRICH = {
    "pid": True,
    "spawned-by": True,
    "ppid-verbose": True,
    "container": True,
    "container_info": True,
    "systemd": True,
    "script": True,
    "uid-groups": True,
    "exe-hash": True,
    "execve-env": ["LD_PRELOAD", "LC_*"],
}
LABELS = {
    "label-keys": ["net", "priv"],
    "label-exe": {r"/(ba|da)?sh$": "shell", r"^/usr/bin/(env|sudo|su)$": "wrapper", r"/cc1$": "compiler"},
    "unlabel-exe": {r"/true$": "shell"},
    "label-argv": {r"^git ": "git", r"(^| )-c ": "inline", r"^ls( |$)": "listing"},
    "unlabel-argv": {r"--version": "git"},
    "label-argv-count": 16,
    "label-argv-bytes": 1000,
    "label-script": {r"\.(sh|py)$": "script"},
    "unlabel-script": {r"/tmp/": "script"},
    "propagate-labels": ["shell", "git", "priv", "script"],
}
FILTERS = {
    "filter-keys": ["sig", "fork"],
    "filter-null-keys": True,
    "filter-labels": ["compiler", "inline", "net"],
    "filter-sockaddr": ["127.0.0.0/8:80", "10.0.0.0/8", "[::1]:443"],
    "filter-raw-lines": [r'name="/etc/ld\.so\.(cache|preload)"', r"^type=USER_ACCT "],
    "filter-action": "drop",
    "keep-first-per-process": True,
}
EVERYTHING: Options = {
    "translate": {"universal": True, "user-db": True},
    "transform": {"execve-argv": ["array", "string"], "execve-argv-limit-bytes": 500},
    "enrich": ENRICH,
    "label-process": LABELS,
    "filter": FILTERS,
}

OPTIONS: dict[str, Options] = {
    "plain": {},
    "tracked": {"enrich": {"pid": True, "spawned-by": True}},
    "translated": {"translate": {"universal": True, "user-db": True}},
    "everything": EVERYTHING,
    "prefixed": {
        **EVERYTHING,
        "translate": {**EVERYTHING["translate"], "drop-raw": True},
        "enrich": {**ENRICH, "prefix": PREFIX},
        "filter": {**FILTERS, "keep-first-per-process": False},
    },
}


def ours(options: Options) -> Options:
    """A set of options in our words."""
    return {
        name.replace("-", "_"): {key.replace("-", "_"): value for key, value in keys.items()}
        for name, keys in options.items()
    }


def without_filters(options: Options) -> Options:
    """A set of options under which every event is there, with keys as they are and all numbers."""
    whole = {name: dict(keys) for name, keys in options.items() if name != "filter"}
    whole.get("enrich", {}).pop("prefix", None)
    whole.get("translate", {}).pop("drop-raw", None)
    return whole
