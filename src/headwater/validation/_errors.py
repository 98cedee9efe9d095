"""Errors about data, which say where in which file."""

from __future__ import annotations


class DataError(ValueError):
    """Data cannot be read, or is not what was expected of it.

    Args:
        message: What was expected, what was received, and the remedy.
        file: The file the data is in, if any.
        row: The line of a text file, or the record of a record file, counted from 1.
        column: The column's name.
        offset: For a record file, the byte of its (decompressed) content at which the record begins.
    """

    def __init__(
        self,
        message: str,
        file: str | None = None,
        row: int | None = None,
        column: str | None = None,
        offset: int | None = None,
    ) -> None:
        places = (
            (file, "{}"),
            (row, "line {}" if offset is None else "record {}"),
            (offset, "at byte {}"),
            (column, "column {!r}"),
        )
        where = [text.format(place) for place, text in places if place is not None]
        super().__init__(f"{', '.join(where)}: {message}" if where else message)
        self.file = file
        self.row = row
        self.column = column
        self.offset = offset
