"""Validation, update and inference against what TensorFlow Data Validation 1.16.1 says."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

import headwater.validation as tfdv
from headwater.validation._protos import anomalies_pb2, schema_pb2, statistics_pb2, text_format

GOLDENS = Path(__file__).parent / "goldens" / "schema"
VALIDATED: dict[str, dict[str, Any]] = json.loads((GOLDENS / "validated.json").read_text())
INFERRED: dict[str, dict[str, str]] = json.loads((GOLDENS / "inferred.json").read_text())

# What a feature's schema and statistics can be at odds about; the others stand in the tables of other modules.
REASONS = {
    "BOOL_TYPE_BIG_INT",
    "BOOL_TYPE_SMALL_INT",
    "BOOL_TYPE_UNEXPECTED_FLOAT",
    "BOOL_TYPE_UNEXPECTED_STRING",
    "DOMAIN_INVALID_FOR_TYPE",
    "ENUM_TYPE_INVALID_UTF8",
    "ENUM_TYPE_UNEXPECTED_STRING_VALUES",
    "FEATURE_MISSING_NAME",
    "FEATURE_MISSING_TYPE",
    "FEATURE_TYPE_HIGH_NUMBER_VALUES",
    "FEATURE_TYPE_HIGH_UNIQUE",
    "FEATURE_TYPE_LOW_FRACTION_PRESENT",
    "FEATURE_TYPE_LOW_NUMBER_PRESENT",
    "FEATURE_TYPE_LOW_NUMBER_VALUES",
    "FEATURE_TYPE_LOW_UNIQUE",
    "FEATURE_TYPE_NO_UNIQUE",
    "FEATURE_TYPE_NOT_PRESENT",
    "FLOAT_TYPE_BIG_FLOAT",
    "FLOAT_TYPE_HAS_INF",
    "FLOAT_TYPE_HAS_NAN",
    "FLOAT_TYPE_SMALL_FLOAT",
    "FLOAT_TYPE_STRING_NOT_FLOAT",
    "INT_TYPE_BIG_INT",
    "INT_TYPE_NOT_INT_STRING",
    "INT_TYPE_SMALL_INT",
    "INVALID_DOMAIN_SPECIFICATION",
    "INVALID_FEATURE_SHAPE",
    "INVALID_SCHEMA_SPECIFICATION",
    "SCHEMA_MISSING_COLUMN",
    "SCHEMA_NEW_COLUMN",
    "SEMANTIC_DOMAIN_UPDATE",
    "UNEXPECTED_DATA_TYPE",
    "VALUE_NESTEDNESS_MISMATCH",
}


def _schema(text: str) -> Any:
    return text_format.Parse(text, schema_pb2.Schema())


def _statistics(text: str) -> Any:
    return text_format.Parse(text, statistics_pb2.DatasetFeatureStatisticsList())


def _decoded(kind: Any, text: str) -> Any:
    return kind.FromString(base64.b64decode(text))


def _text(message: Any) -> str:
    return text_format.MessageToString(message, as_utf8=True)


def _validated(statistics: Any, schema: Any, environment: str | None) -> Any:
    """The anomalies without the baseline, which has to be the schema."""
    anomalies = tfdv.validate_statistics(statistics, schema, environment)
    assert anomalies.baseline == schema
    anomalies.ClearField("baseline")
    return anomalies


def _reasons(anomalies: Any) -> set[str]:
    name = anomalies_pb2.AnomalyInfo.Type.Name
    return {name(reason.type) for info in anomalies.anomaly_info.values() for reason in info.reason}


@pytest.mark.parametrize("name", VALIDATED)
def test_validation_says_what_tfdv_says(name: str) -> None:
    case = VALIDATED[name]
    anomalies = _validated(_statistics(case["statistics"]), _schema(case["schema"]), case["environment"])
    assert _text(anomalies) == _text(text_format.Parse(case["anomalies"], anomalies_pb2.Anomalies()))
    reason, _, kind = name.partition(" ")
    if kind.endswith(("bad", "good")):
        assert (reason in _reasons(anomalies)) == kind.endswith("bad")


def test_every_reason_has_data_that_give_it_and_data_that_do_not() -> None:
    kinds = [(name.split()[0], name.split()[-1]) for name in VALIDATED]
    assert {reason for reason, kind in kinds if kind == "bad"} == REASONS
    assert {reason for reason, kind in kinds if kind == "good"} == REASONS


def _without_idle_constraints(schema: Any) -> Any:
    """TensorFlow Data Validation takes domains away and leaves their constraints, which its validation then refuses."""
    _clear_idle(schema.feature)
    return schema


def _clear_idle(features: Any) -> None:
    for feature in features:
        if feature.WhichOneof("domain_info") not in ("domain", "string_domain"):
            feature.ClearField("distribution_constraints")
        _clear_idle(feature.struct_domain.feature)


@pytest.mark.parametrize("name", VALIDATED)
def test_update_makes_the_schema_that_tfdv_makes(name: str) -> None:
    case = VALIDATED[name]
    schema = _schema(case["schema"])
    updated = tfdv.update_schema(schema, _statistics(case["statistics"]))
    assert _text(_without_idle_constraints(updated)) == _text(_without_idle_constraints(_schema(case["updated"])))
    assert _text(schema) == _text(_schema(case["schema"]))  # the argument stays as it is


@pytest.mark.parametrize("name", VALIDATED)
def test_data_have_nothing_against_the_schema_updated_for_them(name: str) -> None:
    case = VALIDATED[name]
    statistics = _statistics(case["statistics"])
    updated = tfdv.update_schema(_schema(case["schema"]), statistics)
    assert not tfdv.validate_statistics(statistics, updated).anomaly_info


@pytest.mark.parametrize("name", INFERRED)
def test_inference_makes_the_schema_that_tfdv_makes(name: str) -> None:
    case = INFERRED[name]
    statistics = _statistics(case["statistics"])
    assert _text(tfdv.infer_schema(statistics)) == _text(_schema(case["schema"]))
    few = tfdv.infer_schema(statistics, infer_feature_shape=False, max_string_domain_size=2)
    assert _text(few) == _text(_schema(case["without shapes, at most 2 strings"]))
    assert _text(statistics) == _text(_statistics(case["statistics"]))


# "categories" are integers with an enumeration, which TensorFlow Data Validation infers and then refuses.
@pytest.mark.parametrize("name", [name for name in INFERRED if name != "categories"])
def test_data_have_nothing_against_the_schema_inferred_from_them(name: str) -> None:
    statistics = _statistics(INFERRED[name]["statistics"])
    assert not tfdv.validate_statistics(statistics, tfdv.infer_schema(statistics)).anomaly_info


def test_random_schemas_and_data_fare_as_with_tfdv() -> None:
    cases = json.loads(gzip.decompress((GOLDENS / "random.json.gz").read_bytes()))
    seen: set[str] = set()
    for case in cases:
        schema = _decoded(schema_pb2.Schema, case["schema"])
        statistics = _decoded(statistics_pb2.DatasetFeatureStatisticsList, case["statistics"])
        anomalies = _validated(statistics, schema, case["environment"])
        assert _text(anomalies) == _text(_decoded(anomalies_pb2.Anomalies, case["anomalies"]))
        updated = _without_idle_constraints(tfdv.update_schema(schema, statistics))
        assert _text(updated) == _text(_without_idle_constraints(_decoded(schema_pb2.Schema, case["updated"])))
        assert _text(tfdv.infer_schema(statistics)) == _text(_decoded(schema_pb2.Schema, case["inferred"]))
        seen |= _reasons(anomalies)
    assert len(seen) >= 28
