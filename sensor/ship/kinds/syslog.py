"""`kind: syslog`: RFC 5424 messages over TCP or TLS, framed by RFC 6587 and RFC 5425.

    157 <110>1 2023-11-14T22:13:20.123Z web01 host-sensor - audit - {"ID":"1700000000.123:4567",…}

What counts as acknowledged is as for `tcp` with `acknowledge: kernel`. For delivery that rsyslog itself confirms, use
`relp`.
"""

from __future__ import annotations

from sensor.ship.batch import Batch
from sensor.ship.kinds import Common
from sensor.ship.messages import Messages, Options
from sensor.ship.streamed import StreamedKind


class SyslogKind(StreamedKind):
    """Writes framed messages to a stream."""

    def __init__(self, options: Options, common: Common) -> None:
        super().__init__(common, options.settle)
        self._messages = Messages(options, common)
        self._prefixed = options.framing == "count"

    def encode(self, batch: Batch) -> bytes:
        messages = self._messages.of(batch)
        if self._prefixed:
            return b"".join([b"%d %b" % (len(message), message) for message in messages])
        return b"\n".join([*messages, b""])
