"""What a panel asks of a data source: PromQL, LogQL or a query of Elasticsearch, and the variables it is limited by."""

from __future__ import annotations

from typing import Any, Protocol

SELECT = 'cluster=~"$cluster",job=~"$job",instance=~"$instance"'
SHIPPERS = 'cluster=~"$cluster"'
"""`host-sensor ship` is a target of its own, so it has another instance, and its job has no sensors in it."""
ALERTS = 'ALERTS{alertname=~"HostSensor.*",alertstate="firing",SELECT}'


class Source(Protocol):
    """A kind of data source."""

    @property
    def kind(self) -> str: ...

    def target(self, asked: Any, legend: str, terms: dict[str, str]) -> dict[str, Any]:
        """One query, without its letter."""

    def variables(self, board: dict[str, Any]) -> list[dict[str, Any]]:
        """What a reader may choose."""

    def annotations(self) -> list[dict[str, Any]]:
        """What is marked in all panels."""


def datasource(kind: str) -> dict[str, str]:
    """The data source that the reader chose."""
    return {"type": kind, "uid": "${datasource}"}


def choice(kind: str) -> dict[str, Any]:
    """The variable by which the data source is chosen."""
    return {"name": "datasource", "label": "Data source", "type": "datasource", "query": kind}


class Prometheus:
    """Metrics."""

    kind = "prometheus"

    def target(self, asked: Any, legend: str, terms: dict[str, str]) -> dict[str, Any]:
        """`asked` is PromQL in which SELECT and the names of `terms` stand for something longer."""
        expr = " ".join(asked.split())
        for name, meaning in terms.items():
            expr = expr.replace(name, f"({' '.join(meaning.split())})")
        expr = expr.replace("SELECT", SELECT).replace("SHIPPERS", SHIPPERS)
        made = {"datasource": datasource(self.kind), "expr": expr, "legendFormat": legend}
        return {**made, "editorMode": "code", "range": True, "instant": False}

    def variables(self, board: dict[str, Any]) -> list[dict[str, Any]]:
        """Cluster, job and instance.

        Without `allValue` All is the list of what was found, so that other jobs of the same Prometheus do not match:
        `up` and `process_*` exist in all of them. Instances come from `up`, for a sensor that is down is one, too. A
        Prometheus without clusters has no such label, which only .* matches.
        """
        queries = {
            "cluster": "label_values(host_sensor_build_info, cluster)",
            "job": 'label_values(host_sensor_build_info{cluster=~"$cluster"}, job)',
            "instance": 'label_values(up{cluster=~"$cluster",job=~"$job"}, instance)',
        }
        several = not board.get("one_host", False)
        made = [self._variable(name, query, several or name != "instance") for name, query in queries.items()]
        made[0]["allValue"] = ".*"
        return [choice(self.kind), *made]

    def _variable(self, name: str, query: str, several: bool) -> dict[str, Any]:
        everything = {"selected": True, "text": ["All"], "value": ["$__all"]}
        return {
            "name": name,
            "label": name.capitalize(),
            "type": "query",
            "datasource": datasource(self.kind),
            "definition": query,
            "query": {"query": query, "refId": name},
            "multi": several,
            "includeAll": several,
            "current": everything if several else {},
            "refresh": 2,  # when the time range changes
            "sort": 1,
        }

    def annotations(self) -> list[dict[str, Any]]:
        """Starts and reloads as lines; firing alerts as regions, off at first: four at once drown the page in red."""
        started = "process_start_time_seconds{SELECT}"
        reloaded = f"host_sensor_config_last_reload_success_timestamp_seconds{{SELECT}} > {started} + 60"
        return [
            self._annotation("Starts", f"{started} * 1000", "#5794F2", "{{instance}} started"),
            self._annotation("Reloads", f"({reloaded}) * 1000", "#B877D9", "{{instance}} took a configuration"),
            {
                **self._annotation("Alerts", ALERTS, "#F2495C", "{{alertname}} ({{severity}})"),
                "enable": False,
                "useValueForTime": False,
            },
        ]

    def _annotation(self, name: str, expr: str, colour: str, title: str) -> dict[str, Any]:
        return {
            "name": name,
            "datasource": datasource(self.kind),
            "enable": True,
            "hide": False,
            "iconColor": colour,
            "expr": expr.replace("SELECT", SELECT),
            "step": "60s",
            "titleFormat": title,
            "textFormat": "{{instance}}",
            "tagKeys": "job,instance",
            "useValueForTime": True,
        }


def textbox(name: str, label: str, value: str) -> dict[str, Any]:
    """A variable that the reader types."""
    chosen = {"selected": True, "text": value, "value": value}
    return {"name": name, "label": label, "type": "textbox", "query": value, "current": chosen, "options": [chosen]}


class Loki:
    """The log as the sensor writes it without `output: ecs`; `$stream` chooses it, `$guid` one process."""

    kind = "loki"

    def target(self, asked: Any, legend: str, terms: dict[str, str]) -> dict[str, Any]:
        """`asked[loki]` is LogQL; STREAM stands for the chosen stream."""
        expr = " ".join(asked["loki"].split()).replace("STREAM", "{$stream}")
        kind = "instant" if asked.get("table") else "range"
        made = {"datasource": datasource(self.kind), "expr": expr, "queryType": kind, "legendFormat": legend}
        return {**made, "editorMode": "code", **({"maxLines": 200} if asked.get("logs") else {})}

    def variables(self, board: dict[str, Any]) -> list[dict[str, Any]]:
        """The stream's labels, and the process that is followed."""
        stream = textbox("stream", "Stream", 'job="host-sensor"')
        return [choice(self.kind), stream, textbox("guid", "Process GUID", "none")]

    def annotations(self) -> list[dict[str, Any]]:
        """None: the panels are about events already."""
        return []


class Elasticsearch:
    """The log with `output: ecs`; `$filter` narrows it, in Lucene's syntax."""

    kind = "elasticsearch"

    def target(self, asked: Any, legend: str, terms: dict[str, str]) -> dict[str, Any]:
        """`asked[elastic]` is Lucene; `asked[by]` the field it is counted by."""
        query = f"event.module:auditd AND ($filter) AND ({asked['elastic']})"
        made = {"datasource": datasource(self.kind), "query": query, "timeField": "@timestamp", "alias": ""}
        if asked.get("logs"):
            return {**made, "metrics": [{"id": "1", "type": "logs", "settings": {"limit": "200"}}], "bucketAggs": []}
        buckets = [self._terms(str(number), field) for number, field in enumerate(asked.get("by", []), start=2)]
        if not asked.get("table"):
            every = {"interval": "auto", "min_doc_count": "0"}
            buckets.append({"id": "9", "type": "date_histogram", "field": "@timestamp", "settings": every})
        return {**made, "metrics": [{"id": "1", "type": "count"}], "bucketAggs": buckets}

    def _terms(self, id: str, field: str) -> dict[str, Any]:
        settings = {"size": "10", "order": "desc", "orderBy": "_count", "min_doc_count": "1"}
        return {"id": id, "type": "terms", "field": field, "settings": settings}

    def variables(self, board: dict[str, Any]) -> list[dict[str, Any]]:
        """A filter, and the process that is followed."""
        return [choice(self.kind), textbox("filter", "Filter", "*"), textbox("guid", "Process GUID", "none")]

    def annotations(self) -> list[dict[str, Any]]:
        """None: the panels are about events already."""
        return []
