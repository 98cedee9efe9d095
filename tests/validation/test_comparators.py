"""Data beside other data: distances, thresholds and numbers of examples, against TensorFlow Data Validation 1.16.1."""

from __future__ import annotations

import gzip
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import headwater.validation as tfdv
from headwater.validation._protos import anomalies_pb2, schema_pb2, statistics_pb2, text_format
from headwater.validation.anomalies._distances import Bucket, Histogram, cumulative_distance
from tests.validation.protos import differences

GOLDENS = Path(__file__).parent / "goldens" / "anomalies"
COMPARED: dict[str, dict[str, Any]] = json.loads((GOLDENS / "compared.json").read_text())
SLICES: dict[str, dict[str, Any]] = json.loads((GOLDENS / "slices.json").read_text())
CHECKED: dict[str, dict[str, Any]] = json.loads((GOLDENS / "checked.json").read_text())
REASONS = {
    "COMPARATOR_CONTROL_DATA_MISSING",
    "COMPARATOR_HIGH_NUM_EXAMPLES",
    "COMPARATOR_JENSEN_SHANNON_DIVERGENCE_HIGH",
    "COMPARATOR_LOW_NUM_EXAMPLES",
    "COMPARATOR_L_INFTY_HIGH",
    "COMPARATOR_NORMALIZED_ABSOLUTE_DIFFERENCE_HIGH",
    "DATASET_HIGH_NUM_EXAMPLES",
    "DATASET_LOW_NUM_EXAMPLES",
}

CHECKED_REASONS = {
    "DERIVED_FEATURE_BAD_LIFECYCLE",
    "DERIVED_FEATURE_INVALID_SOURCE",
    "FEATURE_COVERAGE_TOO_LOW",
    "FEATURE_COVERAGE_TOO_SHORT_AVG_TOKEN_LENGTH",
    "LOW_SUPPORTED_IMAGE_FRACTION",
    "MAX_IMAGE_BYTE_SIZE_EXCEEDED",
    "SEQUENCE_VALUE_TOO_FEW_OCCURRENCES",
    "SEQUENCE_VALUE_TOO_LARGE_FRACTION",
    "SEQUENCE_VALUE_TOO_MANY_OCCURRENCES",
    "SEQUENCE_VALUE_TOO_SMALL_FRACTION",
    "SPARSE_FEATURE_LENGTH_MISMATCH",
    "SPARSE_FEATURE_MISSING_INDEX",
    "SPARSE_FEATURE_MISSING_VALUE",
    "SPARSE_FEATURE_NAME_COLLISION",
    "STATS_NOT_AVAILABLE",
    "WEIGHTED_FEATURE_LENGTH_MISMATCH",
    "WEIGHTED_FEATURE_MISSING_VALUE",
    "WEIGHTED_FEATURE_MISSING_WEIGHT",
    "WEIGHTED_FEATURE_NAME_COLLISION",
}


def _schema(text: str) -> Any:
    return text_format.Parse(text, schema_pb2.Schema())


def _statistics(text: str | None) -> Any:
    return None if text is None else text_format.Parse(text, statistics_pb2.DatasetFeatureStatisticsList())


def _validated(case: dict[str, Any]) -> Any:
    schema = _schema(case["schema"])
    given = {name: _statistics(case[name]) for name in ("statistics", "previous", "serving", "version")}
    anomalies = tfdv.validate_statistics(
        given["statistics"],
        schema,
        None,
        given["previous"],
        given["serving"],
        previous_version_statistics=given["version"],
    )
    assert anomalies.baseline == schema
    anomalies.ClearField("baseline")
    return anomalies


def _of_thresholds(anomalies: Any) -> Any:
    """The anomalies without the distances that have no threshold, which TensorFlow Data Validation does not measure."""
    limited = anomalies_pb2.Anomalies()
    limited.CopyFrom(anomalies)
    for info in limited.drift_skew_info:
        for measurements in (info.drift_measurements, info.skew_measurements):
            kept = [measured for measured in measurements if measured.HasField("threshold")]
            del measurements[:]
            measurements.extend(kept)
    kept = [info for info in limited.drift_skew_info if info.drift_measurements or info.skew_measurements]
    del limited.drift_skew_info[:]
    limited.drift_skew_info.extend(kept)
    return limited


def _differing(anomalies: Any, case: dict[str, Any]) -> list[str]:
    theirs = text_format.Parse(case["anomalies"], anomalies_pb2.Anomalies())
    ours = _of_thresholds(anomalies)
    ours.ClearField("baseline")
    theirs.ClearField("baseline")
    assert dict(ours.anomaly_info) == dict(theirs.anomaly_info)  # with every letter of the texts
    ours.ClearField("anomaly_info")
    theirs.ClearField("anomaly_info")
    return list(differences(ours, theirs, rel=1e-12))


def _reasons(anomalies: Any) -> set[str]:
    infos = [anomalies.dataset_anomaly_info, *anomalies.anomaly_info.values()]
    return {anomalies_pb2.AnomalyInfo.Type.Name(reason.type) for info in infos for reason in info.reason}


@pytest.mark.parametrize("name", COMPARED)
def test_comparisons_say_what_tfdv_says(name: str) -> None:
    anomalies = _validated(COMPARED[name])
    assert _differing(anomalies, COMPARED[name]) == []
    if name.endswith((" bad", " good")):
        assert (name.split()[0] in _reasons(anomalies)) == name.endswith("bad")


@pytest.mark.parametrize("name", CHECKED)
def test_other_checks_say_and_mend_what_tfdv_says_and_mends(name: str) -> None:
    case = CHECKED[name]
    anomalies = _validated(case)
    assert _differing(anomalies, case) == []
    if name.endswith((" bad", " good")):
        assert (name.split()[0] in _reasons(anomalies)) == name.endswith("bad")
    statistics = _statistics(case["statistics"])
    updated = tfdv.update_schema(_schema(case["schema"]), statistics)
    assert text_format.MessageToString(updated) == text_format.MessageToString(_schema(case["updated"]))
    assert not tfdv.validate_statistics(statistics, updated).anomaly_info


@pytest.mark.parametrize("name", SLICES)
def test_slices_fare_as_with_tfdv(name: str) -> None:
    case = SLICES[name]
    others = [_statistics(case[side]) for side in ("previous", "serving")]
    schema, statistics = _schema(case["schema"]), _statistics(case["statistics"])
    anomalies = tfdv.validate_corresponding_slices(statistics, schema, None, *others)
    theirs = text_format.Parse(case["anomalies"], anomalies_pb2.Anomalies())
    anomalies.baseline.feature.sort(key=lambda feature: feature.name)
    assert list(anomalies.baseline.feature) == list(theirs.baseline.feature)
    assert list(anomalies.baseline.string_domain) == list(theirs.baseline.string_domain)
    anomalies.drift_skew_info.sort(key=lambda info: info.path.step[0])
    assert _differing(anomalies, case) == []


def test_slices_have_environments_too() -> None:
    case = SLICES["drift"]
    statistics, schema = _statistics(case["statistics"]), _schema(case["schema"])
    here = tfdv.validate_corresponding_slices(statistics, schema, "Y").anomaly_info
    elsewhere = tfdv.validate_corresponding_slices(statistics, schema, "X").anomaly_info
    assert set(here) == {"'slice(All Examples)::a'", "'slice(c_DE)::a'"}
    assert elsewhere["'slice(c_US)::a'"].short_description == "Column missing in environment"


@pytest.mark.parametrize(("cases", "reasons"), [(COMPARED, REASONS), (CHECKED, CHECKED_REASONS)])
def test_every_reason_has_data_that_give_it_and_data_that_do_not(cases: dict[str, Any], reasons: set[str]) -> None:
    kinds = [(name.split()[0], name.split()[-1]) for name in cases]
    assert {reason for reason, kind in kinds if kind == "bad"} == reasons
    assert {reason for reason, kind in kinds if kind == "good"} == reasons


def test_distances_of_random_distributions_are_those_that_tfdv_measures() -> None:
    cases = json.loads(gzip.decompress((GOLDENS / "distances.json.gz").read_bytes()))
    measured = []
    for case in cases:
        anomalies = _validated(case)
        assert _differing(anomalies, case) == []
        measured += [m for info in _of_thresholds(anomalies).drift_skew_info for m in info.drift_measurements]
    assert len(measured) > 400
    assert sum(0.01 < m.value < 0.99 for m in measured) > 200


# --------------------------------------------------------------------------- what TFDV does not do


def test_a_limit_above_which_no_data_set_may_grow_needs_none_below() -> None:
    """TensorFlow Data Validation looks at `max_examples_count` only where there is a `min_examples_count`."""
    schema = _schema("dataset_constraints { max_examples_count: 5 }")
    statistics = _statistics("datasets { num_examples: 10 }")
    assert _reasons(tfdv.validate_statistics(statistics, schema)) == {"DATASET_HIGH_NUM_EXAMPLES"}


def _fares(seed: int, scale: float = 1.0, rows: int = 20_000) -> Any:
    """Log-normal numbers with one outlier, which puts 95 % of the rest into the first of ten equal buckets."""
    fares = np.random.default_rng(seed).lognormal(2.0, 0.8, rows) * scale
    fares[0] = 350.0
    return tfdv.generate_statistics_from_dataframe({"fare": fares})


def _first_bucket(statistics: Any) -> float:
    histograms = statistics.datasets[0].features[0].num_stats.histograms
    buckets = next(h for h in histograms if h.type == statistics_pb2.Histogram.STANDARD).buckets
    return buckets[0].sample_count / sum(bucket.sample_count for bucket in buckets)


def test_a_shift_that_hides_in_one_bucket_is_caught() -> None:
    before, same, shifted = _fares(1), _fares(2), _fares(3, scale=1.35)
    assert _first_bucket(before) > 0.95
    drifts = {drift.measure: drift for drift in tfdv.measure_drift(shifted, before)}
    assert drifts["JENSEN_SHANNON_DIVERGENCE"].value < 0.01  # a usual threshold
    assert drifts["L_INFTY"].value > 0.13
    schema = tfdv.infer_schema(before)
    schema.feature[0].drift_comparator.infinity_norm.threshold = 0.05
    assert _reasons(tfdv.validate_statistics(shifted, schema, None, before)) == {"COMPARATOR_L_INFTY_HIGH"}
    assert not tfdv.validate_statistics(same, schema, None, before).anomaly_info


def test_every_distance_is_measured_without_any_threshold() -> None:
    before, after = _fares(1), _fares(3, scale=1.35)
    schema = tfdv.infer_schema(before)
    anomalies = tfdv.validate_statistics(after, schema, None, before, before)
    assert not anomalies.anomaly_info
    info = anomalies.drift_skew_info[0]
    for measurements in (info.drift_measurements, info.skew_measurements):
        found = {anomalies_pb2.DriftSkewInfo.Measurement.Type.Name(m.type): m for m in measurements}
        assert not any(measured.HasField("threshold") for measured in measurements)
        assert {name: measured.value for name, measured in found.items()} == {
            drift.measure: drift.value for drift in tfdv.measure_drift(after, before)
        }


@pytest.mark.parametrize("rows", [100, 1000])
@pytest.mark.parametrize("kind", ["numbers", "strings"])
def test_distances_by_chance_seldom_exceed_the_noise(rows: int, kind: str) -> None:
    rng, trials = np.random.default_rng(rows), 60
    draw = {"numbers": lambda: rng.normal(size=rows), "strings": lambda: rng.choice(list("abcdefgh"), rows)}[kind]
    pair = [{str(trial): draw() for trial in range(trials)} for _ in range(2)]
    exceeded: dict[str, list[bool]] = {}
    for drift in tfdv.measure_drift(*map(tfdv.generate_statistics_from_dataframe, pair)):
        if drift.noise is not None:
            exceeded.setdefault(drift.measure, []).append(drift.value > drift.noise)
    assert "L_INFTY" in exceeded
    for measure, cases in exceeded.items():
        assert len(cases) == trials
        assert sum(cases) <= 0.05 * trials + 3 * math.sqrt(0.05 * 0.95 * trials), measure


def test_the_distance_of_numbers_is_no_larger_than_it_can_be_shown_to_be() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        values, others = rng.normal(size=50).round(1), (rng.normal(size=80) + rng.uniform(0, 2)).round(1)
        points = np.union1d(values, others)
        shares = [np.searchsorted(np.sort(side), points, "right") / len(side) for side in (values, others)]
        truth = np.abs(shares[0] - shares[1]).max()
        equal = [_equal_widths(side) for side in (values, others)]
        assert cumulative_distance(*equal, quantiles=False).size <= truth + 1e-12


def _equal_widths(values: Any) -> Histogram:
    counts, bounds = np.histogram(values, bins=10)
    return Histogram(tuple(Bucket(*row) for row in zip(bounds[:-1].tolist(), bounds[1:].tolist(), counts.tolist())))


def test_statistics_of_another_type_are_refused() -> None:
    statistics = tfdv.generate_statistics_from_dataframe({"a": np.ones(1)})
    with pytest.raises(TypeError, match="expected statistics as a DatasetFeatureStatisticsList, received list"):
        tfdv.measure_drift(statistics, [1.0])


@pytest.mark.parametrize("item", ["sparse_feature", "weighted_feature"])
@pytest.mark.parametrize("stage", ["DEPRECATED", "ALPHA"])
def test_what_is_composed_but_not_validated_is_left_alone(item: str, stage: str) -> None:
    """TensorFlow Data Validation ends the process where such a sparse feature has statistics."""
    of = {"sparse_feature": 'value_feature { name: "v" }', "weighted_feature": 'feature { step: "v" }'}[item]
    schema = f'feature {{ name: "v" type: INT }} {item} {{ name: "s" {of} lifecycle_stage: {stage} }}'
    statistics = _statistics(CHECKED["SPARSE_FEATURE_MISSING_VALUE 15 bad"]["statistics"])
    found = tfdv.validate_statistics(statistics, _schema(schema))
    assert set(found.anomaly_info) == {"i", "j"}  # new columns
