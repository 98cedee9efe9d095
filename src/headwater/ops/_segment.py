"""Sums, means and extremes of groups of slices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from headwater.core import dtypes
from headwater.core.checks import Check, Verdict, element, first, in_range
from headwater.core.infer import constant_value
from headwater.core.op import op
from headwater.core.shapes import TensorShape
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.ops._arithmetic import divide, maximum, subtract
from headwater.ops._cast import cast
from headwater.ops._create import ones, ones_like, zeros_like
from headwater.ops._elementwise import sqrt
from headwater.ops._exact import is_signed
from headwater.ops._inputs import INTEGER, NUMBER, REAL, dimensions, static_integers, tensor_of
from headwater.ops._join import concat
from headwater.ops._select import where
from headwater.ops._shape import expand_dims, rank, reshape


def _flat(data: Any, ids: Any, count: int) -> tuple[Any, Any]:
    """Slices in one row, with negative (left out) ids moved past the end, where scatters drop them."""
    if data.shape[: ids.ndim] != ids.shape:
        raise ValueError(
            f"Expected data whose shape begins with that of the ids, received {list(data.shape)} and {list(ids.shape)}."
        )
    rows = jnp.reshape(data, (ids.size, *data.shape[ids.ndim :]))
    flat = jnp.reshape(ids, -1).astype(np.int64)
    return rows, jnp.where(flat < 0, count, flat)


def _sum(data: Any, ids: Any, count: int) -> Any:
    rows, places = _flat(data, ids, count)
    return jnp.zeros((count, *rows.shape[1:]), data.dtype).at[places].add(rows, mode="drop")


def _spread(result: Any, ids: Any) -> Any:
    """Each slice's own row of the result."""
    count = result.shape[0]
    return jnp.take(result, jnp.where(ids < 0, count, ids), 0, mode="fill", fill_value=0)


def _lowest(dtype: Any, sign: int) -> Any:
    info = jnp.finfo(dtype) if jnp.issubdtype(dtype, jnp.floating) else jnp.iinfo(dtype)
    return info.min if sign > 0 else info.max


def _extreme(sign: int) -> Any:
    """The largest (1) or smallest (-1) of each group, whose gradient is shared by ties."""

    @jax.custom_jvp
    def find(data: Any, ids: Any, count: Any) -> Any:
        rows, places = _flat(data, ids, count.size)
        start = jnp.full((count.size, *rows.shape[1:]), _lowest(data.dtype, sign), data.dtype)
        return start.at[places].max(rows, mode="drop") if sign > 0 else start.at[places].min(rows, mode="drop")

    @find.defjvp
    def tangent(primals: Any, tangents: Any) -> Any:
        data, ids, count = primals
        result = find(data, ids, count)
        chosen = (data == _spread(result, ids)).astype(data.dtype)
        number = jnp.maximum(_sum(chosen, ids, count.size), 1)
        return result, _sum(chosen * tangents[0], ids, count.size) / number

    return find


@jax.custom_jvp
def _product(data: Any, ids: Any, count: Any) -> Any:
    rows, places = _flat(data, ids, count.size)
    return jnp.ones((count.size, *rows.shape[1:]), data.dtype).at[places].multiply(rows, mode="drop")


@_product.defjvp
def _product_tangent(primals: Any, tangents: Any) -> Any:
    data, ids, count = primals
    zero = data == 0
    filled = jnp.where(zero, jnp.ones_like(data), data)
    rest = _spread(_product(filled, ids, count), ids) / filled
    zeros = _spread(_sum(zero.astype(data.dtype), ids, count.size), ids)
    # The product of the others: 0 as soon as one of them is 0.
    others = jnp.where(zeros - zero.astype(data.dtype) == 0, rest, jnp.zeros_like(rest))
    return _product(data, ids, count), _sum(others * tangents[0], ids, count.size)


_LARGEST, _SMALLEST = _extreme(1), _extreme(-1)


def _places(count: Any) -> Any:
    """The number of segments as an array of that size: custom derivatives take arrays alone."""
    return np.zeros(int(count), np.bool_)


def _segment_spec(inputs: Any, attrs: dict[str, Any]) -> Any:
    data, ids, count = inputs
    size = constant_value(count)
    if data.shape.rank is None or ids.shape.rank is None:
        return data.dtype, TensorShape(None)
    if not data.shape[: ids.shape.rank].is_compatible_with(ids.shape):
        raise ValueError(
            f"Expected data whose shape begins with that of the ids, received {data.shape} and {ids.shape}."
        )
    return data.dtype, TensorShape([None if size is None else int(size)]).concatenate(data.shape[ids.shape.rank :])


_IN_SEGMENTS = in_range(
    "segment_ids",
    lambda data, ids, count: dimensions(count)[0],
    text="{name}{place} = {found} is out of range [0, {bound})",
    low=None,
)


@op("UnsortedSegmentSum", static=(2,), spec=_segment_spec, check=_IN_SEGMENTS)
def SEGMENT_SUM(data: Any, ids: Any, count: Any) -> Any:
    return _sum(data, ids, dimensions(count)[0])


@op("UnsortedSegmentMax", static=(2,), spec=_segment_spec, check=_IN_SEGMENTS)
def SEGMENT_MAX(data: Any, ids: Any, count: Any) -> Any:
    return _LARGEST(data, ids, _places(count))


@op("UnsortedSegmentMin", static=(2,), spec=_segment_spec, check=_IN_SEGMENTS)
def SEGMENT_MIN(data: Any, ids: Any, count: Any) -> Any:
    return _SMALLEST(data, ids, _places(count))


@op("UnsortedSegmentProd", static=(2,), spec=_segment_spec, check=_IN_SEGMENTS)
def SEGMENT_PROD(data: Any, ids: Any, count: Any) -> Any:
    return _product(data, ids, _places(count))


def _call(use: Any, allowed: Any, data: Any, ids: Any, count: Any, name: str | None) -> Tensor:
    return use(tensor_of(data, use.name, allowed), tensor_of(ids, use.name, INTEGER), static_integers(count), name=name)


def unsorted_segment_sum(data: Any, segment_ids: Any, num_segments: Any, name: str | None = None) -> Tensor:
    """Adds up the slices of each group.

    Args:
        data: A tensor whose shape begins with that of `segment_ids`.
        segment_ids: For each slice the number of its group; slices with a negative one are left out.
        num_segments: The number of groups.
        name: A name for the operation.

    Returns:
        A tensor of shape ``[num_segments] + data.shape[segment_ids.ndim:]``; 0 where a group is empty.

    >>> tf.math.unsorted_segment_sum([1, 2, 3], [1, 0, 1], 3).numpy()
    array([2, 4, 0], dtype=int32)
    """
    return _call(SEGMENT_SUM, NUMBER, data, segment_ids, num_segments, name)


def unsorted_segment_max(data: Any, segment_ids: Any, num_segments: Any, name: str | None = None) -> Tensor:
    """Finds the largest slice elements of each group; the lowest value of the dtype where a group is empty.

    >>> tf.math.unsorted_segment_max([1, 2, 3], [1, 0, 1], 2).numpy()
    array([2, 3], dtype=int32)
    """
    return _call(SEGMENT_MAX, REAL, data, segment_ids, num_segments, name)


def unsorted_segment_min(data: Any, segment_ids: Any, num_segments: Any, name: str | None = None) -> Tensor:
    """Finds the smallest slice elements of each group; the highest value of the dtype where a group is empty.

    >>> tf.math.unsorted_segment_min([1, 2, 3], [1, 0, 1], 2).numpy()
    array([2, 1], dtype=int32)
    """
    return _call(SEGMENT_MIN, REAL, data, segment_ids, num_segments, name)


def unsorted_segment_prod(data: Any, segment_ids: Any, num_segments: Any, name: str | None = None) -> Tensor:
    """Multiplies the slices of each group; 1 where a group is empty.

    >>> tf.math.unsorted_segment_prod([1, 2, 3], [1, 0, 1], 2).numpy()
    array([2, 3], dtype=int32)
    """
    return _call(SEGMENT_PROD, NUMBER, data, segment_ids, num_segments, name)


def _counts(groups: Tensor, ids: Tensor, count: Any) -> Tensor:
    """How many slices each group has (1 where none), in a shape that divides the groups."""
    each = cast(ones_like(ids), groups.dtype)
    return _beside(maximum(unsorted_segment_sum(each, ids, count), convert_to_tensor(1, groups.dtype)), groups)


def _beside(found: Tensor, groups: Tensor) -> Tensor:
    """One value per group, in a shape that broadcasts with the groups."""
    if groups.shape.rank is not None:
        return reshape(found, [-1, *[1] * (groups.shape.rank - 1)])
    rest = ones(expand_dims(subtract(rank(groups), 1), 0), dtypes.int32)
    return reshape(found, concat([[-1], rest], 0))


def unsorted_segment_mean(data: Any, segment_ids: Any, num_segments: Any, name: str | None = None) -> Tensor:
    """Averages the slices of each group; 0 where a group is empty.

    >>> tf.math.unsorted_segment_mean([1.0, 2.0, 3.0], [1, 0, 1], 2).numpy()
    array([2., 2.], dtype=float32)
    """
    groups = unsorted_segment_sum(data, segment_ids, num_segments)
    return divide(groups, _counts(groups, convert_to_tensor(segment_ids), num_segments), name=name)


def unsorted_segment_sqrt_n(data: Any, segment_ids: Any, num_segments: Any, name: str | None = None) -> Tensor:
    """Adds up the slices of each group, divided by the square root of their number.

    >>> tf.math.unsorted_segment_sqrt_n([1.0, 2.0, 2.0], [1, 0, 0], 2).numpy()
    array([2.828427, 1.      ], dtype=float32)
    """
    groups = unsorted_segment_sum(data, segment_ids, num_segments)
    return divide(groups, sqrt(_counts(groups, convert_to_tensor(segment_ids), num_segments)), name=name)


# Sorted ids: the number of groups follows from the last one ------------------------------------------------------


def _unsorted(ids: Any) -> Verdict:
    """Whether a number is negative, or smaller than the one before."""
    if not ids.size:
        return None
    before = ids.reshape(-1)[:-1]
    bad, place = first(ids.reshape(-1)[1:] < before)
    negative = ids.reshape(-1)[0] < 0
    lowest = ids.reshape(-1)[0]
    return bad | negative, (negative, place + 1, element(ids.reshape(-1)[1:], place), lowest), ()


def _say_unsorted(found: list[int], known: Sequence[int], attrs: dict[str, Any]) -> str:
    negative, place, value, lowest = found[:4]
    if negative:
        return f"Segment id {lowest} out of range: expected numbers from 0 on, in increasing order"
    return f"segment ids are not increasing: segment_ids[{place}] = {value} is less than the one before"


def _groups(segment_ids: Any) -> tuple[Tensor, Tensor]:
    ids = tensor_of(segment_ids, "SegmentSum", INTEGER)
    return ids, SEGMENT_COUNT(ids)


@op("SegmentCount", differentiable=False, check=Check(_unsorted, _say_unsorted, values=(0,)))
def SEGMENT_COUNT(ids: Any) -> Any:
    """One more than the last id; none where there are no ids."""
    return jnp.max(ids, initial=-1) + 1 if is_signed(ids) else jnp.max(ids + 1, initial=0)


def segment_sum(data: Any, segment_ids: Any, name: str | None = None) -> Tensor:
    """Adds up the slices of each group.

    Args:
        data: A tensor.
        segment_ids: For each slice along the first axis the number of its group, in increasing order.
        name: A name for the operation.

    Returns:
        One slice per group; 0 where a group is empty.

    >>> tf.math.segment_sum([1, 2, 3], [0, 0, 2]).numpy()
    array([3, 0, 3], dtype=int32)
    """
    ids, count = _groups(segment_ids)
    return unsorted_segment_sum(data, ids, count, name)


def segment_mean(data: Any, segment_ids: Any, name: str | None = None) -> Tensor:
    """Averages the slices of each group (ids in increasing order); 0 where a group is empty.

    >>> tf.math.segment_mean([1.0, 2.0, 3.0], [0, 0, 1]).numpy()
    array([1.5, 3. ], dtype=float32)
    """
    ids, count = _groups(segment_ids)
    return unsorted_segment_mean(data, ids, count, name)


def segment_prod(data: Any, segment_ids: Any, name: str | None = None) -> Tensor:
    """Multiplies the slices of each group (ids in increasing order); 1 where a group is empty.

    >>> tf.math.segment_prod([1, 2, 3], [0, 0, 1]).numpy()
    array([2, 3], dtype=int32)
    """
    ids, count = _groups(segment_ids)
    return unsorted_segment_prod(data, ids, count, name)


def segment_max(data: Any, segment_ids: Any, name: str | None = None) -> Tensor:
    """Finds the largest slice elements of each group (ids in increasing order); 0 where a group is empty.

    >>> tf.math.segment_max([1, 2, 3], [0, 0, 1]).numpy()
    array([2, 3], dtype=int32)
    """
    ids, count = _groups(segment_ids)
    return _zero_if_empty(unsorted_segment_max(data, ids, count), ids, count, name)


def segment_min(data: Any, segment_ids: Any, name: str | None = None) -> Tensor:
    """Finds the smallest slice elements of each group (ids in increasing order); 0 where a group is empty.

    >>> tf.math.segment_min([1, 2, 3], [0, 0, 1]).numpy()
    array([1, 3], dtype=int32)
    """
    ids, count = _groups(segment_ids)
    return _zero_if_empty(unsorted_segment_min(data, ids, count), ids, count, name)


def _zero_if_empty(result: Tensor, ids: Tensor, count: Tensor, name: str | None) -> Tensor:
    found = unsorted_segment_sum(cast(ones_like(ids), dtypes.int32), ids, count)
    return where(_beside(found > 0, result), result, zeros_like(result), name=name)
