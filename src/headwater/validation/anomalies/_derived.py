"""Checks of features that validation itself derives from others: they are known as such, and so is their source."""

from __future__ import annotations

from headwater.validation._protos import schema_pb2
from headwater.validation.anomalies._check import Check, Each, Fields, Type
from headwater.validation.anomalies._subject import Subject, is_validated
from headwater.validation.schema._describe import describe_derivation

_STAGES = (schema_pb2.VALIDATION_DERIVED, schema_pb2.DISABLED)


def _has_source(subject: Subject) -> bool:
    return subject.feature.HasField("validation_derived_source")


def _lacks_source(subject: Subject) -> bool:
    return subject.evidence.proto.HasField("validation_derived_source") and not _has_source(subject)


def _is_not_known_as_derived(subject: Subject) -> bool:
    return _has_source(subject) and subject.feature.lifecycle_stage not in _STAGES


def _set_stage(subject: Subject, _: Fields) -> None:
    if is_validated(subject.feature):  # what has been retired stays so
        subject.feature.lifecycle_stage = schema_pb2.VALIDATION_DERIVED


def _take_source(subject: Subject, _: Fields) -> None:
    if is_validated(subject.feature):
        describe_derivation(subject.feature, subject.evidence)


DERIVED_CHECKS: tuple[Check[Subject] | Each[Subject], ...] = (
    Check(
        Type.DERIVED_FEATURE_BAD_LIFECYCLE,
        "Derived feature has wrong lifecycle.",
        "Derived feature has wrong lifecycle.",
        when=_is_not_known_as_derived,
        mend=_set_stage,
    ),
    Check(
        Type.DERIVED_FEATURE_INVALID_SOURCE,
        "Derived source not set in schema.",
        "Derived source not set in schema.",
        when=_lacks_source,
        mend=_take_source,
    ),
)
