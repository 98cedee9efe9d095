"""Errors about data in files, which say where."""

from __future__ import annotations

from typing import Any

from headwater.core.errors import DataLossError, InvalidArgumentError, OpError


class _Located(OpError):
    """An error at a place in a file.

    Args:
        node_def: None; `OpError` has it.
        op: None; `OpError` has it.
        message: What was expected, what was received, and the remedy.
        error_code: The class's own if None.
        file: The file.
        record: The record in the file, counted from 1.
        offset: The byte of the (decompressed) file at which the record begins.
        feature: The feature's name.
    """

    def __init__(
        self,
        node_def: Any = None,
        op: Any = None,
        message: str = "",
        error_code: int | None = None,
        *,
        file: str | None = None,
        record: int | None = None,
        offset: int | None = None,
        feature: str | None = None,
    ) -> None:
        places = (
            (file, "{}"),
            (record, "record {}"),
            (offset, "at byte {}"),
            (feature, "feature {!r}"),
        )
        where = ", ".join(text.format(place) for place, text in places if place is not None)
        super().__init__(node_def, op, f"{where}: {message}" if where else message, error_code)
        self.reason, self.file, self.record, self.offset, self.feature = message, file, record, offset, feature

    def __reduce__(self) -> tuple[Any, ...]:
        return (*super().__reduce__(), self.__dict__)


class RecordError(_Located, DataLossError):
    """A record file is cut off, or its bytes do not fit their checksums.

    Attributes ``file``, ``record`` (counted from 1) and ``offset`` (byte of the decompressed file) say where.
    """


class ExampleError(_Located, InvalidArgumentError):
    """A record is no `Example`, or a feature's values have another type than before.

    Attributes ``file``, ``record`` (counted from 1), ``offset`` and ``feature`` say where.
    """
