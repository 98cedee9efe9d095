"""Pictures as files, Pillow images and arrays."""

from __future__ import annotations

import io
import os
from typing import Any

import numpy as np

from headwater.keras._state import data_format_of, floatx

_MODES = {"grayscale": "L", "rgb": "RGB", "rgba": "RGBA"}
_RESAMPLING = ("nearest", "bilinear", "bicubic", "hamming", "box", "lanczos")


def load_img(
    path: Any,
    color_mode: str = "rgb",
    target_size: Any = None,
    interpolation: str = "nearest",
    keep_aspect_ratio: bool = False,
) -> Any:
    """A picture file as a Pillow image.

    Args:
        path: The file, or its bytes in an `io.BytesIO`.
        color_mode: ``"rgb"``, ``"rgba"`` or ``"grayscale"``.
        target_size: Height and width to resize to.
        interpolation: How: ``"nearest"``, ``"bilinear"``, ``"bicubic"``, ``"lanczos"``, ``"box"`` or ``"hamming"``.
        keep_aspect_ratio: Whether the picture is cut to the target's proportions first.

    Returns:
        A ``PIL.Image.Image``.

    Raises:
        ValueError: If an argument is none of those.
    """
    from PIL import Image  # noqa: PLC0415  (slow to import, needed here only)

    if color_mode not in _MODES:
        raise ValueError(f"Expected `color_mode` to be one of {tuple(_MODES)}, received {color_mode!r}.")
    if str(interpolation).lower() not in _RESAMPLING:
        raise ValueError(f"Expected `interpolation` to be one of {_RESAMPLING}, received {interpolation!r}.")
    if not isinstance(path, io.BytesIO | str | os.PathLike):
        raise TypeError(f"path should be path-like or io.BytesIO, received {type(path).__name__}.")
    with Image.open(path) as file:
        deep = color_mode == "grayscale" and file.mode in ("I;16", "I", "F")
        picture = file.copy() if deep else file.convert(_MODES[color_mode])
    if target_size is None:
        return picture
    height, width = target_size
    box = _largest_box(picture.size, width / height) if keep_aspect_ratio else None
    return picture.resize((width, height), Image.Resampling[str(interpolation).upper()], box)


def _largest_box(size: tuple[int, int], ratio: float) -> tuple[int, int, int, int]:
    """The largest part in the middle with this ratio of width to height."""
    width, height = size
    inner = (min(width, int(height * ratio)), min(height, int(width / ratio)))
    left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
    return left, top, left + inner[0], top + inner[1]


def img_to_array(img: Any, data_format: str | None = None, dtype: Any = None) -> Any:
    """A Pillow image as an array [height, width, channels].

    >>> tf.keras.utils.img_to_array(np.zeros([2, 3], np.uint8)).shape
    (2, 3, 1)
    """
    values = np.asarray(img, dtype=dtype or floatx())
    if values.ndim not in (2, 3):
        raise ValueError(f"Expected a picture with two or three axes, received shape {values.shape}.")
    values = values[..., None] if values.ndim == 2 else values
    return values.transpose(2, 0, 1) if data_format_of(data_format) == "channels_first" else values


def array_to_img(x: Any, data_format: str | None = None, scale: bool = True, dtype: Any = None) -> Any:
    """An array [height, width, channels] as a Pillow image.

    Args:
        x: The array, with 1, 3 or 4 channels.
        data_format: ``"channels_last"`` or ``"channels_first"``.
        scale: Whether the smallest value becomes black and the largest white.
        dtype: In which dtype to compute; default floatx.

    Returns:
        A ``PIL.Image.Image``.

    Raises:
        ValueError: If it has another number of axes or channels.
    """
    from PIL import Image  # noqa: PLC0415  (slow to import, needed here only)

    values = np.asarray(x, dtype=dtype or floatx())
    if values.ndim != 3:
        raise ValueError(f"Expected image array to have rank 3 (single image). Got array with shape: {values.shape}")
    values = values.transpose(1, 2, 0) if data_format_of(data_format) == "channels_first" else values
    if scale:
        values = values - values.min()
        values = values / (values.max() or 1) * 255
    if values.shape[2] == 1:
        deep = values.max() > 255
        return Image.fromarray(values[:, :, 0].astype("int32" if deep else "uint8"), "I" if deep else "L")
    if values.shape[2] not in (3, 4):
        raise ValueError(f"Unsupported channel number: {values.shape[2]}. Expected 1, 3 or 4.")
    return Image.fromarray(values.astype("uint8"), "RGBA" if values.shape[2] == 4 else "RGB")


def save_img(
    path: Any, x: Any, data_format: str | None = None, file_format: str | None = None, scale: bool = True, **kwargs: Any
) -> None:
    """Writes an array as a picture file.

    Args:
        path: The file, or an `io.BytesIO`.
        x: The array, as for `array_to_img`.
        data_format: ``"channels_last"`` or ``"channels_first"``.
        file_format: The format; default: by the name's ending.
        scale: Whether the smallest value becomes black and the largest white.
        **kwargs: Given to ``PIL.Image.Image.save``.
    """
    picture = array_to_img(x, data_format=data_format, scale=scale)
    if picture.mode == "RGBA" and str(file_format or path).lower().endswith(("jpg", "jpeg")):
        picture = picture.convert("RGB")  # which JPEG has no alpha for
    picture.save(path, format="jpeg" if file_format == "jpg" else file_format, **kwargs)
