"""Tensors made of shapes, bounds and indices."""

from __future__ import annotations

import builtins
from typing import Any

import jax.numpy as jnp
import numpy as np

from headwater.core import dtypes
from headwater.core.dtypes import DType, as_dtype
from headwater.core.errors import InvalidArgumentError
from headwater.core.op import op
from headwater.core.shapes import TensorShape
from headwater.core.tape import ONES_LIKE, ZEROS_LIKE
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.ops._cast import cast
from headwater.ops._common import single_axis
from headwater.ops._inputs import INTEGER, dimensions, matched, shape_held_by, static_integers, tensor_of
from headwater.ops._shape import reshape
from headwater.ops._shape import shape as tensor_shape

# Constants -------------------------------------------------------------------------------------------------------


def constant(value: Any, dtype: Any = None, shape: Any = None, name: str = "Const") -> Tensor:
    """Makes a tensor of a Python or NumPy value.

    Args:
        value: A number, string, boolean, (nested) list of them, or an array.
        dtype: The dtype; None lets the value decide.
        shape: The shape; a single value is repeated to fill it.
        name: A name for the operation.

    Raises:
        TypeError: If the value does not have, or fill, the shape.

    >>> tf.constant(7, shape=[2])
    <tf.Tensor: shape=(2,), dtype=int32, numpy=array([7, 7], dtype=int32)>
    """
    tensor = convert_to_tensor(value, None if isinstance(value, Tensor) else dtype, name=name)
    if isinstance(value, Tensor) and dtype is not None:
        tensor = cast(value, dtype)
    if shape is None:
        return tensor
    wanted = TensorShape(shape)
    if tensor.shape == wanted:
        return tensor
    if tensor.shape.num_elements() == 1:
        return fill(wanted, reshape(tensor, []), name)
    if tensor.shape.num_elements() != wanted.num_elements():
        raise TypeError(
            f"Eager execution of tf.constant with unsupported shape. Tensor {value!r} (converted from) has "
            f"{tensor.shape.num_elements()} elements, but got shape {wanted} with {wanted.num_elements()} elements."
        )
    return reshape(tensor, wanted)


def shape_of(tensor: Tensor) -> Any:
    """The shape for another op's argument: static where it is known, else computed."""
    return tensor.shape.as_list() if tensor.shape.is_fully_defined() else tensor_shape(tensor)


# Filled tensors --------------------------------------------------------------------------------------------------


# Beyond so many elements, filling on the host costs more than a copy is worth.
_SMALL = 1 << 16


def _filled(dims: Any, value: Any) -> Any:
    sizes = dimensions(dims)
    is_small = np.prod(dims, dtype=np.float64) <= _SMALL and value.ndim == 0 and min(sizes, default=0) >= 0
    return np.full(sizes, value) if is_small else None


@op("Fill", static=(0,), spec=lambda inputs, attrs: (inputs[1].dtype, shape_held_by(inputs[0])), small=_filled)
def FILL(dims: Any, value: Any) -> Any:
    return jnp.broadcast_to(value, dimensions(dims))


def fill(dims: Any, value: Any, name: str | None = None, layout: Any = None) -> Tensor:
    """Makes a tensor of this shape whose elements are all `value`.

    >>> tf.fill([2, 2], 7).numpy()
    array([[7, 7],
           [7, 7]], dtype=int32)
    """
    return FILL(static_integers(dims), convert_to_tensor(value), name=name)


def zeros(shape: Any, dtype: Any = dtypes.float32, name: str | None = None, layout: Any = None) -> Tensor:
    """Makes a tensor of zeros (False, or empty strings).

    >>> tf.zeros([2], tf.int32).numpy()
    array([0, 0], dtype=int32)
    """
    return FILL(static_integers(shape), _constant(0, as_dtype(dtype)), name=name)


def ones(shape: Any, dtype: Any = dtypes.float32, name: str | None = None, layout: Any = None) -> Tensor:
    """Makes a tensor of ones (or True).

    >>> tf.ones([2]).numpy()
    array([1., 1.], dtype=float32)
    """
    return FILL(static_integers(shape), _constant(1, as_dtype(dtype)), name=name)


def _constant(value: int, dtype: DType) -> Tensor:
    if dtype is dtypes.string:
        if value:
            raise TypeError("Expected a dtype of numbers for ones, received string.")
        return convert_to_tensor("")
    return convert_to_tensor(bool(value) if dtype.is_bool else value, dtype)


def zeros_like(input: Any, dtype: Any = None, name: str | None = None, layout: Any = None) -> Tensor:
    """Makes zeros of another tensor's shape and dtype.

    >>> tf.zeros_like([1, 2]).numpy()
    array([0, 0], dtype=int32)
    """
    x = convert_to_tensor(input)
    if (dtype is not None and as_dtype(dtype) is not x.dtype) or x.dtype is dtypes.string:
        return zeros(shape_of(x), dtype or x.dtype, name)
    return ZEROS_LIKE(x, name=name)


def ones_like(input: Any, dtype: Any = None, name: str | None = None, layout: Any = None) -> Tensor:
    """Makes ones of another tensor's shape and dtype.

    >>> tf.ones_like([1.5, 2.5]).numpy()
    array([1., 1.], dtype=float32)
    """
    x = convert_to_tensor(input)
    if dtype is not None and as_dtype(dtype) is not x.dtype:
        return ones(shape_of(x), dtype, name)
    return ONES_LIKE(x, name=name)


@op("Eye", static=(0,), differentiable=False)
def EYE(dims: Any, *, dtype: Any) -> Any:
    *batch, rows, columns = dimensions(dims)
    return jnp.broadcast_to(jnp.eye(rows, columns, dtype=dtype), (*batch, rows, columns))


def eye(
    num_rows: Any,
    num_columns: Any = None,
    batch_shape: Any = None,
    dtype: Any = dtypes.float32,
    name: str | None = None,
) -> Tensor:
    """Makes an identity matrix, or a batch of them.

    Args:
        num_rows: The number of rows.
        num_columns: The number of columns; None means as many.
        batch_shape: Dimensions before the last two.
        dtype: The dtype.
        name: A name for the operation.

    >>> tf.eye(2).numpy()
    array([[1., 0.],
           [0., 1.]], dtype=float32)
    """
    dims = [
        *(batch_shape if batch_shape is not None else []),
        num_rows,
        num_rows if num_columns is None else num_columns,
    ]
    return EYE(static_integers(dims), dtype=np.dtype(as_dtype(dtype).as_numpy_dtype), name=name)


# Sequences -------------------------------------------------------------------------------------------------------


def _sequence(start: Any, limit: Any, delta: Any) -> Any:
    start, limit, delta = np.ravel(start)[0], np.ravel(limit)[0], np.ravel(delta)[0]
    if delta == 0:
        raise ValueError("Requires delta != 0: received a step of 0.")
    if (start > limit) if delta > 0 else (start < limit):
        raise ValueError(f"Expected a step towards the limit, received range({start}, {limit}, {delta}).")
    if np.issubdtype(start.dtype, np.integer):
        return np.arange(int(start), int(limit), int(delta)).astype(start.dtype)
    # In the dtype itself, as the length is the one that its users count on: 0.3 / 0.1 in float32 is 3, not 2.999….
    places = np.arange(np.ceil(np.abs((limit - start) / delta)))
    return start + places.astype(start.dtype) * delta


def _short_sequence(start: Any, limit: Any, delta: Any) -> Any:
    steps = (float(limit) - float(start)) / float(delta) if delta else -1
    return _sequence(start, limit, delta) if 0 <= steps <= _SMALL else None


@op("Range", static=(0, 1, 2), differentiable=False, small=_short_sequence)
def RANGE(start: Any, limit: Any, delta: Any) -> Any:
    if object in (start.dtype, limit.dtype):
        return _sequence_of_any_length(start, limit, delta)
    return jnp.asarray(_sequence(start, limit, delta))


def _sequence_of_any_length(start: Any, limit: Any, delta: Any) -> Any:
    """Integers up to a dimension that stands for any size."""
    dtype = next(v.dtype for v in (delta, start, limit) if v.dtype != object)
    first, stop, step = [dimensions(v)[0] for v in (start, limit, delta)]
    distance, stride = (first - stop, -step) if step < 0 else (stop - first, step)
    return (first + step * jnp.arange((distance + stride - 1) // stride, dtype=dtype)).astype(dtype)


def range(start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: str = "range") -> Tensor:
    """Makes a sequence of numbers from `start` up to, not including, `limit`.

    Args:
        start: The first number; the limit if `limit` is None (the first is 0 then).
        limit: The bound.
        delta: The step.
        dtype: The dtype; None takes the widest of the arguments.
        name: A name for the operation.

    Raises:
        InvalidArgumentError: If `delta` is 0, or leads away from `limit`.

    >>> tf.range(2, 9, 3).numpy()
    array([2, 5, 8], dtype=int32)
    """
    if limit is None:
        start, limit = 0, start
    given = [start, limit, delta]
    if dtype is not None:
        wanted = as_dtype(dtype)
        return RANGE(*[cast(x, wanted) if isinstance(x, Tensor) else _bound(x, wanted) for x in given], name=name)
    if all(type(x) is int and -(2**31) <= x < 2**31 for x in given):
        return RANGE(*[static_integers(x) for x in given], name=name)
    tensors = [convert_to_tensor(x) for x in given]
    order = [dtypes.int32, dtypes.int64, dtypes.float16, dtypes.bfloat16, dtypes.float32, dtypes.float64]
    widest = max([x.dtype for x in tensors], key=lambda d: order.index(d) if d in order else -1)
    return RANGE(*[cast(x, widest) for x in tensors], name=name)


def _bound(value: Any, dtype: DType) -> Tensor:
    return static_integers(value, dtype) if type(value) is int and dtype.is_integer else convert_to_tensor(value, dtype)


@op("LinSpace", static=(2,))
def LINSPACE(start: Any, stop: Any, num: Any, *, axis: int) -> Any:
    count = dimensions(num)[0]
    if count < 0:
        raise ValueError(f"Requires num >= 0, received {count}.")
    start, stop = jnp.expand_dims(start, axis), jnp.expand_dims(stop, axis)
    place = np.arange(count).reshape([-1 if n == axis % start.ndim else 1 for n in builtins.range(start.ndim)])
    # Fractions of the whole distance: a step times its number would be off by what the step was rounded by.
    fraction = jnp.asarray(place / max(count - 1, 1), start.dtype)
    between = jnp.where(place < max(count - 1, 1), start + (stop - start) * fraction, stop)
    return jnp.where(place == 0, start, between)


def linspace(start: Any, stop: Any, num: Any, name: str | None = None, axis: int = 0) -> Tensor:
    """Makes `num` evenly spaced numbers from `start` to `stop`, both included.

    Args:
        start: The first number or numbers. Integers are taken as float64.
        stop: The last, of the same shape and dtype.
        num: How many.
        name: A name for the operation.
        axis: Where the new axis comes.

    >>> tf.linspace(0.0, 1.0, 5).numpy()
    array([0.  , 0.25, 0.5 , 0.75, 1.  ], dtype=float32)
    """
    first, last = matched(start, stop)
    if first.dtype.is_integer:
        first, last = cast(first, dtypes.float64), cast(last, dtypes.float64)
    return LINSPACE(first, last, static_integers(num), axis=single_axis(axis), name=name)


def meshgrid(*args: Any, **kwargs: Any) -> list[Tensor]:
    """Makes coordinate grids of coordinate vectors.

    Args:
        *args: One vector per axis.
        **kwargs: ``indexing``: ``"xy"`` (the default: the first two axes are swapped) or ``"ij"``; ``name``.

    Raises:
        ValueError: If `indexing` is another.

    >>> x, y = tf.meshgrid([1, 2], [3, 4, 5])
    >>> y.numpy()
    array([[3, 3],
           [4, 4],
           [5, 5]], dtype=int32)
    """
    indexing = kwargs.pop("indexing", "xy")
    name = kwargs.pop("name", "meshgrid")
    if kwargs:
        raise TypeError(f"'{next(iter(kwargs))}' is an invalid keyword argument for meshgrid.")
    if indexing not in ("xy", "ij"):
        raise ValueError(f"Expected indexing 'xy' or 'ij', received {indexing!r}.")
    return list(MESHGRID(*[convert_to_tensor(x) for x in args], indexing=indexing, name=name)) if args else []


@op("Meshgrid", same_dtype=False)
def MESHGRID(*vectors: Any, indexing: str) -> Any:
    return tuple(jnp.meshgrid(*[jnp.reshape(v, -1) for v in vectors], indexing=indexing))


# Indices to masks ------------------------------------------------------------------------------------------------


@op("OneHot", static=(1,), same_dtype=(2, 3))
def ONE_HOT(indices: Any, depth: Any, on: Any, off: Any, *, axis: int) -> Any:
    count = dimensions(depth)[0]
    if count < 0:
        raise InvalidArgumentError(None, None, f"depth must be non-negative, got: {count} [Op:OneHot]")
    place = axis if axis >= 0 else indices.ndim + 1 + axis
    indices = jnp.expand_dims(indices, place)
    numbers = jnp.arange(count, dtype=indices.dtype)
    numbers = numbers.reshape([-1 if i == place else 1 for i in builtins.range(indices.ndim)])
    return jnp.where(indices == numbers, on, off)


def one_hot(
    indices: Any,
    depth: Any,
    on_value: Any = None,
    off_value: Any = None,
    axis: int | None = None,
    dtype: Any = None,
    name: str | None = None,
) -> Tensor:
    """Makes vectors that are `on_value` at one index and `off_value` elsewhere.

    Args:
        indices: Integers; one outside ``0..depth-1`` gives `off_value` everywhere.
        depth: The length of the new axis.
        on_value: 1 by default.
        off_value: 0 by default.
        axis: Where the new axis comes; last by default.
        dtype: The dtype; by default that of the values, or float32.
        name: A name for the operation.

    Raises:
        TypeError: If the values' dtypes do not match.

    >>> tf.one_hot([0, 2], 3).numpy()
    array([[1., 0., 0.],
           [0., 0., 1.]], dtype=float32)
    """
    if not isinstance(indices, Tensor) and np.size(indices) == 0:  # an empty list says nothing about its dtype
        indices = np.asarray(indices, np.int32)
    index = tensor_of(indices, "OneHot", INTEGER, dtypes.int64)
    on, off = _one_hot_values(on_value, off_value, None if dtype is None else as_dtype(dtype))
    return ONE_HOT(index, static_integers(depth), on, off, axis=-1 if axis is None else single_axis(axis), name=name)


def _one_hot_values(on: Any, off: Any, dtype: DType | None) -> tuple[Tensor, Tensor]:
    given = [convert_to_tensor(v, dtype_hint=dtype) for v in (on, off) if v is not None]
    if dtype is None:
        dtype = given[0].dtype if given else dtypes.float32
    for value in given:
        if value.dtype is not dtype:
            raise TypeError(f"Expected on_value and off_value of dtype {dtype.name}, received {value.dtype.name}.")
    on = given[0] if on is not None else _constant(1, dtype)
    return on, given[-1] if off is not None else _constant(0, dtype)


def sequence_mask(lengths: Any, maxlen: Any = None, dtype: Any = dtypes.bool, name: str | None = None) -> Tensor:
    """Makes a mask that is true at the first ``lengths[i]`` positions of row ``i``.

    Args:
        lengths: Integers of any shape.
        maxlen: The length of the rows; by default the largest of `lengths`.
        dtype: The dtype of the mask.
        name: A name for the operation.

    >>> tf.sequence_mask([1, 3], 3).numpy()
    array([[ True, False, False],
           [ True,  True,  True]])
    """
    counts = convert_to_tensor(lengths)
    longest = LONGEST(counts) if maxlen is None else static_integers(maxlen)
    return cast(SEQUENCE_MASK(counts, longest, name=name), as_dtype(dtype))


@op("Max0", differentiable=False)
def LONGEST(lengths: Any) -> Any:
    return jnp.max(lengths, initial=0)


@op("SequenceMask", static=(1,), differentiable=False)
def SEQUENCE_MASK(lengths: Any, maxlen: Any) -> Any:
    count = dimensions(maxlen)[0]
    if count < 0:
        raise InvalidArgumentError(None, None, f"maxlen must be non-negative, got: {count} [Op:SequenceMask]")
    return jnp.arange(count, dtype=lengths.dtype) < lengths[..., None]


def required_space_to_batch_paddings(
    input_shape: Any, block_shape: Any, base_paddings: Any = None, name: str | None = None
) -> tuple[Tensor, Tensor]:
    """Computes the padding that makes a shape divisible into blocks, and the crops that undo it.

    >>> paddings, crops = tf.required_space_to_batch_paddings([5], [2])
    >>> paddings.numpy().tolist(), crops.numpy().tolist()
    ([[0, 1]], [[0, 1]])
    """
    sizes, blocks = np.asarray(input_shape), np.asarray(block_shape)
    base = np.zeros((len(blocks), 2), np.int32) if base_paddings is None else np.asarray(base_paddings)
    extra = -(sizes + base.sum(1)) % blocks
    paddings = np.stack([base[:, 0], base[:, 1] + extra], 1).astype(np.int32)
    crops = np.stack([np.zeros_like(extra), extra], 1).astype(np.int32)
    return convert_to_tensor(paddings), convert_to_tensor(crops)
