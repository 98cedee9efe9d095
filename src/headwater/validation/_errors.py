"""Errors about data, which say where in which file."""

from __future__ import annotations


class DataError(ValueError):
    """Data cannot be read, or is not what was expected of it.

    Args:
        message: What was expected, what was received, and the remedy.
        file: The file the data is in, if any.
        row: The line of a text file, or the record of a record file, counted from 1.
        column: The column's name.
    """

    def __init__(
        self, message: str, file: str | None = None, row: int | None = None, column: str | None = None
    ) -> None:
        where = [
            part
            for part in (file, row is not None and f"line {row}", column is not None and f"column {column!r}")
            if part
        ]
        super().__init__(f"{', '.join(map(str, where))}: {message}" if where else message)
        self.file = file
        self.row = row
        self.column = column
