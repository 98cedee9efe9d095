"""Schemas to hold examples against one by one: of trips.csv, and of records whose features have several values."""

from __future__ import annotations

ENUM = 'string_domain { value: "Cash" value: "Card" }'
FARE = "float_domain { min: 0 max: 100 disallow_nan: true disallow_inf: true }"
CODE = "type: BYTES int_domain { min: 0 max: 10 }"
SHARE = "type: BYTES float_domain { min: 0 max: 1 disallow_nan: true disallow_inf: true }"
REST = 'feature { name: "id" type: INT }'
COLUMNS = ("pay", "fare", "n", "flag", "code", "share", "truth", "new")
TYPES = {"pay": "BYTES", "fare": "FLOAT", "n": "INT", "flag": "INT", "code": "BYTES", "share": "BYTES"}


def trips(without: tuple[str, ...] = (), **features: str) -> str:
    """A schema of the trips: the given features as given, the others with their types alone."""
    described = {name: f"type: {TYPES.get(name, 'BYTES')}" for name in COLUMNS if name not in without} | features
    return REST + " ".join(f'feature {{ name: "{name}" {text} }}' for name, text in described.items())


TRIPS = {
    "nothing to say": trips(),
    "domains": trips(
        pay=f"type: BYTES {ENUM}",
        fare=f"type: FLOAT {FARE}",
        n="type: INT int_domain { min: 1 max: 5 }",
        code=CODE,
        share=SHARE,
        truth='type: BYTES bool_domain { true_value: "yes" false_value: "no" }',
    ),
    "domain by name": trips(pay='type: BYTES domain: "p"') + ' string_domain { name: "p" value: "Crypto" }',
    "some may be strange": trips(pay=f"type: BYTES {ENUM} distribution_constraints {{ min_domain_mass: 0.5 }}"),
    "all may be strange": trips(pay=f"type: BYTES {ENUM} distribution_constraints {{ min_domain_mass: 0 }}"),
    "new and missing": trips(
        without=("new", "pay"),
        gone="type: INT presence { min_fraction: 0.1 min_count: 1 }",
        optional="type: INT",
        old="type: INT presence { min_count: 1 } lifecycle_stage: DEPRECATED",
    ),
    "other types": trips(pay="type: INT", fare="type: INT", n="type: FLOAT", flag="type: BYTES", code="type: FLOAT"),
    "numbers of values": trips(
        pay="type: BYTES value_count { min: 2 }",
        fare="type: FLOAT value_count { min: 1 max: 1 }",
        n="type: INT shape { dim { size: 2 } }",
        flag="type: INT shape { dim { size: 1 } }",
        code="type: BYTES value_counts { value_count { min: 1 } value_count { min: 1 } }",
    ),
    "presence": trips(pay="type: BYTES presence { min_fraction: 1 min_count: 100 }", n="type: INT presence {}"),
    "senseless": trips(
        pay="",
        n="type: INT float_domain {}",
        flag="type: INT presence { min_fraction: 2 }",
        truth="type: INT url_domain {}",
    ),
    "not validated": trips(pay=f"type: BYTES {ENUM} lifecycle_stage: PLANNED", n="type: FLOAT deprecated: true"),
    "of the whole": trips() + " dataset_constraints { min_examples_count: 1000 }",
    "booleans": trips(share='type: BYTES bool_domain { true_value: "0.5" }', truth="type: BYTES bool_domain {}"),
}

# Examples with several values: None is an absent feature.
RECORDS = {
    "id": [[1], [2], [3], [4], [5], [6], [7]],
    "pay": [["Cash"], ["Cash", "Card"], ["Cash", "Crypto"], ["A", "B", "Cash"], None, ["Card"], []],
    "n": [[1, 2], [2], [-1, 7], [9, 1, 1], [], None, [3, 3]],
    "fare": [[0.5], [0.5, 200.0], [-1.0, 200.0], None, [float("nan"), 1.0], [float("inf")], [1.0, 1.0]],
    "code": [["1"], ["1", "x"], ["99", "x"], ["99", "1"], ["-1"], None, ["5"]],
}


def records(**features: str) -> str:
    types = {"pay": "BYTES", "n": "INT", "fare": "FLOAT", "code": "BYTES"}
    described = {name: f"type: {kind}" for name, kind in types.items()} | features
    return REST + " ".join(f'feature {{ name: "{name}" {text} }}' for name, text in described.items())


OF_RECORDS = {
    "nothing to say": records(),
    "domains": records(
        pay=f"type: BYTES {ENUM}", n="type: INT int_domain { min: 1 max: 5 }", fare=f"type: FLOAT {FARE}", code=CODE
    ),
    "some may be strange": records(pay=f"type: BYTES {ENUM} distribution_constraints {{ min_domain_mass: 0.5 }}"),
    "numbers of values": records(
        pay="type: BYTES value_count { min: 1 max: 2 }",
        n="type: INT value_count { min: 2 max: 2 }",
        fare="type: FLOAT shape { dim { size: 2 } }",
        code="type: BYTES value_counts { value_count { min: 1 } value_count { min: 1 } }",
    ),
}
