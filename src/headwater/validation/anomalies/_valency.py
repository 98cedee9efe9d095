"""Checks of how many values examples have: value counts per nesting level, and shapes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from headwater.validation._evidence import Level
from headwater.validation._protos import schema_pb2
from headwater.validation.anomalies._check import Check, Each, Fields, Finding, Type
from headwater.validation.anomalies._subject import Subject
from headwater.validation.schema._describe import describe_value_counts


@dataclass
class Counted:
    """How many values the schema allows at one nesting level, and how many there are.

    Args:
        count: what the schema says, in the schema that checks mend.
        level: what the data show; None where only the schema is examined.
        depth: which level it is; None where the schema knows of one only.
        findings: those of the feature.
    """

    count: schema_pb2.ValueCount
    level: Level | None
    depth: int | None
    findings: list[Finding]

    def words(self, bound: str, fault: str) -> Fields:
        """How a fault of the schema is said."""
        if self.depth is None:
            return {"short": f"ValueCount.{bound} {fault}", "long": ""}
        return {
            "short": f"ValueCounts.{bound} {fault}",
            "long": f"ValueCounts.{bound} at level {self.depth} {fault}.",
        }

    @property
    def where(self) -> str:
        """How the level is named."""
        return "" if self.depth is None else f" at nestedness level {self.depth}"


def counted(subject: Subject, levels: tuple[Level, ...] | None) -> Iterator[Counted]:
    """The feature's value counts beside the levels, outermost first; none if the schema states none."""
    feature = subject.feature
    if feature.HasField("value_count"):
        yield Counted(feature.value_count, levels[0] if levels else None, None, subject.findings)
    for depth, count in enumerate(feature.value_counts.value_count):
        yield Counted(count, levels[depth] if levels else None, depth, subject.findings)


def _is_nested(subject: Subject) -> bool:
    return subject.feature.HasField("value_count") and len(subject.evidence.levels) > 1


def _differently_nested(subject: Subject) -> bool:
    feature = subject.feature
    return feature.HasField("value_counts") and len(feature.value_counts.value_count) != len(subject.evidence.levels)


def _describe_anew(subject: Subject, _: Fields) -> None:
    subject.feature.ClearField("value_count")
    subject.feature.ClearField("value_counts")
    describe_value_counts(subject.feature, subject.evidence)


def _too_few(part: Counted) -> Fields | None:
    return {"seen": part.level.min, "where": part.where} if part.level and part.level.min < part.count.min else None


def _too_many(part: Counted) -> Fields | None:
    if part.level and part.count.HasField("max") and part.level.max > part.count.max:
        return {"seen": part.level.max, "where": part.where}
    return None


def _lower_min(part: Counted, fields: Fields) -> None:
    part.count.ClearField("min")
    if fields["seen"]:
        part.count.min = fields["seen"]


def _raise_max(part: Counted, fields: Fields) -> None:
    part.count.max = fields["seen"]


def _varies(subject: Subject) -> bool:
    return not all(level.fixed for level in subject.evidence.levels)


def _other_length(subject: Subject) -> Fields | None:
    length = math.prod(level.min for level in subject.evidence.levels)
    return {"length": length} if length != math.prod(dim.size for dim in subject.feature.shape.dim) else None


def _has_shape(subject: Subject) -> bool:
    return subject.feature.HasField("shape")


def _drop_shape(subject: Subject, _: Fields) -> None:
    subject.feature.ClearField("shape")


VALENCY_CHECKS: tuple[Check[Subject] | Each[Subject], ...] = (
    Check(
        Type.VALUE_NESTEDNESS_MISMATCH,
        "Mismatched value nest level",
        "This feature has a value_count, but the nestedness level of the feature > 1. For features with nestedness "
        "levels greater than 1, value_counts, not value_count, should be specified.",
        when=_is_nested,
        mend=_describe_anew,
    ),
    Check(
        Type.VALUE_NESTEDNESS_MISMATCH,
        "Mismatched value nest level",
        "The values have a different nest level than expected. Value counts will not be checked.",
        when=_differently_nested,
        mend=_describe_anew,
    ),
    Each(
        lambda subject: counted(subject, subject.evidence.levels),
        (
            Check(
                Type.FEATURE_TYPE_LOW_NUMBER_VALUES,
                "Missing values",
                "Some examples have fewer values than expected{where}.",
                _too_few,
                _lower_min,
            ),
            Check(
                Type.FEATURE_TYPE_HIGH_NUMBER_VALUES,
                "Superfluous values",
                "Some examples have more values than expected{where}.",
                _too_many,
                _raise_max,
            ),
        ),
    ),
    Check(
        Type.INVALID_FEATURE_SHAPE,
        "Feature shape dropped",
        "The feature has a shape, but it's not always present (if the feature is nested, then it should always be "
        "present at each nested level) or its value lengths vary.",
        when=lambda subject: _has_shape(subject) and _varies(subject),
        mend=_drop_shape,
    ),
    Check(
        Type.INVALID_FEATURE_SHAPE,
        "Feature shape dropped",
        "The feature has fixed value length {length} but it's not compatible with the specified shape.",
        when=_has_shape,
        find=_other_length,
        mend=_drop_shape,
    ),
)
