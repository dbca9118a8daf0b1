"""A stand-in for Loki: real events of the sensor, and as much of LogQL as the dashboard of events asks.

    {job="host-sensor"} |= `"USER_CMD":` | json user="USER_CMD.AUID" | line_format `{{.user}}`
    sum by (user) (count_over_time({…} |= `"EXECVE":` | json user="SYSCALL.AUID" [2m]))
    topk(20, sum by (parent) (count_over_time(… [1h])))

It answers as Prometheus does, which for counts is as Loki does too; lines of a log come as streams.
"""

from __future__ import annotations

import json
import lzma
import re
import subprocess
import sys
import threading
import urllib.parse
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.program import write_config

DATA = Path(__file__).resolve().parents[1] / "data"
FEEDS = ("demo/deeds.audit", "summary/summary.audit", "corpora/session-mixed.enriched.audit.xz")
CONFIG = "translate: {user_db: true}\nenrich: {prefix: null}\n"

_STAGE = re.compile(
    r"\s*(\|=|\|~|\|)\s*(?:`([^`]*)`|json ((?:\w+=\"[^\"]*\"(?:, )?)+)|line_format `([^`]*)`|(\w+) != ``)"
)
_COUNT = re.compile(
    r"(?:topk\((?P<most>\d+), )?sum by \((?P<labels>[\w, ]+)\) \(count_over_time\((?P<log>.*) \[(?P<span>\w+)\]\)\)\)?"
)
_IF = re.compile(r"\{\{if \.(\w+)\}\}(.*?)(?:\{\{else\}\}(.*?))?\{\{end\}\}")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_MOST_LINES = 200
Labels = tuple[tuple[str, str], ...]


class Entry(NamedTuple):
    """A line of the log, when it was written in seconds since 1970, and the event that it is."""

    time: float
    line: str
    event: Any


def events(folder: Path, end: float, span: float = 3600.0) -> list[Entry]:
    """Recorded feeds as the sensor writes them, spread over the time before `end`, each kind of feed over all of it."""
    config = folder / "config.yaml"
    config.write_text(CONFIG)
    config.chmod(0o600)
    found: list[Entry] = []
    for name in FEEDS:
        raw = (DATA / name).read_bytes()
        feed = folder / "feed.audit"
        feed.write_bytes(lzma.decompress(raw) if name.endswith(".xz") else raw)
        command = [sys.executable, "-m", "sensor", "convert", "-c", str(config), str(feed)]
        lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
        step = span / (len(lines) + 1)
        found += [Entry(end - span + number * step, line, json.loads(line)) for number, line in enumerate(lines, 1)]
    own = _of_sensor(folder)
    found += [
        Entry(end - span + span * number / (len(own) + 1), line, json.loads(line)) for number, line in enumerate(own, 1)
    ]
    return sorted(found, key=lambda entry: entry.time)


def _of_sensor(folder: Path) -> list[str]:
    """What a sensor reports of itself while it reads a feed."""
    config = write_config(folder, sensor_events=True)
    with (DATA / FEEDS[0]).open("rb") as feed:
        command = [sys.executable, "-m", "sensor", "run", "-c", str(config)]
        subprocess.run(command, stdin=feed, capture_output=True, check=True)
    lines = (folder / "audit.jsonl").read_text().splitlines()
    return [line for line in lines if '"SENSOR":{"event":' in line]


class Log:
    """What can be asked of a log."""

    def __init__(self, entries: list[Entry]) -> None:
        self._entries = entries
        self._times = [entry.time for entry in entries]

    def ask(self, query: str, times: list[float]) -> dict[str, Any]:
        """The answer to a query for some moments: a matrix of counts, or, for a plain log, its last lines."""
        counted = _COUNT.fullmatch(query)
        if counted is None:
            return self._streams(query, times)
        names = counted["labels"].split(", ")
        labelled = [(entry.time, labels) for entry, labels, _ in self._pipe(counted["log"], times)]
        moments = [time for time, _ in labelled]
        span = int(counted["span"][:-1]) * _UNITS[counted["span"][-1]]
        series: dict[Labels, list[Any]] = {}
        for now in times:
            between = labelled[bisect_right(moments, now - span) : bisect_right(moments, now)]
            counts = Counter([tuple((name, labels.get(name, "")) for name in names) for _, labels in between])
            for key, number in counts.most_common(int(counted["most"]) if counted["most"] else None):
                series.setdefault(key, []).append([now, str(number)])
        result = [{"metric": dict(key), "values": values} for key, values in series.items()]
        return {"resultType": "matrix", "result": result}

    def _streams(self, query: str, times: list[float]) -> dict[str, Any]:
        found = [[entry.time, line] for entry, _, line in self._pipe(query, times)]
        streams = [{"metric": {}, "values": found[-_MOST_LINES:][::-1]}] if found else []
        return {"resultType": "streams", "result": streams}

    def _pipe(self, query: str, times: list[float]) -> Iterator[tuple[Entry, dict[str, str], str]]:
        """The entries that get through, with their labels and what their line has become; `{…}` chooses all."""
        first = bisect_left(self._times, times[0] - 3600 if len(times) == 1 else times[0] - 600)
        stages = _stages(query.partition("}")[2])
        for entry in self._entries[first : bisect_right(self._times, times[-1])]:
            labels: dict[str, str] = {}
            line: str | None = entry.line
            for kind, argument in stages:
                line = _through(kind, argument, entry, labels, line or "")
                if line is None:
                    break
            if line is not None:
                yield entry, labels, line


def _stages(text: str) -> list[tuple[str, Any]]:
    """The stages of a pipeline; fails on what is not known here."""
    stages: list[tuple[str, Any]] = []
    while text.strip():
        found = _STAGE.match(text)
        assert found, f"no such stage: {text}"
        sign, word, fields, template, name = found.groups()
        if word is not None:
            stages.append((sign, re.compile(word) if sign == "|~" else word))
        elif fields is not None:
            stages.append(("json", dict(re.findall(r'(\w+)="([^"]*)"', fields))))
        else:
            stages.append(("format", template) if template is not None else ("set", name))
        text = text[found.end() :]
    return stages


def _through(kind: str, argument: Any, entry: Entry, labels: dict[str, str], line: str) -> str | None:
    """The line behind a stage; None if it does not get through."""
    if kind == "json":
        for name, path in argument.items():
            value = entry.event
            for key in path.replace("[0]", ".0").split("."):
                if isinstance(value, list):
                    value = value[0] if value else None
                else:
                    value = value.get(key) if isinstance(value, dict) else None
            labels[name] = "" if value is None else value if isinstance(value, str) else json.dumps(value)
        return line
    if kind == "format":
        chosen = _IF.sub(lambda found: found[2] if labels.get(found[1]) else found[3] or "", argument)
        written = re.sub(r"\{\{\.(\w+)\}\}", lambda name: labels.get(name[1], ""), chosen)
        return written.replace("{{__line__}}", line)
    passes = {"|=": lambda: argument in line, "|~": lambda: argument.search(line), "set": lambda: labels.get(argument)}
    return line if passes[kind]() else None


@contextmanager
def serving(log: Log) -> Iterator[str]:
    """Serve a log; the value is its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            asked = dict(urllib.parse.parse_qsl(body))
            if "time" in asked:
                times = [float(asked["time"])]
            else:
                start, end, step = (float(asked[name]) for name in ("start", "end", "step"))
                times = [start + number * step for number in range(int((end - start) / step) + 1)]
            answer = json.dumps({"status": "success", "data": log.ask(asked["query"], times)}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
