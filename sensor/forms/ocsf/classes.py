"""Which class an event is of, and which activity: a table by what it is called in the summary (sensor.summary.rules).

    opened-file    openat     → File Activity 1001: Open 14, or Create 1 if there was no such file
    logged-in      USER_LOGIN → Authentication 3002: Logon 1
    called-ptrace  …          → Kernel Activity 1003: Invoke 4, for every other system call
    booted-system  …          → Base Event 0: Other 99, for every other record

OCSF 1.5.0, https://schema.ocsf.io. Where an activity is Other, activity_name has what the summary calls it.
"""

from __future__ import annotations

from functools import lru_cache

from sensor.summary.rules import SummaryRule

BASE, PROCESS, FILE, EXTENSION, KERNEL, MODULE = 0, 1007, 1001, 1002, 1003, 1005
ACCOUNT, AUTHENTICATION, GROUP, NETWORK = 3001, 3002, 3006, 4001
OTHER = 99
INVOKE = 4
LAUNCH, TERMINATE = 1, 2

_TABLE = """
1007  executed:1 forked:1 end:2 killed-pid:2 crashed-program:2 traced:3 read-memory-of:3 wrote-to-memory-of:4
      changed-identity-of:5 changed-groups-of:99 changed-namespace-of:99 changed-root-of:99 changed-capabilities-of:99
      changed-limits-of:99 adjusted-scheduling-policy-of:99 ran-command:99 attempted-execution-of-forbidden-program:1
1001  opened-file:14 read-file:2 wrote-to-file:3 changed-file-attributes-of:6 changed-timestamp-of:6
      changed-file-permissions-of:7 changed-file-ownership-of:7 checked-metadata-of:8
      checked-filesystem-metadata-of:8 created-directory:1 make-device:1 linked:1 symlinked:1 renamed:5 deleted:4
      mounted:12 unmounted:13
1002  loaded-kernel-module:1 unloaded-kernel-module:2
1003  loaded-bpf-program:1 unloaded-bpf-program:3
1005  called-uselib:1
3001  added-user-account:1 deleted-user-account:6 locked-account:9 unlocked-account:12 changed-password:3
      modified-user-account:99 assigned-user-role-to:99 removed-user-role-from:99 changed-role-to:99
3002  logged-in:1 started-session:1 logged-out:2 ended-session:2 authenticated:99 was-authorized:99 error:99
      acquired-credentials:99 disposed-credentials:99 refreshed-credentials:99 authenticated-to-group:99
      changed-login-id-to:99 failed-log-in-too-many-times-to:1 attempted-log-in-from-unusual-place-to:1
      opened-too-many-sessions-to:1 attempted-log-in-during-unusual-hour-to:1 attempted-log-in-to-watched-account:1
      service-account-attempted-login:1 attempted-root-login:1 user-became-root:99
3006  added-group-account-to:6 deleted-group-account-from:5 modified-group-account:99 changed-group-password:99
4001  connected-to:1 accepted-connection-from:1 received-from:6 sent-to:6 listen-for-connections:7 bound-socket:99
"""
_CREATED, _UPDATED, _ADD_USER, _REMOVE_USER, _READ = 1, 3, 3, 4, 2
_OPENED, _KILLED = "opened-file", "killed-pid"
_SYMLINK_READ = frozenset({"readlink", "readlinkat"})
_ENDING = frozenset({1, 2, 3, 6, 9, 15})
"""SIGHUP, SIGINT, SIGQUIT, SIGABRT, SIGKILL, SIGTERM: the signals by which processes are ended."""
_SIGNAL_AT = {"tgkill": 2, "rt_tgsigqueueinfo": 2}
"""Which argument of a call is the signal, where it is not the second."""
_MEMBERS = {"add": _ADD_USER, "del": _REMOVE_USER, "rem": _REMOVE_USER, "un": _REMOVE_USER}
"""The beginnings of the words with which programs report that a user joins or leaves a group: op=add-user-to-group."""
_VERDICTS = frozenset({"intrusion_detection", "file"})
"""Categories of what is decided, or found, about a call."""
_HEADS = 1024


def _parsed() -> dict[str, tuple[int, int]]:
    table: dict[str, tuple[int, int]] = {}
    uid = BASE
    for word in _TABLE.split():
        action, colon, activity = word.partition(":")
        if colon:
            table[action] = (uid, int(activity))
        else:
            uid = int(action)
    return table


_BY_ACTION = _parsed()


def class_of(rule: SummaryRule) -> tuple[int, int] | None:
    """Class and activity of what a rule is about; None for what the table does not have."""
    return _BY_ACTION.get(rule.action)


def is_verdict(rule: SummaryRule) -> bool:
    """Whether a record is about the call during which it was written, and reports no act of its own."""
    return not _VERDICTS.isdisjoint(rule.categories)


def activity_of_file(activity: int, rule: SummaryRule, call: str, created: bool) -> int:
    """What was done to a file, where a call can do several things; created: it was not there before."""
    if rule.action != _OPENED:
        return activity
    if created or "creation" in rule.types:
        return _CREATED
    if "change" in rule.types:
        return _UPDATED
    return _READ if call in _SYMLINK_READ else activity


def activity_of_signal(activity: int, rule: SummaryRule, call: str, args: tuple[str | None, ...]) -> int:
    """Whether a signal was meant to end the process; 0 asks whether there is one."""
    if rule.action != _KILLED:
        return activity
    text = args[_SIGNAL_AT.get(call, 1)]
    try:
        return activity if text is not None and int(text, 16) in _ENDING else OTHER
    except ValueError:
        return OTHER


def membership(op: str) -> int:
    """The activity of Group Management if a group got a member or lost one, else 0.

    op: what the program reports that it did.
    """
    words = op.replace("_", "-").replace(" ", "-").split("-")
    if "group" in words and any(word.startswith(("user", "member")) for word in words[1:]):
        for start, meaning in _MEMBERS.items():
            if words[0].startswith(start):
                return meaning
    return 0


@lru_cache(_HEADS)
def head(uid: int, activity: int, name: str) -> str:
    """The first members of an event; name: an ASCII word, what the activity is called if it is Other."""
    named = f',"activity_name":"{name}"' if activity == OTHER else ""
    type = uid * 100 + activity
    return f'"class_uid":{uid},"category_uid":{uid // 1000},"activity_id":{activity}{named},"type_uid":{type}'
