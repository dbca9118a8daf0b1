"""auditd: installed, running, set up for a plugin that must not lose anything, and our plugin alive below it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sensor.doctor.finding import FAILURE, NOTE, OK, WARNING, Finding
from sensor.doctor.host import HostView, RunningProcess, settings

CONFIGURATION = "/etc/audit/auditd.conf"
PLUGIN = "/etc/audit/plugins.d/host-sensor.conf"
_STATE = ("/run/audit/auditd.state", "/run/auditd.state")  # written on `auditctl --signal state`
QUEUE = 8192
"""Records: the least that q_depth should be."""
_STOPPING = {"suspend", "single", "halt"}


def check_auditd(host: HostView) -> Iterator[Finding]:
    """The daemon, its configuration, and the plugin."""
    processes = list(host.processes())
    daemon = next((process for process in processes if process.name == "auditd"), None)
    version = host.run("auditctl", "-v")
    if version is None:
        yield Finding(
            FAILURE, "auditd.installed", "auditd is not installed", "apt install auditd, or dnf install audit"
        )
        return
    if not processes:  # never so on a host: HostView.processes
        text = "whether auditd and the plugin run cannot be seen without Python's psutil"
        yield Finding(NOTE, "auditd.running", text, "apt install python3-psutil, or dnf install python3-psutil")
    elif daemon is None:
        advice = "systemctl start auditd; journalctl -b -u auditd -u audit-rules has the reason"
        yield Finding(FAILURE, "auditd.running", "auditd is not running", advice)
    else:
        yield Finding(OK, "auditd.running", f"auditd runs (pid {daemon.pid}, {_number(version.text)})")
    yield from _configuration(host)
    yield from _plugin_file(host)
    if daemon is not None:
        yield from _plugin_process(host, daemon, processes)
    yield from _state(host)
    yield from _folders(host)


def _number(text: str) -> str:
    """ "3.0.9" of "auditctl version 3.0.9"."""
    found = re.search(r"\d+(?:\.\d+)+", text)
    return f"version {found[0]}" if found else "version unknown"


def _configuration(host: HostView) -> Iterator[Finding]:
    text = host.read(CONFIGURATION)
    if text is None:
        yield Finding(NOTE, "auditd.configuration", f"{CONFIGURATION} cannot be read", "run doctor as root")
        return
    found = settings(text)
    depth = found.get("q_depth", "2000")  # auditd.conf(5) of audit 3; older ones have 250
    if depth.isdecimal() and int(depth) < QUEUE:
        text = f"auditd's queue for plugins holds {depth} events (q_depth)"
        yield Finding(WARNING, "auditd.q_depth", text, f"q_depth = {QUEUE} in {CONFIGURATION}")
    action = found.get("overflow_action", "syslog").lower()
    if action in _STOPPING:
        text = f"overflow_action = {action}: a full queue stops the delivery, or the host"
        yield Finding(WARNING, "auditd.overflow_action", text, f"overflow_action = SYSLOG in {CONFIGURATION}")
    if "dispatcher" in found:
        text = "dispatcher= is of audit 2 and is ignored by audit 3"
        yield Finding(NOTE, "auditd.dispatcher", text, f"remove the line from {CONFIGURATION}")
    for name in ("space_left_action", "admin_space_left_action", "disk_full_action", "disk_error_action"):
        if found.get("write_logs", "yes").lower() == "yes" and found.get(name, "").lower() in _STOPPING:
            text = f"{name} = {found[name]}: a full disk stops auditing, or the host"
            advice = f"choose ROTATE or SYSLOG, or write_logs = no, in {CONFIGURATION}"
            yield Finding(NOTE, f"auditd.{name}", text, advice)


def _plugin_file(host: HostView) -> Iterator[Finding]:
    text = host.read(PLUGIN)
    if host.is_hidden(PLUGIN):
        yield Finding(NOTE, "plugin.file", f"{PLUGIN} cannot be read", "run doctor as root")
        return
    if text is None:
        advice = "install the package again; it ships the file"
        yield Finding(FAILURE, "plugin.file", f"{PLUGIN} is missing or cannot be read", advice)
        return
    found = settings(text)
    if found.get("active", "").lower() != "yes":
        advice = f"active = yes in {PLUGIN}, then systemctl restart auditd"
        yield Finding(FAILURE, "plugin.active", "the plugin is switched off", advice)
    program = found.get("path", "")
    mode = host.mode(program) if program.startswith("/") else None
    if mode is None:
        yield Finding(
            FAILURE, "plugin.program", f"{program or 'path'} in {PLUGIN} is not there", "install the package again"
        )
    elif not mode & 0o100:
        yield Finding(FAILURE, "plugin.program", f"{program} is not executable", f"chmod 0755 {program}")
    elif mode & 0o022:
        yield Finding(
            FAILURE, "plugin.program", f"{program} can be changed by others than root", f"chmod 0755 {program}"
        )


def _plugin_process(host: HostView, daemon: RunningProcess, processes: list[RunningProcess]) -> Iterator[Finding]:
    plugin = next((process for process in processes if is_plugin(process) and process.parent == daemon.pid), None)
    journal = host.run("journalctl", "-b", "-u", "auditd", "-q", "--no-pager", "-n", "2000", "-o", "cat")
    lines = [line for line in (journal.text if journal else "").splitlines() if "host-sensor" in line]
    exceeded = any("max_restarts" in line for line in lines)
    restarts = sum("restart" in line and "max_restarts" not in line for line in lines)
    if plugin is None and exceeded:
        text = "auditd gave up the plugin after ten exits and will not start it again"
        yield Finding(
            FAILURE, "plugin.running", text, "systemctl restart auditd; then look for the reason in the journal"
        )
    elif plugin is None:
        yield Finding(FAILURE, "plugin.running", "auditd runs, and the plugin does not", "systemctl restart auditd")
    else:
        yield Finding(OK, "plugin.running", f"the plugin runs (pid {plugin.pid})")
        yield from _others(plugin, processes)
    if restarts:
        text = f"auditd restarted the plugin {restarts} times since boot; it stops after ten (max_restarts)"
        yield Finding(
            WARNING, "plugin.restarts", text, "look for the reason in the journal: journalctl -b -t host-sensor"
        )


def _others(plugin: RunningProcess, processes: list[RunningProcess]) -> Iterator[Finding]:
    """Sensors beside the plugin, without the processes that each of them has started."""
    running = [process for process in processes if is_plugin(process)]
    pids = {process.pid for process in running}
    alone = [one for one in running if one.parent not in pids and one.pid != plugin.pid]
    others = [str(one.pid) for one in alone if one.parent == plugin.parent or not _is_helper(one, running)]
    if others:
        text = f"other sensors run beside the plugin (pid {', '.join(others)}): what all write is there more than once"
        yield Finding(WARNING, "plugin.others", text, "end those that auditd did not start, or give each a directory")


def _is_helper(process: RunningProcess, running: list[RunningProcess]) -> bool:
    """Whether an older sensor is in its process group: what asks the kernel for its losses is a child of process 1."""
    mates = [one for one in running if one.pid != process.pid and one.group == process.group != 0]
    return any(one.started <= process.started for one in mates)


def is_plugin(process: RunningProcess) -> bool:
    """Whether a process is `host-sensor run`, however it was started."""
    return "run" in process.words and any(
        word.endswith(("/host-sensor", "sensor/__main__.py")) for word in process.words
    )


def _state(host: HostView) -> Iterator[Finding]:
    """auditd's account of its queue, where it was asked for one: `plugin queue overflow detected = yes`."""
    found = settings(next((text for text in map(host.read, _STATE) if text is not None), ""))
    if found.get("plugin queueing suspended") == "yes":
        text = "auditd has stopped passing events to its plugins, because its queue was full"
        yield Finding(FAILURE, "auditd.suspended", text, "auditctl --signal resume; and overflow_action = SYSLOG")
    if found.get("plugin queue overflow detected") == "yes":
        text = f"auditd's queue for plugins has been full ({found.get('max plugin queue depth used', '?')} events)"
        yield Finding(WARNING, "auditd.overflow", text, f"raise q_depth in {CONFIGURATION}")


def _folders(host: HostView) -> Iterator[Finding]:
    for folder in ("/etc/audit", "/etc/audit/plugins.d", "/etc/audit/rules.d"):
        mode = host.mode(folder)
        if mode is not None and mode & 0o027:
            text = f"{folder} has mode {mode:04o}: others than root can see what is audited"
            yield Finding(WARNING, "auditd.folders", text, f"chmod 0750 {folder}")
    if host.exists("/etc/audisp"):
        yield Finding(
            NOTE,
            "auditd.audisp",
            "/etc/audisp is left over from audit 2",
            "rm -r /etc/audisp when it is not needed",
        )
