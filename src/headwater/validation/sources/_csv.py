"""CSV files: the types of their columns are found in the values, as TensorFlow Data Validation finds them.

A column is INT if all its values are whole numbers of 64 bits, FLOAT if all are numbers but none is a whole number that
needs more bits, else STRING; an empty field is no value. The first rows suggest the types. The files are read once with
them; only if a later row contradicts are they looked at again, and the types are decided by all rows. Small files are
held as texts, all rows decide at once, and the files are read no second time.
"""

from __future__ import annotations

import collections
import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from headwater.validation._errors import DataError
from headwater.validation.figures.duck import literal
from headwater.validation.sources._connection import duckdb
from headwater.validation.sources._csv_errors import LONGEST_LINE, Files, csv_error, is_text, too_long
from headwater.validation.sources._files import file_list

INT, FLOAT, TEXT = "BIGINT", "DOUBLE", "VARCHAR"

_SAMPLE = 2_000
_SMALL = 1_000_000  # bytes
_LARGE = 2**63
_BUFFER = 8_000_000
_CONTRADICTED = "a value contradicts the type of its column"

# What is asked of the values of a column to know its type: how many they are, whole numbers of 64 bits, other whole
# numbers, and numbers.
_IS_WHOLE = r"regexp_full_match({0}, '\s*[-+]?[0-9_]+\s*')"
# Casting to BIGINT is slow, and only numbers of more than 18 digits could be too large for it.
_FITS = "CASE WHEN abs(TRY_CAST(x AS DOUBLE)) < 1e18 THEN true ELSE TRY_CAST(x AS BIGINT) IS NOT NULL END"
_FACTS = (
    f"count(x), count(*) FILTER (whole AND {_FITS}), count(*) FILTER (whole AND NOT {_FITS}), "
    "count(TRY_CAST(x AS DOUBLE))"
)


def create(
    connection: Any,
    name: str,
    files: Sequence[str],
    delimiter: str,
    column_names: Sequence[str] | None,
    known: Mapping[str, str] | None = None,
) -> list[str]:
    """Reads CSV files into a table with columns `c0`, `c1`, …; returns the columns' names in the data.

    Args:
        connection: The DuckDB connection.
        name: The table's name.
        files: The files, with or without compression by gzip.
        delimiter: What separates fields.
        column_names: The names of the columns of files without a header.
        known: Types of columns (`INT`, `FLOAT`, `TEXT`) that are not to be found in the values.

    Raises:
        ValueError: If the delimiter is not one character.
        DataError: If a file has no header, the rows do not have as many fields as there are names, or a value is not
            of its column's known type.
    """
    names = columns_of(files, delimiter, column_names)
    read = _Reading(connection, name, Files(files, delimiter, names), known or {}, header=column_names is None)
    if sum(map(os.path.getsize, files)) <= _SMALL:
        read.hold()
    else:
        sampled = read.types(f"LIMIT {_SAMPLE}")
        if read.suit(sampled) and not read.are_doubtful(sampled):
            return names
    types = read.types()
    if not read.suit(types):
        raise read.unsuitable(types)
    return names


def columns_of(files: Sequence[str], delimiter: str, column_names: Sequence[str] | None) -> list[str]:
    """The names of the columns: those given, or those of the header, which is the same in all files."""
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise ValueError(f"delimiter must be one character, neither a quote nor a line end, received {delimiter!r}.")
    return _header(Files(files, delimiter, ())) if column_names is None else list(column_names)


def _header(files: Files) -> list[str]:
    headers = {path: next((row for _, row in files.rows(path)), []) for path in files.paths}
    top, *_ = files.paths
    first = headers[top]
    for file, header in headers.items():
        if not header:
            raise DataError("is empty. Expected a header with the names of the columns.", file)
        if not is_text(header):
            raise DataError("the header is not valid UTF-8. Expected UTF-8. Remedy: convert the file.", file, 1)
        if header != first:
            raise DataError(f"the header {header} differs from that of {top}, {first}.", file, 1)
    if len(set(first)) < len(first):
        duplicates = sorted(name for name, times in collections.Counter(first).items() if times > 1)
        raise DataError(f"the header names columns twice: {duplicates}. Expected different names.", top, 1)
    return first


class _Reading:
    """How the files are read into a table."""

    def __init__(self, connection: Any, table: str, files: Files, known: Mapping[str, str], header: bool) -> None:
        self._connection = connection
        self._table = table
        self._files = files
        self._known = [known.get(name) for name in files.names]
        self._header = header
        self._longest: int | None = None
        self._held = False

    def hold(self) -> None:
        """Reads the files into a table of texts, to be looked at instead of them."""
        with self._explained():
            self._execute("CREATE OR REPLACE TEMP TABLE texts AS FROM {files}", [TEXT] * len(self._files.names))
        self._held = True

    def types(self, limit: str = "") -> list[str | None]:
        """What the rows, or the first of them, say: a type per column, None where they hold no value."""
        unknown = [i for i, known in enumerate(self._known) if known is None]
        if not unknown:
            return list(self._known)
        texts: list[str | None] = [TEXT] * len(self._files.names)
        values = f"unnest(range({len(unknown)})) AS i, unnest([{', '.join(f'c{i}' for i in unknown)}]) AS x"
        with self._explained():
            rows = f"(SELECT *, {_IS_WHOLE.format('x')} AS whole FROM (SELECT {values} FROM (FROM {{files}} {limit})))"
            query = f"SELECT i, {_FACTS} FROM {rows} GROUP BY i"
            facts = {unknown[i]: of_column for i, *of_column in self._execute(query, texts).fetchall()}
        return [known or _type(*facts.get(i, (0, 0, 0, 0))) for i, known in enumerate(self._known)]

    def suit(self, types: Sequence[str | None]) -> bool:
        """Reads the files with these types of columns into the table; False if values contradict them."""
        columns = ", ".join(f"{_checked(f'c{i}', t)} AS c{i}" for i, t in enumerate(types))
        try:
            with self._explained():
                self._execute(f"CREATE OR REPLACE TABLE {self._table} AS SELECT {columns} FROM {{files}}", types)
        except _Contradicted:
            return False
        return True

    def are_doubtful(self, types: Sequence[str | None]) -> bool:
        """Whether the values of the table could be of other types than those, which the first rows suggested."""
        doubts = [
            f"c{i} IS NOT NULL" if t is None else f"isfinite(c{i}) AND abs(c{i}) >= {_LARGE}"
            for i, (t, known) in enumerate(zip(types, self._known, strict=True))
            if t in (None, FLOAT) and not known
        ]
        query = f"SELECT EXISTS (SELECT 1 FROM {self._table} WHERE {' OR '.join(doubts) or 'false'})"
        return bool(self._connection.execute(query).fetchone()[0])

    def unsuitable(self, types: Sequence[str | None]) -> DataError:
        """The first value that is not of its column's type."""
        for file in self._files.paths:
            for n, (line, row) in enumerate(self._files.rows(file)):
                for name, kind, value in zip(self._files.names, types, row, strict=False):
                    if value and kind and not (n == 0 and self._header) and not _is(value, kind):
                        return DataError(f"{value!r} is no {kind}, which the schema says.", file, line, name)
        return DataError("values contradict the types that the schema says.", self._files.paths[0])

    def _execute(self, query: str, types: Sequence[str | None]) -> Any:
        """Runs a query over the `{files}`, once more with longer lines allowed if there are such."""
        try:
            return self._connection.execute(query.replace("{files}", self._sql(types)))
        except duckdb().Error as error:
            if self._longest or not too_long(error):
                raise
        self._longest = LONGEST_LINE
        return self._connection.execute(query.replace("{files}", self._sql(types)))

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """Turns what DuckDB says of the files into our errors."""
        try:
            yield
        except duckdb().OutOfMemoryException:
            raise
        except duckdb().Error as error:
            if isinstance(error, duckdb().ConversionException) or _CONTRADICTED in str(error):
                raise _Contradicted from None
            raise csv_error(error, self._files) from None

    def _sql(self, types: Sequence[str | None]) -> str:
        """The files as a relation; whole numbers as texts, for `_checked`."""
        if self._held:
            read = ", ".join(f"c{i}::{FLOAT} AS c{i}" if t == FLOAT else f"c{i}" for i, t in enumerate(types))
            return f"(SELECT {read} FROM texts)"
        columns = ", ".join(f"'c{i}': '{FLOAT if t == FLOAT else TEXT}'" for i, t in enumerate(types))
        size = f"max_line_size = {self._longest}, parallel = false" if self._longest else f"buffer_size = {_BUFFER}"
        return (
            f"read_csv({file_list(self._files.paths)}, columns = {{{columns}}}, header = {self._header}, "
            f"delim = {literal(self._files.delimiter)}, quote = '\"', escape = '\"', nullstr = '', "
            f"auto_detect = false, strict_mode = true, {size})"
        )


class _Contradicted(Exception):
    """A value is not of the type its column was read with."""


def _checked(column: str, kind: str | None) -> str:
    """A column as it is read, in its type. A cast alone would round fractions."""
    if kind != INT:
        return column
    return (
        f"CASE WHEN TRY_CAST({column} AS BIGINT)::VARCHAR = {column} THEN {column}::BIGINT "
        f"WHEN {_IS_WHOLE.format(column)} THEN {column}::BIGINT "
        f"WHEN {column} IS NOT NULL THEN error('{_CONTRADICTED}') END"
    )


def _type(values: int, whole: int, larger: int, numbers: int) -> str | None:
    """The type of a column by its `_FACTS`."""
    if not values:
        return None
    return INT if whole == values else FLOAT if numbers == values and not larger else TEXT


def _is(value: str, kind: str) -> bool:
    """Whether a field is of a type."""
    try:
        return kind == TEXT or (-_LARGE <= int(value) < _LARGE if kind == INT else float(value) is not None)
    except ValueError:
        return False
