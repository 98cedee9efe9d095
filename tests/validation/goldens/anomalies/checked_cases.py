"""Schemas and statistics for the checks of texts, images, derived, sparse and weighted features.

Every reason has data that give it ("bad") and data that do not ("good").
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.validation.goldens.anomalies.comparator_cases import Case
from tests.validation.goldens.schema.cases import common, data, numbers, strings


def _language(domain: str, found: str | None) -> tuple[str, str]:
    figures = f"any {{ [type.googleapis.com/tensorflow.metadata.v0.NaturalLanguageStatistics] {{ {found} }} }}"
    custom = "" if found is None else f'custom_stats {{ name: "nl_statistics" {figures} }}'
    return f'feature {{ name: "a" type: BYTES natural_language_domain {{ {domain} }} }}', data(
        strings({"x": 3}, after=custom)
    )


def _token(limits: str, figures: str, token: str = "<P>") -> tuple[str, str]:
    return _language(
        f'token_constraints {{ string_value: "{token}" {limits} }}',
        f'token_statistics {{ string_token: "<P>" {figures} }}',
    )


def _images(domain: str, size: int = 5, **formats: float) -> tuple[str, str]:
    buckets = " ".join(f'buckets {{ label: "{name}" sample_count: {count} }}' for name, count in formats.items())
    custom = f'custom_stats {{ name: "image_format_histogram" rank_histogram {{ {buckets} }} }}' if formats else ""
    stats = f"bytes_stats {{ {common()} max_num_bytes_int: {size} }}"
    return f'feature {{ name: "a" type: BYTES image_domain {{ {domain} }} }}', data(
        f'features {{ path {{ step: "a" }} type: BYTES {stats} {custom} }}'
    )


SOURCE = 'validation_derived_source { deriver_name: "sum" source_path { step: "b" } }'


def _derived(schema: str, found: str = "") -> tuple[str, str]:
    stats = f'features {{ path {{ step: "a" }} type: INT num_stats {{ {common()} }} {found} }}'
    return f'feature {{ name: "a" type: INT {schema} }} feature {{ name: "b" type: INT }}', data(
        stats, numbers(name="b")
    )


FEATURES = " ".join(f'feature {{ name: "{name}" type: INT }}' for name in "vij")
SPARSE = (
    'sparse_feature { name: "s" index_feature { name: "i" } index_feature { name: "j" } value_feature { name: "v" } }'
)
WEIGHTED = 'weighted_feature { name: "s" feature { step: "v" } weight_feature { step: "i" } }'


def _num(name: str, value: float) -> str:
    return f'custom_stats {{ name: "{name}" num: {value} }}'


def _ranks(name: str, i: float, j: float = 0) -> str:
    buckets = f'buckets {{ label: "i" sample_count: {i} }} buckets {{ label: "j" sample_count: {j} }}'
    return f'custom_stats {{ name: "{name}" rank_histogram {{ {buckets} }} }}'


def _parts(*more: str) -> str:
    """Data of the features that others are composed of."""
    return data(*(numbers(name=name) for name in "vij"), *more)


def _composed(item: str, custom: str, more: str = "") -> tuple[str, str]:
    return f"{FEATURES} {more} {item}", _parts(f'features {{ path {{ step: "s" }} {custom} }}')


SPARSE_FINE = _num("missing_value", 0) + "".join(
    _ranks(name, 0) for name in ("missing_index", "max_length_diff", "min_length_diff")
)
WEIGHTED_FINE = "".join(
    _num(name, 0) for name in ("missing_value", "missing_weight", "min_weight_length_diff", "max_weight_length_diff")
)
NAMESAKE = 'feature { name: "s" type: INT }'

# Reason, schema and data that give it, schema and data that do not.
ROWS: list[tuple[str, tuple[str, str], tuple[str, str]]] = [
    (
        "FEATURE_COVERAGE_TOO_LOW",
        _language("coverage { min_coverage: 0.512345678 }", "feature_coverage: 0.2512345"),
        _language("coverage { min_coverage: 0.5 }", "feature_coverage: 0.5"),
    ),
    (
        "FEATURE_COVERAGE_TOO_SHORT_AVG_TOKEN_LENGTH",
        _language("coverage { min_avg_token_length: 4 }", "avg_token_length: 3.25"),
        _language("coverage { min_avg_token_length: 4 }", "avg_token_length: 4"),
    ),
    (
        "SEQUENCE_VALUE_TOO_SMALL_FRACTION",
        _token("min_fraction_of_sequences: 0.5", "fraction_of_sequences: 0.25"),
        _token("min_fraction_of_sequences: 0.5", "fraction_of_sequences: 0.5"),
    ),
    (
        "SEQUENCE_VALUE_TOO_LARGE_FRACTION",
        _token("max_fraction_of_sequences: 0.5", "fraction_of_sequences: 0.75"),
        _token("max_fraction_of_sequences: 0.5", "fraction_of_sequences: 0.5"),
    ),
    (
        "SEQUENCE_VALUE_TOO_FEW_OCCURRENCES",
        _token("min_per_sequence: 2", "per_sequence_min_frequency: 1.5"),
        _token("min_per_sequence: 2", "per_sequence_min_frequency: 2"),
    ),
    (
        "SEQUENCE_VALUE_TOO_MANY_OCCURRENCES",
        _token("max_per_sequence: 2", "per_sequence_max_frequency: 3"),
        _token("max_per_sequence: 2", "per_sequence_max_frequency: 2"),
    ),
    (
        "STATS_NOT_AVAILABLE",
        _language("coverage { min_coverage: 0.5 }", None),
        _language('vocabulary: "v" coverage {}', None),
    ),
    ("STATS_NOT_AVAILABLE", _token("", "", "<S>"), _token("", "")),
    (
        "LOW_SUPPORTED_IMAGE_FRACTION",
        _images("minimum_supported_image_fraction: 0.95", jpeg=9, tiff=1, UNKNOWN=1),
        _images("minimum_supported_image_fraction: 0.9", jpeg=9, tiff=1, UNKNOWN=1),
    ),
    (
        "LOW_SUPPORTED_IMAGE_FRACTION",
        _images("minimum_supported_image_fraction: 0.852", UNKNOWN=1, jpeg=5.5),
        _images("minimum_supported_image_fraction: 1"),
    ),
    ("MAX_IMAGE_BYTE_SIZE_EXCEEDED", _images("max_image_byte_size: 4"), _images("max_image_byte_size: 5")),
    ("DERIVED_FEATURE_BAD_LIFECYCLE", _derived(SOURCE), _derived(f"{SOURCE} lifecycle_stage: DISABLED")),
    (
        "DERIVED_FEATURE_BAD_LIFECYCLE",
        _derived(f"{SOURCE} lifecycle_stage: PRODUCTION", SOURCE),
        _derived(f"{SOURCE} lifecycle_stage: VALIDATION_DERIVED", SOURCE),
    ),
    ("DERIVED_FEATURE_INVALID_SOURCE", _derived("", SOURCE), _derived("lifecycle_stage: VALIDATION_DERIVED")),
    ("SPARSE_FEATURE_NAME_COLLISION", _composed(SPARSE, _num("missing_value", 2), NAMESAKE), _composed(SPARSE, "")),
    ("SPARSE_FEATURE_MISSING_VALUE", _composed(SPARSE, _num("missing_value", 2.5)), _composed(SPARSE, SPARSE_FINE)),
    (
        "SPARSE_FEATURE_MISSING_INDEX",
        _composed(SPARSE, _ranks("missing_index", 1e7, 2)),
        _composed(SPARSE, _num("missing_index", 2)),
    ),
    (
        "SPARSE_FEATURE_LENGTH_MISMATCH",
        _composed(SPARSE, _ranks("min_length_diff", -1) + _ranks("max_length_diff", 0, 3)),
        _composed(SPARSE, SPARSE_FINE),
    ),
    (
        "WEIGHTED_FEATURE_NAME_COLLISION",
        _composed(WEIGHTED, _num("missing_value", 2), NAMESAKE),
        _composed(WEIGHTED, ""),
    ),
    (
        "WEIGHTED_FEATURE_NAME_COLLISION",
        _composed(WEIGHTED + SPARSE, _num("missing_value", 2)),
        _composed(WEIGHTED, WEIGHTED_FINE),
    ),
    (
        "WEIGHTED_FEATURE_MISSING_VALUE",
        _composed(WEIGHTED, _num("missing_value", 2)),
        _composed(WEIGHTED, WEIGHTED_FINE),
    ),
    (
        "WEIGHTED_FEATURE_MISSING_WEIGHT",
        _composed(WEIGHTED, _num("missing_weight", 2)),
        _composed(WEIGHTED, WEIGHTED_FINE),
    ),
    (
        "WEIGHTED_FEATURE_LENGTH_MISMATCH",
        _composed(WEIGHTED, _num("max_weight_length_diff", 2)),
        _composed(WEIGHTED, WEIGHTED_FINE),
    ),
]

EVERY_TOKEN = (
    "min_per_sequence: 1 max_per_sequence: 2 min_fraction_of_sequences: 0.4 max_fraction_of_sequences: 0.3",
    "per_sequence_min_frequency: 0 per_sequence_max_frequency: 3 fraction_of_sequences: 0.35",
)
TWO_TOKENS = "coverage { min_coverage: 0.5 } token_constraints { int_value: 7 min_per_sequence: 1 } " + (
    'token_constraints { string_value: "x" min_per_sequence: 1 }'
)
INT_TOKEN = "token_statistics { int_token: 7 per_sequence_min_frequency: 0 }"
STRING_TOKEN = 'token_statistics { string_token: "x" per_sequence_min_frequency: 0 }'
EVERYTHING = "presence { min_count: 90 } unique_constraints { min: 5 max: 9 } value_count { min: 3 }"

TOGETHER: dict[str, tuple[str, str]] = {
    "all of a token": _token(*EVERY_TOKEN),
    "tokens in the schema's order": _language(TWO_TOKENS, STRING_TOKEN + INT_TOKEN),
    "a token that was not counted": _language(TWO_TOKENS, INT_TOKEN),
    "a token before it that was not counted": _language(TWO_TOKENS, STRING_TOKEN),
    "a constraint of nothing": _language("token_constraints { min_per_sequence: 2 }", ""),
    "lengths of sequences": _language("sequence_length_constraints { min_sequence_length: 2 }", ""),
    "images": _images("max_image_byte_size: 3 minimum_supported_image_fraction: 0.85", UNKNOWN=1),
    "derived from what is not in the schema": (
        'feature { name: "b" type: INT }',
        _derived("", SOURCE)[1],
    ),
    "derived and wrong": _derived(f"int_domain {{ max: -1 }} {EVERYTHING}", SOURCE),
    "derived and drifting": _derived("drift_comparator { infinity_norm { threshold: 0.1 } }", SOURCE),
    "sparse, in the order of statistics": _composed(
        SPARSE,
        _ranks("min_length_diff", -1.5, 3) + _ranks("missing_index", 1, 2) + _num("missing_value", 2),
    ),
    "sparse, not in the statistics": (f"{FEATURES} {SPARSE}", _parts()),
    "sparse with figures of values": (
        f"{FEATURES} {SPARSE}",
        _parts(strings({"x": 1}, name="s", after=_num("missing_value", 3))),
    ),
    "weighted, all of it": _composed(
        WEIGHTED,
        _num("max_weight_length_diff", 1)
        + _num("min_weight_length_diff", -1)
        + _num("missing_weight", 2)
        + _num("missing_value", 3),
    ),
    "weighted, not in the statistics": (f"{FEATURES} {WEIGHTED}", _parts()),
}


def cases() -> Iterator[Case]:
    for number, (reason, bad, good) in enumerate(ROWS):
        yield Case(f"{reason} {number} bad", *bad)
        yield Case(f"{reason} {number} good", *good)
    for name, (schema, statistics) in TOGETHER.items():
        previous = data(numbers(name="b")) if "drift" in name else None
        yield Case(name, schema, statistics, previous)
