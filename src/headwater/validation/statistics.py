"""Statistics of data, wherever it is: CSV, Parquet, JSON, TFRecord files, data frames, Arrow tables.

Every function gives a `DatasetFeatureStatisticsList` message, which `infer_schema`, `validate_statistics` and the pages
take, and which TensorFlow Data Validation reads. Figures are exact.
"""

from __future__ import annotations

import collections
import dataclasses
import os
import tempfile
from collections.abc import Sequence
from typing import Any

from headwater.validation._errors import DataError
from headwater.validation._protos import statistics_pb2
from headwater.validation.figures.duck import Duck
from headwater.validation.figures.finish import dataset_message
from headwater.validation.figures.frames import Asked
from headwater.validation.figures.plan import Cuts, DatasetFigures, Feature, FeatureFigures
from headwater.validation.generators import Data, LiftStatsGenerator, StatsGenerator
from headwater.validation.generators._composed import composed
from headwater.validation.generators._language import NaturalLanguage, read_vocabulary
from headwater.validation.generators._semantic import SemanticDomains
from headwater.validation.options import StatsOptions, is_categorical
from headwater.validation.sources import _csv, _tfrecord, _wide
from headwater.validation.sources._columns import feature, plain
from headwater.validation.sources._connection import connected, data_errors, duckdb, make_room
from headwater.validation.sources._csv_errors import Files
from headwater.validation.sources._files import file_list, found_files
from headwater.validation.sources._names import parquet_names, table_names
from headwater.validation.sources._schema import as_meant, csv_types, stored
from headwater.validation.sources._slices import slices
from headwater.validation.statistics_files import write_statistics

ALL_EXAMPLES = "All Examples"


def generate_statistics_from_csv(
    data_location: str | os.PathLike[str] | Sequence[str],
    column_names: Sequence[str] | None = None,
    delimiter: str = ",",
    output_path: str | os.PathLike[str] | None = None,
    stats_options: StatsOptions | None = None,
    pipeline_options: Any = None,
    compression_type: str = "auto",
) -> Any:
    r"""Statistics of CSV files.

    Args:
        data_location: A file, a pattern such as ``"data/*.csv"``, or a list of them.
        column_names: The names of the columns, for files without a header.
        delimiter: What separates fields.
        output_path: Where to write the statistics too.
        stats_options: What to compute.
        pipeline_options: Accepted for compatibility.
        compression_type: Accepted for compatibility: files whose names end in ``.gz`` are decompressed.

    Returns:
        A `DatasetFeatureStatisticsList`.

    Raises:
        DataError: If a file cannot be read; it names file, line and column.

    >>> import pathlib, tempfile, headwater.validation as tfdv
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "trips.csv"
    >>> _ = file.write_text("fare,paid by\n5.5,Cash\n,Card\n7,Cash\n")
    >>> statistics = tfdv.generate_statistics_from_csv(file)
    >>> fare, paid_by = statistics.datasets[0].features
    >>> fare.num_stats.mean, fare.num_stats.common_stats.num_missing, paid_by.string_stats.top_values[0].value
    (6.25, 1, 'Cash')
    """
    options = stats_options or StatsOptions()
    files = found_files(data_location)
    names = _csv.columns_of(files, delimiter, column_names)
    if groups := _wide.groups(names, options):
        return _written(
            _of_wide_csv(Files(files, delimiter, names), column_names is None, groups, options), output_path
        )
    with connected(options) as connection, data_errors(*files):
        names = _csv.create(connection, "raw", files, delimiter, column_names, known_types(options))
        return _finished(connection, "raw", names, options, output_path)


def _of_wide_csv(files: Files, has_header: bool, groups: Sequence[Sequence[str]], options: StatsOptions) -> Any:
    options.check_names(files.names)
    kept = options.other_columns
    columns = [[*group, *(name for name in kept if name not in group)] for group in groups]
    with tempfile.TemporaryDirectory(prefix="headwater-", dir=options.temp_directory) as folder:
        narrow = _wide.split(files, columns, has_header, folder)
        return _wide.joined(
            [
                generate_statistics_from_csv(
                    paths, names, files.delimiter, None, dataclasses.replace(options, feature_allowlist=group)
                )
                for paths, names, group in zip(narrow, columns, groups, strict=True)
            ]
        )


def generate_statistics_from_parquet(
    data_location: str | os.PathLike[str] | Sequence[str],
    output_path: str | os.PathLike[str] | None = None,
    stats_options: StatsOptions | None = None,
) -> Any:
    """Statistics of Parquet files, which are read column by column as needed.

    Args:
        data_location: A file, a pattern, or a list of them.
        output_path: Where to write the statistics too.
        stats_options: What to compute.

    Returns:
        A `DatasetFeatureStatisticsList`.

    Raises:
        DataError: If a file cannot be read.
    """
    options = stats_options or StatsOptions()
    files = found_files(data_location)
    with connected(options) as connection, data_errors(*files):
        names = open_parquet(connection, files)
        return _finished(connection, "raw", names, options, output_path)


def generate_statistics_from_json(
    data_location: str | os.PathLike[str] | Sequence[str],
    output_path: str | os.PathLike[str] | None = None,
    stats_options: StatsOptions | None = None,
) -> Any:
    """Statistics of JSON files: one object per line, or a list of objects. See `generate_statistics_from_parquet`."""
    options = stats_options or StatsOptions()
    files = found_files(data_location)
    with connected(options) as connection, data_errors(*files):
        names = open_json(connection, files)
        return _finished(connection, "raw", names, options, output_path)


def generate_statistics_from_tfrecord(
    data_location: str | os.PathLike[str] | Sequence[str],
    output_path: str | os.PathLike[str] | None = None,
    stats_options: StatsOptions | None = None,
) -> Any:
    """Statistics of TFRecord files of `tf.train.Example`, plain or compressed with gzip or zlib.

    Of `tf.train.SequenceExample`s, this looks at the context; for the feature lists too see
    `headwater.data.examples.read_sequence_examples`, whose result `generate_statistics_from_dataframe` takes.

    Args:
        data_location: A file, a pattern, or a list of them.
        output_path: Where to write the statistics too.
        stats_options: What to compute.

    Returns:
        A `DatasetFeatureStatisticsList`.

    Raises:
        DataError: If a file is damaged, a record is no `Example`, or a feature has values of several kinds; it names
            file, record and byte.

    >>> import tempfile, headwater.validation as tfdv
    >>> path = tf.io.gfile.join(tempfile.mkdtemp(), "trips.tfrecord")
    >>> with tf.io.TFRecordWriter(path) as writer:
    ...     for fares in ([5.5], [], [7.0, 2.5]):
    ...         example = tf.train.Example()
    ...         example.features.feature["fares"].float_list.value.extend(fares)
    ...         writer.write(example.SerializeToString())
    >>> (fares,) = tfdv.generate_statistics_from_tfrecord(path).datasets[0].features
    >>> fares.num_stats.mean, fares.num_stats.common_stats.max_num_values
    (5.0, 2)
    """
    options = stats_options or StatsOptions()
    files = found_files(data_location)
    kinds = _tfrecord.kinds_of(files, options)
    groups = _wide.groups(list(kinds), options)
    parts = [dataclasses.replace(options, feature_allowlist=group) for group in groups] or [options]
    return _written(_wide.joined([_of_records(files, kinds, part) for part in parts]), output_path)


def _of_records(files: Sequence[str], kinds: dict[str, str], options: StatsOptions) -> Any:
    wanted = kinds if options.feature_allowlist is None else [*options.feature_allowlist, *options.other_columns]
    with connected(options) as connection, data_errors(*files):
        names = _tfrecord.create(connection, "raw", files, {name: kinds[name] for name in wanted})
        return _finished(connection, "raw", names, options, None)


def generate_statistics_from_dataframe(
    dataframe: Any, stats_options: StatsOptions | None = None, n_jobs: int | None = None
) -> Any:
    """Statistics of a table in memory.

    Args:
        dataframe: A pandas or polars data frame, an Arrow table or reader, anything with ``__arrow_c_stream__``, or a
            dictionary of NumPy arrays. It is not copied.
        stats_options: What to compute.
        n_jobs: The number of threads; None or -1: one per core.

    Returns:
        A `DatasetFeatureStatisticsList`.

    Raises:
        ValueError: If `n_jobs` is 0 or below -1.
        DataError: If two columns have the same name, or values of a kind that statistics are not made of.

    >>> import headwater.validation as tfdv
    >>> statistics = tfdv.generate_statistics_from_dataframe({"age": np.array([31, 45, 28])})
    >>> statistics.datasets[0].features[0].num_stats.max
    45.0
    """
    options = stats_options or StatsOptions()
    if n_jobs is not None and (n_jobs == 0 or n_jobs < -1):
        raise ValueError(f"n_jobs must be at least 1, or -1 for one thread per core, received {n_jobs}.")
    if n_jobs is not None:
        options = dataclasses.replace(options, threads=None if n_jobs == -1 else n_jobs)
    with connected(options) as connection, data_errors():
        names = open_table(connection, dataframe)
        return _finished(connection, "raw", names, options, None)


def open_parquet(connection: Any, files: Sequence[str]) -> list[str]:
    """Makes the view `raw` of Parquet files, its columns numbered; returns what they are called."""
    names = parquet_names(connection, files)
    return _number_columns(connection, f"read_parquet({file_list(files)})", names)


def open_json(connection: Any, files: Sequence[str]) -> list[str]:
    """Makes the view `raw` of JSON files. All records are looked at to know the types. See `open_parquet`."""
    options = "records = true, sample_size = -1, map_inference_threshold = -1"
    try:
        return _number_columns(connection, f"read_json_auto({file_list(files)}, {options})", None)
    except duckdb().BinderException as error:
        reason = str(error).splitlines()[0].removeprefix("Binder Error: ")
        raise DataError(f"{reason} Expected JSON objects, one per line or in a list.", files[0]) from None


def open_table(connection: Any, table: Any) -> list[str]:
    """Makes the view `raw` of a table in memory. See `open_parquet`."""
    try:
        connection.register("given", table)
    except Exception as error:
        raise TypeError(
            "Expected a pandas or polars data frame, an Arrow table, or a dictionary of NumPy arrays, with at least "
            f"one column, received {type(table).__name__}: {error}"
        ) from None
    return _number_columns(connection, "given", table_names(table))


def _number_columns(connection: Any, relation: str, names: list[str] | None) -> list[str]:
    known = list(connection.sql(f"SELECT * FROM {relation} LIMIT 0").columns)
    numbered = ", ".join(f"c{i}" for i in range(len(known)))
    connection.execute(f"CREATE VIEW raw AS SELECT * FROM {relation} AS t({numbered})")
    return names if names and len(names) == len(known) else known


@dataclasses.dataclass(frozen=True)
class Examples:
    """Data as a relation `examples` of a connection, with columns of types and names that figures are made of."""

    columns: dict[str, str]
    features: Sequence[Feature]
    weight: str | None
    weights: dict[str, str] = dataclasses.field(default_factory=dict)

    def weight_of(self, feature: Feature) -> str | None:
        """The column of a feature's weights."""
        return self.weights.get(feature.path[0], self.weight)


def examples_of(connection: Any, table: str, names: Sequence[str], options: StatsOptions) -> Examples:
    """Makes the relation `examples` of a table with columns `c0`, `c1`, …, which are called `names` in the data."""
    make_room(connection, table, options)
    twice = sorted(name for name, times in collections.Counter(names).items() if times > 1)
    if twice:
        raise DataError(
            f"there are several columns called {twice}. Expected different names. Remedy: rename them, such as by "
            "table.loc[:, ~table.columns.duplicated()] to keep the first of each in pandas."
        )
    columns = dict(zip(names, (f"c{i}" for i in range(len(names))), strict=True))
    types = dict(zip(names, connection.sql(f"SELECT * FROM {table} LIMIT 0").types, strict=bool(names)))
    options.check_names(names)
    readable = {n: plain(columns[n], types[n]) for n in names}
    types_read = connection.sql(f"SELECT {', '.join(readable.values())} FROM {table} LIMIT 0").types if names else []
    read = {n: feature((n,), columns[n], kind) for n, kind in zip(names, types_read, strict=True)}
    described = {} if options.schema is None else {f.name: f for f in options.schema.feature}
    kinds = {n: as_meant(read[n], described[n]) if n in described else read[n].kind for n in names}
    selected = [f"{stored(readable[n], read[n], kinds[n])} AS {columns[n]}" for n in names]
    weight = None if options.weight_feature is None else "w"
    weights = {n: f"w{i}" for i, n in enumerate(options.weights)}
    if options.weight_feature is not None:
        selected.append(f"{_weight(connection, table, read[options.weight_feature])} AS w")
    selected += [f"{_weight(connection, table, read[options.weights[n]])} AS {column}" for n, column in weights.items()]
    # A sample must stay the same over all scans: it is kept.
    kind, sample = "VIEW", ""
    if options.sample_rate is not None:
        kind, sample = "TABLE", f" USING SAMPLE {options.sample_rate * 100} PERCENT (bernoulli, 1)"
    connection.execute(f"CREATE {kind} examples AS SELECT {', '.join(selected) or 'NULL'} FROM {table}{sample}")
    chosen = names if options.feature_allowlist is None else options.feature_allowlist
    features = [dataclasses.replace(read[n], kind=kinds[n]) for n in chosen]
    return Examples(columns, features, weight, weights)


def _weight(connection: Any, table: str, feature: Feature) -> str:
    """The weight of an example, as SQL."""
    column = feature.column
    missing = f"len({column}) IS DISTINCT FROM 1" if feature.depth else f"{column} IS NULL"
    rows, wrong = connection.execute(f"SELECT count(*), count(*) FILTER ({missing}) FROM {table}").fetchone()
    if wrong:
        raise DataError(
            f"{wrong:,} of {rows:,} examples have not exactly one value. Expected one weight in each example. Remedy: "
            "choose another weight_feature.",
            column=feature.path[0],
        )
    return f"{column}[1]" if feature.depth else column


def asked_of(options: StatsOptions) -> Asked:
    """What the options ask of every feature."""
    return Asked(
        Cuts(options.num_histogram_buckets, options.num_quantiles_histogram_buckets),
        max(options.num_top_values, options.num_rank_histogram_buckets),
    )


def _finished(connection: Any, table: str, names: Sequence[str], options: StatsOptions, output_path: Any) -> Any:
    examples = examples_of(connection, table, names, options)
    message = statistics_pb2.DatasetFeatureStatisticsList()
    sliced = slices(connection, examples.columns, options)
    for name, condition in [(ALL_EXAMPLES if sliced else "", ""), *sliced]:
        relation = f"(SELECT * FROM examples WHERE {condition})" if condition else "examples"
        message.datasets.append(dataset_statistics(connection, name, relation, examples, options))
    return _written(message, output_path)


def dataset_statistics(connection: Any, name: str, relation: str, examples: Examples, options: StatsOptions) -> Any:
    """The statistics of a relation that has the columns of `examples`: a `DatasetFeatureStatistics`."""
    dataset = statistics_pb2.DatasetFeatureStatistics(name=name)
    if options.add_default_generators:
        dataset.CopyFrom(dataset_message(_figures(connection, name, relation, examples, options), options))
    data = Data(connection, relation, {f.path[0]: f for f in examples.features}, examples.weight)
    for generator in _generators(options, examples):
        generator.add(data, dataset)
    return dataset


def known_types(options: StatsOptions) -> dict[str, str]:
    """The types of columns of CSV files that are not to be found in the values."""
    return csv_types(options.schema) if options.infer_type_from_schema else {}


def _figures(connection: Any, name: str, relation: str, examples: Examples, options: StatsOptions) -> DatasetFigures:
    """The figures of all features: of those with the same weights together."""
    duck = Duck(connection, asked_of(options))
    whole = duck.dataset(name, relation, [], examples.weight)
    found: dict[tuple[str, ...], list[FeatureFigures]] = {}
    for weight in dict.fromkeys(map(examples.weight_of, examples.features)):
        alike = [f for f in examples.features if examples.weight_of(f) == weight]
        for figures in duck.dataset(name, relation, alike, weight).features:
            found.setdefault(figures.feature.path[:1], []).append(figures)
    features = [figures for f in examples.features for figures in found[f.path]]
    return dataclasses.replace(whole, features=features)


def _generators(options: StatsOptions, examples: Examples) -> list[StatsGenerator]:
    found: list[StatsGenerator] = []
    if options.schema is not None:
        found += composed(options.schema)
    if options.label_feature is not None:
        there = {f.path[0] for f in examples.features}
        xs = [f.name for f in options.schema.feature if is_categorical(f) and f.name in there]
        found.append(LiftStatsGenerator(options.label_feature, [x for x in xs if x != options.label_feature]))
    if options.vocab_paths is not None:
        vocabularies = {name: read_vocabulary(path) for name, path in options.vocab_paths.items()}
        buckets, ranks = options.num_quantiles_histogram_buckets, options.num_rank_histogram_buckets
        found.append(NaturalLanguage(options.language_domains, vocabularies, buckets, ranks))
    if options.enable_semantic_domain_stats:
        found.append(SemanticDomains(options.semantic_domain_stats_sample_rate))
    return [*found, *(options.generators or ())]


def _written(message: Any, output_path: Any) -> Any:
    if output_path is not None:
        write_statistics(message, output_path)
    return message
