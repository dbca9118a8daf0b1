"""Rules in Sigma, our own, in the style of public ones, each with the one deed of the intruders that it finds.

Below the name of a rule: its source, what it detects, and the end of the command line or path of that event.
"""

from __future__ import annotations

RULES: dict[str, tuple[str, str, str]] = {
    "a shell is handed to a network tool": (
        "service: auditd",
        "selection: {type: EXECVE, a0: [nc, ncat], a1: [-e, -c], a2|startswith: /bin/}",
        "nc -e /bin/sh 127.0.0.1 4444",
    ),
    "an argument ends like a module": (
        "service: auditd",
        "selection: {type: EXECVE, a0: insmod, a1|endswith: .ko}",
        "insmod ./hide.ko",
    ),
    "words of a command line": (
        "service: auditd",
        "selection: {type: EXECVE, a0: useradd}\n  words: {'|all': ['-o', '-u 0']}",
        "useradd -o -u 0 toor",
    ),
    "a regular expression": (
        "service: auditd",
        "selection: {type: EXECVE, a0: nmap, a1|re: '-p[0-9]+-[0-9]+'}",
        "nmap -sS -p1-1024 127.0.0.1",
    ),
    "a second name of a path": (
        "service: auditd",
        "selection: {type: PATH, name|endswith: .log.old, nametype: CREATE}",
        "/log/auth.log",
    ),
    "a file appears": (
        "service: auditd",
        "selection: {type: PATH, name|contains: /cron.d/, name|endswith: job, nametype: CREATE}",
        "/cron.d/job",
    ),
    "a call that failed": (
        "service: auditd",
        "selection: {type: SYSCALL, SYSCALL: connect, comm: bash, success: 'no', a2: 10}",
        "127.0.0.1",
    ),
    "a key, a program and a user": (
        "service: auditd",
        "selection: {key: secrets, exe|endswith: /bash, euid: 0}",
        "/etc/shadow",
    ),
    "a call and an exec": (
        "service: auditd",
        "or_call: {type: SYSCALL, SYSCALL: ptrace, a0: 10}\n  or_exec: {type: EXECVE, a0: chattr, a1|contains: i}",
        "/etc/passwd",
    ),
    "a process of another": (
        "category: process_creation",
        "selection: {Image|endswith: /curl, ParentImage|contains: /python, CommandLine|contains: 'http://'}",
        "http://127.0.0.1/x.sh",
    ),
    "a new file": (
        "category: file_event",
        "selection: {TargetFilename|endswith: /.ssh/authorized_keys}",
        "/.ssh/authorized_keys",
    ),
    "a connection": (
        "category: network_connection",
        "selection: {Image|endswith: /bash, DestinationPort: 4444, DestinationIp|cidr: 127.0.0.0/8, Initiated: 'true'}",
        "127.0.0.1",
    ),
}


def rule(kind: str, detection: str) -> str:
    """A rule in Sigma's YAML; detection: lines of which all must hold, or one where they are called or_…"""
    names = [line.partition(":")[0].strip() for line in detection.splitlines()]
    condition = (" or " if names[0].startswith("or_") else " and ").join(names)
    head = f"title: a rule\nlogsource: {{product: linux, {kind}}}\ndetection:\n"
    return f"{head}  {detection}\n  condition: {condition}\n"
