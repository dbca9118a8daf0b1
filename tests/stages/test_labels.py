"""Labels are there with a program's first event, inherited where they are propagated, always in the same order."""

from __future__ import annotations

import json

import pytest

from sensor.audit.argv import arguments_of
from sensor.process.command import Commands
from sensor.process.containers import ContainerNames
from sensor.process.files import ProcFiles
from sensor.process.host_paths import HostPaths
from sensor.stages.cgroup import Cgroups
from sensor.stages.command import CommandLines
from sensor.stages.labels import Labeller
from sensor.stages.options import CgroupOptions, CommandOptions, LabelOptions
from sensor.stages.script import Scripts
from tests.support.fake_host import BOOTED, FakeHost, event, exec_event, syscall
from tests.support.waiting import eventually

ID = "3f" * 32


@pytest.fixture
def host(tmp_path):
    host = FakeHost(tmp_path)
    host.process(1, 0, "/usr/lib/systemd/systemd", start=1)
    host.process(42, 1, "/usr/bin/bash", start=4000, cgroup="0::/system.slice/ssh.service\n", cmdline="bash\0-l\0")
    return host


@pytest.fixture
def run(host, tmp_path):
    """Run events through all that labels depend on; the stages stay the same within a test."""
    made = []

    def run(*events, prefix="", **options):
        if not made:
            files, containers = ProcFiles(host.proc), ContainerNames(str(tmp_path))
            commands = Commands(files, arguments_of, 4096)
            labeller = Labeller(LabelOptions(**options), HostPaths(host.table), commands, containers)
            made.extend(
                [
                    host.identity(Cgroups(CgroupOptions(), files, containers).describe, prefix=prefix),
                    CommandLines(CommandOptions(), commands, host.proc.host(BOOTED), lambda _: host.table).learn,
                    Scripts(commands).learn,
                    labeller.label,
                    labeller.show,
                ]
            )
        return [line.get("SYSCALL", {}).get("LABELS") for line in host.run(made, *events, prefix=prefix)]

    return run


BASH = syscall(42, 1, "/usr/bin/bash")


def test_a_command_line_that_the_process_does_not_let_go_labels_it_later(host, run):
    give = host.hold(42, "cmdline")
    options = {"label_argv": {"-l": "login"}, "label_exe": {"bash": "shell"}}
    assert run(event(BASH), **options) == [["shell"]]
    give("bash\0-l\0")
    assert eventually(lambda: run(event(BASH)) == [["login", "shell"]])


SCRIPT = ['PATH item=0 name="/opt/x.sh"', 'PATH item=1 name="/bin/sh"']


@pytest.mark.parametrize(
    ("options", "labels"),
    [
        ({"label_exe": {"/bash$": "shell"}}, ["shell"]),
        ({"label_exe": {"bas": "b", "^/usr": "a", "zsh": "c"}}, ["a", "b"]),
        ({"label_exe": {"bash": "a"}, "unlabel_exe": {"^/usr": "a"}}, None),
        ({"label_argv": {"^bash -l$": "login"}}, ["login"]),
        ({"label_argv": {"-l": "login"}, "label_argv_count": 1}, None),
        ({"label_argv": {"^bash$": "short"}, "label_argv_bytes": 7}, ["short"]),
        ({"label_argv": {"-l": "login"}, "label_argv_bytes": 8}, ["login"]),
        ({"label_unit": {"^ssh.service$": "remote", "^system": "x"}}, ["remote", "x"]),
        ({"label_unit": {"^ssh.service$": "remote"}, "unlabel_unit": {"ssh": "remote"}}, None),
        ({"label_exe": {"bash": "a"}, "unlabel_argv": {"-l": "a"}}, None),
        ({"label_argv": {"-l": "a"}, "unlabel_exe": {"bash": "a"}}, ["a"]),  # the command line comes later
        ({"label_exe": {"bash": "schön"}}, ["schön"]),
        ({"label_container": {"": "any"}}, None),
        ({"label_script": {"": "any"}}, None),
        ({}, None),
    ],
)
def test_rules_label_a_program_at_its_first_event(run, options, labels):
    assert run(event(BASH), event(BASH), **options) == [labels, labels]


def test_scripts_have_labels(run):
    text = exec_event(43, 42, "/usr/bin/dash", ["/bin/sh", "/opt/x.sh"], *SCRIPT)
    assert run(text, label_script={"^/opt/x.sh$": "x", "x": "y"}, unlabel_script={"x": "y"}) == [["x"]]


@pytest.mark.parametrize("text", [ID, "^web$", "nginx:"])
def test_containers_have_labels_by_id_name_and_image(host, run, tmp_path, text):
    config = tmp_path / f"var/lib/docker/containers/{ID}/config.v2.json"
    config.parent.mkdir(parents=True)
    config.write_text(json.dumps({"Name": "/web", "Config": {"Image": "nginx:1.25"}}))
    host.process(42, 1, "/usr/bin/bash", start=4000, cgroup=f"0::/docker/{ID}\n")
    assert run(event(BASH), label_container={text: "web"}) == [["web"]]


@pytest.mark.parametrize("key", ["scope", "736F6D65017363_scope", "other\x01scope"])
def test_a_key_labels_the_process_from_then_on(run, key):
    keyed = syscall(42, 1, "/usr/bin/bash", key=key.encode().hex().upper() if "\x01" in key else f'"{key}"')
    labels = run(event(BASH), event(keyed), event(BASH), label_keys=("scope", "unused"))
    assert labels == ([None, ["scope"], ["scope"]] if "_" not in key else [None, None, None])


def test_a_key_takes_labels_away_from_then_on(run):
    keyed = event(syscall(42, 1, "/usr/bin/bash", key=b"other\x01done".hex().upper()))
    again = event(syscall(42, 1, "/usr/bin/bash", key='"on"'))
    options = {"label_exe": {"bash": "shell"}, "label_keys": ("on", "done"), "unlabel_keys": {"^do": "shell"}}
    labels = run(event(BASH), keyed, event(BASH), again, **options)
    assert labels == [["shell"], ["done"], ["done"], ["done", "on"]]


def test_what_a_key_both_gives_and_takes_is_taken(run):
    keyed = event(syscall(42, 1, "/usr/bin/bash", key='"k"'))
    assert run(keyed, label_keys=("k",), unlabel_keys={"k": "k"}) == [None]


def test_only_propagated_labels_are_inherited(run):
    options = {"label_exe": {"bash": "a"}, "label_argv": {"-l": "b"}, "propagate_labels": ("a", "z")}
    assert run(
        event(BASH),
        exec_event(43, 42, "/usr/bin/ls", ["ls"]),
        exec_event(44, 43, "/usr/bin/true", ["true"]),
        exec_event(42, 1, "/usr/bin/ls", ["ls"]),  # the same process runs another program
        **options,
    ) == [["a", "b"], ["a"], ["a"], ["a"]]


def test_labels_by_key_are_inherited_too(run):
    keyed = event(syscall(42, 1, "/usr/bin/bash", key='"k"'))
    child = exec_event(43, 42, "/usr/bin/ls", ["ls"])
    assert run(keyed, child, label_keys=("k",), propagate_labels=("k",)) == [["k"], ["k"]]


def test_children_of_init_inherit_nothing(run):
    text = event(syscall(1, 0, "/usr/lib/systemd/systemd"))
    labels = run(text, event(BASH), label_exe={"systemd": "init"}, propagate_labels=("init",))
    assert labels == [["init"], None]


def test_ancestors_that_made_no_event_are_asked(host, run):
    """sshd and bash run since before the start; only a child of bash makes an event."""
    host.process(30, 1, "/usr/sbin/sshd", start=3000)
    host.process(42, 30, "/usr/bin/bash", start=4000)
    child = exec_event(43, 42, "/usr/bin/ls", ["ls"])
    assert run(child, label_exe={"sshd": "remote"}, propagate_labels=("remote",)) == [["remote"]]


def test_user_space_events_have_none(run):
    assert run(event("USER_ACCT pid=42 uid=0"), label_exe={"": "a"}) == [None]


def test_labels_are_reported_under_a_prefix(host, tmp_path):
    commands = Commands(ProcFiles(None), arguments_of, 4096)
    labeller = Labeller(
        LabelOptions(label_exe={"": "a"}), HostPaths(host.table), commands, ContainerNames(str(tmp_path))
    )
    (line,) = host.run([host.identity(), labeller.label, labeller.show], event(BASH), prefix="x_")
    assert line["SYSCALL"]["x_labels"] == ["a"]


def test_another_configuration_labels_anew_but_keeps_what_keys_gave(host, run, tmp_path):
    keyed = event(syscall(42, 1, "/usr/bin/bash", key='"k"'))
    unlabel = {"k": "c", "l": "d"}
    given = {"bash": "a", "^/usr": "c"}
    assert run(keyed, label_keys=("k", "l"), unlabel_keys=unlabel, label_exe=given) == [["a", "k"]]
    host.table.invalidate_derived()
    commands = Commands(ProcFiles(None), arguments_of, 4096)
    options = LabelOptions(label_keys=("k",), unlabel_keys=unlabel, label_exe={"bash": "b", "^/usr": "c"})
    labeller = Labeller(options, HostPaths(host.table), commands, ContainerNames(str(tmp_path)))
    (line,) = host.run([host.identity(), labeller.label, labeller.show], event(BASH))
    assert line["SYSCALL"]["LABELS"] == ["b", "k"]


def test_a_parent_that_is_known_later_still_gives_its_labels(run):
    """Events that overlap end in any order: that of the child may come first."""
    child, parent = syscall(991, 990, "/usr/bin/ls"), syscall(990, 1, "/usr/bin/bash")
    options = {"label_exe": {"bash": "a"}, "propagate_labels": ("a",)}
    assert run(event(child), event(parent), event(child), **options) == [None, ["a"], ["a"]]


@pytest.mark.parametrize(
    ("view", "root", "expected"),
    [
        ({}, "host", ["env"]),
        ({"root": "/jail"}, "host", ["env"]),  # the same file, as in a service with a mount namespace of its own
        ({"users": 7}, "host", []),
        (None, "host", []),
        ({"users": 7}, "any", ["env"]),
        (None, "any", ["env"]),
    ],
)
def test_a_name_means_a_file_of_the_host(tmp_path, view, root, expected):
    host = FakeHost(tmp_path)
    host.process(100, 1, "/usr/bin/env")
    host.view(1)
    if view is not None:
        host.view(100, **view)
    options = LabelOptions(label_exe={"env$": "env"}, label_root=root)
    paths, commands = HostPaths(host.table, host.proc), Commands(ProcFiles(None), arguments_of, 4096)
    labeller = Labeller(options, paths, commands, ContainerNames(str(tmp_path)))
    for _ in range(100):  # files are compared in the background
        (line,) = host.run([host.identity(), labeller.label, labeller.show], event(syscall(100, 1, "/usr/bin/env")))
    assert line["SYSCALL"].get("LABELS", []) == expected


@pytest.mark.parametrize(
    ("name", "word", "labels"),
    [
        ("/opt/x.sh", "/opt/x.sh", ["x"]),
        ("../opt/x.sh", "../opt/x.sh", ["x"]),
        ("/tmp/l/../../opt/x.sh", "/tmp/l/../../opt/x.sh", None),  # /tmp/l may be a link
        ("x.sh", "/dev/fd/3/x.sh", None),  # whatever directory that is
    ],
)
def test_a_script_is_what_its_path_shows_only_where_that_is_certain(run, name, word, labels):
    records = [f'PATH item=0 name="{name}"', 'PATH item=1 name="/bin/sh"']
    assert run(exec_event(42, 1, "/bin/dash", ["/bin/sh", word], *records), label_script={"x.sh$": "x"}) == [labels]
