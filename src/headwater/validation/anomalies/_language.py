"""Checks of texts: how much of them a vocabulary covers, and how often a token occurs in a sequence."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator
from ctypes import c_float
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

from headwater.validation._protos import schema_pb2, statistics_pb2
from headwater.validation.anomalies._check import Check, Each, Fields, Finding, Type
from headwater.validation.anomalies._subject import Subject

Language: TypeAlias = statistics_pb2.NaturalLanguageStatistics


@dataclass
class Constrained:
    """What the schema says of texts, and how they are.

    Args:
        subject: the feature.
        index: which of the constraints on tokens is looked at; None for coverage.
        findings: those of the feature.
    """

    subject: Subject
    index: int | None
    findings: list[Finding]

    @property
    def constraint(self) -> schema_pb2.FeatureCoverageConstraints | schema_pb2.SequenceValueConstraints:
        """The constraint, in the schema that checks mend."""
        domain = self.subject.feature.natural_language_domain
        return domain.coverage if self.index is None else domain.token_constraints[self.index]

    @property
    def is_left(self) -> bool:
        """Whether the domain is still there, and something in the constraint."""
        if not self.subject.feature.HasField("natural_language_domain"):
            return False
        if self.index is None:
            return any(map(self.constraint.HasField, ("min_coverage", "min_avg_token_length")))
        return self.constraint.WhichOneof("value") is not None

    @cached_property
    def evidence(self) -> Any:
        """What was counted, of all texts or of the token; None if it was not."""
        language = _language_statistics(self.subject)
        if language is None or self.index is None:
            return language
        return next((found for found in language.token_statistics if self._is_of(found)), None)

    def _is_of(self, found: Any) -> bool:
        value = self.constraint.WhichOneof("value")
        token = {"int_value": "int_token", "string_value": "string_token"}[value]
        return found.WhichOneof("token") == token and getattr(found, token) == self.token

    @property
    def token(self) -> int | str:
        """The token that is constrained."""
        return getattr(self.constraint, self.constraint.WhichOneof("value"))


def _language_statistics(subject: Subject) -> Language | None:
    for custom in subject.evidence.custom("nl_statistics"):
        found = Language()
        if custom.any.Unpack(found):
            return found
    return None


def _constraints(subject: Subject) -> Iterator[Constrained]:
    if subject.feature.HasField("natural_language_domain"):
        yield Constrained(subject, None, subject.findings)
        for index in range(len(subject.feature.natural_language_domain.token_constraints)):
            yield Constrained(subject, index, subject.findings)


class Limit(NamedTuple):
    """A limit on a figure.

    Args:
        type: the `AnomalyInfo.Type` of figures beyond it.
        field: its field in the constraint.
        figure: the field of the statistics that it limits.
        beyond: whether a figure is beyond the limit.
        short: the short description.
        long: the description.
        whole: how a figure becomes a limit of whole numbers.
    """

    type: int
    field: str
    figure: str
    beyond: Callable[[float, float], bool]
    short: str
    long: str
    whole: Callable[[float], float] = float


_COVERAGE = "Fraction of tokens in the vocabulary: {seen:g} is lower than the threshold set in the Schema: {limit:g}."
_LENGTH = "Average token length is: {seen:g} which is lower than the threshold set in the Schema: {limit:g}."


def _fraction(than: str) -> str:
    return (
        f"Fraction of sequences with value: {{token}} is: {{seen:g}} which is {than} than the threshold set in the "
        "Schema: {limit:g}."
    )


def _times(bound: str, than: str) -> str:
    return (
        f"Value: {{token}} occurs at {bound}: {{seen:g}} times within a sequence, which is {than} than the threshold "
        "set in the Schema: {limit:g}."
    )


LIMITS = (
    Limit(
        Type.FEATURE_COVERAGE_TOO_LOW,
        "min_coverage",
        "feature_coverage",
        operator.lt,
        "Feature coverage is too low.",
        _COVERAGE,
    ),
    Limit(
        Type.FEATURE_COVERAGE_TOO_SHORT_AVG_TOKEN_LENGTH,
        "min_avg_token_length",
        "avg_token_length",
        operator.lt,
        "Average token length is too short.",
        _LENGTH,
    ),
    Limit(
        Type.SEQUENCE_VALUE_TOO_SMALL_FRACTION,
        "min_fraction_of_sequences",
        "fraction_of_sequences",
        operator.lt,
        "Value occurs in too small a fraction of sequences.",
        _fraction("lower"),
    ),
    Limit(
        Type.SEQUENCE_VALUE_TOO_LARGE_FRACTION,
        "max_fraction_of_sequences",
        "fraction_of_sequences",
        operator.gt,
        "Value occurs in too large a fraction of sequences.",
        _fraction("higher"),
    ),
    Limit(
        Type.SEQUENCE_VALUE_TOO_FEW_OCCURRENCES,
        "min_per_sequence",
        "per_sequence_min_frequency",
        operator.lt,
        "Value has too few per-sequence occurrences.",
        _times("least", "lower"),
        math.floor,
    ),
    Limit(
        Type.SEQUENCE_VALUE_TOO_MANY_OCCURRENCES,
        "max_per_sequence",
        "per_sequence_max_frequency",
        operator.gt,
        "Value has too many per-sequence occurrences.",
        _times("most", "higher"),
        math.ceil,
    ),
)


def _beyond(limit: Limit) -> Callable[[Constrained], Fields | None]:
    def find(part: Constrained) -> Fields | None:
        if limit.field not in part.constraint.DESCRIPTOR.fields_by_name or not part.constraint.HasField(limit.field):
            return None
        seen = c_float(getattr(part.evidence, limit.figure)).value  # limits have 32 bits
        allowed = getattr(part.constraint, limit.field)
        token = None if part.index is None else part.token
        return {"seen": seen, "limit": allowed, "token": token} if limit.beyond(seen, allowed) else None

    return find


def _move(limit: Limit) -> Callable[[Constrained, Fields], None]:
    def mend(part: Constrained, fields: Fields) -> None:
        setattr(part.constraint, limit.field, limit.whole(fields["seen"]))

    return mend


def _is_counted(part: Constrained) -> bool:
    return part.is_left and part.evidence is not None


def _is_not_counted(part: Constrained) -> bool:
    return part.is_left and part.evidence is None


def _drop_domain(part: Constrained, _: Fields) -> None:
    part.subject.feature.ClearField("natural_language_domain")


LANGUAGE_CHECKS: tuple[Check[Subject] | Each[Subject], ...] = (
    Each(
        _constraints,
        (
            *(
                Check(limit.type, limit.short, limit.long, _beyond(limit), _move(limit), when=_is_counted)
                for limit in LIMITS
            ),
            Check(
                Type.STATS_NOT_AVAILABLE,
                "Natural language stats are not computed.",
                "Constraints specified in natural language domain cannot be verified because natural language stats "
                "have not been computed.",
                mend=_drop_domain,
                when=_is_not_counted,
            ),
        ),
    ),
)
