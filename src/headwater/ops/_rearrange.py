"""Blocks of space to channels or batch and back; morphology."""

from __future__ import annotations

import functools
import math
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from headwater.core.op import Op, op
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.ops import _windows
from headwater.ops._common import convert_pair
from headwater.ops._windows import Window

# Channels -------------------------------------------------------------------------------------------------------


def _channels_last(kernel: Any) -> Any:
    def run(x: Any, *, block_size: int, data_format: str) -> Any:
        if x.ndim != 4:
            raise ValueError(f"expected an input of rank 4, received {list(x.shape)}")
        if data_format == "NCHW":
            return jnp.moveaxis(kernel(jnp.moveaxis(x, 1, -1), block_size), -1, 1)
        return kernel(x, block_size)

    return run


def _depth_to_space(x: Any, block: int) -> Any:
    n, h, w, c = x.shape
    if c % (block * block):
        raise ValueError(f"expected a number of channels divisible by {block * block}, received {list(x.shape)}")
    blocks = x.reshape(n, h, w, block, block, c // (block * block))
    return blocks.transpose(0, 1, 3, 2, 4, 5).reshape(n, h * block, w * block, c // (block * block))


def _space_to_depth(x: Any, block: int) -> Any:
    n, h, w, c = x.shape
    if h % block or w % block:
        raise ValueError(f"expected height and width divisible by {block}, received {list(x.shape)}")
    blocks = x.reshape(n, h // block, block, w // block, block, c)
    return blocks.transpose(0, 1, 3, 2, 4, 5).reshape(n, h // block, w // block, block * block * c)


_DEPTH_TO_SPACE = Op("DepthToSpace", _channels_last(_depth_to_space))
_SPACE_TO_DEPTH = Op("SpaceToDepth", _channels_last(_space_to_depth))


def _checked(block_size: int, data_format: str, what: str) -> dict[str, Any]:
    if int(block_size) < 2:
        raise ValueError(f"{what}: expected block_size > 1, received {block_size}.")
    if data_format not in ("NHWC", "NCHW"):
        raise ValueError(f"{what}: expected data_format 'NHWC' or 'NCHW', received {data_format!r}.")
    return {"block_size": int(block_size), "data_format": data_format}


def depth_to_space(input: Any, block_size: int, data_format: str = "NHWC", name: str | None = None) -> Tensor:
    """Unfolds channels into blocks of pixels (Shi et al. 2016, "sub-pixel convolution").

    Args:
        input: Images [batch, height, width, channels] (or by `data_format`).
        block_size: The side of a block; its square divides the channels.
        data_format: ``"NHWC"`` or ``"NCHW"``.
        name: A name for the result.

    Returns:
        Images `block_size` times as high and wide.

    >>> tf.nn.depth_to_space(tf.reshape([1, 2, 3, 4], [1, 1, 1, 4]), 2)[0, :, :, 0].numpy()
    array([[1, 2],
           [3, 4]], dtype=int32)
    """
    attrs = _checked(block_size, data_format, "depth_to_space")
    return _DEPTH_TO_SPACE(convert_to_tensor(input), name=name, **attrs)


def space_to_depth(input: Any, block_size: int, data_format: str = "NHWC", name: str | None = None) -> Tensor:
    """Folds blocks of pixels into channels, the inverse of `depth_to_space`.

    >>> tf.nn.space_to_depth(tf.reshape([1, 2, 3, 4], [1, 2, 2, 1]), 2).numpy()
    array([[[[1, 2, 3, 4]]]], dtype=int32)
    """
    attrs = _checked(block_size, data_format, "space_to_depth")
    return _SPACE_TO_DEPTH(convert_to_tensor(input), name=name, **attrs)


# Batch ----------------------------------------------------------------------------------------------------------


# Morphology -----------------------------------------------------------------------------------------------------


@op("Dilation2D", same_dtype=True)
def _DILATION(x: Any, filters: Any, *, strides: Any, rates: Any, padding: str) -> Any:
    if filters.ndim != 3 or x.ndim != 4 or filters.shape[-1] != x.shape[-1]:
        raise ValueError(
            f"Expected an input [batch, rows, columns, channels] and filters [rows, columns, channels], received "
            f"{list(x.shape)} and {list(filters.shape)}."
        )
    window = Window(tuple(filters.shape[:2]), strides[1:3], rates[1:3], padding, 1)
    lowest = -np.inf if jnp.issubdtype(x.dtype, jnp.floating) else jnp.iinfo(x.dtype).min
    if 0 in window.size:
        return jnp.full((x.shape[0], *_windows.positions_of_nothing(x, window), x.shape[3]), lowest, x.dtype)
    if math.prod(window.size) > _windows.MAX_SLICES:
        return _dilation_by_steps(_windows.pad(x, window, lowest), filters, window, _windows.positions(x, window))
    parts = _windows.slices(x, window, lowest)
    weights = filters.reshape(math.prod(window.size), filters.shape[-1])
    return functools.reduce(_first_maximum, [part + w for part, w in zip(parts, weights, strict=True)])


def _dilation_by_steps(padded: Any, filters: Any, window: Window, counts: list[int]) -> Any:
    """One element of the window after the other, for large windows."""
    (rows, columns), (down, across) = counts, window.strides
    size = (padded.shape[0], (rows - 1) * down + 1, (columns - 1) * across + 1, padded.shape[3])

    def candidate(index: Any) -> Any:
        row, column = index // window.size[1], index % window.size[1]
        start = (0, row * window.dilations[0], column * window.dilations[1], 0)
        return lax.dynamic_slice(padded, start, size)[:, ::down, ::across] + filters[row, column]

    steps = jnp.arange(1, math.prod(window.size))
    return lax.scan(lambda best, i: (_first_maximum(best, candidate(i)), None), candidate(0), steps)[0]


def _first_maximum(a: Any, b: Any) -> Any:
    """The maximum, whose gradient goes to the first of equals."""
    return jnp.where(a >= b, a, b)


def _morphology(value: Any, filters: Any, strides: Any, padding: str, layout: str, dilations: Any, what: str) -> Any:
    if layout != "NHWC":
        raise ValueError(f"{what}: expected data_format 'NHWC', received {layout!r}.")
    attrs = {
        "strides": (1, *_windows.spatial(strides, 2, 1, what, "strides"), 1),
        "rates": (1, *_windows.spatial(dilations, 2, 1, what, "dilations"), 1),
        "padding": _windows.padding_attributes(padding, 2, 1, what)[0],
    }
    return *convert_pair(value, filters), attrs


def dilation2d(
    input: Any, filters: Any, strides: Any, padding: str, data_format: str, dilations: Any, name: str | None = None
) -> Tensor:
    """The largest ``input + filters`` of each window (grayscale dilation).

    Args:
        input: Images [batch, height, width, channels].
        filters: [height, width, channels].
        strides: Steps between windows.
        padding: ``"SAME"`` or ``"VALID"``.
        data_format: ``"NHWC"``.
        dilations: Steps between a window's elements.
        name: A name for the result.

    Returns:
        A tensor of the dtype of `input`.

    >>> x = tf.reshape(tf.range(4.0), [1, 2, 2, 1])
    >>> float(tf.nn.dilation2d(x, tf.zeros([2, 2, 1]), [1] * 4, "VALID", "NHWC", [1] * 4)[0, 0, 0, 0])
    3.0
    """
    x, weights, attrs = _morphology(input, filters, strides, padding, data_format, dilations, "dilation2d")
    return _DILATION(x, weights, name=name, **attrs)


def erosion2d(
    value: Any, filters: Any, strides: Any, padding: str, data_format: str, dilations: Any, name: str | None = None
) -> Tensor:
    """The smallest ``value - filters`` of each window (grayscale erosion). The arguments are those of `dilation2d`.

    >>> x = tf.reshape(tf.range(1.0, 5.0), [1, 2, 2, 1])
    >>> float(tf.nn.erosion2d(x, tf.zeros([2, 2, 1]), [1] * 4, "VALID", "NHWC", [1] * 4)[0, 0, 0, 0])
    1.0
    """
    x, weights, attrs = _morphology(value, filters, strides, padding, data_format, dilations, "erosion2d")
    return -_DILATION(-x, weights[::-1, ::-1], name=name, **attrs)
