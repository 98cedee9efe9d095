"""The schema of a feature that nobody has described yet: the one its data ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from headwater.validation._evidence import Evidence, Kind
from headwater.validation._numerals import as_int
from headwater.validation._protos import schema_pb2, text_format

TRUE_STRINGS = frozenset({"true", "TRUE", "1", ""})  # that "" is among them is TensorFlow Data Validation's choice
FALSE_STRINGS = frozenset({"false", "FALSE", "0"})


class Options(NamedTuple):
    """How features are described.

    Args:
        infer_shape: whether features with a fixed number of values get a `shape` rather than a `value_count`.
        max_string_domain_size: strings with at most so many different values are an enumeration.
    """

    infer_shape: bool = False
    max_string_domain_size: int = 100


def describe(feature: schema_pb2.Feature, evidence: Evidence, options: Options) -> tuple[str, ...]:
    """Fills in everything about a feature but its name, and its fields.

    Returns:
        The values of the string domain that it needs; the caller names and adds the domain. Empty if it needs none.
    """
    feature.type = evidence.type
    describe_presence(feature, evidence)
    if not (options.infer_shape and describe_shape(feature, evidence)):
        describe_value_counts(feature, evidence)
    describe_derivation(feature, evidence)
    return _describe_domain(feature, evidence, options)


def describe_presence(feature: schema_pb2.Feature, evidence: Evidence) -> None:
    feature.presence.min_count = min(1, int(evidence.present))
    if evidence.present and not evidence.missing:
        feature.presence.min_fraction = 1.0


def describe_derivation(feature: schema_pb2.Feature, evidence: Evidence) -> None:
    """Says what the feature was derived from, if validation itself has derived it from others."""
    if evidence.proto.HasField("validation_derived_source"):
        feature.validation_derived_source.CopyFrom(evidence.proto.validation_derived_source)
        feature.lifecycle_stage = schema_pb2.VALIDATION_DERIVED


def describe_shape(feature: schema_pb2.Feature, evidence: Evidence) -> bool:
    """Gives the feature a shape if it has one; structs have none."""
    if evidence.kind == Kind.STRUCT or not evidence.present or not all(level.fixed for level in evidence.levels):
        return False
    for level in evidence.levels:
        feature.shape.dim.add(size=level.min)
    return True


def describe_value_counts(feature: schema_pb2.Feature, evidence: Evidence) -> None:
    if not evidence.present:
        return
    counts = [schema_pb2.ValueCount(**_value_count(level.min, level.max)) for level in evidence.levels]
    if len(counts) > 1:
        feature.value_counts.value_count.extend(counts)
    elif counts[0].HasField("min"):
        feature.value_count.CopyFrom(counts[0])


def _value_count(low: int, high: int) -> Mapping[str, int]:
    if low <= 0:
        return {}
    return {"min": low, "max": high} if low == high else {"min": 1}


def _describe_domain(feature: schema_pb2.Feature, evidence: Evidence, options: Options) -> tuple[str, ...]:
    if describe_semantic_domain(feature, evidence):
        return ()
    if evidence.invalid_utf8 or any(attempt(feature, evidence) for attempt in _ATTEMPTS):
        return ()
    return _enumerated(evidence, options.max_string_domain_size)


def describe_semantic_domain(feature: schema_pb2.Feature, evidence: Evidence) -> bool:
    """Takes over the domain that a semantic statistics generator found, if it is one domain and well formed."""
    found = evidence.custom("domain_info")
    if len(found) != 1 or not found[0].str:
        return False
    parsed = schema_pb2.Feature()
    try:
        text_format.Parse(found[0].str, parsed)
    except text_format.ParseError:
        return False
    fields = parsed.ListFields()
    if len(fields) != 1 or parsed.WhichOneof("domain_info") is None:
        return False
    feature.MergeFrom(parsed)
    return True


def _bool_of_ints(feature: schema_pb2.Feature, evidence: Evidence) -> bool:
    if evidence.kind != Kind.INT or not evidence.proto.HasField("num_stats"):
        return False
    if evidence.min < 0 or evidence.max != 1:
        return False
    feature.bool_domain.SetInParent()
    return True


def _bool_of_strings(feature: schema_pb2.Feature, evidence: Evidence) -> bool:
    strings = evidence.strings.keys()
    true, false = sorted(strings & TRUE_STRINGS), sorted(strings & FALSE_STRINGS)
    if evidence.kind != Kind.STRING or not strings or len(true) > 1 or len(false) > 1:
        return False
    if len(true) + len(false) != len(strings):
        return False
    feature.bool_domain.CopyFrom(
        schema_pb2.BoolDomain(true_value=true[0] if true else None, false_value=false[0] if false else None)
    )
    return True


def _int_of_strings(feature: schema_pb2.Feature, evidence: Evidence) -> bool:
    if evidence.kind != Kind.STRING or not evidence.strings:
        return False
    if any(as_int(text) is None for text in evidence.strings):
        return False
    feature.int_domain.SetInParent()
    return True


_ATTEMPTS: tuple[Callable[[schema_pb2.Feature, Evidence], bool], ...] = (
    _bool_of_ints,
    _bool_of_strings,
    _int_of_strings,
)


def _enumerated(evidence: Evidence, limit: int) -> tuple[str, ...]:
    strings = evidence.strings
    if evidence.kind == Kind.BYTES or len(strings) > limit:
        return ()
    return tuple(strings)


def add_string_domain(schema: schema_pb2.Schema, name: str, values: tuple[str, ...], taken: set[str]) -> str:
    """Adds an enumeration to the schema.

    Args:
        schema: what it is added to.
        name: its name, to which a number is added if it is taken.
        values: what it enumerates.
        taken: the names of the schema's domains; the name given joins them.

    Returns:
        The name given to it.
    """
    unique, number = name, 2
    while unique in taken:
        unique, number = f"{name}{number}", number + 1
    taken.add(unique)
    schema.string_domain.add(name=unique, value=values)
    return unique
