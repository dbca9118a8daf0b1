"""rsyslogd as a receiver: TCP, TLS and RELP, each line written to a file before it is acknowledged."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.ship.certificates import Certificates
from tests.ship.far_ends import Part, free_port

CONFIG = """
global(workDirectory="{folder}" maxMessageSize="16m" {tls})
module(load="{module}" {parameters})
template(name="line" type="string" string="%msg:2:$%\\n")
ruleset(name="in" queue.type="Direct") {{
    action(type="omfile" file="{folder}/received" template="line" asyncWriting="off" flushOnTXEnd="on")
}}
input(type="{module}" address="127.0.0.1" port="{port}" ruleset="in" {options})
"""


class Rsyslog(Part):
    """Listens with imtcp or imrelp; `pems` makes it TLS, which wants a client certificate of ours."""

    def __init__(self, folder: Path, module: str, pems: Certificates | None = None, options: str = "") -> None:
        if not shutil.which("rsyslogd"):
            pytest.skip("needs rsyslogd")
        port = free_port()
        tls = parameters = ""
        if pems is not None and module == "imtcp":
            tls = (
                f'defaultNetstreamDriver="gtls" defaultNetstreamDriverCAFile="{pems.ca}"'
                f' defaultNetstreamDriverCertFile="{pems.good}" defaultNetstreamDriverKeyFile="{pems.good}"'
            )
            parameters = (
                'streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="x509/name"'
                ' permittedPeer="web01.example"'
            )
        elif pems is not None:
            options += (
                f' tls="on" tls.caCert="{pems.ca}" tls.myCert="{pems.good}" tls.myPrivKey="{pems.good}"'
                ' tls.authMode="name" tls.permittedPeer=["web01.example"]'
            )
        text = CONFIG.format(folder=folder, module=module, port=port, tls=tls, parameters=parameters, options=options)
        (folder / "rsyslog.conf").write_text(text)
        command = ["rsyslogd", "-n", "-f", str(folder / "rsyslog.conf"), "-i", str(folder / "rsyslog.pid")]
        super().__init__(command, folder, port)

    def start(self) -> None:
        (self.folder / "rsyslog.pid").unlink(missing_ok=True)
        super().start()

    def lines(self) -> list[bytes]:
        """What it has written, in whole lines."""
        try:
            return (self.folder / "received").read_bytes().split(b"\n")[:-1]
        except FileNotFoundError:
            return []
