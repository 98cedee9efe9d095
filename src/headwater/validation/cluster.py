"""Statistics of tables that live elsewhere, such as on a Spark cluster: computed there, through Ibis."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from headwater.validation._errors import DataError
from headwater.validation._protos import statistics_pb2
from headwater.validation.figures.finish import dataset_message
from headwater.validation.figures.portable import Portable
from headwater.validation.options import StatsOptions
from headwater.validation.sources._ibis import feature, ibis, plain
from headwater.validation.statistics import ALL_EXAMPLES, asked_of
from headwater.validation.statistics_files import write_statistics


def generate_statistics_from_ibis(
    table: Any, output_path: str | os.PathLike[str] | None = None, stats_options: StatsOptions | None = None
) -> Any:
    """Statistics of an Ibis table, computed by the engine that holds it, such as Spark.

    The figures are those of the other functions, and as exact. Only counts leave the engine. Needs
    ``pip install 'headwater[validation-cluster]'`` and what Ibis needs for the engine.

    Args:
        table: An Ibis table, such as ``ibis.pyspark.connect(session).table("trips")``.
        output_path: Where to write the statistics too.
        stats_options: What to compute. `memory_limit`, `threads` and `temp_directory` are the engine's own matter. A
            sample is drawn and kept by the engine.

    Returns:
        A `DatasetFeatureStatisticsList`.

    Raises:
        DataError: If a feature that the options name is missing, or a column has a type that cannot be looked at.
        TypeError: If `table` is no Ibis table.

    >>> import ibis, headwater.validation as tfdv
    >>> trips = ibis.memtable({"fare": [5.5, 8.0, None], "paid by": ["Cash", "Card", "Cash"]})
    >>> fare, paid_by = tfdv.generate_statistics_from_ibis(trips).datasets[0].features
    >>> fare.num_stats.mean, fare.num_stats.common_stats.num_missing, paid_by.string_stats.top_values[0].value
    (6.75, 1, 'Cash')
    """
    module = ibis()
    if not isinstance(table, module.Table):
        raise TypeError(f"Expected an Ibis table, received {type(table).__name__}.")
    options = stats_options or StatsOptions()
    options.refuse_what_needs_rows("Engines give")
    if options.schema is not None:
        raise ValueError("Types of tables are those of the engine, not of a schema. Remedy: leave schema out.")
    names = list(table.columns)
    options.check_names(names)
    columns = {name: f"c{i}" for i, name in enumerate(names)}
    selected = {columns[name]: plain(table[name]) for name in names}
    weight = None if options.weight_feature is None else "w"
    if weight is not None:
        selected[weight] = table[options.weight_feature]
    examples = table.select(**selected)
    if options.sample_rate is not None:
        examples = examples.sample(options.sample_rate).cache()
    chosen = names if options.feature_allowlist is None else options.feature_allowlist
    features = [feature((name,), columns[name], examples[columns[name]].type()) for name in chosen]
    figures = Portable(module, table.get_backend().name, asked_of(options))
    message = statistics_pb2.DatasetFeatureStatisticsList()
    for slice_name, rows in _slices(examples, columns, options):
        found = figures.dataset(slice_name, rows, features, weight)
        message.datasets.append(dataset_message(found, options))
    if output_path is not None:
        write_statistics(message, output_path)
    return message


def _slices(examples: Any, columns: dict[str, str], options: StatsOptions) -> Iterator[tuple[str, Any]]:
    """All examples and their slices, with names."""
    yield (ALL_EXAMPLES if options.slice_functions else ""), examples
    for slicer in options.slice_functions or ():
        keys = [_key(examples[columns[name]], name) for name in slicer.features]
        different = examples.select(**{f"k{i}": key for i, key in enumerate(keys)}).distinct()
        rows = [tuple(row.values()) for row in different.to_pyarrow().to_pylist()]
        for name, values in slicer.slices(rows):
            yield name, examples.filter(*(key == value for key, value in zip(keys, values, strict=True)))


def _key(column: Any, name: str) -> Any:
    """The values of a column to slice by, as texts."""
    if column.type().is_nested():
        raise DataError(
            f"has values of type {column.type()}. Expected single values to slice by. Remedy: slice by other features, "
            "or unnest this one first.",
            column=name,
        )
    return column.cast("string")
