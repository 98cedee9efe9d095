"""The `headwater` command."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import pathlib
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

import headwater

FINE, ANOMALIES, FAILED = 0, 1, 2
_SUFFIXES = {
    "csv": (".csv", ".csv.gz", ".tsv"),
    "parquet": (".parquet", ".pq"),
    "json": (".json", ".jsonl", ".ndjson"),
    "statistics": (".pbtxt", ".pb", ".textproto"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command.

    Args:
        arguments: The words after ``headwater``; None: those of the process.

    Returns:
        The exit code: 0 if all is well, 1 if data has anomalies, 2 if something could not be done.
    """
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except (ImportError, OSError, ValueError, TypeError, MemoryError) as error:
        print(f"headwater: {error}", file=sys.stderr)
        return FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="headwater", description="TensorFlow 2's model life cycle, on XLA.")
    parser.add_argument("--version", action="version", version=f"headwater {headwater.__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_validate(commands)
    return parser


# headwater validate ---------------------------------------------------------------------------------------------


def _add_validate(commands: Any) -> None:
    parser = commands.add_parser(
        "validate",
        help="look at data, and check it against a schema",
        description="Look at data, and check it against a schema. Exit code: 0 no anomalies, 1 anomalies, 2 an error.",
    )
    parser.add_argument("data", nargs="+", help="files or patterns: CSV, Parquet, JSON, or statistics (.pbtxt, .pb)")
    parser.add_argument("--format", choices=list(_SUFFIXES), help="what the files are (default: by their names)")
    parser.add_argument("--delimiter", help="what separates the fields of CSV files (default: a comma)")
    parser.add_argument("--schema", metavar="FILE", help="the schema to check against (.pbtxt)")
    parser.add_argument("--environment", help="the environment of the schema, such as SERVING")
    parser.add_argument("--previous", metavar="DATA", help="earlier data or statistics, to look for drift")
    parser.add_argument("--serving", metavar="DATA", help="serving data or statistics, to look for skew")
    parser.add_argument("--weight", metavar="COLUMN", help="the column of example weights")
    parser.add_argument("--html", metavar="FILE", help="write a page to look at")
    parser.add_argument("--json", metavar="FILE", help="write the anomalies as JSON; - is standard output")
    parser.add_argument("--stats", metavar="FILE", help="write the statistics (.pbtxt as text, else binary)")
    parser.add_argument("--write-schema", metavar="FILE", help="write a schema inferred from the data")
    parser.add_argument("--memory-limit", help="such as 4GB; what does not fit goes to temporary files")
    parser.set_defaults(run=_validate)


def _validate(options: argparse.Namespace) -> int:
    import headwater.validation as validation

    with _progress(f"reading {options.data[0]}"):
        statistics = _statistics(options.data, options)
    others = {}
    for name in ("previous", "serving"):
        if place := getattr(options, name):
            with _progress(f"reading {place}"):
                others[f"{name}_statistics"] = _statistics([place], options)
    if options.stats:
        validation.statistics_files.write_statistics(statistics, options.stats)
    if options.write_schema:
        validation.write_schema_text(validation.infer_schema(statistics), options.write_schema)
    schema = validation.load_schema_text(options.schema) if options.schema else None
    anomalies = None
    if schema is not None:
        anomalies = validation.validate_statistics(statistics, schema, environment=options.environment, **others)
    if options.html:
        previous = others.get("previous_statistics") or others.get("serving_statistics")
        names = (pathlib.Path(options.data[0]).name, pathlib.Path(options.previous or options.serving or "").name)
        validation.write_html(options.html, statistics, previous, *names, schema=schema, anomalies=anomalies)
    _report(statistics, anomalies, options.json)
    return ANOMALIES if anomalies is not None and anomalies.anomaly_info else FINE


def _statistics(places: Sequence[str], options: argparse.Namespace) -> Any:
    """Statistics of files of one kind."""
    import headwater.validation as validation

    kind = options.format or _kind(places[0])
    settings = {"weight_feature": options.weight}
    if options.memory_limit:
        settings["memory_limit"] = options.memory_limit
    wanted = validation.StatsOptions(**settings)
    if kind == "statistics":
        if len(places) > 1:
            raise ValueError(f"Expected one file of statistics, received {len(places)}.")
        return validation.load_statistics(places[0])
    if kind == "csv":
        delimiter = options.delimiter or ("\t" if places[0].endswith(".tsv") else ",")
        return validation.generate_statistics_from_csv(places, delimiter=delimiter, stats_options=wanted)
    reader = {
        "parquet": validation.generate_statistics_from_parquet,
        "json": validation.generate_statistics_from_json,
    }[kind]
    return reader(places, stats_options=wanted)


def _kind(place: str) -> str:
    for kind, suffixes in _SUFFIXES.items():
        if place.lower().endswith(suffixes):
            return kind
    known = ", ".join(suffix for suffixes in _SUFFIXES.values() for suffix in suffixes)
    raise ValueError(f"{place}: cannot tell what this is. Expected a name that ends in one of {known}, or --format.")


def _report(statistics: Any, anomalies: Any, json_place: str | None) -> None:
    """The anomalies as JSON where that was asked for, and for people."""
    from headwater.validation.page._display import statistics_page
    from headwater.validation.page._features import choose
    from headwater.validation.page._text import anomalies_text

    document = json.dumps(_as_json(statistics, anomalies), indent=2, ensure_ascii=False) + "\n"
    if json_place == "-":
        sys.stdout.write(document)
        return
    if json_place:
        from headwater.validation._files import write_atomically

        write_atomically(json_place, document.encode())
    if anomalies is None:
        print(statistics_page([choose(statistics, "data")]).text)
    else:
        print(anomalies_text(anomalies, colours=sys.stdout.isatty() and "NO_COLOR" not in os.environ))


def _as_json(statistics: Any, anomalies: Any) -> dict[str, Any]:
    from headwater.validation._protos import anomalies_pb2

    info = anomalies_pb2.AnomalyInfo
    found = [
        {
            "feature": ".".join(anomaly.path.step) or name,
            "severity": info.Severity.Name(anomaly.severity),
            "short_description": anomaly.short_description,
            "description": anomaly.description,
            "reasons": [
                {
                    "type": info.Type.Name(reason.type),
                    "short_description": reason.short_description,
                    "description": reason.description,
                }
                for reason in anomaly.reason
            ],
        }
        for name, anomaly in sorted(anomalies.anomaly_info.items() if anomalies is not None else ())
    ]
    return {
        "examples": statistics.datasets[0].num_examples,
        "features": len(statistics.datasets[0].features),
        "validated": anomalies is not None,
        "anomalies": found,
    }


@contextlib.contextmanager
def _progress(text: str) -> Iterator[None]:
    """Shows, on a terminal, what takes long and for how long it has."""
    if not sys.stderr.isatty():
        yield
        return
    done = threading.Event()
    start = time.monotonic()

    def tick() -> None:
        while not done.wait(0.5):
            sys.stderr.write(f"\r{text} … {time.monotonic() - start:.0f} s ")
            sys.stderr.flush()
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()

    thread = threading.Thread(target=tick, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


if __name__ == "__main__":
    sys.exit(main())
