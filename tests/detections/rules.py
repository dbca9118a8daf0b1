"""Detection rules in EQL, our own, in the style of public ones: they ask for what such rules ask `output: ecs` for.

A name says what happened; each is to fire on the deeds of `tests/detections/deeds`, and on nothing else there.
"""

from __future__ import annotations

RULES = {
    "a shell is handed to a network tool": """
        process where host.os.type == "linux" and event.type == "start" and event.action == "executed" and
          process.name in ("nc", "ncat", "netcat") and process.args : ("-e", "-c", "--exec") and
          process.args : ("/bin/sh", "/bin/bash")
    """,
    "a shell decodes base64": """
        process where host.os.type == "linux" and event.type == "start" and process.name == "base64" and
          process.args in ("-d", "--decode") and process.parent.name in ("bash", "dash", "sh")
    """,
    "an interpreter downloads": """
        process where host.os.type == "linux" and event.type == "start" and process.name in ("curl", "wget") and
          process.args : "http*://*" and process.parent.name : ("python*", "perl*", "php*")
    """,
    "a file in a scratch folder becomes executable": """
        process where host.os.type == "linux" and event.type == "start" and process.name == "chmod" and
          process.args : ("+x", "a+x", "u+x") and process.args : ("/tmp/*", "/var/tmp/*", "/dev/shm/*")
    """,
    "a program will run as its owner": """
        process where host.os.type == "linux" and event.type == "start" and process.name == "chmod" and
          process.args : ("u+s", "g+s", "+s", "4???") and not process.parent.executable : "/usr/bin/dpkg*"
    """,
    "a file is made immutable": """
        process where host.os.type == "linux" and event.type == "start" and process.name == "chattr" and
          process.args : ("+i", "+*i*") and process.command_line : "chattr +i *"
    """,
    "many ports are tried": """
        process where host.os.type == "linux" and event.type == "start" and process.name in ("nmap", "masscan") and
          process.args : "-p*" and not process.parent.executable : "/usr/share/*"
    """,
    "a second account is root": """
        process where host.os.type == "linux" and event.type == "start" and process.name in ("useradd", "usermod") and
          process.args == "-o" and process.args == "0" and process.args_count >= 4
    """,
    "a shell replaces its crontab": """
        process where host.os.type == "linux" and event.type == "start" and process.name == "crontab" and
          process.args == "-" and process.parent.executable : "*/bash"
    """,
    "the firewall is switched off": """
        process where host.os.type == "linux" and event.type == "start" and
          ((process.name == "ufw" and process.args == "disable") or
            (process.name == "iptables" and process.args in ("-F", "--flush")))
    """,
    "a kernel module is loaded by hand": """
        process where host.os.type == "linux" and event.type == "start" and process.name == "insmod" and
          process.args : "*.ko" and not process.parent.name in ("kmod", "systemd-udevd")
    """,
    "an account is looked at from shared memory": """
        process where host.os.type == "linux" and event.type == "start" and process.name in ("whoami", "id") and
          process.working_directory : ("/dev/shm", "/dev/shm/*")
    """,
    "a line of a shell pipes what it decodes into another": """
        process where host.os.type == "linux" and event.type == "start" and process.parent.args == "-c" and
          process.parent.command_line : "*base64*|*sh*" and process.parent.name == "bash" and process.name == "tr"
    """,
    "a hidden library appears": """
        file where host.os.type == "linux" and event.type == "creation" and file.extension == "so" and
          file.name : ".*.so" and not process.name in ("dpkg", "rpm")
    """,
    "a job appears in cron's folder": """
        file where host.os.type == "linux" and event.type == "creation" and file.path : "*/cron.d/*" and
          not process.name in ("dpkg", "rpm")
    """,
    "a key is added to an account": """
        file where host.os.type == "linux" and event.type == "creation" and file.name == "authorized_keys" and
          file.directory : "*/.ssh" and not process.executable : "/usr/bin/ssh-copy-id"
    """,
    "a shell's history is removed": """
        file where host.os.type == "linux" and event.type == "deletion" and event.action == "deleted" and
          file.name in (".bash_history", ".sh_history")
    """,
    "a log is given another name": """
        file where host.os.type == "linux" and event.type == "change" and event.action == "renamed" and
          file.path : "*/log/*" and process.name == "mv"
    """,
    "a shell reads the hashes of passwords": """
        file where host.os.type == "linux" and event.action == "opened-file" and event.outcome == "success" and
          file.name == "shadow" and process.executable : "*/bash" and user.id == "0"
    """,
    "a shell opens a connection": """
        network where host.os.type == "linux" and event.action == "connected-to" and process.name in ("bash", "sh") and
          cidrMatch(destination.ip, "127.0.0.0/8") and destination.port == 4444 and network.direction == "egress"
    """,
    "a program talks to the container runtime": """
        network where host.os.type == "linux" and event.action == "connected-to" and
          destination.address : "*/docker.sock" and not process.executable : "/usr/bin/docker*"
    """,
    "an interpreter waits for connections": """
        network where host.os.type == "linux" and event.action == "bound-socket" and
          process.executable : "*/python*" and auditd.data.socket.family == "ipv4" and
          auditd.data.socket.port == "31337"
    """,
}
