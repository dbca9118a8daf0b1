"""Make the manual pages from their templates and from the tables that the program itself uses.

    python3 packaging/man/generate.py FOLDER      writes FOLDER/man8/host-sensor.8, FOLDER/man5/host-sensor.yaml.5 …

A template (`*.in`) is a manual page in man(7) with lines such as `@OPTIONS@`, each replaced by what a function of this
module returns. Needs what the program needs and nothing else, so that a package build can run it.

Text comes from help strings and tables, in which `x` is literal. In roff a backslash begins a command, and so does a
dot or an apostrophe at the start of a line; a plain - and ' may become typographic signs: see `text`.
"""

from __future__ import annotations

import argparse
import dataclasses
import re
import sys
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT))

from grafana.alerts import SEVERITIES, rule  # noqa: E402
from grafana.generate import source  # noqa: E402
from sensor import __version__  # noqa: E402
from sensor.cli import make_parser  # noqa: E402
from sensor.config import Config  # noqa: E402
from sensor.config.describe import caption, value_text  # noqa: E402
from sensor.options import declaration  # noqa: E402
from sensor.rights.privileges import CAPABILITIES, NEEDS  # noqa: E402
from sensor.rules.match import File, Folder, Match, SystemCalls  # noqa: E402
from sensor.rules.table import EXCLUSIONS, RULES  # noqa: E402
from sensor.ship.options import Destination  # noqa: E402
from sensor.ship.seen import ROWS as SHIP_ROWS  # noqa: E402
from sensor.stats import UNIDENTIFIED  # noqa: E402
from sensor.tables.ecs_extensions import EXTENSIONS  # noqa: E402
from sensor.tables.losses import METRIC as LOSSES  # noqa: E402
from sensor.tables.losses import ROWS as LOSS_ROWS  # noqa: E402
from sensor.tables.metrics import AUDITD_STATE, AUDITD_STATE_TIME, ROWS, USAGE  # noqa: E402
from sensor.tables.output_schema import KEYS, holders  # noqa: E402
from tests.oracle.deviations import DEVIATIONS  # noqa: E402

#: Marks bold text while a line is being escaped.
BOLD, PLAIN = "\1", "\2"


def main() -> int:
    """Write every page below the folder that is given."""
    if len(sys.argv) != 2:
        print("usage: packaging/man/generate.py FOLDER", file=sys.stderr)
        return 2
    for template in sorted(HERE.glob("*.in")):
        name = template.stem
        target = Path(sys.argv[1]) / f"man{name[-1]}" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(page(template.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


def page(template: str) -> str:
    """A template with every `@WORD@` that stands alone on a line replaced, and those in its title line."""
    parts = {
        "SYNOPSIS": synopsis,
        "COMMANDS": commands,
        "OPTIONS": options,
        "SHIPOPTIONS": ship_options,
        "SHIPMETRICS": ship_metrics,
        "KEYS": keys,
        "CAPABILITIES": capabilities,
        "DEVIATIONS": deviations,
        "UNIDENTIFIED": unidentified,
        "METRICS": metrics,
        "LOSSES": losses,
        "RUNBOOKS": runbooks,
        "ECSFIELDS": ecs_fields,
        "RULES": rules,
        "EXCLUSIONS": exclusions,
    }
    lines = []
    for line in template.splitlines():
        made = parts.get(line.strip("@")) if re.fullmatch("@[A-Z]+@", line) else None
        lines += list(made()) if made else [line.replace("@VERSION@", __version__).replace("@DATE@", date())]
    return "\n".join(lines) + "\n"


def date() -> str:
    """Day of the newest entry of the Debian changelog, as 2026-11-21: the same page on every build."""
    changelog = (ROOT / "packaging/debian/changelog").read_text(encoding="utf-8")
    found = re.search(r"^ -- .*>  (.*)$", changelog, re.MULTILINE)
    assert found
    return parsedate_to_datetime(found[1]).strftime("%Y-%m-%d")


def text(words: str) -> str:
    """A sentence as roff: `x` is bold, everything else stands for itself."""
    marked = re.sub(r"`([^`]*)`", lambda found: f"{BOLD}{found[1]}{PLAIN}", " ".join(words.split()))
    escaped = marked.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("^", "\\(ha")
    escaped = escaped.replace("~", "\\(ti").replace("`", "\\(ga")
    escaped = escaped.replace(BOLD, "\\fB").replace(PLAIN, "\\fR")
    escaped = re.sub(r"[^\x00-\x7f]", lambda found: f"\\[u{ord(found[0]):04X}]", escaped)
    return f"\\&{escaped}" if escaped.startswith((".", "\\(aq")) else escaped


def bold(words: str) -> str:
    """Literal text."""
    return text(f"`{words}`")


def entry(term: str, *paragraphs: str) -> Iterator[str]:
    """An indented paragraph with its term before it; the term is roff, the paragraphs are not."""
    yield ".TP"
    yield term
    for number, paragraph in enumerate(paragraphs):
        yield from [".br"] if number else []
        yield text(paragraph)


def subcommands() -> dict[str, argparse.ArgumentParser]:
    """The commands by name."""
    for action in make_parser()._actions:
        if isinstance(action.choices, dict):
            return action.choices
    raise AssertionError("the command line has no commands")


def usage(parser: argparse.ArgumentParser) -> str:
    """What may stand behind a command's name, as roff: options bold, what is to be replaced italic."""
    words = []
    for action in parser._actions:
        if isinstance(action, argparse._HelpAction):
            continue
        shown = value(action)
        if action.option_strings:
            shown = f"{bold(action.option_strings[0])} {shown}".rstrip()
        shown += "..." if action.nargs in {"*", "+"} else ""
        words.append(f"[{shown}]" if action.option_strings or action.nargs in {"*", "?"} else shown)
    return " ".join(words)


def value(action: argparse.Action) -> str:
    """What an option takes, or what stands for an argument; "" for an option that takes nothing."""
    if action.nargs == 0:
        return ""
    if action.choices:
        return bold("|".join(action.choices))
    name = str(action.metavar or (action.dest.upper() if action.option_strings else action.dest))
    return f"\\fI{text(name)}\\fR"


def capabilities() -> Iterator[str]:
    """Each capability with the options that ask for it."""
    for capability in CAPABILITIES:
        needs = [need for need in NEEDS if need.capability == capability]
        uses = [f"{f'`{need.option}`' if need.option else 'Always'}: {need.use}." for need in needs]
        yield from entry(bold(f"CAP_{capability}"), *uses)


def synopsis() -> Iterator[str]:
    """One line for each command."""
    for number, (name, parser) in enumerate(subcommands().items()):
        yield from [".br"] if number else []
        yield f"{bold('host-sensor ' + name)} {usage(parser)}".rstrip()


def commands() -> Iterator[str]:
    """What each command does, and its arguments."""
    for name, parser in subcommands().items():
        yield from entry(f"{bold(name)} {usage(parser)}".rstrip(), str(parser.description))
        arguments = [action for action in parser._actions if action.help and "--help" not in action.option_strings]
        yield from [".RS"] if arguments else []
        for action in arguments:
            term = f"{', '.join(map(bold, action.option_strings))} {value(action)}".strip()
            yield from entry(term, str(action.help))
        yield from [".RE"] if arguments else []


def unidentified() -> Iterator[str]:
    """Why an event has no GUID, by the metric's reason."""
    for reason, meaning in UNIDENTIFIED.items():
        yield from entry(bold(reason), meaning)


def metrics() -> Iterator[str]:
    """Every metric, by the part of the sensor that counts."""
    for part in dict.fromkeys([row.part for row in ROWS]):
        yield f".SS {part}"
        for row in [row for row in ROWS if row.part == part]:
            values = f" Values of `{row.label}`: {', '.join(f'`{value}`' for value in row.known)}." if row.known else ""
            label = f"{{{row.label}}}" if row.label else ""
            yield from entry(bold(f"host_sensor_{row.name}{label}"), row.help + values)
    yield ".SS losses"
    name, help = LOSSES
    yield from entry(bold(f"host_sensor_{name}{{place,reason,unit,intended}}"), help)
    yield text("Places and reasons are in `host-sensor-events`(5), section LOSSES.")
    yield ".SS audit"
    for name, help, _ in USAGE:
        yield from entry(bold(f"host_sensor_{name}{{process}}"), help)
    yield ".SS auditd, with metrics.auditd_state"
    for state in (AUDITD_STATE_TIME, *AUDITD_STATE):
        yield from entry(bold(f"host_sensor_{state.name}"), state.help)


def losses() -> Iterator[str]:
    """Every reason for which something can go missing, by its place; those of an output that are errno's in one."""
    for place in dict.fromkeys([row.place for row in LOSS_ROWS]):
        yield f".SS {place}"
        rows = [row for row in LOSS_ROWS if row.place == place]
        errors = [row for row in rows if row.reason.startswith("E")]
        for row in [row for row in rows if row not in errors]:
            intended = " Intended: counted, and not reported in the stream." if row.intended else ""
            yield from entry(bold(f"{row.reason} ({row.unit})"), f"{row.meaning}.{intended}")
        if errors:
            names = ", ".join(f"`{row.reason}`" for row in errors)
            yield from entry(
                bold(f"an errno ({errors[0].unit})"), f"it stood in the way as the buffer was full: {names}."
            )


def ecs_fields() -> Iterator[str]:
    """What documents in ECS have besides the schema."""
    for row in EXTENSIONS:
        yield from entry(bold(row.name), f"{row.meaning}.")


def runbooks() -> Iterator[str]:
    """What to do about each alert: a section that its runbook_url names."""
    for alert in source("alerts"):
        yield f".SS {alert['alert']}"
        summary = re.sub(
            r"{{ \$labels\.(\w+) }}|{{ \$value[^}]*}}", lambda found: (found[1] or "N").upper(), alert["summary"]
        )
        yield text(summary)
        yield text(re.sub(r"{{ \$value[^}]*}}", "A share", alert["description"]))
        for severity in SEVERITIES:
            made = rule(alert, severity)
            lasting = f" for {made['for']}" if "for" in made else ""
            yield from entry(f"\\fI{severity}\\fR", f"`{made['expr']}`{lasting}")
        for number, step in enumerate(alert["runbook"], start=1):
            yield f".IP {number}. 4"
            yield text(step)


def rules() -> Iterator[str]:
    """Every key of the audit rules: set, techniques, what it is for, what it matches."""
    for row in RULES:
        name = "minimal" if row.minimal else "recommended"
        matched = ", ".join(f"`{watched(match)}`" for match in row.matches)
        place = f"Set: {name}. ATT&CK: {', '.join(row.techniques)}."
        yield from entry(bold(row.key), f"{row.why}.", place, f"{matched}.")


def watched(match: Match) -> str:
    """What a rule matches, in short; a home directory is ~."""
    if isinstance(match, SystemCalls):
        return f"{match.names} {match.fields}".strip()
    home = "" if isinstance(match, (File, Folder)) else "~/"
    perm = f" perm={match.perm}" if isinstance(match, File) and match.perm != "wa" else ""
    return f"{home}{match.path}{perm}{'' if 'File' in type(match).__name__ else '/'}"


def exclusions() -> Iterator[str]:
    """What no rule matches, and why."""
    for exclusion in EXCLUSIONS:
        yield text(f"{exclusion.why[0].upper()}{exclusion.why[1:]}: `{exclusion.fields}`.")
        yield ".br"


def options() -> Iterator[str]:
    """Every key of the configuration: those of the top level, then section by section."""
    yield from section(Config(), "")


def ship_options() -> Iterator[str]:
    """Every key of a destination's configuration."""
    yield from section(Destination(), "")


def ship_metrics() -> Iterator[str]:
    """Every metric of `host-sensor ship`."""
    for row in SHIP_ROWS:
        yield from entry(bold(f"host_sensor_{row.name}"), row.help)


def section(holder: Any, path: str) -> Iterator[str]:
    """The keys of one Options object, then the sections in it."""
    inner = []
    for field in dataclasses.fields(holder):
        declared, value = declaration(field), getattr(holder, field.name)
        if declared.section is not None:
            inner.append((f"{path}{field.name}", declared, declared.section))
            continue
        kind = str(field.type).replace("str", "text").replace("tuple[text, ...]", "list").replace("dict", "map")
        kind = re.sub(r"map\[.*?\]", "map", kind).replace(" | None", " or null")
        yield from entry(
            bold(field.name), caption(declared), f"Type: {kind}. Default: `{value_text(value, declared)}`."
        )
    for name, declared, options in inner:
        yield f".SS {name}"
        yield text(declared.help)
        yield from section(options, f"{name}.")


def keys() -> Iterator[str]:
    """Every key that is added to events, by the object it stands in."""
    for where in dict.fromkeys([row.where for row in KEYS]):
        yield f".SS {where}"
        if holders(where):
            yield text(f"The object in {', '.join(f'`{name}`' for name in holders(where))}.")
        for row in KEYS:
            if row.where == where:
                option = f" Option: `{row.option}`." if row.option else ""
                names = ", ".join(bold(name) for name in row.name.split())
                yield from entry(names, f"{row.meaning}.", f"Type: {row.kind}. Source: {row.source}.{option}")


def deviations() -> Iterator[str]:
    """Every way in which the output differs from LAUREL's."""
    for deviation in DEVIATIONS:
        yield from entry(bold(deviation.name), f"LAUREL: {deviation.theirs}.", f"host-sensor: {deviation.ours}.")


if __name__ == "__main__":
    sys.exit(main())
