"""The examples that are not as the schema has them: statistics of them, and the values at fault."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import Any, NamedTuple, TypeAlias

from headwater.validation._protos import schema_pb2, statistics_pb2
from headwater.validation.anomalies._conditions import text
from headwater.validation.anomalies._faults import NEVER, Fault, find_faults
from headwater.validation.figures.duck import literal
from headwater.validation.options import StatsOptions
from headwater.validation.schema._features import check_schema
from headwater.validation.sources import _csv, _tfrecord
from headwater.validation.sources._connection import connected, data_errors
from headwater.validation.sources._files import file_list, found_files
from headwater.validation.statistics import (
    Examples,
    dataset_statistics,
    examples_of,
    known_types,
    open_parquet,
    open_table,
)
from headwater.validation.statistics_files import write_statistics

Location: TypeAlias = str | os.PathLike[str] | Sequence[str]
_AT_ONCE = 10_000


class AnomalousValue(NamedTuple):
    """A value of an example that the schema does not allow.

    Args:
        file: the file it is in; None for a table in memory.
        row: which example of the file it is in, counted from 1; a header does not count.
        column: the feature.
        value: the value as text, of several all of them; None where a required value is missing.
        reason: the name of the type of anomaly, such as ``"FLOAT_TYPE_BIG_FLOAT"``.
    """

    file: str | None
    row: int
    column: str
    value: str | None
    reason: str


class AnomalousValues:
    """The values at fault in the order of the examples, found while they are iterated over.

    Can be gone through once, either as `AnomalousValue`s or as an Arrow stream (``__arrow_c_stream__``), which is what
    `polars.from_arrow` or `pyarrow.table` take. A context manager: leaving it frees what is not yet gone through.
    """

    def __init__(self, resources: contextlib.ExitStack, connection: Any, query: str) -> None:
        self._resources = resources
        self._connection = connection
        self._query = query

    def __iter__(self) -> Iterator[AnomalousValue]:
        with self:
            result = self._opened().execute(self._query)
            while rows := result.fetchmany(_AT_ONCE):
                yield from map(AnomalousValue._make, rows)

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self._opened().sql(self._query).__arrow_c_stream__(requested_schema)

    def __enter__(self) -> AnomalousValues:
        return self

    def __exit__(self, *error: Any) -> None:
        self._connection = None
        self._resources.__exit__(*error)

    def close(self) -> None:
        """Frees the data."""
        self.__exit__(None, None, None)

    def _opened(self) -> Any:
        if self._connection is None:
            raise ValueError("the values have been gone through, or closed. Remedy: find them again.")
        return self._connection


# --------------------------------------------------------------------------- sources


class Source(NamedTuple):
    """Where examples come from.

    Args:
        create: makes the relation `raw` with columns `c0`, `c1`, …; returns the columns' names in the data.
        files: the files, in order; none for a table in memory.
        rows: counts the examples in a file.
    """

    create: Callable[[Any], list[str]]
    files: Sequence[str] = ()
    rows: Callable[[Any, str], int] = lambda _, __: 0

    def starts(self, connection: Any) -> list[int]:
        """How many examples there are before each file."""
        counts = [self.rows(connection, file) for file in self.files[:-1]]
        return list(accumulate(counts, initial=0))


def _of_csv(location: Location, column_names: Sequence[str] | None, delimiter: str, options: StatsOptions) -> Source:
    files, known = found_files(location), known_types(options)

    def rows(connection: Any, file: str) -> int:
        _csv.create(connection, "counted", [file], delimiter, column_names, known)
        (count,) = connection.execute("SELECT count(*) FROM counted").fetchone()
        connection.execute("DROP TABLE counted")
        return int(count)

    def create(connection: Any) -> list[str]:
        return _csv.create(connection, "raw", files, delimiter, column_names, known)

    return Source(create, files, rows)


def _of_parquet(location: Location) -> Source:
    files = found_files(location)

    def rows(connection: Any, file: str) -> int:
        return int(connection.execute(f"SELECT count(*) FROM read_parquet({file_list([file])})").fetchone()[0])

    return Source(lambda connection: open_parquet(connection, files), files, rows)


def _of_records(location: Location, options: StatsOptions) -> Source:
    files = found_files(location)
    kinds = _tfrecord.kinds_of(files, options)

    def rows(connection: Any, file: str) -> int:
        _tfrecord.create(connection, "counted", [file], {})
        (count,) = connection.execute("SELECT count(*) FROM counted").fetchone()
        connection.execute("DROP VIEW counted")
        return int(count)

    return Source(lambda connection: _tfrecord.create(connection, "raw", files, kinds), files, rows)


def _of_table(table: Any) -> Source:
    return Source(lambda connection: open_table(connection, table))


# --------------------------------------------------------------------------- statistics


def validate_examples_in_csv(
    data_location: Location,
    stats_options: StatsOptions,
    column_names: Sequence[str] | None = None,
    delimiter: str = ",",
    output_path: str | os.PathLike[str] | None = None,
    num_sampled_examples: int = 0,
) -> Any:
    r"""Statistics of the examples in CSV files that are anomalous, by what is wrong with them.

    Every example is held against the schema by itself, so what only a whole data set can have is not looked at: too few
    examples, too few with a value, too few or many different values, drift and skew. `anomalous_values_in_csv` finds
    the values themselves.

    Args:
        data_location: a file, a pattern such as ``"data/*.csv"``, or a list of them.
        stats_options: what to compute; `schema` says what the examples should be.
        column_names: the names of the columns, for files without a header.
        delimiter: what separates fields.
        output_path: where to write the statistics too.
        num_sampled_examples: how many examples of each kind to return besides; if not 0, two values are returned.

    Returns:
        A `DatasetFeatureStatisticsList` with a data set per feature and type of anomaly, called after both, such as
        ``"fare_FLOAT_TYPE_BIG_FLOAT"``; an empty one if all examples are well. With `num_sampled_examples`, also a
        dictionary from those names to examples as dictionaries (`pandas.DataFrame` makes a frame of such a list).

    Raises:
        ValueError: if `stats_options` has no schema, or one that contradicts itself.
        DataError: if a file cannot be read; it names file, line and column.

    >>> import pathlib, tempfile, headwater.validation as tfdv
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "trips.csv"
    >>> _ = file.write_text("fare\n5\n-3\n8\n")
    >>> schema = tfdv.infer_schema(tfdv.generate_statistics_from_csv(file))
    >>> schema.feature[0].int_domain.min = 0
    >>> tfdv.validate_examples_in_csv(file, tfdv.StatsOptions(schema=schema), num_sampled_examples=1)[1]
    {'fare_INT_TYPE_SMALL_INT': [{'fare': -3}]}
    """
    _schema_of(stats_options)
    source = _of_csv(data_location, column_names, delimiter, stats_options)
    return _validated(source, stats_options, output_path, num_sampled_examples)


def validate_examples_in_parquet(
    data_location: Location,
    stats_options: StatsOptions,
    output_path: str | os.PathLike[str] | None = None,
    num_sampled_examples: int = 0,
) -> Any:
    """Statistics of the examples in Parquet files that are anomalous. See `validate_examples_in_csv`."""
    return _validated(_of_parquet(data_location), stats_options, output_path, num_sampled_examples)


def validate_examples_in_tfrecord(
    data_location: Location,
    stats_options: StatsOptions,
    output_path: str | os.PathLike[str] | None = None,
    num_sampled_examples: int = 0,
) -> Any:
    """Statistics of the examples in TFRecord files that are anomalous. See `validate_examples_in_csv`.

    The files are those that `generate_statistics_from_tfrecord` takes.
    """
    _schema_of(stats_options)
    return _validated(_of_records(data_location, stats_options), stats_options, output_path, num_sampled_examples)


def validate_examples_in_dataframe(
    dataframe: Any,
    stats_options: StatsOptions,
    output_path: str | os.PathLike[str] | None = None,
    num_sampled_examples: int = 0,
) -> Any:
    """Statistics of the examples in a table in memory that are anomalous. See `validate_examples_in_csv`.

    The table is what `generate_statistics_from_dataframe` takes.
    """
    return _validated(_of_table(dataframe), stats_options, output_path, num_sampled_examples)


def _validated(source: Source, options: StatsOptions, output_path: Any, samples: int) -> Any:
    schema = _schema_of(options)
    with connected(options, ordered=True) as connection, data_errors(*source.files):
        names = source.create(connection)
        examples = examples_of(connection, "raw", names, options)
        faults = _occurring(connection, find_faults(schema, examples.features))
        message = _statistics(connection, examples, faults, options)
        sampled = {fault.slice: _sample(connection, names, fault, samples) for fault in faults if samples}
    if output_path is not None:
        write_statistics(message, output_path)
    return (message, sampled) if samples else message


def _occurring(connection: Any, faults: Sequence[Fault]) -> list[Fault]:
    """The faults that some example has."""
    faults = [fault for fault in faults if fault.examples != NEVER]
    if not faults:
        return []
    counts = ", ".join(f"count(*) FILTER ({fault.examples})" for fault in faults)
    row = connection.execute(f"SELECT {counts} FROM examples").fetchone()
    return [fault for fault, count in zip(faults, row, strict=True) if count]


def _statistics(connection: Any, examples: Examples, faults: Sequence[Fault], options: StatsOptions) -> Any:
    message = statistics_pb2.DatasetFeatureStatisticsList()
    for fault in faults:
        connection.execute(f"CREATE TABLE anomalous AS SELECT * FROM examples WHERE {fault.examples}")
        message.datasets.append(dataset_statistics(connection, fault.slice, "anomalous", examples, options))
        connection.execute("DROP TABLE anomalous")
    if not faults:
        message.datasets.add()
    return message


def _sample(connection: Any, names: Sequence[str], fault: Fault, count: int) -> list[dict[str, Any]]:
    columns = ", ".join(f"c{i}" for i in range(len(names)))
    query = f"SELECT {columns} FROM examples WHERE {fault.examples} LIMIT {count:d}"
    return [dict(zip(names, row, strict=True)) for row in connection.execute(query).fetchall()]


# --------------------------------------------------------------------------- values


def anomalous_values_in_csv(
    data_location: Location,
    stats_options: StatsOptions,
    column_names: Sequence[str] | None = None,
    delimiter: str = ",",
) -> AnomalousValues:
    r"""The values in CSV files that the schema does not allow: in which file, row and column, and why.

    Where a column holds another type than the schema says, only those values are at fault that are not of that type. A
    missing value is at fault if the schema has the feature in every example (a `min_fraction` of 1). Faults of whole
    columns, such as one that the schema does not know, have no rows; `validate_statistics` tells of them.

    Args:
        data_location: a file, a pattern such as ``"data/*.csv"``, or a list of them.
        stats_options: `schema` says what the examples should be, and `memory_limit` what may be held in memory.
        column_names: the names of the columns, for files without a header.
        delimiter: what separates fields.

    Raises:
        ValueError: if `stats_options` has no schema, or one that contradicts itself.
        DataError: if a file cannot be read; it names file, line and column.

    >>> import pathlib, tempfile, headwater.validation as tfdv
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "trips.csv"
    >>> _ = file.write_text("fare\n5\n\n-3\n8\n")
    >>> schema = tfdv.infer_schema(tfdv.generate_statistics_from_csv(file))
    >>> schema.feature[0].int_domain.min = 0
    >>> for value in tfdv.anomalous_values_in_csv(file, tfdv.StatsOptions(schema=schema)):
    ...     print(value.row, value.column, value.value, value.reason)
    3 fare -3 INT_TYPE_SMALL_INT
    """
    _schema_of(stats_options)
    return _found(_of_csv(data_location, column_names, delimiter, stats_options), stats_options)


def anomalous_values_in_parquet(data_location: Location, stats_options: StatsOptions) -> AnomalousValues:
    """The values in Parquet files that the schema does not allow. See `anomalous_values_in_csv`."""
    return _found(_of_parquet(data_location), stats_options)


def anomalous_values_in_tfrecord(data_location: Location, stats_options: StatsOptions) -> AnomalousValues:
    """The values in TFRecord files that the schema does not allow. See `anomalous_values_in_csv`.

    A row is a record. The files are those that `generate_statistics_from_tfrecord` takes.
    """
    _schema_of(stats_options)
    return _found(_of_records(data_location, stats_options), stats_options)


def anomalous_values_in_dataframe(dataframe: Any, stats_options: StatsOptions) -> AnomalousValues:
    """The values in a table in memory that the schema does not allow. See `anomalous_values_in_csv`.

    The table is what `generate_statistics_from_dataframe` takes.
    """
    return _found(_of_table(dataframe), stats_options)


def _found(source: Source, options: StatsOptions) -> AnomalousValues:
    schema = _schema_of(options)
    options = dataclasses.replace(options, sample_rate=None, slice_functions=None)
    with contextlib.ExitStack() as resources:
        connection = resources.enter_context(connected(options, ordered=True))
        resources.enter_context(data_errors(*source.files))
        names = source.create(connection)
        faults = find_faults(schema, examples_of(connection, "raw", names, options).features)
        query = _query([fault for fault in faults if fault.rows != NEVER], source.files, source.starts(connection))
        return AnomalousValues(resources.pop_all(), connection, query)
    raise AssertionError  # data errors are raised, never swallowed


def _query(faults: Sequence[Fault], files: Sequence[str], starts: Sequence[int]) -> str:
    """SQL that goes through the examples once, and gives a row for each fault of each."""
    found = ", ".join(f"CASE WHEN {fault.rows} THEN {_described(fault)} END" for fault in faults)
    numbered = "SELECT *, row_number() OVER () AS n FROM examples"
    listed = f"list_filter([{found or 'NULL'}], lambda f: f IS NOT NULL)"
    place = f"len(list_filter({[*starts]}, lambda s: s < n))"
    file = f"[{', '.join(map(literal, files))}][{place}]" if files else "NULL::VARCHAR"
    row = f"n - {[*starts]}[{place}]"
    faulty = f"SELECT n, unnest({listed}) AS f FROM ({numbered})"
    if not faults:
        faulty = f"SELECT n, {_NOTHING} AS f FROM ({numbered}) WHERE false"
    columns = "f['column'] AS column, f['value'] AS value, f['reason'] AS reason"
    return f"SELECT {file} AS file, {row} AS row, {columns} FROM ({faulty})"


def _described(fault: Fault) -> str:
    parts = (text(str(fault.path)), fault.value, text(fault.reason))
    return "{{'column': {}, 'value': {}, 'reason': {}}}".format(*parts)


_NOTHING = "{'column': '', 'value': '', 'reason': ''}"


def _schema_of(options: StatsOptions) -> schema_pb2.Schema:
    if not isinstance(options, StatsOptions):
        raise TypeError(f"expected StatsOptions, received {type(options).__name__}.")
    if options.schema is None:
        raise ValueError("expected stats_options with a schema. Remedy: StatsOptions(schema=...).")
    check_schema(options.schema)
    return options.schema
