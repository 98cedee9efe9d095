"""Checks of what a feature is: its type, its semantic domain, and how many different values it has."""

from __future__ import annotations

import re

from headwater.validation._evidence import Kind
from headwater.validation._protos import schema_pb2, text_format
from headwater.validation.anomalies._check import HERE, Check, Each, Fields, Type
from headwater.validation.anomalies._subject import Subject
from headwater.validation.schema._describe import describe_semantic_domain

_FLOAT = re.compile(r"(?<=: )-?[0-9]+[.e][0-9.e+-]*$", re.MULTILINE)

# Bytes that are no strings have no strings, numbers or times in them.
DOMAINS_OF_STRINGS = {
    "domain",
    "string_domain",
    "bool_domain",
    "int_domain",
    "float_domain",
    "mid_domain",
    "time_domain",
    "time_of_day_domain",
}


def _other_type(subject: Subject) -> Fields | None:
    if subject.evidence.type == subject.feature.type:
        return None
    return {"expected": schema_pb2.FeatureType.Name(subject.feature.type), "seen": subject.evidence.kind_name}


def _bytes_with_domain(subject: Subject) -> Fields | None:
    if subject.evidence.kind != Kind.BYTES or subject.domain_kind not in DOMAINS_OF_STRINGS:
        return None
    without = schema_pb2.Feature()
    without.CopyFrom(subject.feature)
    without.ClearField(subject.domain_kind)
    text = text_format.MessageToString(without, as_utf8=True)
    return {"feature": _FLOAT.sub(lambda match: _as_in_c(float(match[0])), text)}


def _as_in_c(number: float) -> str:
    """A float as C++ writes messages: without a point where it is whole, with 17 digits where 15 do not suffice."""
    short = f"{number:.15g}"
    return short if float(short) == number else f"{number:.17g}"


def _found_domain(subject: Subject) -> Fields | None:
    if subject.domain_kind != "UNSET" or subject.refuted:
        return None
    found = schema_pb2.Feature()
    return {"found": found, "name": subject.path[-1]} if describe_semantic_domain(found, subject.evidence) else None


def _take_domain(subject: Subject, fields: Fields) -> None:
    subject.feature.MergeFrom(fields["found"])


def _wants_unique(subject: Subject) -> bool:
    return subject.feature.HasField("unique_constraints")


def _uncounted(subject: Subject) -> Fields | None:
    return HERE if subject.evidence.unique is None else None


def _drop_unique(subject: Subject, _: Fields) -> None:
    subject.feature.ClearField("unique_constraints")


def _too_few_unique(subject: Subject) -> Fields | None:
    expected, seen = subject.feature.unique_constraints.min, subject.evidence.unique
    return {"expected": expected, "seen": seen} if seen is not None and seen < expected else None


def _too_many_unique(subject: Subject) -> Fields | None:
    expected, seen = subject.feature.unique_constraints.max, subject.evidence.unique
    return {"expected": expected, "seen": seen} if seen is not None and seen > expected else None


def _lower_unique(subject: Subject, fields: Fields) -> None:
    subject.feature.unique_constraints.min = fields["seen"]


def _raise_unique(subject: Subject, fields: Fields) -> None:
    subject.feature.unique_constraints.max = fields["seen"]


TYPE_CHECKS: tuple[Check[Subject] | Each[Subject], ...] = (
    Check(
        Type.UNEXPECTED_DATA_TYPE,
        "Unexpected data type",
        "Expected data of type: {expected} but got {seen}",
        _other_type,
        Subject.retire,
    ),
    Check(
        Type.DOMAIN_INVALID_FOR_TYPE,
        "Invalid domain type",
        "Data is marked as BYTES with incompatible domain_info: {feature}",
        _bytes_with_domain,
        Subject.clear_domain,
    ),
)

SEMANTIC_CHECKS: tuple[Check[Subject] | Each[Subject], ...] = (
    Check(
        Type.SEMANTIC_DOMAIN_UPDATE,
        "Updated semantic domain",
        "Updated semantic domain for feature: {name}",
        _found_domain,
        _take_domain,
    ),
)

UNIQUE_CHECKS: tuple[Check[Subject] | Each[Subject], ...] = (
    Check(
        Type.FEATURE_TYPE_NO_UNIQUE,
        "No unique values",
        "UniqueConstraints specified for the feature, but unique values were not counted (i.e., feature is not "
        "string or categorical).",
        when=_wants_unique,
        find=_uncounted,
        mend=_drop_unique,
    ),
    Check(
        Type.FEATURE_TYPE_LOW_UNIQUE,
        "Low number of unique values",
        "Expected at least {expected} unique values but found only {seen}.",
        when=_wants_unique,
        find=_too_few_unique,
        mend=_lower_unique,
    ),
    Check(
        Type.FEATURE_TYPE_HIGH_UNIQUE,
        "High number of unique values",
        "Expected no more than {expected} unique values but found {seen}.",
        when=_wants_unique,
        find=_too_many_unique,
        mend=_raise_unique,
    ),
)
