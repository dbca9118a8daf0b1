"""What we make of each field is what auditd's own library makes of it, or differs for a reason that is listed."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from sensor.audit.naming import Naming
from sensor.translate.arguments import Calls
from sensor.translate.options import TranslateOptions
from sensor.translate.universal import Universal
from sensor.translate.userdb import UserDatabase
from sensor.translate.users import Users
from tests.bench import feeds
from tests.oracle import auparse
from tests.oracle.readings import EXPLAINED, agree, explain, find
from tests.support.pipelines import make_pipeline

DATA = Path(__file__).resolve().parents[1] / "data"
FOLDERS = ("translate", "origin", "demo", "laurel-special-cases", "go-libaudit/auparse")
ODD = {
    "A7-interpreted-text": "text that ausearch has already interpreted",
    "F6-path-containing-braces": "auditd's translation says another path than the bytes do",
    "G7-user-avc-from-dbus-policy-load": "auditd takes the remark (seqno=2) for a field",
    "audit-ubuntu17": "a key in hexadecimal with a quote behind it",
    "H9-two-records-glued-together": "two records in one line, which both take apart as well as they can",
}
LOGS = sorted(
    path
    for folder in FOLDERS
    for path in (DATA / folder).iterdir()
    if path.suffix in (".audit", ".log") and path.stem not in ODD
)
#: Pieces of long arguments, which we join; the type and the node, which are no fields.
NO_FIELDS = re.compile(r"type|node|a\d+_len|a\d+\[\d+\]")


@pytest.fixture(scope="module", autouse=True)
def need_auparse() -> None:
    try:
        auparse.load()
    except auparse.NoAuparseError as reason:
        pytest.skip(str(reason))


def our_events(log: bytes) -> dict[str, dict[str, Any]]:
    naming = Naming()
    transforms = [Universal(naming).transform, Users(TranslateOptions(), naming, UserDatabase(blocking=True)).transform]
    stages = [Calls(errors=True, arguments=True).stage]
    pipeline = make_pipeline(stages=stages, transforms=transforms, entries=4096)
    events: dict[str, dict[str, Any]] = {}
    for line in [*pipeline.feed(log, 0.0), *pipeline.close()]:
        event = json.loads(line.encode("latin-1"))
        events.setdefault(event["ID"], {}).update(event)
    return events


def compare(log: Path) -> tuple[Counter[str], list[str]]:
    """Counts of agreement and of each reason; what has no reason."""
    events = our_events(log.read_bytes())
    counts: Counter[str] = Counter()
    unexplained = []
    for field in auparse.fields(log):
        if NO_FIELDS.fullmatch(field.name) or not field.type:
            continue
        if field.id not in events:
            counts["a line without the colon after the id is no record to us"] += 1
            continue
        candidates = find(events[field.id], field)
        if any(agree(field, output) for output in candidates):
            counts["agree"] += 1
            continue
        reasons = [found.reason for output in candidates if (found := explain(field, output)) is not None]
        if reasons:
            counts[reasons[0]] += 1
        else:
            unexplained.append(f"{field}: {candidates}")
    return counts, unexplained


def report(name: str, counts: Counter[str]) -> None:
    fields, agreed = sum(counts.values()), counts["agree"]
    print(f"{name}: {agreed:,} of {fields:,} fields as auditd has them ({agreed / max(fields, 1):.2%})")
    for reason, count in counts.most_common():
        if reason != "agree":
            print(f"{count:10,} × {reason}")


def test_fields_of_old_odd_and_made_up_records() -> None:
    total: Counter[str] = Counter()
    for log in LOGS:
        counts, unexplained = compare(log)
        assert (log.name, unexplained) == (log.name, [])
        total += counts
    report(f"{len(LOGS)} logs", total)
    assert total["agree"] > 5000
    reasons = {found.reason for found in EXPLAINED if not found.reason.startswith(("argument", "since audit"))}
    assert reasons - set(total) == set()


@pytest.mark.slow
@pytest.mark.parametrize("name", feeds.names())
def test_fields_of_the_corpora(name: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(feeds.recorded(name))
    counts, unexplained = compare(log)
    assert unexplained[:5] == []
    report(name, counts)
    assert counts["agree"] > 0.97 * sum(counts.values())
