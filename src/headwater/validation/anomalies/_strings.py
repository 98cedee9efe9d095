"""Checks of strings against the enumeration that the schema gives a feature."""

from __future__ import annotations

from headwater.validation._evidence import Kind
from headwater.validation.anomalies._check import HERE, Check, Each, Fields, Type
from headwater.validation.anomalies._subject import Subject


def _enumerates(subject: Subject) -> bool:
    return subject.enumerates


def _invalid_utf8(subject: Subject) -> Fields | None:
    return HERE if subject.evidence.invalid_utf8 else None


def _unexpected(subject: Subject) -> Fields | None:
    evidence, allowed = subject.evidence, set(subject.allowed)
    if evidence.kind == Kind.BYTES or not evidence.proto.HasField("string_stats"):
        return None
    strange = {value: count for value, count in evidence.strings.items() if value not in allowed}
    if not _too_many(subject, bool(strange), sum(strange.values())):
        return None
    listed = ", ".join(f"{escaped(value)} ({share(count, evidence.values)})" for value, count in strange.items())
    return {"values": list(strange), "listed": listed}


def _too_many(subject: Subject, strange: bool, count: float) -> bool:
    """Whether more than the schema tolerates of a feature's values are not in its domain."""
    constraints = subject.feature.distribution_constraints
    tolerated = 1 - (constraints.min_domain_mass if constraints.HasField("min_domain_mass") else 1.0)
    if tolerated == 0 or not subject.evidence.values:
        return strange
    return count / subject.evidence.values > tolerated


def _allow(subject: Subject, fields: Fields) -> None:
    subject.allow(fields["values"])


def share(count: float, total: float) -> str:
    """About how much of the total, as messages say it.

    >>> share(3, 10), share(0.5, 10), share(3, 0)
    ('~30%', '<1%', '?')
    """
    if total <= 0:
        return "?"
    percent = int(int(count) / total * 100)
    return f"~{percent}%" if percent else "<1%"


_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "'": "\\'", "\\": "\\\\"}


def escaped(text: str) -> str:
    r"""The text on one line, as it stands in a C string; what is beyond ASCII stays.

    >>> print(escaped("é\n'\x01"))
    é\n\'\001
    """
    return "".join(_ESCAPES.get(c) or (c if c >= " " and c != "\x7f" else f"\\{ord(c):03o}") for c in text)


STRING_CHECKS: tuple[Check[Subject] | Each[Subject], ...] = (
    Check(
        Type.ENUM_TYPE_INVALID_UTF8,
        "Invalid UTF8 strings",
        "Found strings that were not valid UTF8 strings.",
        _invalid_utf8,
        Subject.refute_domain,
        when=_enumerates,
    ),
    Check(
        Type.ENUM_TYPE_UNEXPECTED_STRING_VALUES,
        "Unexpected string values",
        "Examples contain values missing from the schema: {listed}. ",
        _unexpected,
        _allow,
        when=_enumerates,
    ),
)
