"""PNG pictures with 16 bits a channel, which Pillow reads and writes for grey ones alone.

Source: the PNG specification, RFC 2083. Its filters treat each byte of a pixel by itself, so a picture of n bytes a
pixel is n grey pictures of 8 bits with the same filters, and those Pillow reads.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}
_COLOURS = {channels: colour for colour, channels in _CHANNELS.items()}
# Adam7: first column and row, and steps between columns and rows, of each pass.
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def is_wide(contents: bytes) -> bool:
    """Whether this is a PNG picture with 16 bits a channel."""
    return contents.startswith(SIGNATURE) and contents[12:16] == b"IHDR" and contents[24:25] == b"\x10"


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _file(width: int, height: int, depth: int, colour: int, interlaced: int, data: bytes, level: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    return b"".join([
        SIGNATURE, _chunk(b"IHDR", header), _chunk(b"IDAT", zlib.compress(data, level)), _chunk(b"IEND", b""),
    ])  # fmt: skip


def encode(array: Any, level: int = -1) -> bytes:
    """An array ``[height, width, channels]`` of uint16 as a PNG file."""
    height, width, channels = array.shape
    rows = array.astype(">u2").view(np.uint8).reshape(height, -1)
    lines = np.concatenate([np.zeros([height, 1], np.uint8), rows], axis=1)
    return _file(width, height, 16, _COLOURS[channels], 0, lines.tobytes(), level)


def decode(contents: bytes) -> Any:
    """A PNG file of 16 bits as an array ``[height, width, channels]`` of uint16; a transparent colour makes a channel.

    Raises:
        ValueError: If the file is broken.
    """
    chunks: dict[bytes, bytes] = {}
    for kind, data in _chunks(contents):
        chunks[kind] = chunks.get(kind, b"") + data if kind == b"IDAT" else data
    if b"IHDR" not in chunks or len(chunks[b"IHDR"]) != 13:
        raise ValueError("no header")
    width, height, _, colour, *_, interlaced = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    if not width or not height or colour not in _CHANNELS or interlaced > 1:
        raise ValueError(f"{width} x {height} pixels of colour type {colour}")
    channels = _CHANNELS[colour]
    planes = _planes(chunks.get(b"IDAT", b""), width, height, 2 * channels, interlaced)
    pixels = np.stack(planes, axis=-1).reshape(height, width, channels, 2).view(">u2")[..., 0].astype(np.uint16)
    return _with_transparent(pixels, chunks.get(b"tRNS"))


def _chunks(contents: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(SIGNATURE)
    while True:
        head = contents[at : at + 8]
        if len(head) < 8:
            raise ValueError("the file is cut off")
        length, kind = struct.unpack(">I4s", head)
        data, check = contents[at + 8 : at + 8 + length], contents[at + 8 + length : at + 12 + length]
        if len(check) < 4:
            raise ValueError("the file is cut off")
        if struct.unpack(">I", check)[0] != zlib.crc32(kind + data):
            raise ValueError(f"the checksum of {kind!r} is wrong")
        if kind == b"IEND":
            return
        yield kind, data
        at += 12 + length


def _planes(packed: bytes, width: int, height: int, count: int, interlaced: int) -> list[Any]:
    """Each byte of the pixels as a picture ``[height, width]``."""
    from PIL import Image  # noqa: PLC0415  slow to import, and needed for pictures alone

    sizes = _pass_sizes(width, height) if interlaced else [(width, height)]
    total = sum(rows * (1 + columns * count) for columns, rows in sizes)
    try:
        raw = zlib.decompressobj().decompress(packed, total)
    except zlib.error as error:
        raise ValueError(str(error)) from None
    if len(raw) < total:
        raise ValueError(f"{len(raw)} of {total} bytes of pixels")
    parts: list[list[bytes]] = [[] for _ in range(count)]
    at = 0
    for columns, rows in sizes:
        size = rows * (1 + columns * count)
        lines = np.frombuffer(raw, np.uint8, size, at).reshape(rows, -1)
        at += size
        for place, part in enumerate(parts):
            part.append(np.concatenate([lines[:, :1], lines[:, 1 + place :: count]], axis=1).tobytes())
    files = [_file(width, height, 8, 0, interlaced, b"".join(part), 0) for part in parts]
    return [np.asarray(Image.open(io.BytesIO(file), formats=("PNG",))) for file in files]


def _pass_sizes(width: int, height: int) -> list[tuple[int, int]]:
    sizes = [(-(-(width - x) // dx), -(-(height - y) // dy)) for x, y, dx, dy in _PASSES]
    return [(columns, rows) for columns, rows in sizes if columns > 0 and rows > 0]


def _with_transparent(pixels: Any, colour: bytes | None) -> Any:
    if colour is None or pixels.shape[-1] not in (1, 3) or len(colour) != 2 * pixels.shape[-1]:
        return pixels
    clear = np.all(pixels == np.frombuffer(colour, ">u2"), axis=-1, keepdims=True)
    return np.concatenate([pixels, np.where(clear, 0, 65535).astype(np.uint16)], axis=-1)
