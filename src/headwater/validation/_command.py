"""`headwater validate`: statistics, anomalies and pages of files, for people, for programs and for CI."""

from __future__ import annotations

import argparse
import os
import pathlib
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from headwater.validation import statistics as source
from headwater.validation._files import write_atomically
from headwater.validation._inference import infer_schema, update_schema
from headwater.validation._json import as_json
from headwater.validation._progress import progress
from headwater.validation.anomalies import validate_statistics
from headwater.validation.options import StatsOptions
from headwater.validation.page import write_html
from headwater.validation.page._features import Dataset, choose, features_of
from headwater.validation.page._text import anomalies_text, statistics_text, summary
from headwater.validation.schema import load_schema_text, write_schema_text
from headwater.validation.sources import _tfrecord
from headwater.validation.sources._files import found_files, plain_name
from headwater.validation.statistics_files import load_statistics, write_statistics

FINE, ANOMALIES = 0, 1
STANDARD_OUTPUT = "-"
OUTPUTS = ("html", "json", "stats", "write_schema")


@dataclass(frozen=True)
class Kind:
    """A kind of files: what their names end in, and what reads them."""

    suffixes: tuple[str, ...]
    read: Callable[[list[str], argparse.Namespace], Any]


def _read_csv(files: list[str], options: argparse.Namespace) -> Any:
    delimiter = options.delimiter or ("\t" if files[0].endswith(".tsv") else ",")
    columns = options.columns.split(",") if options.columns else None
    return source.generate_statistics_from_csv(files, columns, delimiter, stats_options=_stats_options(options))


def _read_parquet(files: list[str], options: argparse.Namespace) -> Any:
    return source.generate_statistics_from_parquet(files, stats_options=_stats_options(options))


def _read_json(files: list[str], options: argparse.Namespace) -> Any:
    return source.generate_statistics_from_json(files, stats_options=_stats_options(options))


def _read_tfrecord(files: list[str], options: argparse.Namespace) -> Any:
    return source.generate_statistics_from_tfrecord(files, stats_options=_stats_options(options))


def _read_statistics(files: list[str], _options: argparse.Namespace) -> Any:
    if len(files) > 1:
        raise ValueError(f"Expected one file of statistics, received {len(files)}: {', '.join(files)}.")
    return load_statistics(files[0])


KINDS = {
    "csv": Kind((".csv", ".csv.gz", ".tsv"), _read_csv),
    "parquet": Kind((".parquet", ".pq"), _read_parquet),
    "json": Kind((".json", ".jsonl", ".ndjson", ".json.gz", ".jsonl.gz"), _read_json),
    "tfrecord": Kind(_tfrecord.SUFFIXES, _read_tfrecord),
    "statistics": Kind((".pbtxt", ".textproto", ".pb"), _read_statistics),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares what can be asked for."""
    parser.description = (
        "Look at data, and check it against a schema. Exit code: 0 no anomalies, 1 anomalies, 2 an error."
    )
    add = parser.add_argument
    add("data", nargs="+", help=f"files or patterns of one kind: {', '.join(KINDS)}")
    add("--format", choices=list(KINDS), help="what the files are (default: by their names)")
    add("--delimiter", metavar="CHARACTER", help="what separates the fields of CSV files (default: a comma)")
    add("--columns", metavar="NAMES", help="names of the columns, separated by commas, of CSV files without a header")
    add("--schema", metavar="FILE", help="the schema to check against (.pbtxt)")
    add("--environment", metavar="NAME", help="the environment of the schema, such as SERVING")
    add("--previous", metavar="DATA", help="earlier data or statistics, to look for drift")
    add("--serving", metavar="DATA", help="serving data or statistics, to look for skew")
    add("--weight", metavar="COLUMN", help="the column of example weights")
    add("--html", metavar="FILE", help="write a page to look at")
    add("--json", metavar="FILE", help="write what was found as JSON; - is standard output")
    add("--stats", metavar="FILE", help="write the statistics (.pbtxt as text, else binary)")
    add("--write-schema", metavar="FILE", help="write a schema that accepts the data: inferred, or --schema mended")
    add("--memory-limit", metavar="SIZE", help="such as 4GB; what does not fit goes to temporary files")


@dataclass(frozen=True)
class Findings:
    """All that is known about the data, and about the data they are compared with."""

    data: Any
    other: Any
    datasets: list[Dataset]
    schema: Any
    anomalies: Any
    updated_schema: Any

    @property
    def are_anomalous(self) -> bool:
        found = self.anomalies
        return found is not None and bool(
            found.anomaly_info or found.HasField("dataset_anomaly_info") or found.data_missing
        )


def run(options: argparse.Namespace) -> int:
    """Does what was asked for, and returns the exit code."""
    _check(options)
    findings = _found(options)
    _write(options, findings)
    _print(options, findings)
    return ANOMALIES if findings.are_anomalous else FINE


def _check(options: argparse.Namespace) -> None:
    """Finds before the long work what could not be done after it."""
    if options.environment and not options.schema:
        raise ValueError("--environment is one of a schema's. Remedy: name the schema with --schema.")
    given = [options.data, *([place] for place in _others(options) if place)]
    read = {os.path.realpath(file) for places in given for file in found_files(places)}
    written = [file for name in OUTPUTS if (file := getattr(options, name)) and file != STANDARD_OUTPUT]
    for file in written:
        if os.path.realpath(file) in read:
            raise ValueError(f"{file}: is read, and would be written. Remedy: name another file.")
        if written.count(file) > 1:
            raise ValueError(f"{file}: would be written twice. Remedy: name another file.")
        if not pathlib.Path(file).parent.is_dir():
            raise ValueError(f"{file}: cannot be written, there is no folder {pathlib.Path(file).parent}.")


def _found(options: argparse.Namespace) -> Findings:
    schema = load_schema_text(options.schema) if options.schema else None
    data = _statistics(options.data, options)
    previous, serving = (_statistics([place], options) if place else None for place in _others(options))
    other = serving if previous is None else previous
    anomalies = updated = None
    if schema is not None:
        anomalies = validate_statistics(data, schema, options.environment, previous, serving)
        updated = update_schema(schema, data)
    return Findings(data, other, _datasets(options, data, other), schema, anomalies, updated)


def _others(options: argparse.Namespace) -> tuple[str | None, str | None]:
    return options.previous, options.serving


def _statistics(places: Sequence[str], options: argparse.Namespace) -> Any:
    files = found_files(places)
    kinds = {options.format} if options.format and places is options.data else set(map(_kind, files))
    if len(kinds) > 1:
        raise ValueError(f"Expected files of one kind, received {' and '.join(sorted(kinds))}: {', '.join(files)}.")
    size = sum(map(os.path.getsize, files))
    more = f" and {len(files) - 1:,} more files" if len(files) > 1 else ""
    with progress(f"{files[0]}{more}, {size / 1e6:,.1f} MB"):
        return KINDS[kinds.pop()].read(files, options)


def _kind(file: str) -> str:
    for name, kind in KINDS.items():
        if plain_name(file).endswith(kind.suffixes):
            return name
    known = ", ".join(suffix for kind in KINDS.values() for suffix in kind.suffixes)
    raise ValueError(f"{file}: what is this? Expected a name that ends in one of {known}. Remedy: --format.")


def _stats_options(options: argparse.Namespace) -> StatsOptions:
    limit = {"memory_limit": options.memory_limit} if options.memory_limit else {}
    return StatsOptions(weight_feature=options.weight, **limit)


def _datasets(options: argparse.Namespace, data: Any, other: Any) -> list[Dataset]:
    """The data and what they are compared with, under the names of their files."""
    places = [options.data[0], *filter(None, _others(options))][:2]
    names = [pathlib.Path(place).name for place in places]
    if len(set(names)) < len(names):
        names = places
    return [choose(statistics, name) for statistics, name in zip((data, other), names)]


def _write(options: argparse.Namespace, found: Findings) -> None:
    if options.stats:
        write_statistics(found.data, options.stats)
    if options.write_schema:
        write_schema_text(found.updated_schema or infer_schema(found.data), options.write_schema)
    if options.html:
        names = [dataset.name for dataset in found.datasets]
        write_html(
            options.html, found.data, found.other, *names, title=names[0],
            schema=found.schema, anomalies=found.anomalies, updated_schema=found.updated_schema,
        )  # fmt: skip
    if options.json and options.json != STANDARD_OUTPUT:
        write_atomically(options.json, as_json(found.datasets[0], found.anomalies).encode())


def _print(options: argparse.Namespace, found: Findings) -> None:
    if options.json == STANDARD_OUTPUT:
        sys.stdout.write(as_json(found.datasets[0], found.anomalies))
        return
    terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if terminal else None
    colours = terminal and "NO_COLOR" not in os.environ
    if found.anomalies is None:
        print(statistics_text(found.datasets, features_of(found.datasets), colours))
    else:
        print(summary(found.datasets), anomalies_text(found.anomalies, colours, width), sep="\n\n")
