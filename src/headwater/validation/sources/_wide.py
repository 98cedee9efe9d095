"""Data of very many columns, looked at some at a time: what DuckDB needs grows with the columns of a statement."""

from __future__ import annotations

import contextlib
import csv
import os
from collections.abc import Sequence
from typing import Any

from headwater.validation._errors import DataError
from headwater.validation.options import StatsOptions
from headwater.validation.sources._csv_errors import Files, is_text

MANY = 1_000
_AT_ONCE = 500


def groups(names: Sequence[str], options: StatsOptions) -> list[list[str]]:
    """The columns to look at, some at a time; an empty list if all can be looked at together, or have to be."""
    wanted = list(names if options.feature_allowlist is None else options.feature_allowlist)
    if len(wanted) <= MANY or options.looks_at_all_columns:
        return []
    return [wanted[start : start + _AT_ONCE] for start in range(0, len(wanted), _AT_ONCE)]


def joined(parts: Sequence[Any]) -> Any:
    """One message of those about some columns of the same data."""
    whole, *others = parts
    for part in others:
        for dataset, more in zip(whole.datasets, part.datasets, strict=True):
            dataset.features.extend(more.features)
    return whole


def split(files: Files, parts: Sequence[Sequence[str]], has_header: bool, folder: str) -> list[list[str]]:
    """Writes CSV files anew, some columns each, without headers; returns the files for each of `parts`.

    Raises:
        DataError: If a row has not as many fields as there are columns, or is not UTF-8.
    """
    place = {name: i for i, name in enumerate(files.names)}
    places = [[place[name] for name in part] for part in parts]
    written: list[list[str]] = [[] for _ in parts]
    for n, path in enumerate(files.paths):
        with contextlib.ExitStack() as stack:
            writers = []
            for i, paths in enumerate(written):
                paths.append(os.path.join(folder, f"{n}-{i}.csv"))
                file = stack.enter_context(open(paths[-1], "w", encoding="utf-8", newline=""))
                writers.append(csv.writer(file, delimiter=files.delimiter, lineterminator="\n"))
            for number, (line, row) in enumerate(files.rows(path, strict=True)):
                if row and (number or not has_header):
                    _check(files, path, line, row)
                    for writer, columns in zip(writers, places, strict=True):
                        writer.writerow([row[i] for i in columns])
    return written


def _check(files: Files, path: str, line: int, row: Sequence[str]) -> None:
    if len(row) != len(files.names):
        raise DataError(
            f"has {len(row)} fields. Expected {len(files.names)}, separated by {files.delimiter!r}. Remedy: correct "
            "the line.",
            path,
            line,
        )
    if not is_text(row):
        column = next(name for name, field in zip(files.names, row, strict=True) if not is_text([field]))
        raise DataError("is not valid UTF-8. Expected UTF-8. Remedy: convert the file.", path, line, column)
