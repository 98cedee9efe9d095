"""Validation of statistics against a schema."""

from __future__ import annotations

from typing import Any, TypeAlias

from headwater.validation._evidence import Dataset, default_dataset
from headwater.validation._protos import anomalies_pb2, schema_pb2, statistics_pb2
from headwater.validation.anomalies._check import examine
from headwater.validation.anomalies._custom import validate_custom
from headwater.validation.anomalies._dataset import DATASET_CHECKS, Whole
from headwater.validation.anomalies._proposal import diff_regions
from headwater.validation.anomalies._report import fill
from headwater.validation.anomalies._subject import Context, Described, Subject
from headwater.validation.anomalies._walk import walk
from headwater.validation.schema._features import check_schema

Statistics: TypeAlias = statistics_pb2.DatasetFeatureStatisticsList


def validate_statistics(
    statistics: Statistics,
    schema: schema_pb2.Schema,
    environment: str | None = None,
    previous_statistics: Statistics | None = None,
    serving_statistics: Statistics | None = None,
    custom_validation_config: Any = None,
    *,
    previous_version_statistics: Statistics | None = None,
    enable_diff_regions: bool = False,
) -> anomalies_pb2.Anomalies:
    """Says in what data are not as the schema has them.

    Args:
        statistics: of the data; of several slices, that of all examples counts.
        schema: what data are to be.
        environment: where the data come from, one of the schema's `default_environment`; by default every feature of
            the schema is expected.
        previous_statistics: of earlier data, to find drift: distances of features above the thresholds of their
            `drift_comparator`.
        serving_statistics: of the data a model is served, to find skew: the same by `skew_comparator`.
        custom_validation_config: a `CustomValidationConfig`: SQL that has to be true of the statistics.
        previous_version_statistics: of an earlier version of the same data, which `num_examples_version_comparator`
            compares with.
        enable_diff_regions: whether each anomaly also says, in `diff_regions`, how its feature's part of the schema
            would have to change to accept the data. `update_schema` makes all those changes.

    Returns:
        The schema as `baseline` and, by path of the feature, what is wrong with it; empty if nothing is. Its
        `drift_skew_info` holds the distances of all features from the other data; where the schema sets no threshold,
        neither does the entry. See `measure_drift` for what they mean.

    Raises:
        TypeError: if an argument is of another type.
        ValueError: if statistics or schema contradict themselves, the schema does not know the environment, or a custom
            validation is of something that is not there, or no condition.

    >>> import headwater.validation as tfdv
    >>> from headwater.validation._protos import schema_pb2, statistics_pb2
    >>> statistics = statistics_pb2.DatasetFeatureStatisticsList()
    >>> entry = statistics.datasets.add(num_examples=3).features.add(name="age", type="INT")
    >>> entry.num_stats.common_stats.num_non_missing = 3
    >>> entry.num_stats.max = 150
    >>> schema = schema_pb2.Schema()
    >>> age = schema.feature.add(name="age", type="INT", int_domain=schema_pb2.IntDomain(max=120))
    >>> tfdv.validate_statistics(statistics, schema).anomaly_info["age"].description
    'Unexpectedly large value: 150.'
    """
    dataset = default_dataset(statistics)
    others = [_optional(other) for other in (previous_statistics, serving_statistics, previous_version_statistics)]
    check_schema(schema, environment)
    anomalies = anomalies_pb2.Anomalies(baseline=schema)
    if not dataset.examples:
        anomalies.data_missing = True
        return anomalies
    anomalies.anomaly_name_format = anomalies_pb2.Anomalies.SERIALIZED_PATH
    context = Context.of(schema, dataset, environment or "", *others)
    whole = Whole(context)
    examine(whole, DATASET_CHECKS)
    if whole.findings:
        fill(anomalies.dataset_anomaly_info, whole.findings)
    for subject in walk(context):
        if subject.findings:
            info = anomalies.anomaly_info[subject.path.serialized()]
            fill(info, subject.findings, subject.path)
            if enable_diff_regions and isinstance(subject, Described):
                info.diff_regions.extend(diff_regions(subject))
        if isinstance(subject, Subject) and subject.distances.ByteSize():
            anomalies.drift_skew_info.add(path=subject.path.to_proto()).MergeFrom(subject.distances)
    if custom_validation_config is not None:
        custom = validate_custom(custom_validation_config, statistics, previous_statistics, context.environment)
        for path, findings in custom:
            if findings:
                fill(anomalies.anomaly_info[path.serialized()], findings, path)
    return anomalies


def validate_statistics_in_environment(
    statistics: Statistics,
    schema: schema_pb2.Schema,
    environment: str,
) -> anomalies_pb2.Anomalies:
    """Says in what data of one environment are not as the schema has them there: `validate_statistics` with it."""
    return validate_statistics(statistics, schema, environment)


def _optional(statistics: Statistics | None) -> Dataset | None:
    """The data set, unless there is none, or nothing in it."""
    dataset = None if statistics is None else default_dataset(statistics)
    return dataset if dataset is not None and dataset.proto.ByteSize() else None
