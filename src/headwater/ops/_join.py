"""Tensors joined, cut, repeated, padded and rearranged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from headwater.core import dtypes
from headwater.core.checks import Check, Verdict, element, first, outside
from headwater.core.errors import InvalidArgumentError
from headwater.core.op import op
from headwater.core.shapes import TensorShape
from headwater.core.tensor import Tensor, convert_to_tensor, set_pack
from headwater.core.variable import Variable
from headwater.ops._common import axes, single_axis
from headwater.ops._inputs import (
    INTEGER,
    check_shape,
    dimensions,
    matched,
    one_axis,
    static_integers,
    static_value,
    tensor_of,
)
from headwater.ops._shape import reshape

# Joining and cutting ---------------------------------------------------------------------------------------------


@op("ConcatV2", same_dtype=True)
def CONCAT(*values: Any, axis: int) -> Any:
    if any(v.ndim == 0 for v in values):
        raise ValueError("Expected concatenating tensors of rank 1 or more, received a scalar. Use tf.stack.")
    return jnp.concatenate(values, one_axis(axis, values[0].ndim))


@op("Pack", same_dtype=True)
def PACK(*values: Any, axis: int) -> Any:
    return jnp.stack(values, axis)


def _unpacked_spec(inputs: Any, attrs: dict[str, Any]) -> list[Any]:
    x, count, axis = inputs[0], attrs["num"], attrs["axis"]
    if x.shape.rank is None:
        return [(x.dtype, x.shape)] * count
    dims = x.shape.as_list()
    if dims.pop(one_axis(axis, len(dims))) not in (count, None):
        raise ValueError(f"Expected {count} elements along axis {axis} of shape {x.shape}.")
    return [(x.dtype, TensorShape(dims))] * count


@op("Unpack", spec=_unpacked_spec)
def UNPACK(value: Any, *, num: int, axis: int) -> Any:
    place = one_axis(axis, value.ndim)
    if value.shape[place] != num:
        raise ValueError(f"Expected {num} elements along axis {axis} of shape {value.shape}.")
    return tuple([jnp.squeeze(part, place) for part in jnp.split(value, num, place)])


@op("Split")
def SPLIT(value: Any, *, axis: int, num_split: int) -> Any:
    place = one_axis(axis, value.ndim)
    if value.shape[place] % num_split:
        raise ValueError(
            f"Expected a dimension divisible by {num_split}, received {value.shape[place]} (axis {place})."
        )
    return tuple(jnp.split(value, num_split, place))


def _parts_of_unknown_size(inputs: Any, attrs: Any) -> list[Any]:
    dims: list[int | None] = list(inputs[0].shape)
    dims[one_axis(attrs["axis"], len(dims))] = None
    return [(inputs[0].dtype, TensorShape(dims))] * int(attrs["num_split"])


@op("SplitV", static=(1,), unknown=_parts_of_unknown_size)
def SPLIT_V(value: Any, sizes: Any, *, axis: int, num_split: int) -> Any:
    place = one_axis(axis, value.ndim)
    counts = dimensions(sizes)
    if -1 in counts:
        counts[counts.index(-1)] = value.shape[place] - sum(c for c in counts if c != -1)
    if sum(counts) != value.shape[place] or min(counts, default=0) < 0:
        raise ValueError(f"Expected sizes that add up to {value.shape[place]} (axis {place}), received {counts}.")
    return tuple(jnp.split(value, np.cumsum(counts)[:-1].tolist(), place))


def _pack_nested(value: Any, dtype: Any) -> Tensor:
    """A (nested) list with tensors in it as one tensor."""
    found = dtype or _first_dtype(value)
    parts = [_pack_nested(v, found) if isinstance(v, list | tuple) else convert_to_tensor(v, found) for v in value]
    return PACK(*parts, axis=0, name="packed")


def _first_dtype(value: Any) -> Any:
    for item in value:
        if isinstance(item, Tensor | Variable):
            return item.dtype
        if isinstance(item, list | tuple) and (found := _first_dtype(item)) is not None:
            return found
    return None


set_pack(_pack_nested)


def concat(values: Any, axis: Any, name: str = "concat") -> Tensor:
    """Joins tensors along an axis they have.

    Args:
        values: Tensors of one dtype, whose shapes differ at most along `axis`.
        axis: The axis.
        name: A name for the operation.

    >>> tf.concat([[[1, 2]], [[3, 4]]], axis=0).numpy()
    array([[1, 2],
           [3, 4]], dtype=int32)
    """
    values = list(values) if isinstance(values, list | tuple) else [values]
    return CONCAT(*matched(*values), axis=single_axis(axis), name=name)


def stack(values: Any, axis: int = 0, name: str = "stack") -> Tensor:
    """Joins tensors of one shape along a new axis.

    >>> tf.stack([[1, 2], [3, 4]], axis=1).numpy()
    array([[1, 3],
           [2, 4]], dtype=int32)
    """
    if not isinstance(values, list | tuple):
        values = unstack(values)
    if not any(isinstance(v, Tensor) for v in values):
        try:
            whole = convert_to_tensor(values)
        except (TypeError, ValueError):
            whole = None
        if whole is not None and axis == 0:
            return whole
    return PACK(*matched(*values), axis=axis, name=name)


def unstack(value: Any, num: int | None = None, axis: int = 0, name: str = "unstack") -> list[Tensor]:
    """Cuts a tensor into its slices along an axis, which is removed.

    Args:
        value: A tensor.
        num: The number of slices, where the shape does not tell.
        axis: The axis.
        name: A name for the operation.

    Raises:
        ValueError: If the number is not known.

    >>> [x.numpy().tolist() for x in tf.unstack([[1, 2], [3, 4]])]
    [[1, 2], [3, 4]]
    """
    x = convert_to_tensor(value)
    if num is None:
        num = x.shape[axis] if x.shape.rank is not None else None
        if num is None:
            raise ValueError(f"Cannot infer argument `num` from shape {x.shape}. Pass num=.")
    return list(UNPACK(x, num=int(num), axis=axis, name=name)) if num else []


def split(
    value: Any, num_or_size_splits: Any, axis: Any = 0, num: int | None = None, name: str = "split"
) -> list[Tensor]:
    """Cuts a tensor along an axis into equal parts, or parts of given sizes.

    Args:
        value: A tensor.
        num_or_size_splits: The number of parts, or their sizes, of which one may be -1 (the rest).
        axis: The axis.
        num: The number of sizes, where `num_or_size_splits` is a tensor of unknown length.
        name: A name for the operation.

    >>> [x.numpy().tolist() for x in tf.split([1, 2, 3], [1, -1])]
    [[1], [2, 3]]
    """
    x = convert_to_tensor(value)
    sizes = static_value(num_or_size_splits) if not isinstance(num_or_size_splits, list | tuple) else None
    if sizes is not None and sizes.ndim == 0:
        return list(SPLIT(x, axis=single_axis(axis), num_split=int(sizes), name=name))
    tensor = static_integers(num_or_size_splits)
    count = num if tensor.shape.rank is None or tensor.shape[0] is None else tensor.shape[0]
    if count is None:
        raise ValueError("Cannot infer argument `num` from the sizes. Pass num=.")
    return list(SPLIT_V(x, tensor, axis=single_axis(axis), num_split=count, name=name))


# Repeating and padding -------------------------------------------------------------------------------------------


@op("Tile", static=(1,))
def TILE(x: Any, multiples: Any) -> Any:
    if len(multiples) != x.ndim:
        raise ValueError(f"Expected multiples of length {x.ndim}, received {multiples.tolist()}.")
    for place, count in enumerate(multiples.tolist()):
        if count < 0:
            raise InvalidArgumentError(None, None, f"Expected multiples[{place}] >= 0, but got {count} [Op:Tile]")
    return jnp.tile(x, multiples.tolist())


@op("Repeat", static=(1,))
def REPEAT(x: Any, repeats: Any, *, axis: int) -> Any:
    counts = repeats.tolist()
    if repeats.size and repeats.min() < 0:
        raise InvalidArgumentError(None, None, f"repeats must be non-negative, received {counts} [Op:Repeat]")
    if isinstance(counts, list):
        counts = np.broadcast_to(repeats, (x.shape[axis],))
    return jnp.repeat(x, counts, axis)


_PAD_MODES = {"CONSTANT": "constant", "REFLECT": "reflect", "SYMMETRIC": "symmetric"}


@op("PadV2", static=(1,), same_dtype=(0, 2))
def PAD(x: Any, paddings: Any, value: Any) -> Any:
    return jnp.pad(x, _pairs(x, paddings), constant_values=value)


@op("MirrorPad", static=(1,))
def MIRROR_PAD(x: Any, paddings: Any, *, mode: str) -> Any:
    pairs = _pairs(x, paddings)
    for (before, after), size in zip(pairs, x.shape, strict=True):
        most = size - (mode == "REFLECT")
        if max(before, after) > most:
            raise ValueError(
                f"{mode} paddings must be at most {most} for a dimension of {size}, received {before, after}."
            )
    return jnp.pad(x, pairs, _PAD_MODES[mode])


def _pairs(x: Any, paddings: Any) -> list[tuple[int, int]]:
    check_shape("paddings", paddings, [x.ndim, 2])
    return [(low, high) for low, high in map(dimensions, paddings)]


def tile(input: Any, multiples: Any, name: str | None = None) -> Tensor:
    """Repeats the whole tensor along each axis.

    >>> tf.tile([1, 2], [2]).numpy()
    array([1, 2, 1, 2], dtype=int32)
    """
    return TILE(convert_to_tensor(input), static_integers(multiples), name=name)


def repeat(input: Any, repeats: Any, axis: int | None = None, name: str | None = None) -> Tensor:
    """Repeats each element (or slice along an axis).

    Args:
        input: A tensor.
        repeats: How often: one number, or one per slice.
        axis: The axis; None repeats the elements of the flattened tensor.
        name: A name for the operation.

    >>> tf.repeat([1, 2], [2, 1]).numpy()
    array([1, 1, 2], dtype=int32)
    """
    x = convert_to_tensor(input)
    if axis is None:
        x, axis = reshape(x, [-1]), 0
    return REPEAT(x, static_integers(repeats), axis=axis, name=name)


def pad(
    tensor: Any, paddings: Any, mode: str = "CONSTANT", constant_values: Any = 0, name: str | None = None
) -> Tensor:
    """Adds elements before and after, along each axis.

    Args:
        tensor: A tensor.
        paddings: ``[before, after]`` for each axis.
        mode: ``"CONSTANT"``, ``"REFLECT"`` (mirrored without the edge) or ``"SYMMETRIC"`` (with it).
        constant_values: What is added in mode ``"CONSTANT"``.
        name: A name for the operation.

    Raises:
        ValueError: If `mode` is another.

    >>> tf.pad([1, 2, 3], [[1, 1]], "REFLECT").numpy()
    array([2, 1, 2, 3, 2], dtype=int32)
    """
    mode = mode.upper()
    if mode not in _PAD_MODES:
        raise ValueError(f"Expected a mode of {', '.join(_PAD_MODES)}, received {mode!r}.")
    x, widths = convert_to_tensor(tensor), static_integers(_rows(paddings))
    if mode != "CONSTANT":
        return MIRROR_PAD(x, widths, mode=mode, name=name)
    return PAD(x, widths, convert_to_tensor(constant_values, x.dtype), name=name)


def _rows(paddings: Any) -> Any:
    """Nested lists of plain integers as an array, which can be kept and shared."""
    if isinstance(paddings, list | tuple) and all(
        isinstance(row, list | tuple) and len(row) == 2 and all(type(v) is int for v in row) for row in paddings
    ):
        return np.array(paddings, np.int32).reshape(-1, 2)
    return paddings


# Rearranging -----------------------------------------------------------------------------------------------------


@op("ReverseV2")
def REVERSE(x: Any, *, axis: tuple[int, ...]) -> Any:
    return jnp.flip(x, axis)


def _wrong_length(x: Any, lengths: Any, *, seq_dim: int, batch_dim: int) -> Verdict:
    bad, place = first(outside(lengths, 0, x.shape[seq_dim] + 1))
    return bad, (place, element(lengths, place)), (x.shape[seq_dim],)


def _say_wrong_length(found: list[int], known: Sequence[int], attrs: dict[str, Any]) -> str:
    place, value = found[:2]
    if value < 0:
        return f"seq_lens({place}) < 0: received {value}"
    return f"seq_lens({place}) > input.dims({attrs['seq_dim']}): received {value} for {known[0]}"


@op(
    "ReverseSequence",
    spec=lambda inputs, attrs: (inputs[0].dtype, inputs[0].shape),
    check=Check(_wrong_length, _say_wrong_length),
)
def REVERSE_SEQUENCE(x: Any, lengths: Any, *, seq_dim: int, batch_dim: int) -> Any:
    if batch_dim == seq_dim:
        raise ValueError(f"Expected two different axes, received batch_axis == seq_axis == {seq_dim}.")
    check_shape("seq_lengths", lengths, [x.shape[batch_dim]])
    moved = jnp.moveaxis(x, (batch_dim, seq_dim), (0, 1))
    steps = jnp.arange(moved.shape[1])
    ends = lengths[:, None].astype(steps.dtype)
    sources = jnp.where(steps < ends, ends - 1 - steps, steps)
    sources = sources.reshape(sources.shape + (1,) * (moved.ndim - 2))
    return jnp.moveaxis(jnp.take_along_axis(moved, sources, 1), (0, 1), (batch_dim, seq_dim))


@op("Roll")
def ROLL(x: Any, shift: Any, *, axis: tuple[int, ...]) -> Any:
    shifts = jnp.reshape(shift, -1)
    if shifts.shape != (len(axis),):
        raise ValueError(f"Expected one shift per axis, received {shifts.size} for axes {list(axis)}.")
    for index, place in enumerate(axis):
        x = jnp.roll(x, shifts[index], place)
    return x


def reverse(tensor: Any, axis: Any, name: str | None = None) -> Tensor:
    """Reverses the order along axes.

    >>> tf.reverse([1, 2, 3], [0]).numpy()
    array([3, 2, 1], dtype=int32)
    """
    return REVERSE(convert_to_tensor(tensor), axis=axes(axis), name=name)


def reverse_sequence(
    input: Any, seq_lengths: Any, seq_axis: int | None = None, batch_axis: int | None = None, name: str | None = None
) -> Tensor:
    """Reverses the first ``seq_lengths[i]`` elements of sequence ``i``.

    Args:
        input: A tensor.
        seq_lengths: One length per entry along `batch_axis`.
        seq_axis: The axis that is reversed.
        batch_axis: The axis of the sequences; 0 by default.
        name: A name for the operation.

    >>> tf.reverse_sequence([[1, 2, 3], [4, 5, 6]], [2, 3], seq_axis=1).numpy()
    array([[2, 1, 3],
           [6, 5, 4]], dtype=int32)
    """
    lengths = tensor_of(seq_lengths, "ReverseSequence", INTEGER, dtypes.int64)
    return REVERSE_SEQUENCE(
        convert_to_tensor(input), lengths, seq_dim=int(seq_axis or 0), batch_dim=int(batch_axis or 0), name=name
    )


def roll(input: Any, shift: Any, axis: Any, name: str | None = None) -> Tensor:
    """Moves elements along axes; what leaves at one end comes in at the other.

    >>> tf.roll([1, 2, 3], 1, 0).numpy()
    array([3, 1, 2], dtype=int32)
    """
    return ROLL(convert_to_tensor(input), convert_to_tensor(shift), axis=axes(axis), name=name)


# Blocks of space as batch entries --------------------------------------------------------------------------------


@op("SpaceToBatchND", static=(1, 2))
def SPACE_TO_BATCH(x: Any, blocks: Any, paddings: Any) -> Any:
    sizes = blocks.tolist()
    count = len(sizes)
    x = jnp.pad(x, [(0, 0), *[tuple(dimensions(pair)) for pair in paddings], *[(0, 0)] * (x.ndim - 1 - count)])
    for size, block in zip(x.shape[1:], sizes, strict=False):
        if size % block:
            raise ValueError(f"Expected a padded dimension divisible by block {block}, received {size}.")
    inner = [n for size, block in zip(x.shape[1:], sizes, strict=False) for n in (size // block, block)]
    parts = jnp.reshape(x, (x.shape[0], *inner, *x.shape[1 + count :]))
    order = [*[2 * i + 2 for i in range(count)], 0, *[2 * i + 1 for i in range(count)]]
    parts = jnp.transpose(parts, [*order, *range(2 * count + 1, parts.ndim)])
    kept = [size // block for size, block in zip(x.shape[1:], sizes, strict=False)]
    return jnp.reshape(parts, (x.shape[0] * int(np.prod(sizes)), *kept, *x.shape[1 + count :]))


@op("BatchToSpaceND", static=(1, 2))
def BATCH_TO_SPACE(x: Any, blocks: Any, crops: Any) -> Any:
    sizes = blocks.tolist()
    count = len(sizes)
    batch = x.shape[0] // int(np.prod(sizes))
    parts = jnp.reshape(x, (*sizes, batch, *x.shape[1:]))
    order = [count, *[n for i in range(count) for n in (count + 1 + i, i)], *range(2 * count + 1, parts.ndim)]
    whole = [d * b for d, b in zip(x.shape[1:], sizes, strict=False)]
    joined = jnp.reshape(jnp.transpose(parts, order), (batch, *whole, *x.shape[1 + count :]))
    if crops.size and crops.min() < 0:
        raise InvalidArgumentError(None, None, f"Crops must be non-negative, received {crops.tolist()}")
    for place, ((a, b), size) in enumerate(zip(crops.tolist(), whole, strict=False)):
        if a + b > size:
            raise InvalidArgumentError(
                None, None, f"cropped_shape[{place}]={size - a - b} must be non-negative [Op:BatchToSpaceND]"
            )
    cut = [slice(int(a), size - int(b)) for (a, b), size in zip(crops, whole, strict=True)]
    return joined[(slice(None), *cut)]


def space_to_batch(input: Any, block_shape: Any, paddings: Any, name: str | None = None) -> Tensor:
    """Moves blocks of the spatial axes into the batch axis.

    Args:
        input: A tensor ``[batch, spatial..., rest...]``.
        block_shape: The block's size along each spatial axis (or one size for two).
        paddings: ``[before, after]`` for each spatial axis.
        name: A name for the operation.

    >>> tf.space_to_batch(tf.ones([1, 2, 2, 1]), [2, 2], [[0, 0], [0, 0]]).shape
    TensorShape([4, 1, 1, 1])
    """
    blocks = [block_shape, block_shape] if isinstance(block_shape, int) else block_shape
    return SPACE_TO_BATCH(
        convert_to_tensor(input), static_integers(blocks), static_integers(_rows(paddings)), name=name
    )


def space_to_batch_nd(input: Any, block_shape: Any, paddings: Any, name: str | None = None) -> Tensor:
    """Moves blocks of the spatial axes into the batch axis; see `space_to_batch`.

    >>> tf.space_to_batch_nd(tf.ones([1, 2, 2, 1]), [2, 2], [[0, 0], [0, 0]]).shape
    TensorShape([4, 1, 1, 1])
    """
    return space_to_batch(input, block_shape, paddings, name)


def batch_to_space(input: Any, block_shape: Any, crops: Any, name: str | None = None) -> Tensor:
    """Undoes `space_to_batch`: batch entries become blocks of the spatial axes.

    Args:
        input: A tensor ``[batch, spatial..., rest...]``.
        block_shape: The block's size along each spatial axis (or one size for two).
        crops: How much to cut off, ``[before, after]`` for each spatial axis.
        name: A name for the operation.

    >>> tf.batch_to_space(tf.ones([4, 1, 1, 1]), [2, 2], [[0, 0], [0, 0]]).shape
    TensorShape([1, 2, 2, 1])
    """
    blocks = [block_shape, block_shape] if isinstance(block_shape, int) else block_shape
    return BATCH_TO_SPACE(convert_to_tensor(input), static_integers(blocks), static_integers(_rows(crops)), name=name)
