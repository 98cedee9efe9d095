"""Slices sorted into partitions, and put together from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp

from headwater.core import dtypes
from headwater.core.checks import Check, Verdict, first, in_range
from headwater.core.op import op
from headwater.core.shapes import TensorShape
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.ops._compare import equal
from headwater.ops._gather import gather_nd
from headwater.ops._inputs import matched
from headwater.ops._join import concat
from headwater.ops._reduce import reduce_max
from headwater.ops._select import WHERE
from headwater.ops._shape import reshape, shape


def dynamic_partition(data: Any, partitions: Any, num_partitions: int, name: str | None = None) -> list[Tensor]:
    """Sorts slices into partitions.

    Args:
        data: A tensor whose shape begins with that of `partitions`.
        partitions: For each slice the number of its partition, int32.
        num_partitions: How many there are.
        name: A name for the operation.

    Returns:
        One tensor per partition.

    >>> [p.numpy().tolist() for p in tf.dynamic_partition([5, 6, 7], [1, 0, 1], 2)]
    [[6], [5, 7]]
    """
    x = matched(data)[0]
    numbers = convert_to_tensor(partitions, dtypes.int32)
    numbers = _PARTITIONS(numbers, shape(x), count=int(num_partitions))
    return [gather_nd(x, WHERE(equal(numbers, i)), name=name) for i in range(num_partitions)]


@op(
    "DynamicPartition",
    static=(1,),
    differentiable=False,
    spec=lambda inputs, attrs: (inputs[0].dtype, inputs[0].shape),
    check=in_range("partitions", lambda numbers, sizes, count: count, position=0),
)
def _PARTITIONS(numbers: Any, sizes: Any, *, count: int) -> Any:
    """`numbers`; `sizes`: the shape of what they divide."""
    if tuple(sizes[: numbers.ndim].tolist()) != numbers.shape:
        raise ValueError(
            f"Expected data whose shape starts with that of partitions, received data of shape {sizes.tolist()} and "
            f"partitions of shape {list(numbers.shape)}."
        )
    return numbers


def _negative_position(size: Any, *values: Any, count: int) -> Verdict:
    places = [jnp.reshape(i, -1) for i in values[:count]]
    bad, place = first(jnp.concatenate(places) < 0)
    return bad, (place,), ()


@op(
    "DynamicStitch",
    static=(0,),
    same_dtype=False,
    unknown=lambda inputs, attrs: (
        inputs[-1].dtype,
        TensorShape([None]).concatenate(inputs[-1].shape[inputs[attrs["count"]].shape.rank :]),
    ),
    check=Check(
        _negative_position,
        lambda found, known, attrs: f"indices[{found[0]}] is out of range: it is negative",
        values=(0,),
    ),
)
def STITCH(size: Any, *values: Any, count: int) -> Any:
    """`size`: one less than the number of rows."""
    indices, data = values[:count], values[count:]
    size = int(size) + 1
    rest = data[0].shape[indices[0].ndim :]
    for place, (i, d) in enumerate(zip(indices, data, strict=True)):
        if d.shape != i.shape + rest:
            raise ValueError(
                f"Expected data[{place}] of shape {[*i.shape, *rest]}, that of its indices followed by that of a "
                f"slice, received {list(d.shape)}."
            )
    flat = jnp.concatenate([jnp.reshape(d, (i.size, *rest)) for i, d in zip(indices, data)])
    places = jnp.concatenate([jnp.reshape(i, -1) for i in indices])
    # A later slice wins: find, for each row of the result, the last slice that names it.
    last = jnp.full(size, -1).at[places].max(jnp.arange(len(places)))
    filled = last.reshape((-1,) + (1,) * len(rest)) >= 0
    return jnp.where(filled, flat[jnp.maximum(last, 0)], 0)


def dynamic_stitch(indices: Sequence[Any], data: Sequence[Any], name: str | None = None) -> Tensor:
    """Puts slices at given positions of one tensor; a later slice wins.

    Args:
        indices: int32 tensors of positions.
        data: Tensors of slices, each shape beginning with that of its positions.
        name: A name for the operation.

    >>> tf.dynamic_stitch([[0, 2], [1]], [[10, 30], [20]]).numpy()
    array([10, 20, 30], dtype=int32)
    """
    if len(indices) != len(data):
        raise ValueError(f"Expected as many data as indices, received {len(data)} and {len(indices)}.")
    places = [convert_to_tensor(i, dtypes.int32) for i in indices]
    last = reduce_max(concat([[-1], *[reshape(i, [-1]) for i in places]], 0))
    return STITCH(last, *places, *matched(*data), count=len(places), name=name)
