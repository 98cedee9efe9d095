"""Validation of every slice of the data beside the same slice of other data."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from headwater.validation._paths import FeaturePath
from headwater.validation._protos import anomalies_pb2, path_pb2, schema_pb2, statistics_pb2
from headwater.validation.anomalies._validate import validate_statistics

Statistics: TypeAlias = statistics_pb2.DatasetFeatureStatisticsList


def validate_corresponding_slices(
    statistics: Statistics,
    schema: schema_pb2.Schema,
    environment: str | None = None,
    previous_statistics: Statistics | None = None,
    serving_statistics: Statistics | None = None,
) -> anomalies_pb2.Anomalies:
    """Says in what slices of data are not as the schema has them, or far from the same slices of other data.

    Args:
        statistics: of the data, with slices (`StatsOptions.slice_functions`).
        schema: what every slice is to be. Its `dataset_constraints` are about whole data sets, and not looked at.
        environment: where the data come from; see `validate_statistics`.
        previous_statistics: of earlier data, to find drift in every slice.
        serving_statistics: of the data a model is served, to find skew in every slice.

    Returns:
        Anomalies by features called after their slices, such as ``slice(country_US)::fare``. A slice that only the
        other data have lacks every feature; one that they do not have lacks all to compare with.

    Raises:
        TypeError: if an argument is of another type.
        ValueError: if statistics or schema contradict themselves, or the schema does not know the environment.

    >>> import headwater.validation as tfdv
    >>> options = tfdv.StatsOptions(slice_functions=[tfdv.get_feature_value_slicer({"country": None})])
    >>> trips = {"country": np.array(["US", "US", "DE"]), "fare": np.array([5, 7, 200])}
    >>> statistics = tfdv.generate_statistics_from_dataframe(trips, options)
    >>> schema = tfdv.infer_schema(statistics)
    >>> tfdv.get_feature(schema, "fare").int_domain.max = 100
    >>> sorted(tfdv.validate_corresponding_slices(statistics, schema).anomaly_info)
    ["'slice(All Examples)::fare'", "'slice(country_DE)::fare'"]
    """
    single = schema_pb2.Schema()
    single.CopyFrom(schema)
    single.ClearField("dataset_constraints")
    result = anomalies_pb2.Anomalies(anomaly_name_format=anomalies_pb2.Anomalies.SERIALIZED_PATH)
    others = previous_statistics, serving_statistics
    for name in _names(statistics, *others):
        sides = [None if other is None else _slice(other, name) for other in others]
        _add(result, validate_statistics(_slice(statistics, name), single, environment, *sides), name)
    shared = schema_pb2.Schema()
    shared.CopyFrom(single)
    shared.ClearField("feature")
    result.baseline.MergeFrom(shared)
    return result


def _names(*given: Statistics | None) -> Iterable[str]:
    """The names of all slices."""
    return dict.fromkeys(dataset.name for statistics in given if statistics for dataset in statistics.datasets)


def _slice(statistics: Statistics, name: str) -> Statistics:
    """A slice; one without features if there is none of that name."""
    found = [dataset for dataset in statistics.datasets if dataset.name == name]
    return Statistics(datasets=found[:1] or [statistics_pb2.DatasetFeatureStatistics(name=name, num_examples=1)])


def _add(result: anomalies_pb2.Anomalies, found: anomalies_pb2.Anomalies, name: str) -> None:
    for feature in found.baseline.feature:
        result.baseline.feature.add().CopyFrom(feature)
        result.baseline.feature[-1].name = _called(feature.name, name)
    for info in found.anomaly_info.values():
        path = _path(info.path, name)
        added = result.anomaly_info[path.serialized()]
        added.CopyFrom(info)
        added.path.CopyFrom(path.to_proto())
    for distances in found.drift_skew_info:
        result.drift_skew_info.add().CopyFrom(distances)
        result.drift_skew_info[-1].path.CopyFrom(_path(distances.path, name).to_proto())


def _called(feature: str, name: str) -> str:
    return f"slice({name})::{feature}"


def _path(path: path_pb2.Path, name: str) -> FeaturePath:
    column, *fields = path.step
    return FeaturePath((_called(column, name), *fields))
