"""CSV files: the types of their columns are found in the values, as TensorFlow Data Validation finds them.

A column is INT if all its values are whole numbers of 64 bits, FLOAT if all are numbers but none is a whole number that
needs more bits, else STRING; an empty field is no value. The first rows suggest the types. The file is read once with
them; only if a later row contradicts is it looked at again, and the types are decided by all rows.
"""

from __future__ import annotations

import csv
import gzip
import io
import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, BinaryIO, cast

from headwater.validation._errors import DataError
from headwater.validation.figures.duck import literal
from headwater.validation.sources._connection import duckdb
from headwater.validation.sources._csv_errors import csv_error, too_long
from headwater.validation.sources._files import file_list

INT, FLOAT, TEXT = "BIGINT", "DOUBLE", "VARCHAR"

_SAMPLE = 2_000
_WHOLE = r"[-+]?[0-9_]+"
_BUFFER = 8_000_000
_LONGEST_LINE = 64_000_000
_CONTRADICTED = "a value contradicts the type of its column"


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
        DataError: If a file has no header, its rows do not have as many fields as there are names, or a value is not
            of its column's known type.
    """
    names = _header(files, delimiter) if column_names is None else list(column_names)
    read = _Reading(connection, name, files, delimiter, names, known or {}, header=column_names is None)
    if not read.suit(read.sampled_types()):
        types = read.types_by_all()
        if not read.suit(types):
            raise read.unsuitable(types)
    return names


def _opened(file: str) -> BinaryIO:
    return cast(BinaryIO, gzip.open(file)) if file.endswith(".gz") else open(file, "rb")


def _rows(file: str, delimiter: str) -> Iterable[list[str]]:
    text = io.TextIOWrapper(_opened(file), "utf-8-sig", errors="surrogateescape", newline="")
    with text:
        yield from csv.reader(text, delimiter=delimiter)


def _header(files: Sequence[str], delimiter: str) -> list[str]:
    headers = {file: next(iter(_rows(file, delimiter)), []) for file in files}
    first = headers[files[0]]
    for file, header in headers.items():
        if not header:
            raise DataError("is empty. Expected a header with the names of the columns.", file)
        if not _is_text(header):
            raise DataError("the header is not valid UTF-8. Expected UTF-8. Remedy: convert the file.", file, 1)
        if header != first:
            raise DataError(f"the header {header} differs from that of {files[0]}, {first}.", file, 1)
    duplicates = sorted({n for n in first if first.count(n) > 1}) if len(set(first)) < len(first) else []
    if duplicates:
        raise DataError(f"the header names columns twice: {duplicates}. Expected different names.", files[0], 1)
    return first


def _is_text(header: Iterable[str]) -> bool:
    return not any("\udc80" <= character <= "\udcff" for character in itertools.chain.from_iterable(header))


class _Reading:
    """How the files are read into a table."""

    def __init__(
        self, connection: Any, table: str, files: Sequence[str], delimiter: str, names: Sequence[str],
        known: Mapping[str, str], header: bool,
    ) -> None:  # fmt: skip
        self._connection = connection
        self._table = table
        self._files = files
        self._delimiter = delimiter
        self._names = names
        self._known = [known.get(name) for name in names]
        self._header = header
        self._longest: int | None = None

    def sampled_types(self) -> list[str | None]:
        """What the first rows say: a type per column, None where they hold no value."""
        first = list(itertools.islice(_rows(self._files[0], self._delimiter), int(self._header), _SAMPLE))
        columns = [{row[i] for row in first if i < len(row)} - {""} for i in range(len(self._names))]
        return [known or (_type_of(values) if values else None) for known, values in zip(self._known, columns)]

    def suit(self, types: Sequence[str | None]) -> bool:
        """Reads the files with these types of columns into the table; False if values contradict them."""
        self._connection.execute(f"DROP TABLE IF EXISTS {self._table}")
        columns = ", ".join(f"{_checked(f'c{i}', t)} AS c{i}" for i, t in enumerate(types))
        try:
            self._execute(f"CREATE TABLE {self._table} AS SELECT {columns}", [t or TEXT for t in types])
        except duckdb().Error as error:
            if not isinstance(error, duckdb().ConversionException) and _CONTRADICTED not in str(error):
                raise csv_error(error, self._files, self._names, self._delimiter, _opened) from None
            return False
        doubts = [
            f"count(c{i})" if t is None else f"count(*) FILTER (isfinite(c{i}) AND abs(c{i}) >= 2.0 ** 63)"
            for i, (t, known) in enumerate(zip(types, self._known))
            if t in (None, FLOAT) and not known
        ]
        return not doubts or not any(self._connection.execute(f"SELECT {', '.join(doubts)} FROM {self._table}").fetchone())

    def types_by_all(self) -> list[str]:
        """What all rows say."""
        unknown = [i for i, known in enumerate(self._known) if known is None]
        facts = ", ".join(f"{_FACTS.format(f'c{i}')}" for i in unknown)
        try:
            row = self._execute(f"SELECT {facts or 0}", [TEXT] * len(self._names)).fetchone()
        except duckdb().Error as error:
            raise csv_error(error, self._files, self._names, self._delimiter, _opened) from None
        found = dict(zip(unknown, itertools.batched(row, 3) if False else _threes(row)))
        return [known or _type_by_facts(*found[i]) for i, known in enumerate(self._known)]

    def unsuitable(self, types: Sequence[str]) -> DataError:
        """The first value that is not of its column's type."""
        for file in self._files:
            for number, row in enumerate(_rows(file, self._delimiter), start=1):
                for name, kind, value in zip(self._names, types, row):
                    if value and not (number == 1 and self._header) and not _is(value, kind):
                        return DataError(f"{value!r} is no {kind}, which the schema says.", file, number, name)
        return DataError("values contradict the types that the schema says.", self._files[0])

    def _execute(self, selected: str, types: Sequence[str]) -> Any:
        """Runs a query over the files, once more with longer lines allowed if there are such."""
        try:
            return self._connection.execute(f"{selected} FROM {self._sql(types)}")
        except duckdb().Error as error:
            if self._longest or not too_long(error):
                raise
            self._longest = _LONGEST_LINE
            return self._connection.execute(f"{selected} FROM {self._sql(types)}")

    def _sql(self, types: Sequence[str]) -> str:
        """The files as a relation; whole numbers as texts, for `_checked`."""
        columns = ", ".join(f"'c{i}': '{FLOAT if t == FLOAT else TEXT}'" for i, t in enumerate(types))
        size = f"max_line_size = {self._longest}" if self._longest else f"buffer_size = {_BUFFER}"
        return (
            f"read_csv({file_list(self._files)}, columns = {{{columns}}}, auto_detect = false, "
            f"delim = {literal(self._delimiter)}, quote = '\"', escape = '\"', header = {self._header}, nullstr = '', "
            f"strict_mode = true, {size})"
        )


def _checked(column: str, kind: str | None) -> str:
    """A column as it is read, in its type. A cast alone would round fractions."""
    if kind != INT:
        return column
    return (
        f"CASE WHEN TRY_CAST({column} AS BIGINT)::VARCHAR = {column} THEN {column}::BIGINT "
        f"WHEN regexp_full_match(trim({column}), '{_WHOLE}') THEN {column}::BIGINT "
        f"WHEN {column} IS NOT NULL THEN error('{_CONTRADICTED}') END"
    )
