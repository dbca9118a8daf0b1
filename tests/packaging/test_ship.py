"""What the packages install for `host-sensor ship`: a confined unit, its user, examples without mistakes."""

from __future__ import annotations

import configparser
from pathlib import Path

import pytest

from sensor.config.read import read_options
from sensor.retention import STATES
from sensor.ship.options import Destination
from sensor.ship.program import FOLDER
from tests.packaging.packages import Deb
from tests.packaging.root import REPOSITORY, Root

PACKAGING = REPOSITORY / "packaging"
UNIT = PACKAGING / "systemd" / "host-sensor-ship@.service"


def unit() -> configparser.RawConfigParser:
    class Last(dict):
        """Keeps the values of a key that occurs several times."""

        def __setitem__(self, key, value) -> None:
            if isinstance(value, list) and key in self:
                value = self[key] + value
            super().__setitem__(key, value)

    parser = configparser.RawConfigParser(dict_type=Last, strict=False)
    parser.optionxform = str
    parser.read_string(UNIT.read_text())
    return parser


def test_the_unit_has_no_capability_and_a_user_of_its_own() -> None:
    service = unit()["Service"]
    assert (service["CapabilityBoundingSet"], service["AmbientCapabilities"], service["NoNewPrivileges"]) == (
        "",
        "",
        "yes",
    )
    assert service["User"] == Destination().user
    assert service["ExecStart"] == "/usr/sbin/host-sensor ship %i"
    assert f"/var/lib/{service['StateDirectory'].split()[0]}" == STATES
    assert unit()["Unit"]["ConditionPathExists"] == f"{FOLDER}/%i.yaml"
    assert any(
        line.startswith("u _host-sensor-ship ")
        for line in (PACKAGING / "systemd/sysusers.conf").read_text().splitlines()
    )


@pytest.mark.parametrize("path", sorted((PACKAGING / "examples/ship").glob("*.yaml")), ids=lambda path: path.stem)
def test_an_example_has_no_mistakes(path: Path) -> None:
    config, mistakes = read_options(str(path), Destination())
    assert [str(mistake) for mistake in mistakes] == []
    assert config.kind
    assert config.to


RECEIVER = """
import socket
listener = socket.create_server(("127.0.0.1", 7000))
while True:
    connection, _ = listener.accept()
    count = 0
    for line in connection.makefile("rb"):
        count += 1
        with open("/tmp-received", "ab") as file:
            file.write(line)
        connection.sendall(b"%d\\n" % count)
"""
CONFIGURATION = "kind: tcp\\nto: 127.0.0.1:7000\\ntcp: {acknowledge: count}\\nbatch: {wait: 0}\\n"
BOOTED = f"""
printf '{{"ID":"1700000000.123:1"}}\\n' >/var/log/host-sensor/audit.jsonl
chown _host-sensor:adm /var/log/host-sensor/audit.jsonl
chmod 0640 /var/log/host-sensor/audit.jsonl
printf '{CONFIGURATION}' >/etc/host-sensor/ship/far.yaml
chmod 0640 /etc/host-sensor/ship/far.yaml
python3 /tmp-receiver.py &
systemctl start host-sensor-ship@far
for i in $(seq 50); do host-sensor ship --status far >/tmp-status && break; sleep 0.2; done
cat /tmp-status /tmp-received
pid=$(systemctl show -p MainPID --value host-sensor-ship@far)
grep -E '^(Uid|CapBnd|CapEff|NoNewPrivs|Seccomp):' /proc/$pid/status
nsenter --mount --target $pid ls /var/log
stat -c '%A %U %n' /var/lib/host-sensor-ship/far/cursor
systemctl stop host-sensor-ship@far
systemctl show -p Result host-sensor-ship@far
journalctl --no-pager -u host-sensor-ship@far
"""


@pytest.mark.root
def test_systemd_ships_in_its_sandbox(built, tmp_path: Path) -> None:
    root = Root(tmp_path / "layers")
    try:
        Deb(root, built("deb"), tmp_path).install()
        (root.folder / "tmp-receiver.py").write_text(RECEIVER)
        shown = root.boot(BOOTED)
        uid = root.run("id", "-u", "_host-sensor-ship").strip()
    finally:
        root.close()
    assert "far: tcp to 127.0.0.1:7000, running, connected" in shown, shown
    assert '{"ID":"1700000000.123:1"}\n' in shown
    assert f"Uid:\t{uid}\t{uid}\t{uid}\t{uid}" in shown
    assert "CapBnd:\t0000000000000000" in shown
    assert "CapEff:\t0000000000000000" in shown
    assert "NoNewPrivs:\t1" in shown
    assert "Seccomp:\t2" in shown
    assert "\nhost-sensor\n" in shown, shown  # all it sees of /var/log
    assert "-rw-r--r-- _host-sensor-ship /var/lib/host-sensor-ship/far/cursor\n" in shown
    assert "Result=success" in shown
