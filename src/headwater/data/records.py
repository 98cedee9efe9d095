"""TFRecord files, read in chunks of many records.

The layout of the files stands in `headwater.ops._records`, which writes them.
"""

from __future__ import annotations

import contextlib
import functools
import gzip
import os
import stat
import struct
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import google_crc32c
import numpy as np
import numpy.typing as npt

from headwater.data._errors import RecordError
from headwater.ops._records import check_compression, mask, masked_crc
from headwater.ops.gfile import file_errors, local_path

__all__ = ["PADDING", "Chunk", "RecordError", "read_chunks", "read_records"]

PADDING = bytes(32)  # follows the records in a chunk, so that words may be loaded at their last bytes

_LARGEST = 0x7FFFFFFF  # bytes: the most that a message may have
_length = struct.Struct("<Q").unpack_from


class Chunk(NamedTuple):
    """Records that follow each other in a file.

    Args:
        data: Bytes with the records in them, then `PADDING`.
        begin: int64 ``[records]``: where in ``data`` each record begins.
        end: int64 ``[records]``: where it ends.
        first: How many records stand before these in the file.
        offset: How many (decompressed) bytes of the file stand before ``data``.
    """

    data: bytes
    begin: npt.NDArray[np.int64]
    end: npt.NDArray[np.int64]
    first: int
    offset: int


def read_records(path: Any, compression: str | None = None, verify: bool = True) -> Iterator[bytes]:
    """The records of a file, in order.

    Args:
        path: Where.
        compression: ``"GZIP"``, ``"ZLIB"``, ``""`` for none, or None to find out.
        verify: Whether to compare the records' bytes with their checksums.

    Raises:
        NotFoundError: If there is no such file.
        RecordError: If the file is cut off or its checksums do not fit. A `DataLossError`.

    >>> import tempfile
    >>> from headwater.data.records import read_records
    >>> path = tf.io.gfile.join(tempfile.mkdtemp(), "a.tfrecord")
    >>> with tf.io.TFRecordWriter(path, "GZIP") as writer:
    ...     writer.write(b"one")
    ...     writer.write(b"two")
    >>> list(read_records(path))
    [b'one', b'two']
    """
    for chunk in read_chunks(path, compression, verify=verify):
        for begin, end in zip(chunk.begin.tolist(), chunk.end.tolist(), strict=True):
            yield chunk.data[begin:end]


def read_chunks(
    path: Any, compression: str | None = None, *, rows: int = 8192, size: int = 1 << 22, verify: bool = True
) -> Iterator[Chunk]:
    """The records of a file, many at a time.

    Memory stays within a few times ``size`` and the largest record. Records before a damaged one are given first.

    Args:
        path: Where.
        compression: ``"GZIP"``, ``"ZLIB"``, ``""`` for none, or None to find out.
        rows: The most records in a chunk.
        size: The bytes to read at once; a chunk has no more, unless one record has.
        verify: Whether to compare the records' lengths and bytes with their checksums.

    Raises:
        NotFoundError: If there is no such file.
        RecordError: If the file is cut off or its checksums do not fit. A `DataLossError`.
    """
    with _opened(path, compression) as (source, bytes_left):
        yield from _Scan(local_path(path), source, bytes_left, size, verify).chunks(rows)


class _Scan:
    """One pass over a file."""

    def __init__(self, path: str, source: Any, bytes_left: int | None, size: int, verify: bool) -> None:
        self.path, self.source, self.bytes_left, self.size, self.verify = path, source, bytes_left, size, verify
        self.data, self.at, self.first, self.offset = PADDING, 0, 0, 0

    def chunks(self, rows: int) -> Iterator[Chunk]:
        while True:
            starts = _whole_records(self.data, self.at, rows)
            if len(starts) == 1:
                if not self._more():
                    return
                continue
            start = np.array(starts, np.int64)
            chunk = Chunk(self.data, start[:-1] + 12, start[1:] - 4, self.first, self.offset)
            good, damaged = _verified(chunk) if self.verify else (len(chunk.begin), "")
            if good:
                yield chunk._replace(begin=chunk.begin[:good], end=chunk.end[:good])
            self.first, self.at = self.first + good, starts[good]
            if damaged:
                raise self._error(f"the record's {damaged} does not fit its checksum. {_REMEDY}")

    def _more(self) -> bool:
        """Reads on. False: the file is at its end."""
        tail = self.data[self.at : len(self.data) - len(PADDING)]
        missing = self._record_size(tail) - len(tail) if len(tail) >= 12 else self.size
        block = self.source.read(max(self.size, min(len(tail), missing)))  # twice as much each time: linear
        if tail and (not block or (self.bytes_left is not None and missing > self.bytes_left)):
            raise self._error(f"the file ends {len(tail)} bytes into the record: it is truncated. {_REMEDY}")
        if self.bytes_left is not None:
            self.bytes_left -= len(block)
        self.offset, self.at = self.offset + self.at, 0
        self.data = b"".join((tail, block, PADDING))
        return bool(block)

    def _record_size(self, head: bytes) -> int:
        """How many bytes a record takes, which begins like this."""
        if self.verify and masked_crc(head[:8]) != int.from_bytes(head[8:12], "little"):
            raise self._error(f"the record's length does not fit its checksum. {_REMEDY}")
        (length,) = _length(head)
        if length > _LARGEST:
            raise self._error(f"the record's length is {length} bytes. Expected less than 2 GiB. {_REMEDY}")
        return int(length) + 16

    def _error(self, message: str) -> RecordError:
        return RecordError(message=message, file=self.path, record=self.first + 1, offset=self.offset + self.at)


_REMEDY = "Copy or write the file again; for a damaged one, the records before this one can still be read."


def _whole_records(data: bytes, at: int, rows: int) -> list[int]:
    """Where records begin, from a position on, and where the last whole one ends."""
    starts, limit = [at], len(data) - len(PADDING)
    for _ in range(rows):
        if at + 16 > limit:
            break
        at += 16 + _length(data, at)[0]
        if at > limit:
            break
        starts.append(at)
    return starts


def _verified(chunk: Chunk) -> tuple[int, str]:
    """How many records come before the first damaged one, and what is damaged there (nothing: an empty text)."""
    data = np.frombuffer(chunk.data, np.uint8)
    lengths = data[(chunk.begin - 12)[:, None] + np.arange(8)]
    good_length = _stored(data, chunk.begin - 4) == mask(_crc_of_eight(lengths))
    count = len(good_length) if good_length.all() else int(np.argmin(good_length))
    spans = zip(chunk.begin[:count].tolist(), chunk.end[:count].tolist(), strict=True)
    crcs = np.array([google_crc32c.value(chunk.data[begin:end]) for begin, end in spans], np.int64)
    good = _stored(data, chunk.end[:count]) == mask(crcs)
    if not good.all():
        return int(np.argmin(good)), "content"
    return count, "" if count == len(good_length) else "length"


def _stored(data: npt.NDArray[np.uint8], position: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The checksums that stand at some positions."""
    return data[position[:, None] + np.arange(4)].view("<u4")[:, 0].astype(np.int64)


def _crc_of_eight(data: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """CRC-32C of rows of eight bytes."""
    crc = np.full(len(data), google_crc32c.value(bytes(8)), np.int64)
    for k, table in enumerate(_crc_tables()):
        crc ^= table[data[:, k]]
    return crc


@functools.cache
def _crc_tables() -> npt.NDArray[np.int64]:
    """What each value of each of eight bytes changes in a CRC-32C: its checksums are linear but for a constant."""
    zeros = google_crc32c.value(bytes(8))
    rows = [[google_crc32c.value((byte << 8 * k).to_bytes(8, "little")) for byte in range(256)] for k in range(8)]
    return np.array(rows, np.int64) ^ zeros


# Opening -----------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _opened(path: Any, compression: str | None) -> Iterator[tuple[Any, int | None]]:
    """The decompressed content as a file to read, and how many bytes it has, if known."""
    kind = None if compression is None else check_compression(compression)
    with contextlib.ExitStack() as stack:
        with file_errors():
            raw = stack.enter_context(open(local_path(path), "rb"))
            kind = _detected(raw.peek(12)[:12]) if kind is None else kind
            status = os.fstat(raw.fileno())
        if not kind:
            yield raw, status.st_size if stat.S_ISREG(status.st_mode) else None
            return
        try:
            yield gzip.GzipFile(fileobj=raw) if kind == "GZIP" else _Inflated(raw), None
        except (zlib.error, gzip.BadGzipFile, EOFError) as error:
            raise RecordError(message=f"cannot be decompressed as {kind}: {error}", file=str(path)) from error


def _detected(head: bytes) -> str:
    """The compression of a file that begins like this. A length with its checksum is that of no compressed file."""
    if len(head) == 12 and masked_crc(head[:8]) == int.from_bytes(head[8:], "little"):
        return ""
    if head[:2] == b"\x1f\x8b":
        return "GZIP"
    return "ZLIB" if head[:1] == b"x" and int.from_bytes(head[:2], "big") % 31 == 0 else ""


class _Inflated:
    """A zlib file, or several one after the other, as a file to read."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._decompressor = zlib.decompressobj()
        self._inside = False

    def read(self, size: int) -> bytes:
        """At least one byte and at most so many; none at the end."""
        while True:
            last = self._decompressor
            packed = last.unconsumed_tail or last.unused_data or self._file.read(1 << 18)
            if last.eof:
                self._decompressor = zlib.decompressobj()
            found = self._decompressor.decompress(packed, size)
            self._inside = (self._inside or bool(packed)) and not self._decompressor.eof
            if found or not (packed or self._inside):
                return found
            if not packed:
                raise EOFError("the compressed data is truncated")
