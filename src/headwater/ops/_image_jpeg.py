"""Images as they look after JPEG."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater.core import dtypes
from headwater.core.errors import InvalidArgumentError
from headwater.core.op import op
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.ops import _image_codec
from headwater.ops._image_color import convert_image_dtype
from headwater.ops._image_random import Draw, fixed, stream

_DENSITY = (300, 300)


@op("AdjustJpegQuality", effect="host", spec=lambda inputs, attrs: (dtypes.uint8, inputs[0].shape))
def _THROUGH_JPEG(image: Any, quality: Any, *, dct_method: str) -> Any:
    if not 0 <= quality <= 100:
        raise InvalidArgumentError(None, None, f"quality must be in [0, 100], got {quality}.")
    file = _image_codec.encode(image, "JPEG", quality=int(quality), subsampling=2, dpi=_DENSITY)
    how = _image_codec.JpegReading(dct_method=dct_method)
    return _image_codec.decode(file, "JPEG", image.shape[-1], np.dtype(np.uint8), how)


def adjust_jpeg_quality(image: Any, jpeg_quality: Any, dct_method: str = "", name: str | None = None) -> Tensor:
    """An image as it is after JPEG of some quality.

    Args:
        image: [height, width, 1 or 3]; floats in [0, 1], or integers.
        jpeg_quality: From 0 to 100.
        dct_method: As in `tf.io.decode_jpeg`.
        name: A name for the result.

    Returns:
        A tensor of the shape and dtype of `image`.

    Raises:
        InvalidArgumentError: If the shape or the quality is another.

    >>> tf.image.adjust_jpeg_quality(np.full([8, 8, 1], 200, np.uint8), 50)[0, 0].numpy()
    array([200], dtype=uint8)
    """
    image = convert_to_tensor(image)
    quality = convert_to_tensor(jpeg_quality, dtype_hint=dtypes.int32)
    stored = convert_image_dtype(image, dtypes.uint8, saturate=True)
    pixels = _THROUGH_JPEG(stored, quality, dct_method=_image_codec.known_transform(dct_method))
    return convert_image_dtype(pixels, image.dtype, saturate=True, name=name)


def _random_quality(image: Any, least: int, most: int, draw: Draw) -> Tensor:
    if not 0 <= least <= 100 or not 0 <= most <= 100:
        raise ValueError(f"jpeg encoding range must be between 0 and 100. Received: {least} to {most}.")
    if least >= most:
        raise ValueError(
            f"`min_jpeg_quality` must be less than `max_jpeg_quality`. Received: min_jpeg_quality={least}, "
            f"max_jpeg_quality={most}."
        )
    return adjust_jpeg_quality(image, draw([], least, most, dtypes.int32))


def random_jpeg_quality(image: Any, min_jpeg_quality: int, max_jpeg_quality: int, seed: int | None = None) -> Tensor:
    """`adjust_jpeg_quality` of a quality drawn from ``[min_jpeg_quality, max_jpeg_quality)``.

    Args:
        image: As in `adjust_jpeg_quality`.
        min_jpeg_quality: The lowest quality.
        max_jpeg_quality: The first one that is too high, at most 100.
        seed: The op's own seed, see `tf.random.set_seed`.

    Raises:
        ValueError: If the range is empty or beyond 0 to 100.

    >>> tf.image.random_jpeg_quality(tf.zeros([8, 8, 3]), 75, 95).shape
    TensorShape([8, 8, 3])
    """
    return _random_quality(image, min_jpeg_quality, max_jpeg_quality, stream(seed))


def stateless_random_jpeg_quality(image: Any, min_jpeg_quality: int, max_jpeg_quality: int, seed: Any) -> Tensor:
    """`random_jpeg_quality` whose quality follows from `seed`, two integers.

    >>> tf.image.stateless_random_jpeg_quality(tf.zeros([8, 8, 3]), 75, 95, (1, 2)).shape
    TensorShape([8, 8, 3])
    """
    return _random_quality(image, min_jpeg_quality, max_jpeg_quality, fixed(seed))
