"""Uniform and normal numbers from wherever a key and a counter come from: a seed, a stream or a generator."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from headwater.core import dtypes
from headwater.core.context import context
from headwater.core.dtypes import DType, as_dtype
from headwater.core.errors import InvalidArgumentError
from headwater.core.tensor import EagerTensor, Tensor, convert_to_tensor
from headwater.ops import _random_ops as ops
from headwater.ops._inputs import static_integers
from headwater.ops.math import ADD, MUL, SUB

# Gives the key and the counter for a draw of that shape.
Source = Callable[[Tensor], tuple[Tensor, Tensor]]

_FLOATS = (dtypes.float16, dtypes.bfloat16, dtypes.float32, dtypes.float64)
_INTEGERS = (dtypes.int32, dtypes.int64)
_FULL_INTEGERS = (*_INTEGERS, dtypes.uint32, dtypes.uint64)


def numpy_dtype(dtype: DType) -> Any:
    """The dtype as a kernel's attribute."""
    return np.dtype(dtype.as_numpy_dtype)


def affine(drawn: Tensor, scale: Any, offset: Any, name: str | None = None) -> Tensor:
    """``drawn * scale + offset``, without work where Python numbers say there is none."""
    if not _is_number(scale, 1):
        drawn = MUL(drawn, convert_to_tensor(scale, drawn.dtype))
    return drawn if _is_number(offset, 0) else ADD(drawn, convert_to_tensor(offset, drawn.dtype), name=name)


def _is_number(value: Any, number: int) -> bool:
    return isinstance(value, int | float) and value == number


def check_dtype(dtype: Any, allowed: tuple[DType, ...]) -> DType:
    """`dtype`, if a random op draws it. Raises ValueError if not."""
    found = as_dtype(dtype)
    if found not in allowed:
        raise ValueError(
            f"Argument `dtype` got invalid value {found}. Accepted dtypes are {allowed}. Use tf.cast on the result."
        )
    return found


def draw_uniform(source: Source, shape: Any, minval: Any, maxval: Any, dtype: Any, name: str | None = None) -> Tensor:
    """Uniform numbers of a dtype in ``[minval, maxval)``; integers of all values if both are None."""
    dtype = check_dtype(dtype, _FLOATS + _FULL_INTEGERS)
    dims = static_integers(shape)
    if dtype.is_integer:
        return _draw_integers(source, dims, minval, maxval, dtype, name)
    low, high = (0 if minval is None else minval), (1 if maxval is None else maxval)
    drawn = ops.UNIFORM(dims, *source(dims), dtype=numpy_dtype(dtype), name=name)
    if _is_number(low, 0):
        return affine(drawn, high, 0, name)
    low, high = convert_to_tensor(low, dtype), convert_to_tensor(high, dtype)
    return affine(drawn, SUB(high, low), low, name)


def _draw_integers(source: Source, dims: Tensor, minval: Any, maxval: Any, dtype: DType, name: str | None) -> Tensor:
    if (minval is None) != (maxval is None):
        raise ValueError(
            f"For integer `dtype` argument {dtype}, argument `minval` and `maxval` must be both None or not None. "
            f"Got `minval`={minval} and `maxval`={maxval}."
        )
    if minval is None:
        return ops.UNIFORM_FULL_INT(dims, *source(dims), dtype=numpy_dtype(dtype), name=name)
    check_dtype(dtype, _INTEGERS)
    if isinstance(minval, int) and isinstance(maxval, int) and minval >= maxval:
        raise InvalidArgumentError(None, None, f"Need minval < maxval, got {minval} >= {maxval}")
    low, high = convert_to_tensor(minval, dtype), convert_to_tensor(maxval, dtype)
    return ops.UNIFORM_INT(dims, *source(dims), low, high, name=name)


def draw_normal(source: Source, shape: Any, mean: Any, stddev: Any, dtype: Any, name: str | None = None) -> Tensor:
    """Normal numbers of a dtype."""
    dims = static_integers(shape)
    drawn = ops.NORMAL(dims, *source(dims), dtype=numpy_dtype(check_dtype(dtype, _FLOATS)), name=name)
    return affine(drawn, stddev, mean, name)


def draw_truncated_normal(
    source: Source, shape: Any, mean: Any, stddev: Any, dtype: Any, name: str | None = None
) -> Tensor:
    """Normal numbers of a dtype, none further than two standard deviations from the mean."""
    dims = static_integers(shape)
    drawn = ops.TRUNCATED_NORMAL(dims, *source(dims), dtype=numpy_dtype(check_dtype(dtype, _FLOATS)), name=name)
    return affine(drawn, stddev, mean, name)


def from_seed(seed: Any) -> Source:
    """The source of a stateless op: key and counter follow from a seed of two integers alone."""
    if context.plain and isinstance(seed, tuple | list) and all(type(s) is int for s in seed):
        tensor: Tensor = EagerTensor(_kept_seed(tuple(seed)))
    else:
        tensor = convert_to_tensor(seed)
    if not tensor.shape.is_compatible_with([2]):
        raise InvalidArgumentError(None, None, f"seed must have shape [2], not {tensor.shape}. Pass two integers.")
    if not tensor.dtype.is_integer:
        raise TypeError(f"seed must be int32 or int64, received {tensor.dtype.name}. Pass two integers.")
    return lambda shape: ops.GET_KEY_COUNTER(tensor)


@functools.lru_cache(maxsize=1024)
def _kept_seed(seed: tuple[int, ...]) -> Any:
    return convert_to_tensor(list(seed))._array
