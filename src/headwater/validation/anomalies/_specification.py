"""Checks of the schema alone: whether what it says of a feature makes sense."""

from __future__ import annotations

from headwater.validation._protos import schema_pb2
from headwater.validation.anomalies._check import HERE, Check, Each, Fields, Type
from headwater.validation.anomalies._subject import Subject
from headwater.validation.anomalies._valency import Counted, counted

# Strings may stand for anything, so most domains describe them too. TensorFlow Data Validation refuses every
# time_of_day_domain, also those it infers; here it is a domain like time_domain.
_NAMED = {"domain", "string_domain", "mid_domain", "url_domain", "image_domain"}
_MEDIA = {"audio_domain", "video_domain", "content_chunk_domain"}
_TIMES = {"time_domain", "time_of_day_domain"}
DOMAINS_OF_TYPE = {
    schema_pb2.INT: {"UNSET", "int_domain", "bool_domain", "natural_language_domain"} | _TIMES,
    schema_pb2.FLOAT: {"UNSET", "float_domain", "bool_domain"},
    schema_pb2.BYTES: {"UNSET", "int_domain", "float_domain", "bool_domain", "natural_language_domain"}
    | _NAMED
    | _MEDIA
    | _TIMES,
    schema_pb2.STRUCT: {"UNSET", "struct_domain"},
    schema_pb2.TYPE_UNKNOWN: set(),
}

# Why a domain cannot have `distribution_constraints`, which count strings that are not enumerated.
_NO_DISTRIBUTION = {
    "UNSET": "distribution constraints require domain or string domain.",
    "bool_domain": "distribution constraints not supported for bool domains.",
    "int_domain": "distribution constraints not supported for int domains.",
    "float_domain": "distribution constraints not supported for float domains.",
    "struct_domain": "distribution constraints not supported for struct domains.",
}
_NO_SEMANTIC_DISTRIBUTION = "distribution constraints not supported for semantic domains."


def _infer_bytes(subject: Subject, _: Fields) -> None:
    subject.feature.type = schema_pb2.BYTES


def _lacks_type(subject: Subject) -> bool:
    return not subject.feature.HasField("type")


def _clear_min_fraction(subject: Subject, _: Fields) -> None:
    subject.feature.presence.ClearField("min_fraction")


def _set_full_fraction(subject: Subject, _: Fields) -> None:
    subject.feature.presence.min_fraction = 1.0


def _negative_min(part: Counted) -> Fields | None:
    return part.words("min", "should not be negative") if part.count.min < 0 else None


def _max_below_min(part: Counted) -> Fields | None:
    if part.count.HasField("max") and part.count.max < part.count.min:
        return part.words("max", "should not be less than min")
    return None


def _clear_min(part: Counted, _: Fields) -> None:
    part.count.ClearField("min")


def _raise_max(part: Counted, _: Fields) -> None:
    part.count.max = part.count.min


def _empty_dimension(subject: Subject) -> Fields | None:
    return HERE if any(dim.size <= 0 for dim in subject.feature.shape.dim) else None


def _clear_shape(subject: Subject, _: Fields) -> None:
    subject.feature.ClearField("shape")


def _unfit_domain(subject: Subject) -> Fields | None:
    if subject.domain_kind in DOMAINS_OF_TYPE[subject.feature.type]:
        return None
    return {"domain": subject.domain_kind, "type": schema_pb2.FeatureType.Name(subject.feature.type)}


def _drop_unfit(subject: Subject, fields: Fields) -> None:
    if fields["domain"] != "UNSET":
        subject.feature.ClearField(fields["domain"])


def _unfit_distribution(subject: Subject) -> Fields | None:
    if not subject.feature.HasField("distribution_constraints") or subject.enumerates:
        return None
    return {"why": _NO_DISTRIBUTION.get(subject.domain_kind, _NO_SEMANTIC_DISTRIBUTION)}


def _clear_distribution(subject: Subject, _: Fields) -> None:
    subject.feature.ClearField("distribution_constraints")


def _undefined_domain(subject: Subject) -> Fields | None:
    if subject.domain_kind != "domain" or subject.feature.domain in subject.context.domains:
        return None
    return HERE


def _same_truths(subject: Subject) -> Fields | None:
    domain = subject.feature.bool_domain if subject.domain_kind == "bool_domain" else None
    return HERE if domain and domain.HasField("true_value") and domain.true_value == domain.false_value else None


def _clear_false_value(subject: Subject, _: Fields) -> None:
    subject.feature.bool_domain.ClearField("false_value")


def _repeated_strings(subject: Subject) -> Fields | None:
    if subject.domain_kind != "string_domain":
        return None
    once = list(dict.fromkeys(subject.feature.string_domain.value))
    return {"once": once} if len(once) < len(subject.feature.string_domain.value) else None


def _keep_strings_once(subject: Subject, fields: Fields) -> None:
    subject.feature.string_domain.value[:] = fields["once"]


SPECIFICATION_CHECKS: tuple[Check[Subject] | Each[Subject], ...] = (
    Check(
        Type.FEATURE_MISSING_NAME,
        "unspecified name (maybe meant to be the empty string): find name rather than deprecating.",
        when=lambda subject: not subject.feature.HasField("name"),
        mend=Subject.retire,
        last=True,
    ),
    Check(
        Type.FEATURE_MISSING_TYPE,
        "unspecified type: inferring the type to be BYTES, given the domain specified.",
        when=lambda subject: _lacks_type(subject) and subject.enumerates,
        mend=_infer_bytes,
    ),
    Check(
        Type.FEATURE_MISSING_TYPE,
        "unspecified type: determine the type and set it, rather than deprecating.",
        when=_lacks_type,
        mend=Subject.retire,
        last=True,
    ),
    Check(
        Type.INVALID_SCHEMA_SPECIFICATION,
        "min_fraction should not be negative: clear is equal to zero",
        when=lambda subject: subject.feature.presence.min_fraction < 0,
        mend=_clear_min_fraction,
    ),
    Check(
        Type.INVALID_SCHEMA_SPECIFICATION,
        "min_fraction should not greater than 1",
        when=lambda subject: subject.feature.presence.min_fraction > 1,
        mend=_set_full_fraction,
    ),
    Each(
        lambda subject: counted(subject, None),
        (
            Check(Type.INVALID_SCHEMA_SPECIFICATION, "{short}", "{long}", _negative_min, _clear_min),
            Check(Type.INVALID_SCHEMA_SPECIFICATION, "{short}", "{long}", _max_below_min, _raise_max),
        ),
    ),
    Check(
        Type.INVALID_SCHEMA_SPECIFICATION,
        "Shape.dim.size must be a positive integer",
        find=_empty_dimension,
        mend=_clear_shape,
    ),
    Check(
        Type.DOMAIN_INVALID_FOR_TYPE,
        "The domain does not match the type",
        'The domain "{domain}" does not match the type: {type}',
        find=_unfit_domain,
        mend=_drop_unfit,
    ),
    Check(Type.INVALID_SCHEMA_SPECIFICATION, "{why}", find=_unfit_distribution, mend=_clear_distribution),
    Check(Type.INVALID_DOMAIN_SPECIFICATION, "missing domain: ", find=_undefined_domain, mend=Subject.clear_domain),
    Check(None, find=_same_truths, mend=_clear_false_value),
    Check(None, find=_repeated_strings, mend=_keep_strings_once),
)
