"""What a configuration sets in vain, each next to what is meant the same way and is not."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from sensor.config import Config, load
from sensor.config.ineffective import remarks

IN_VAIN = [
    ("enrich: {pid: false, ppid_verbose: true}", "enrich.ppid_verbose: has no effect without enrich.pid"),
    ("enrich: {container: false, container_info: true}", "enrich.container_info: * without enrich.container"),
    ("enrich: {exe_hash_size_limit: 1}", "enrich.exe_hash_size_limit: * without enrich.exe_hash"),
    ("enrich: {cmdline_bytes: 64}", "enrich.cmdline_bytes: * without enrich.cmdline or enrich.parent_info"),
    ("output: ecs\ntransform: {keys: distinct}", "transform.keys: * without `output: laurel`"),
    ("output: ocsf\ntransform: {execve_argv: string}", "transform.execve_argv: * without `output: laurel`"),
    ("host: off", "host: * without `output: ecs` or `ocsf`"),
    ("probe: {use: false, emit: exec}", "probe.emit: * without probe.use"),
    ("probe: {coverage_timeout: 0, coverage_events: true}", "probe.coverage_events: * without probe.coverage_timeout"),
    ("filterlog: {size: 1 MiB}", "filterlog: * without `filter_action: log`, or a rule with action=log"),
    ("filter: {filter_action: log}", "filter.filter_action: * without something to filter"),
    ("label_process: {label_argv_count: 2}", "label_process.label_argv_count: * without label_argv or unlabel_argv"),
    ("state: {file: null, write_state_period: 60}", "state.write_state_period: * without state.file"),
    ("redact: {rules: {a: x}, key_file: /k}", "redact.key_file: * without `action: hash`"),
    ("redact: {rules: {a: x}, action: hash}", "redact.action: without redact.key_file secrets are masked, not hashed"),
    ("redact: {rules: {a: action=hash x}}", "redact.action: without redact.key_file secrets are masked, not hashed"),
    ("metrics: {listen: '', tls: {certificate: /c}}", "metrics.tls: * without metrics.listen"),
    ("metrics: {listen: '', stage_times: true}", "metrics.stage_times: * without metrics.listen or .textfile"),
    ("metrics: {listen: '0.0.0.0:9766'}", "metrics.listen: all that can reach 0.0.0.0:9766 may read the metrics; *"),
    ("metrics: {listen: ':9766'}", "metrics.listen: all that can reach :9766 *"),
    ("metrics: {listen: '[::]:9766'}", "metrics.listen: all that can reach [[]::]:9766 *"),
    ("directory: ~/log", "directory: ~/log is below the directory that the sensor is started in, / under auditd"),
    ("directory: $HOME/log", "directory: $HOME/log is below *"),
    ("stages: [stages/*.py]", "stages: stages/[*].py is below *"),
    ("metrics: {textfile: host-sensor.prom}", "metrics.textfile: host-sensor.prom is below *"),
    ("metrics: {tls: {certificate: c.pem}}", "metrics.tls.certificate: c.pem is below *"),
    ("auditlog: {file: '-', size: 1 MiB}", "auditlog.size: has no effect: - is no file"),
    ("auditlog: {file: '| /bin/cat', read_groups: splunk}", "auditlog.read_groups: * | /bin/cat is no file"),
    ("debug: {inputlog: {file: 'unix:/s', generations: 9}}", "debug.inputlog.generations: * unix:/s is no file"),
    ("auditlog: {size: 10}", "auditlog.size: 10 bytes hold a few events at most: a unit is missing, as in 10 MiB?"),
    ("filter: {filter_action: log, filter_keys: a}\nfilterlog: {size: 5}", "filterlog.size: 5 bytes *"),
    ("filter: {filter_labels: scheduld}", 'filter.filter_labels: nothing gives a process the label "scheduld"'),
    (
        "filter: {filter_labels: java}\nlabel_process: {label_exe: {java: Java}}",
        'filter.filter_labels: nothing gives a process the label "java"',
    ),
    ("label_process: {propagate_labels: [a]}", 'label_process.propagate_labels: * the label "a"'),
    ("filter: {rules: {x: 'label=\u00e4 syscall=open'}}", 'filter.rules: nothing gives a process the label "\u00e4"'),
    ("filter: {drop_records: [proctitle]}", 'filter.drop_records: no type of records is called "proctitle"'),
    ("filter: {drop_records: [CRYPO_*]}", 'filter.drop_records: no type of records is called "CRYPO_[*]"'),
    ("filter: {rules: {x: type=SYSCAL}}", 'filter.rules: no type of records is called "SYSCAL"'),
]

OF_USE = [
    "enrich: {ppid_verbose: true}",
    "enrich: {exe_hash: true, exe_hash_size_limit: 1}",
    "enrich: {cmdline: true, cmdline_bytes: 64}",
    "output: ecs\nenrich: {cmdline_bytes: 64}",
    "output: ecs\nhost: off",
    "transform: {keys: distinct, execve_argv: string}",
    "probe: {emit: exec, coverage_events: true}",
    "filterlog: {size: 1 MiB}\nfilter: {filter_action: log, filter_null_keys: true}",
    "filterlog: {size: 1 MiB}\nfilter: {rules: {x: 'syscall=open action=log'}}",
    "label_process: {unlabel_argv: {x: y}, label_argv_count: 2}",
    "state: {write_state_period: 60}",
    "redact: {rules: {a: x}, action: hash, key_file: /k}",
    "redact: {rules: {a: action=hash x}, key_file: /k}",
    "redact: {action: hash}",
    "metrics: {listen: '', textfile: /t/x.prom, stage_times: true}",
    "metrics: {listen: 'localhost:9766'}",
    "metrics: {listen: '[::1]:9766'}",
    "metrics: {listen: ''}",
    "auditlog: {file: sub/x}\nstate: {file: s}",
    "auditlog: {file: '-', line_prefix: x, buffer: 1 MiB, max_line: 4096}",
    "auditlog: {size: 64 KiB}",
    "auditlog: {size: null}",
    "filter: {filter_labels: [a, Java]}\nlabel_process: {label_keys: a, label_exe: {java: Java}}",
    "filter: {filter_labels: [a]}\nstages: [/s/*.py]",
    "filter: {rules: {x: 'label=a'}}\nlabel_process: {label_unit: {cron: a}}",
    "filter: {drop_records: [PROCTITLE, CRYPTO_*, 'UNKNOWN[1421]']}",
    "filter: {rules: {x: 'type=USER_ACCT,CRED_*'}}",
]


def found(folder: Path, text: str) -> list[str]:
    (folder / "config.yaml").write_text(text, encoding="utf-8")
    return [str(remark) for remark in remarks(load(str(folder / "config.yaml")))]


@pytest.mark.parametrize(("text", "expected"), IN_VAIN)
def test_what_is_set_in_vain(text, expected, tmp_path):
    (remark,) = found(tmp_path, text)
    assert fnmatchcase(remark, expected), remark


@pytest.mark.parametrize("text", OF_USE)
def test_what_is_not(text, tmp_path):
    assert found(tmp_path, text) == []


def test_nothing_is_set_in_vain_by_default():
    assert list(remarks(Config())) == []


@pytest.mark.parametrize(
    "example", sorted(Path("packaging").glob("examples/redact/*.yaml")), ids=lambda path: path.name
)
def test_nor_by_what_is_shipped(example):
    assert list(remarks(load(str(example)))) == []
