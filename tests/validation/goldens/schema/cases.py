"""The cases of `make_goldens.py`: schemas and statistics, in text format.

Every reason has a schema with data that give it ("bad") and data that do not ("good").
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import NamedTuple


class Case(NamedTuple):
    """A schema and statistics to hold against it."""

    name: str
    schema: str
    statistics: str
    environment: str | None = None


# --------------------------------------------------------------------------- statistics


def common(present: int = 10, missing: int = 0, low: int = 1, high: int = 1, more: str = "") -> str:
    return (
        f"common_stats {{ num_non_missing: {present} num_missing: {missing} min_num_values: {low} "
        f"max_num_values: {high} tot_num_values: {present} {more} }}"
    )


def levels(*lengths: tuple[int, int]) -> str:
    """Figures of nested lists that are never missing."""
    return " ".join(
        f"presence_and_valency_stats {{ num_non_missing: 10 min_num_values: {low} max_num_values: {high} }}"
        for low, high in lengths
    )


def numbers(
    least: object = 0, most: object = 9, kind: str = "INT", name: str = "a", more: str = "", **counts: object
) -> str:
    return (
        f'features {{ path {{ step: "{name}" }} type: {kind} '
        f"num_stats {{ {common(**counts)} min: {least} max: {most} {more} }} }}"
    )


def floats(least: object = 0.5, most: object = 9.5, **rest: object) -> str:
    return numbers(least, most, "FLOAT", **rest)


def histogram(*buckets: tuple[float, float], kind: str = "STANDARD", nan: int = 0) -> str:
    inside = " ".join(f"buckets {{ low_value: {low} high_value: {high} sample_count: 5 }}" for low, high in buckets)
    return f"histograms {{ type: {kind} num_nan: {nan} {inside} }}"


def ranks(counts: Mapping[str, float]) -> str:
    labels = {json.dumps(label, ensure_ascii=False): count for label, count in counts.items()}
    inside = " ".join(f"buckets {{ label: {label} sample_count: {count} }}" for label, count in labels.items())
    return f"rank_histogram {{ {inside} }}"


def strings(
    counts: Mapping[str, float], kind: str = "STRING", name: str = "a", more: str = "", after: str = "", **rest: object
) -> str:
    return (
        f'features {{ path {{ step: "{name}" }} type: {kind} string_stats {{ {common(**rest)} '
        f"unique: {len(counts)} {ranks(counts)} {more} }} {after} }}"
    )


def blobs(name: str = "a", after: str = "") -> str:
    return f'features {{ path {{ step: "{name}" }} type: BYTES bytes_stats {{ {common()} unique: 3 }} {after} }}'


def struct(*steps: str, **counts: object) -> str:
    path = " ".join(f'step: "{step}"' for step in steps)
    return f"features {{ path {{ {path} }} type: STRUCT struct_stats {{ {common(**counts)} }} }}"


def field(*steps: str, of: str) -> str:
    """The feature `of`, in structs."""
    return of.replace('path { step: "a" }', "path { " + " ".join(f'step: "{step}"' for step in steps) + " }")


def found(domain: str) -> str:
    """What a generator of semantic statistics notes."""
    return f'custom_stats {{ name: "domain_info" str: {json.dumps(domain)} }}'


def data(*features: str, examples: int = 10, more: str = "") -> str:
    return f"datasets {{ num_examples: {examples} {more} {' '.join(features)} }}"


# --------------------------------------------------------------------------- schemas


def feature(text: str, rest: str = "") -> str:
    return f'feature {{ name: "a" {text} }} {rest}'


PAYMENTS = 'string_domain { name: "payments" value: ["Cash", "Card"] }'
MANY = {f"value {i}": 30 - i for i in range(30)}

# Reason, schema, data that give it, data that do not.
ROWS: list[tuple[str, str, str, str]] = [
    ("BOOL_TYPE_BIG_INT", feature("type: INT bool_domain {}"), numbers(0, 7), numbers(0, 1)),
    ("BOOL_TYPE_SMALL_INT", feature("type: INT bool_domain {}"), numbers(-3, 7), numbers(1, 1)),
    ("BOOL_TYPE_UNEXPECTED_FLOAT", feature("type: FLOAT bool_domain {}"), floats(0.25, 1), floats(0, 1)),
    ("BOOL_TYPE_UNEXPECTED_FLOAT", feature("type: FLOAT bool_domain {}"), floats(0, 1e10), floats(1, 1)),
    (
        "BOOL_TYPE_UNEXPECTED_FLOAT",
        feature("type: FLOAT bool_domain {}"),
        floats(0, 1, more=histogram((0, 1), nan=2)),
        floats(0, 1, more=histogram((0, 1))),
    ),
    (
        "BOOL_TYPE_UNEXPECTED_FLOAT",
        feature("type: FLOAT bool_domain {}"),
        floats(0, 1, more=histogram((-2, -1), (0, 1))),
        floats(0, 1, more=histogram((-2, 0), (0, 1))),
    ),
    (
        "BOOL_TYPE_UNEXPECTED_FLOAT",
        feature("type: FLOAT bool_domain {}"),
        floats(0, 1, more=histogram((0, 1), (1.5, 2))),
        floats(0, 1, more=histogram((0, 1), (1, 2))),
    ),
    (
        "BOOL_TYPE_UNEXPECTED_FLOAT",
        feature("type: FLOAT bool_domain {}"),
        floats(0, 1, more=histogram((0.25, 0.5), kind="QUANTILES")),
        floats(0, 1, more=histogram((0.25, 0.5))),
    ),
    (
        "BOOL_TYPE_UNEXPECTED_STRING",
        feature('type: BYTES bool_domain { true_value: "yes" false_value: "no" }'),
        strings({"yes": 5, "no": 4, "maybe": 1}),
        strings({"yes": 5, "no": 5}),
    ),
    ("BOOL_TYPE_UNEXPECTED_STRING", feature("type: BYTES bool_domain {}"), strings({"yes": 5}), strings({})),
    (
        "ENUM_TYPE_UNEXPECTED_STRING_VALUES",
        feature('type: BYTES string_domain { value: ["Cash", "Card"] }'),
        strings({"Cash": 6, "Card": 2, "Cheque": 1, 'tab\t and "quote" é': 0.5}),
        strings({"Cash": 8, "Card": 2}),
    ),
    (
        "ENUM_TYPE_UNEXPECTED_STRING_VALUES",
        feature('type: BYTES domain: "payments"', PAYMENTS),
        strings(MANY, present=1000),
        strings({"Cash": 8}),
    ),
    (
        "ENUM_TYPE_UNEXPECTED_STRING_VALUES",
        feature('type: BYTES domain: "payments" distribution_constraints { min_domain_mass: 0.9 }', PAYMENTS),
        strings({"Cash": 8, "Cheque": 2}),
        strings({"Cash": 19, "Cheque": 1}, present=20),
    ),
    (
        "ENUM_TYPE_UNEXPECTED_STRING_VALUES",
        feature('type: BYTES domain: "payments" distribution_constraints { min_domain_mass: 0.8 }', PAYMENTS),
        strings({"Cash": 8, "Cheque": 2}),  # 1 - 0.8 is less than 0.2 in floats, there as here
        strings({"Cash": 9, "Cheque": 1}),
    ),
    (
        "ENUM_TYPE_UNEXPECTED_STRING_VALUES",
        feature('type: BYTES domain: "payments"', PAYMENTS),
        strings({"3": 10}, kind="INT"),
        strings({"Card": 10}),
    ),
    (
        "ENUM_TYPE_INVALID_UTF8",
        feature('type: BYTES string_domain { value: ["Cash"] }'),
        strings({"Cash": 6}, more="invalid_utf8_count: 2"),
        strings({"Cash": 6}),
    ),
    ("INT_TYPE_SMALL_INT", feature("type: INT int_domain { min: 3 }"), numbers(2, 5), numbers(3, 5)),
    ("INT_TYPE_BIG_INT", feature("type: INT int_domain { min: 0 max: 3 }"), numbers(-1, 5), numbers(0, 3)),
    ("INT_TYPE_SMALL_INT", feature("type: INT int_domain { min: 9 max: 3 }"), numbers(4, 5), numbers(9, 3)),
    (
        "INT_TYPE_BIG_INT",
        feature("type: BYTES int_domain { max: 3 }"),
        strings({" 2 ": 1, "+17": 9}),
        strings({"2": 1, "-17": 9}),
    ),
    (
        "INT_TYPE_NOT_INT_STRING",
        feature("type: BYTES int_domain {}"),
        strings({"2": 1, "z": 3, "1.5": 9}),
        strings({"2": 1, "9223372036854775807": 9}),
    ),
    (
        "INT_TYPE_NOT_INT_STRING",
        feature("type: BYTES int_domain {}"),
        strings({"9223372036854775808": 1}),
        strings({"-9223372036854775808": 1}),
    ),
    (
        "DOMAIN_INVALID_FOR_TYPE",
        feature("type: INT int_domain { min: 1 }"),
        strings({"2": 1, "z": 3}, kind="INT"),
        strings({"2": 1, "3": 3}, kind="INT"),
    ),
    (
        "FLOAT_TYPE_SMALL_FLOAT",
        feature("type: FLOAT float_domain { min: 2.125 }"),
        floats(2.12345678, 3),
        floats(2.125, 3),
    ),
    ("FLOAT_TYPE_BIG_FLOAT", feature("type: FLOAT float_domain { min: 2 max: 3 }"), floats(-1e-20, 1e35), floats(2, 3)),
    (
        "FLOAT_TYPE_BIG_FLOAT",
        feature("type: BYTES float_domain { max: 3 }"),
        strings({"1e5": 1, "0x1p3": 9}),
        strings({"2.5": 1, ".5": 9}),
    ),
    (
        "FLOAT_TYPE_HAS_NAN",
        feature("type: FLOAT float_domain { disallow_nan: true }"),
        floats(more=histogram((0, 1), nan=3)),
        floats(more=histogram((0, 1))),
    ),
    (
        "FLOAT_TYPE_HAS_NAN",
        feature("type: BYTES float_domain { disallow_nan: true }"),
        strings({"1.5": 2, "nan": 1}),
        strings({"1.5": 2, "inf": 1}),
    ),
    (
        "FLOAT_TYPE_HAS_INF",
        feature("type: FLOAT float_domain { disallow_inf: true }"),
        floats(0, "inf"),
        floats(0, 3e38),
    ),
    (
        "FLOAT_TYPE_HAS_INF",
        feature("type: BYTES float_domain { disallow_inf: true min: 0 }"),
        strings({"1.5": 2, "-inf": 1}),
        strings({"1.5": 2, "nan": 1}),
    ),
    (
        "FLOAT_TYPE_STRING_NOT_FLOAT",
        feature("type: BYTES float_domain { disallow_nan: true }"),
        strings({"1.5": 2, "1,5": 1}),
        strings({"1.5": 2, " 2 ": 1}),
    ),
    ("UNEXPECTED_DATA_TYPE", feature("type: INT"), floats(), numbers()),
    ("UNEXPECTED_DATA_TYPE", feature("type: FLOAT bool_domain {}"), numbers(2, 5), floats(0, 1)),
    ("UNEXPECTED_DATA_TYPE", feature("type: INT"), strings({"x": 1}), strings({"x": 1}, kind="INT")),
    ("UNEXPECTED_DATA_TYPE", feature("type: BYTES"), struct("a"), blobs()),
    ("UNEXPECTED_DATA_TYPE", feature("type: STRUCT"), blobs(), struct("a")),
    ("UNEXPECTED_DATA_TYPE", feature("type: TYPE_UNKNOWN"), blobs(), numbers(name="b")),
    ("DOMAIN_INVALID_FOR_TYPE", feature("type: BYTES float_domain { min: 0 }"), blobs(), strings({"1": 1})),
    (
        "DOMAIN_INVALID_FOR_TYPE",
        feature("type: BYTES string_domain {} distribution_constraints { min_domain_mass: 0.7 }"),
        blobs(),
        strings({}),
    ),
    ("DOMAIN_INVALID_FOR_TYPE", feature("type: BYTES mid_domain {}"), blobs(), strings({"/m/1": 1})),
    (
        "SEMANTIC_DOMAIN_UPDATE",
        feature("type: BYTES"),
        strings({"x": 1}, after=found("natural_language_domain {}")),
        strings({"x": 1}, after=found("no domain at all")),
    ),
    (
        "SEMANTIC_DOMAIN_UPDATE",
        feature("type: INT"),
        numbers()[:-1] + found("time_domain { integer_format: UNIX_SECONDS }") + "}",
        numbers()[:-1] + found("mid_domain {}") + found("url_domain {}") + "}",
    ),
    ("SCHEMA_MISSING_COLUMN", feature("type: INT presence { min_count: 1 }"), numbers(name="b"), numbers()),
    ("SCHEMA_MISSING_COLUMN", feature("type: INT presence { min_fraction: 0.1 }"), "", numbers()),
    ("SCHEMA_NEW_COLUMN", feature("type: INT"), numbers() + strings({"x": 3, "y": 7}, name="b.c"), numbers()),
    (
        "FEATURE_TYPE_NOT_PRESENT",
        feature("type: INT presence { min_count: 1 }"),
        numbers(0, 0, present=0, missing=10, low=0, high=0),
        numbers(present=1, missing=9),
    ),
    (
        "FEATURE_TYPE_LOW_FRACTION_PRESENT",
        feature("type: INT presence { min_fraction: 1 min_count: 20 }"),
        numbers(present=7, missing=3),
        numbers(),
    ),
    (
        "FEATURE_TYPE_LOW_FRACTION_PRESENT",
        feature("type: INT presence { min_fraction: 0.7 }"),
        numbers(present=6, missing=4),
        numbers(present=7, missing=3),
    ),
    (
        "FEATURE_TYPE_LOW_FRACTION_PRESENT",
        feature("type: INT presence { min_fraction: 1 }"),
        numbers(present=12, missing=2),  # more than there are examples: as in lists of structs
        numbers(present=12),
    ),
    (
        "FEATURE_TYPE_LOW_NUMBER_PRESENT",
        feature("type: INT presence { min_count: 8 }"),
        numbers(present=7, missing=3),
        numbers(present=8, missing=2),
    ),
    (
        "FEATURE_TYPE_LOW_NUMBER_VALUES",
        feature("type: INT value_count { min: 2 }"),
        numbers(low=0),
        numbers(low=2, high=3),
    ),
    (
        "FEATURE_TYPE_HIGH_NUMBER_VALUES",
        feature("type: INT value_count { min: 1 max: 2 }"),
        numbers(low=0, high=3),
        numbers(low=1, high=2),
    ),
    (
        "FEATURE_TYPE_LOW_NUMBER_VALUES",
        feature("type: INT value_counts { value_count { min: 1 max: 1 } value_count { min: 2 max: 2 } }"),
        numbers(low=0, high=2, more="").replace("tot_num_values", levels((0, 2), (1, 3)) + " tot_num_values"),
        numbers().replace("tot_num_values", levels((1, 1), (2, 2)) + " tot_num_values"),
    ),
    (
        "VALUE_NESTEDNESS_MISMATCH",
        feature("type: INT value_count { min: 1 max: 1 }"),
        numbers().replace("tot_num_values", levels((1, 1), (2, 4)) + " tot_num_values"),
        numbers(),
    ),
    (
        "VALUE_NESTEDNESS_MISMATCH",
        feature("type: INT value_counts { value_count { min: 1 } value_count { min: 1 } }"),
        numbers(),
        numbers().replace("tot_num_values", levels((1, 1), (2, 4)) + " tot_num_values"),
    ),
    ("INVALID_FEATURE_SHAPE", feature("type: INT shape { dim { size: 1 } }"), numbers(present=9, missing=1), numbers()),
    (
        "INVALID_FEATURE_SHAPE",
        feature("type: INT shape { dim { size: 2 } dim { size: 3 } }"),
        numbers(low=3, high=3),
        numbers(low=6, high=6),
    ),
    (
        "INVALID_FEATURE_SHAPE",
        feature("type: INT shape { dim { size: 6 } }"),
        numbers().replace("tot_num_values", levels((2, 2), (2, 4)) + " tot_num_values"),
        numbers().replace("tot_num_values", levels((2, 2), (3, 3)) + " tot_num_values"),
    ),
    ("INVALID_FEATURE_SHAPE", feature("type: INT shape {}"), numbers(low=0, high=0), numbers()),
    (
        "FEATURE_TYPE_NO_UNIQUE",
        feature("type: INT unique_constraints { max: 3 }"),
        numbers(),
        strings({"1": 9}, kind="INT"),
    ),
    (
        "FEATURE_TYPE_LOW_UNIQUE",
        feature("type: BYTES unique_constraints { min: 3 max: 5 }"),
        strings({"x": 1, "y": 2}),
        strings({"x": 1, "y": 2, "z": 3}),
    ),
    (
        "FEATURE_TYPE_HIGH_UNIQUE",
        feature("type: BYTES unique_constraints { max: 1 }"),
        strings({"x": 1, "y": 2}),
        strings({"x": 1}),
    ),
]

# Faults of the schema: reason, what is wrong, what is right, and data.
FAULTS: list[tuple[str, str, str, str]] = [
    ("FEATURE_MISSING_NAME", "feature { type: INT }", feature("type: INT"), numbers(name="")),
    ("FEATURE_MISSING_TYPE", feature("int_domain {}"), feature("type: INT int_domain {}"), numbers()),
    (
        "FEATURE_MISSING_TYPE",
        feature('string_domain { value: "x" }'),
        feature("type: BYTES"),
        strings({"x": 1, "y": 1}),
    ),
    (
        "INVALID_SCHEMA_SPECIFICATION",
        feature("type: INT presence { min_fraction: -0.5 }"),
        feature("type: INT"),
        numbers(),
    ),
    (
        "INVALID_SCHEMA_SPECIFICATION",
        feature("type: INT presence { min_fraction: 1.5 }"),
        feature("type: INT presence { min_fraction: 0.5 }"),
        numbers(present=7, missing=3),
    ),
    ("INVALID_SCHEMA_SPECIFICATION", feature("type: INT value_count { min: -1 }"), feature("type: INT"), numbers()),
    (
        "INVALID_SCHEMA_SPECIFICATION",
        feature("type: INT value_count { min: 3 max: 2 }"),
        feature("type: INT value_count { min: 3 max: 4 }"),
        numbers(low=0, high=5),
    ),
    (
        "INVALID_SCHEMA_SPECIFICATION",
        feature("type: INT value_counts { value_count { min: -1 max: -2 } value_count { min: 3 max: 2 } }"),
        feature("type: INT value_counts { value_count { min: 1 max: 2 } value_count { max: 2 } }"),
        numbers().replace("tot_num_values", levels((1, 1), (2, 4)) + " tot_num_values"),
    ),
    ("INVALID_SCHEMA_SPECIFICATION", feature("type: INT shape { dim {} }"), feature("type: INT shape {}"), numbers()),
    (
        "INVALID_SCHEMA_SPECIFICATION",
        feature("type: BYTES distribution_constraints {}"),
        feature("type: BYTES string_domain {} distribution_constraints { min_domain_mass: 0 }"),
        strings({"x": 1}),
    ),
    *(
        (
            "INVALID_SCHEMA_SPECIFICATION",
            feature(f"type: BYTES {domain} {{}} distribution_constraints {{ min_domain_mass: 0.5 }}"),
            feature(f"type: BYTES {domain} {{}}"),
            strings({"1": 1}),
        )
        for domain in ("bool_domain", "int_domain", "float_domain", "mid_domain", "image_domain")
    ),
    (
        "INVALID_SCHEMA_SPECIFICATION",
        feature("type: STRUCT struct_domain {} distribution_constraints {}"),
        feature("type: STRUCT struct_domain {}"),
        struct("a"),
    ),
    ("INVALID_DOMAIN_SPECIFICATION", feature('type: BYTES domain: "none"'), feature("type: BYTES"), strings({"x": 1})),
    *(
        ("DOMAIN_INVALID_FOR_TYPE", feature(f"type: {kind} {domain} {{}}"), feature(f"type: {kind}"), of_kind)
        for kind, domains, of_kind in (
            ("INT", ("float_domain", "string_domain", "mid_domain", "image_domain", "struct_domain"), numbers()),
            ("FLOAT", ("int_domain", "time_domain", "natural_language_domain", "url_domain"), floats()),
            ("BYTES", ("struct_domain",), strings({"x": 1})),
            ("STRUCT", ("int_domain", "bool_domain", "string_domain"), struct("a")),
        )
        for domain in domains
    ),
]

_ENVIRONMENTS = 'default_environment: ["train", "serve"]'
_WEIGHTS = "weighted_common_stats { num_non_missing: %s num_missing: %s tot_num_values: %s }"
_TREE = (
    struct("trip"),
    field("trip", "fare", of=numbers(low=1, high=1)),
    field("trip", "paid by", of=strings({"Cash": 6, "Card": 3}, present=9, missing=1)),
    field("trip", "km.driven", of=floats()),
)

STAGES = ("PLANNED", "ALPHA", "BETA", "PRODUCTION", "DEPRECATED", "DEBUG_ONLY", "DISABLED", "VALIDATION_DERIVED")

# What is not about one reason.
OTHERS: list[Case] = [
    Case(
        "infinite in 32 bits",
        feature("type: FLOAT float_domain { disallow_inf: true max: 1e30 }"),
        data(floats(0, 1e300)),
    ),
    Case("nothing wrong", feature("type: INT"), data(numbers())),
    Case("no examples", feature("type: FLOAT presence { min_count: 1 }"), data(numbers(), examples=0)),
    Case(
        "shared domain",
        feature('type: BYTES domain: "payments"', 'feature { name: "b" type: BYTES domain: "payments" }' + PAYMENTS),
        data(strings({"Cash": 5, "x": 5}), strings({"x": 5, "y": 5}, name="b")),
    ),
    Case(
        "several reasons",
        feature(
            "type: FLOAT presence { min_count: 30 min_fraction: 1 } "
            "value_count { min: 2 max: 0 } float_domain { min: 3 max: 1 } unique_constraints { min: 1 }"
        ),
        data(numbers(present=7, missing=3)),
    ),
    Case(
        "a reason without a description first",
        feature('type: BYTES presence { min_fraction: 1.5 } domain: "none"'),
        data(strings({"x": 1}, present=7, missing=3)),
    ),
    Case(
        "repeated strings",
        feature('type: BYTES string_domain { value: ["x", "y", "x"] }'),
        data(strings({"x": 9, "z": 1})),
    ),
    Case(
        "true and false the same",
        feature('type: BYTES bool_domain { true_value: "x" false_value: "x" }'),
        data(strings({"x": 9})),
    ),
    *(
        Case(
            f"stage {stage}",
            feature(f"type: FLOAT presence {{ min_count: 1 }} lifecycle_stage: {stage}"),
            data(numbers(), numbers(name="b")),
        )
        for stage in STAGES
    ),
    *(
        Case(
            f"stage {stage}, missing",
            feature(f"type: FLOAT presence {{ min_count: 1 }} lifecycle_stage: {stage}"),
            data(),
        )
        for stage in ("PLANNED", "BETA", "DEPRECATED")
    ),
    Case("deprecated", feature("type: FLOAT deprecated: true"), data(numbers())),
    Case("in no environment", feature('type: INT not_in_environment: "serve"', _ENVIRONMENTS), data(numbers())),
    Case(
        "in another environment",
        feature('type: FLOAT not_in_environment: "serve"', _ENVIRONMENTS),
        data(numbers()),
        "serve",
    ),
    Case(
        "in its environment", feature('type: INT not_in_environment: "serve"', _ENVIRONMENTS), data(numbers()), "train"
    ),
    Case(
        "not due in an environment",
        feature('type: INT presence { min_count: 1 } not_in_environment: "serve"', _ENVIRONMENTS),
        data(),
        "serve",
    ),
    Case(
        "due in an environment",
        feature('type: INT presence { min_count: 1 } not_in_environment: "serve"', _ENVIRONMENTS),
        data(),
        "train",
    ),
    Case(
        "due where it says so",
        feature(
            'type: INT presence { min_count: 1 } in_environment: "serve" not_in_environment: "serve"', _ENVIRONMENTS
        ),
        data(),
        "serve",
    ),
    Case("new struct", "", data(*_TREE)),
    Case("new fields", 'feature { name: "trip" type: STRUCT }', data(*_TREE)),
    Case(
        "fields",
        'feature { name: "trip" type: STRUCT struct_domain { '
        'feature { name: "fare" type: FLOAT presence { min_count: 99 } } '
        'feature { name: "tip" type: INT presence { min_count: 1 } } '
        'feature { name: "paid by" type: BYTES presence { min_fraction: 1 } } } }',
        data(*_TREE),
    ),
    Case("no struct any more", 'feature { name: "trip" type: INT }', data(*_TREE)),
    Case(
        "struct gone",
        'feature { name: "trip" type: STRUCT presence { min_count: 1 } struct_domain { '
        'feature { name: "fare" type: FLOAT presence { min_count: 1 } } } }',
        data(numbers()),
    ),
    Case(
        "struct became a number",
        'feature { name: "a" type: STRUCT struct_domain { feature { name: "x" type: INT '
        "presence { min_count: 1 } } } }",
        data(numbers()),
    ),
    Case(
        "deprecated struct",
        'feature { name: "trip" type: STRUCT lifecycle_stage: DEPRECATED struct_domain { '
        'feature { name: "tip" type: INT presence { min_count: 1 } } } }',
        data(*_TREE),
    ),
    Case(
        "weights",
        feature('type: BYTES string_domain { value: "x" } presence { min_fraction: 1 min_count: 20 }'),
        data(
            strings({"x": 10}, more="weighted_string_stats { " + ranks({"x": 20.5, "y": 2.5}) + " }").replace(
                "tot_num_values", _WEIGHTS % (7.5, 0.5, 23) + " tot_num_values"
            ),
            more="weighted_num_examples: 8",
        ),
    ),
    Case(
        "weights of some features only",
        feature("type: INT presence { min_fraction: 1 }"),
        data(
            numbers().replace("tot_num_values", _WEIGHTS % (2, 3, 2) + " tot_num_values"),
            numbers(name="b"),
            more="weighted_num_examples: 5",
        ),
    ),
    Case(
        "slices",
        feature("type: FLOAT"),
        data(numbers(), more='name: "x"') + data(numbers(), more='name: "All Examples"'),
    ),
    Case(
        "features without figures",
        feature("type: FLOAT presence { min_count: 1 }"),
        data('features { path { step: "a" } type: INT }', numbers(name="b")),
    ),
    Case(
        "named rather than with a path",
        feature("type: FLOAT"),
        data(numbers().replace('path { step: "a" }', 'name: "a"')),
    ),
]

# Statistics of which a schema is made.
INFERRED: dict[str, str] = {
    "numbers": data(
        numbers(),
        numbers(0, 1, name="bool"),
        numbers(1, 1, name="true"),
        numbers(0, 0, name="false"),
        numbers(present=7, missing=3, name="missing"),
        floats(0, 1, name="float"),
    ),
    "lengths": data(
        numbers(low=1, high=5, name="some"),
        numbers(low=0, high=5, name="any"),
        numbers(low=3, high=3, name="three"),
        numbers(low=2, high=5, name="few"),
        numbers(low=0, high=0, name="none"),
        numbers(low=2, high=2, present=9, missing=1),
        numbers(present=0, missing=10, low=0, high=0, name="absent"),
    ),
    "nested lists": data(
        *(
            numbers(name=f"n{i}").replace("tot_num_values", levels(*lengths) + " tot_num_values")
            for i, lengths in enumerate(
                [[(1, 1)], [(2, 2), (3, 3)], [(0, 2), (1, 3)], [(0, 2), (0, 3)], [(0, 0), (0, 0)]]
            )
        )
    ),
    "strings": data(
        strings({"x": 5, "y": 5}),
        strings({"true": 5, "false": 5}, name="bool"),
        strings({"TRUE": 5, "0": 5}, name="mixed"),
        strings({"True": 5, "False": 5}, name="python"),
        strings({"1": 5}, name="one"),
        strings({"": 5}, name="empty"),
        strings({"7": 5, " -3": 1}, name="int"),
        strings({"1.5": 5}, name="float"),
        strings({}, name="no values"),
        strings({"é": 1, "b": 2, "B": 3, "": 1}, name="sorted"),
        strings({"x": 5}, kind="BYTES", name="bytes"),
        strings({"x": 5}, name="no utf-8", more="invalid_utf8_count: 1"),
        blobs(name="blobs"),
        strings({"a.b": 1, "c'd": 2}, name="dots.and'quotes"),
    ),
    "categories": data(strings({"3": 5, "4": 1}, kind="INT", name="categories")),
    "many strings": data(
        *(strings({f"v{i}": 1 for i in range(n)}, name=f"of {n}") for n in (99, 100, 101)),
    ),
    "semantics": data(
        *(
            strings({"x": 5, "y": 5}, name=f"s{i}", after=found(domain))
            for i, domain in enumerate(
                ("mid_domain {}", "url_domain {}", "nonsense", "mid_domain {} type: INT", "type: INT")
            )
        ),
        numbers(0, 1, name="t")[:-1] + found('time_domain { string_format: "%Y" }') + "}",
    ),
    "structs": data(*_TREE, struct("trip", "stops"), field("trip", "stops", "place", of=strings({"x": 3, "y": 1}))),
    "weights": data(
        numbers().replace("tot_num_values", _WEIGHTS % (0.5, 0, 2) + " tot_num_values"),
        numbers(name="b", present=9, missing=1).replace("tot_num_values", _WEIGHTS % (5.5, 0, 2) + " tot_num_values"),
        more="weighted_num_examples: 5",
    ),
    "nothing": data(examples=0),
}


def cases() -> Iterator[Case]:
    """All cases of validation and update."""
    for i, (reason, schema, bad, good) in enumerate(ROWS):
        yield Case(f"{reason} {i} bad", schema, data(bad))
        yield Case(f"{reason} {i} good", schema, data(good))
    for i, (reason, wrong, right, features) in enumerate(FAULTS):
        yield Case(f"{reason} fault {i} bad", wrong, data(features))
        yield Case(f"{reason} fault {i} good", right, data(features))
    yield from OTHERS
