"""Reductions over axes."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from headwater.core import dtypes
from headwater.core.dtypes import as_dtype
from headwater.core.op import op
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.ops import _exact, _slopes
from headwater.ops._arithmetic import add, realdiv, squared_difference, subtract
from headwater.ops._cast import cast
from headwater.ops._common import axes
from headwater.ops._compare import equal, not_equal
from headwater.ops._create import zeros_like
from headwater.ops._elementwise import abs, exp, is_finite, log, sqrt
from headwater.ops._inputs import BOOL, NUMBER, REAL, tensor_of
from headwater.ops._select import where
from headwater.ops._shape import reshape, shape, stop_gradient


@op("Sum")
def SUM(x: Any, *, axis: Any, keepdims: bool) -> Any:
    return jnp.sum(x, axis, dtype=x.dtype, keepdims=keepdims)


@op("Mean")
def MEAN(x: Any, *, axis: Any, keepdims: bool) -> Any:
    return _exact.mean(x, axis, keepdims)


@op("Prod", uses_inputs=True)
def PROD(x: Any, *, axis: Any, keepdims: bool) -> Any:
    return _exact.on_bits(lambda bits: jnp.prod(bits, axis, dtype=bits.dtype, keepdims=keepdims), x)


@op("Max")
def MAX(x: Any, *, axis: Any, keepdims: bool) -> Any:
    return jnp.max(x, axis, keepdims=keepdims, initial=None if x.size else _extreme(x.dtype, -1))


@op("Min")
def MIN(x: Any, *, axis: Any, keepdims: bool) -> Any:
    return jnp.min(x, axis, keepdims=keepdims, initial=None if x.size else _extreme(x.dtype, 1))


def _extreme(dtype: Any, sign: int) -> Any:
    """What the maximum (-1) or minimum (1) of nothing is."""
    if jnp.issubdtype(dtype, jnp.floating):
        return sign * np.inf
    info = jnp.iinfo(dtype)
    return info.max if sign > 0 else info.min


@op("All", differentiable=False)
def ALL(x: Any, *, axis: Any, keepdims: bool) -> Any:
    return jnp.all(x, axis, keepdims=keepdims)


@op("Any", differentiable=False)
def ANY(x: Any, *, axis: Any, keepdims: bool) -> Any:
    return jnp.any(x, axis, keepdims=keepdims)


@op("EuclideanNorm")
def EUCLIDEAN_NORM(x: Any, *, axis: Any, keepdims: bool) -> Any:
    total = jnp.sum(_exact.multiply(x, jnp.conj(x)), axis, dtype=x.dtype, keepdims=keepdims)
    return _slopes.sqrt(total).astype(x.dtype)


def reduce_sum(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Tensor:
    """Adds up elements over axes.

    Args:
        input_tensor: A tensor of numbers.
        axis: An axis or several; None means all.
        keepdims: Whether reduced axes stay, with size 1.
        name: A name for the operation.

    Returns:
        A tensor of the same dtype.

    Raises:
        InvalidArgumentError: (ValueError while tracing) if an axis is out of range.

    >>> tf.reduce_sum([[1, 2], [3, 4]], axis=0).numpy()
    array([4, 6], dtype=int32)
    """
    x = tensor_of(input_tensor, "Sum", NUMBER)
    return SUM(x, axis=axes(axis), keepdims=bool(keepdims), name=name)


def reduce_mean(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Tensor:
    """Averages elements over axes. The mean of integers is rounded towards zero.

    Args:
        input_tensor: A tensor of numbers.
        axis: An axis or several; None means all.
        keepdims: Whether reduced axes stay, with size 1.
        name: A name for the operation.

    >>> tf.reduce_mean([[1.0, 2.0], [3.0, 4.0]], axis=1).numpy()
    array([1.5, 3.5], dtype=float32)
    """
    x = tensor_of(input_tensor, "Mean", NUMBER)
    return MEAN(x, axis=axes(axis), keepdims=bool(keepdims), name=name)


def reduce_prod(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Tensor:
    """Multiplies elements over axes.

    >>> tf.reduce_prod([[1, 2], [3, 4]]).numpy()
    np.int32(24)
    """
    x = tensor_of(input_tensor, "Prod", NUMBER)
    return PROD(x, axis=axes(axis), keepdims=bool(keepdims), name=name)


def reduce_max(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Tensor:
    """Finds the largest element over axes. Elements that tie share the gradient.

    >>> tf.reduce_max([[1, 5], [7, 4]], axis=1).numpy()
    array([5, 7], dtype=int32)
    """
    x = tensor_of(input_tensor, "Max", REAL)
    return MAX(x, axis=axes(axis), keepdims=bool(keepdims), name=name)


def reduce_min(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Tensor:
    """Finds the smallest element over axes. Elements that tie share the gradient.

    >>> tf.reduce_min([[1, 5], [7, 4]], axis=1).numpy()
    array([1, 4], dtype=int32)
    """
    x = tensor_of(input_tensor, "Min", REAL)
    return MIN(x, axis=axes(axis), keepdims=bool(keepdims), name=name)


def reduce_all(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Tensor:
    """Says whether all elements over axes are true.

    >>> tf.reduce_all([[True, False], [True, True]], axis=1).numpy()
    array([False,  True])
    """
    x = tensor_of(input_tensor, "All", BOOL)
    return ALL(x, axis=axes(axis), keepdims=bool(keepdims), name=name)


def reduce_any(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Tensor:
    """Says whether any element over axes is true.

    >>> tf.reduce_any([[True, False], [False, False]], axis=1).numpy()
    array([ True, False])
    """
    x = tensor_of(input_tensor, "Any", BOOL)
    return ANY(x, axis=axes(axis), keepdims=bool(keepdims), name=name)


def reduce_euclidean_norm(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """Computes the square root of the sum of squares over axes.

    >>> tf.math.reduce_euclidean_norm([3.0, 4.0]).numpy()
    np.float32(5.0)
    """
    x = tensor_of(input_tensor, "EuclideanNorm", NUMBER)
    return EUCLIDEAN_NORM(x, axis=axes(axis), keepdims=bool(keepdims), name=name)


def reduce_logsumexp(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Tensor:
    """Computes ``log(sum(exp(x)))`` over axes without overflow: the largest element is taken out first.

    >>> tf.reduce_logsumexp([1000.0, 1000.0]).numpy()
    np.float32(1000.6932)
    """
    x = convert_to_tensor(input_tensor)
    top = reduce_max(x, axis, True)
    top = stop_gradient(where(is_finite(top), top, zeros_like(top)))
    total = log(reduce_sum(exp(subtract(x, top)), axis, keepdims))
    if not keepdims:
        top = reshape(top, shape(total))
    return add(total, top, name=name)


def reduce_variance(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Tensor:
    """Computes the variance over axes (the mean squared distance from the mean; real for complex numbers).

    Raises:
        TypeError: For integers.

    >>> tf.math.reduce_variance([1.0, 3.0]).numpy()
    np.float32(1.0)
    """
    x = convert_to_tensor(input_tensor)
    mean = reduce_mean(x, axis, True)
    if x.dtype.is_integer or x.dtype.is_bool:
        raise TypeError(f"Input must be either real or complex, received {x.dtype.name}. Use tf.cast.")
    if x.dtype.is_complex:
        distance = abs(subtract(x, mean))
        return reduce_mean(distance * distance, axis, keepdims, name=name)
    return reduce_mean(squared_difference(x, mean), axis, keepdims, name=name)


def reduce_std(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Tensor:
    """Computes the standard deviation over axes: the root of `reduce_variance`.

    >>> tf.math.reduce_std([1.0, 3.0]).numpy()
    np.float32(1.0)
    """
    return sqrt(reduce_variance(input_tensor, axis, keepdims), name=name)


def count_nonzero(
    input: Any, axis: Any = None, keepdims: bool | None = None, dtype: Any = dtypes.int64, name: str | None = None
) -> Tensor:
    """Counts elements that are not zero (true, or not empty) over axes.

    >>> tf.math.count_nonzero([[0, 1], [2, 3]], axis=1).numpy()
    array([1, 2])
    """
    x = convert_to_tensor(input)
    filled = x if x.dtype.is_bool else not_equal(x, convert_to_tensor("" if x.dtype is dtypes.string else 0, x.dtype))
    return cast(reduce_sum(cast(filled, dtypes.int64), axis, bool(keepdims)), as_dtype(dtype), name=name)


def zero_fraction(value: Any, name: str | None = None) -> Tensor:
    """Computes which part of the elements is zero.

    >>> tf.math.zero_fraction([0, 1, 0, 3]).numpy()
    np.float32(0.5)
    """
    x = convert_to_tensor(value)
    zeros = reduce_sum(cast(equal(x, zeros_like(x)), dtypes.float32))
    return realdiv(zeros, cast(reduce_prod(shape(x)), dtypes.float32), name=name)
