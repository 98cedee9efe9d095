"""Initializers at the root of `tf`: objects that make a tensor of a shape and dtype."""

from __future__ import annotations

from typing import Any

from headwater.core import dtypes
from headwater.core.dtypes import DType, as_dtype
from headwater.core.tensor import Tensor
from headwater.ops._create import constant, ones, zeros
from headwater.ops.random import normal, uniform

__all__ = [
    "constant_initializer", "ones_initializer", "random_normal_initializer", "random_uniform_initializer",
    "zeros_initializer",
]  # fmt: skip


class _Initializer:
    """Base: stores its arguments, and compares and copies by them."""

    def get_config(self) -> dict[str, Any]:
        """The arguments, by name."""
        return {key.lstrip("_"): value for key, value in vars(self).items()}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """An initializer from the arguments `get_config` gave."""
        return cls(**{key: value for key, value in config.items() if key != "dtype"})


class zeros_initializer(_Initializer):
    """Zeros.

    >>> tf.zeros_initializer()([2]).numpy()
    array([0., 0.], dtype=float32)
    """

    def __call__(self, shape: Any, dtype: Any = dtypes.float32, **kwargs: Any) -> Tensor:
        return zeros(shape, dtype)


class ones_initializer(_Initializer):
    """Ones.

    >>> tf.ones_initializer()([2]).numpy()
    array([1., 1.], dtype=float32)
    """

    def __call__(self, shape: Any, dtype: Any = dtypes.float32, **kwargs: Any) -> Tensor:
        return ones(shape, dtype)


class constant_initializer(_Initializer):
    """One value everywhere, or given values.

    Args:
        value: A number, or values in the wanted shape.

    >>> tf.constant_initializer(3)([2]).numpy()
    array([3., 3.], dtype=float32)
    """

    def __init__(self, value: Any = 0, support_partition: bool = False) -> None:
        self._value = value

    def __call__(self, shape: Any, dtype: Any = dtypes.float32, **kwargs: Any) -> Tensor:
        return constant(self._value, dtype, shape)


class random_uniform_initializer(_Initializer):
    """Uniform random numbers.

    Args:
        minval: The lower end.
        maxval: The upper end, excluded; None: 1 for floats.
        seed: The op's seed, see `tf.random.set_seed`.

    >>> tf.random_uniform_initializer(0.0, 1.0)([2]).shape
    TensorShape([2])
    """

    def __init__(self, minval: Any = -0.05, maxval: Any = 0.05, seed: int | None = None) -> None:
        self._minval, self._maxval, self._seed = minval, maxval, seed

    def __call__(self, shape: Any, dtype: Any = dtypes.float32, **kwargs: Any) -> Tensor:
        kind = as_dtype(dtype)
        if not kind.is_floating and not kind.is_integer:
            raise ValueError(f"Argument `dtype` expected to be numeric. Received {kind}.")
        return uniform(shape, self._minval, self._maxval, kind, self._seed)


class random_normal_initializer(_Initializer):
    """Normal random numbers.

    Args:
        mean: The mean.
        stddev: The standard deviation.
        seed: The op's seed, see `tf.random.set_seed`.

    >>> tf.random_normal_initializer(stddev=0.1)([2]).shape
    TensorShape([2])
    """

    def __init__(self, mean: Any = 0.0, stddev: Any = 0.05, seed: int | None = None) -> None:
        self._mean, self._stddev, self._seed = mean, stddev, seed

    def __call__(self, shape: Any, dtype: Any = dtypes.float32, **kwargs: Any) -> Tensor:
        return normal(shape, self._mean, self._stddev, _floating(as_dtype(dtype)), self._seed)


def _floating(dtype: DType) -> DType:
    if not dtype.is_floating:
        raise ValueError(f"Argument `dtype` expected to be floating point. Received {dtype}.")
    return dtype
