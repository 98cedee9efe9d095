"""TFRecord files, read in chunks of many records.

The layout of the files stands in `headwater.ops._records`, which writes them.
"""

from __future__ import annotations

import contextlib
import functools
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
        try:
            block = self.source.read(max(self.size, min(len(tail), missing)))  # twice as much each time: linear
        except (zlib.error, EOFError) as error:
            raise self._error(f"the file cannot be decompressed from here on: {error}. {_REMEDY}") from None
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
    for _ in range(rows):  # at the limit, the padding is an empty record that ends behind it
        at += 16 + _length(data, at)[0]
        if at > limit:
            break
        starts.append(at)
    return starts


# Checksums ---------------------------------------------------------------------------------------------------------


def _verified(chunk: Chunk) -> tuple[int, str]:
    """How many records come before the first damaged one, and what is damaged there (nothing: an empty text)."""
    good_length = _stored(chunk, chunk.begin - 4) == mask(_crc_of_lengths(chunk.end - chunk.begin))
    count = len(good_length) if good_length.all() else int(np.argmin(good_length))
    if count and not _all_fit(chunk, count):
        spans = zip(chunk.begin[:count].tolist(), chunk.end[:count].tolist(), strict=True)
        crcs = np.array([masked_crc(chunk.data[begin:end]) for begin, end in spans])
        return int(np.argmin(_stored(chunk, chunk.end[:count]) == crcs)), "content"
    return count, "" if count == len(good_length) else "length"


# A message followed by its CRC-32C has always the same CRC-32C; behind both, these bytes in place of the next record's
# length and its checksum make it zero again, which is how it begins.
_RESET = bytes.fromhex("0000000000000000f62e80b0")


def _all_fit(chunk: Chunk, count: int) -> bool:
    """Whether the first records fit their checksums: in one pass over all, with a checksum that each must set to zero.

    What one damaged record leaves cannot vanish behind it, and what several leave adds up to zero once in 2**32 cases:
    as rarely as a single checksum misses damage.
    """
    start, end = chunk.begin[0], chunk.end[:count]
    data = np.frombuffer(chunk.data, np.uint8)[start : end[-1] + 4 + len(_RESET)].copy()
    tails = np.empty((count, 4 + len(_RESET)), np.uint8)
    tails[:, 4:] = np.frombuffer(_RESET, np.uint8)
    masked = (_stored(chunk, end) - mask(0)) & 0xFFFFFFFF
    tails[:, :4] = ((masked << 15 | masked >> 17) & 0xFFFFFFFF).astype("<u4")[:, None].view(np.uint8)
    data[(end - start)[:, None] + np.arange(tails.shape[1])] = tails
    return bool(google_crc32c.value(data.tobytes()) == 0)


def _stored(chunk: Chunk, position: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The checksums that stand at some positions."""
    data = np.frombuffer(chunk.data, np.uint8)
    return data[position[:, None] + np.arange(4)].view("<u4")[:, 0].astype(np.int64)


def _crc_of_lengths(length: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """CRC-32C of lengths, each as eight bytes."""
    crc = np.full(len(length), google_crc32c.value(bytes(8)), np.int64)
    for k, table in enumerate(_crc_tables()):
        crc ^= table[length >> 8 * k & 0xFF]
    return crc


@functools.cache
def _crc_tables() -> npt.NDArray[np.int64]:
    """What each value of each of four bytes changes in a CRC-32C: its checksums are linear but for a constant."""
    zeros = google_crc32c.value(bytes(8))
    rows = [[google_crc32c.value((byte << 8 * k).to_bytes(8, "little")) for byte in range(256)] for k in range(4)]
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
        if kind:
            yield _Inflated(raw, _WINDOW[kind]), None
        else:
            yield raw, status.st_size if stat.S_ISREG(status.st_mode) else None


_WINDOW = {"ZLIB": zlib.MAX_WBITS, "GZIP": zlib.MAX_WBITS | 16}
_BLOCK = 1 << 18  # bytes to read at once
_PIECE = 1 << 16  # bytes to decompress at once: what comes before damage is lost only within such a piece


def _detected(head: bytes) -> str:
    """The compression of a file that begins like this. A length with its checksum is that of no compressed file."""
    if len(head) == 12 and masked_crc(head[:8]) == int.from_bytes(head[8:], "little"):
        return ""
    if head[:2] == b"\x1f\x8b":
        return "GZIP"
    return "ZLIB" if head[:1] == b"x" and int.from_bytes(head[:2], "big") % 31 == 0 else ""


class _Inflated:
    """A compressed file, or several one after the other, as a file to read."""

    def __init__(self, file: Any, window: int) -> None:
        self._file, self._window = file, window
        self._decompressor = zlib.decompressobj(window)
        self._inside = False
        self._damage: Exception | None = None

    def read(self, size: int) -> bytes:
        """So many bytes; fewer at the end, and before damage, which is an error only when it is come to."""
        found, missing = [], size
        while missing and self._damage is None:
            try:
                piece = self._piece(min(missing, _PIECE))
            except (zlib.error, EOFError) as error:
                self._damage = error
                break
            if not piece:
                break
            found.append(piece)
            missing -= len(piece)
        if self._damage and not found:
            raise self._damage
        return b"".join(found)

    def _piece(self, size: int) -> bytes:
        """At least one byte and at most so many; none at the end."""
        while True:
            last = self._decompressor
            packed = last.unconsumed_tail or last.unused_data or self._file.read(_BLOCK)
            if last.eof:
                while packed and not (packed := packed.lstrip(b"\0")):  # some writers fill up the last block
                    packed = self._file.read(_BLOCK)
                self._decompressor = zlib.decompressobj(self._window)
            found = self._decompressor.decompress(packed, size)
            self._inside = (self._inside or bool(packed)) and not self._decompressor.eof
            if found or not (packed or self._inside):
                return found
            if not packed:
                raise EOFError("the compressed data is truncated")
