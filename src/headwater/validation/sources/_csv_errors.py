"""What DuckDB says of CSV files, in words that name the place and the remedy."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Sequence
from typing import BinaryIO

from headwater.validation._errors import DataError

_LINE = re.compile(r"CSV Error on Line: (\d+)")
# The line itself, which DuckDB repeats before what it says of it.
_QUOTED = re.compile(
    r"^Original Line: .*?(?=^\S[^\n]*(?:Expected Number|unterminated|Maximum line|Invalid uni))",
    re.DOTALL | re.MULTILINE,
)
_FILE = re.compile(r"^ +file = (.+)$", re.MULTILINE)

# What DuckDB says, and what is to be said instead, with the pattern's groups.
_REASONS = (
    (
        r"Expected Number of Columns: (\d+) Found: (\d+)",
        "has {1} fields. Expected {0}, separated by {delimiter!r}. Remedy: correct the line; a field with such a "
        "character, a quote or a line break has to be within double quotes.",
    ),
    (
        r"unterminated quote",
        "has a quoted field that does not end, or that goes on after its closing quote. Expected a quote within a "
        'quoted field to be doubled ("") and the field to end before the next separator.',
    ),
    (
        r"Maximum line size of (\d+) bytes exceeded. Actual Size: ?(\d+)",
        "is longer than {0} bytes. Remedy: check that no quote is left open; keep such large values in files of their "
        "own, or in a Parquet file.",
    ),
    (
        r"reached an invalid state",
        "ends in another way than the lines before it (\\n, \\r\\n or \\r). Expected all lines to end alike. Remedy: "
        "write the file with one kind of line end, such as with `dos2unix`.",
    ),
    (
        r"Invalid unicode",
        "is not valid UTF-8. Expected UTF-8. Remedy: convert the file, such as with `iconv -f latin1 -t utf-8`.",
    ),
)


def too_long(error: Exception) -> bool:
    """Whether a line is longer than DuckDB was told to expect."""
    return "Maximum line size" in str(error)


def csv_error(
    error: Exception, files: Sequence[str], names: Sequence[str], delimiter: str, opened: Callable[[str], BinaryIO]
) -> DataError:
    """What DuckDB says of files, with the place.

    Args:
        error: DuckDB's error.
        files: The files that were read.
        names: The columns' names.
        delimiter: What separates fields.
        opened: Opens a file for reading bytes.
    """
    text = str(error)
    said = _QUOTED.sub("", text)
    file = next((m[1].strip() for m in [_FILE.search(text)] if m), files[0])
    file = file if file in files else files[0]
    line = next((int(m[1]) for m in [_LINE.search(text)] if m), None)
    for pattern, reason in _REASONS:
        found = re.search(pattern, said)
        if found:
            column = None
            if "UTF-8" in reason:
                line, column = _undecodable(opened(file), line, delimiter, names)
            elif "ends in another way" in reason:
                line = _other_end(opened(file))
            return DataError(reason.format(*found.groups(), delimiter=delimiter), file, line, column)
    return DataError(f"{text.splitlines()[0]} Expected a CSV file in UTF-8.", file, line)


def _undecodable(
    file: BinaryIO, about: int | None, delimiter: str, names: Sequence[str]
) -> tuple[int | None, str | None]:
    """The line and the column of the first bytes that are not UTF-8."""
    with file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode()
            except UnicodeDecodeError as error:
                before = next(csv.reader([line[: error.start].decode()], delimiter=delimiter), [])
                index = max(len(before) - 1, 0)
                return number, names[index] if index < len(names) else None
    return about, None


def _other_end(file: BinaryIO) -> int | None:
    """The first line that ends otherwise than the first."""
    with file:
        ends = ((number, _end(line)) for number, line in enumerate(_lines(file), start=1))
        first = next(ends, (0, b""))[1]
        return next((number for number, end in ends if end not in (first, b"")), None)


def _lines(file: BinaryIO) -> Iterable[bytes]:
    for block in file:
        yield from block.splitlines(keepends=True)


def _end(line: bytes) -> bytes:
    return line[len(line.rstrip(b"\r\n")) :]
