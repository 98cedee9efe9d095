"""Validations in SQL, of statistics of an integer feature "a" and a string feature "b"."""

from __future__ import annotations

from typing import Any

from tests.validation.goldens.schema.cases import data, numbers, strings

SCHEMA = 'feature { name: "a" type: INT int_domain { max: 5 } } feature { name: "b" type: BYTES }'
FEATURES = numbers(0, 9), strings({"x": 3, "y": 2}, name="b")
STATISTICS = data(*FEATURES, more='name: "All Examples"') + data(numbers(0, 3), more='name: "small"')
PREVIOUS = data(numbers(0, 3), strings({"x": 3}, name="b"), more='name: "earlier"')


def _validation(sql: str, severity: str = "ERROR", description: str = "d", **rest: Any) -> dict[str, Any]:
    return {"sql_expression": sql, "severity": severity, "description": description, **rest}


def _of(feature: str, *validations: dict[str, Any], **rest: str) -> dict[str, Any]:
    return {"feature_path": [feature], "validations": [*validations], **rest}


def _pair(sql: str) -> dict[str, Any]:
    paths = {"feature_test_path": ["a"], "feature_base_path": ["a"], "base_dataset_name": "earlier"}
    return {"feature_pair_validations": [{**paths, "validations": [_validation(sql)]}]}


def _single(*validations: dict[str, Any]) -> dict[str, Any]:
    return {"feature_validations": [*validations]}


IN_X = _validation("false", in_environment=["X"])
LABELS = "EXISTS(SELECT 1 FROM UNNEST(feature.string_stats.rank_histogram.buckets) AS x WHERE x.label = '{}')"

CASES: dict[str, tuple[dict[str, Any], str | None]] = {
    "good": (_single(_of("a", _validation("feature.num_stats.max < 10"))), None),
    "bad": (_single(_of("b", _validation("feature.string_stats.unique < 2"))), None),
    "bad beside another anomaly": (_single(_of("a", _validation("feature.num_stats.max < 5"))), None),
    "warning": (_single(_of("b", _validation("feature.string_stats.unique < 2", "WARNING"))), None),
    "two": (
        _single(
            _of("b", _validation("false", "WARNING", "first"), _validation("true"), _validation("1 > 2", "ERROR", "")),
            _of("b", _validation("feature.string_stats.common_stats.num_missing > 0")),
        ),
        None,
    ),
    "list good": (_single(_of("b", _validation(LABELS.format("x")))), None),
    "list bad": (_single(_of("b", _validation(LABELS.format("z")))), None),
    "enumeration": (_single(_of("a", _validation("feature.type = 'INT'"))), None),
    "slice": (_single(_of("a", _validation("feature.num_stats.max > 5"), dataset_name="small")), None),
    "environment": (_single(_of("b", IN_X)), "X"),
    "other environment": (_single(_of("b", IN_X)), "Y"),
    "no environment": (_single(_of("b", IN_X)), None),
    "pair good": (_pair("feature_test.num_stats.max > feature_base.num_stats.max"), None),
    "pair bad": (_pair("feature_test.num_stats.max = feature_base.num_stats.max"), None),
}
