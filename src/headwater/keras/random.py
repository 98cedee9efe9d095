"""`keras.random`: random numbers from seeds, and seeds for layers. Numbers are those of TensorFlow on a CPU."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater.core.dtypes import DType, as_dtype
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.keras._random import SeedGenerator, global_generator
from headwater.keras._state import floatx
from headwater.ops import _sort, array, math, nn
from headwater.ops import random as tf_random

__all__ = [
    "SeedGenerator", "beta", "binomial", "categorical", "dropout", "gamma", "normal", "randint", "shuffle",
    "truncated_normal", "uniform",
]  # fmt: skip

# Seeds are taken modulo this number.
_SEEDS = 2**31 - 2
# What is added to a seed for a second, independent draw.
_APART = 12


def _seed(seed: Any) -> Any:
    """Two integers for a stateless op, from what a function was given as `seed`.

    Raises:
        ValueError: If it is neither an integer nor a `SeedGenerator` nor None.
    """
    if seed is None or isinstance(seed, SeedGenerator):
        drawn = global_generator().next(ordered=False) if seed is None else seed.next()
        return math.floormod(math.cast(drawn, "int64"), np.int64(_SEEDS))
    if not isinstance(seed, int | np.integer) or isinstance(seed, bool):
        raise ValueError(
            "Argument `seed` must be either an integer or an instance of `SeedGenerator`. Received: "
            f"seed={seed!r} (of type {type(seed)})"
        )
    return np.array([int(seed) % _SEEDS, 0], np.int64)


def _float(dtype: Any, function: str) -> DType:
    found = as_dtype(dtype or floatx())
    if not found.is_floating:
        raise ValueError(f"`keras.random.{function}` requires a floating point `dtype`. Received: dtype={found.name}")
    return found


def normal(shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None) -> Tensor:
    """Normally distributed numbers.

    Args:
        shape: The shape of the result.
        mean: The mean.
        stddev: The standard deviation.
        dtype: A float dtype; default floatx.
        seed: An integer, for the same numbers at every call; a `SeedGenerator`, for other ones each time; or None for
            the generator that `keras.utils.set_random_seed` seeds.

    Returns:
        A tensor.

    >>> tf.keras.random.normal((2,), seed=7).numpy().round(3)
    array([-0.674, -0.359], dtype=float32)
    """
    return tf_random.stateless_normal(shape, _seed(seed), mean, stddev, _float(dtype, "normal"))


def uniform(shape: Any, minval: Any = 0.0, maxval: Any = 1.0, dtype: Any = None, seed: Any = None) -> Tensor:
    """Uniformly distributed numbers from `minval` up to, but without, `maxval`.

    Args:
        shape: The shape of the result.
        minval: The lower end.
        maxval: The upper end.
        dtype: A float dtype; default floatx.
        seed: See `normal`.

    Returns:
        A tensor.

    >>> tf.keras.random.uniform((2,), 1, 5, seed=7).numpy().round(3)
    array([3.988, 3.689], dtype=float32)
    """
    return tf_random.stateless_uniform(shape, _seed(seed), minval, maxval, _float(dtype, "uniform"))


def truncated_normal(shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None) -> Tensor:
    """Normally distributed numbers within two standard deviations.

    Args:
        shape: The shape of the result.
        mean: The mean.
        stddev: The standard deviation, before numbers further off are drawn again.
        dtype: A float dtype; default floatx.
        seed: See `normal`.

    Returns:
        A tensor.

    >>> tf.keras.random.truncated_normal((100,), seed=1).numpy().max() < 2
    np.True_
    """
    return tf_random.stateless_truncated_normal(shape, _seed(seed), mean, stddev, _float(dtype, "truncated_normal"))


def randint(shape: Any, minval: Any, maxval: Any, dtype: Any = "int32", seed: Any = None) -> Tensor:
    """Integers from `minval` up to, but without, `maxval`.

    Args:
        shape: The shape of the result.
        minval: The lower end.
        maxval: The upper end.
        dtype: An integer dtype.
        seed: See `normal`.

    Returns:
        A tensor.

    >>> tf.keras.random.randint((5,), 0, 10, seed=7).numpy()
    array([3, 2, 8, 2, 1], dtype=int32)
    """
    wanted = as_dtype(dtype)
    if not wanted.is_integer:
        raise ValueError(f"`keras.random.randint` requires an integer `dtype`. Received: dtype={wanted.name}")
    drawn = wanted if wanted.name in ("int32", "int64") else as_dtype("int64")
    return math.cast(tf_random.stateless_uniform(shape, _seed(seed), minval, maxval, drawn), wanted)


def categorical(logits: Any, num_samples: int, dtype: Any = "int32", seed: Any = None) -> Tensor:
    """Classes drawn by their unnormalized log-probabilities.

    Args:
        logits: [batch, classes].
        num_samples: How many classes are drawn for each row.
        dtype: The dtype of the result.
        seed: See `normal`.

    Returns:
        A tensor [batch, num_samples].

    >>> tf.keras.random.categorical([[0.0, -1000.0]], 3, seed=1).numpy()
    array([[0, 0, 0]], dtype=int32)
    """
    return math.cast(tf_random.stateless_categorical(logits, num_samples, _seed(seed), "int64"), dtype)


def gamma(shape: Any, alpha: Any, dtype: Any = None, seed: Any = None) -> Tensor:
    """Gamma distributed numbers of the rate 1.

    Args:
        shape: The shape of the result, with which `alpha` broadcasts.
        alpha: The distribution's shape parameter.
        dtype: A float dtype; default floatx.
        seed: See `normal`.

    Returns:
        A tensor.

    >>> tf.keras.random.gamma((3,), 2.0, seed=7).numpy().round(3)
    array([1.408, 2.97 , 3.616], dtype=float32)
    """
    found = _float(dtype, "gamma")
    return tf_random.stateless_gamma(shape, _seed(seed), math.cast(convert_to_tensor(alpha), found), dtype=found)


def binomial(shape: Any, counts: Any, probabilities: Any, dtype: Any = None, seed: Any = None) -> Tensor:
    """How many of `counts` trials succeed.

    Args:
        shape: The shape of the result, with which the parameters broadcast.
        counts: How many trials there are.
        probabilities: How probable success is.
        dtype: The dtype of the result; default floatx.
        seed: See `normal`.

    Returns:
        A tensor.

    >>> tf.keras.random.binomial((4,), 10.0, 0.3, seed=7).numpy()
    array([4., 2., 3., 3.], dtype=float32)
    """
    return tf_random.stateless_binomial(shape, _seed(seed), counts, probabilities, dtype or floatx())


def beta(shape: Any, alpha: Any, beta: Any, dtype: Any = None, seed: Any = None) -> Tensor:
    """Beta distributed numbers: of two gamma distributed ones, the part that the first has of their sum.

    Args:
        shape: The shape of the result, with which the parameters broadcast.
        alpha: The first shape parameter.
        beta: The second one.
        dtype: A float dtype; default floatx.
        seed: See `normal`.

    Returns:
        A tensor of numbers from 0 to 1.

    >>> tf.keras.random.beta((2,), 2.0, 3.0, seed=7).numpy().round(3)
    array([0.243, 0.638], dtype=float32)
    """
    found = _float(dtype, "beta")
    first = math.cast(convert_to_tensor(_seed(seed)), "int32")
    seeds = first, first + _APART
    parts = [
        tf_random.stateless_gamma(shape, each, math.cast(convert_to_tensor(parameter), found), dtype=found)
        for each, parameter in zip(seeds, (alpha, beta), strict=True)
    ]
    return parts[0] / (parts[0] + parts[1])


def dropout(inputs: Any, rate: float, noise_shape: Any = None, seed: Any = None) -> Tensor:
    """Sets a random part of the inputs to 0 and scales up the rest.

    Args:
        inputs: A float tensor.
        rate: The part that is dropped.
        noise_shape: The shape of the random mask, 1 where it is shared; None: that of the inputs.
        seed: See `normal`.

    Returns:
        A tensor.

    >>> tf.keras.random.dropout(tf.ones([2, 4]), 0.5, seed=7).numpy()
    array([[2., 2., 0., 2.],
           [0., 2., 0., 2.]], dtype=float32)
    """
    inputs = convert_to_tensor(inputs)
    if rate >= 1:
        return array.zeros_like(inputs)
    return nn.experimental.stateless_dropout(inputs, rate, _seed(seed), noise_shape=noise_shape)


def shuffle(x: Any, axis: int = 0, seed: Any = None) -> Tensor:
    """The slices along an axis in random order.

    Args:
        x: A tensor.
        axis: The axis.
        seed: See `normal`.

    Returns:
        A tensor of the same shape.

    >>> tf.keras.random.shuffle([0, 1, 2, 3, 4, 5], seed=7).numpy()
    array([2, 4, 3, 5, 1, 0], dtype=int32)
    """
    x = convert_to_tensor(x)
    draw = tf_random.stateless_uniform([array.shape(x)[axis]], _seed(seed))
    return array.gather(x, _sort.argsort(draw), axis=axis)
