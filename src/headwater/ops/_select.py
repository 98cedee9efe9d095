"""Elements chosen by conditions or values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from headwater.core import dtypes
from headwater.core.dtypes import as_dtype, from_numpy
from headwater.core.op import op
from headwater.core.shapes import TensorShape
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.ops._gather import gather
from headwater.ops._inputs import BOOL, matched, static_value, tensor_of
from headwater.ops._join import concat
from headwater.ops._shape import reshape, shape

# By a condition --------------------------------------------------------------------------------------------------


@op("SelectV2", elementwise=True, same_dtype=(1, 2))
def SELECT(condition: Any, x: Any, y: Any) -> Any:
    return jnp.where(condition, x, y)


@op(
    "Where",
    effect="host",
    spec=lambda inputs, attrs: (dtypes.int64, TensorShape([None, inputs[0].shape.rank])),
)
def WHERE(condition: Any) -> Any:
    return np.argwhere(condition).astype(np.int64)


def where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Tensor:
    """Chooses elements of `x` where the condition is true and of `y` elsewhere; or finds where it is true.

    Args:
        condition: Truth values (for the second form: numbers too).
        x: What is chosen where the condition is true; broadcasts. None for the second form.
        y: What is chosen elsewhere; of the same dtype.
        name: A name for the operation.

    Returns:
        The chosen elements, or without `x` and `y` the int64 indices ``[count, rank]`` of true elements.

    Raises:
        ValueError: If only one of `x` and `y` is given.

    >>> tf.where([True, False], [1, 2], 0).numpy()
    array([1, 0], dtype=int32)
    >>> tf.where([False, True]).numpy()
    array([[1]])
    """
    if x is None and y is None:
        return WHERE(convert_to_tensor(condition), name=name)
    if x is None or y is None:
        raise ValueError("Expected both x and y or neither, received one of them.")
    return SELECT(tensor_of(condition, "SelectV2", BOOL), *matched(x, y), name=name)


def boolean_mask(tensor: Any, mask: Any, axis: int | None = None, name: str = "boolean_mask") -> Tensor:
    """Keeps the elements (or slices) where a mask is true.

    Args:
        tensor: A tensor.
        mask: Truth values whose shape is that of some dimensions of `tensor` from `axis` on.
        axis: Where these dimensions begin; 0 by default.
        name: A name for the operation.

    Raises:
        ValueError: If the mask is a scalar or its rank is not known.

    >>> tf.boolean_mask([1, 2, 3], [True, False, True]).numpy()
    array([1, 3], dtype=int32)
    """
    x, chosen = convert_to_tensor(tensor), convert_to_tensor(mask)
    start = 0 if axis is None else int(static_value(axis))
    count = chosen.shape.rank
    if not count:
        raise ValueError(f"Expected a mask of known rank 1 or more, received shape {chosen.shape}.")
    sizes = x.shape[start : start + count] if x.shape.rank is not None else TensorShape(None)
    if not sizes.is_compatible_with(chosen.shape):
        raise ValueError(f"Shapes {sizes} and {chosen.shape} are incompatible: the mask must match the dimensions.")
    dims = shape(x)
    x = reshape(x, concat([dims[:start], [-1], dims[start + count :]], 0))
    indices = WHERE(reshape(chosen, [-1]))
    return gather(x, reshape(indices, [-1]), axis=start, name=name)


# Distinct values -------------------------------------------------------------------------------------------------


class Unique(NamedTuple):
    """Distinct values in the order of their first place, and for each element the position of its value."""

    y: Tensor
    idx: Tensor


class UniqueWithCounts(NamedTuple):
    """Distinct values in the order of their first place, positions, and how often each occurs."""

    y: Tensor
    idx: Tensor
    count: Tensor  # type: ignore[assignment]  # TensorFlow's name for it, a method of tuples


def _unique_spec(inputs: Sequence[Tensor], attrs: dict[str, Any]) -> list[Any]:
    x = inputs[0]
    if x.shape.rank not in (1, None):
        raise ValueError(f"unique expects a 1D vector, received shape {x.shape}. Use tf.reshape(x, [-1]).")
    index = as_dtype(attrs["out_idx"])
    return [(x.dtype, TensorShape([None])), (index, x.shape), (index, TensorShape([None]))]


@op("UniqueWithCounts", effect="host", spec=_unique_spec)
def UNIQUE_WITH_COUNTS(x: Any, *, out_idx: Any) -> Any:
    if x.ndim != 1:
        raise ValueError(f"unique expects a 1D vector, received shape {x.shape}. Use tf.reshape(x, [-1]).")
    values, first, places, counts = np.unique(x, return_index=True, return_inverse=True, return_counts=True)
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return values[order], rank[places].astype(out_idx), counts[order].astype(out_idx)


def unique(x: Any, out_idx: Any = dtypes.int32, name: str | None = None) -> Unique:
    """Finds the distinct values of a vector, in the order of their first place.

    Args:
        x: A vector.
        out_idx: The dtype of the positions.
        name: A name for the operation.

    Returns:
        ``(y, idx)`` with ``x[i] == y[idx[i]]``.

    >>> y, idx = tf.unique([7, 3, 7])
    >>> y.numpy(), idx.numpy()
    (array([7, 3], dtype=int32), array([0, 1, 0], dtype=int32))
    """
    return Unique(*unique_with_counts(x, out_idx, name)[:2])


def unique_with_counts(x: Any, out_idx: Any = dtypes.int32, name: str | None = None) -> UniqueWithCounts:
    """Finds the distinct values of a vector, and how often each occurs.

    Args:
        x: A vector.
        out_idx: The dtype of positions and counts.
        name: A name for the operation.

    Returns:
        ``(y, idx, count)``.

    >>> tf.unique_with_counts([7, 3, 7]).count.numpy()
    array([2, 1], dtype=int32)
    """
    index = np.dtype(as_dtype(out_idx).as_numpy_dtype)
    return UniqueWithCounts(*UNIQUE_WITH_COUNTS(convert_to_tensor(x), out_idx=index, name=name))


# Places in a sorted sequence -------------------------------------------------------------------------------------


@op(
    "SearchSorted",
    differentiable=False,
    same_dtype=True,
    spec=lambda inputs, attrs: (from_numpy(attrs["out_type"]), inputs[1].shape),
)
def SEARCH_SORTED(sequence: Any, values: Any, *, side: str, out_type: Any) -> Any:
    rows = jnp.reshape(sequence, (math.prod(sequence.shape[:-1]), sequence.shape[-1]))
    wanted = jnp.reshape(values, (rows.shape[0], values.shape[-1]))
    found = jax.vmap(lambda row, places: jnp.searchsorted(row, places, side=side))(rows, wanted)
    return jnp.reshape(found, values.shape).astype(out_type)


def searchsorted(
    sorted_sequence: Any, values: Any, side: str = "left", out_type: Any = dtypes.int32, name: str | None = None
) -> Tensor:
    """Finds where values belong in sorted sequences.

    Args:
        sorted_sequence: Sequences along the last axis, in increasing order.
        values: What to place: the same leading dimensions.
        side: Before (``"left"``) or after (``"right"``) equal elements.
        out_type: The dtype of the positions.
        name: A name for the operation.

    >>> tf.searchsorted([1, 3, 5], [3, 9]).numpy()
    array([1, 3], dtype=int32)
    """
    if side not in ("left", "right"):
        raise ValueError(f"Expected side 'left' or 'right', received {side!r}.")
    sequence, wanted = matched(sorted_sequence, values)
    return SEARCH_SORTED(sequence, wanted, side=side, out_type=np.dtype(as_dtype(out_type).as_numpy_dtype), name=name)
