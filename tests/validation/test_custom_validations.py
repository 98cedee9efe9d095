"""Validations in SQL, against TensorFlow Data Validation 1.16.1."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import headwater.validation as tfdv
from headwater.validation._protos import anomalies_pb2, path_pb2, schema_pb2, statistics_pb2, text_format

CASES: dict[str, Any] = json.loads((Path(__file__).parent / "goldens" / "anomalies" / "custom.json").read_text())
CLASSES = {"feature_validations": tfdv.FeatureValidation, "feature_pair_validations": tfdv.FeaturePairValidation}


def _parsed(text: str, kind: Any) -> Any:
    return text_format.Parse(text, kind())


def _config(config: dict[str, list[dict[str, Any]]]) -> tfdv.CustomValidationConfig:
    return tfdv.CustomValidationConfig(**{name: [_of(name, one) for one in every] for name, every in config.items()})


def _of(name: str, one: dict[str, Any]) -> Any:
    validations = [tfdv.Validation(**validation) for validation in one["validations"]]
    return CLASSES[name](**{**one, "validations": validations})


@pytest.mark.parametrize("name", CASES)
def test_custom_validations_say_what_tfdv_says(name: str) -> None:
    case = CASES[name]
    anomalies = tfdv.validate_statistics(
        _parsed(case["statistics"], statistics_pb2.DatasetFeatureStatisticsList),
        _parsed(case["schema"], schema_pb2.Schema),
        case["environment"],
        _parsed(case["previous"], statistics_pb2.DatasetFeatureStatisticsList),
        None,
        _config(case["config"]),
    )
    anomalies.ClearField("baseline")
    anomalies.ClearField("drift_skew_info")
    assert anomalies == _parsed(case["anomalies"], anomalies_pb2.Anomalies)


def test_some_are_given_and_some_not() -> None:
    bad = {name for name, case in CASES.items() if "CUSTOM_VALIDATION" in case["anomalies"]}
    assert {name for name in CASES if name.endswith("bad")} <= bad
    assert not {name for name in CASES if name.endswith("good")} & bad


def _validated(expression: str, feature: Any = "b", dataset_name: str = "") -> Any:
    case = CASES["good"]
    one = tfdv.FeatureValidation(feature, [tfdv.Validation(expression)], dataset_name)
    return tfdv.validate_statistics(
        _parsed(case["statistics"], statistics_pb2.DatasetFeatureStatisticsList),
        _parsed(case["schema"], schema_pb2.Schema),
        custom_validation_config=tfdv.CustomValidationConfig([one]),
    )


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("feature.num_stats.max > 1", "gives None. Expected true or false"),
        ("feature.string_stats.unique", "gives 2. Expected true or false"),
        ("feature.nope > 1", "fails: .*nope"),
        ("feature.string_stats.unique >", "fails: "),
        ("(SELECT count(*) FROM read_text('/etc/hostname')) > 0", "fails: .*disabled"),
    ],
)
def test_what_is_no_condition_is_said(expression: str, said: str) -> None:
    with pytest.raises(ValueError, match=f"the custom validation .* {said}"):
        _validated(expression)


def test_what_is_not_there_is_said() -> None:
    with pytest.raises(ValueError, match="is about the feature 'zz', which the statistics do not have"):
        _validated("true", "zz")
    with pytest.raises(ValueError, match=r"the data set 'zz'; the statistics have \['All Examples', 'small'\]"):
        _validated("true", dataset_name="zz")
    pair = tfdv.FeaturePairValidation("a", "a", [tfdv.Validation("true")])
    statistics = _parsed(CASES["good"]["statistics"], statistics_pb2.DatasetFeatureStatisticsList)
    config = tfdv.CustomValidationConfig(feature_pair_validations=[pair])
    with pytest.raises(ValueError, match="Remedy: give previous_statistics"):
        tfdv.validate_statistics(statistics, schema_pb2.Schema(), custom_validation_config=config)


@pytest.mark.parametrize("path", ["b", ["b"], tfdv.FeaturePath(["b"]), path_pb2.Path(step=["b"])])
def test_paths_are_names_steps_or_messages(path: Any) -> None:
    assert "b" in _validated("false", path).anomaly_info
