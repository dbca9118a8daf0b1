"""An example of a custom stage: marks what root executes from places where everybody can write, and drops noise.

To use it, copy it to /etc/host-sensor/stages/, owned by root and writable by no one else, and configure

    stages: [/etc/host-sensor/stages/*.py]

A custom stage is a Python file with a function `stage`. It is called for every event, after the process is known and
labelled, and before the filters decide, with an EventView (sensor/stages/custom/view.py), which has

    event.id  .time  .node  .types          which event; .records("PATH") gives the fields of its records
    event.syscall  .success  .pid  .ppid    what was called; None and 0 for events from user space
    event.exe  .comm  .uid  .auid  .keys    who did it; all other fields are in event.fields
    event.argv  .script  .labels            the program: its command line, its script, its labels
    event.container  .units                 where it runs

and lets you

    event.label("name")                     label the process: in LABELS from now on, and seen by filter_labels
    event.add("name", value)                add a member to CUSTOM
    return False                            drop the event; anything else keeps it

Keep it short: ten mistakes, a millisecond a call on average, or a second in one call, and it is switched off until the
configuration is read again (metrics host_sensor_custom_stage_off and …_failures_total).
"""

EVERYBODY_WRITES = ("/tmp/", "/var/tmp/", "/dev/shm/")


def stage(event):
    """Look at one event."""
    # Events from user space have no system call; this stage adds nothing to them.
    if event.syscall is None:
        return True

    # Drop what a monitoring agent does all day. Note that it is dropped unseen: prefer filter.rules, which are counted
    # by rule and can limit rates, wherever they can express what you mean.
    if event.exe == "/usr/lib/monitoring/agent" and event.syscall == "openat":
        return False

    # Root executes something from a place where anybody may have put it.
    program = event.script or event.exe or ""
    if event.uid == 0 and event.syscall in ("execve", "execveat") and program.startswith(EVERYBODY_WRITES):
        event.label("root-runs-temporary")
        event.add("temporary_program", {"path": program, "argv": event.argv[:10], "login": event.auid})
    return True
