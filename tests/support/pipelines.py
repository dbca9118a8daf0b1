"""A pipeline for a test: some stages, LAUREL's form.

make_pipeline(TransformOptions(), [stage]).feed(b"type=…", 0.0)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Callable

from sensor.audit.event import Stage
from sensor.audit.naming import Naming
from sensor.audit.options import CoalesceOptions, TransformOptions
from sensor.audit.record import RecordDecoder, Transform
from sensor.forms import Form
from sensor.forms.laurel import Laurel
from sensor.forms.records import RecordTexts
from sensor.forms.summary import SummaryTexts
from sensor.forms.values import Style
from sensor.pipeline import Failed, Parts, Pipeline
from sensor.stats import PipelineStats
from sensor.translate.options import TranslateOptions


def laurel(
    options: TransformOptions | None = None,
    translate: TranslateOptions | None = None,
    prefix: str = "",
    summary: bool = False,
) -> Laurel:
    """LAUREL's form."""
    options, translate = options or TransformOptions(), translate or TranslateOptions()
    style = Style(options.strings, Naming(prefix))
    records = RecordTexts(style, options, lambda name, field: True)
    return Laurel(style, records, translate, SummaryTexts(style) if summary else None)


def make_pipeline(
    options: TransformOptions | None = None,
    stages: Sequence[Stage] = (),
    coalesce: CoalesceOptions | None = None,
    stats: PipelineStats | None = None,
    *,
    transforms: Sequence[Transform] = (),
    translate: TranslateOptions | None = None,
    prefix: str = "",
    summary: bool = False,
    entries: int = 1000,
    failed: Failed = lambda part, error: None,
    wrap: Callable[[Form], Form] = lambda form: form,
) -> Pipeline:
    """A pipeline; each option has its default."""
    options = options or TransformOptions()
    decoder = RecordDecoder(options, transforms, entries, prefix)
    form = wrap(laurel(options, translate, prefix, summary))
    return Pipeline(Parts(decoder, stages, form), coalesce or CoalesceOptions(), stats or PipelineStats(), failed)
