"""Checks of values against the domain the schema gives a feature: bool, int or float."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from ctypes import c_float

from headwater.validation._evidence import Evidence, Kind
from headwater.validation._numerals import INT_MAX, INT_MIN, as_float, as_int
from headwater.validation._protos import schema_pb2, statistics_pb2
from headwater.validation.anomalies._check import HERE, Check, Each, Fields, Type
from headwater.validation.anomalies._subject import Subject

_NON_BOOLEAN = "Non-boolean values"
_OUT_OF_RANGE = "Out-of-range values"
_INVALID = "Invalid values"


def _over(domain: str, *kinds: int) -> Callable[[Subject], bool]:
    """Whether the feature has that domain, and data of one of those kinds."""
    return lambda subject: subject.evidence.kind in kinds and subject.feature.HasField(domain)


# --------------------------------------------------------------------------- bool


def _int_limits(evidence: Evidence) -> tuple[int, int]:
    return _as_int64(evidence.min), _as_int64(evidence.max)


def _as_int64(number: float) -> int:
    """A figure of statistics, which are floats, as the integer that it stands for."""
    return int(max(INT_MIN, min(INT_MAX, number))) if math.isfinite(number) else 0


def _below_zero(subject: Subject) -> Fields | None:
    low, high = _int_limits(subject.evidence)
    return {"seen": low, "low": low, "high": high} if low < 0 else None


def _above_one(subject: Subject) -> Fields | None:
    low, high = _int_limits(subject.evidence)
    return {"seen": high, "low": low, "high": high} if high > 1 else None


def _make_int(subject: Subject, fields: Fields) -> None:
    subject.feature.int_domain.CopyFrom(schema_pb2.IntDomain(min=fields["low"], max=fields["high"]))


def _non_boolean_float(subject: Subject) -> Fields | None:
    evidence = subject.evidence
    for end in (evidence.min, evidence.max):
        if end not in (0, 1):
            return {"what": f"Floats (such as {end:g}) not in {{0, 1}}"}
    if evidence.has_nan:
        return {"what": "Floats (such as NaN) not in {0, 1}"}
    what = next((what for histogram in evidence.histograms for what in _beside_truth(histogram)), None)
    return None if what is None else {"what": what}


def _beside_truth(histogram: statistics_pb2.Histogram) -> Iterator[str]:
    """What the buckets show that is surely neither 0 nor 1."""
    quantiles = histogram.type == statistics_pb2.Histogram.QUANTILES
    for bucket in histogram.buckets:
        if not bucket.sample_count:
            continue
        if bucket.high_value < 0:
            yield "Float values < 0 not in {0, 1}"
        elif bucket.low_value > 1:
            yield "Float values > 1 not in {0, 1}"
        elif quantiles and bucket.low_value > 0 and bucket.high_value < 1:
            yield "Float values falling between 0 and 1"


def _make_float(subject: Subject, _: Fields) -> None:
    evidence = subject.evidence
    subject.feature.float_domain.CopyFrom(schema_pb2.FloatDomain(min=evidence.min, max=evidence.max))


def _non_boolean_string(subject: Subject) -> Fields | None:
    domain = subject.feature.bool_domain
    truths = sorted({getattr(domain, name) for name in ("true_value", "false_value") if domain.HasField(name)})
    seen = next((value for value in subject.evidence.strings if value not in truths), None)
    return None if seen is None else {"seen": seen, "truths": ", ".join(f'"{truth}"' for truth in truths)}


# --------------------------------------------------------------------------- int and float


def _no_int(subject: Subject) -> Fields | None:
    return _no_number(subject, as_int)


def _no_int_in_bounds(subject: Subject) -> Fields | None:
    domain = subject.feature.int_domain
    return _no_int(subject) if domain.HasField("min") or domain.HasField("max") else None


def _no_float(subject: Subject) -> Fields | None:
    return _no_number(subject, as_float)


def _no_number(subject: Subject, read: Callable[[str], float | None]) -> Fields | None:
    seen = next((value for value in subject.evidence.strings if read(value) is None), None)
    return None if seen is None else {"seen": seen}


def _ints(subject: Subject) -> tuple[int, int] | None:
    """The smallest and the largest integer, be they written as strings or not."""
    evidence = subject.evidence
    if evidence.strings:
        numbers = [number for number in map(as_int, evidence.strings) if number is not None]
        return (min(numbers), max(numbers)) if numbers else None
    return _int_limits(evidence) if evidence.kind == Kind.INT else None


def _floats(subject: Subject) -> tuple[float, float] | None:
    """The smallest and the largest number, be they written as strings or not, in 32 bits, as domains have them."""
    evidence = subject.evidence
    if evidence.kind == Kind.FLOAT:
        return c_float(evidence.min).value, c_float(evidence.max).value
    numbers = [x for x in map(as_float, evidence.strings) if x is not None and not math.isnan(x)]
    return (c_float(min(numbers)).value, c_float(max(numbers)).value) if numbers else None


def _low_int(subject: Subject) -> Fields | None:
    domain, limits = subject.feature.int_domain, _ints(subject)
    return {"seen": limits[0]} if limits and domain.HasField("min") and limits[0] < domain.min else None


def _high_int(subject: Subject) -> Fields | None:
    domain, limits = subject.feature.int_domain, _ints(subject)
    return {"seen": limits[1]} if limits and domain.HasField("max") and limits[1] > domain.max else None


def _low_float(subject: Subject) -> Fields | None:
    domain, limits = subject.feature.float_domain, _floats(subject)
    if limits and domain.HasField("min") and limits[0] < domain.min:
        return {"seen": limits[0], "bound": domain.min}
    return None


def _high_float(subject: Subject) -> Fields | None:
    domain, limits = subject.feature.float_domain, _floats(subject)
    if limits and domain.HasField("max") and limits[1] > domain.max:
        return {"seen": limits[1], "bound": domain.max}
    return None


def _nan(subject: Subject) -> Fields | None:
    if not subject.feature.float_domain.disallow_nan:
        return None
    spelled = subject.evidence.strings if subject.evidence.kind == Kind.STRING else ()
    has_nan = any(x is not None and math.isnan(x) for x in map(as_float, spelled))
    return HERE if has_nan or subject.evidence.has_nan else None


def _inf(subject: Subject) -> Fields | None:
    limits = _floats(subject) if subject.feature.float_domain.disallow_inf else None
    return HERE if limits and any(map(math.isinf, limits)) else None


def _set_domain_field(domain: str, name: str) -> Callable[[Subject, Fields], None]:
    """Mends by setting a bound to what was seen; what is forbidden has no field `seen`, and is allowed."""

    def mend(subject: Subject, fields: Fields) -> None:
        setattr(getattr(subject.feature, domain), name, fields.get("seen", False))

    return mend


_BOOL_TO_FLOAT = "{what}: converting to float_domain."
_BOOL_TO_INT = "Integers (such as {seen}) not in {{0, 1}}: converting to an integer."

BOOL_CHECKS: tuple[Check[Subject], ...] = (
    Check(
        Type.BOOL_TYPE_SMALL_INT,
        _NON_BOOLEAN,
        _BOOL_TO_INT,
        _below_zero,
        _make_int,
        when=_over("bool_domain", Kind.INT),
    ),
    Check(
        Type.BOOL_TYPE_BIG_INT,
        _NON_BOOLEAN,
        _BOOL_TO_INT,
        _above_one,
        _make_int,
        when=_over("bool_domain", Kind.INT),
    ),
    Check(
        Type.BOOL_TYPE_UNEXPECTED_FLOAT,
        _NON_BOOLEAN,
        _BOOL_TO_FLOAT,
        _non_boolean_float,
        _make_float,
        when=_over("bool_domain", Kind.FLOAT),
    ),
    Check(
        Type.BOOL_TYPE_UNEXPECTED_STRING,
        _NON_BOOLEAN,
        'Saw unexpected value "{seen}" instead of {{{truths}}}.',
        _non_boolean_string,
        Subject.refute_domain,
        when=_over("bool_domain", Kind.STRING),
    ),
)

INT_CHECKS: tuple[Check[Subject], ...] = (
    Check(
        Type.INT_TYPE_NOT_INT_STRING,
        _INVALID,
        'String values that were not ints were found, such as "{seen}".',
        _no_int,
        Subject.refute_domain,
        when=_over("int_domain", Kind.STRING),
    ),
    Check(
        Type.DOMAIN_INVALID_FOR_TYPE,
        _INVALID,
        'Integer had values that were not valid Int64, such as "{seen}".',
        _no_int_in_bounds,
        Subject.refute_domain,
        when=_over("int_domain", Kind.INT),
    ),
    Check(
        Type.INT_TYPE_SMALL_INT,
        _OUT_OF_RANGE,
        "Unexpectedly small value: {seen}.",
        _low_int,
        _set_domain_field("int_domain", "min"),
        when=_over("int_domain", Kind.INT, Kind.STRING),
    ),
    Check(
        Type.INT_TYPE_BIG_INT,
        _OUT_OF_RANGE,
        "Unexpectedly large value: {seen}.",
        _high_int,
        _set_domain_field("int_domain", "max"),
        when=_over("int_domain", Kind.INT, Kind.STRING),
    ),
)

FLOAT_CHECKS: tuple[Check[Subject], ...] = (
    Check(
        Type.FLOAT_TYPE_HAS_NAN,
        _INVALID,
        "Float feature has NaN values.",
        _nan,
        _set_domain_field("float_domain", "disallow_nan"),
        when=_over("float_domain", Kind.FLOAT, Kind.STRING),
    ),
    Check(
        Type.FLOAT_TYPE_STRING_NOT_FLOAT,
        _INVALID,
        'String values that were not floats were found, such as "{seen}".',
        _no_float,
        Subject.refute_domain,
        when=_over("float_domain", Kind.STRING),
    ),
    Check(
        Type.FLOAT_TYPE_SMALL_FLOAT,
        _OUT_OF_RANGE,
        "Unexpectedly low values: {seen:g}<{bound:g}(upto six significant digits)",
        _low_float,
        _set_domain_field("float_domain", "min"),
        when=_over("float_domain", Kind.FLOAT, Kind.STRING),
    ),
    Check(
        Type.FLOAT_TYPE_BIG_FLOAT,
        _OUT_OF_RANGE,
        "Unexpectedly high value: {seen:g}>{bound:g}(upto six significant digits)",
        _high_float,
        _set_domain_field("float_domain", "max"),
        when=_over("float_domain", Kind.FLOAT, Kind.STRING),
    ),
    Check(
        Type.FLOAT_TYPE_HAS_INF,
        _INVALID,
        "Float feature has Inf values.",
        _inf,
        _set_domain_field("float_domain", "disallow_inf"),
        when=_over("float_domain", Kind.FLOAT, Kind.STRING),
    ),
)

NUMBER_CHECKS: tuple[Check[Subject] | Each[Subject], ...] = (*BOOL_CHECKS, *INT_CHECKS, *FLOAT_CHECKS)
