"""The form of output that a configuration asks for."""

from __future__ import annotations

from sensor.audit.naming import Naming
from sensor.audit.picks import Concerns
from sensor.config import Config
from sensor.forms import Form
from sensor.forms.bounded import Bounded, Shortener
from sensor.forms.distinct import DistinctKeys
from sensor.forms.ecs import Origin
from sensor.forms.laurel import Laurel
from sensor.forms.raw import without_raw
from sensor.forms.records import RecordTexts
from sensor.forms.redacted import Redacted
from sensor.forms.summary import SummaryTexts
from sensor.forms.values import Style
from sensor.redact import Redactor

_SIGNS = {"laurel": "SENSOR", "ecs": "host_sensor", "ocsf": "unmapped"}
"""Form → the object in which it writes what the sensor reports about the line."""


def choose_form(
    config: Config, naming: Naming, concerns: Concerns | None, origin: Origin, redactor: Redactor | None = None
) -> tuple[Form, Laurel]:
    """The form, and LAUREL's, which knows how records are laid out.

    concerns: which fields what is done to records looks at; None if nothing is done.
    origin: of the events of this host; redactor: takes secrets out of what is no record.
    """
    distinct = DistinctKeys(config.prefix) if config.transform.keys == "distinct" else None
    style = Style(config.transform.strings, naming, distinct)
    render = without_raw(style.render, naming) if config.translate.drop_raw else None
    records = RecordTexts(style, config.transform, concerns, render)
    summaries = SummaryTexts(style) if config.translate.summary else None
    laurel = Laurel(style, records, config.translate, summaries)
    form: Form = laurel
    if config.output == "ecs":
        from sensor.forms.ecs.form import Ecs  # forms are loaded where they are written: a quarter of a megabyte each

        form = Ecs(Style("unicode", naming), origin=origin)
    elif config.output == "ocsf":
        from sensor.forms.ocsf import Ocsf

        form = Ocsf(Style("unicode", naming), origin=origin)
    return form if redactor is None else Redacted(form, redactor.line), laurel


def bounded(form: Form, config: Config, counts: dict[str, int]) -> Form:
    """The form whose lines are no longer than is configured; counts: bound → times it was hit."""
    limit = config.auditlog.longest_line
    return Bounded(form, Shortener(limit, _SIGNS[config.output], config.prefix), counts) if limit else form
