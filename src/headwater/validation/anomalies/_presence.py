"""Checks of where a feature is: in the data, in the schema, in enough examples, in this environment."""

from __future__ import annotations

from headwater.validation.anomalies._check import Check, Each, Fields, Type
from headwater.validation.anomalies._subject import Described, Subject, in_environment, is_required

# What a fraction of 1 is mended to where too few examples lack the feature to show in a fraction.
_ALMOST_ALL = 0.9999


def _is_absent(subject: Subject) -> bool:
    return not subject.evidence.present


def _misplaced(subject: Described) -> Fields | None:
    context = subject.context
    if in_environment(subject.feature, context.environment, context.schema):
        return None
    return {"path": subject.path.serialized(), "environment": context.environment}


def _is_due(subject: Described) -> bool:
    return is_required(subject.feature) and _misplaced(subject) is None


def _place(subject: Subject, fields: Fields) -> None:
    left = [name for name in subject.feature.not_in_environment if name != fields["environment"]]
    subject.feature.not_in_environment[:] = left


def _too_few(subject: Subject) -> Fields | None:
    presence, seen = subject.feature.presence, subject.evidence.present
    return {"expected": presence.min_count, "seen": int(seen)} if seen < presence.min_count else None


def _lower_count(subject: Subject, fields: Fields) -> None:
    subject.feature.presence.min_count = fields["seen"]


def _too_small(subject: Subject) -> Fields | None:
    expected, seen = subject.feature.presence.min_fraction, subject.evidence.fraction_present
    return {"expected": expected, "seen": seen} if seen < expected else None


def _lower_fraction(subject: Subject, fields: Fields) -> None:
    subject.feature.presence.min_fraction = fields["seen"]


def _not_quite_everywhere(subject: Subject) -> Fields | None:
    missing = subject.evidence.missing
    return {"missing": missing} if missing and subject.feature.presence.min_fraction == 1.0 else None


def _allow_some(subject: Subject, _: Fields) -> None:
    subject.feature.presence.min_fraction = _ALMOST_ALL


# Of a feature that the schema does not know. That it is described is the work of `_walk`.
NEW_CHECKS: tuple[Check[Described], ...] = (
    Check(Type.SCHEMA_NEW_COLUMN, "New column", "New column (column in data but not in schema)"),
)

# Of a feature that the data do not have.
MISSING_CHECKS: tuple[Check[Described], ...] = (
    Check(
        Type.SCHEMA_MISSING_COLUMN,
        "Column dropped",
        "Column is completely missing",
        when=_is_due,
        mend=Described.retire,
    ),
)

ABSENCE_CHECKS: tuple[Check[Subject] | Each[Subject], ...] = (
    Check(
        Type.FEATURE_TYPE_NOT_PRESENT,
        "Column dropped",
        "The feature was not present in any examples.",
        when=lambda subject: _is_absent(subject) and _is_due(subject),
        mend=Described.retire,
    ),
    Check(None, when=_is_absent, last=True),  # there are no values to examine
)

ENVIRONMENT_CHECKS: tuple[Check[Subject] | Each[Subject], ...] = (
    Check(
        Type.SCHEMA_NEW_COLUMN,
        "Column missing in environment",
        "New column {path} found in data but not in the environment {environment} in the schema.",
        _misplaced,
        _place,
    ),
)

PRESENCE_CHECKS: tuple[Check[Subject] | Each[Subject], ...] = (
    Check(
        Type.FEATURE_TYPE_LOW_NUMBER_PRESENT,
        "Column dropped",
        "The feature was present in fewer examples than expected: minimum count = {expected}, actual = {seen}",
        _too_few,
        _lower_count,
    ),
    Check(
        Type.FEATURE_TYPE_LOW_FRACTION_PRESENT,
        "Column dropped",
        "The feature was present in fewer examples than expected: minimum fraction = {expected:f}, actual = {seen:f}",
        _too_small,
        _lower_fraction,
    ),
    Check(
        Type.FEATURE_TYPE_LOW_FRACTION_PRESENT,
        "Column dropped",
        "The feature was expected everywhere, but was missing in {missing:g} examples.",
        _not_quite_everywhere,
        _allow_some,
    ),
)
