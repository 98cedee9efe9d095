"""Glimpses: parts of images around points, which may reach beyond the border."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp

from headwater.core import dtypes
from headwater.core.errors import InvalidArgumentError
from headwater.core.op import op
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.ops import array, math, random
from headwater.ops._clip import clip_by_value
from headwater.ops._common import as_shape_tensor
from headwater.ops._inputs import check_shape


def _place(first: Any, count: int, limit: int) -> tuple[Any, Any]:
    """The rows (or columns) of each image that a glimpse shows, and which of them are inside."""
    places = first[:, None] + jnp.arange(count)
    return jnp.clip(places, 0, max(limit - 1, 0)), (places >= 0) & (places < limit)


@op("ExtractGlimpseV2", static=(1,))
def _GLIMPSE(images: Any, size: Any, offsets: Any, noise: Any, *, centered: bool, normalized: bool) -> Any:
    check_shape("offsets", offsets, [images.shape[0], 2])
    (height, width), (rows, columns) = images.shape[1:3], (int(n) for n in size)
    extent, sizes = jnp.asarray([height, width], offsets.dtype), jnp.asarray([rows, columns], offsets.dtype)
    if normalized:
        first = (offsets + 1) * extent / 2 - sizes / 2 if centered else offsets * extent
    else:
        first = offsets + extent / 2 if centered else offsets
    first = jnp.trunc(first).astype(jnp.int32)
    (down, inside_y), (across, inside_x) = _place(first[:, 0], rows, height), _place(first[:, 1], columns, width)
    seen = images[jnp.arange(images.shape[0])[:, None, None], down[:, :, None], across[:, None, :]]
    return jnp.where((inside_y[:, :, None] & inside_x[:, None, :])[..., None], seen, noise)


def extract_glimpse(
    input: Any,
    size: Any,
    offsets: Any,
    centered: bool = True,
    normalized: bool = True,
    noise: str = "uniform",
    name: str | None = None,
) -> Tensor:
    """A part of each image, of one size and at a place of its own; what is outside the image is noise.

    Args:
        input: Images, [batch, height, width, channels].
        size: Height and width of the parts.
        offsets: Where they are, [batch, 2], first down, then across; what the numbers mean follow from the next two.
        centered: Whether offsets count from the images' middle, else from their top left corner.
        normalized: Whether offsets are fractions of the image, else pixels. If both, they are the middle of a part,
            from -1 to 1; otherwise its top left corner.
        noise: ``"uniform"``, between the images' smallest and largest number; ``"gaussian"``, of the images' mean and
            variance, within the same limits; or ``"zero"``.
        name: A name for the result.

    Returns:
        Of shape [batch, *size, channels].

    Raises:
        InvalidArgumentError: If `noise` is none of these, or the shapes do not fit.

    >>> image = tf.reshape(tf.range(9.0), [1, 3, 3, 1])
    >>> tf.image.extract_glimpse(image, [2, 2], [[1.0, 0.0]], centered=False, normalized=False)[0, :, :, 0].numpy()
    array([[3., 4.],
           [6., 7.]], dtype=float32)
    """
    images = convert_to_tensor(input, dtypes.float32)
    places = convert_to_tensor(offsets, dtypes.float32)
    _check_ranks(images, places)
    size = as_shape_tensor(size)
    shape = array.concat([array.shape(images)[:1], size, array.shape(images)[3:]], 0)
    return _GLIMPSE(
        images, size, places, _noise(noise, shape, images), centered=bool(centered), normalized=bool(normalized),
        name=name,
    )  # fmt: skip


def _check_ranks(images: Tensor, places: Tensor) -> None:
    expected: Sequence[tuple[str, Tensor, int]] = (("input", images, 4), ("offsets", places, 2))
    for what, tensor, rank in expected:
        if tensor.shape.rank not in (None, rank):
            raise InvalidArgumentError(
                None, None, f"extract_glimpse: expected {what} of rank {rank}. Received shape {tensor.shape}."
            )


def _noise(kind: str, shape: Tensor, images: Tensor) -> Tensor:
    if kind == "zero":
        return convert_to_tensor(0.0)
    low, high = math.reduce_min(images), math.reduce_max(images)
    if kind == "uniform":
        return low + (high - low) * random.uniform(shape)
    if kind == "gaussian":
        drawn = random.normal(shape, math.reduce_mean(images), math.reduce_std(images))
        return clip_by_value(drawn, low, high)
    raise InvalidArgumentError(
        None, None, f"extract_glimpse: expected noise to be 'uniform', 'gaussian' or 'zero'. Received: {kind!r}."
    )
