"""Moments and normalization."""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp
from jax import lax

from headwater.core import dtypes
from headwater.core.op import op
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.ops import _exact
from headwater.ops._arithmetic import squared_difference
from headwater.ops._common import axes as as_axes
from headwater.ops._floating import floating
from headwater.ops._inputs import FLOATING, tensor_of
from headwater.ops._reduce import reduce_mean

# Moments --------------------------------------------------------------------------------------------------------


def _wide(x: Any) -> Any:
    return x.astype(jnp.float32) if x.dtype.itemsize < 4 else x


@op("Moments")
def _MOMENTS(x: Any, *, axis: Any, keepdims: bool) -> Any:
    wide = _wide(x)
    mean = _exact.mean(wide, axis, keepdims=True)
    # The variance does not depend on the mean to first order.
    variance = _exact.mean(jnp.square(wide - lax.stop_gradient(mean)), axis, keepdims=True)
    shape = mean.shape if keepdims else jnp.mean(wide, axis).shape
    return mean.reshape(shape).astype(x.dtype), variance.reshape(shape).astype(x.dtype)


def moments(
    x: Any, axes: Any, shift: Any = None, keepdims: bool = False, name: str | None = None
) -> tuple[Tensor, Tensor]:
    """The mean and the (biased) variance over `axes`.

    Args:
        x: A floating-point tensor (half precision is computed in float32), or int32 or int64.
        axes: One axis or a list.
        shift: Not used.
        keepdims: Whether the axes stay, with size 1.
        name: A name for the result.

    Returns:
        ``(mean, variance)``.

    >>> mean, variance = tf.nn.moments(tf.constant([1.0, 3.0]), axes=[0])
    >>> float(mean), float(variance)
    (2.0, 1.0)
    """
    x = convert_to_tensor(x)
    if x.dtype in (dtypes.int32, dtypes.int64):
        mean = reduce_mean(x, axes, True)
        variance = reduce_mean(squared_difference(x, mean), axes, keepdims, name)
        return (mean if keepdims else reduce_mean(x, axes)), variance
    return _MOMENTS(floating(x, "moments"), axis=as_axes(axes), keepdims=bool(keepdims), name=name)


@op("WeightedMoments", same_dtype=True)
def _WEIGHTED_MOMENTS(x: Any, weights: Any, *, axis: Any, keepdims: bool) -> Any:
    dtype = x.dtype
    x, weights = _wide(x), _wide(weights)
    total = jnp.sum(jnp.broadcast_to(weights, jnp.broadcast_shapes(weights.shape, x.shape)), axis, keepdims=True)
    nothing = total == 0  # then both are 0
    total = jnp.where(nothing, 1, total)
    mean = jnp.where(nothing, 0, jnp.sum(weights * x, axis, keepdims=True) / total)
    spread = jnp.sum(weights * jnp.square(x - mean), axis, keepdims=True) / total
    variance = jnp.where(nothing, 0, spread)
    results = (mean, variance) if keepdims else (jnp.squeeze(mean, axis), jnp.squeeze(variance, axis))
    return results[0].astype(dtype), results[1].astype(dtype)


def weighted_moments(
    x: Any, axes: Any, frequency_weights: Any, keepdims: bool = False, name: str | None = None
) -> tuple[Tensor, Tensor]:
    """The mean and variance over `axes` where each element counts as often as its weight says.

    Args:
        x: A floating-point tensor.
        axes: One axis or a list.
        frequency_weights: Weights that broadcast with `x`.
        keepdims: Whether the axes stay, with size 1.
        name: A name for the result.

    Returns:
        ``(mean, variance)``.

    >>> mean, _ = tf.nn.weighted_moments(tf.constant([1.0, 3.0]), [0], [3.0, 1.0])
    >>> float(mean)
    1.5
    """
    x = floating(x, "weighted_moments")
    weights = convert_to_tensor(frequency_weights, dtype_hint=x.dtype)
    axis = as_axes(axes)
    return _WEIGHTED_MOMENTS(x, weights, axis=axis, keepdims=bool(keepdims), name=name)


@op("SufficientStatistics")
def _SUFFICIENT_STATISTICS(x: Any, *shift: Any, axis: Any, keepdims: bool) -> Any:
    count = math.prod(x.shape[a] for a in (range(x.ndim) if axis is None else axis))
    moved = x - shift[0] if shift else x
    sums = [jnp.sum(v, axis, keepdims=keepdims) for v in (moved, jnp.square(moved))]
    return jnp.asarray(count, x.dtype), *sums


def sufficient_statistics(
    x: Any, axes: Any, shift: Any = None, keepdims: bool = False, name: str | None = None
) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
    """What the mean and variance over `axes` can be computed from (see `normalize_moments`).

    Args:
        x: A floating-point tensor.
        axes: One axis or a list.
        shift: A value near the mean, which is subtracted first for precision.
        keepdims: Whether the axes stay, with size 1.
        name: A name for the result.

    Returns:
        ``(count, sum, sum of squares, shift)``.

    >>> [float(v) for v in tf.nn.sufficient_statistics(tf.constant([1.0, 3.0]), [0])[:3]]
    [2.0, 4.0, 10.0]
    """
    x = floating(x, "sufficient_statistics")
    shifts = [] if shift is None else [convert_to_tensor(shift, dtype_hint=x.dtype)]
    results = _SUFFICIENT_STATISTICS(x, *shifts, axis=as_axes(axes), keepdims=bool(keepdims), name=name)
    return (*results, shifts[0] if shifts else None)


def normalize_moments(
    counts: Any, mean_ss: Any, variance_ss: Any, shift: Any, name: str | None = None
) -> tuple[Tensor, Tensor]:
    """The mean and variance from what `sufficient_statistics` gives.

    >>> [float(v) for v in tf.nn.normalize_moments(2.0, 4.0, 10.0, None)]
    [2.0, 1.0]
    """
    mean_ss = convert_to_tensor(mean_ss)
    counts, variance_ss = (convert_to_tensor(v, dtype_hint=mean_ss.dtype) for v in (counts, variance_ss))
    shifted = mean_ss / counts
    mean = shifted if shift is None else shifted + shift
    return mean, variance_ss / counts - shifted * shifted


# Batch normalization --------------------------------------------------------------------------------------------


@op("BatchNormalization", same_dtype=(1, 2, 3, 4))
def _BATCH_NORMALIZATION(
    x: Any, mean: Any, variance: Any, *rest: Any, variance_epsilon: float, scaled: bool, offset: bool
) -> Any:
    factor = lax.rsqrt(variance + variance_epsilon)
    parts = list(rest)
    if scaled:
        factor = factor * parts.pop(0)
    shift = parts.pop(0) - mean * factor if offset else -mean * factor
    return x * factor.astype(x.dtype) + shift.astype(x.dtype)


def batch_normalization(
    x: Any,
    mean: Any,
    variance: Any,
    offset: Any,
    scale: Any,
    variance_epsilon: float,
    name: str | None = None,
) -> Tensor:
    """``(x - mean) / sqrt(variance + variance_epsilon) * scale + offset`` (Ioffe & Szegedy 2015).

    Args:
        x: A floating-point tensor.
        mean: A tensor that broadcasts with `x`.
        variance: The same.
        offset: The same, or None for 0.
        scale: The same, or None for 1.
        variance_epsilon: A small number against division by 0.
        name: A name for the result.

    Returns:
        A tensor of the shape and dtype of `x`.

    >>> tf.nn.batch_normalization(tf.constant([1.0, 3.0]), 2.0, 1.0, None, None, 0.0).numpy()
    array([-1.,  1.], dtype=float32)
    """
    x = floating(x, "batch_normalization")
    rest = [convert_to_tensor(v, dtype_hint=x.dtype) for v in (mean, variance, scale, offset) if v is not None]
    return _BATCH_NORMALIZATION(
        x,
        *rest,
        variance_epsilon=float(variance_epsilon),
        scaled=scale is not None,
        offset=offset is not None,
        name=name,
    )


def batch_norm_with_global_normalization(
    input: Any,
    mean: Any,
    variance: Any,
    beta: Any,
    gamma: Any,
    variance_epsilon: float,
    scale_after_normalization: bool,
    name: str | None = None,
) -> Tensor:
    """`batch_normalization`, with `gamma` only if `scale_after_normalization`.

    >>> tf.nn.batch_norm_with_global_normalization(tf.ones([1, 1, 1, 1]), [0.0], [1.0], [2.0], [1.0], 0.0, True).numpy()
    array([[[[3.]]]], dtype=float32)
    """
    scale = gamma if scale_after_normalization else None
    return batch_normalization(input, mean, variance, beta, scale, variance_epsilon, name)


@op("FusedBatchNormV3", same_dtype=(1, 2, 3, 4))
def _FUSED_BATCH_NORM(
    x: Any,
    scale: Any,
    offset: Any,
    mean: Any,
    variance: Any,
    *,
    epsilon: float,
    exponential_avg_factor: float,
    data_format: str,
    is_training: bool,
) -> Any:
    channel = 1 if data_format.startswith("NC") else x.ndim - 1
    shape = [1] * x.ndim
    shape[channel] = -1
    wide = _wide(x)
    if is_training:
        others = tuple(axis for axis in range(x.ndim) if axis != channel)
        used_mean = _exact.mean(wide, others)
        used = _exact.mean(jnp.square(wide - lax.stop_gradient(used_mean).reshape(shape)), others)
        count = x.size // max(used.size, 1)
        fresh = (lax.stop_gradient(used_mean), lax.stop_gradient(used) * (count / max(count - 1, 1)))
        keep = 1 - exponential_avg_factor
        moved = [
            f * exponential_avg_factor + (old * keep if keep else 0)
            for f, old in zip(fresh, (mean, variance), strict=True)
        ]
    else:
        used_mean, used, moved = mean, variance, [mean, variance]
    factor = lax.rsqrt(used + epsilon) * scale
    y = wide * factor.reshape(shape) + (offset - used_mean * factor).reshape(shape)
    return y.astype(x.dtype), *moved


def fused_batch_norm(
    x: Any,
    scale: Any,
    offset: Any,
    mean: Any,
    variance: Any,
    epsilon: float = 0.001,
    data_format: str = "NHWC",
    is_training: bool = True,
    exponential_avg_factor: float = 1.0,
    name: str | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Batch normalization of all dimensions but the channels, in one op.

    Args:
        x: A floating-point tensor, channels last or (``"NCHW"``) second.
        scale: A vector with one element per channel; float32 where `x` is of half precision.
        offset: The same.
        mean: The same.
        variance: The same.
        epsilon: A small number against division by 0.
        data_format: Where the channels are.
        is_training: Whether to normalize by the moments of `x` rather than by `mean` and `variance`.
        exponential_avg_factor: How far the returned moments move from `mean` and `variance` to those of `x`.
        name: A name for the result.

    Returns:
        ``(y, mean, variance)``, the variance unbiased in training; no gradient flows through the last two.
    """
    x = floating(x, "FusedBatchNormV3")
    return _FUSED_BATCH_NORM(
        x,
        *[convert_to_tensor(v) for v in (scale, offset, mean, variance)],
        epsilon=float(epsilon),
        exponential_avg_factor=float(exponential_avg_factor),
        data_format=data_format,
        is_training=bool(is_training),
        name=name,
    )


# Norms ----------------------------------------------------------------------------------------------------------


@op("L2Normalize")
def _L2_NORMALIZE(x: Any, *, axis: Any, epsilon: float) -> Any:
    square = jnp.real(x * jnp.conj(x)) if jnp.iscomplexobj(x) else jnp.square(x)
    total = jnp.sum(square, axis, keepdims=True)
    return x * lax.rsqrt(jnp.where(total <= epsilon, jnp.asarray(epsilon, total.dtype), total))  # NaN stays NaN


def l2_normalize(x: Any, axis: Any = None, epsilon: float = 1e-12, name: str | None = None, dim: Any = None) -> Tensor:
    """``x / sqrt(max(sum(x**2), epsilon))`` over `axis` (None: all elements).

    >>> tf.nn.l2_normalize([3.0, 4.0]).numpy()
    array([0.6, 0.8], dtype=float32)
    """
    axis = dim if axis is None else axis
    x = floating(x, "l2_normalize", complex_too=True)
    return _L2_NORMALIZE(x, axis=as_axes(axis), epsilon=float(epsilon), name=name)


@op("L2Loss")
def _L2_LOSS(t: Any) -> Any:
    return jnp.sum(jnp.square(t)) / 2


def l2_loss(t: Any, name: str | None = None) -> Tensor:
    """``sum(t**2) / 2``.

    >>> float(tf.nn.l2_loss([3.0, 4.0]))
    12.5
    """
    return _L2_LOSS(floating(t, "L2Loss"), name=name)


@op("LRN")
def _LRN(x: Any, *, depth_radius: int, bias: float, alpha: float, beta: float) -> Any:
    if x.ndim != 4:
        raise ValueError(f"in must be 4-dimensional, received {list(x.shape)}")
    padded = jnp.pad(jnp.square(x), ((0, 0),) * 3 + ((depth_radius, depth_radius),))
    sums = sum(padded[..., i : i + x.shape[-1]] for i in range(2 * depth_radius + 1))
    return x / (bias + alpha * sums) ** beta


def local_response_normalization(
    input: Any,
    depth_radius: int = 5,
    bias: float = 1,
    alpha: float = 1,
    beta: float = 0.5,
    name: str | None = None,
) -> Tensor:
    """Divides by ``(bias + alpha * sum(x**2)) ** beta``, the sum over neighbouring channels (Krizhevsky et al. 2012).

    Args:
        input: Images [batch, height, width, channels].
        depth_radius: How many channels to either side count.
        bias: See the formula.
        alpha: See the formula.
        beta: See the formula.
        name: A name for the result.

    Returns:
        A tensor of the same shape and dtype.

    >>> tf.nn.local_response_normalization(tf.ones([1, 1, 1, 1])).numpy()
    array([[[[0.70710677]]]], dtype=float32)
    """
    input = tensor_of(input, "LRN", FLOATING, dtypes.float32)
    return _LRN(
        input, depth_radius=int(depth_radius), bias=float(bias), alpha=float(alpha), beta=float(beta), name=name
    )


lrn = local_response_normalization
