"""Statistics in parts: count each part of a data set wherever it is, then merge the counts.

A shard is a Parquet file of how often each value occurs. Shards merge exactly: the statistics are those of all data at
once. Nothing is approximated, so a shard of values that hardly repeat is about as large as the data.
"""

from __future__ import annotations

import os
import pathlib
import tempfile
from collections.abc import Sequence
from typing import Any

from headwater.validation._errors import DataError
from headwater.validation._protos import statistics_pb2
from headwater.validation.figures.duck import literal
from headwater.validation.figures.finish import dataset_message
from headwater.validation.figures.shards import COLUMNS, Counter, Description, Merger
from headwater.validation.options import StatsOptions
from headwater.validation.sources import _csv, _tfrecord
from headwater.validation.sources._connection import connected, data_errors, make_room
from headwater.validation.sources._files import file_list, found_files, plain_name
from headwater.validation.statistics import asked_of, examples_of, known_types, open_json, open_parquet, open_table

_KEY = "headwater.validation"
_READERS = {".parquet": open_parquet, ".pq": open_parquet, ".json": open_json, ".jsonl": open_json}


def write_shard(
    shard_path: str | os.PathLike[str],
    data: Any,
    column_names: Sequence[str] | None = None,
    delimiter: str = ",",
    stats_options: StatsOptions | None = None,
) -> None:
    """Counts the values of a part of a data set.

    Args:
        shard_path: The file to write, which appears whole or not at all.
        data: CSV, Parquet, JSON or TFRecord files (a path, a pattern, a list), or a table in memory.
        column_names: The names of the columns of CSV files without a header.
        delimiter: What separates the fields of CSV files.
        stats_options: Weights, sampling and the choice of features; slices are not kept in shards.

    Raises:
        DataError: If data cannot be read.
        ValueError: If `stats_options` asks for slices.

    >>> import tempfile, headwater.validation as tfdv
    >>> folder = tempfile.mkdtemp()
    >>> for day, ages in enumerate([[31, 45], [28]]):
    ...     tfdv.write_shard(f"{folder}/{day}.shard", {"age": np.array(ages)})
    >>> tfdv.merge_shards(f"{folder}/*.shard").datasets[0].features[0].num_stats.median
    31.0
    """
    options = stats_options or StatsOptions()
    if options.slice_functions:
        raise ValueError("Shards hold no slices. Remedy: write a shard for each slice of the data.")
    options.refuse_what_needs_rows("Shards hold")
    with connected(options) as connection, data_errors():
        names = _opened(connection, data, column_names, delimiter, options)
        examples = examples_of(connection, "raw", names, options)
        connection.execute(f"CREATE TABLE counts ({COLUMNS})")
        Counter(connection, examples.features).count("examples", examples.features, examples.weight)
        _write(connection, Description(tuple(examples.features), examples.weight is not None), shard_path)


def merge_shards(
    shard_paths: str | os.PathLike[str] | Sequence[str],
    shard_path: str | os.PathLike[str] | None = None,
    stats_options: StatsOptions | None = None,
) -> Any:
    """The statistics of all data that shards were written of.

    Args:
        shard_paths: The shards: a path, a pattern, or a list of them.
        shard_path: Where to write one shard that stands for all of them.
        stats_options: How finely the statistics are made.

    Returns:
        A `DatasetFeatureStatisticsList`.

    Raises:
        DataError: If a file is no shard, or the shards are of different data.
    """
    options = stats_options or StatsOptions()
    options.refuse_what_needs_rows("Shards hold")
    files = found_files(shard_paths)
    with connected(options) as connection, data_errors(files[0]):
        described = {file: _description(connection, file) for file in files}
        first = described[files[0]]
        for file, other in described.items():
            if other != first:
                raise DataError(
                    f"is of other data than {files[0]}: {other.to_json()} instead of {first.to_json()}. Expected "
                    "shards of the same columns and types. Remedy: cast the columns of all parts to the same types.",
                    file,
                )
        connection.execute(f"CREATE VIEW counts AS SELECT * FROM read_parquet({file_list(files)})")
        make_room(connection, "counts", options)
        figures = Merger(connection, asked_of(options)).dataset("", first.features, first.weighted)
        if shard_path is not None:
            _write(connection, first, shard_path)
    message = statistics_pb2.DatasetFeatureStatisticsList()
    message.datasets.append(dataset_message(figures, options))
    return message


def _opened(
    connection: Any, data: Any, column_names: Sequence[str] | None, delimiter: str, options: StatsOptions
) -> list[str]:
    """Makes data the relation `raw`; returns the names of its columns."""
    is_files = isinstance(data, str | os.PathLike) or (isinstance(data, list | tuple) and bool(data))
    if not is_files:
        return open_table(connection, data)
    files = found_files(data)
    if plain_name(files[0]).endswith(_tfrecord.SUFFIXES):
        return _tfrecord.create(connection, "raw", files, _tfrecord.kinds_of(files, options), lists=True)
    reader = _READERS.get(pathlib.Path(files[0]).suffix.lower())
    if reader is None:
        return _csv.create(connection, "raw", files, delimiter, column_names, known_types(options))
    return reader(connection, files)


def _write(connection: Any, description: Description, path: str | os.PathLike[str]) -> None:
    """Writes the counts, those of the same value added up."""
    target = pathlib.Path(path)
    query = (
        "SELECT feature, part, length, number, text, sum(n)::BIGINT AS n, sum(w) AS w FROM counts "
        "GROUP BY feature, part, length, number, text ORDER BY feature, part, length, number"
    )
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as folder:
        whole = os.path.join(folder, "shard")
        described = f"{{'{_KEY}': {literal(description.to_json())}}}"
        connection.execute(
            f"COPY ({query}) TO {literal(whole)} (FORMAT parquet, COMPRESSION zstd, KV_METADATA {described})"
        )
        os.replace(whole, target)


def _description(connection: Any, file: str) -> Description:
    query = f"SELECT decode(value) FROM parquet_kv_metadata({literal(file)}) WHERE decode(key) = '{_KEY}'"
    with data_errors(file):
        found = connection.execute(query).fetchone()
    try:
        return Description.from_json(found[0] if found else "")
    except ValueError as error:
        raise DataError(f"{error}. Expected a shard, as write_shard makes it.", file) from None
