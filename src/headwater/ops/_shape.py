"""Shapes: what they are, and tensors given another one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from headwater.core import dtypes
from headwater.core.checks import in_range
from headwater.core.dimensions import integers
from headwater.core.dtypes import DType, as_dtype
from headwater.core.errors import InvalidArgumentError
from headwater.core.graph import IDENTITY
from headwater.core.infer import PROBES, constant_value, probe
from headwater.core.op import Op, op
from headwater.core.shapes import TensorShape, as_shape, broadcast_shapes
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.ops._common import axes, single_axis
from headwater.ops._inputs import INTEGER, dimensions, one_axis, shape_held_by, static_integers, tensor_of

# What a shape is -------------------------------------------------------------------------------------------------


@op("Shape", shape_only=True, differentiable=False)
def SHAPE(x: Any, *, out_type: Any) -> Any:
    return integers(x.shape, out_type)


@op("Size", shape_only=True, differentiable=False)
def SIZE(x: Any, *, out_type: Any) -> Any:
    count: Any = math.prod(x.shape)
    if isinstance(count, int):  # where a dimension is tried out, the product may be more than any tensor has
        return np.array(count % 2**64, np.uint64).astype(out_type)
    return integers(count, out_type)


@op("Rank", shape_only=True, differentiable=False)
def RANK(x: Any) -> Any:
    return np.array(len(x.shape), np.int32)


def _index_dtype(dtype: Any) -> Any:
    return np.dtype(as_dtype(dtype or dtypes.int32).as_numpy_dtype)


def shape(input: Any, out_type: Any = None, name: str | None = None) -> Tensor:
    """Gives the shape as a tensor; inside a function its values are those of the call.

    Args:
        input: A tensor.
        out_type: int32 (the default) or int64.
        name: A name for the operation.

    >>> tf.shape([[1, 2, 3]]).numpy()
    array([1, 3], dtype=int32)
    """
    return SHAPE(convert_to_tensor(input), out_type=_index_dtype(out_type), name=name)


def shape_n(input: Sequence[Any], out_type: Any = dtypes.int32, name: str | None = None) -> list[Tensor]:
    """Gives the shapes of several tensors.

    >>> [s.numpy().tolist() for s in tf.shape_n([[1, 2], [[3]]])]
    [[2], [1, 1]]
    """
    return [shape(x, out_type, name) for x in input]


def size(input: Any, out_type: Any = None, name: str | None = None) -> Tensor:
    """Gives the number of elements.

    Raises:
        InvalidArgumentError: If the number is known and too large for `out_type`.

    >>> tf.size([[1, 2], [3, 4]]).numpy()
    np.int32(4)
    """
    tensor, kind = convert_to_tensor(input), _index_dtype(out_type)
    count = tensor.shape.num_elements()
    if count is not None and count > np.iinfo(kind).max:
        raise InvalidArgumentError(
            None, None, f"{count} elements of shape {tensor.shape} are more than {np.dtype(kind).name} can count. Use "
            "out_type=tf.int64. [Op:Size]",
        )  # fmt: skip
    return SIZE(tensor, out_type=kind, name=name)


def rank(input: Any, name: str | None = None) -> Tensor:
    """Gives the number of dimensions.

    >>> tf.rank([[1, 2], [3, 4]]).numpy()
    np.int32(2)
    """
    return RANK(convert_to_tensor(input), name=name)


def broadcast_static_shape(shape_x: TensorShape, shape_y: TensorShape) -> TensorShape:
    """Gives the shape that two static shapes broadcast to.

    Raises:
        ValueError: If they do not broadcast.

    >>> tf.broadcast_static_shape(tf.TensorShape([2, 1]), tf.TensorShape([3]))
    TensorShape([2, 3])
    """
    return broadcast_shapes(as_shape(shape_x), as_shape(shape_y))


@op("BroadcastArgs", static=(0, 1), differentiable=False)
def BROADCAST_ARGS(x: Any, y: Any) -> Any:
    return jnp.array(np.broadcast_shapes(tuple(x.tolist()), tuple(y.tolist())), x.dtype)


def broadcast_dynamic_shape(shape_x: Any, shape_y: Any) -> Tensor:
    """Gives the shape that two shapes, held by tensors, broadcast to.

    >>> tf.broadcast_dynamic_shape([2, 1], [3]).numpy()
    array([2, 3], dtype=int32)
    """
    return BROADCAST_ARGS(static_integers(shape_x), static_integers(shape_y))


def get_static_value(tensor: Any, partial: bool = False) -> Any:
    """Gives the value of a tensor as a NumPy array if it is known while tracing, else None.

    >>> tf.get_static_value(tf.constant([1, 2]))
    array([1, 2], dtype=int32)
    """
    return constant_value(tensor) if isinstance(tensor, Tensor) else np.asarray(tensor)


# Another shape ---------------------------------------------------------------------------------------------------


def _inferred(shape: Sequence[int], sizes: Sequence[int]) -> int:
    """The size that -1 stands for in `sizes`, for a tensor of this shape.

    Where `sizes` holds a 0, the zeros of `shape` are left out too, so that ``[0, 2, 3]`` becomes ``[0, 6]``.
    """
    empty = 0 in sizes
    total = math.prod(d for d in shape if d or not empty)
    return total // math.prod(d for d in sizes if d > 0)


def _reshaped(x: Any, shape: Any) -> Any:
    sizes = dimensions(shape)
    if sizes.count(-1) > 1:
        raise ValueError(f"Only one dimension may be -1 (inferred), received shape {sizes}.")
    full = [_inferred(x.shape, sizes) if d == -1 else d for d in sizes]
    total = math.prod(x.shape)
    if math.prod(full) != total or min(full, default=0) < 0:
        raise ValueError(f"Input to reshape is a tensor with {total} values, but the requested shape is {sizes}.")
    return jnp.reshape(x, full)


def _reshape_spec(inputs: Any, attrs: Any) -> Any:
    """Follows the shape argument even where the number of elements is not known."""
    x, target = inputs
    wanted = [probe(target, k) for k in range(len(PROBES))]
    if wanted[0] is None:
        return x.dtype, shape_held_by(target)
    shapes = []
    certain = x.shape.is_fully_defined() and all(np.array_equal(dims, wanted[0]) for dims in wanted)
    for size, dims in zip(PROBES, map(dimensions, wanted)):
        known = None if x.shape.rank is None else [size if d is None else d for d in x.shape]
        free = None if known is None else _inferred(known, dims)
        rest = math.prod(d for d in dims if d != -1)
        fits = known is not None and rest * (free if free is not None and -1 in dims else 1) == math.prod(known)
        if certain and not fits:
            raise ValueError(f"Reshape cannot take {x.dtype.name}{x.shape} to shape {dims} [Op:Reshape]")
        shapes.append([(free if fits else None) if d == -1 else d for d in dims])
    return x.dtype, TensorShape([sizes[0] if len(set(sizes)) == 1 else None for sizes in zip(*shapes)])


RESHAPE = Op("Reshape", _reshaped, static=(1,), spec=_reshape_spec)


@op("Transpose")
def TRANSPOSE(x: Any, *, perm: Any) -> Any:
    return jnp.transpose(x, perm)


@op("ConjugateTranspose")
def CONJUGATE_TRANSPOSE(x: Any, *, perm: Any) -> Any:
    return jnp.conj(jnp.transpose(x, perm))


@op("ExpandDims")
def EXPAND_DIMS(x: Any, *, axis: int) -> Any:
    return jnp.expand_dims(x, axis)


def _squeezed(axes: tuple[int, ...], shape: Sequence[int | None]) -> list[int]:
    if axes:
        return sorted({one_axis(axis, len(shape)) for axis in axes})
    return [i for i, d in enumerate(shape) if d == 1]


def _squeezed_spec(inputs: Sequence[Tensor], attrs: dict[str, Any]) -> tuple[DType, TensorShape]:
    x = inputs[0]
    if x.shape.rank is None or (not attrs["squeeze_dims"] and None in tuple(x.shape)):
        return x.dtype, TensorShape(None)
    chosen = _squeezed(attrs["squeeze_dims"], tuple(x.shape))
    for axis in chosen:
        if x.shape[axis] not in (1, None):
            raise ValueError(f"Can not squeeze dim[{axis}], expected a dimension of 1, received {x.shape[axis]}.")
    return x.dtype, TensorShape([d for i, d in enumerate(x.shape) if i not in chosen])


@op("Squeeze", spec=_squeezed_spec)
def SQUEEZE(x: Any, *, squeeze_dims: tuple[int, ...]) -> Any:
    chosen = _squeezed(squeeze_dims, x.shape)
    for axis in chosen:
        if x.shape[axis] != 1:
            raise ValueError(f"Can not squeeze dim[{axis}], expected a dimension of 1, received {x.shape[axis]}.")
    return jnp.squeeze(x, chosen)


def _broadcast_spec(inputs: Sequence[Tensor], attrs: dict[str, Any]) -> tuple[DType, TensorShape]:
    target = shape_held_by(inputs[1])
    source = inputs[0].shape
    if None not in (target.rank, source.rank):
        for have, want in zip(reversed(tuple(source)), reversed(tuple(target)), strict=False):
            if have not in (1, want) and None not in (have, want):
                raise ValueError(f"Incompatible shapes: {source} cannot be broadcast to {target}.")
    return inputs[0].dtype, target


@op("BroadcastTo", static=(1,), spec=_broadcast_spec)
def BROADCAST_TO(x: Any, shape: Any) -> Any:
    return jnp.broadcast_to(x, dimensions(shape))


def reshape(tensor: Any, shape: Any, name: str | None = None) -> Tensor:
    """Gives the same elements in another shape.

    Args:
        tensor: A tensor.
        shape: The shape; one dimension may be -1, which is inferred. A tensor, a list that may hold tensors, or a
            number for one dimension.
        name: A name for the operation.

    Raises:
        InvalidArgumentError: (ValueError while tracing) if the number of elements differs.

    >>> tf.reshape([1, 2, 3, 4], [2, -1]).numpy()
    array([[1, 2],
           [3, 4]], dtype=int32)
    """
    return RESHAPE(convert_to_tensor(tensor), static_integers(shape), name=name)


def transpose(a: Any, perm: Any = None, conjugate: bool = False, name: str = "transpose") -> Tensor:
    """Permutes the axes.

    Args:
        a: A tensor.
        perm: Which axis comes where; None reverses them.
        conjugate: Whether complex elements are conjugated too.
        name: A name for the operation.

    >>> tf.transpose([[1, 2], [3, 4]]).numpy()
    array([[1, 3],
           [2, 4]], dtype=int32)
    """
    x = convert_to_tensor(a)
    use = CONJUGATE_TRANSPOSE if conjugate and x.dtype.is_complex else TRANSPOSE
    return use(x, perm=axes(perm), name=name)


def expand_dims(input: Any, axis: Any, name: str | None = None) -> Tensor:
    """Inserts an axis of size 1 at position `axis`.

    >>> tf.expand_dims([1, 2], 0).shape
    TensorShape([1, 2])
    """
    return EXPAND_DIMS(convert_to_tensor(input), axis=single_axis(axis), name=name)


def squeeze(input: Any, axis: Any = None, name: str | None = None) -> Tensor:
    """Removes axes of size 1: all, or those given.

    Raises:
        InvalidArgumentError: (ValueError while tracing) if a given axis has another size.

    >>> tf.squeeze([[[1], [2]]]).shape
    TensorShape([2])
    """
    return SQUEEZE(convert_to_tensor(input), squeeze_dims=axes(axis) or (), name=name)


def broadcast_to(input: Any, shape: Any, name: str | None = None) -> Tensor:
    """Repeats along axes of size 1, and along axes it lacks, to get this shape.

    >>> tf.broadcast_to([1, 2], [2, 2]).numpy()
    array([[1, 2],
           [1, 2]], dtype=int32)
    """
    return BROADCAST_TO(convert_to_tensor(input), static_integers(shape), name=name)


def _ensured_spec(inputs: Sequence[Tensor], attrs: dict[str, Any]) -> tuple[DType, TensorShape]:
    return inputs[0].dtype, inputs[0].shape.merge_with(TensorShape(attrs["shape"]))


@op("EnsureShape", spec=_ensured_spec)
def ENSURE_SHAPE(x: Any, *, shape: Any) -> Any:
    wanted = TensorShape(shape)
    if not wanted.is_compatible_with(x.shape):
        raise InvalidArgumentError(None, None, f"Shape of tensor {x.shape} is not compatible with expected {wanted}.")
    return x


def ensure_shape(x: Any, shape: Any, name: str | None = None) -> Tensor:
    """Gives `x`, whose shape is checked, and known from here on.

    Args:
        x: A tensor.
        shape: What its shape must be; None stands for any dimension.
        name: A name for the operation.

    Raises:
        InvalidArgumentError: If the shape is another.

    >>> tf.ensure_shape([1, 2], [None]).shape
    TensorShape([2])
    """
    wanted = as_shape(shape)
    tensor = convert_to_tensor(x)
    return ENSURE_SHAPE(tensor, shape=None if wanted.rank is None else tuple(wanted), name=name)


# The same value --------------------------------------------------------------------------------------------------

IDENTITY_N = Op("IdentityN", lambda *x: tuple(x))
STOP_GRADIENT = Op("StopGradient", lambda x: x, differentiable=False)


def identity(input: Any, name: str | None = None) -> Tensor:
    """Gives a tensor of the same value.

    >>> tf.identity([1, 2]).numpy()
    array([1, 2], dtype=int32)
    """
    return IDENTITY(convert_to_tensor(input), name=name)


def identity_n(input: Sequence[Any], name: str | None = None) -> list[Tensor]:
    """Gives tensors of the same values.

    >>> [x.numpy().tolist() for x in tf.identity_n([[1], [2.5]])]
    [[1], [2.5]]
    """
    return list(IDENTITY_N(*[convert_to_tensor(x) for x in input], name=name))


def stop_gradient(input: Any, name: str | None = None) -> Tensor:
    """Gives the same value, as a constant to gradients.

    >>> x = tf.constant(3.0)
    >>> with tf.GradientTape() as tape:
    ...     tape.watch(x)
    ...     y = x * tf.stop_gradient(x)
    >>> tape.gradient(y, x).numpy()
    np.float32(3.0)
    """
    return STOP_GRADIENT(convert_to_tensor(input), name=name)


def guarantee_const(input: Any, name: str | None = None) -> Tensor:
    """Gives the same value, which the caller promises never changes.

    >>> tf.guarantee_const([1]).numpy()
    array([1], dtype=int32)
    """
    return STOP_GRADIENT(convert_to_tensor(input), name=name)


def unravel_index(indices: Any, dims: Any, name: str | None = None) -> Tensor:
    """Turns flat indices into coordinates in a shape.

    Args:
        indices: Flat indices, of shape ``()`` or ``[n]``.
        dims: The shape, 1-D.
        name: A name for the operation.

    Returns:
        Coordinates: one row per axis of `dims`, one column per index.

    >>> tf.unravel_index([1, 5], [2, 3]).numpy()
    array([[0, 1],
           [1, 2]], dtype=int32)
    """
    indices = tensor_of(indices, "UnravelIndex", INTEGER, dtypes.int32)
    dims = convert_to_tensor(dims, dtype_hint=indices.dtype)
    return UNRAVEL_INDEX(indices, dims, name=name)


_WITHIN_DIMS = in_range(
    "indices",
    lambda indices, dims: int(np.prod(dims)),
    position=0,
    text="index is out of bound as with dims: {name}{place} = {found} is not less than {bound}",
    low=None,
)


@op("UnravelIndex", static=(1,), differentiable=False, check=_WITHIN_DIMS)
def UNRAVEL_INDEX(indices: Any, dims: Any) -> Any:
    return jnp.stack(jnp.unravel_index(indices, dims.tolist())).astype(indices.dtype)
