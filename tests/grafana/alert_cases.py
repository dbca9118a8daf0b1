"""When each alert fires: its name, the series of host "a" minute by minute, the minute, and the severities that fire.

Values are promtool's: '0x5 90x30' is 0 and five more of it, then 90 thirty-one times; '0+500x60' grows by 500.
"""

from __future__ import annotations

N: set[str] = set()
W = {"warning"}
C = {"critical"}
WC = {"warning", "critical"}

UP = "up"
LINES = {"host_sensor_lines_total": "0+600x300"}
EVENTS = {"host_sensor_events_total": "0+100x300"}
START = "process_start_time_seconds"
LOG = 'host_sensor_output_lost_lines_total{reason="ENOSPC"}'
FILTERLOG = 'host_sensor_filterlog_lost_lines_total{reason="ENOSPC"}'
ERRORS = 'host_sensor_output_errors_total{errno="ENOSPC"}'
FREE, SIZE = "host_sensor_output_disk_free_bytes", {"host_sensor_output_disk_bytes": "1000x600"}
ENABLED, READABLE = "host_sensor_kernel_audit_enabled", "host_sensor_kernel_audit_readable"
OVERFLOWED, SUSPENDED = "host_sensor_auditd_queue_overflowed", "host_sensor_auditd_queue_suspended"
UNEXPLAINED = 'host_sensor_unidentified_events_total{reason="unexplained"}'
NO_PROBE = 'host_sensor_unidentified_events_total{reason="no_probe"}'
UNPARSED = 'host_sensor_unparsed_lines_total{reason="header"}'
MISSING = 'host_sensor_incomplete_events_total{missing="path"}'
TO = '{destination="central"}'
BOUND = 'host_sensor_truncations_total{bound="bytes"}'


def lag(late: int) -> dict[str, str]:
    """A hundred lines a minute, of which so many are later than ten seconds."""
    name = "host_sensor_written_lag_seconds"
    return {f'{name}_bucket{{le="10.0"}}': f"0+{100 - late}x60", f"{name}_count": "0+100x60"}


def of_buffer(name: str, share: float) -> dict[str, str]:
    return {
        f"host_sensor_{name}_pending_bytes": f"0x5 {share * 1000:.0f}x60",
        f"host_sensor_{name}_buffer_bytes": "1000x70",
    }


Case = tuple[str, dict[str, str], int, set[str]]


def case(name: str, minute: int, fires: set[str], *series: dict[str, str]) -> Case:
    merged: dict[str, str] = {}
    for each in series:
        merged.update(each)
    return f"HostSensor{name}", merged, minute, fires


CASES: list[Case] = [
    case("Down", 20, N, {UP: "1x60"}),
    case("Down", 4, N, {UP: "1 1 0 1 1 1x20"}),
    case("Down", 9, W, {UP: "1x5 0x60"}),
    case("Down", 20, WC, {UP: "1x5 0x60"}),
    case("Down", 20, N, {'up{job="node",instance="a"}': "0x60"}),
    case("Gone", 100, N, {UP: "1x200"}),
    case(
        "Gone",
        100,
        W,
        {'up{job="host-sensor",instance="a"}': "1x60 stale", 'up{job="host-sensor",instance="b"}': "1x200"},
    ),
    case("Gone", 30, C, {'up{job="node",instance="a"}': "1x60"}),
    case("InputClosed", 20, N, {"host_sensor_input_connected": "1x60"}),
    case("InputClosed", 8, W, {"host_sensor_input_connected": "1x5 0x60"}),
    case("InputClosed", 20, WC, {"host_sensor_input_connected": "1x5 0x60"}),
    case("Silent", 60, N, {UP: "1x300"}, LINES),
    case("Silent", 34, N, {UP: "1x300", "host_sensor_lines_total": "0+500x10 5000x290"}),
    case("Silent", 50, W, {UP: "1x300", "host_sensor_lines_total": "0+500x10 5000x290"}),
    case("Silent", 200, WC, {UP: "1x300", "host_sensor_lines_total": "0+500x10 5000x290"}),
    case("Silent", 200, N, {UP: "1x5 0x300", "host_sensor_lines_total": "0+500x5 stale"}),
    case("Silent", 200, N, {UP: "1x300", "host_sensor_lines_total": "7x300", ENABLED: "0x300", READABLE: "1x300"}),
    case("Silent", 200, WC, {UP: "1x300", "host_sensor_lines_total": "7x300", ENABLED: "0x300", READABLE: "0x300"}),
    case("Restarts", 40, N, {START: "100x60"}),
    case("Restarts", 15, N, {START: "100x5 200x5 300x60"}),
    case("Restarts", 40, W, {START: "100x5 200x5 300x5 400x60"}),
    case("Restarts", 40, WC, {START: "1 2 3 4 5 6 7 8 9x60"}),
    case("Restarts", 40, N, {'process_start_time_seconds{job="node",instance="a"}': "1 2 3 4 5 6 7 8 9x60"}),
    case(
        "LosesRecords", 30, N, {"host_sensor_kernel_lost_records_total": "7x60", LOG: "3x60", FILTERLOG: "0x60"}, LINES
    ),
    case("LosesRecords", 12, W, {"host_sensor_kernel_lost_records_total": "0x5 9x60"}, LINES),
    case("LosesRecords", 12, W, {"host_sensor_input_dropped_lines_total": "0x5 9x60"}, LINES),
    case("LosesRecords", 12, W, {"host_sensor_probe_lost_records_total": "0x5 9x60"}, LINES),
    case("LosesRecords", 12, W, {'host_sensor_missed_events_total{end="crash"}': "0x5 9x60"}, LINES),
    case("LosesRecords", 12, W, {LOG: "0x5 9x60"}, LINES),
    case("LosesRecords", 12, W, {FILTERLOG: "0x5 9x60"}, LINES),
    case("LosesRecords", 12, WC, {LOG: "0x5 500x60"}, LINES),
    case("LosesRecords", 30, N, {LOG: "0x5 500x60"}, LINES),
    case("LosesRecords", 16, WC, {LOG: "_x14 500x60"}, LINES),
    case("WriteErrors", 30, N, {ERRORS: "5x60"}),
    case("WriteErrors", 8, W, {ERRORS: "0x5 5x60"}),
    case("WriteErrors", 40, WC, {ERRORS: "0x5 0+5x60"}),
    case("DiskFills", 400, N, {FREE: "900-0.1x500"}, SIZE),
    case("DiskFills", 400, N, {FREE: "100x500"}, SIZE),
    case("DiskFills", 400, W, {FREE: "600-0.7x500"}, SIZE),
    case("DiskFills", 400, WC, {FREE: "500-1x450"}, SIZE),
    case("DiskFills", 60, N, {FREE: "0x300", "host_sensor_output_disk_bytes": "0x300"}),
    case("ShippingBehind", 20, N, of_buffer("output", 0.05)),
    case("ShippingBehind", 20, W, of_buffer("output", 0.2)),
    case("ShippingBehind", 20, WC, of_buffer("output", 0.8)),
    case("FallsBehind", 20, N, of_buffer("input", 0.05)),
    case("FallsBehind", 8, N, of_buffer("input", 0.8)),
    case("FallsBehind", 20, W, of_buffer("input", 0.2)),
    case("FallsBehind", 20, WC, of_buffer("input", 0.8)),
    case("Late", 30, N, lag(0)),
    case("Late", 30, W, lag(5)),
    case("Late", 30, WC, lag(80)),
    case(
        "BacklogFills",
        20,
        N,
        {"host_sensor_kernel_backlog_records": "90 5x60", "host_sensor_kernel_backlog_limit": "100x60"},
    ),
    case(
        "BacklogFills",
        20,
        W,
        {"host_sensor_kernel_backlog_records": "0 60x60", "host_sensor_kernel_backlog_limit": "100x60"},
    ),
    case(
        "BacklogFills",
        20,
        WC,
        {"host_sensor_kernel_backlog_records": "0 95x60", "host_sensor_kernel_backlog_limit": "100x60"},
    ),
    case("AuditOff", 20, N, {ENABLED: "1x60", READABLE: "1x60"}),
    case("AuditOff", 20, N, {ENABLED: "0x60", READABLE: "0x60"}),
    case("AuditOff", 8, W, {ENABLED: "1x5 0x60", READABLE: "1x60"}),
    case("AuditOff", 20, WC, {ENABLED: "1x5 0x60", READABLE: "1x60"}),
    case("AuditTaken", 15, N, {"host_sensor_kernel_audit_owner_changes_total": "0x10 2x60"}),
    case("AuditTaken", 15, W, {"host_sensor_kernel_audit_owner_changes_total": "0x10 5x60"}),
    case("AuditTaken", 15, WC, {"host_sensor_kernel_audit_owner_changes_total": "0x10 20x60"}),
    case("ProbeGone", 40, N, {"host_sensor_probe_attached": "0x200"}),
    case("ProbeGone", 40, W, {"host_sensor_probe_attached": "1x20 0x200"}),
    case("ProbeGone", 120, WC, {"host_sensor_probe_attached": "1x20 0x200"}),
    case("Unidentified", 20, N, {UNEXPLAINED: "3x60", NO_PROBE: "0+10x60"}, EVENTS),
    case("Unidentified", 10, W, {UNEXPLAINED: "0x5 3x60"}, EVENTS),
    case("Unidentified", 10, WC, {UNEXPLAINED: "0x5 90x60"}, EVENTS),
    case("AuditdQueue", 20, N, {OVERFLOWED: "0x60", SUSPENDED: "0x60"}),
    case("AuditdQueue", 20, W, {OVERFLOWED: "0x5 1x60", SUSPENDED: "0x60"}),
    case("AuditdQueue", 20, WC, {OVERFLOWED: "0x5 1x60", SUSPENDED: "0x5 1x60"}),
    case(
        "CoverageHole",
        60,
        N,
        {"host_sensor_lost_execs_total": "3x60", "host_sensor_probe_records_total": "0+100x60"},
    ),
    case(
        "CoverageHole",
        60,
        W,
        {"host_sensor_lost_execs_total": "0+1x60", "host_sensor_probe_records_total": "0+100x60"},
    ),
    case(
        "CoverageHole",
        60,
        WC,
        {"host_sensor_lost_execs_total": "0+30x60", "host_sensor_probe_records_total": "0+100x60"},
    ),
    case("ParseErrors", 20, N, {UNPARSED: "3x60"}, LINES),
    case("ParseErrors", 10, W, {UNPARSED: "0x5 3x60"}, LINES),
    case("ParseErrors", 10, WC, {UNPARSED: "0x5 900x60"}, LINES),
    case("Incomplete", 20, N, {MISSING: "3x60"}, EVENTS),
    case("Incomplete", 30, W, {MISSING: "0+1x60"}, EVENTS),
    case("Incomplete", 30, WC, {MISSING: "0+20x60"}, EVENTS),
    case("Truncates", 20, N, {BOUND: "3x60"}, EVENTS),
    case("Truncates", 10, W, {BOUND: "0x5 3x60"}, EVENTS),
    case("Truncates", 10, WC, {BOUND: "0x5 90x60"}, EVENTS),
    case("UserMissing", 20, N, {"host_sensor_user_missing": "0x60"}),
    case("UserMissing", 20, W, {"host_sensor_user_missing": "1x60"}),
    case("UserMissing", 380, WC, {"host_sensor_user_missing": "1x400"}),
    case("Crashes", 20, N, {"host_sensor_crashes_total": "3x60"}),
    case("Crashes", 10, W, {"host_sensor_crashes_total": "0x5 3x60"}),
    case("Crashes", 10, W, {"host_sensor_daemon_crashes_total": "0x5 3x60"}),
    case("Crashes", 10, WC, {"host_sensor_crashes_total": "0x5 300x60"}),
    case("LosesRecords", 12, W, {"host_sensor_missing_serials_total": "0x5 9x60"}, LINES),
    case("ShipBehind", 30, N, {f"host_sensor_ship_lag_seconds{TO}": "1000x10 0x60"}),
    case("ShipBehind", 30, W, {f"host_sensor_ship_lag_seconds{TO}": "1000x60"}),
    case("ShipBehind", 30, WC, {f"host_sensor_ship_lag_seconds{TO}": "20000x60"}),
    case("ShipGap", 30, N, {f"host_sensor_ship_missed_files_total{TO}": "2x60"}),
    case("ShipGap", 10, W, {f"host_sensor_ship_missed_files_total{TO}": "0x5 1x60"}),
    case("ShipGap", 10, WC, {"host_sensor_output_unshipped_files_total": "0x5 4x60"}),
    case("ShipRefused", 30, N, {f"host_sensor_ship_refused_events_total{TO}": "2x60"}),
    case("ShipRefused", 10, W, {f"host_sensor_ship_refused_events_total{TO}": "0x5 2x60"}),
    case("ShipRefused", 10, WC, {f"host_sensor_ship_refused_events_total{TO}": "0x5 200x60"}),
    case("ShipCursor", 30, N, {f"host_sensor_ship_cursor_errors_total{TO}": "2x60"}),
    case("ShipCursor", 10, W, {f"host_sensor_ship_cursor_errors_total{TO}": "0x5 2x60"}),
    case("ShipCursor", 120, WC, {f"host_sensor_ship_cursor_errors_total{TO}": "0+1x150"}),
    case("ConfigRefused", 3, N, {"host_sensor_config_last_reload_successful": "1 0 0 1x60"}),
    case("ConfigRefused", 20, W, {"host_sensor_config_last_reload_successful": "1x5 0x60"}),
    case("ConfigRefused", 380, WC, {"host_sensor_config_last_reload_successful": "1x5 0x400"}),
]
