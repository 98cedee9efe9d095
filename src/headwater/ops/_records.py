"""TFRecord files: records with their lengths and checksums, one after the other; `headwater.data.records` reads them.

Each record is its length (64 bits), the length's checksum, the bytes, and their checksum; all numbers are
little-endian, checksums are CRC-32C, rotated and shifted so that a checksum of checksums stays useful.
"""

from __future__ import annotations

import dataclasses
import struct
import zlib
from typing import Any

import google_crc32c

from headwater.ops.gfile import file_errors, local_path

_MASK_DELTA = 0xA282EAD8
_COMPRESSIONS = ("", "GZIP", "ZLIB")


def mask(crc: Any) -> Any:
    """A checksum (or an array of them, int64) as TFRecord files hold it."""
    return (((crc >> 15) | (crc << 17)) + _MASK_DELTA) & 0xFFFFFFFF


def masked_crc(data: bytes) -> int:
    """The checksum of some bytes as TFRecord files hold it."""
    return int(mask(google_crc32c.value(data)))


@dataclasses.dataclass(frozen=True)
class TFRecordOptions:
    """How a TFRecord file is written.

    Args:
        compression_type: ``"GZIP"``, ``"ZLIB"``, or an empty string or None for none.
        flush_mode: Accepted for compatibility.
        input_buffer_size: Accepted for compatibility.
        output_buffer_size: Accepted for compatibility.
        window_bits: Accepted for compatibility.
        compression_level: From 0 (none) to 9 (best); None: zlib's default.
        compression_method: Accepted for compatibility.
        mem_level: Accepted for compatibility.
        compression_strategy: Accepted for compatibility.
    """

    compression_type: str | None = None
    flush_mode: int | None = None
    input_buffer_size: int | None = None
    output_buffer_size: int | None = None
    window_bits: int | None = None
    compression_level: int | None = None
    compression_method: int | None = None
    mem_level: int | None = None
    compression_strategy: int | None = None


def check_compression(kind: str | None) -> str:
    """A compression's name. Raises ValueError for an unknown one."""
    if (kind or "") not in _COMPRESSIONS:
        raise ValueError(f"Unknown compression type {kind!r}. Expected one of {_COMPRESSIONS}.")
    return kind or ""


class TFRecordWriter:
    """Writes records to a file.

    Args:
        path: Where.
        options: A `TFRecordOptions`, or the name of a compression.

    >>> import tempfile
    >>> path = tf.io.gfile.join(tempfile.mkdtemp(), "a.tfrecord")
    >>> with tf.io.TFRecordWriter(path) as writer:
    ...     writer.write(b"a record")
    """

    def __init__(self, path: Any, options: TFRecordOptions | str | None = None) -> None:
        if not isinstance(options, TFRecordOptions):
            options = TFRecordOptions(options)
        kind = check_compression(options.compression_type)
        level = -1 if options.compression_level is None else options.compression_level
        with file_errors():
            self._file: Any = open(local_path(path), "wb")  # noqa: SIM115
        bits = {"": None, "ZLIB": zlib.MAX_WBITS, "GZIP": zlib.MAX_WBITS | 16}[kind]
        self._compressor = None if bits is None else zlib.compressobj(level, wbits=bits)

    def write(self, record: Any) -> None:
        """Writes one record."""
        if isinstance(record, str):
            record = record.encode()
        length = struct.pack("<Q", len(record))
        framed = b"".join(
            (length, struct.pack("<I", masked_crc(length)), record, struct.pack("<I", masked_crc(record)))
        )
        self._file.write(framed if self._compressor is None else self._compressor.compress(framed))

    def flush(self) -> None:
        """Hands what was written to the operating system."""
        if self._compressor is not None:
            self._file.write(self._compressor.flush(zlib.Z_SYNC_FLUSH))
        self._file.flush()

    def close(self) -> None:
        """Ends and closes the file."""
        if not self._file.closed:
            if self._compressor is not None:
                self._file.write(self._compressor.flush())
            self._file.close()

    def __enter__(self) -> TFRecordWriter:
        return self

    def __exit__(self, *error: Any) -> None:
        self.close()
