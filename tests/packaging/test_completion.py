"""Completion in real shells: every command, option and choice of the parser, and nothing that a process may choose."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sensor.cli import make_parser
from tests.packaging.root import REPOSITORY, need
from tests.packaging.terminal import Terminal
from tests.support.audit_session import wait_until

GENERATOR = REPOSITORY / "packaging/completion/generate.py"
SHELLS = ("bash", "zsh", "fish")


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("completion")
    subprocess.run([sys.executable, "-B", "-I", GENERATOR, folder], check=True, cwd="/")
    return folder


def parsers() -> dict[str, argparse.ArgumentParser]:
    for action in make_parser()._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def bash(lines: list[str], scripts: Path, folder: Path) -> list[list[str]]:
    """What bash offers at the end of each line, by the function that it has for the command."""
    script = [f"source {scripts}/host-sensor.bash", "complete -p host-sensor >&2"]
    for line in lines:
        words = line.split(" ")
        script.append("COMP_WORDS=(" + " ".join(f"'{word}'" for word in words) + f") COMP_CWORD={len(words) - 1}")
        script.append('_host_sensor host-sensor; printf "%s\\n" "${COMPREPLY[@]}" --end--')
    return answers(["bash", "--norc", "-c", "\n".join(script)], folder)


def fish(lines: list[str], scripts: Path, folder: Path) -> list[list[str]]:
    """What fish offers, by its own `complete -C`; after a tab it describes each."""
    script = [f"source {scripts}/host-sensor.fish"]
    for line in lines:
        script += [f"complete -C '{line}'", "echo --end--"]
    return answers(["fish", "--no-config", "-c", "\n".join(script)], folder)


def answers(command: list[str], folder: Path) -> list[list[str]]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder, env=environment)
    parts = done.stdout.split("--end--\n")
    return [[offered.partition("\t")[0] for offered in part.splitlines() if offered] for part in parts[:-1]]


ZSH = "fpath=({scripts} $fpath); autoload -U compinit; compinit -u -D; LISTMAX=100000; PS1='ready> '\n"
ZSH_THAT_TELLS = """\
compadd() {{
    local -a hits
    builtin compadd -O hits "$@"
    print -rl -- $hits >>{folder}/offered
    builtin compadd "$@"
}}
tab() {{ zle expand-or-complete; print -n . >>{folder}/tabs }}
zle -N tab; bindkey '^I' tab
"""


def zsh(lines: list[str], scripts: Path, folder: Path) -> list[list[str]]:
    """What zsh's completion system offers when Tab is pressed: it runs with a line editor only."""
    (folder / ".zshrc").write_text((ZSH + ZSH_THAT_TELLS).format(scripts=scripts, folder=folder))
    tabs, offered = folder / "tabs", folder / "offered"
    tabs.write_text("")
    environment = {"PATH": os.environ["PATH"], "ZDOTDIR": str(folder), "HOME": str(folder), "TERM": "dumb"}
    terminal = Terminal(["zsh", "--no-globalrcs", "-i"], {**environment, "LC_ALL": "C.UTF-8"}, folder)
    found = []
    try:
        terminal.wait_for("ready> $")
        for number, line in enumerate(lines, start=1):
            offered.write_text("")
            terminal.send(f"\x15{line}\t")  # Ctrl-U: whatever was on the line goes
            wait_until(lambda: len(tabs.read_text()) == number, 20, f"zsh to complete {line!r}")  # noqa: B023
            found.append([word for word in offered.read_text().splitlines() if word])
    finally:
        terminal.close()
    return found


OFFER = {"bash": bash, "zsh": zsh, "fish": fish}


@pytest.fixture(params=SHELLS)
def offer(request, scripts: Path, tmp_path: Path):
    need(request.param)
    return lambda *lines: [set(found) for found in OFFER[request.param](list(lines), scripts, tmp_path)]


def test_every_command_is_offered(offer) -> None:
    (found,) = offer("host-sensor ")
    assert set(parsers()) <= found


def test_every_option_is_offered(offer) -> None:
    names = list(parsers())
    found = offer(*[f"host-sensor {name} --" for name in names])
    for name, offered in zip(names, found):
        flags = {flag for action in parsers()[name]._actions for flag in action.option_strings if flag.startswith("--")}
        assert flags - {"--help"} <= {word.rstrip("=") for word in offered}, name


def test_every_choice_is_offered_and_nothing_else(offer) -> None:
    cases = {}
    for name, parser in parsers().items():
        for action in parser._actions:
            if action.choices:
                flag = f"{action.option_strings[-1]} " if action.option_strings else ""
                cases[f"host-sensor {name} {flag}"] = set(action.choices)
    assert len(cases) >= 4
    assert dict(zip(cases, offer(*cases))) == cases


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("host-sensor doct", {"doctor"}),
        ("host-sensor rules --ins", {"--install"}),
        ("host-sensor rules --install rec", {"recommended"}),
        ("host-sensor show -k set", {"setuid"}),
        ("host-sensor top --by sys", {"syscall"}),
        ("host-sensor fields GUID_", {"GUID_SOURCE"}),
        ("host-sensor check con", {"config.yaml"}),
        ("host-sensor run -c con", {"config.yaml"}),
        ("host-sensor convert aud", {"audit.log"}),
        ("host-sensor guid init-of-nothing-at-al", set()),
        ("host-sensor show --since 1", set()),
    ],
)
def test_what_is_offered(line: str, expected: set[str], offer, tmp_path: Path) -> None:
    for name in ("config.yaml", "audit.log"):
        (tmp_path / name).touch()
    (found,) = offer(line)
    assert {word.rstrip("=") for word in found} == expected


def test_names_of_processes_are_offered_and_run_nothing(offer, tmp_path: Path) -> None:
    """bash would run what is in words that it is given, and insert a name as it is."""
    hostile = tmp_path / "$(touch pwned)"
    shutil.copy("/bin/sleep", hostile)
    shutil.copy("/bin/sleep", tmp_path / "plain-process")
    started = [subprocess.Popen([program, "60"]) for program in (hostile, tmp_path / "plain-process")]
    try:
        plain, named = offer("host-sensor guid plain-pro", "host-sensor guid ")
    finally:
        for process in started:
            process.kill()
            process.wait()
    assert any(re.match("plain-process|[0-9]+$", word) for word in plain)
    assert not (tmp_path / "pwned").exists()
    assert named


@pytest.mark.parametrize("shell", SHELLS)
def test_a_key_completes_the_line(shell: str, scripts: Path, tmp_path: Path) -> None:
    """As a person has it: type, press Tab, press Enter."""
    need(shell)
    (tmp_path / "host-sensor").write_text('#!/bin/sh\necho "ran:$*"\n')
    (tmp_path / "host-sensor").chmod(0o755)
    environment = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "TERM": "dumb",
        "LC_ALL": "C.UTF-8",
    }
    if shell == "bash":
        (tmp_path / ".bashrc").write_text(f"source {scripts}/host-sensor.bash; PS1='ready> '\n")
        command = ["bash", "--rcfile", str(tmp_path / ".bashrc"), "-i"]
    elif shell == "zsh":
        (tmp_path / ".zshrc").write_text(ZSH.format(scripts=scripts))
        command, environment["ZDOTDIR"] = ["zsh", "--no-globalrcs", "-i"], str(tmp_path)
    else:
        start = f"source {scripts}/host-sensor.fish; function fish_prompt; echo -n 'ready> '; end"
        command = ["fish", "--no-config", "-C", start]
    terminal = Terminal(command, environment, tmp_path)
    try:
        terminal.wait_for("ready> $")
        for typed, whole in (("host-sensor rul", "rules"), ("--inst", "install"), ("rec", "recommended")):
            terminal.send(f"{typed}\t")
            terminal.wait_for(whole)
        terminal.send("\n")
        terminal.wait_for(r"ran:rules --install[= ]recommended ?\n")
    finally:
        terminal.close()
