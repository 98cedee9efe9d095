"""Checks of images: whether TensorFlow can read them, and how large they are."""

from __future__ import annotations

import math
from ctypes import c_float

from headwater.validation.anomalies._check import Check, Each, Fields, Type
from headwater.validation.anomalies._subject import Subject

_UNKNOWN = "UNKNOWN"


def _has_images(subject: Subject) -> bool:
    return subject.feature.HasField("image_domain")


def _too_few_readable(subject: Subject) -> Fields | None:
    domain = subject.feature.image_domain
    if not domain.HasField("minimum_supported_image_fraction"):
        return None
    for custom in subject.evidence.custom("image_format_histogram"):
        counts = [(bucket.label, bucket.sample_count) for bucket in custom.rank_histogram.buckets]
        total = math.fsum(count for _, count in counts)
        if total > 0:
            seen = c_float(math.fsum(count for label, count in counts if label != _UNKNOWN) / total).value
            expected = domain.minimum_supported_image_fraction
            return {"seen": seen, "expected": expected} if seen < expected else None
    return None


def _lower_fraction(subject: Subject, fields: Fields) -> None:
    subject.feature.image_domain.minimum_supported_image_fraction = fields["seen"]


def _too_large(subject: Subject) -> Fields | None:
    domain, seen = subject.feature.image_domain, subject.evidence.most_bytes
    if not domain.HasField("max_image_byte_size") or seen <= domain.max_image_byte_size:
        return None
    return {"seen": seen, "allowed": domain.max_image_byte_size}


def _raise_size(subject: Subject, fields: Fields) -> None:
    subject.feature.image_domain.max_image_byte_size = fields["seen"]


IMAGE_CHECKS: tuple[Check[Subject] | Each[Subject], ...] = (
    Check(
        Type.LOW_SUPPORTED_IMAGE_FRACTION,
        "Low supported image fraction",
        "Fraction of values containing TensorFlow supported images: {seen:f} is lower than the threshold set in the "
        "Schema: {expected:f}.",
        _too_few_readable,
        _lower_fraction,
        when=_has_images,
    ),
    Check(
        Type.MAX_IMAGE_BYTE_SIZE_EXCEEDED,
        "Num bytes exceeds the max byte size.",
        "The largest image has bytes: {seen}. The max allowed byte size is: {allowed}.",
        _too_large,
        _raise_size,
        when=_has_images,
    ),
)
