"""Values kept within bounds, and sums of several tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from headwater.core import dtypes
from headwater.core.context import context
from headwater.core.dtypes import DType, as_dtype
from headwater.core.errors import InvalidArgumentError
from headwater.core.op import op
from headwater.core.spec import IndexedSlices
from headwater.core.tape import ADD_N, dense
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.ops._arithmetic import divide, maximum, minimum, multiply
from headwater.ops._cast import cast
from headwater.ops._create import ones_like
from headwater.ops._elementwise import is_finite, sqrt
from headwater.ops._inputs import REAL, broadcasts_to, matched, matched_numbers
from headwater.ops._reduce import reduce_sum
from headwater.ops._select import where


@jax.custom_jvp
def _clipped(x: Any, low: Any, high: Any) -> Any:
    if not (broadcasts_to(low.shape, x.shape) and broadcasts_to(high.shape, x.shape)):
        raise ValueError(
            f"Expected bounds that broadcast to {list(x.shape)}, received {list(low.shape)} and {list(high.shape)}."
        )
    return jnp.maximum(jnp.minimum(x, high), low)  # the lower bound wins where it is the higher one


@_clipped.defjvp
def _clipped_tangent(primals: Any, tangents: Any) -> Any:
    # At a bound the gradient still goes to the value; at NaN nowhere. Bounds that exclude each other: the lower wins.
    x, low, high = primals
    dx, d_low, d_high = tangents
    inside = jnp.where(x == x, dx, jnp.zeros_like(dx))
    return _clipped(*primals), jnp.where((x < low) | (low > high), d_low, jnp.where(x > high, d_high, inside))


@op("ClipByValue", elementwise=True)
def CLIP_BY_VALUE(x: Any, low: Any, high: Any) -> Any:
    return _clipped(x, low, high)


def clip_by_value(t: Any, clip_value_min: Any, clip_value_max: Any, name: str | None = None) -> Any:
    """Keeps elements within bounds.

    Args:
        t: A tensor (or `IndexedSlices`).
        clip_value_min: The lower bound; broadcasts.
        clip_value_max: The upper bound; broadcasts.
        name: A name for the operation.

    >>> tf.clip_by_value([-3, 0, 9], -1, 2).numpy()
    array([-1,  0,  2], dtype=int32)
    """
    if isinstance(t, IndexedSlices):
        return IndexedSlices(clip_by_value(t.values, clip_value_min, clip_value_max), t.indices, t.dense_shape)
    return CLIP_BY_VALUE(*matched_numbers("ClipByValue", REAL, t, clip_value_min, clip_value_max), name=name)


def clip_by_norm(t: Any, clip_norm: Any, axes: Any = None, name: str | None = None) -> Any:
    """Scales a tensor down where its L2 norm is larger than `clip_norm`.

    Args:
        t: A tensor (or `IndexedSlices`).
        clip_norm: The largest norm.
        axes: Over which the norm is computed; None means all.
        name: A name for the operation.

    >>> tf.clip_by_norm([3.0, 4.0], 1.0).numpy()
    array([0.6, 0.8], dtype=float32)
    """
    if isinstance(t, IndexedSlices):
        return IndexedSlices(clip_by_norm(t.values, clip_norm, axes), t.indices, t.dense_shape)
    x, limit = matched(t, clip_norm)
    squares = reduce_sum(multiply(x, x), axes, keepdims=True)
    positive = squares > 0
    # The root's gradient at 0 is infinite: it is kept away from there.
    norm = where(positive, sqrt(where(positive, squares, ones_like(squares))), squares)
    return divide(multiply(x, limit), maximum(norm, limit), name=name)


def global_norm(t_list: Sequence[Any], name: str | None = None) -> Tensor:
    """Computes the L2 norm of several tensors together; None among them is left out.

    Raises:
        TypeError: If `t_list` is not a list.

    >>> tf.linalg.global_norm([[3.0], [4.0]]).numpy()
    np.float32(5.0)
    """
    if not isinstance(t_list, Sequence) or isinstance(t_list, str):
        raise TypeError(f"`t_list` should be a sequence of tensors, received {type(t_list).__name__}.")
    values = [x.values if isinstance(x, IndexedSlices) else convert_to_tensor(x) for x in t_list if x is not None]
    halves = [reduce_sum(multiply(x, x)) for x in values]
    return sqrt(add_n(halves), name=name)


def clip_by_global_norm(
    t_list: Sequence[Any], clip_norm: Any, use_norm: Any = None, name: str | None = None
) -> tuple[list[Any], Tensor]:
    """Scales several tensors down together where their common L2 norm is larger than `clip_norm`.

    Args:
        t_list: Tensors, `IndexedSlices` or None.
        clip_norm: The largest norm.
        use_norm: The norm, if it is known.
        name: A name for the operation.

    Returns:
        The scaled tensors and the norm they had. An infinite norm gives NaN everywhere.

    >>> clipped, norm = tf.clip_by_global_norm([[3.0], [4.0]], 1.0)
    >>> norm.numpy(), clipped[0].numpy()
    (np.float32(5.0), array([0.6], dtype=float32))
    """
    norm = global_norm(t_list) if use_norm is None else convert_to_tensor(use_norm)
    limit = convert_to_tensor(clip_norm, norm.dtype)
    one = convert_to_tensor(1.0, norm.dtype)
    scale = multiply(limit, minimum(divide(one, norm), divide(one, limit)))
    scale = where(is_finite(norm), scale, convert_to_tensor(float("nan"), norm.dtype))

    def scaled(x: Any) -> Any:
        if x is None:
            return None
        if isinstance(x, IndexedSlices):
            return IndexedSlices(scaled(x.values), x.indices, x.dense_shape)
        return multiply(x, cast(scale, convert_to_tensor(x).dtype))

    return [scaled(x) for x in t_list], norm


def add_n(inputs: Any, name: str | None = None) -> Tensor:
    """Adds several tensors of one shape.

    Args:
        inputs: A list of tensors (or `IndexedSlices`).
        name: A name for the operation.

    Raises:
        ValueError: If the list is empty.

    >>> tf.math.add_n([[1, 2], [3, 4], [5, 6]]).numpy()
    array([ 9, 12], dtype=int32)
    """
    values = list(inputs) if isinstance(inputs, list | tuple) else [inputs]
    if not values:
        raise ValueError(
            "Inputs must be an Iterable of at least one Tensor/IndexedSlices with the same dtype and shape."
        )
    tensors = matched(*[dense(v) if isinstance(v, IndexedSlices) else v for v in values])
    for x in tensors[1:]:
        if not x.shape.is_compatible_with(tensors[0].shape):
            raise _shape_error(tensors)
    return ADD_N(*tensors, name=name)


def _shape_error(tensors: list[Tensor]) -> Exception:
    text = f"Inputs to operation AddN must have the same shape, received {[str(x.shape) for x in tensors]}."
    return ValueError(text) if context.graph is not None else InvalidArgumentError(None, None, text)


def accumulate_n(inputs: Any, shape: Any = None, tensor_dtype: Any = None, name: str | None = None) -> Tensor:
    """Adds several tensors of one shape; the same as `add_n`.

    >>> tf.math.accumulate_n([[1, 2], [3, 4]]).numpy()
    array([4, 6], dtype=int32)
    """
    return add_n(inputs, name)


def saturate_cast(value: Any, dtype: Any, name: str | None = None) -> Tensor:
    """Converts to another dtype; values outside its range become the nearest it has.

    >>> tf.saturate_cast([-5.0, 300.0], tf.uint8).numpy()
    array([  0, 255], dtype=uint8)
    """
    x, target = convert_to_tensor(value), as_dtype(dtype)
    if x.dtype.is_complex:
        x = cast(x, x.dtype.real_dtype)
    if dtypes.bool in (x.dtype, target) or target.is_complex:
        return cast(x, target, name)
    low, high = _common_limits(x.dtype, target)
    if low is not None:
        x = maximum(x, convert_to_tensor(low, x.dtype))
    if high is not None:
        x = minimum(x, convert_to_tensor(high, x.dtype))
    return cast(x, target, name)


def _common_limits(source: DType, target: DType) -> tuple[Any, Any]:
    """The bounds of `target` where `source` reaches further; exact in both, so that rounding cannot leave them."""
    low = target.min if source.min < target.min else None
    high = target.max if source.max > target.max else None
    if source.is_floating and high is not None and int(source.as_numpy_dtype(high)) > int(high):
        high = np.nextafter(source.as_numpy_dtype(high), source.as_numpy_dtype(0))
    return low, high
