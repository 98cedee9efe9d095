"""Slices of data beside the same slices of other data: the arguments of `validate_corresponding_slices`."""

from __future__ import annotations

from tests.validation.goldens.schema.cases import data, field, numbers, strings, struct

SCHEMA = (
    'feature { name: "a" type: INT int_domain { max: 5 } not_in_environment: "X" }'
    'feature { name: "b" type: BYTES drift_comparator { infinity_norm { threshold: 0.1 } } }'
    'default_environment: "X" default_environment: "Y" dataset_constraints { min_examples_count: 100 }'
)
REQUIRED = (
    'feature { name: "z" type: INT presence { min_count: 1 } } feature { name: "a" type: INT }'
    'feature { name: "b" type: BYTES domain: "d" skew_comparator { infinity_norm { threshold: 0.1 } } }'
    'string_domain { name: "d" value: "x" }'
)
NESTED = (
    'feature { name: "s" type: STRUCT struct_domain { feature { name: "f" type: INT int_domain { max: 1 } } } }'
    'default_environment: "X"'
)


def _slice(name: str, most: int, counts: dict[str, int]) -> str:
    return data(numbers(0, most), strings(counts, name="b"), more=f'name: "{name}"')


CURRENT = (
    _slice("All Examples", 9, {"x": 5, "y": 5}) + _slice("c_US", 3, {"x": 10}) + _slice("c_DE", 9, {"x": 4, "y": 6})
)
OTHER = _slice("All Examples", 3, {"x": 5, "y": 5}) + _slice("c_US", 3, {"y": 10}) + _slice("c_FR", 9, {"x": 6, "y": 4})
STRUCTS = data(struct("s"), field("s", "f", of=numbers(0, 9)), more='name: "All Examples"')

# Schema, statistics, previous statistics, serving statistics. TensorFlow Data Validation takes no environment here: it
# loses those that the schema knows.
CASES: dict[str, tuple[str, str, str | None, str | None]] = {
    "drift": (SCHEMA, CURRENT, OTHER, None),
    "skew": (REQUIRED, CURRENT, None, OTHER),
    "both": (REQUIRED + 'feature { name: "c" type: INT }', CURRENT, OTHER, CURRENT),
    "alone": (SCHEMA, CURRENT, None, None),
    "without slices": (SCHEMA, data(numbers(0, 9)), None, None),
    "structs": (NESTED, STRUCTS, None, None),
}
