"""Pictures as bytes and as arrays, by Pillow."""

from __future__ import annotations

import contextlib
import io
import struct
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from headwater.core.errors import InvalidArgumentError
from headwater.ops import _jpeg_colors, _png16

_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
# The first bytes of each kind of file.
_MAGIC = {"JPEG": b"\xff\xd8\xff", "PNG": _png16.SIGNATURE, "GIF": b"GIF8", "BMP": b"BM", "WEBP": b"RIFF"}
# The parts of red, green and blue in grey, in 1 / 32768, as TensorFlow has libpng take them.
_GREY = np.array([9797, 19234, 3737], np.uint32)
_END_OF_JPEG = b"\xff\xd9"


def kind_of(contents: bytes) -> str | None:
    """``"JPEG"``, ``"PNG"``, ``"GIF"``, ``"BMP"``, ``"WEBP"`` or None."""
    return next((kind for kind, magic in _MAGIC.items() if contents.startswith(magic)), None)


def _refuse(text: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, text)


def _known_kind(contents: bytes) -> str:
    kind = kind_of(contents)
    if not contents:
        raise _refuse("Input is empty. Expected the bytes of a picture.")
    if kind is None:
        raise _refuse(
            f"Unknown image file format. One of JPEG, PNG, GIF, BMP, WebP required, received {len(contents)} bytes "
            f"beginning {contents[:8]!r}."
        )
    return kind


def _broken(contents: bytes, kind: str, reason: str) -> InvalidArgumentError:
    return _refuse(f"Invalid {kind} data, size {len(contents)}: {reason}.")


@contextlib.contextmanager
def _reading(contents: bytes, kind: str) -> Iterator[Any]:
    """Gives Pillow's `Image`; what it raises of a file becomes InvalidArgumentError."""
    from PIL import Image  # noqa: PLC0415  slow to import, and needed for pictures alone

    try:
        yield Image
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        raise _broken(contents, kind, str(error).split(" <_io")[0]) from None


def _open(contents: bytes, kind: str) -> Any:
    with _reading(contents, kind) as image:
        picture = image.open(io.BytesIO(contents), formats=(kind,))
        picture.load()
        return picture


def _with_channels(picture: Any, channels: int) -> Any:
    if channels == 0:
        if picture.mode in ("P", "1", "CMYK", "YCbCr", "PA"):
            transparent = "transparency" in picture.info or picture.mode == "PA"
            picture = picture.convert("RGBA" if transparent else "L" if picture.mode == "1" else "RGB")
        channels = len(picture.getbands())
    elif picture.mode == "P" and channels == 1:
        picture = picture.convert("RGB")
    mode = _MODES[channels]
    return picture if picture.mode == mode else picture.convert(mode)


def _pixels(picture: Any) -> Any:
    array = np.asarray(picture)
    return array[..., None] if array.ndim == 2 else array


def _rearranged(pixels: Any, channels: int) -> Any:
    """Pixels with another number of channels: grey is made and repeated as libpng does."""
    colours, alpha = (pixels, None) if pixels.shape[-1] in (1, 3) else (pixels[..., :-1], pixels[..., -1:])
    if channels in (0, pixels.shape[-1]):
        return pixels
    if channels in (1, 2) and colours.shape[-1] == 3:
        colours = (colours.astype(np.uint32) @ _GREY >> np.uint32(15)).astype(pixels.dtype)[..., None]
    elif channels in (3, 4) and colours.shape[-1] == 1:
        colours = np.repeat(colours, 3, axis=-1)
    if channels in (1, 3):
        return colours
    opaque = np.full_like(colours[..., :1], np.iinfo(pixels.dtype).max)
    return np.concatenate([colours, opaque if alpha is None else alpha], axis=-1)


def _png(contents: bytes, channels: int, dtype: Any) -> Any:
    if _png16.is_wide(contents):
        with _reading(contents, "PNG"):
            return _rearranged(_png16.decode(contents), channels)
    pixels = _rearranged(_pixels(_with_channels(_open(contents, "PNG"), 0)), channels)
    return pixels.astype(np.uint16) * np.uint16(257) if dtype == np.uint16 else pixels


class JpegReading(NamedTuple):
    """How JPEG pictures are read, by TensorFlow's names.

    Args:
        ratio: At this fraction of their size.
        try_recover_truncated: Whether they may be cut off.
        fancy_upscaling: Whether colours are interpolated rather than repeated.
        dct_method: The transform; the accurate one always interpolates.
    """

    ratio: int = 1
    try_recover_truncated: bool = False
    fancy_upscaling: bool = True
    dct_method: str = ""

    @property
    def is_fast(self) -> bool:
        """Whether by the fast transform, which is the default."""
        return self.dct_method != "INTEGER_ACCURATE"


_DEFAULT_READING = JpegReading()


def _jpeg(contents: bytes, channels: int, how: JpegReading) -> Any:
    if channels == 4:
        raise _refuse("JPEG does not support 4 channels. Expected 0, 1 or 3.")
    if how.try_recover_truncated:  # what is missing is filled when the end is there
        contents += _END_OF_JPEG
    with _reading(contents, "JPEG") as image:
        picture = image.open(io.BytesIO(contents), formats=("JPEG",))
        grey = channels == 1 and picture.mode in ("L", "RGB")
        mixed = not grey and how.is_fast and how.fancy_upscaling and how.ratio < 8 and _has_luma(picture)
        parts = _repeats(picture, how.ratio) if mixed else []
        _prepare(picture, "L" if grey else "YCbCr" if parts else picture.mode, how)
        picture.load()
    if not parts:
        return _pixels(_with_channels(picture, channels))
    components = np.moveaxis(np.asarray(picture), -1, 0)
    whole = [_jpeg_colors.interpolated(c, *part) for c, part in zip(components, parts, strict=True)]
    return _rearranged(_jpeg_colors.to_rgb(*whole), channels)


def _has_luma(picture: Any) -> bool:
    """Whether the components are luma and two colour differences."""
    names = bytes(layer[0] for layer in picture.layer)
    return picture.mode == "RGB" and picture.info.get("adobe_transform", 1) == 1 and names != b"RGB"


def _repeats(picture: Any, ratio: int) -> list[tuple[int, int]]:
    """How often values of the components are repeated; nothing if none are."""
    parts = _jpeg_colors.expansions(picture.layer, ratio)
    return parts if any(part != (1, 1) for part in parts) else []


def _prepare(picture: Any, mode: str, how: JpegReading) -> None:
    width, height = picture.size
    # Pillow takes the largest fraction that still covers a size: ask for a little less.
    picture.draft(mode, None if how.ratio == 1 else (width / (how.ratio + 0.5), height / (how.ratio + 0.5)))
    fast_and_not_interpolated = how.is_fast or not how.fancy_upscaling
    picture.decoderconfig = (how.ratio, int(fast_and_not_interpolated))


def _bmp(contents: bytes, channels: int) -> Any:
    if channels == 1:
        raise _refuse("`channels` must be 0, 3 or 4 for BMP, but got 1. Use tf.image.rgb_to_grayscale.")
    if contents[28:30] != b"\x20\x00":
        return _pixels(_with_channels(_open(contents, "BMP"), channels))
    return _rearranged(_bmp_of_32_bits(contents), channels)


def _bmp_of_32_bits(contents: bytes) -> Any:
    """The four channels, of which Pillow leaves out the last."""
    start, _, width, height = struct.unpack_from("<IIii", contents, 10)
    rows, size = abs(height), 4 * width * abs(height)
    if width <= 0 or len(contents) - start < size:
        reason = f"{width} x {rows} pixels of 32 bits need {size} bytes, received {len(contents) - start}"
        raise _broken(contents, "BMP", reason)
    pixels = np.frombuffer(contents, np.uint8, size, start).reshape(rows, width, 4)[..., [2, 1, 0, 3]]
    return pixels[::-1] if height > 0 else pixels


def _frames(contents: bytes, kind: str, mode: str) -> list[Any]:
    """The frames of an animation; of a file that is cut off those that are whole."""
    picture = _open(contents, kind)
    with _reading(contents, kind):
        found = [np.asarray(picture.convert(mode))]
    with contextlib.suppress(OSError, EOFError, SyntaxError, ValueError):
        for place in range(1, getattr(picture, "n_frames", 1)):
            picture.seek(place)
            found.append(np.asarray(picture.convert(mode)))
    return found


def _gif(contents: bytes, channels: int) -> Any:
    if channels not in (0, 3):
        raise _refuse(f"channels must be 0 or 3 for GIF, got {channels}.")
    return np.stack(_frames(contents, "GIF", "RGB"))


def _webp(contents: bytes, channels: int, dtype: Any) -> Any:
    if dtype == np.uint16:
        raise _refuse("WebP only supports uint8 for dtype, got uint16. Use tf.cast on the result.")
    if channels not in (0, 3, 4):
        raise _refuse(f"WebP only supports 3 or 4 channels, got {channels}.")
    mode = _open(contents, "WEBP").mode
    if channels and channels != len(mode):
        raise _refuse(f"Number of channels requested does not match input: received {channels} for a file of {mode}.")
    return np.stack(_frames(contents, "WEBP", mode))


def decode(contents: bytes, asked: str, channels: int, dtype: Any, how: JpegReading = _DEFAULT_READING) -> Any:
    """A picture of any kind as an array of uint8, uint16 or a float from 0 to 1.

    Args:
        contents: The file.
        asked: The kind the op is named after, or ``"image"``.
        channels: How many channels; 0: as many as the file has.
        dtype: The dtype of the result.
        how: How JPEG pictures are read.

    Returns:
        ``[height, width, channels]``; of an animation ``[frames, height, width, channels]``.
    """
    kind = _known_kind(contents)
    _check_channels(channels)
    if (kind == "BMP" and asked not in ("BMP", "image")) or (asked == "BMP" and kind != "BMP"):
        op = f"decode_{kind.lower()}"
        raise _refuse(f"Trying to decode {kind} format using a wrong op. Use `{op}` or `decode_image` instead.")
    if kind == "PNG":
        pixels = _png(contents, channels, dtype)
    elif kind == "JPEG":
        pixels = _jpeg(contents, channels, how)
    elif kind == "WEBP":
        pixels = _webp(contents, channels, dtype)
    else:
        pixels = (_bmp if kind == "BMP" else _gif)(contents, channels)
    return scaled(_shaped(pixels, kind, asked), dtype)


def _check_channels(channels: int) -> None:
    if channels not in (0, 1, 3, 4):
        raise _refuse(f"`channels` must be 0, 1, 3 or 4 but got {channels}.")


def _shaped(pixels: Any, kind: str, asked: str) -> Any:
    if asked == "GIF":
        return pixels if pixels.ndim == 4 else _rearranged(pixels, 3)[None]
    if kind == "GIF" and asked in ("PNG", "JPEG"):
        if len(pixels) > 1:
            raise _refuse(
                f"Got {len(pixels)} frames, but animated gifs can only be decoded by tf.io.decode_gif or "
                "tf.io.decode_image."
            )
        return pixels[0]
    return pixels


def scaled(array: Any, dtype: Any) -> Any:
    """Pixels in the range of another dtype."""
    if array.dtype == dtype:
        return array
    top = 255 if array.dtype == np.uint8 else 65535
    if np.dtype(dtype).kind == "f":
        return (array.astype(np.float64) / top).astype(dtype)
    return array.astype(np.uint16) << np.uint16(8) if dtype == np.uint16 else (array >> 8).astype(np.uint8)


def decode_and_crop(contents: bytes, window: Sequence[int], channels: int, how: JpegReading) -> Any:
    """The part ``(top, left, height, width)`` of a JPEG picture."""
    kind = _known_kind(contents)
    _check_channels(channels)
    if kind != "JPEG":
        raise _refuse(f"DecodeAndCropJpeg operation can run on JPEG only, but detected {kind}.")
    if len(window) != 4:
        raise _refuse(f"crop_window must have four elements, received {len(window)}: top, left, height and width.")
    pixels = _jpeg(contents, channels, how)
    top, left, height, width = window
    inside = top >= 0 and left >= 0 and top + height <= pixels.shape[0] and left + width <= pixels.shape[1]
    if not inside or height <= 0 or width <= 0:
        raise _refuse(
            f"Invalid crop window {list(window)} (top, left, height, width) for a picture of {pixels.shape[0]} x "
            f"{pixels.shape[1]} pixels."
        )
    return pixels[top : top + height, left : left + width]


def jpeg_shape(contents: bytes) -> tuple[int, int, int]:
    """Height, width and channels of a JPEG picture, by its header."""
    with _reading(contents, "JPEG") as image:
        picture = image.open(io.BytesIO(contents), formats=("JPEG",))
    return picture.size[1], picture.size[0], len(picture.getbands())


def encode(array: Any, kind: str, **options: Any) -> bytes:
    """An array ``[height, width, channels]`` as a picture's bytes."""
    from PIL import Image  # noqa: PLC0415

    channels = array.shape[-1] if array.ndim == 3 else 0
    if channels not in _MODES or (kind == "JPEG" and channels not in (1, 3)) or array.size == 0:
        raise _refuse(
            f"image must have 1{', 2, 3 or 4' if kind == 'PNG' else ' or 3'} channels in its last of three dimensions "
            f"and at least one pixel, received shape {list(array.shape)}."
        )
    if array.dtype not in ((np.uint8, np.uint16) if kind == "PNG" else (np.uint8,)):
        raise _refuse(f"Pictures are of uint8{' or uint16' if kind == 'PNG' else ''}, received {array.dtype}.")
    if array.dtype == np.uint16:
        return _png16.encode(array, options.get("compress_level", -1))
    if kind == "JPEG" and channels == 1:
        options["subsampling"] = 0  # there are no colours to store at less than the resolution
    out = io.BytesIO()
    Image.fromarray(array[..., 0] if channels == 1 else array).save(out, kind, **options)
    return out.getvalue()


_UNIT_OF_DENSITY = 13


def per_centimetre(file: bytes) -> bytes:
    """A JPEG file whose density is taken per centimetre, which Pillow cannot write."""
    return file[:_UNIT_OF_DENSITY] + b"\x02" + file[_UNIT_OF_DENSITY + 1 :]


def known_transform(dct_method: str) -> str:
    """A transform's name. Raises InvalidArgumentError if TensorFlow has none of that name."""
    if dct_method not in ("", "INTEGER_FAST", "INTEGER_ACCURATE"):
        raise _refuse(f"dct_method must be one of {{'', 'INTEGER_FAST', 'INTEGER_ACCURATE'}}, received {dct_method!r}.")
    return dct_method
