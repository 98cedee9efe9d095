"""What DuckDB says of CSV files, in words that name the place and the remedy.

DuckDB counts rows, and reads several places of a file at once. So the place is looked for again, from the beginning.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO, NamedTuple, cast

from headwater.validation._errors import DataError

# In bytes.
LONGEST_LINE = 64_000_000

_LINE = re.compile(r"CSV Error on Line: (\d+)")
# The line itself, which DuckDB repeats before what it says of it.
_QUOTED = re.compile(
    r"^Original Line: .*?(?=^\S[^\n]*(?:Expected Number|unterminated|Maximum line|Invalid uni))",
    re.DOTALL | re.MULTILINE,
)
_FILE = re.compile(r"^ +file = (.+)$", re.MULTILINE)


class Files(NamedTuple):
    """CSV files: what separates their fields, and what their columns are called."""

    paths: Sequence[str]
    delimiter: str
    names: Sequence[str]

    def rows(self, path: str, strict: bool = False) -> Iterator[tuple[int, list[str]]]:
        """The lines of a file, counted from 1, where rows begin, and their fields. Bytes that are no UTF-8 are kept.

        Args:
            path: The file.
            strict: Whether wrong quotes are errors.

        Raises:
            DataError: If a field is too long for this, or wrongly quoted.
        """
        with io.TextIOWrapper(opened(path), "utf-8-sig", errors="surrogateescape", newline="") as text:
            reader, line = csv.reader(_lines(text), delimiter=self.delimiter, strict=strict), 1
            try:
                for row in reader:
                    yield line, row
                    line = reader.line_num + 1
            except csv.Error as error:
                raise DataError(
                    f"{error}. Expected CSV, with neither open quotes nor such fields.", path, line
                ) from None


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    """The lines of a file, as long as they fit into memory."""
    for line in iter(lambda: text.readline(LONGEST_LINE), ""):
        if len(line) == LONGEST_LINE:
            raise csv.Error(f"line larger than {LONGEST_LINE} characters")
        yield line


def opened(path: str) -> BinaryIO:
    """A file, opened for reading bytes."""
    return cast(BinaryIO, gzip.open(path)) if path.endswith(".gz") else open(path, "rb")


def is_text(fields: Sequence[str]) -> bool:
    """Whether all bytes of the fields could be decoded."""
    try:
        "".join(fields).encode()
    except UnicodeEncodeError:
        return False
    return True


def too_long(error: Exception) -> bool:
    """Whether a line is longer than DuckDB was told to expect."""
    return "Maximum line size" in str(error) or "does not support a full read" in str(error)


def csv_error(error: Exception, files: Files) -> DataError:
    """What DuckDB says of files, with the place."""
    text = str(error)
    said = _QUOTED.sub("", text)
    path = next((m[1].strip() for m in [_FILE.search(text)] if m), files.paths[0])
    path = path if path in files.paths else files.paths[0]
    row = next((int(m[1]) for m in [_LINE.search(text)] if m), None)
    for pattern, reason, place in _REASONS:
        if found := re.search(pattern, said):
            line, column = place(files, path, row or 0) or (row, None)
            return DataError(reason.format(*found.groups(), delimiter=files.delimiter), path, line, column)
    return DataError(f"{text.splitlines()[0]} Expected a CSV file in UTF-8.", path, row)


_Place = tuple[int, str | None] | None


def _line_of(files: Files, path: str, row: int) -> _Place:
    """Where a row begins: rows may have several lines."""
    try:
        return next(((line, None) for n, (line, _) in enumerate(files.rows(path), start=1) if n == row), None)
    except DataError:
        return None


def _undecodable(files: Files, path: str, _row: int) -> _Place:
    """The first line, and column, of bytes that are not UTF-8."""
    try:
        line, row = next((line, row) for line, row in files.rows(path) if not is_text(row))
    except (DataError, StopIteration):
        return None
    return line, next((name for name, field in zip(files.names, row, strict=False) if not is_text([field])), None)


def _other_end(files: Files, path: str, _row: int) -> _Place:
    """The first line that ends otherwise than the first."""
    with opened(path) as file:
        blocks = (part for block in file for part in block.splitlines(keepends=True))
        ends = ((line, block[len(block.rstrip(b"\r\n")) :]) for line, block in enumerate(blocks, start=1))
        first = next(ends, (0, b""))[1]
        return next(((line, None) for line, end in ends if end not in (first, b"")), None)


# What DuckDB says, what is to be said instead, with the pattern's groups, and what finds the place.
_REASONS: Sequence[tuple[str, str, Callable[[Files, str, int], _Place]]] = (
    (
        r"Expected Number of Columns: (\d+) Found: (\d+)",
        "has {1} fields. Expected {0}, separated by {delimiter!r}. Remedy: correct the line; a field with such a "
        "character, a quote or a line break has to be within double quotes.",
        _line_of,
    ),
    (
        r"unterminated quote",
        "has a quoted field that does not end, goes on after its closing quote, or is larger than 64 MB. Expected a "
        'quote within a quoted field to be doubled ("") and the field to end before the next separator.',
        _line_of,
    ),
    (
        r"Maximum line size of (\d+) bytes exceeded. Actual Size: ?(\d+)",
        "is longer than {0} bytes. Remedy: check that no quote is left open; keep such large values in files of their "
        "own, or in a Parquet file.",
        _line_of,
    ),
    (
        r"reached an invalid state",
        "ends in another way than the lines before it (\\n, \\r\\n or \\r). Expected all lines to end alike. Remedy: "
        "write the file with one kind of line end, such as with `dos2unix`.",
        _other_end,
    ),
    (
        r"Invalid unicode",
        "is not valid UTF-8. Expected UTF-8. Remedy: convert the file, such as with `iconv -f latin1 -t utf-8`.",
        _undecodable,
    ),
)
