"""`tf.nn`'s pooling."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from headwater.core import dtypes
from headwater.core.context import context
from headwater.core.dtypes import as_dtype
from headwater.core.op import Op, op
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.ops import _windows
from headwater.ops._inputs import FLOATING, REAL, tensor_of
from headwater.ops._windows import Window

# Kernels --------------------------------------------------------------------------------------------------------


def _lowest(dtype: Any) -> Any:
    return -np.inf if jnp.issubdtype(dtype, jnp.floating) else jnp.iinfo(dtype).min


def _reduce_window(x: Any, window: Window, start: Any, combine: Any) -> Any:
    _windows.positions(x, window)
    return lax.reduce_window(
        x, np.asarray(start, x.dtype), combine, window.full(window.size, 1), window.full(window.strides, 1),
        window.full(window.pads(x), (0, 0)), window_dilation=window.full(window.dilations, 1),
    )  # fmt: skip


def _max_of_slices(x: Any, window: Window) -> Any:
    return functools.reduce(jnp.maximum, _windows.slices(x, window, _lowest(x.dtype)))


@functools.partial(jax.custom_vjp, nondiff_argnums=(1,))
def _max_pool(x: Any, window: Window) -> Any:
    return _max_of_slices(x, window)


def _max_pool_forward(x: Any, window: Window) -> Any:
    y = _max_of_slices(x, window)
    return y, (x, y)


def _max_pool_backward(window: Window, saved: Any, gradient: Any) -> Any:
    """The gradient goes to the first of the largest elements of each window."""
    x, y = saved
    winner: Any = jnp.full(y.shape, -1, np.int8)
    for place, values in reversed(list(enumerate(_windows.slices(x, window, _lowest(x.dtype))))):
        winner = jnp.where(values == y, np.int8(place), winner)
    places = np.arange(np.prod(window.size), dtype=np.int8)
    if window.is_disjoint:
        won = _windows.apart(winner, window) == places.reshape(window.one_window)
        return (_windows.together(jnp.where(won, _windows.apart(gradient, window), 0), x, window),)
    return (_windows.scatter([jnp.where(winner == place, gradient, 0) for place in places], x, window),)


_max_pool.defvjp(_max_pool_forward, _max_pool_backward)


def _maximum(x: Any, window: Window) -> Any:
    if window.prefers_slices:
        return (_max_of_slices if context.forward_mode else _max_pool)(x, window)
    return _reduce_window(x, window, _lowest(x.dtype), lax.max)


def _sum(x: Any, window: Window) -> Any:
    if window.prefers_slices:
        return functools.reduce(jnp.add, _windows.slices(x, window))
    return _reduce_window(x, window, 0, lax.add)


def _average(x: Any, window: Window) -> Any:
    """The mean of the elements of each window, padding left out."""
    if all(pair == (0, 0) for pair in window.pads(x)):
        return (_sum(x, window) / int(np.prod(window.size))).astype(x.dtype)
    first, rank = window.first, len(window.size)
    spatial = x.shape[first : first + rank]
    ones = jnp.ones((1,) * first + spatial + (1,) * (2 - first), x.dtype)
    return _sum(x, window) / _sum(ones, window)


def _pool_op(name: str, kernel: Callable[[Any, Window], Any]) -> Op:
    def run(x: Any, *, ksize: Any, strides: Any, padding: str, explicit_paddings: Any, data_format: str) -> Any:
        rank, first = len(data_format) - 2, 2 if data_format.startswith("NC") else 1
        if x.ndim != rank + 2:
            raise ValueError(
                f"expected an input of rank {rank + 2} for data_format {data_format!r}, received {list(x.shape)}"
            )
        pads = _windows.attribute_padding(padding, explicit_paddings, rank, first)
        inner = slice(first, first + rank)
        return kernel(x, Window(ksize[inner], strides[inner], (1,) * rank, pads, first))

    return Op(name, run, uses_inputs=kernel is _maximum)


MAX_POOL = _pool_op("MaxPool", _maximum)
MAX_POOL_3D = _pool_op("MaxPool3D", _maximum)
AVG_POOL = _pool_op("AvgPool", _average)
AVG_POOL_3D = _pool_op("AvgPool3D", _average)


@op("MaxPoolWithArgmax")
def _MAX_POOL_WITH_ARGMAX(
    x: Any, *, ksize: Any, strides: Any, padding: Any, Targmax: Any, include_batch_in_index: bool
) -> Any:
    window = Window(ksize[1:3], strides[1:3], (1, 1), padding, 1)
    y = _maximum(x, window)
    positions = jnp.zeros(x.shape, np.int64)
    for axis in range(0 if include_batch_in_index else 1, 4):
        positions = positions * x.shape[axis] + lax.broadcasted_iota(np.int64, x.shape, axis)
    found: Any = jnp.full(y.shape, -1, np.int64)
    pairs = zip(_windows.slices(x, window, _lowest(x.dtype)), _windows.slices(positions, window, -1), strict=True)
    for values, places in pairs:
        found = jnp.where((found < 0) & (values == y) & (places >= 0), places, found)
    return y, found.astype(Targmax)


# Functions ------------------------------------------------------------------------------------------------------


def _pool(
    op: Op, input: Any, ksize: Any, strides: Any, padding: Any, layout: str | None, rank: int, name: Any
) -> Tensor:
    what = op.name
    if op is MAX_POOL and isinstance(input, np.ndarray) and input.dtype == np.float64:
        input = convert_to_tensor(input, dtypes.float32)  # as TensorFlow: this op alone has a dtype of its own
    input = tensor_of(input, what, FLOATING if op in (AVG_POOL, AVG_POOL_3D) else REAL)
    first = 2 if _windows.channels_first(layout, rank, what) else 1
    full = Window((), (), (), "VALID", first).full
    mode, explicit = _windows.padding_attributes(padding, rank, first, what)
    return op(
        input,
        ksize=full(_windows.spatial(ksize, rank, first, what, "ksize"), 1),
        strides=full(_windows.spatial(strides, rank, first, what, "strides"), 1),
        padding=mode,
        explicit_paddings=explicit,
        data_format=_windows.layouts(rank)[first - 1],
        name=name,
    )


def _pool_1d(op: Op, input: Any, ksize: Any, strides: Any, padding: Any, layout: str, name: str | None) -> Tensor:
    first = 2 if _windows.channels_first(layout, 1, op.name) else 1
    size = (1, *_windows.spatial(ksize, 1, first, op.name, "ksize"))
    steps = (1, *_windows.spatial(strides, 1, first, op.name, "strides"))
    input = convert_to_tensor(input)
    image = input[:, None] if first == 1 else input[:, :, None]
    if not isinstance(padding, str):
        padding = [*padding[:first], (0, 0), *padding[first:]] if len(padding) == 3 else [(0, 0), *padding]
    result = _pool(op, image, size, steps, padding, _windows.layouts(2)[first - 1], 2, name)
    return result[:, 0] if first == 1 else result[:, :, 0]


def max_pool2d(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: str = "NHWC", name: str | None = None
) -> Tensor:
    """The largest element of each window.

    Args:
        input: Images [batch, height, width, channels] (or by `data_format`).
        ksize: The window's size: one integer, two, or one per dimension.
        strides: Steps between windows: one integer, two, or one per dimension.
        padding: ``"SAME"``, ``"VALID"``, or a ``[before, after]`` pair per dimension. Padding never wins.
        data_format: ``"NHWC"`` or ``"NCHW"``.
        name: A name for the result.

    Returns:
        A tensor of the dtype of `input`. The gradient goes to the first largest element of each window.

    >>> x = tf.reshape(tf.range(16.0), [1, 4, 4, 1])
    >>> tf.nn.max_pool2d(x, ksize=2, strides=2, padding="VALID")[0, :, :, 0].numpy()
    array([[ 5.,  7.],
           [13., 15.]], dtype=float32)
    """
    return _pool(MAX_POOL, input, ksize, strides, padding, data_format, 2, name)


def avg_pool2d(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: str = "NHWC", name: str | None = None
) -> Tensor:
    """The mean of each window, padding left out. The arguments are those of `max_pool2d`.

    >>> x = tf.reshape(tf.range(16.0), [1, 4, 4, 1])
    >>> tf.nn.avg_pool2d(x, ksize=2, strides=2, padding="VALID")[0, :, :, 0].numpy()
    array([[ 2.5,  4.5],
           [10.5, 12.5]], dtype=float32)
    """
    return _pool(AVG_POOL, input, ksize, strides, padding, data_format, 2, name)


def max_pool3d(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: str = "NDHWC", name: str | None = None
) -> Tensor:
    """The largest element of each window of [batch, depth, height, width, channels].

    >>> tf.nn.max_pool3d(tf.ones([1, 4, 4, 4, 2]), ksize=2, strides=2, padding="VALID").shape
    TensorShape([1, 2, 2, 2, 2])
    """
    return _pool(MAX_POOL_3D, input, ksize, strides, padding, data_format, 3, name)


def avg_pool3d(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: str = "NDHWC", name: str | None = None
) -> Tensor:
    """The mean of each window of [batch, depth, height, width, channels], padding left out.

    >>> tf.nn.avg_pool3d(tf.ones([1, 4, 4, 4, 2]), ksize=2, strides=2, padding="VALID").shape
    TensorShape([1, 2, 2, 2, 2])
    """
    return _pool(AVG_POOL_3D, input, ksize, strides, padding, data_format, 3, name)


def max_pool1d(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: str = "NWC", name: str | None = None
) -> Tensor:
    """The largest element of each window of [batch, width, channels].

    >>> tf.nn.max_pool1d(tf.reshape(tf.range(4.0), [1, 4, 1]), 2, 2, "VALID")[0, :, 0].numpy()
    array([1., 3.], dtype=float32)
    """
    return _pool_1d(MAX_POOL, input, ksize, strides, padding, data_format, name)


def avg_pool1d(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: str = "NWC", name: str | None = None
) -> Tensor:
    """The mean of each window of [batch, width, channels], padding left out.

    >>> tf.nn.avg_pool1d(tf.reshape(tf.range(4.0), [1, 4, 1]), 2, 2, "VALID")[0, :, 0].numpy()
    array([0.5, 2.5], dtype=float32)
    """
    return _pool_1d(AVG_POOL, input, ksize, strides, padding, data_format, name)


def _by_rank(
    functions: dict[int, Any], input: Any, data_format: str | None, ksize: Any, strides: Any, padding: Any, name: Any
) -> Tensor:
    input = convert_to_tensor(input)
    rank = len(data_format) - 2 if data_format is not None else (input.shape.rank or 0) - 2
    if rank not in functions:
        raise ValueError(
            f"Expected an input of rank 3, 4 or 5, received shape {input.shape} with data_format {data_format!r}."
        )
    result: Tensor = functions[rank](input, ksize, strides, padding, data_format or _windows.layouts(rank)[0], name)
    return result


def max_pool(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: str | None = None, name: str | None = None
) -> Tensor:
    """The largest element of each window, over 1 to 3 dimensions. The arguments are those of `max_pool2d`.

    >>> tf.nn.max_pool(tf.ones([1, 4, 4, 2]), ksize=2, strides=2, padding="VALID").shape
    TensorShape([1, 2, 2, 2])
    """
    functions = {1: max_pool1d, 2: max_pool2d, 3: max_pool3d}
    return _by_rank(functions, input, data_format, ksize, strides, padding, name)


def avg_pool(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: str | None = None, name: str | None = None
) -> Tensor:
    """The mean of each window, over 1 to 3 dimensions, padding left out. The arguments are those of `max_pool2d`.

    >>> tf.nn.avg_pool(tf.ones([1, 4, 4, 2]), ksize=2, strides=2, padding="VALID").shape
    TensorShape([1, 2, 2, 2])
    """
    functions = {1: avg_pool1d, 2: avg_pool2d, 3: avg_pool3d}
    return _by_rank(functions, input, data_format, ksize, strides, padding, name)


@op("Pool")
def _POOL(x: Any, *, window: Window, maximum: bool) -> Any:
    return (_maximum if maximum else _average)(x, window)


def pool(
    input: Any,
    window_shape: Any,
    pooling_type: str,
    strides: Any = None,
    padding: Any = "VALID",
    data_format: str | None = None,
    dilations: Any = None,
    name: str | None = None,
) -> Tensor:
    """Pooling over 1 to 3 dimensions with gaps between the elements of a window.

    Args:
        input: A tensor of rank 3 to 5.
        window_shape: One integer per spatial dimension.
        pooling_type: ``"MAX"`` or ``"AVG"``.
        strides: Steps between windows, one per spatial dimension.
        padding: ``"SAME"``, ``"VALID"``, or a ``[before, after]`` pair per dimension.
        data_format: Such as ``"NHWC"`` or ``"NCHW"``.
        dilations: Steps between a window's elements, one per spatial dimension.
        name: A name for the result.

    Returns:
        A tensor of the dtype of `input`.

    Raises:
        ValueError: If the arguments do not fit.

    >>> tf.nn.pool(tf.ones([1, 5, 5, 1]), [2, 2], "MAX", dilations=[2, 2]).shape
    TensorShape([1, 3, 3, 1])
    """
    input = convert_to_tensor(input)
    if pooling_type not in ("MAX", "AVG"):
        raise ValueError(f"pool: expected pooling_type 'MAX' or 'AVG', received {pooling_type!r}.")
    rank = len(list(window_shape))
    first = 2 if data_format is not None and data_format.startswith("NC") else 1
    steps = _windows.spatial(strides, rank, first, "pool", "strides")
    rates = _windows.spatial(dilations, rank, first, "pool", "dilations")
    if max(steps) > 1 and max(rates) > 1:
        raise ValueError(
            f"pool: strides > 1 not supported in conjunction with dilations > 1, received {steps} and {rates}."
        )
    if max(rates) == 1:
        function = max_pool if pooling_type == "MAX" else avg_pool
        return function(input, window_shape, steps, padding, data_format or _windows.layouts(rank)[0], name)
    mode, explicit = _windows.padding_attributes(padding, rank, first, "pool")
    pads = _windows.attribute_padding(mode, explicit, rank, first)
    window = Window(_windows.spatial(window_shape, rank, first, "pool", "ksize"), steps, rates, pads, first)
    return _POOL(input, window=window, maximum=pooling_type == "MAX", name=name)


def max_pool_with_argmax(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: str,
    data_format: str = "NHWC",
    output_dtype: Any = dtypes.int64,
    include_batch_in_index: bool = False,
    name: str | None = None,
) -> tuple[Tensor, Tensor]:
    """`max_pool2d`, and the position of each largest element in its flattened image.

    Args:
        input: Images [batch, height, width, channels].
        ksize: The window's size.
        strides: Steps between windows.
        padding: ``"SAME"`` or ``"VALID"``.
        data_format: ``"NHWC"``.
        output_dtype: int32 or int64.
        include_batch_in_index: Whether positions count from the start of the batch.
        name: A name for the result.

    Returns:
        ``(output, argmax)``, of the same shape.

    >>> x = tf.reshape(tf.range(16.0), [1, 4, 4, 1])
    >>> tf.nn.max_pool_with_argmax(x, 2, 2, "VALID")[1][0, :, :, 0].numpy()
    array([[ 5,  7],
           [13, 15]])
    """
    if data_format != "NHWC":
        raise ValueError(f"max_pool_with_argmax: expected data_format 'NHWC', received {data_format!r}.")
    what = "max_pool_with_argmax"
    return _MAX_POOL_WITH_ARGMAX(
        convert_to_tensor(input),
        ksize=(1, *_windows.spatial(ksize, 2, 1, what, "ksize"), 1),
        strides=(1, *_windows.spatial(strides, 2, 1, what, "strides"), 1),
        padding=_windows.padding_attributes(padding, 2, 1, what)[0],
        Targmax=np.dtype(as_dtype(output_dtype).as_numpy_dtype),
        include_batch_in_index=bool(include_batch_in_index),
        name=name,
    )
