"""Kernels of convolutions on channels-last or channels-first arrays of 1 to 3 spatial dimensions."""

from __future__ import annotations

import functools
import math
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from headwater.core.context import context
from headwater.ops import _windows
from headwater.ops._windows import Window

_SPATIAL = "DHW"


def _numbers(window: Window) -> tuple[str, str, str]:
    spatial = _SPATIAL[-len(window.size) :]
    data = f"N{spatial}C" if window.first == 1 else f"NC{spatial}"
    return data, f"{spatial}IO", data


def _channels(x: Any, window: Window) -> int:
    return int(x.shape[-1 if window.first == 1 else 1])


def _stock(x: Any, filters: Any, window: Window) -> Any:
    groups, rest = divmod(_channels(x, window), filters.shape[-2])
    if rest or not groups or filters.shape[-1] % groups:
        raise ValueError(
            f"input depth must be evenly divisible by filter depth: expected filters [..., channels/groups, outputs] "
            f"for input {list(x.shape)}, received filters {list(filters.shape)}"
        )
    _windows.positions(x, window)
    return lax.conv_general_dilated(
        x, filters, window.strides, window.pads(x), rhs_dilation=window.dilations,
        dimension_numbers=_numbers(window), feature_group_count=groups,
    )  # fmt: skip


def _input_gradient(x: Any, filters: Any, gradient: Any, window: Window) -> Any:
    return jax.linear_transpose(lambda a: _stock(a, filters, window), x)(gradient)[0]


def _filter_gradient(x: Any, filters: Any, gradient: Any, window: Window) -> Any:
    """As a convolution of the input by the output's gradient, with batch and channels swapped.

    The arrays are transposed beforehand so that XLA:CPU sees the one layout that its fast convolution takes.
    """
    if window.first != 1 or filters.shape[-2] != x.shape[-1] or jax.default_backend() != "cpu":
        return jax.linear_transpose(lambda f: _stock(x, f, window), filters)(gradient)[0]
    swapped = jnp.moveaxis(x, (0, -1), (-1, 0))
    weights = jnp.moveaxis(gradient, 0, -2)
    pads = []
    for axis, ((low, _), extent) in enumerate(zip(window.pads(x), window.extent, strict=True), 1):
        spread = (gradient.shape[axis] - 1) * window.strides[axis - 1] + 1
        pads.append((low, extent - 1 + spread - x.shape[axis] - low))
    result = lax.conv_general_dilated(
        swapped, weights, window.dilations, pads, rhs_dilation=window.strides, dimension_numbers=_numbers(window)
    )
    return jnp.moveaxis(result, 0, -2)


@functools.partial(jax.custom_vjp, nondiff_argnums=(2,))
def _convolve(x: Any, filters: Any, window: Window) -> Any:
    return _stock(x, filters, window)


def _convolve_forward(x: Any, filters: Any, window: Window) -> Any:
    return _stock(x, filters, window), (x, filters)


def _convolve_backward(window: Window, saved: Any, gradient: Any) -> Any:
    x, filters = saved
    return _transpose(gradient, filters, x.shape, window), _filter_gradient(x, filters, gradient, window)


_convolve.defvjp(_convolve_forward, _convolve_backward)


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def _transpose(y: Any, filters: Any, shape: tuple[int, ...], window: Window) -> Any:
    return _input_gradient(jax.ShapeDtypeStruct(shape, y.dtype), filters, y, window)


def _transpose_forward(y: Any, filters: Any, shape: tuple[int, ...], window: Window) -> Any:
    return _transpose(y, filters, shape, window), (y, filters)


def _transpose_backward(shape: tuple[int, ...], window: Window, saved: Any, gradient: Any) -> Any:
    y, filters = saved
    return _convolve(gradient, filters, window), _filter_gradient(gradient, filters, y, window)


_transpose.defvjp(_transpose_forward, _transpose_backward)


def _of_nothing(x: Any, filters: Any, window: Window) -> Any:
    """The convolution by filters without elements: zeros, in the shape that the arguments give."""
    counts = _windows.positions_of_nothing(x, window)
    ends = (filters.shape[-1], *counts) if window.first == 2 else (*counts, filters.shape[-1])
    return jnp.zeros((x.shape[0], *ends), x.dtype)


def convolve(x: Any, filters: Any, window: Window) -> Any:
    """The convolution of `x` (more than one batch dimension allowed) by `filters` [..., channels/groups, outputs]."""
    if filters.ndim != len(window.size) + 2 or x.ndim < filters.ndim:
        raise ValueError(
            f"expected an input of rank {len(window.size) + 2} and filters of rank {len(window.size) + 2}, received "
            f"input {list(x.shape)} and filters {list(filters.shape)}"
        )
    extra = x.ndim - filters.ndim
    batch = x.shape[: extra + 1]
    if extra:
        x = x.reshape((math.prod(batch), *x.shape[extra + 1 :]))
    channels, depth = _channels(x, window), filters.shape[-2]
    if 0 in filters.shape and (channels % depth == 0 if depth else channels == 0):
        result = _of_nothing(x, filters, window)
    else:
        result = (_stock if context.forward_mode else _convolve)(x, filters, window)
    return result.reshape((*batch, *result.shape[1:])) if extra else result


def transpose(y: Any, filters: Any, shape: tuple[int, ...], window: Window) -> Any:
    """The transpose of `convolve` in its first argument, which has that `shape`."""
    if 0 in filters.shape:
        return jnp.zeros(shape, y.dtype)
    expected = jax.eval_shape(lambda a: _stock(a, filters, window), jax.ShapeDtypeStruct(shape, y.dtype)).shape
    if expected != y.shape:
        raise ValueError(
            f"expected an input of shape {list(expected)} for output_shape {list(shape)}, received {list(y.shape)}"
        )
    if context.forward_mode:
        return _input_gradient(jax.ShapeDtypeStruct(shape, y.dtype), filters, y, window)
    return _transpose(y, filters, shape, window)


# Depthwise ------------------------------------------------------------------------------------------------------


def _depthwise_slices(x: Any, filters: Any, window: Window) -> Any:
    parts = _windows.slices(x, window)
    weights = filters.reshape((math.prod(filters.shape[:-2]), *filters.shape[-2:]))
    if filters.shape[-1] == 1:
        return sum(part * w for part, w in zip(parts, weights[..., 0], strict=True))
    total: Any = sum(part[..., None] * w for part, w in zip(parts, weights, strict=True))
    return total.reshape((*total.shape[:-2], -1))


@functools.partial(jax.custom_vjp, nondiff_argnums=(2,))
def _depthwise(x: Any, filters: Any, window: Window) -> Any:
    return _depthwise_slices(x, filters, window)


def _depthwise_forward(x: Any, filters: Any, window: Window) -> Any:
    return _depthwise_slices(x, filters, window), (x, filters)


def _depthwise_backward(window: Window, saved: Any, gradient: Any) -> Any:
    x, filters = saved
    gradient = gradient.reshape((*gradient.shape[:-1], *filters.shape[-2:]))
    weights = filters.reshape((math.prod(filters.shape[:-2]), *filters.shape[-2:]))
    for_input = [jnp.sum(gradient * w, -1) for w in weights]
    to_input = _windows.scatter(for_input, x, window)
    # Summed over the batch first: whole rows are added at once.
    parts = [jnp.sum(p[..., None] * gradient, 0) for p in _windows.slices(x, window)]
    return to_input, jnp.sum(jnp.stack(parts), (1, 2)).reshape(filters.shape)


_depthwise.defvjp(_depthwise_forward, _depthwise_backward)


def depthwise(x: Any, filters: Any, window: Window) -> Any:
    """Each channel of `x` convolved by its own `filters` [height, width, channels, multiplier]."""
    channels = _channels(x, window)
    if filters.shape[-2] != channels:
        raise ValueError(
            f"expected filters [height, width, {channels}, multiplier] for input {list(x.shape)}, received "
            f"{list(filters.shape)}"
        )
    if window.prefers_slices and window.first == 1:
        return (_depthwise_slices if context.forward_mode else _depthwise)(x, filters, window)
    return _stock(x, filters.reshape((*filters.shape[:-2], 1, -1)), window)
