"""The ops of `tf.io` and `tf.audio`: kernels that run on the host, on bytes and arrays."""

from __future__ import annotations

import base64
import binascii
import csv
import gzip
import math
import os
import struct
import zlib
from typing import Any

import numpy as np

from headwater.core import dtypes
from headwater.core.dtypes import as_dtype
from headwater.core.errors import InvalidArgumentError
from headwater.core.op import op
from headwater.core.shapes import TensorShape
from headwater.ops import _image_codec
from headwater.ops._example_protos import messages
from headwater.ops._string_ops import each, same_shape, texts
from headwater.ops.constant import make_ndarray, make_tensor_proto
from headwater.ops.gfile import file_errors, glob, local_path

_SCALAR_TEXT = lambda inputs, attrs: (dtypes.string, TensorShape([]))  # noqa: E731


def _picture(inputs: Any, attrs: Any) -> Any:
    return as_dtype(attrs.get("dtype", "uint8")), TensorShape([None, None, attrs["channels"] or None])


# Files ----------------------------------------------------------------------------------------------------------


@op("ReadFile", effect="host", spec=_SCALAR_TEXT)
def READ_FILE(filename: Any) -> Any:
    """The bytes of a file."""
    with file_errors(), open(local_path(filename.item()), "rb") as file:
        return texts([file.read()], [])


@op("WriteFile", effect="effect", spec=lambda inputs, attrs: [])
def WRITE_FILE(filename: Any, contents: Any) -> Any:
    """Writes bytes to a file, in folders that are made if missing."""
    path = local_path(filename.item())
    with file_errors():
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        with open(path, "wb") as file:
            file.write(contents.item())
    return ()


@op("MatchingFiles", effect="host", spec=lambda inputs, attrs: (dtypes.string, TensorShape([None])))
def MATCHING_FILES(pattern: Any) -> Any:
    """The sorted paths that match patterns."""
    found = sorted(os.fsencode(path) for p in pattern.reshape(-1).tolist() for path in glob(os.fsdecode(p)))
    return texts(found, [len(found)])


# Pictures -------------------------------------------------------------------------------------------------------


@op("DecodePng", effect="host", spec=_picture)
def DECODE_PNG(contents: Any, *, channels: int, dtype: str) -> Any:
    """A picture of any kind, as PNG's op takes them."""
    return _image_codec.decode(contents.item(), "PNG", channels, np.dtype(dtype))


_BYTES = np.dtype(np.uint8)


@op("DecodeJpeg", effect="host", spec=_picture)
def DECODE_JPEG(contents: Any, *, channels: int, **reading: Any) -> Any:
    """A picture of any kind, as JPEG's op takes them."""
    return _image_codec.decode(contents.item(), "JPEG", channels, _BYTES, _image_codec.JpegReading(**reading))


@op("DecodeAndCropJpeg", effect="host", spec=_picture)
def DECODE_AND_CROP_JPEG(contents: Any, window: Any, *, channels: int, **reading: Any) -> Any:
    """A part of a JPEG picture."""
    corner = [int(n) for n in window.reshape(-1)]
    return _image_codec.decode_and_crop(contents.item(), corner, channels, _image_codec.JpegReading(**reading))


@op("DecodeBmp", effect="host", spec=_picture)
def DECODE_BMP(contents: Any, *, channels: int) -> Any:
    """A BMP picture."""
    return _image_codec.decode(contents.item(), "BMP", channels, _BYTES)


@op("DecodeGif", effect="host", spec=lambda inputs, attrs: (dtypes.uint8, TensorShape([None, None, None, 3])))
def DECODE_GIF(contents: Any) -> Any:
    """All frames of a GIF."""
    return _image_codec.decode(contents.item(), "GIF", 0, _BYTES)


def _webp_spec(inputs: Any, attrs: Any) -> Any:
    return as_dtype(attrs["dtype"]), TensorShape([None, None, None, attrs["channels"] or None])


@op("DecodeWebP", effect="host", spec=_webp_spec)
def DECODE_WEBP(contents: Any, *, channels: int, dtype: str) -> Any:
    """All frames of a WebP picture."""
    return _image_codec.decode(contents.item(), "WEBP", channels, np.dtype(dtype))


def _any_picture(inputs: Any, attrs: Any) -> Any:
    return as_dtype(attrs["dtype"]), TensorShape(None) if attrs["expand_animations"] else _picture(inputs, attrs)[1]


@op("DecodeImage", effect="host", spec=_any_picture)
def DECODE_IMAGE(contents: Any, *, channels: int, dtype: str, expand_animations: bool) -> Any:
    """A picture of any kind; an animation as all its frames."""
    pixels = _image_codec.decode(contents.item(), "image", channels, np.dtype(dtype))
    return pixels if pixels.ndim == 3 or expand_animations else pixels[0]


def _leading(inputs: Any, attrs: Any) -> Any:
    shape = inputs[0].shape
    return dtypes.string, TensorShape(None) if shape.rank is None else shape[:-3]


@op("EncodePng", effect="host", spec=_leading)
def ENCODE_PNG(image: Any, *, compression: int) -> Any:
    """Pictures as PNG files."""
    options = {} if compression < 0 else {"compress_level": compression}
    pictures = image.reshape(math.prod(image.shape[:-3]), *image.shape[-3:])
    return texts([_image_codec.encode(p, "PNG", **options) for p in pictures], image.shape[:-3])


@op("EncodeJpeg", effect="host", spec=_SCALAR_TEXT)
def ENCODE_JPEG(
    image: Any, *, quality: int, progressive: bool, optimize: bool, subsampling: int, density: Any, unit: str
) -> Any:
    """A picture as a JPEG file."""
    options = {"progressive": progressive, "optimize": optimize, "subsampling": subsampling, "dpi": density}
    file = _image_codec.encode(image, "JPEG", quality=quality, **options)
    return texts([_image_codec.per_centimetre(file) if unit == "cm" else file], [])


@op("ExtractJpegShape", effect="host", spec=lambda inputs, attrs: (as_dtype(attrs["dtype"]), TensorShape([3])))
def JPEG_SHAPE(contents: Any, *, dtype: str) -> Any:
    """Height, width and channels."""
    return np.asarray(_image_codec.jpeg_shape(contents.item()), dtype)


IS_JPEG = op("IsJpeg", effect="host", spec=same_shape(dtypes.bool))(
    each(lambda text: _image_codec.kind_of(text) == "JPEG", np.bool_)
)


# Bytes ----------------------------------------------------------------------------------------------------------


def _raw_spec(inputs: Any, attrs: Any) -> Any:
    dtype, shape = as_dtype(attrs["dtype"]), inputs[0].shape
    size = np.dtype(attrs["dtype"]).itemsize
    length = None if attrs["fixed_length"] is None else attrs["fixed_length"] // size
    return dtype, TensorShape(None) if shape.rank is None else shape.concatenate(TensorShape([length]))


@op("DecodeRaw", effect="host", spec=_raw_spec)
def DECODE_RAW(x: Any, *, dtype: str, little_endian: bool, fixed_length: int | None) -> Any:
    """The numbers whose bytes strings hold."""
    kind = np.dtype(dtype)
    rows = x.reshape(-1).tolist()
    if fixed_length is not None:
        rows = [row[:fixed_length].ljust(fixed_length, b"\0") for row in rows]
    if len({len(row) for row in rows}) > 1:
        sizes = sorted({len(row) for row in rows})
        raise InvalidArgumentError(
            None, None, f"DecodeRaw requires input strings to all be the same size, received sizes {sizes}. Give "
            "fixed_length.",
        )  # fmt: skip
    if rows and len(rows[0]) % kind.itemsize:
        raise InvalidArgumentError(
            None, None, f"Input to DecodeRaw has length {len(rows[0])} that is not a multiple of {kind.itemsize}, the "
            f"size of {kind.name}.",
        )  # fmt: skip
    joined = np.frombuffer(b"".join(rows), kind)
    found = joined if little_endian == (struct.pack("=H", 1) == b"\1\0") else joined.byteswap()
    return found.reshape(*x.shape, -1) if rows else np.zeros([*x.shape, 0], kind)


def _encode_base64(text: bytes, *, pad: bool) -> bytes:
    encoded = base64.urlsafe_b64encode(text)
    return encoded if pad else encoded.rstrip(b"=")


def _decode_base64(text: bytes) -> bytes:
    try:
        if set(text) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_="):
            raise ValueError("a character outside the web-safe alphabet")
        return base64.urlsafe_b64decode(text.rstrip(b"=") + b"=" * (-len(text.rstrip(b"=")) % 4))
    except (binascii.Error, ValueError) as error:
        raise InvalidArgumentError(
            None, None, f"Invalid character or padding found in base64: {text[:80]!r} ({error}). Expected the web-safe "
            "alphabet, with - and _.",
        ) from None  # fmt: skip


ENCODE_BASE64 = op("EncodeBase64", effect="host", spec=same_shape(dtypes.string))(each(_encode_base64))
DECODE_BASE64 = op("DecodeBase64", effect="host", spec=same_shape(dtypes.string))(each(_decode_base64))


def _decompress(text: bytes, *, kind: str) -> bytes:
    try:
        return gzip.decompress(text) if kind == "GZIP" else zlib.decompress(text) if kind == "ZLIB" else text
    except (zlib.error, OSError, EOFError) as error:
        raise InvalidArgumentError(None, None, f"Cannot decompress {len(text)} bytes as {kind}: {error}") from None


DECODE_COMPRESSED = op("DecodeCompressed", effect="host", spec=same_shape(dtypes.string))(each(_decompress))


@op("SerializeTensor", effect="host", spec=_SCALAR_TEXT)
def SERIALIZE(x: Any) -> Any:
    """A tensor as a TensorProto's bytes."""
    return texts([make_tensor_proto(x).SerializeToString()], [])


@op("ParseTensor", effect="host", spec=lambda inputs, attrs: (as_dtype(attrs["dtype"]), TensorShape(None)))
def PARSE(x: Any, *, dtype: str) -> Any:
    """A tensor from a TensorProto's bytes."""
    from google.protobuf.message import DecodeError  # noqa: PLC0415  slow to import
    from tensorboard.compat.proto import tensor_pb2  # noqa: PLC0415

    proto = tensor_pb2.TensorProto()
    try:
        proto.ParseFromString(x.item())
    except DecodeError:
        raise InvalidArgumentError(
            None, None, f"Could not parse `serialized` as TensorProto: {x.item()[:80]!r}."
        ) from None
    if as_dtype(proto.dtype).name != dtype:
        raise InvalidArgumentError(
            None, None, f"Type mismatch between parsed tensor ({as_dtype(proto.dtype).name}) and dtype ({dtype})."
        )
    return make_ndarray(proto)


# CSV ------------------------------------------------------------------------------------------------------------


@op(
    "DecodeCSV",
    effect="host",
    spec=lambda inputs, attrs: [(x.dtype, inputs[0].shape) for x in inputs[1:]],
)
def DECODE_CSV(records: Any, *defaults: Any, delimiter: str, quotes: bool, missing: str, columns: Any) -> Any:
    """One array per column; an empty field has the column's default."""
    rows = [_fields(record, delimiter, quotes) for record in records.reshape(-1).tolist()]
    chosen = range(len(defaults)) if columns is None else columns
    for index, row in enumerate(rows):
        if (columns is None and len(row) != len(defaults)) or (chosen and max(chosen) >= len(row)):
            raise InvalidArgumentError(
                None, None, f"Expect {len(defaults)} fields but have {len(row)} in record {index}. Give one default "
                "per column.",
            )  # fmt: skip
    return tuple([
        _column([row[place] for row in rows], default, missing, place).reshape(records.shape)
        for place, default in zip(chosen, defaults, strict=True)
    ])  # fmt: skip


def _fields(record: bytes, delimiter: str, quotes: bool) -> list[str]:
    text = record.decode("utf-8", "surrogateescape")
    if not quotes:
        return text.split(delimiter)
    rows = list(csv.reader([text], delimiter=delimiter, strict=True))
    return rows[0] if rows else [""]


def _column(fields: list[str], default: Any, missing: str, place: int) -> Any:
    values = [_field(text, default, missing, place, row) for row, text in enumerate(fields)]
    return texts(values, [len(values)]) if default.dtype == object else np.asarray(values, default.dtype)


def _field(text: str, default: Any, missing: str, place: int, row: int) -> Any:
    if text in ("", missing):
        if default.size == 0:
            raise InvalidArgumentError(None, None, f"Field {place} is required but missing in record {row}!")
        return default.reshape(-1)[0]
    if default.dtype == object:
        return text.encode("utf-8", "surrogateescape")
    try:
        return int(text) if default.dtype.kind in "iu" else float(text)
    except ValueError:
        raise InvalidArgumentError(
            None, None, f"Field {place} in record {row} is not a valid {default.dtype.name}: {text}"
        ) from None


# Sound ----------------------------------------------------------------------------------------------------------


def _wav_spec(inputs: Any, attrs: Any) -> Any:
    sizes = [None if attrs[key] < 0 else attrs[key] for key in ("samples", "channels")]
    return [(dtypes.float32, TensorShape(sizes)), (dtypes.int32, TensorShape([]))]


@op("DecodeWav", effect="host", spec=_wav_spec)
def DECODE_WAV(contents: Any, *, channels: int, samples: int) -> Any:
    """Samples in [-1, 1] and the rate of a WAV file of 16 bits."""
    count, rate, data = _wav_chunks(contents.item())
    sound = np.frombuffer(data[: len(data) // (2 * count) * 2 * count], "<i2").reshape(-1, count)
    sound = sound.astype(np.float32) / np.float32(32768)
    if channels >= 0:  # the last channel again where there are too few
        sound = sound[:, np.minimum(np.arange(channels), count - 1)]
    if samples >= 0:
        sound = np.concatenate([sound[:samples], np.zeros([max(samples - len(sound), 0), sound.shape[1]], np.float32)])
    return sound, np.int32(rate)


def _wav_chunks(data: bytes) -> tuple[int, int, bytes]:
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise InvalidArgumentError(None, None, f"Header mismatch: Expected RIFF ... WAVE but found {data[:12]!r}")
    at, form = 12, None
    while at + 8 <= len(data):
        name, size = data[at : at + 4], struct.unpack_from("<I", data, at + 4)[0]
        body = data[at + 8 : at + 8 + size]
        if name == b"fmt ":
            form = struct.unpack_from("<HHIIHH", body)
            if form[0] not in (1, 0xFFFE) or form[5] != 16:
                raise InvalidArgumentError(
                    None,
                    None,
                    f"Bad audio format for WAV: Expected 16-bit PCM, but got {form[5]} bits of format {form[0]}.",
                )
        elif name == b"data" and form is not None:
            return form[1], form[2], body
        at += 8 + size + size % 2
    raise InvalidArgumentError(None, None, "Data too short: expected a fmt and a data chunk in the WAV file.")


@op("EncodeWav", effect="host", spec=_SCALAR_TEXT)
def ENCODE_WAV(sound: Any, rate: Any) -> Any:
    """Samples ``[length, channels]`` in [-1, 1] as a WAV file of 16 bits."""
    if sound.ndim != 2:
        raise InvalidArgumentError(None, None, f"audio must be 2-dimensional but got shape {list(sound.shape)}")
    data = np.clip(np.rint(sound * 32767), -32768, 32767).astype("<i2").tobytes()
    channels, per_second = sound.shape[1], int(rate)
    form = struct.pack("<HHIIHH", 1, channels, per_second, per_second * channels * 2, channels * 2, 16)
    body = b"WAVEfmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", len(data)) + data
    return texts([b"RIFF" + struct.pack("<I", len(body)) + body], [])


# JSON -----------------------------------------------------------------------------------------------------------


def _example_of_json(text: bytes) -> bytes:
    from google.protobuf import json_format  # noqa: PLC0415  slow to import

    try:
        example = json_format.Parse(text, messages()["Example"]())
    except (json_format.ParseError, UnicodeDecodeError) as error:
        raise InvalidArgumentError(None, None, f"Error while parsing JSON: {error}") from None
    return bytes(example.SerializeToString(deterministic=True))


@op("DecodeJSONExample", effect="host", spec=same_shape(dtypes.string))
def DECODE_JSON_EXAMPLE(examples: Any) -> Any:
    """Examples in JSON as messages."""
    return texts([_example_of_json(text) for text in examples.reshape(-1)], examples.shape)
