"""Validations of the user's own: SQL about the statistics of features."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from headwater.validation._evidence import default_dataset, path_of
from headwater.validation._paths import FeaturePath, as_path
from headwater.validation._protos import anomalies_pb2, statistics_pb2
from headwater.validation.anomalies._check import Finding, Type
from headwater.validation.sources._connection import duckdb

Statistics: TypeAlias = statistics_pb2.DatasetFeatureStatisticsList
Where: TypeAlias = str | Sequence[str]


@dataclass(frozen=True)
class Validation:
    """A condition on statistics.

    Args:
        sql_expression: SQL of DuckDB that is true of data as they should be. It speaks of `feature`, or of
            `feature_test` and `feature_base`, as a `FeatureNameStatistics` message: fields follow after dots, messages
            that are not set are NULL, repeated fields are lists, and enumerations are strings.
        severity: ``"ERROR"`` or ``"WARNING"``.
        description: what to say if it is not true.
        in_environment: the environments that it is for; none: all.
    """

    sql_expression: str
    severity: str = "ERROR"
    description: str = ""
    in_environment: Sequence[str] = ()


@dataclass(frozen=True)
class FeatureValidation:
    """Validations of a feature.

    Args:
        feature_path: its name, or the names on the way to it.
        validations: the conditions.
        dataset_name: the slice; empty for all examples.
    """

    feature_path: Where
    validations: Sequence[Validation]
    dataset_name: str = ""


@dataclass(frozen=True)
class FeaturePairValidation:
    """Validations of a feature beside one of the previous data.

    Args:
        feature_test_path: the feature, `feature_test` in SQL.
        feature_base_path: the feature of the previous data, `feature_base` in SQL.
        validations: the conditions.
        dataset_name: the slice; empty for all examples.
        base_dataset_name: the slice of the previous data.
    """

    feature_test_path: Where
    feature_base_path: Where
    validations: Sequence[Validation]
    dataset_name: str = ""
    base_dataset_name: str = ""


@dataclass(frozen=True)
class CustomValidationConfig:
    """What else to validate.

    TensorFlow Data Validation's messages of these names do too.

    Args:
        feature_validations: conditions on single features.
        feature_pair_validations: conditions on a feature beside another.

    >>> import headwater.validation as tfdv
    >>> statistics = tfdv.generate_statistics_from_dataframe({"fare": np.array([5.0, 0.0, 0.0])})
    >>> few_zeros = tfdv.Validation("feature.num_stats.num_zeros < 2", "WARNING", "Many trips for nothing")
    >>> config = tfdv.CustomValidationConfig([tfdv.FeatureValidation("fare", [few_zeros])])
    >>> schema = tfdv.infer_schema(statistics)
    >>> anomalies = tfdv.validate_statistics(statistics, schema, custom_validation_config=config)
    >>> anomalies.anomaly_info["fare"].short_description
    'Many trips for nothing'
    """

    feature_validations: Sequence[FeatureValidation] = ()
    feature_pair_validations: Sequence[FeaturePairValidation] = ()


def validate_custom(
    config: Any, statistics: Statistics, previous: Statistics | None, environment: str
) -> Iterator[tuple[FeaturePath, list[Finding]]]:
    """The findings about each feature.

    Raises:
        ValueError: if a feature or data set is not there, or an expression is no condition.
    """
    for one in config.feature_validations:
        path = _path(one.feature_path)
        features = {"feature": _feature(statistics, one.dataset_name, path)}
        yield path, _findings(one, features, _of_test(one), environment)
    for pair in config.feature_pair_validations:
        path, base_path = _path(pair.feature_test_path), _path(pair.feature_base_path)
        base = _feature(_given(previous), pair.base_dataset_name, base_path)
        features = {"feature_test": _feature(statistics, pair.dataset_name, path), "feature_base": base}
        of = f"{_of_test(pair)} Base dataset: {pair.base_dataset_name} Base path: {base_path}"
        yield path, _findings(pair, features, of, environment)


def _of_test(one: Any) -> str:
    return f"Test dataset: {one.dataset_name or 'default slice'}"


def _findings(one: Any, features: Mapping[str, Any], of: str, environment: str) -> list[Finding]:
    return [
        Finding(
            Type.CUSTOM_VALIDATION,
            validation.description,
            f"Custom validation triggered anomaly. Query: {validation.sql_expression} {of}",
            _severity(validation.severity),
        )
        for validation in one.validations
        if not validation.in_environment or environment in validation.in_environment
        if not _holds(validation.sql_expression, features)
    ]


def _severity(severity: str | int) -> int:
    return anomalies_pb2.AnomalyInfo.Severity.Value(severity) if isinstance(severity, str) else severity


def _path(path: Any) -> FeaturePath:
    """A name, steps, or a message that holds steps."""
    return as_path(path) if isinstance(path, str) else FeaturePath(getattr(path, "step", path))


def _given(previous: Statistics | None) -> Statistics:
    if previous is None:
        raise ValueError(
            "custom validations of pairs of features compare with other data. Remedy: give previous_statistics."
        )
    return previous


def _feature(statistics: Statistics, name: str, path: FeaturePath) -> statistics_pb2.FeatureNameStatistics:
    for entry in _dataset(statistics, name).features:
        if path_of(entry) == path:
            return entry
    raise ValueError(f"a custom validation is about the feature {str(path)!r}, which the statistics do not have.")


def _dataset(statistics: Statistics, name: str) -> statistics_pb2.DatasetFeatureStatistics:
    if not name:
        return default_dataset(statistics).proto
    for dataset in statistics.datasets:
        if dataset.name == name:
            return dataset
    names = [dataset.name for dataset in statistics.datasets]
    raise ValueError(f"a custom validation is about the data set {name!r}; the statistics have {names}.")


# --------------------------------------------------------------------------- SQL


def _holds(expression: str, features: Mapping[str, Any]) -> bool:
    """Evaluates an expression, which sees the features and nothing else: no files, no network."""
    columns = ", ".join(f"CAST(? AS {_type(message.DESCRIPTOR)}) AS {name}" for name, message in features.items())
    values = [_value(message) for message in features.values()]
    module = duckdb()
    with module.connect(":memory:", config={"enable_external_access": False}) as connection:
        try:
            row = connection.execute(f"SELECT ({expression}) FROM (SELECT {columns})", values).fetchone()
        except module.Error as error:
            raise ValueError(f"the custom validation {expression!r} fails: {error}") from None
    result = None if row is None else row[0]
    if not isinstance(result, bool):
        raise ValueError(
            f"the custom validation {expression!r} gives {result!r}. Expected true or false. Remedy: a message that is "
            "not set is NULL, and so is what is made of it; coalesce(…, false) says what to make of that."
        )
    return result


@functools.cache
def _type(descriptor: Any) -> str:
    """The DuckDB type of a message."""
    fields = (f'"{field.name}" {_type_of(field)}' for field in _fields(descriptor))
    return f"STRUCT({', '.join(fields)})"


def _type_of(field: Any) -> str:
    single = _type(field.message_type) if field.message_type else _SCALARS.get(field.cpp_type, "BIGINT")
    return f"{single}[]" if _is_repeated(field) else single


def _is_repeated(field: Any) -> bool:
    """Older versions of protobuf have a label instead, which newer ones warn of."""
    found = getattr(field, "is_repeated", None)
    return field.label == field.LABEL_REPEATED if found is None else found


def _fields(descriptor: Any) -> Iterable[Any]:
    """Its fields, without those that hold messages of any type."""
    return [f for f in descriptor.fields if f.message_type is None or f.message_type.name != "Any"]


def _scalars(kind: Any) -> dict[int, str]:
    return {
        kind.CPPTYPE_DOUBLE: "DOUBLE",
        kind.CPPTYPE_FLOAT: "DOUBLE",
        kind.CPPTYPE_BOOL: "BOOLEAN",
        kind.CPPTYPE_STRING: "VARCHAR",
        kind.CPPTYPE_ENUM: "VARCHAR",
        kind.CPPTYPE_UINT64: "UBIGINT",
    }


_SCALARS = _scalars(statistics_pb2.FeatureNameStatistics.DESCRIPTOR.fields[0])


def _value(message: Any) -> dict[str, Any]:
    return {field.name: _value_of(message, field) for field in _fields(message.DESCRIPTOR)}


def _value_of(message: Any, field: Any) -> Any:
    if field.message_type and not _is_repeated(field) and not message.HasField(field.name):
        return None
    value = getattr(message, field.name)
    return [_plain(field, one) for one in value] if _is_repeated(field) else _plain(field, value)


def _plain(field: Any, value: Any) -> Any:
    if field.message_type:
        return _value(value)
    if field.enum_type:
        found = field.enum_type.values_by_number.get(value)
        return str(value) if found is None else found.name
    return value
