"""What reads the records that a configuration is for: those of this host, and those of others."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple, Union

from sensor.audit.naming import Naming
from sensor.audit.picks import Concerns
from sensor.audit.record import RecordDecoder
from sensor.config import Config
from sensor.redact import Redactor
from sensor.translate.universal import Universal
from sensor.translate.userdb import UserDatabase
from sensor.translate.users import Users

Translator = Union[Redactor, Universal, Users]


class Decoders(NamedTuple):
    """Who reads the fields of each record.

    concerns: at which of them what is done to them looks; None if nothing is done.
    others: decodes the records of other hosts, if that makes a difference: of their users this one knows no names.
    """

    concerns: Concerns | None
    own: RecordDecoder
    others: RecordDecoder | None


def choose_decoders(config: Config, naming: Naming, users: UserDatabase, redactor: Redactor | None) -> Decoders:
    """The decoders; users: those of this host."""
    translators = _translators(config, naming, users, redactor)
    own = _decoder(config, naming, translators, redactor)
    others = None
    if config.translate.user_db:
        others = _decoder(config, naming, _translators(config, naming, None, redactor), redactor)
    return Decoders(_concerns_of(translators), own, others)


def _translators(
    config: Config, naming: Naming, users: UserDatabase | None, redactor: Redactor | None
) -> list[Translator]:
    translators: list[Translator] = [] if redactor is None else [redactor]  # first: all others see what it leaves
    if config.translate.universal:
        translators.append(Universal(naming))
    if config.translate.user_db:
        translators.append(Users(config.translate, naming, users))
    return translators


def _decoder(config: Config, naming: Naming, translators: list[Translator], redactor: Redactor | None) -> RecordDecoder:
    transforms = [each.transform for each in translators]
    rewrite = None if redactor is None else redactor.body
    decoder = RecordDecoder(config.transform, transforms, config.coalesce.cache_entries, naming.prefix, rewrite)
    decoder.share(_concerns_of(translators))
    return decoder


def _concerns_of(translators: list[Translator]) -> Concerns | None:
    return partial(_concern, translators) if translators else None


def _concern(translators: list[Translator], name: str, field: str) -> bool:
    """Return whether a field of a type of record matters to any of them."""
    return any(translator.concerns(name, field) for translator in translators)
