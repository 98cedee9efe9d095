"""Arrow's C data interface: arrays, their schemas, and streams of them, handed over without a copy.

The structures are those of https://arrow.apache.org/docs/format/CDataInterface.html and CStreamInterface.html. What a
structure points at stays in `_kept` until its consumer releases it.
"""

from __future__ import annotations

import ctypes
import dataclasses
import errno
import itertools
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

_NULLABLE = 2


@dataclasses.dataclass(frozen=True)
class Field:
    """A column's name, type (as Arrow's format string) and children."""

    name: str
    format: str
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


# Structures --------------------------------------------------------------------------------------------------------


class _Schema(ctypes.Structure):
    pass


class _Array(ctypes.Structure):
    pass


class _Stream(ctypes.Structure):
    pass


_Release = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
_Fill = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
_Text = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)

_Schema._fields_ = [
    ("format", ctypes.c_char_p),
    ("name", ctypes.c_char_p),
    ("metadata", ctypes.c_char_p),
    ("flags", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("children", ctypes.c_void_p),
    ("dictionary", ctypes.c_void_p),
    ("release", ctypes.c_void_p),
    ("private_data", ctypes.c_void_p),
]
_Array._fields_ = [
    ("length", ctypes.c_int64),
    ("null_count", ctypes.c_int64),
    ("offset", ctypes.c_int64),
    ("n_buffers", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("buffers", ctypes.c_void_p),
    ("children", ctypes.c_void_p),
    ("dictionary", ctypes.c_void_p),
    ("release", ctypes.c_void_p),
    ("private_data", ctypes.c_void_p),
]
_Stream._fields_ = [
    ("get_schema", _Fill),
    ("get_next", _Fill),
    ("get_last_error", _Text),
    ("release", ctypes.c_void_p),
    ("private_data", ctypes.c_void_p),
]

_kept: dict[int, Any] = {}  # by key: what a structure's pointers point at
_keys = itertools.count(1)


def _keep(*objects: Any) -> int:
    key = next(_keys)
    _kept[key] = objects
    return key


def _addresses(structures: Sequence[Any]) -> Any:
    return (ctypes.c_void_p * len(structures))(*map(ctypes.addressof, structures))


def _releaser(structure: Any) -> Any:
    def release(address: int) -> None:
        """Releases a structure, and those of its children that were not moved elsewhere."""
        self = structure.from_address(address)
        for child in (ctypes.c_void_p * self.n_children).from_address(self.children) if self.n_children else ():
            if structure.from_address(child).release:
                release(child)
        self.release = None
        _kept.pop(self.private_data, None)

    return _Release(release)


_release_schema = _releaser(_Schema)
_release_array = _releaser(_Array)
_SCHEMA_RELEASE = ctypes.cast(_release_schema, ctypes.c_void_p).value
_ARRAY_RELEASE = ctypes.cast(_release_array, ctypes.c_void_p).value


def _schema(field: Field) -> _Schema:
    children = [_schema(child) for child in field.children]
    addresses = _addresses(children)
    texts = field.format.encode(), field.name.encode()
    return _Schema(
        *texts, None, _NULLABLE, len(children), ctypes.addressof(addresses), None, _SCHEMA_RELEASE,
        _keep(texts, children, addresses),
    )  # fmt: skip


def _array(values: Values) -> _Array:
    children = [_array(child) for child in values.children]
    addresses = _addresses(children)
    pointers = [None if buffer is None else buffer.__array_interface__["data"][0] for buffer in values.buffers]
    buffers = (ctypes.c_void_p * len(pointers))(*pointers)
    return _Array(
        values.length, values.null_count, 0, len(pointers), len(children), ctypes.addressof(buffers),
        ctypes.addressof(addresses), None, _ARRAY_RELEASE, _keep(values.buffers, children, addresses, buffers),
    )  # fmt: skip


# Streams -----------------------------------------------------------------------------------------------------------


class _Source:
    """What a stream gives: a schema and batches, made when they are asked for."""

    def __init__(self, field: Callable[[], Field], batches: Iterator[Values]) -> None:
        self.field, self.batches = field, batches
        self.error: Any = None

    def fill(self, make: Callable[[], ctypes.Structure | None], address: int, size: int) -> int:
        """Moves a structure to an address; zeros if there is none. What goes wrong becomes the stream's error."""
        try:
            made = make()
        except BaseException as error:
            self.error = ctypes.create_string_buffer(str(error).encode(errors="replace") or repr(error).encode())
            return errno.EINTR if isinstance(error, KeyboardInterrupt) else errno.EIO
        ctypes.memset(address, 0, size) if made is None else ctypes.memmove(address, ctypes.addressof(made), size)
        return 0

    def next_array(self) -> _Array | None:
        values = next(self.batches, None)
        return None if values is None else _array(values)


def _source(stream: int) -> _Source:
    found: _Source = _kept[_Stream.from_address(stream).private_data][0]
    return found


@_Fill
def _get_schema(stream: int, address: int) -> int:
    source = _source(stream)
    return source.fill(lambda: _schema(source.field()), address, ctypes.sizeof(_Schema))


@_Fill
def _get_next(stream: int, address: int) -> int:
    source = _source(stream)
    return source.fill(source.next_array, address, ctypes.sizeof(_Array))


@_Text
def _get_last_error(stream: int) -> int | None:
    error = _source(stream).error
    return None if error is None else ctypes.addressof(error)


@_Release
def _release_stream(address: int) -> None:
    stream = _Stream.from_address(address)
    stream.release = None
    _kept.pop(stream.private_data, None)


_STREAM = b"arrow_array_stream"
_new_capsule = ctypes.pythonapi.PyCapsule_New
_new_capsule.argtypes, _new_capsule.restype = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p], ctypes.py_object
_capsules: list[tuple[Any, _Stream]] = []  # with what they point at


def _release_unheld() -> None:
    """Releases what stands in capsules that nobody holds any more, unless their consumers took it.

    A capsule's own destructor could not do it: it may run while an exception is on its way, which a callback in Python
    would lose.
    """
    ours, *counts = [sys.getrefcount(capsule) for capsule, _ in [(object(), None), *_capsules]]
    unheld = [stream for (_, stream), count in zip(_capsules, counts, strict=True) if count == ours]
    _capsules[:] = [pair for pair, count in zip(_capsules, counts, strict=True) if count > ours]
    for stream in unheld:
        if stream.release:
            _release_stream(ctypes.addressof(stream))


def stream_capsule(field: Callable[[], Field], batches: Iterator[Values]) -> Any:
    """A stream of batches (of arrays of a struct type), as a capsule for ``__arrow_c_stream__``.

    Args:
        field: Gives the struct type. Called when the schema is asked for.
        batches: Gives the batches. Not touched before the first is asked for.
    """
    _release_unheld()
    stream = _Stream(
        _get_schema, _get_next, _get_last_error, ctypes.cast(_release_stream, ctypes.c_void_p).value,
        _keep(_Source(field, batches)),
    )  # fmt: skip
    capsule = _new_capsule(ctypes.addressof(stream), _STREAM, None)
    _capsules.append((capsule, stream))
    return capsule
