"""Make the completion of bash, zsh and fish from the parser of the command line.

    python3 packaging/completion/generate.py FOLDER      writes FOLDER/host-sensor.bash, _host-sensor, host-sensor.fish

Every command, option and choice is completed; of other values those whose kind follows from the argument's name.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

from sensor.cli import make_parser  # noqa: E402
from sensor.rules.table import RULES  # noqa: E402
from sensor.tables.output_schema import KEYS  # noqa: E402
from sensor.top.read import DIMENSIONS  # noqa: E402

DESTINATIONS = "/etc/host-sensor/ship"
FILE, USER, PROCESS, DESTINATION, WORDS, TEXT = "file", "user", "process", "destination", "words", "text"
KINDS = {"FILE": FILE, "LOG": FILE, "exe": FILE, "path": FILE, "USER": USER, "PID|NAME": PROCESS, "pid": PROCESS,
         "NAME": DESTINATION}  # fmt: skip
KNOWN = {
    "KEY": tuple(sorted({name for row in KEYS for name in row.name.split()})),
    "WHAT": tuple(DIMENSIONS),
    "key": tuple(rule.key for rule in RULES),
}
"""Kinds and words of values, by the name that help shows for them."""


@dataclass(frozen=True)
class Argument:
    """An option, or what stands without one if there are no flags.

    kind: of its value, empty if it has none; words: what the value may be; apart: flags that exclude it.
    """

    flags: tuple[str, ...]
    help: str
    name: str
    kind: str
    words: tuple[str, ...]
    many: bool
    apart: tuple[str, ...]


@dataclass(frozen=True)
class Command:
    """A command and its arguments."""

    name: str
    help: str
    options: list[Argument]
    values: list[Argument]


def commands() -> list[Command]:
    """The commands, as the parser has them."""
    for action in make_parser()._actions:
        if isinstance(action, argparse._SubParsersAction):
            helps = {choice.dest: str(choice.help) for choice in action._choices_actions}
            return [command(name, helps[name], parser) for name, parser in action.choices.items()]
    raise AssertionError("the command line has no commands")


def command(name: str, help: str, parser: argparse.ArgumentParser) -> Command:
    """One command."""
    made = [argument(action, parser) for action in parser._actions]
    return Command(name, help, [one for one in made if one.flags], [one for one in made if not one.flags])


def argument(action: argparse.Action, parser: argparse.ArgumentParser) -> Argument:
    """One argument of a command."""
    name = str(action.metavar or action.dest)
    words = tuple(map(str, action.choices)) if action.choices else KNOWN.get(name, ())
    kind = "" if action.nargs == 0 else WORDS if words else KINDS.get(name, TEXT)
    groups = [group._group_actions for group in parser._mutually_exclusive_groups if action in group._group_actions]
    apart = tuple(flag for group in groups for other in group for flag in other.option_strings)
    many = action.nargs in {"*", "+"}
    return Argument(tuple(action.option_strings), action.help or "", name, kind, words, many, apart)


def quoted(text: str) -> str:
    """A text between single quotes, for bash and zsh."""
    return "'" + text.replace("'", "'\\''") + "'"


# ---------------------------------------------------------------------------------------------------------------- bash
BASH = {
    FILE: "_host_sensor_files",
    USER: 'mapfile -t COMPREPLY < <(compgen -u -- "$cur")',
    PROCESS: "_host_sensor_plain < <(ps -eo comm= 2>/dev/null | sort -u)",
    DESTINATION: f"_host_sensor_plain < <(ls {DESTINATIONS} 2>/dev/null | sed -n 's/\\.yaml$//p')",
    TEXT: ":",
}
BASH_HEAD = """\
# bash completion for host-sensor
_host_sensor_files() {
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
}

_host_sensor_plain() {  # what others choose, as names of processes: compgen -W would run $(...) in it
    local name
    while IFS= read -r name; do
        [[ $name == "$cur"* && $name =~ ^[A-Za-z0-9._-]+$ ]] && COMPREPLY+=("$name")
    done
}

_host_sensor() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command= word
    COMPREPLY=()
    if [[ $cur == = ]]; then  # --option=
        cur=
    elif [[ $prev == = ]]; then
        prev=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    for word in "${COMP_WORDS[@]:1:COMP_CWORD - 1}"; do
        [[ $word == -* ]] || { command=$word; break; }
    done
"""


def bash() -> Iterator[str]:
    """The script for bash: one function."""
    yield BASH_HEAD + "    case $command,$prev in"
    for one in commands():
        for option in [option for option in one.options if option.kind]:
            pattern = " | ".join(f"{one.name},{flag}" for flag in option.flags)
            yield f"        {pattern}) {bash_value(option)}; return ;;"
    yield "    esac\n    case $command in"
    names = " ".join(one.name for one in commands())
    yield f"        '') {bash_words(f'{names} --help --version')} ;;"
    for one in commands():
        yield f"        {one.name})"
        yield "            if [[ $cur == -* ]]; then"
        yield f"                {bash_words(' '.join(flag for option in one.options for flag in option.flags))}"
        yield f"            else\n                {bash_value(one.values[0]) if one.values else ':'}\n            fi ;;"
    yield "    esac\n}\ncomplete -F _host_sensor host-sensor"


def bash_value(value: Argument) -> str:
    """The command that completes a value."""
    return bash_words(" ".join(value.words)) if value.kind == WORDS else BASH[value.kind]


def bash_words(words: str) -> str:
    """The command that completes one of some words."""
    return f'mapfile -t COMPREPLY < <(compgen -W {quoted(words)} -- "$cur")'


# ----------------------------------------------------------------------------------------------------------------- zsh
ZSH = {FILE: "_files", USER: "_users", PROCESS: "_host-sensor-processes", DESTINATION: "_host-sensor-destinations"}
ZSH_HEAD = f"""\
#compdef host-sensor
# zsh completion for host-sensor
_host-sensor-processes() {{
    local -aU names=(${{(f)"$(ps -eo comm=)"}})
    compadd -a names
}}

_host-sensor-destinations() {{
    local -a names=({DESTINATIONS}/*.yaml(N:t:r))
    compadd -a names
}}

_host-sensor() {{
    local curcontext=$curcontext state line ret=1
    local -a commands
    _arguments -C '(- *)'{{-h,--help}}'[show this help]' '(- *)--version[show the version]' \\
        '1: :->command' '*:: :->arguments' && ret=0
    case $state in
    command)
        commands=("""


def zsh() -> Iterator[str]:
    """The script for zsh, in the way of its own functions."""
    yield ZSH_HEAD.rstrip("\n")
    for one in commands():
        yield f"            {quoted(one.name + ':' + zsh_text(one.help))}"
    yield "        )\n        _describe command commands && ret=0 ;;\n    arguments)\n        case $words[1] in"
    for one in commands():
        specs = [spec for option in one.options for spec in zsh_option(option)]
        specs += [
            quoted(f"{'*' if value.many else ''}:{zsh_text(value.name)}:{zsh_value(value)}") for value in one.values
        ]
        yield f"        {one.name})"
        yield "            _arguments -s " + " \\\n                ".join(specs) + " && ret=0 ;;"
    yield '        esac ;;\n    esac\n    return ret\n}\n_host-sensor "$@"'


def zsh_option(option: Argument) -> Iterator[str]:
    """What _arguments takes for an option: one for each of its flags."""
    apart = " ".join(sorted({*option.flags, *option.apart}))
    for flag in option.flags:
        sign = "" if not option.kind else "=" if flag.startswith("--") else "+"
        value = f":{zsh_text(option.name)}:{zsh_value(option)}" if option.kind else ""
        yield quoted(f"({apart}){flag}{sign}[{zsh_text(option.help)}]{value}")


def zsh_value(value: Argument) -> str:
    """The action that completes a value."""
    return f"({' '.join(value.words)})" if value.kind == WORDS else ZSH.get(value.kind, " ")


def zsh_text(text: str) -> str:
    """A text within a specification."""
    return "".join(f"\\{char}" if char in "\\:[]" else char for char in text)


# ---------------------------------------------------------------------------------------------------------------- fish
FISH = {
    USER: "(__fish_complete_users)",
    PROCESS: "(__fish_complete_proc)",
    DESTINATION: f"(path basename {DESTINATIONS}/*.yaml | path change-extension '')",
}


def fish() -> Iterator[str]:
    """The script for fish: one line for each thing."""
    yield "# fish completion for host-sensor\ncomplete -c host-sensor -f"
    yield "complete -c host-sensor -n __fish_use_subcommand -l version -d 'show the version'"
    for one in commands():
        when = f"-n '__fish_seen_subcommand_from {one.name}'"
        yield f"complete -c host-sensor -n __fish_use_subcommand -a {one.name} -d {fish_text(one.help)}"
        for option in one.options:
            flags = " ".join(f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in option.flags)
            yield f"complete -c host-sensor {when} {flags}{fish_value(option)} -d {fish_text(option.help)}"
        for value in one.values:
            found = fish_value(value).replace(" -x", "").replace(" -r", "")
            yield f"complete -c host-sensor {when}{found}" if found else ""


def fish_value(value: Argument) -> str:
    """The options of `complete` for a value: -F for files, -x for words and nothing else."""
    if not value.kind:
        return ""
    if value.kind == FILE:
        return " -r -F"
    words = " ".join(value.words) if value.kind == WORDS else FISH.get(value.kind, "")
    return f" -x -a {fish_text(words)}" if words else " -x"


def fish_text(text: str) -> str:
    """A text between single quotes, for fish."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def main() -> int:
    """Write every script below the folder that is given."""
    if len(sys.argv) != 2:
        print("usage: packaging/completion/generate.py FOLDER", file=sys.stderr)
        return 2
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, made in (("host-sensor.bash", bash), ("_host-sensor", zsh), ("host-sensor.fish", fish)):
        text = "\n".join(filter(None, made())) + "\n"
        (folder / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
