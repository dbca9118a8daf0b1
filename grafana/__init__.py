"""Dashboards, recording rules and alerts for the metrics of host-sensor, made by `python -m grafana.generate`."""
