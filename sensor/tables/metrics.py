"""The metrics: what each number of sensor.stats is called, and which values its label has from the start.

A labelled counter whose first sample appears with its first count is one that `increase` does not see: the function
needs a sample before. So every reason that can be foreseen is shown from the start, at 0.
"""

from __future__ import annotations

from typing import NamedTuple

from sensor.stats import CATEGORIES, ENDS, MOST_KEYS, NO_KEY, OTHER_KEYS, SOURCES, UNIDENTIFIED

_WRITE_ERRORS = """
EACCES ECONNREFUSED ECONNRESET EDQUOT EFBIG EIO EISDIR ELOOP EMFILE ENFILE ENODEV ENAMETOOLONG ENOENT ENOMEM ENOSPC
ENOTCONN ENOTDIR ENXIO EPERM EPIPE EROFS ESTALE ETIMEDOUT
"""
WRITE_ERRORS = tuple(_WRITE_ERRORS.split())
"""What open(2), write(2), rename(2) and connect(2) can fail with; another name appears with its first count."""

LOSSES = (*WRITE_ERRORS, "crash", "slow", "unknown")
"""Reasons of an output, see sensor.outputs.write_buffer.reason."""


PROGRAMS = ("on_fork", "on_exec", "on_exit")
"""The programs of the kernel probe, see sensor.probe.layout."""


class MetricRow(NamedTuple):
    """One attribute of a part of Stats and how it is shown; a name ending in `_total` is a counter, others gauges."""

    part: str
    attribute: str
    name: str
    help: str
    label: str = ""  # what the keys of a dictionary are
    known: tuple[str, ...] = ()  # keys that are shown from the start
    like: str = ""  # an attribute of the same part: its keys are shown from the start


ROWS = (
    MetricRow(
        "config",
        "last_reload_successful",
        "config_last_reload_successful",
        "1 if the configuration file, as it was last read, is in use; 0 if it was refused or has mistakes.",
    ),
    MetricRow(
        "config",
        "last_reload_success_time",
        "config_last_reload_success_timestamp_seconds",
        "When a configuration file was last taken into use as a whole, in seconds since 1970; 0: not yet.",
    ),
    MetricRow("input", "connected", "input_connected", "1 while the input is open."),
    MetricRow("input", "bytes", "input_bytes_total", "Bytes read from the audit daemon."),
    MetricRow("input", "chunks", "input_reads_total", "Reads from the audit daemon."),
    MetricRow("input", "pending_bytes", "input_pending_bytes", "Bytes read and not yet processed."),
    MetricRow(
        "input",
        "dropped_bytes",
        "input_dropped_bytes_total",
        "Bytes of input given up, for want of room or of time.",
    ),
    MetricRow(
        "input",
        "dropped_lines",
        "input_dropped_lines_total",
        "Lines of input given up, for want of room or of time.",
    ),
    MetricRow("input", "buffer_bytes", "input_buffer_bytes", "Room for bytes that are read and not yet processed."),
    MetricRow(
        "input", "reader_failures", "input_reader_failures_total", "Times the reading thread failed and began again."
    ),
    MetricRow("input", "reconnects", "input_reconnects_total", "Times a lost input was opened again."),
    MetricRow("pipeline", "lines", "lines_total", "Lines of audit text taken in."),
    MetricRow("pipeline", "records", "records_total", "Audit records that became part of an event."),
    MetricRow("pipeline", "ends", "end_lines_total", "Lines that only mark the end of an event."),
    MetricRow("pipeline", "events", "events_total", "Events written, those left out on purpose not counted."),
    MetricRow(
        "pipeline",
        "fast_events",
        "fast_events_total",
        "Events whose records came in one piece and were taken at once, filtered ones too.",
    ),
    MetricRow("pipeline", "inflight", "inflight_events", "Events that wait for more records."),
    MetricRow("pipeline", "inflight_limit", "inflight_events_limit", "Events that may wait for more records."),
    MetricRow(
        "pipeline",
        "categories",
        "events_by_category_total",
        "Events read, filtered ones too, by the category of ECS that their main record or system call has.",
        "category",
        CATEGORIES,
    ),
    MetricRow(
        "pipeline",
        "keys",
        "events_by_key_total",
        f"Events read, filtered ones too, by audit key: {MOST_KEYS} of them, all others are `{OTHER_KEYS}`. "
        "An event with two keys counts for both.",
        "key",
        (NO_KEY, OTHER_KEYS),
    ),
    MetricRow("pipeline", "expired", "expired_events_total", "Events ended by time-out, not by their last record."),
    MetricRow("pipeline", "late", "late_records_total", "Records whose event had left already."),
    MetricRow("pipeline", "duplicates", "duplicate_records_total", "Records that repeated an earlier one."),
    MetricRow("pipeline", "crashed", "crashes_total", "Unexpected errors of the pipeline that were survived."),
    MetricRow(
        "daemon",
        "last_event_time",
        "last_event_timestamp_seconds",
        "When the newest event read took place, in seconds since 1970.",
    ),
    MetricRow(
        "daemon",
        "written_lag",
        "written_lag_seconds",
        "Time from an event to its line in the log; none is counted where the clock was set.",
    ),
    MetricRow(
        "daemon", "crashed", "daemon_crashes_total", "Unexpected errors outside the pipeline that were survived."
    ),
    MetricRow(
        "pipeline",
        "unparsed",
        "unparsed_lines_total",
        "Lines reported as they are, by what is wrong.",
        "reason",
        ("header", "zeros", "crash"),
    ),
    MetricRow(
        "pipeline",
        "truncated",
        "truncations_total",
        "Times something was cut short, by the bound it hit.",
        "bound",
        ("line", "records", "bytes", "waiting_bytes", "events", "max_line"),
    ),
    MetricRow(
        "pipeline",
        "incomplete",
        "incomplete_events_total",
        "Events with a part missing: path, argument, syscall or eoe.",
        "missing",
        ("path", "argument", "syscall", "eoe"),
    ),
    MetricRow("pipeline", "filtered", "filtered_events_total", "Events left out on purpose, by rule.", "rule"),
    MetricRow(
        "pipeline",
        "redacted",
        "redacted_secrets_total",
        "Secrets replaced, by rule, once in records that repeat; `failed`: texts masked whole for a fault of ours.",
        "rule",
        ("failed",),
    ),
    MetricRow(
        "pipeline", "stage_failures", "stage_failures_total", "Events that a stage failed for, by stage.", "stage"
    ),
    MetricRow(
        "pipeline",
        "stage_samples",
        "stage_samples_total",
        "Calls of a stage that were timed, one in 64, with `metrics.stage_times`.",
        "stage",
    ),
    MetricRow(
        "pipeline",
        "stage_sample_seconds",
        "stage_sample_seconds_total",
        "CPU time of these calls.",
        "stage",
    ),
    MetricRow(
        "pipeline",
        "custom_failures",
        "custom_stage_failures_total",
        "Mistakes of custom stages.",
        "stage",
        like="custom_off",
    ),
    MetricRow(
        "pipeline",
        "custom_seconds",
        "custom_stage_seconds_total",
        "Time that custom stages took.",
        "stage",
        like="custom_off",
    ),
    MetricRow("pipeline", "custom_off", "custom_stage_off", "1 for a custom stage that is switched off.", "stage"),
    MetricRow("process", "size", "processes", "Processes in the process table."),
    MetricRow("process", "limit", "processes_limit", "Processes that the process table has room for."),
    MetricRow("process", "evicted", "processes_evicted_total", "Processes pushed out of the full process table."),
    MetricRow("process", "reused", "pids_reused_total", "Process ids found to belong to another process than before."),
    MetricRow("process", "lookups_proc", "proc_reads_total", "Process identities read from /proc."),
    MetricRow("process", "lookups_dead", "proc_misses_total", "Processes that had ended when /proc was asked."),
    MetricRow(
        "process",
        "identified",
        "identified_events_total",
        "Events of a process that has a GUID, by who knew when it started.",
        "source",
        SOURCES,
    ),
    MetricRow(
        "process",
        "unidentified",
        "unidentified_events_total",
        "Events without a GUID, by what hid it.",
        "reason",
        tuple(UNIDENTIFIED),
    ),
    MetricRow(
        "process", "lag", "event_lag_seconds", "Longest recent time by which an event was stamped before its act."
    ),
    MetricRow("output", "lines", "output_lines_total", "JSON lines written."),
    MetricRow("output", "bytes", "output_bytes_total", "Bytes written."),
    MetricRow("output", "rotations", "output_rotations_total", "Times the log was rotated."),
    MetricRow(
        "output", "unshipped_files", "output_unshipped_files_total", "Old files removed before they were shipped."
    ),
    MetricRow("output", "unshipped_bytes", "output_unshipped_bytes_total", "Bytes of these files."),
    MetricRow("output", "retries", "output_retries_total", "Writes tried again."),
    MetricRow("output", "errors", "output_errors_total", "Failed writes, by the error's name.", "errno", WRITE_ERRORS),
    MetricRow("output", "lost_lines", "output_lost_lines_total", "JSON lines given up, by reason.", "reason", LOSSES),
    MetricRow("output", "pending_bytes", "output_pending_bytes", "Bytes of the log that wait to be written."),
    MetricRow("output", "buffer_bytes", "output_buffer_bytes", "Room for bytes that wait to be written."),
    MetricRow("output", "disk_free_bytes", "output_disk_free_bytes", "Free space where the file is; 0: it is no file."),
    MetricRow(
        "output", "disk_bytes", "output_disk_bytes", "Size of the file system where the file is; 0: it is no file."
    ),
    MetricRow(
        "output",
        "retained_bytes",
        "output_retained_bytes",
        "Most that the file and its old ones may take; 0: unlimited.",
    ),
    MetricRow("filterlog", "lines", "filterlog_lines_total", "Filtered events written to the filter log."),
    MetricRow(
        "filterlog", "unshipped_files", "filterlog_unshipped_files_total", "Old files removed before they were shipped."
    ),
    MetricRow("filterlog", "unshipped_bytes", "filterlog_unshipped_bytes_total", "Bytes of these files."),
    MetricRow("filterlog", "bytes", "filterlog_bytes_total", "Bytes written to the filter log."),
    MetricRow("filterlog", "rotations", "filterlog_rotations_total", "Times the filter log was rotated."),
    MetricRow("filterlog", "retries", "filterlog_retries_total", "Writes to the filter log tried again."),
    MetricRow(
        "filterlog",
        "errors",
        "filterlog_errors_total",
        "Failed writes to the filter log, by error.",
        "errno",
        WRITE_ERRORS,
    ),
    MetricRow(
        "filterlog",
        "lost_lines",
        "filterlog_lost_lines_total",
        "Filtered events given up, by reason.",
        "reason",
        LOSSES,
    ),
    MetricRow(
        "debug",
        "lost_lines",
        "debug_lost_lines_total",
        "Lines that copies for finding mistakes (`debug`) lost, by reason.",
        "reason",
        LOSSES,
    ),
    MetricRow(
        "filterlog", "pending_bytes", "filterlog_pending_bytes", "Bytes of the filter log that wait to be written."
    ),
    MetricRow("filterlog", "buffer_bytes", "filterlog_buffer_bytes", "Room for bytes that wait to be written."),
    MetricRow(
        "filterlog", "disk_free_bytes", "filterlog_disk_free_bytes", "Free space where the file is; 0: it is no file."
    ),
    MetricRow(
        "filterlog",
        "disk_bytes",
        "filterlog_disk_bytes",
        "Size of the file system where the file is; 0: it is no file.",
    ),
    MetricRow(
        "filterlog",
        "retained_bytes",
        "filterlog_retained_bytes",
        "Most that the file and its old ones may take; 0: unlimited.",
    ),
    MetricRow("kernel", "readable", "kernel_audit_readable", "1 while the kernel shows its audit status."),
    MetricRow(
        "kernel", "enabled", "kernel_audit_enabled", "0: auditing is off; 1: on; 2: on, and rules cannot change."
    ),
    MetricRow(
        "kernel", "failure_mode", "kernel_audit_failure_mode", "On a loss: 0 silent, 1 a kernel message, 2 panic."
    ),
    MetricRow("kernel", "owner_pid", "kernel_audit_owner_pid", "Process that receives the audit records; 0: none."),
    MetricRow(
        "kernel", "owner_changes", "kernel_audit_owner_changes_total", "Times another process became the receiver."
    ),
    MetricRow(
        "kernel", "rate_limit", "kernel_audit_rate_limit", "Records a second that the kernel lets through; 0: all."
    ),
    MetricRow("kernel", "backlog", "kernel_backlog_records", "Records in the kernel that wait for auditd."),
    MetricRow("kernel", "backlog_limit", "kernel_backlog_limit", "Records that may wait there."),
    MetricRow(
        "loss",
        "missing_serials",
        "missing_serials_total",
        "Events that were numbered and never came: dropped by auditd's queue, by a rate limit, or without auditd.",
    ),
    MetricRow(
        "loss",
        "missed",
        "missed_events_total",
        "Events between the last of the sensor before and the first of this one, by how that one ended.",
        "end",
        tuple(ENDS),
    ),
    MetricRow(
        "loss", "unwritten", "unwritten_lines_total", "Lines that the sensor before had not written when killed."
    ),
    MetricRow(
        "kernel", "lost", "kernel_lost_records_total", "Records that the kernel dropped since the sensor started."
    ),
    MetricRow(
        "kernel", "waited", "kernel_backlog_wait_seconds_total", "How long processes were held up by a full backlog."
    ),
    MetricRow("probe", "attached", "probe_attached", "1 while the kernel probe's ring is open."),
    MetricRow("probe", "ring_bytes", "probe_ring_bytes", "Room in the kernel probe's ring; 0: there is none."),
    MetricRow("probe", "ring_pending_bytes", "probe_ring_pending_bytes", "Bytes in the ring that were not read yet."),
    MetricRow(
        "probe",
        "program_runs",
        "probe_program_runs_total",
        "Times that the kernel probe ran; it is counted while kernel.bpf_stats_enabled is 1.",
        "program",
        PROGRAMS,
    ),
    MetricRow(
        "probe",
        "program_seconds",
        "probe_program_seconds_total",
        "CPU time of the kernel probe, which others pay; it is counted while kernel.bpf_stats_enabled is 1.",
        "program",
        PROGRAMS,
    ),
    MetricRow("probe", "records", "probe_records_total", "Records read from the kernel probe."),
    MetricRow("probe", "lost", "probe_lost_records_total", "Records that did not fit into the kernel probe's ring."),
    MetricRow("probe", "lost_execs", "lost_execs_total", "Uncovered execs that were lost on the way."),
    MetricRow("probe", "unasked_execs", "unasked_execs_total", "Uncovered execs that no audit rule asked for."),
    MetricRow(
        "probe",
        "untracked",
        "probe_untracked_processes_total",
        "Processes for which the probe's map of living ones had no room.",
    ),
    MetricRow("privileges", "system_call_filter", "system_call_filter", "1 while the system call filter is in place."),
    MetricRow(
        "privileges", "user_missing", "user_missing", "1 if the configured user is unknown and another stands in."
    ),
    MetricRow("probe", "uncovered_execs", "uncovered_execs_total", "Execs the probe saw and the audit stream did not."),
)


USAGE = (
    ("audit_cpu_seconds_total", "CPU time of auditd, of the kernel's kauditd and of the sensor.", "cpu_seconds"),
    ("audit_resident_memory_bytes", "Resident memory of auditd, of kauditd and of the sensor.", "resident_bytes"),
)
"""Name, help, and attribute of `Usage`; labelled with the process."""


class StateRow(NamedTuple):
    """A gauge from auditd's state report; the line of the report is the text before ` = `."""

    name: str
    help: str
    line: str


AUDITD_STATE_TIME = StateRow(
    "auditd_state_timestamp_seconds", "When auditd wrote its state report, in seconds since 1970; 0: there is none.", ""
)
AUDITD_STATE = (
    StateRow("auditd_queue_events", "Events in auditd's queue to its plugins.", "current plugin queue depth"),
    StateRow(
        "auditd_queue_most_events", "Most events that were in it since auditd started.", "max plugin queue depth used"
    ),
    StateRow("auditd_queue_limit_events", "Events that auditd's queue has room for.", "plugin queue size"),
    StateRow(
        "auditd_queue_overflowed", "1 if auditd has dropped events for want of room.", "plugin queue overflow detected"
    ),
    StateRow("auditd_queue_suspended", "1 while auditd passes no events to its plugins.", "plugin queueing suspended"),
    StateRow("auditd_logging_suspended", "1 while auditd writes no log of its own.", "logging suspended"),
)
"""What `metrics.auditd_state` shows; a line that auditd's version does not write has no sample."""
