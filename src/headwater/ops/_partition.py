"""Slices sorted into partitions, and put together from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp

from headwater.core import dtypes
from headwater.core.checks import Check, Verdict, first, in_range
from headwater.core.op import Op, op
from headwater.core.shapes import TensorShape
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.ops._compare import equal
from headwater.ops._gather import gather_nd
from headwater.ops._inputs import matched, tensor_of
from headwater.ops._join import concat
from headwater.ops._reduce import reduce_max
from headwater.ops._select import WHERE
from headwater.ops._shape import reshape


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
    numbers = _PARTITIONS(tensor_of(partitions, "DynamicPartition", (dtypes.int32,)), count=int(num_partitions))
    return [gather_nd(x, WHERE(equal(numbers, i)), name=name) for i in range(num_partitions)]


_PARTITIONS = Op(
    "DynamicPartition",
    lambda numbers, count: numbers,
    differentiable=False,
    check=in_range("partitions", lambda numbers, count: count, position=0),
)


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
    flat = jnp.concatenate([jnp.reshape(d, (-1, *rest)) for d in data])
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
    places = [convert_to_tensor(i, dtypes.int32) for i in indices]
    last = reduce_max(concat([[-1], *[reshape(i, [-1]) for i in places]], 0))
    return STITCH(last, *places, *matched(*data), count=len(places), name=name)
