"""Small TFRecord files whose statistics TensorFlow Data Validation computed.

A record is a feature's name to its kind and values; None is a feature without a list. Options are those of
`StatsOptions`, with the features to slice by under "slices".
"""

import dataclasses
import random
from typing import Any

Record = dict[str, tuple[str, list[Any]] | None]


@dataclasses.dataclass(frozen=True)
class Case:
    records: list[Record]
    options: dict[str, Any] = dataclasses.field(default_factory=dict)


def _i(*values: int) -> tuple[str, list[Any]]:
    return "int64", list(values)


def _f(*values: float) -> tuple[str, list[Any]]:
    return "float", list(values)


def _b(*values: bytes) -> tuple[str, list[Any]]:
    return "bytes", list(values)


def _trips() -> list[Record]:
    rng, records = random.Random(3), []
    for k in range(200):
        record: Record = {
            "fare": _f(rng.randrange(100) / 4),
            "hour": _i(rng.randrange(24)),
            "paid": _b(b"Cash", b"Tip"),
        }
        if k % 3:
            record["stops"] = _i(*(rng.randrange(9) for _ in range(k % 7)))
        if k % 50 == 0:
            record["note"] = _b(b"\xff\xfe%d" % k, "ü".encode())
        record["paid"] = _b(rng.choice([b"Cash", b"Card", b"Free"]))
        records.append(record)
    return records


CASES = {
    "trips": Case(_trips()),
    "missing and empty": Case(
        [{"a": _i(1), "s": _b(b"x", b"\xff\xfe"), "f": _f(1.5)}, {"a": _i(), "n": None}, {"a": _i(2, 3), "s": _b(b"x")},
         {"n": None, "e": _b()}]
    ),
    "features without lists": Case([{"n": None}, {"n": None}]),
    "empty lists": Case([{"i": _i(), "b": _b(), "f": _f()}, {}]),
    "bytes that are no text": Case([{"s": _b(b"\xff\xfe")}, {"s": _b(b"\x80", b"\x80", b"text")}]),
    "no records": Case([]),
    "empty records": Case([{}, {}, {}]),
    "extremes": Case([{"i": _i(2**63 - 1, -(2**63)), "f": _f(3.4e38, -1e-38)}, {"i": _i(0), "f": _f(0.1)}]),
    "nan and infinity": Case([{"f": _f(float("nan"), 1.0)}, {"f": _f(float("inf"), -2.0)}, {"f": _f(float("-inf"))}]),
    "weights": Case(
        [{"a": _i(1), "w": _f(2.0)}, {"a": _i(2, 5), "w": _f(3.0), "s": _b(b"x")}, {"w": _f(4.0), "s": _b(b"x", b"y")}],
        {"weight_feature": "w"},
    ),
    "whole weights": Case([{"a": _i(1), "w": _i(2)}, {"a": _i(4), "w": _i(3)}], {"weight_feature": "w"}),
    "some features": Case(_trips(), {"feature_allowlist": ["stops", "note"]}),
    "slices": Case(
        [{"a": _i(1, 2), "s": _b(b"x", "ü".encode())}, {"a": _i(2, 2), "s": _b(b"x", b"x")}, {"a": _i(3)}],
        {"slices": {"a": [1, 2], "s": None}},
    ),
    "slices of one value": Case(_trips(), {"slices": {"paid": [b"Cash", b"Free"]}}),
}  # fmt: skip

Sequence = tuple[Record, dict[str, list[tuple[str, list[Any]]]]]

SEQUENCES: list[Sequence] = [
    ({"user": _i(7)}, {"words": [_b(b"to", b"be"), _b(), _b(), _b(b"or")], "n": [_i(1, 2)]}),
    ({"user": _i(8, 9)}, {"words": []}),
    ({}, {"n": [_i(3), _i(5), _i(8)]}),
]
