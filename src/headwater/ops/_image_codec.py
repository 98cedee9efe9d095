"""Pictures as bytes and as arrays, by Pillow."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from headwater.core.errors import InvalidArgumentError

_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
# The first bytes of each kind of file.
_MAGIC = {"JPEG": b"\xff\xd8\xff", "PNG": b"\x89PNG\r\n\x1a\n", "GIF": b"GIF8", "BMP": b"BM", "WEBP": b"RIFF"}


def kind_of(contents: bytes) -> str | None:
    """``"JPEG"``, ``"PNG"``, ``"GIF"``, ``"BMP"``, ``"WEBP"`` or None."""
    return next((kind for kind, magic in _MAGIC.items() if contents.startswith(magic)), None)


def _open(contents: bytes, kinds: tuple[str, ...]) -> Any:
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415  slow to import, and needed for pictures alone

    try:
        picture = Image.open(io.BytesIO(contents), formats=kinds)
        picture.load()
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise InvalidArgumentError(
            None,
            None,
            f"Unknown image file format. One of {', '.join(kinds)} required, received {len(contents)} bytes beginning "
            f"{contents[:8]!r}: {error}",
        ) from None
    return picture


def _with_channels(picture: Any, channels: int) -> Any:
    if channels == 0:
        if picture.mode in ("P", "1", "CMYK", "YCbCr", "PA"):
            transparent = "transparency" in picture.info or picture.mode == "PA"
            picture = picture.convert("RGBA" if transparent else "L" if picture.mode == "1" else "RGB")
        channels = len(picture.getbands())
    elif picture.mode == "P" and channels in (1, 2):
        picture = picture.convert("RGB")
    mode = _MODES[channels]
    return picture if picture.mode == mode else picture.convert(mode)


def _pixels(picture: Any) -> Any:
    array = np.asarray(picture)
    return array[..., None] if array.ndim == 2 else array


def decode(contents: bytes, kinds: tuple[str, ...], channels: int, dtype: Any) -> Any:
    """A picture as an array ``[height, width, channels]`` of uint8, uint16 or float32 (0 to 1)."""
    picture = _open(contents, kinds)
    if picture.mode.startswith("I") and channels in (0, 1):
        wide = np.asarray(picture).astype(np.uint16)[..., None]
        return wide if dtype == np.uint16 else scaled(wide, dtype)
    return scaled(_pixels(_with_channels(_narrow(picture), channels)), dtype)


def _narrow(picture: Any) -> Any:
    """A grey picture of 16 bits as one of 8."""
    if not picture.mode.startswith("I"):
        return picture
    from PIL import Image  # noqa: PLC0415

    return Image.fromarray((np.asarray(picture).astype(np.uint16) >> 8).astype(np.uint8))


def scaled(array: Any, dtype: Any) -> Any:
    """Pixels in the range of another dtype."""
    if array.dtype == dtype:
        return array
    top = 255 if array.dtype == np.uint8 else 65535
    if np.dtype(dtype).kind == "f":
        return (array.astype(np.float64) / top).astype(dtype)
    return array.astype(np.uint16) * np.uint16(257) if dtype == np.uint16 else (array >> 8).astype(np.uint8)


def decode_jpeg(contents: bytes, channels: int, ratio: int) -> Any:
    """A JPEG picture, at ``1 / ratio`` of its size."""
    from PIL import Image  # noqa: PLC0415

    if ratio != 1 and kind_of(contents) == "JPEG":
        picture = Image.open(io.BytesIO(contents))
        size = [-(-n // ratio) for n in picture.size]
        picture.draft(picture.mode, (size[0], size[1]))
        return _pixels(_with_channels(picture, channels))
    return decode(contents, ("JPEG", "PNG", "GIF", "BMP"), channels, np.uint8)


def decode_frames(contents: bytes) -> Any:
    """All frames of a GIF: ``[frames, height, width, 3]``."""
    from PIL import ImageSequence  # noqa: PLC0415

    frames = ImageSequence.Iterator(_open(contents, ("GIF",)))
    return np.stack([np.asarray(frame.convert("RGB")) for frame in frames])


def encode(array: Any, kind: str, **options: Any) -> bytes:
    """An array ``[height, width, channels]`` as a picture's bytes."""
    from PIL import Image  # noqa: PLC0415

    channels = array.shape[-1] if array.ndim == 3 else 0
    if channels not in _MODES or (kind == "JPEG" and channels not in (1, 3)):
        raise InvalidArgumentError(
            None, None, f"image must have 1{', 2, 3 or 4' if kind == 'PNG' else ' or 3'} channels in its last of three "
            f"dimensions, received shape {list(array.shape)}.",
        )  # fmt: skip
    if array.dtype == np.uint16 and channels != 1:
        raise InvalidArgumentError(
            None, None, f"PNG files of 16 bits are written with 1 channel only, received {channels}. Use tf.uint8."
        )
    out = io.BytesIO()
    Image.fromarray(array[..., 0] if channels == 1 else array).save(out, kind, **options)
    return out.getvalue()
