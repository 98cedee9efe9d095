"""`tf.io`: files, pictures, records, and tensors as bytes."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater.core import dtypes
from headwater.core.dtypes import as_dtype
from headwater.core.errors import InvalidArgumentError
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.ops import _io_ops as ops
from headwater.ops import gfile
from headwater.ops._image_codec import known_transform
from headwater.ops._image_color import convert_image_dtype
from headwater.ops._inputs import tensor_of
from headwater.ops._parse_example import (
    FixedLenFeature,
    FixedLenSequenceFeature,
    parse_example,
    parse_single_example,
)
from headwater.ops._records import TFRecordOptions, TFRecordWriter, check_compression

__all__ = [
    "FixedLenFeature", "FixedLenSequenceFeature", "TFRecordOptions", "TFRecordWriter", "decode_and_crop_jpeg",
    "decode_base64", "decode_bmp", "decode_compressed", "decode_csv", "decode_gif", "decode_image", "decode_jpeg",
    "decode_json_example", "decode_png", "decode_raw", "decode_webp", "encode_base64", "encode_jpeg", "encode_png",
    "extract_jpeg_shape", "gfile", "is_jpeg", "matching_files", "parse_example", "parse_single_example",
    "parse_tensor", "read_file", "serialize_tensor", "write_file",
]  # fmt: skip

_PIXELS = ("uint8", "uint16", "float32")


def _text(value: Any) -> Tensor:
    return convert_to_tensor(value, None if isinstance(value, Tensor) else dtypes.string)


# Files ----------------------------------------------------------------------------------------------------------


def read_file(filename: Any, name: str | None = None) -> Tensor:
    """The bytes of a file, as a scalar string. Raises NotFoundError if there is none.

    >>> import tempfile
    >>> path = tf.io.gfile.join(tempfile.mkdtemp(), "a.txt")
    >>> tf.io.write_file(path, "text")
    >>> tf.io.read_file(path)
    <tf.Tensor: shape=(), dtype=string, numpy=b'text'>
    """
    return ops.READ_FILE(_text(filename), name=name)


def write_file(filename: Any, contents: Any, name: str | None = None) -> None:
    """Writes a string to a file; folders on the way are made."""
    ops.WRITE_FILE(_text(filename), _text(contents), name=name)


def matching_files(pattern: Any, name: str | None = None) -> Tensor:
    """The sorted paths that match a pattern, or any of a vector of patterns.

    >>> tf.io.matching_files("no such folder/*").shape
    TensorShape([0])
    """
    return ops.MATCHING_FILES(_text(pattern), name=name)


# Pictures -------------------------------------------------------------------------------------------------------


def _pixel_dtype(dtype: Any) -> str:
    name = as_dtype(dtype).name
    if name not in _PIXELS:
        raise ValueError(f"dtype must be one of {_PIXELS}, received {name}. Use tf.cast on the result.")
    return name


def decode_png(contents: Any, channels: int = 0, dtype: Any = dtypes.uint8, name: str | None = None) -> Tensor:
    """A PNG picture as an array.

    Args:
        contents: The file's bytes, a scalar string.
        channels: 1 (grey), 3 (RGB) or 4 (RGBA); 0: as many as the file has.
        dtype: uint8 or uint16.
        name: A name for the op.

    Returns:
        Of shape ``[height, width, channels]``.

    >>> tf.io.decode_png(tf.io.encode_png(np.full([2, 3, 1], 7, np.uint8))).shape
    TensorShape([2, 3, 1])
    """
    kind = _pixel_dtype(dtype)
    return ops.DECODE_PNG(_text(contents), channels=int(channels or 0), dtype=kind, name=name)


def decode_jpeg(
    contents: Any,
    channels: int = 0,
    ratio: int = 1,
    fancy_upscaling: bool = True,
    try_recover_truncated: bool = False,
    acceptable_fraction: float = 1,
    dct_method: str = "",
    name: str | None = None,
) -> Tensor:
    """A JPEG picture as an array of uint8, ``[height, width, channels]``.

    Args:
        contents: The file's bytes, a scalar string.
        channels: 1 (grey) or 3 (RGB); 0: as many as the file has.
        ratio: 1, 2, 4 or 8: the picture at this fraction of its size.
        fancy_upscaling: Whether colours, which are stored at half the resolution, are interpolated.
        try_recover_truncated: Whether a file that is cut off gives what is there instead of an error.
        acceptable_fraction: Accepted for compatibility; as in TensorFlow any beginning of a picture will do.
        dct_method: ``"INTEGER_FAST"`` (the default) or ``"INTEGER_ACCURATE"``, which always interpolates.
        name: A name for the op.

    >>> tf.io.decode_jpeg(tf.io.encode_jpeg(np.zeros([8, 8, 3], np.uint8))).shape
    TensorShape([8, 8, 3])
    """
    reading = _reading(ratio, try_recover_truncated, fancy_upscaling, dct_method)
    return ops.DECODE_JPEG(_text(contents), channels=int(channels or 0), **reading, name=name)


def _reading(ratio: int, recover: bool, fancy: bool, dct_method: str) -> dict[str, Any]:
    if ratio not in (1, 2, 4, 8):
        raise InvalidArgumentError(None, None, f"ratio must be 1, 2, 4, or 8, got {ratio}.")
    return {
        "ratio": int(ratio), "try_recover_truncated": bool(recover), "fancy_upscaling": bool(fancy),
        "dct_method": known_transform(dct_method),
    }  # fmt: skip


def decode_and_crop_jpeg(
    contents: Any,
    crop_window: Any,
    channels: int = 0,
    ratio: int = 1,
    fancy_upscaling: bool = True,
    try_recover_truncated: bool = False,
    acceptable_fraction: float = 1,
    dct_method: str = "",
    name: str | None = None,
) -> Tensor:
    """A part of a JPEG picture as an array of uint8, ``[height, width, channels]``.

    Args:
        contents: The file's bytes, a scalar string.
        crop_window: Top, left, height and width of the part, in pixels of the (scaled) picture.
        channels: As in `decode_jpeg`.
        ratio: As in `decode_jpeg`.
        fancy_upscaling: As in `decode_jpeg`.
        try_recover_truncated: As in `decode_jpeg`.
        acceptable_fraction: As in `decode_jpeg`.
        dct_method: As in `decode_jpeg`.
        name: A name for the op.

    Raises:
        InvalidArgumentError: If the file is no JPEG, or the part is not inside the picture.

    >>> tf.io.decode_and_crop_jpeg(tf.io.encode_jpeg(np.zeros([8, 8, 3], np.uint8)), [2, 1, 3, 4]).shape
    TensorShape([3, 4, 3])
    """
    window = convert_to_tensor(crop_window, dtypes.int32)
    reading = _reading(ratio, try_recover_truncated, fancy_upscaling, dct_method)
    return ops.DECODE_AND_CROP_JPEG(_text(contents), window, channels=int(channels or 0), **reading, name=name)


def decode_webp(contents: Any, channels: int = 0, dtype: Any = dtypes.uint8, name: str | None = None) -> Tensor:
    """A WebP picture as an array, ``[frames, height, width, channels]``.

    Args:
        contents: The file's bytes, a scalar string.
        channels: 3 or 4, as many as the file has, or 0.
        dtype: uint8, uint16 or float32.
        name: A name for the op.

    Raises:
        InvalidArgumentError: If the bytes are no picture.

    >>> tf.io.decode_webp(b"RIFF")
    Traceback (most recent call last):
    ...
    headwater.core.errors.InvalidArgumentError: ...
    """
    return ops.DECODE_WEBP(_text(contents), channels=int(channels or 0), dtype=_pixel_dtype(dtype), name=name)


def decode_bmp(contents: Any, channels: int = 0, name: str | None = None) -> Tensor:
    """A BMP picture as an array of uint8, ``[height, width, channels]``."""
    return ops.DECODE_BMP(_text(contents), channels=int(channels or 0), name=name)


def decode_gif(contents: Any, name: str | None = None) -> Tensor:
    """All frames of a GIF as an array of uint8, ``[frames, height, width, 3]``."""
    return ops.DECODE_GIF(_text(contents), name=name)


def decode_image(
    contents: Any,
    channels: int | None = None,
    dtype: Any = dtypes.uint8,
    name: str | None = None,
    expand_animations: bool = True,
) -> Tensor:
    """A PNG, JPEG, BMP, GIF or WebP picture as an array.

    Args:
        contents: The file's bytes, a scalar string.
        channels: As in `decode_png`; GIF has 3.
        dtype: uint8, uint16 or float32 (values from 0 to 1); to others the values are scaled as `convert_image_dtype`
            does it.
        name: A name for the op.
        expand_animations: Whether a GIF or WebP gives all frames (with the rank then unknown in graphs) or the first.

    >>> tf.io.decode_image(tf.io.encode_png(np.zeros([2, 2, 3], np.uint8)), dtype=tf.float32).dtype
    tf.float32
    """
    wanted = as_dtype(dtype)
    pixels = wanted.name if wanted.name in _PIXELS else "uint16"
    image = ops.DECODE_IMAGE(
        _text(contents),
        channels=int(channels or 0),
        dtype=pixels,
        expand_animations=bool(expand_animations),
        name=name,
    )
    return image if wanted.name == pixels else convert_image_dtype(image, wanted)


def encode_png(image: Any, compression: int = -1, name: str | None = None) -> Tensor:
    """Pictures ``[..., height, width, channels]`` of uint8 (one channel: or uint16) as PNG files.

    >>> tf.io.encode_png(np.zeros([2, 2, 1], np.uint8)).dtype
    tf.string
    """
    return ops.ENCODE_PNG(convert_to_tensor(image), compression=int(compression), name=name)


def encode_jpeg(
    image: Any,
    format: str = "",
    quality: int = 95,
    progressive: bool = False,
    optimize_size: bool = False,
    chroma_downsampling: bool = True,
    density_unit: str = "in",
    x_density: int = 300,
    y_density: int = 300,
    xmp_metadata: str = "",
    name: str | None = None,
) -> Tensor:
    """A picture ``[height, width, 1 or 3]`` of uint8 as a JPEG file.

    Args:
        image: The picture.
        format: ``"grayscale"``, ``"rgb"`` or empty: by the number of channels.
        quality: From 0 to 100.
        progressive: Whether the file shows coarse before fine.
        optimize_size: Whether to look for a smaller file.
        chroma_downsampling: Whether colours are stored at half the resolution.
        density_unit: ``"in"`` or ``"cm"``.
        x_density: Pixels per unit across.
        y_density: Pixels per unit down.
        xmp_metadata: Accepted for compatibility; not written.
        name: A name for the op.

    >>> tf.io.is_jpeg(tf.io.encode_jpeg(np.zeros([8, 8, 1], np.uint8)))
    <tf.Tensor: shape=(), dtype=bool, numpy=True>
    """
    pixels = tensor_of(image, "EncodeJpeg", (dtypes.uint8,))
    wanted = {"": None, "grayscale": 1, "rgb": 3}[format]
    found = pixels.shape[-1] if pixels.shape.rank == 3 else None
    if wanted is not None and found not in (None, wanted):
        raise ValueError(f"format {format!r} needs {wanted} channels, received an image of shape {pixels.shape}.")
    return ops.ENCODE_JPEG(
        pixels,
        quality=int(quality),
        progressive=bool(progressive),
        optimize=bool(optimize_size),
        subsampling=2 if chroma_downsampling else 0,
        density=(int(x_density), int(y_density)),
        unit=density_unit,
        name=name,
    )


def extract_jpeg_shape(contents: Any, output_type: Any = dtypes.int32, name: str | None = None) -> Tensor:
    """Height, width and channels of a JPEG picture.

    >>> tf.io.extract_jpeg_shape(tf.io.encode_jpeg(np.zeros([8, 9, 3], np.uint8))).numpy()
    array([8, 9, 3], dtype=int32)
    """
    return ops.JPEG_SHAPE(_text(contents), dtype=as_dtype(output_type).name, name=name)


def is_jpeg(contents: Any, name: str | None = None) -> Tensor:
    """Whether bytes begin as a JPEG file does.

    >>> tf.io.is_jpeg(b"GIF89a")
    <tf.Tensor: shape=(), dtype=bool, numpy=False>
    """
    return ops.IS_JPEG(_text(contents), name=name)


# Bytes ----------------------------------------------------------------------------------------------------------


def decode_raw(
    input_bytes: Any,
    out_type: Any,
    little_endian: bool = True,
    fixed_length: int | None = None,
    name: str | None = None,
) -> Tensor:
    r"""The numbers whose bytes strings hold.

    Args:
        input_bytes: Strings of one length.
        out_type: The dtype of the numbers.
        little_endian: The order of the bytes of a number.
        fixed_length: Cuts strings off, or fills them up with zeros, to so many bytes.
        name: A name for the op.

    Returns:
        Of shape ``[*input_bytes.shape, numbers per string]``.

    >>> tf.io.decode_raw(b"\x01\x00\x02\x00", tf.int16).numpy()
    array([1, 2], dtype=int16)
    """
    kind = as_dtype(out_type)
    length = None if fixed_length is None else int(fixed_length)
    return ops.DECODE_RAW(
        _text(input_bytes), dtype=kind.name, little_endian=bool(little_endian), fixed_length=length, name=name
    )


def encode_base64(input: Any, pad: bool = False, name: str | None = None) -> Tensor:
    """Strings in web-safe base64.

    >>> tf.io.encode_base64("hi?>").numpy()
    b'aGk_Pg'
    """
    return ops.ENCODE_BASE64(_text(input), pad=bool(pad), name=name)


def decode_base64(input: Any, name: str | None = None) -> Tensor:
    """Strings from web-safe base64, padded or not.

    >>> tf.io.decode_base64("aGk_Pg").numpy()
    b'hi?>'
    """
    return ops.DECODE_BASE64(_text(input), name=name)


def decode_compressed(bytes: Any, compression_type: str = "", name: str | None = None) -> Tensor:
    """Strings decompressed: ``"ZLIB"``, ``"GZIP"`` or as they are.

    >>> import zlib
    >>> tf.io.decode_compressed(zlib.compress(b"text"), "ZLIB").numpy()
    b'text'
    """
    return ops.DECODE_COMPRESSED(_text(bytes), kind=check_compression(compression_type), name=name)


def decode_json_example(json_examples: Any, name: str | None = None) -> Tensor:
    """`tf.train.Example` messages, from JSON to bytes.

    Args:
        json_examples: Strings, each an `Example` in the JSON form of protocol buffers.
        name: A name for the op.

    Returns:
        A string tensor of the same shape, for `parse_example`.

    Raises:
        InvalidArgumentError: If a string is no such JSON.

    >>> text = '{"features": {"feature": {"a": {"int64List": {"value": [1, "2"]}}}}}'
    >>> tf.io.parse_single_example(tf.io.decode_json_example(text), {"a": tf.io.FixedLenFeature([2], tf.int64)})["a"]
    <tf.Tensor: shape=(2,), dtype=int64, numpy=array([1, 2])>
    """
    return ops.DECODE_JSON_EXAMPLE(_text(json_examples), name=name)


def serialize_tensor(tensor: Any, name: str | None = None) -> Tensor:
    """A tensor as the bytes of a TensorProto.

    >>> tf.io.parse_tensor(tf.io.serialize_tensor([1, 2]), tf.int32).numpy()
    array([1, 2], dtype=int32)
    """
    return ops.SERIALIZE(convert_to_tensor(tensor), name=name)


def parse_tensor(serialized: Any, out_type: Any, name: str | None = None) -> Tensor:
    """A tensor from the bytes of a TensorProto. Raises InvalidArgumentError if it has another dtype."""
    return ops.PARSE(_text(serialized), dtype=as_dtype(out_type).name, name=name)


def decode_csv(
    records: Any,
    record_defaults: Any,
    field_delim: str = ",",
    use_quote_delim: bool = True,
    na_value: str = "",
    select_cols: Any = None,
    name: str | None = None,
) -> list[Tensor]:
    """Columns of comma-separated text.

    Args:
        records: Strings, a record each.
        record_defaults: By column, the value of empty fields, which also says the dtype; a dtype or an empty vector:
            fields may not be empty.
        field_delim: What separates fields.
        use_quote_delim: Whether double quotes enclose fields.
        na_value: Another text that means an empty field.
        select_cols: The columns wanted, in ascending order; None: all.
        name: A name for the op.

    Returns:
        A tensor per column, of the shape of `records`.

    Raises:
        InvalidArgumentError: If a record has another number of fields, or a field is not such a number.

    >>> [x.numpy().tolist() for x in tf.io.decode_csv(["1,a", ",b"], [[0], [""]])]
    [[1, 0], [b'a', b'b']]
    """
    if not isinstance(field_delim, str) or len(field_delim) != 1:
        raise ValueError(f"field_delim should be only 1 char, received {field_delim!r}.")
    defaults = [_default(value) for value in record_defaults]
    columns = None if select_cols is None else tuple([int(c) for c in select_cols])
    if columns is not None and len(columns) != len(defaults):
        raise ValueError(f"Length of select_cols and record_defaults do not match: {len(columns)}, {len(defaults)}.")
    found = ops.DECODE_CSV(
        _text(records),
        *defaults,
        delimiter=field_delim,
        quotes=bool(use_quote_delim),
        missing=na_value,
        columns=columns,
        name=name,
    )
    return list(found)


def _default(value: Any) -> Tensor:
    if isinstance(value, dtypes.DType):
        kind = object if value is dtypes.string else value.as_numpy_dtype
        return convert_to_tensor(np.zeros([0], kind), value)
    return convert_to_tensor(value)
