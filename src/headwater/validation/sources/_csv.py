"""CSV files: the types of their columns are found in the values, as TensorFlow Data Validation finds them.

A column is INT if all its values are whole numbers, FLOAT if all are numbers, else STRING; an empty field is no value.
The first rows suggest the types. The file is then read once with them; only if a later row contradicts is it read again
as texts, and the types are decided by all rows.
"""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Iterable, Sequence
from typing import Any

from headwater.validation._errors import DataError
from headwater.validation.figures.duck import literal
from headwater.validation.sources._connection import duckdb

_SAMPLE = 2_000
_INT = r"[-+]?[0-9]+"
_FLOAT = r"(?i)[-+]?([0-9]+\.?[0-9]*(e[-+]?[0-9]+)?|\.[0-9]+(e[-+]?[0-9]+)?|nan|inf(inity)?)"
_TYPES = (("BIGINT", _INT), ("DOUBLE", _FLOAT))
_CONTRADICTED = "a value contradicts the type of its column"


def create(
    connection: Any, name: str, files: Sequence[str], delimiter: str, column_names: Sequence[str] | None
) -> list[str]:
    """Reads CSV files into a table with columns `c0`, `c1`, …; returns the columns' names in the data.

    Raises:
        DataError: If a file has no header, or its rows do not have as many fields as there are names.
    """
    names = list(column_names) if column_names is not None else _header(files, delimiter)
    read = _Reading(connection, files, delimiter, len(names), header=column_names is None)
    types = read.sampled_types()
    try:
        connection.execute(f"CREATE TABLE {name} AS SELECT {read.checked(types)} FROM {read.sql(types)}")
    except duckdb().Error as error:
        if not isinstance(error, duckdb().ConversionException) and _CONTRADICTED not in str(error):
            raise read.error(error, names) from None
        read.as_texts(name, names)
    else:
        read.retype(name, [i for i, t in enumerate(types) if t is None])
    return names


def _header(files: Sequence[str], delimiter: str) -> list[str]:
    headers = {}
    for file in files:
        with open(file, newline="", encoding="utf-8-sig") as lines:
            try:
                headers[file] = next(csv.reader(lines, delimiter=delimiter), None)
            except UnicodeDecodeError as error:
                raise DataError(f"the header is not valid UTF-8: {error}. Expected UTF-8.", file, 1) from None
    first = next(iter(headers.values()))
    for file, header in headers.items():
        if not header:
            raise DataError("is empty. Expected a header with the names of the columns.", file)
        if header != first:
            raise DataError(f"the header {header} differs from that of {files[0]}, {first}.", file, 1)
    assert first is not None
    duplicates = sorted({n for n in first if first.count(n) > 1})
    if duplicates:
        raise DataError(f"the header names columns twice: {duplicates}. Expected different names.", files[0], 1)
    return first


class _Reading:
    """How the files are read."""

    def __init__(self, connection: Any, files: Sequence[str], delimiter: str, count: int, header: bool) -> None:
        self._connection = connection
        self._files = files
        self._delimiter = delimiter
        self._count = count
        self._header = header

    def sql(self, types: Iterable[str | None]) -> str:
        """The files as a relation, read with these types of columns; whole numbers as texts, for `checked`."""
        columns = ", ".join(f"'c{i}': '{'DOUBLE' if t == 'DOUBLE' else 'VARCHAR'}'" for i, t in enumerate(types))
        return (
            f"read_csv([{', '.join(map(literal, self._files))}], columns = {{{columns}}}, auto_detect = false, "
            f"delim = {literal(self._delimiter)}, quote = '\"', escape = '\"', header = {self._header}, nullstr = '', "
            "strict_mode = true)"
        )

    @staticmethod
    def checked(types: Iterable[str | None]) -> str:
        """The columns of `sql`, whole numbers as such: a cast alone would round a fraction."""
        return ", ".join(
            f"CASE WHEN regexp_full_match(c{i}, '{_INT}') THEN c{i}::BIGINT "
            f"WHEN c{i} IS NOT NULL THEN error('{_CONTRADICTED}') END AS c{i}"
            if t == "BIGINT"
            else f"c{i}"
            for i, t in enumerate(types)
        )

    def sampled_types(self) -> list[str | None]:
        """What the first rows say: a type per column, None where they hold no value."""
        with open(self._files[0], newline="", encoding="utf-8-sig", errors="replace") as lines:
            rows = csv.reader(lines, delimiter=self._delimiter)
            first = list(itertools.islice(rows, int(self._header), _SAMPLE))
        return [_type_of({row[i] for row in first if i < len(row)} - {""}) for i in range(self._count)]

    def retype(self, table: str, columns: Sequence[int]) -> None:
        """Gives columns of texts the types that all their values have."""
        for i in columns:
            kind = self._type_by_all(table, i)
            if kind is not None:
                self._connection.execute(f"ALTER TABLE {table} ALTER c{i} TYPE {kind}")

    def _type_by_all(self, table: str, column: int) -> str | None:
        for kind, pattern in _TYPES:
            condition = f"c{column} IS NOT NULL AND NOT regexp_full_match(trim(c{column}), {literal(pattern)})"
            query = f"SELECT EXISTS (SELECT 1 FROM {table} WHERE {condition}), count(c{column}) FROM {table}"
            contradicted, count = self._connection.execute(query).fetchone()
            if count and not contradicted:
                return kind
        return None

    def as_texts(self, table: str, names: Sequence[str]) -> None:
        """Reads everything as texts, and decides by all values."""
        try:
            self._connection.execute(f"CREATE TABLE {table} AS SELECT * FROM {self.sql([None] * self._count)}")
        except duckdb().Error as error:
            raise self.error(error, names) from None
        self.retype(table, range(self._count))

    def error(self, error: Exception, names: Sequence[str]) -> DataError:
        """What DuckDB says of a file, with the place."""
        text = str(error)
        line = re.search(r"[Ll]ine:? (\d+)", text)
        file = re.search(r"file ?= ?(.+)|[Ff]ile: (.+)", text)
        column = re.search(r'column "?c(\d+)"?|Column [Nn]ame: c(\d+)', text)
        index = next((int(g) for g in column.groups() if g), None) if column else None
        reason = text.split("\n")[0].removeprefix("Invalid Input Error: ").strip()
        detail = next((x.strip() for x in text.split("\n")[1:] if x.strip() and not x.startswith("Original")), "")
        return DataError(
            f"{reason} {detail} Expected {self._count} fields, separated by {self._delimiter!r}, in UTF-8, and fields "
            "with such a character or a line break within double quotes.",
            (next(g for g in file.groups() if g).strip() if file else self._files[0]),
            int(line.group(1)) if line else None,
            names[index] if index is not None and index < len(names) else None,
        )


def _type_of(values: set[str]) -> str | None:
    """The type of a column by some of its values; None if there are none."""
    if not values:
        return None
    for kind, pattern in _TYPES:
        if all(re.fullmatch(pattern, value.strip()) for value in values):
            return kind
    return "VARCHAR"
