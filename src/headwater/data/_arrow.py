"""Arrow streams of batches that are made when they are asked for, handed over without a copy.

See https://arrow.apache.org/docs/format/CStreamInterface.html. Who takes a stream may release it, and what it gave,
while an exception is on its way, which functions in Python would lose. So the structures are nanoarrow's, and C
releases them; only what gets a stream's schema and batches is Python.
"""

from __future__ import annotations

import ctypes
import dataclasses
import errno
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

Failed = Callable[[BaseException], object]


@dataclasses.dataclass(frozen=True)
class Field:
    """A column.

    Args:
        name: Its name.
        kind: Its type: ``"int64"``, ``"float"``, ``"bytes"``, ``"null"``, ``"list"`` or ``"struct"``.
        children: The elements of a list, the fields of a structure.
    """

    name: str
    kind: str
    children: tuple[Field, ...] = ()


@dataclasses.dataclass(frozen=True)
class Values:
    """A column's values.

    Args:
        length: How many.
        buffers: As Arrow lays them out for the type; None where there is none.
        children: The children's.
        null_count: How many of the values are null.
    """

    length: int
    buffers: tuple[npt.NDArray[Any] | None, ...]
    children: tuple[Values, ...] = ()
    null_count: int = 0


def bits(valid: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.uint8] | None, int]:
    """A validity buffer (None: all are valid), and how many values are null."""
    nulls = len(valid) - int(np.count_nonzero(valid))
    return (np.packbits(valid, bitorder="little") if nulls else None), nulls


def _nanoarrow() -> Any:
    try:
        import nanoarrow  # noqa: PLC0415  optional
    except ImportError as error:
        raise ImportError(
            "Arrow streams need nanoarrow, which is not installed. Remedy: pip install 'headwater[validation]'"
        ) from error
    return nanoarrow


# From columns to nanoarrow's structures ----------------------------------------------------------------------------

_TYPES = {"int64": "int64", "float": "float32", "bytes": "binary", "null": "null"}  # by kind: nanoarrow's


def _type(field: Field) -> Any:
    nanoarrow = _nanoarrow()
    if field.kind == "struct":
        return nanoarrow.struct({child.name: _type(child) for child in field.children})
    if field.kind == "list":
        return nanoarrow.list_(*map(_type, field.children))
    return getattr(nanoarrow, _TYPES[field.kind])()


def _array(nanoarrow: Any, schema: Any, values: Values) -> Any:
    children = [_array(nanoarrow, schema.child(i), child) for i, child in enumerate(values.children)]
    return nanoarrow.c_array_from_buffers(
        schema, values.length, list(values.buffers), null_count=values.null_count, children=children, move=True
    )


# Streams -----------------------------------------------------------------------------------------------------------

_Fill = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
_Text = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)

_POINTER = ctypes.sizeof(ctypes.c_void_p)
_SCHEMA = 9 * 8, 7 * 8  # a structure's size in bytes, and where its release function is (on 64 bits)
_ARRAY = 10 * 8, 8 * 8


class _Stream(ctypes.Structure):
    _fields_ = (
        ("get_schema", _Fill),
        ("get_next", _Fill),
        ("get_last_error", _Text),
        ("release", ctypes.c_void_p),
        ("private_data", ctypes.c_void_p),
    )


_sources: dict[int, _Source] = {}  # by the streams' private data


class _Source:
    """What a stream gives: a schema and batches, made when they are asked for."""

    def __init__(self, field: Callable[[], Field], batches: Iterator[Values], failed: Failed | None) -> None:
        self.field, self.batches, self.failed = field, batches, failed
        self.error: Any = None
        self._c_schema: Any = None

    def fill(self, make: Callable[[], Any], address: int, place: tuple[int, int]) -> int:
        """Moves a structure to an address; zeros if there is none. What goes wrong becomes the stream's error."""
        size, release = place
        try:
            made = make()
        except BaseException as error:
            if self.failed is not None:
                self.failed(error)
            self.error = ctypes.create_string_buffer(str(error).encode(errors="replace") or repr(error).encode())
            return errno.EINTR if isinstance(error, KeyboardInterrupt) else errno.EIO
        if made is None:
            ctypes.memset(address, 0, size)
        else:
            ctypes.memmove(address, made._addr(), size)
            ctypes.memset(made._addr() + release, 0, _POINTER)  # it was moved
        return 0

    def schema(self) -> Any:
        return _nanoarrow().c_schema(_type(self.field()))

    def next_array(self) -> Any:
        values = next(self.batches, None)
        if values is None:
            return None
        if self._c_schema is None:
            self._c_schema = self.schema()
        return _array(_nanoarrow(), self._c_schema, values)


def _source(stream: int) -> _Source:
    return _sources[_Stream.from_address(stream).private_data]


@_Fill
def _get_schema(stream: int, address: int) -> int:
    source = _source(stream)
    return source.fill(source.schema, address, _SCHEMA)


@_Fill
def _get_next(stream: int, address: int) -> int:
    source = _source(stream)
    return source.fill(source.next_array, address, _ARRAY)


@_Text
def _get_last_error(stream: int) -> int | None:
    error = _source(stream).error
    return None if error is None else ctypes.addressof(error)


def stream_capsule(field: Callable[[], Field], batches: Iterator[Values], failed: Failed | None = None) -> Any:
    """A stream of batches (of arrays of a struct type), as a capsule for ``__arrow_c_stream__``.

    Args:
        field: Gives the struct type. Called when the schema is asked for.
        batches: Gives the batches. Not touched before the first is asked for.
        failed: Is told what either raises; the consumer learns its text only.

    Raises:
        ImportError: If nanoarrow is not installed.
    """
    nanoarrow = _nanoarrow()
    held = np.zeros(1, np.uint8)  # lives as long as the stream, which nanoarrow makes of an array
    array = nanoarrow.c_array_from_buffers(nanoarrow.uint8(), 1, [None, held])
    made = nanoarrow.c_array_stream(array)
    stream = _Stream.from_address(made._addr())
    _sources[stream.private_data] = _Source(field, batches, failed)
    weakref.finalize(held, _sources.pop, stream.private_data)
    stream.get_schema, stream.get_next, stream.get_last_error = _get_schema, _get_next, _get_last_error
    return made.__arrow_c_stream__()
