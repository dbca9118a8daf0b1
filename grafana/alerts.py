"""Recording rules and alerts as Prometheus reads them, from the short forms in source/.

    - alert: HostSensorBacklogFills
      expr: host_sensor_kernel_backlog_records / (host_sensor_kernel_backlog_limit > 0) > LIMIT
      warning: {limit: 0.5, for: 2m}
      critical: {limit: 0.9, for: 1m}
      summary: …
      runbook: what to do, the first thing being host-sensor doctor

becomes two alerts of one name, distinguished by `severity`; the runbooks become a section of host-sensor-metrics(7).
"""

from __future__ import annotations

from typing import Any

SEVERITIES = ("warning", "critical")
RUNBOOK = "man:host-sensor-metrics(7)#{}"
"""As in Documentation= of systemd.unit(5), with the section of the page behind it."""


def recording(rules: list[dict[str, str]]) -> list[dict[str, Any]]:
    """Rules that name what alerts, and who asks by hand, need more than once."""
    return [{"name": "host-sensor-rates", "rules": [{**rule, "expr": oneline(rule["expr"])} for rule in rules]}]


def alerting(alerts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each alert as a warning and as critical."""
    rules = [rule(alert, severity) for alert in alerts for severity in SEVERITIES if severity in alert]
    return [{"name": "host-sensor", "rules": rules}]


def rule(alert: dict[str, Any], severity: str) -> dict[str, Any]:
    """One of the two."""
    own = alert[severity]
    expr = oneline(own.get("expr", alert.get("expr", ""))).replace("LIMIT", str(own.get("limit", 0)))
    made: dict[str, Any] = {"alert": alert["alert"], "expr": expr}
    if "for" in own:
        made["for"] = own["for"]
    annotations = {
        "summary": oneline(alert["summary"]),
        "description": oneline(alert["description"]),
        "runbook_url": RUNBOOK.format(alert["alert"]),
    }
    return {**made, "labels": {"severity": severity}, "annotations": annotations}


def oneline(text: str) -> str:
    """A text without the line breaks of its source."""
    return " ".join(text.split())
