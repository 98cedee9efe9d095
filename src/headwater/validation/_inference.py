"""Schemas from statistics: the same walk as validation, of which the mended schema is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from headwater.validation._evidence import Dataset, default_dataset
from headwater.validation._protos import schema_pb2, statistics_pb2
from headwater.validation.anomalies._subject import Context
from headwater.validation.anomalies._walk import walk
from headwater.validation.schema._describe import Options
from headwater.validation.schema._features import check_schema

Statistics: TypeAlias = statistics_pb2.DatasetFeatureStatisticsList
Transformation = Callable[[schema_pb2.Schema, statistics_pb2.DatasetFeatureStatistics], schema_pb2.Schema]


def infer_schema(
    statistics: Statistics,
    infer_feature_shape: bool = True,
    max_string_domain_size: int = 100,
    schema_transformations: Iterable[Transformation] | None = None,
) -> schema_pb2.Schema:
    """Describes data: types, presence, numbers of values, and the values of strings that look like categories.

    Args:
        statistics: of the data; of several slices, that of all examples counts.
        infer_feature_shape: whether features that always have the same number of values get a shape.
        max_string_domain_size: strings with at most so many different values are enumerated.
        schema_transformations: functions from the schema and the statistics to the schema, applied in turn.

    Raises:
        TypeError: if an argument is of another type.
        ValueError: if the statistics contradict themselves.

    >>> from headwater.validation._protos import statistics_pb2
    >>> statistics = statistics_pb2.DatasetFeatureStatisticsList()
    >>> _ = statistics.datasets.add(num_examples=3).features.add(name="age", type="INT").num_stats
    >>> statistics.datasets[0].features[0].num_stats.common_stats.num_non_missing = 3
    >>> infer_schema(statistics).feature[0].presence.min_fraction
    1.0
    """
    dataset = default_dataset(statistics)
    schema = _mended(schema_pb2.Schema(), dataset, Options(infer_feature_shape, max_string_domain_size))
    for transformation in schema_transformations or ():
        schema = transformation(schema, statistics.datasets[0])
    return schema


def update_schema(
    schema: schema_pb2.Schema,
    statistics: Statistics,
    infer_feature_shape: bool = True,
    max_string_domain_size: int = 100,
) -> schema_pb2.Schema:
    """Changes as little of a schema as makes it accept the data.

    Features whose data are of another type, or missing though required, are deprecated rather than changed. In this it
    follows TensorFlow Data Validation, except that invalid UTF-8 in one feature does not cost others the string domain
    they share with it, and that constraints go with the domain they constrain.

    Args:
        schema: what data are to be; it stays as it is.
        statistics: of the data; of several slices, that of all examples counts.
        infer_feature_shape: has no effect, as in TensorFlow Data Validation: new features get value counts, and what
            has a shape is held against it.
        max_string_domain_size: strings of new features with at most so many different values are enumerated.

    Returns:
        A schema with which `validate_statistics` finds nothing, unless a generator of semantic statistics has named a
        domain that the values do not fit.

    Raises:
        TypeError: if an argument is of another type.
        ValueError: if schema or statistics contradict themselves.
    """
    del infer_feature_shape
    dataset = default_dataset(statistics)
    check_schema(schema)
    return _mended(schema, dataset, Options(max_string_domain_size=max_string_domain_size))


def _mended(schema: schema_pb2.Schema, dataset: Dataset, options: Options) -> schema_pb2.Schema:
    context = Context.of(schema, dataset, options=options, cumulative=True)
    for _ in walk(context):
        pass  # the walk mends
    return context.mended
