"""The running sensor's own counters: reachable, of this version, and with nothing lost.

Only a sample's line is read, as `host_sensor_output_lost_lines_total{reason="ENOSPC"} 3.0`.
"""

from __future__ import annotations

import re
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator

from sensor import __version__
from sensor.config import Config
from sensor.doctor.finding import FAILURE, NOTE, OK, WARNING, Finding
from sensor.errors import reason_of
from sensor.metrics import parse_address

_SAMPLE = re.compile(r"(host_sensor_\w+)(?:\{([^}]*)\})? ([0-9.eE+-]+)$", re.MULTILINE)
_TIMEOUT = 3.0
_PARTIAL_CHAIN = 0x80000  # X509_V_FLAG_PARTIAL_CHAIN of OpenSSL, which Python names since 3.10
_MOST_BYTES = 1 << 20
_LOSSES = {
    "host_sensor_input_dropped_lines_total": "lines did not fit into the input buffer: audit less",
    "host_sensor_output_lost_lines_total": "lines could not be written: look at the disk, or at who reads the output",
    "host_sensor_probe_lost_records_total": "records of the probe were lost: raise probe.ring_size",
    "host_sensor_crashes_total": "unexpected errors: please report them with the journal's lines",
    "host_sensor_daemon_crashes_total": "unexpected errors: please report them with the journal's lines",
    "host_sensor_unparsed_lines_total": "lines were not understood: look for PARSE_ERROR in the log",
    "host_sensor_custom_stage_off": "custom stages are switched off: the journal has the reason",
}


def check_metrics(config: Config) -> Iterator[Finding]:
    """The endpoint that the configuration names."""
    address = parse_address(config.metrics.listen)
    if address is None:
        yield Finding(NOTE, "metrics.endpoint", "metrics.listen is empty: the sensor's counters are not looked at")
        return
    host = address[0] if address[0].strip("0.:") else "127.0.0.1"  # it listens on every address
    tls = config.metrics.tls.certificate
    place = f"{f'[{host}]' if ':' in host else host}:{address[1]}/metrics"
    url = f"https://{place}" if tls else f"http://{place}"
    try:
        context = _trusting(tls) if tls else None
        with urllib.request.urlopen(url, timeout=_TIMEOUT, context=context) as answer:  # noqa: S310  see above
            text = answer.read(_MOST_BYTES).decode("utf-8", "replace")
    except (OSError, ValueError) as error:
        if isinstance(error, urllib.error.HTTPError) and error.code == 401:
            what = f"{url} asks for a password, as configured: the sensor's counters are not looked at"
            yield Finding(NOTE, "metrics.endpoint", what)
            return
        found = error.reason if isinstance(error, urllib.error.URLError) else error
        reason = reason_of(found) if isinstance(found, BaseException) else found
        advice = "is the plugin running? does another program use the port?"
        yield Finding(WARNING, "metrics.endpoint", f"{url} does not answer: {reason}", advice)
        return
    yield from judge(text)


def _trusting(certificate: str) -> ssl.SSLContext:
    """What takes the configured certificate, by any signer and under any name, and no other."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_flags |= ssl.VerifyFlags(_PARTIAL_CHAIN)
    made.load_verify_locations(certificate)
    return made


def judge(text: str) -> Iterator[Finding]:
    """What the samples of a scrape show."""
    totals: dict[str, float] = {}
    versions = []
    for name, labels, value in _SAMPLE.findall(text):
        totals[name] = totals.get(name, 0.0) + float(value)
        if name == "host_sensor_build_info":
            versions += re.findall(r'version="([^"]*)"', labels)
    if versions and versions[0] != __version__:
        what = f"the running sensor is version {versions[0]}, installed is {__version__}"
        yield Finding(WARNING, "metrics.version", what, "auditctl --signal HUP restarts a plugin that was replaced")
    else:
        yield Finding(OK, "metrics.endpoint", "the sensor's metrics answer")
    if totals.get("host_sensor_config_last_reload_successful", 1.0) == 0:
        what = "the last reload of the configuration was refused: the sensor runs with the one before"
        yield Finding(FAILURE, "metrics.reload", what, "host-sensor check, then auditctl --signal HUP")
    if totals.get("host_sensor_input_connected", 1.0) == 0:
        advice = "auditctl --signal HUP; with `input: unix:`, is auditd's af_unix plugin active, with the same path?"
        yield Finding(FAILURE, "metrics.input_connected", "the sensor's input is not open: it gets no records", advice)
    for name, meaning in _LOSSES.items():
        if totals.get(name):
            what, _, advice = meaning.partition(": ")
            yield Finding(WARNING, f"metrics.{name[len('host_sensor_') :]}", f"{totals[name]:,.0f} {what}", advice)
    events, nameless = totals.get("host_sensor_events_total", 0), totals.get("host_sensor_unidentified_events_total", 0)
    if nameless > events * 0.01:
        what = f"{nameless:,.0f} of {events:,.0f} events have no GUID"
        yield Finding(WARNING, "metrics.unidentified", what, "host_sensor_unidentified_events_total has the reasons")
