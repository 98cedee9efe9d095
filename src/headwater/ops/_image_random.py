"""Random changes of images: `random_*` draw from the stateful streams, `stateless_random_*` from a seed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from headwater.core import dtypes
from headwater.core.op import op
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.ops import random
from headwater.ops._common import as_shape_tensor
from headwater.ops._image_color import adjust_brightness, adjust_contrast, adjust_hue, adjust_saturation
from headwater.ops._image_geometry import as_image
from headwater.ops.array import shape as shape_tensor

# Takes a shape, the ends of a range and a dtype; gives uniform random numbers.
Draw = Callable[..., Tensor]


def stream(seed: Any) -> Draw:
    """Draws from the stateful streams."""
    return lambda shape, low=0, high=None, dtype=dtypes.float32: random.uniform(shape, low, high, dtype, seed=seed)


def fixed(seed: Any) -> Draw:
    """Draws what follows from a seed of two integers."""

    def draw(shape: Any, low: Any = 0, high: Any = None, dtype: Any = dtypes.float32) -> Tensor:
        return random.stateless_uniform(shape, seed, minval=low, maxval=high, dtype=dtype)

    return draw


# Flips ----------------------------------------------------------------------------------------------------------


@op("ImageRandomFlip")
def _FLIP_SOME(image: Any, chance: Any, *, axis: int) -> Any:
    """One image turns over where chance is below a half, those of a batch where it is above."""
    flip = chance < 0.5 if image.ndim == 3 else chance.reshape(-1, 1, 1, 1) > 0.5
    return jnp.where(flip, jnp.flip(image, axis), image)


def _flip(image: Any, draw: Draw, axis: int, what: str) -> Tensor:
    image = as_image(image, what)
    if image.shape.rank is None:
        raise ValueError(f"{what}: 'image' (shape {image.shape}) must be of known rank. Use set_shape or ensure_shape.")
    if image.shape.rank == 3:
        chance = draw([])
    else:
        chance = draw([image.shape[0]] if image.shape[0] is not None else shape_tensor(image)[:1])
    return _FLIP_SOME(image, chance, axis=axis)


def random_flip_left_right(image: Any, seed: int | None = None) -> Tensor:
    """Mirrors the columns of each image with probability 1/2.

    >>> tf.image.random_flip_left_right(tf.zeros([2, 4, 4, 3])).shape
    TensorShape([2, 4, 4, 3])
    """
    return _flip(image, stream(seed), -2, "random_flip_left_right")


def random_flip_up_down(image: Any, seed: int | None = None) -> Tensor:
    """Mirrors the rows of each image with probability 1/2.

    >>> tf.image.random_flip_up_down(tf.zeros([4, 4, 3])).shape
    TensorShape([4, 4, 3])
    """
    return _flip(image, stream(seed), -3, "random_flip_up_down")


def stateless_random_flip_left_right(image: Any, seed: Any) -> Tensor:
    """`random_flip_left_right` whose choice follows from `seed`, two integers.

    >>> tf.image.stateless_random_flip_left_right(tf.zeros([4, 4, 3]), seed=(1, 2)).shape
    TensorShape([4, 4, 3])
    """
    return _flip(image, fixed(seed), -2, "stateless_random_flip_left_right")


def stateless_random_flip_up_down(image: Any, seed: Any) -> Tensor:
    """`random_flip_up_down` whose choice follows from `seed`, two integers.

    >>> tf.image.stateless_random_flip_up_down(tf.zeros([4, 4, 3]), seed=(1, 2)).shape
    TensorShape([4, 4, 3])
    """
    return _flip(image, fixed(seed), -3, "stateless_random_flip_up_down")


# Colours --------------------------------------------------------------------------------------------------------


def _brightness(image: Any, max_delta: float, draw: Draw) -> Tensor:
    if max_delta < 0:
        raise ValueError(f"max_delta must be non-negative, received {max_delta}.")
    return adjust_brightness(image, draw([], -max_delta, max_delta))


def _contrast(image: Any, lower: float, upper: float, draw: Draw) -> Tensor:
    _check_range(lower, upper)
    return adjust_contrast(image, draw([], lower, upper))


def _saturation(image: Any, lower: float, upper: float, draw: Draw) -> Tensor:
    _check_range(lower, upper)
    return adjust_saturation(image, draw([], lower, upper))


def _hue(image: Any, max_delta: float, draw: Draw) -> Tensor:
    if not 0 <= max_delta <= 0.5:
        raise ValueError(f"max_delta must be in [0, 0.5], received {max_delta}.")
    return adjust_hue(image, draw([], -max_delta, max_delta))


def _check_range(lower: float, upper: float) -> None:
    if upper <= lower:
        raise ValueError(f"upper must be > lower, received lower={lower} and upper={upper}.")
    if lower < 0:
        raise ValueError(f"lower must be non-negative, received {lower}.")


def random_brightness(image: Any, max_delta: float, seed: int | None = None) -> Tensor:
    """`adjust_brightness` by a number drawn from ``[-max_delta, max_delta)``.

    >>> tf.image.random_brightness(tf.zeros([4, 4, 3]), 0.2).shape
    TensorShape([4, 4, 3])
    """
    return _brightness(image, max_delta, stream(seed))


def random_contrast(image: Any, lower: float, upper: float, seed: int | None = None) -> Tensor:
    """`adjust_contrast` by a factor drawn from ``[lower, upper)``.

    >>> tf.image.random_contrast(tf.zeros([4, 4, 3]), 0.5, 1.5).shape
    TensorShape([4, 4, 3])
    """
    return _contrast(image, lower, upper, stream(seed))


def random_saturation(image: Any, lower: float, upper: float, seed: int | None = None) -> Tensor:
    """`adjust_saturation` by a factor drawn from ``[lower, upper)``.

    >>> tf.image.random_saturation(tf.zeros([4, 4, 3]), 0.5, 1.5).shape
    TensorShape([4, 4, 3])
    """
    return _saturation(image, lower, upper, stream(seed))


def random_hue(image: Any, max_delta: float, seed: int | None = None) -> Tensor:
    """`adjust_hue` by a number drawn from ``[-max_delta, max_delta)``, `max_delta` in [0, 0.5].

    >>> tf.image.random_hue(tf.zeros([4, 4, 3]), 0.1).shape
    TensorShape([4, 4, 3])
    """
    return _hue(image, max_delta, stream(seed))


def stateless_random_brightness(image: Any, max_delta: float, seed: Any) -> Tensor:
    """`random_brightness` whose number follows from `seed`, two integers.

    >>> tf.image.stateless_random_brightness(tf.zeros([4, 4, 3]), 0.2, (1, 2)).shape
    TensorShape([4, 4, 3])
    """
    return _brightness(image, max_delta, fixed(seed))


def stateless_random_contrast(image: Any, lower: float, upper: float, seed: Any) -> Tensor:
    """`random_contrast` whose factor follows from `seed`, two integers.

    >>> tf.image.stateless_random_contrast(tf.zeros([4, 4, 3]), 0.5, 1.5, (1, 2)).shape
    TensorShape([4, 4, 3])
    """
    return _contrast(image, lower, upper, fixed(seed))


def stateless_random_saturation(image: Any, lower: float, upper: float, seed: Any = None) -> Tensor:
    """`random_saturation` whose factor follows from `seed`, two integers.

    >>> tf.image.stateless_random_saturation(tf.zeros([4, 4, 3]), 0.5, 1.5, (1, 2)).shape
    TensorShape([4, 4, 3])
    """
    return _saturation(image, lower, upper, fixed(seed))


def stateless_random_hue(image: Any, max_delta: float, seed: Any) -> Tensor:
    """`random_hue` whose number follows from `seed`, two integers.

    >>> tf.image.stateless_random_hue(tf.zeros([4, 4, 3]), 0.1, (1, 2)).shape
    TensorShape([4, 4, 3])
    """
    return _hue(image, max_delta, fixed(seed))


# Crops ----------------------------------------------------------------------------------------------------------


@op("RandomCrop", static=(1,))
def _CROP_AT(value: Any, size: Any, chance: Any) -> Any:
    sizes = [n if int(s) == -1 else int(s) for s, n in zip(size, value.shape, strict=True)]
    if any(s > n for s, n in zip(sizes, value.shape, strict=True)):
        raise ValueError(f"Need value.shape >= size, got {list(value.shape)} and {sizes}")
    limits = np.asarray([n - s + 1 for s, n in zip(sizes, value.shape, strict=True)], np.int32)
    return lax.dynamic_slice(value, list(chance % limits), sizes)


def _crop(value: Any, size: Any, draw: Draw, name: str | None) -> Tensor:
    size = as_shape_tensor(size)
    chance = draw([size.shape[0]], 0, np.iinfo(np.int32).max, dtypes.int32)
    return _CROP_AT(convert_to_tensor(value), size, chance, name=name)


def random_crop(value: Any, size: Any, seed: int | None = None, name: str | None = None) -> Tensor:
    """A part of the given size at a random place.

    Args:
        value: A tensor.
        size: The size in every dimension, not larger than that of `value`.
        seed: The op's own seed, see `tf.random.set_seed`.
        name: A name for the result.

    Returns:
        A tensor of shape `size` and the dtype of `value`.

    >>> tf.image.random_crop(tf.zeros([8, 8, 3]), [4, 5, 3]).shape
    TensorShape([4, 5, 3])
    """
    return _crop(value, size, stream(seed), name)


def stateless_random_crop(value: Any, size: Any, seed: Any, name: str | None = None) -> Tensor:
    """`random_crop` at a place that follows from `seed`, two integers.

    >>> tf.image.stateless_random_crop(tf.zeros([8, 8, 3]), [4, 5, 3], seed=(1, 2)).shape
    TensorShape([4, 5, 3])
    """
    return _crop(value, size, fixed(seed), name)
