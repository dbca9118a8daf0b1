"""The whole configuration: what a file may say, what every kind of mistake is answered with, and the reference."""

from __future__ import annotations

import dataclasses
import json
import os
import re
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from sensor.config import Config, check, load, read, reference
from sensor.errors import ConfigError
from sensor.outputs import EventOptions
from sensor.outputs import Options as OutputOptions


def write(folder, text: str) -> str:
    path = folder / "config.yaml"
    path.write_text(text)
    return str(path)


def test_an_empty_file_and_empty_sections_change_nothing(tmp_path):
    for text in ("", "# nothing\n", "auditlog:\n", "auditlog: {}\nmetrics: null\n"):
        assert load(write(tmp_path, text)) == Config()


def test_a_file_shows_what_it_shows(tmp_path):
    text = """
        directory: /data
        marker: no
        user: ~
        drain_timeout: 1.5 min
        auditlog:
          size: 3 MiB
          read_users: [splunk, 4711]
          read_groups: adm
          line_prefix: "@cee: "
        debug:
          inputlog: {size: null}
          parse_error_log:
        transform:
          execve_argv: [array, string]
    """
    config = load(write(tmp_path, text))
    assert (config.directory, config.marker, config.user, config.drain_timeout) == ("/data", "no", None, 90)
    assert config.auditlog == EventOptions(
        size=3 << 20, read_users=("splunk", "4711"), read_groups=("adm",), line_prefix="@cee: "
    )
    assert config.filterlog == OutputOptions("filtered.jsonl")
    assert config.debug.inputlog == OutputOptions("input.log", size=None)
    assert config.debug.parse_error_log == OutputOptions("parse-errors.log")
    assert config.transform.execve_argv == ("array", "string")


MISTAKES = [
    ("auditlog:\n  sise: 3\n", 2, "auditlog.sise", 'no such key; did you mean "size"?'),
    ("statusreport-period: 3\n", 1, "statusreport-period", 'no such key; did you mean "statusreport_period"?'),
    ("listen: x\n", 1, "listen", "no such key; did you mean metrics.listen?"),
    ("read-users: x\n", 1, "read-users", "no such key; did you mean auditlog.read_users or filterlog.read_users or *"),
    ("debug:\n  xyzzy: 1\n", 2, "debug.xyzzy", "no such key; here are inputlog, parse_error_log"),
    ("auditlog: 3\n", 1, "auditlog", 'expected a section of keys, found "3"'),
    ("auditlog: [3]\n", 1, "auditlog", "expected a section of keys, found a list"),
    ("- 3\n", 1, "", "expected a section of keys, found a list"),
    ("marker: a\n\nmarker: b\n", 3, "marker", "given twice, first on line 1"),
    ("directory:\n", 1, "directory", "expected text, found nothing"),
    ("directory: [a]\n", 1, "directory", "expected text, found a list"),
    ("directory: {a: b}\n", 1, "directory", "expected text, found a section"),
    ("auditlog:\n  generations: many\n", 2, "auditlog.generations", 'expected a whole number, found "many"'),
    ("auditlog:\n  generations: 1.5\n", 2, "auditlog.generations", 'expected a whole number, found "1.5"'),
    ("auditlog:\n  generations: -1\n", 2, "auditlog.generations", 'expected at least 0, found "-1"'),
    ("auditlog:\n  generations: 5 MiB\n", 2, "auditlog.generations", 'expected a whole number, found "5 MiB"'),
    (
        "auditlog:\n  size: big\n",
        2,
        "auditlog.size",
        'expected a whole number of bytes such as 10485760 or 10 MiB, found "big"',
    ),
    ("auditlog:\n  age: 10 s\n", 2, "auditlog.age", 'expected at least 60, found "10 s"'),
    ("drain_timeout: 1.5 years\n", 1, "drain_timeout", 'expected a number of seconds such as * found "1.5 years"'),
    ("auditlog:\n  read_other: maybe\n", 2, "auditlog.read_other", 'expected true or false, found "maybe"'),
    ("auditlog:\n  read_users: {a: b}\n", 2, "auditlog.read_users", "expected a list, found a section"),
    ("auditlog:\n  read_users: [[a]]\n", 2, "auditlog.read_users", "expected text, found a list"),
    (
        "transform:\n  execve_argv:\n    - arry\n",
        3,
        "transform.execve_argv",
        'expected one of array, string, found "arry"; did you mean "array"?',
    ),
    ("translate: {time: rfc}\n", 1, "translate.time", 'expected one of "", iso, found "rfc"'),
    ("input: stdn\n", 1, "input", 'expected stdin or unix:/path, found "stdn"'),
    ("metrics:\n\n  listen: nowhere\n", 3, "metrics.listen", "expected ADDRESS:PORT, not 'nowhere'"),
    ('user: ""\n', 1, "user", 'expected a name, or null to stay root, found ""'),
    ('user: " "\n', 1, "user", 'expected a name, or null to stay root, found " "'),
    ("oom_score_adj: 1001\n", 1, "oom_score_adj", "expected at most 1000, found 1001"),
    ("probe: {ring_size: 5000}\n", 1, "probe.ring_size", "expected a power of two such as 4 MiB, found 5000"),
    ("enrich: {execve_env: LD_PRELOAD LD_LIBRARY_PATH}\n", 1, "enrich.execve_env", "*is no name of a variable*"),
    ("enrich: {execve_env: 'A,B'}\n", 1, "enrich.execve_env", "*is no name of a variable*"),
    ("filter: {rules: {a: exe=ls}}\n", 1, "filter.rules", 'a: exe is a full path, which begins with /, not "ls"'),
    ("a: [1\n", 2, "", "this is no YAML: *"),
    ("a: *b\n", 1, "", "this is no YAML: found undefined alias 'b'"),
    ("marker: !!python/object:os.system x\n", None, "", None),
    ("a: \x07\n", None, "", "this is no YAML: *"),
    ("marker: " + "[" * 5000 + "\n", None, "", "this is no YAML: *"),
]


@pytest.mark.parametrize(("text", "line", "key", "message"), MISTAKES, ids=[repr(row[0][:40]) for row in MISTAKES])
def test_a_mistake_is_named(text, line, key, message, tmp_path):
    path = write(tmp_path, text)
    found = check(path)
    if message is None:  # a tag makes no object: the value is the text that stands there
        assert (found, load(path).marker) == ([], "x")
        return
    (mistake,) = found
    assert (mistake.file, mistake.line, mistake.key) == (path, line, key)
    assert fnmatchcase(mistake.message, message), mistake.message
    with pytest.raises(ConfigError, match=re.escape(str(mistake))):
        load(path)


NOT_OUTPUTS = [
    ("tcp://collector:514", 'expected a path, found "tcp://collector:514": nothing here serves "tcp:"; *'),
    ("udp://[::1]:514", '*nothing here serves "udp:"*'),
    ("HTTPS://h/x", '*nothing here serves "HTTPS:"*'),
    (" syslog://h", '*nothing here serves "syslog:"*'),
    ("redis+tls://h", '*nothing here serves "redis+tls:"*'),
    ("tcp:collector:514", '*nothing here serves "tcp:"*'),
    ("file:///var/log/x", '*nothing here serves "file:"*'),
    ("unix:run/socket", 'expected unix:/path, found "unix:run/socket"'),
    ("unix:", 'expected unix:/path, found "unix:"'),
    ("unix:/" + 107 * "x", "expected unix:/path of at most 107 bytes, found 108"),
    ("", "expected a file name, `-`, `| /program` or `unix:/path`, found nothing"),
    ("  ", "expected a file name, *"),
    ("|", 'expected a program by its full path, found ""'),
    ("| cat", 'expected a program by its full path, found "cat"'),
    ("| /bin/cat 'x", 'expected a program and its arguments, found "/bin/cat \'x": No closing quotation'),
]
OUTPUTS = ["a", "./tcp:x", "/var/log/a:b", "a b", "a/b:c", "-", "| /bin/cat -u", "|/bin/cat", "unix:/run/x", "a-b_c.1"]


@pytest.mark.parametrize("section", ["auditlog", "filterlog", "debug.inputlog", "debug.parse_error_log"])
@pytest.mark.parametrize(("file", "message"), NOT_OUTPUTS)
def test_what_no_output_serves_is_a_mistake(section, file, message, tmp_path):
    text = json.dumps({section.partition(".")[0]: {"file": file}})
    if "." in section:
        text = json.dumps({"debug": {section.partition(".")[2]: {"file": file}}})
    (mistake,) = check(write(tmp_path, text))
    assert mistake.key == f"{section}.file"
    assert fnmatchcase(mistake.message, message), mistake.message


@pytest.mark.parametrize("file", OUTPUTS)
def test_what_an_output_serves_is_none(file, tmp_path):
    assert load(write(tmp_path, json.dumps({"auditlog": {"file": file}}))).auditlog.file == file


@pytest.mark.parametrize("key", ["directory", "state.file", "metrics.textfile", "probe.path"])
@pytest.mark.parametrize("path", ["s3://bucket/logs", "http://h/x", "tcp:h:1"])
def test_a_path_is_one_of_this_host(key, path, tmp_path):
    section, _, name = key.rpartition(".")
    text = json.dumps({section: {name: path}} if section else {name: path})
    (mistake,) = check(write(tmp_path, text))
    assert (mistake.key, mistake.message.partition(":")[0]) == (
        key,
        f'expected a path, found "{path.partition(":")[0]}',
    )


@pytest.mark.parametrize("text", ['user: "a\\0b"', 'directory: "/a\\0"', 'auditlog: {read_users: ["a\\0"]}'])
def test_no_text_has_what_system_calls_refuse(text, tmp_path):
    (mistake,) = check(write(tmp_path, text))
    assert mistake.message == "expected text without the character NUL"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('marker: "\\ud800"', "text"),
        ('auditlog: {line_prefix: "\\udfff"}', "text"),
        ('label_process: {label_exe: {bash: "\\ud800"}}', 'text for "bash"'),
        ('label_process: {label_exe: {"\\ud800": bash}}', "text before the colon"),
        ('label_process: {label_keys: ["\\ud800"]}', "text"),
        ('filter: {rules: {cron: "comm=\\ud800"}}', 'text for "cron"'),
        ('redact: {rules: {a: "\\ud800"}}', 'text for "a"'),
        ('host: {name: "\\ud800"}', 'text for "name"'),
        ('filter: {filter_raw_lines: ["\\ud800"]}', "text"),
        ('input_buffer: "\\ud800"', "a whole number of bytes such as 10485760 or 10 MiB"),
    ],
)
def test_no_text_has_what_cannot_be_written(text, expected, tmp_path):
    (mistake,) = check(write(tmp_path, text))
    assert mistake.message == f"expected {expected}, found half of a character"


@pytest.mark.parametrize("text", ['"\\ud800": 1', 'auditlog: {"a\\udfffb": 1}', 'user: ["\\ud800"]', '"\\e[2J": 1'])
def test_every_mistake_can_be_written(text, tmp_path):
    (mistake,) = check(write(tmp_path, text))
    assert str(mistake).encode().decode().isprintable()


@pytest.mark.parametrize("key", ["input_buffer", "drain_timeout", "oom_score_adj", "finish_timeout"])
def test_a_number_beyond_all_measure_is_a_mistake(key, tmp_path):
    config, (mistake,) = read(write(tmp_path, f"{key}: {'9' * 400}\nmarker: here"))
    assert mistake.message.endswith("found one of 400 digits")
    assert config.marker == "here"


@pytest.mark.parametrize("size", [65535, 65536])
def test_a_buffer_has_room_for_a_batch_at_least(size, tmp_path):
    mistakes = check(write(tmp_path, f"auditlog: {{buffer: {size}}}"))
    assert [mistake.message for mistake in mistakes] == ['expected at least 65536, found "65535"'] * (size < 65536)


def test_all_mistakes_are_found_at_once_and_the_rest_is_read(tmp_path):
    config, mistakes = read(write(tmp_path, "directory: /d\nauditlog:\n  size: x\n  file: f\n  z: 1\nq: 1\n"))
    assert [(mistake.line, mistake.key) for mistake in mistakes] == [(3, "auditlog.size"), (5, "auditlog.z"), (6, "q")]
    assert (config.directory, config.auditlog) == ("/d", EventOptions("f"))


WRONG_TOGETHER = [
    ("input: nowhere\nmarker: m\nredact: {rules: {a: b}}\n", 1, "input"),
    ("redact: {rules: {a: b}}\nuser: ''\nmarker: m\n", 2, "user"),
    ("redact: {rules: {a: b}}\nmarker: m\nhost: {ip: x}\ninput: nowhere\n", 3, "host"),
    ("redact: {rules: {a: b}}\nmarker: m\nauditlog: {size: 1 MiB, file: state}\n", 3, "auditlog.file"),
]


@pytest.mark.parametrize(("text", "line", "key"), WRONG_TOGETHER)
def test_a_value_that_is_refused_later_costs_no_other(text, line, key, tmp_path):
    config, mistakes = read(write(tmp_path, text))
    assert (mistakes[0].line, mistakes[0].key) == (line, key)
    assert (config.marker, config.redact.rules) == ("m", {"a": "b"})
    assert (config.input, config.user, config.host) == ("stdin", "_host-sensor", "auto")
    assert config.auditlog.file == "audit.jsonl"


def test_the_rest_of_a_section_is_used(tmp_path):
    config, mistakes = read(write(tmp_path, "enrich: {prefix: '?', exe_hash: true, ancestors: 2}\n"))
    assert [mistake.key for mistake in mistakes] == ["enrich.prefix"]
    assert (config.enrich.prefix, config.enrich.exe_hash, config.enrich.ancestors) == (None, True, 2)


def test_a_value_that_does_not_fit_one_of_another_file_goes(tmp_path):
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d/x.yaml").write_text("marker: m\nredact: {rules: {a: b}}\nauditlog: {file: x}\n")
    config, mistakes = read(write(tmp_path, "filterlog: {file: x}\n"))
    assert [(Path(mistake.file).name, mistake.line, mistake.key) for mistake in mistakes] == [
        ("x.yaml", 3, "filterlog.file")
    ]
    assert (config.marker, config.redact.rules, config.filterlog.file) == ("m", {"a": "b"}, "x")
    assert config.auditlog.file == "audit.jsonl"


@pytest.mark.parametrize("text", ["auto", "off", "{name: web01, os.name: Debian}"])
def test_the_host_is_a_word_or_a_map(text, tmp_path):
    config, mistakes = read(write(tmp_path, f"host: {text}\n"))
    assert mistakes == []
    assert config.host == (text if text[0] != "{" else {"name": "web01", "os.name": "Debian"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("of", 'expected one of auto, off, found "of"; did you mean "off"?'),
        ("[auto]", "expected a map, or one of auto, off, found a list"),
        ("{ip: 10.0.0.1}", '"ip" is none of name, hostname, id,'),
        ("{os: {name: x}}", 'expected text for "os", found a section'),
        ("~", "expected text, found nothing"),
    ],
)
def test_what_no_host_is(text, message, tmp_path):
    (mistake,) = read(write(tmp_path, f"host: {text}\n"))[1]
    assert (mistake.line, mistake.key) == (1, "host")
    assert message in str(mistake)


def test_a_mistake_reads_well(tmp_path):
    path = write(tmp_path, "auditlog:\n  sise: 3\n")
    assert [str(mistake) for mistake in check(path)] == [f'{path}:2: auditlog.sise: no such key; did you mean "size"?']


@pytest.mark.parametrize("mode", [0o666, 0o664, 0o646, 0o620])
def test_a_file_that_others_may_write_is_refused(tmp_path, mode):
    path = write(tmp_path, "marker: x\n")
    (tmp_path / "config.yaml").chmod(mode)
    (mistake,) = check(path)
    why = "a configuration decides what runs with the sensor's rights"
    assert str(mistake).startswith(f"{path}: not used, because {why}: {path}: must be owned by")
    assert read(path)[0] == Config()


@pytest.mark.root
def test_a_file_of_another_user_is_refused(tmp_path):
    path = write(tmp_path, "auditlog: {file: '| /usr/bin/id'}\n")
    os.chown(path, 65534, 65534)
    assert "must be owned by root and writable by no one else" in str(check(path)[0])
    assert read(path)[0] == Config()


def test_a_missing_file_is_a_mistake_without_a_line():
    assert [str(mistake) for mistake in check("/no/such.yaml")] == ["/no/such.yaml: No such file or directory"]


def test_no_text_is_no_yaml(tmp_path):
    (tmp_path / "config.yaml").write_bytes(b"marker: \xff\n")
    (mistake,) = check(str(tmp_path / "config.yaml"))
    assert mistake.message.startswith("this is no YAML")


def test_the_reference_is_a_configuration_that_changes_nothing(tmp_path):
    assert load(write(tmp_path, reference())) == Config()


def test_the_reference_shows_every_default(tmp_path):
    """With every key brought to life the file still says what Config() says, but for the sections that are absent."""
    live = re.sub(r"(?m)^( *)#(?! )(\S)", r"\1\2", re.sub(r"(?m)^( *)#(  \S)", r"\1\2", reference()))
    config, mistakes = read(write(tmp_path, live))
    assert mistakes == []
    absent = dataclasses.replace(config.debug, inputlog=None, parse_error_log=None)
    assert config.debug.inputlog == OutputOptions("input.log")
    assert dataclasses.replace(config, debug=absent) == Config()


@pytest.mark.parametrize("prefix", ["x_", "X-", "enriched.", "a:b@", "0", "laurel_", "_", "", "x" * 64])
def test_prefixes_that_make_keys(tmp_path, prefix):
    path = tmp_path / "config.yaml"
    path.write_text(json.dumps({"enrich": {"prefix": prefix}}))
    assert load(str(path)).enrich.prefix == prefix


@pytest.mark.parametrize(
    "prefix",
    [
        *(
            '"',
            "a b",
            "é",
            "\\",
            "\n",
            "\x00",
            "\x85",
            "\u202e",
            "\ud800",
            "{",
            "x%",
            "x+",
            "x" * 65,
            " ",
            "x,",
            '","a":"',
        ),
        *("p", "pid", "o", "a", "e", "u", "audit_", "new", "na", "sadd", "au", "ou"),  # as fields of the records begin
    ],
)
def test_prefixes_that_make_none(tmp_path, prefix):
    path = tmp_path / "config.yaml"
    path.write_text(json.dumps({"enrich": {"prefix": prefix}}))
    (mistake,) = check(str(path))
    assert "enrich.prefix" in str(mistake)
    assert mistake.line == 1
