"""The tables of checks one after the other, which is the order in which reasons are reported."""

from __future__ import annotations

from headwater.validation.anomalies._check import Check, Each
from headwater.validation.anomalies._comparators import COMPARATOR_CHECKS
from headwater.validation.anomalies._derived import DERIVED_CHECKS
from headwater.validation.anomalies._images import IMAGE_CHECKS
from headwater.validation.anomalies._language import LANGUAGE_CHECKS
from headwater.validation.anomalies._numbers import NUMBER_CHECKS
from headwater.validation.anomalies._presence import ABSENCE_CHECKS, ENVIRONMENT_CHECKS, PRESENCE_CHECKS
from headwater.validation.anomalies._specification import SPECIFICATION_CHECKS
from headwater.validation.anomalies._strings import STRING_CHECKS
from headwater.validation.anomalies._subject import Subject
from headwater.validation.anomalies._types import SEMANTIC_CHECKS, TYPE_CHECKS, UNIQUE_CHECKS
from headwater.validation.anomalies._valency import VALENCY_CHECKS

FEATURE_CHECKS: tuple[Check[Subject] | Each[Subject], ...] = (
    *SPECIFICATION_CHECKS,
    *ABSENCE_CHECKS,  # ends the examination of features without values
    *ENVIRONMENT_CHECKS,
    *VALENCY_CHECKS,
    *PRESENCE_CHECKS,
    *TYPE_CHECKS,
    *NUMBER_CHECKS,
    *STRING_CHECKS,
    *SEMANTIC_CHECKS,
    *LANGUAGE_CHECKS,
    *IMAGE_CHECKS,
    *UNIQUE_CHECKS,
    *COMPARATOR_CHECKS,
    *DERIVED_CHECKS,
)
