"""LAUREL's configuration becomes one of ours that says the same, and comments say where it does not."""

from __future__ import annotations

import json
import re
import sys

import pytest
import yaml

from sensor.config import Config, check, load
from sensor.errors import ConfigError, SensorError
from sensor.laurel import KEYS, LOG, import_laurel


@pytest.fixture
def convert(tmp_path):
    if sys.version_info < (3, 11):
        pytest.importorskip("tomli", reason="no library reads TOML on this Python")

    def convert(toml: str) -> str:
        path = tmp_path / "config.toml"
        path.write_text(toml)
        return import_laurel(str(path))

    return convert


def body(text: str) -> str:
    """Without the first line, which names the file."""
    return text.partition("\n")[2]


@pytest.mark.parametrize(
    ("toml", "expected"),
    [
        ("marker = 'x y'", 'marker: "x y"\n'),
        ("statusreport-period = 86400", "statusreport_period: 86400\n"),
        ('[auditlog]\nfile="f"\nsize=1\ngenerations=2', '\nauditlog:\n  file: "f"\n  size: 1\n  generations: 2\n'),
        ("[transform]\nexecve-argv=['array','string']", '\ntransform:\n  execve_argv: ["array", "string"]\n'),
        ("[enrich]\ncontainer_info = true", "\nenrich:\n  container_info: true\n"),
        (
            "[label-process.label-exe]\n'^/a$' = 'x'",
            '\nlabel_process:\n  label_exe:\n    "^/a$": "x"\n',
        ),
        ("[filter]\nfilter-keys = []", "\nfilter:\n  # in LAUREL this never *\n  filter_keys: []\n"),
        ("[debug.inputlog]\nfile = 'i'", '\ndebug:\n  inputlog:\n    file: "i"\n'),
        ("[filter]", "\nfilter:\n  # empty\n"),
        ('marker = "\\u007f ä"', 'marker: "\\u007f \\u00e4"\n'),
        ("nonsense = 3", "# LAUREL ignored nonsense = 3\n"),
        (
            "[translate]\nuserdb = true",
            "\ntranslate:\n  # LAUREL did not know userdb; it calls that key user-db:\n  #user_db: true\n",
        ),
        (
            "[filter]\nfilter-raw-lines = ['[[:alpha:]]', 'fine']",
            "\nfilter:\n  # check this expression, * from Rust: [[:alpha:]]\n  filter_raw_lines: *\n",
        ),
        ("statusreport-period = 0", "# 0 is never *\nstatusreport_period: null\n"),
        ("[debug.inputlog]\nsize = 0", "\ndebug:\n  inputlog:\n    # 0 is never *\n    size: null\n"),
        (
            "[state]\nmax-age = 0\nwrite-state-period = 0",
            "\nstate:\n  max_age: 0\n  # LAUREL wrote it *\n  # 0 is never *\n  write_state_period: null\n",
        ),
        ("[auditlog]\nfile = 'f'", '\nauditlog:\n  file: "f"\n  # no size: LAUREL never *\n  # no generations: *\n'),
    ],
)
def test_each_kind_of_setting(toml, expected, convert):
    """A star stands for the rest of a line."""
    lines = body(convert(toml)).splitlines()
    kept = [line for line in lines if not line.startswith(("# no user:", "# no directory:"))]
    patterns = expected.splitlines()
    assert len(kept) == len(patterns)
    for line, pattern in zip(kept, patterns):
        before, star, after = pattern.partition("*")
        assert line == pattern or (star and line.startswith(before) and line.endswith(after)), line


@pytest.mark.parametrize("end", ["\n", "\r\n", "\x85", "\u2028", "\u2029", "\n\n", "\x1b[2J\n"])
def test_no_comment_ends_before_its_text(end, convert, tmp_path):
    odd = json.dumps(f"[[:alpha:]]{end}user: root")
    ignored = json.dumps(f"x{end}user: root")
    toml = (
        f"{ignored} = {odd}\n[{odd}]\nx=1\n[filter]\nfilter-raw-lines = [{odd}]\n{odd} = [{odd}]\n"
        f"[label-process.label-exe]\n{odd} = {odd}\n"
    )
    made = yaml.safe_load(convert(toml))
    text = json.loads(odd)
    assert made == {"filter": {"filter_raw_lines": [text]}, "label_process": {"label_exe": {text: text}}}


def test_a_path_is_no_line(tmp_path):
    pytest.importorskip("tomllib" if sys.version_info >= (3, 11) else "tomli")
    path = tmp_path / "a\nuser: root\udcff"
    path.write_text("")
    assert yaml.safe_load(import_laurel(str(path))) is None


def test_what_is_not_set_is_commented_on(convert):
    text = convert("")
    assert "# no user: LAUREL stayed root" in text
    assert "# no directory: LAUREL wrote into its working directory" in text
    assert yaml.safe_load(text) is None


EVERYTHING = r"""
user = "_laurel"
directory = "/var/log/laurel"
input = "unix:/var/run/laurel.sock"
statusreport-period = 86400
marker = "m"
[auditlog]
file = "audit.log"
size = 10000000
generations = 10
read-users = [ "splunk" ]
read-groups = [ "adm" ]
read-other = true
line-prefix = "@cee: "
[filterlog]
file = "filtered.log"
[debug]
inputlog = { file = "input.log", size = 1000000 }
parse-error-log = { file = "errors.log" }
[transform]
execve-argv = [ "array", "string" ]
execve-argv-limit-bytes = 10000
[state]
file = "state"
generations = 3
max-age = 60
write-state-period = 3600
[translate]
universal = true
user-db = true
drop-raw = false
[enrich]
execve-env = [ "LD_PRELOAD", "LD_*" ]
container = true
container_info = false
systemd = true
pid = true
spawned-by = true
ppid-verbose = false
script = true
uid-groups = true
prefix = "enriched_"
exe-hash = false
exe-hash-size-limit = 10_000_000
exe-hash-cache-entries = 1024
[label-process]
label-keys = [ "software_mgmt" ]
label-exe.'^/opt/java$' = 'java'
unlabel-exe.'^/opt/sh$' = 'java'
label-argv.'^python3? .*amt' = 'amt'
unlabel-argv.'x' = 'amt'
label-argv-count = 32
label-argv-bytes = 4096
label-script.'^/x\.sh$' = 'x'
unlabel-script.'^/y' = 'x'
propagate-labels = [ "software_mgmt" ]
[filter]
filter-keys = [ "fork" ]
filter-null-keys = false
filter-labels = [ "software_mgmt" ]
filter-raw-lines = [ "^type=SOCKADDR .*" ]
filter-sockaddr = [ "127.0.0.0/8", "*:53", "[fe80::/10]:53" ]
filter-action = "log"
keep-first-per-process = true
"""
"""Every key of LAUREL, with values as its manual has them."""


def test_everything_is_converted_and_right(convert, tmp_path):
    (tmp_path / "config.yaml").write_text(convert(EVERYTHING))
    assert [str(mistake) for mistake in check(str(tmp_path / "config.yaml"))] == []
    assert "LAUREL ignored" not in (tmp_path / "config.yaml").read_text()


PACKAGED = {
    "bookworm": r"""
directory = "/var/log/laurel"
user = "_laurel"
statusreport-period = 0
auditlog = { file = "audit.log", size = 5000000, generations = 10 }
transform.execve-argv = [ "array" ]
translate = { universal = false, user-db = false }
[enrich]
pid = true
execve-env = [ "LD_PRELOAD", "LD_LIBRARY_PATH" ]
container = true
script = true
[label-process]
label-keys = [ "software_mgmt" ]
label-exe.'^/opt/.*/bin/java$' = 'java'
label-exe.'^/snap/amazon-ssm-agent/\d+/' = 'amazon-ssm-agent'
unlabel-exe."bin/php$" = "java"
label-script."maint" = "^/root/maint-.*[.]sh$"
propagate-labels = [ "software_mgmt", "amazon-ssm-agent" ]
[filter]
""",
    "trixie": r"""
directory = "/var/log/laurel"
user = "_laurel"
input = "stdin"
statusreport-period = 0
auditlog = { file = "audit.log", size = 5000000, generations = 10 }
state = { file = "state", generations = 0, max-age = 60 }
transform.execve-argv = [ "array" ]
translate = { universal = false, user-db = false, drop-raw = false }
[enrich]
pid = true
execve-env = [ "LD_PRELOAD", "LD_LIBRARY_PATH" ]
container = true
container_info = false
systemd = true
script = true
user-groups = true
[label-process]
label-keys = [ "software_mgmt" ]
label-exe.'^/usr/lib/jvm/.*/bin/java$' = 'java'
unlabel-exe."bin/php$" = "java"
label-argv."^(?:\\S+/)?java .* -Dweblogic" = "weblogic"
label-argv-count = 32
label-argv-bytes = 4096
label-script."^/root/maint-.*[.]sh$" = "maint"
propagate-labels = [ "software_mgmt", "amazon-ssm-agent" ]
[filter]
filter-null-keys = false
filter-action = "drop"
""",
}
"""The settings that the configuration of Debian's laurel package has, 0.5.1 and 0.7.1."""


@pytest.mark.parametrize("release", PACKAGED)
def test_what_debian_packages_is_right_after_conversion(release, convert, tmp_path):
    (tmp_path / "config.yaml").write_text(convert(PACKAGED[release]))
    assert [str(mistake) for mistake in check(str(tmp_path / "config.yaml"))] == []
    assert load(str(tmp_path / "config.yaml")).statusreport_period is None


NUMBERS = re.findall(r"^([a-z-]+) = [0-9_]+$", EVERYTHING, re.MULTILINE)


@pytest.mark.parametrize("key", sorted({*NUMBERS, "size"}))
def test_no_number_that_laurel_takes_is_refused(key, convert, tmp_path):
    """Zero is the smallest of each."""
    for section in [name for name, keys in KEYS.items() if key in keys]:
        (tmp_path / "config.yaml").write_text(convert(f"[{section}]\n{key} = 0" if section else f"{key} = 0"))
        assert [str(mistake) for mistake in check(str(tmp_path / "config.yaml"))] == []


def test_what_log_and_transform_show_is_what_we_read(convert, tmp_path):
    (tmp_path / "config.yaml").write_text(convert(EVERYTHING))
    config = load(str(tmp_path / "config.yaml"))
    assert (config.user, config.directory, config.input) == ("_laurel", "/var/log/laurel", "unix:/var/run/laurel.sock")
    assert (config.statusreport_period, config.marker) == (86400, "m")
    log = config.auditlog
    assert (log.file, log.size, log.generations) == ("audit.log", 10_000_000, 10)
    assert (log.read_users, log.read_groups, log.read_other, log.line_prefix) == (("splunk",), ("adm",), True, "@cee: ")
    assert config.filterlog.file == "filtered.log"
    assert config.debug.inputlog is not None
    assert config.debug.inputlog.size == 1_000_000
    assert config.debug.parse_error_log is not None
    assert config.transform.execve_argv == ("array", "string")
    assert config.transform.execve_argv_limit_bytes == 10000


def test_every_key_of_laurel_is_a_key_of_ours(tmp_path):
    """Each key, with a value of no type at all, is known: what is wrong with it is the value."""
    lines = []
    for name, keys in KEYS.items():
        for key in keys:
            if f"{name}.{key}".strip(".") not in KEYS:
                path = [*filter(None, name.split(".")), key]
                text = "".join([f"{'  ' * depth}{part}:\n" for depth, part in enumerate(path)])
                lines.append(text.replace("-", "_").rstrip() + " {[]: []}\n")
    unknown = []
    for line in lines:
        (tmp_path / "config.yaml").write_text(line)
        unknown += [
            str(mistake) for mistake in check(str(tmp_path / "config.yaml")) if "no such key" in mistake.message
        ]
    assert unknown == []


def test_logs_have_the_keys_of_laurel():
    ours = set(vars(Config().auditlog))
    assert {key.replace("-", "_") for key in LOG} <= ours


@pytest.mark.parametrize(("toml", "line"), [("a = ", 1), ("a = 1\nb", 2), ("\n\n[x", 3)])
def test_what_is_no_toml_is_reported_with_its_line(toml, line, convert):
    with pytest.raises(ConfigError, match="this is no TOML: ") as caught:
        convert(toml)
    assert caught.value.line in {line, line + 1, None}


def test_a_missing_file():
    if sys.version_info < (3, 11):
        pytest.importorskip("tomli", reason="no library reads TOML on this Python")
    with pytest.raises(ConfigError, match=r"/no/such\.toml: No such file"):
        import_laurel("/no/such.toml")


def test_without_a_library_it_shows_what_it_needs(monkeypatch):
    monkeypatch.setitem(sys.modules, "tomllib", None)
    monkeypatch.setitem(sys.modules, "tomli", None)
    with pytest.raises(SensorError, match="tomli"):
        import_laurel("/etc/hostname")
