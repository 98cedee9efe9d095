"""Slices and elements taken from tensors by index, and put into them."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from headwater.core.checks import coordinates, in_range
from headwater.core.infer import constant_value
from headwater.core.op import op
from headwater.core.shapes import TensorShape, unknown_shape
from headwater.core.spec import IndexedSlices
from headwater.core.tape import dense
from headwater.core.tensor import Tensor, convert_to_tensor, register_tensor_conversion_function
from headwater.ops._common import single_axis
from headwater.ops._inputs import INTEGER, check_shape, dimensions, matched, one_axis, static_integers, tensor_of
from headwater.ops._shape import reshape, shape

# Taking ----------------------------------------------------------------------------------------------------------


def _gather_gradient(inputs: Sequence[Tensor], outputs: Any, given: Sequence[Any], attrs: dict[str, Any]) -> Any:
    """The gradient of rows is sparse: the rows that were taken."""
    params, indices = inputs
    if attrs["axis"] != 0 or attrs["batch_dims"] or params.shape.rank is None:
        return NotImplemented
    rest = params.shape.as_list()[1:]
    dims = shape(params)
    count = indices.shape.num_elements()
    rows = [-1 if count is None else count, *(r if r is not None else dims[i + 1] for i, r in enumerate(rest))]
    return [IndexedSlices(reshape(dense(given[0]), rows), reshape(indices, [-1]), dims), None]


def _size_along(params: Any, indices: Any, *, axis: int, batch_dims: int) -> int:
    return params.shape[one_axis(axis, params.ndim)]


@op("GatherV2", gradient=_gather_gradient, check=in_range("indices", _size_along))
def GATHER(params: Any, indices: Any, *, axis: int, batch_dims: int) -> Any:
    place = one_axis(axis, params.ndim)
    if params.shape[place] == 0:  # nothing to take: an error if there are indices, unless nothing is checked
        return jnp.zeros(params.shape[:place] + indices.shape[batch_dims:] + params.shape[place + 1 :], params.dtype)
    if not batch_dims:
        return jnp.take(params, indices, place, mode="clip")
    take: Any = functools.partial(jnp.take, axis=place - batch_dims, mode="clip")
    for _ in range(batch_dims):
        take = jax.vmap(take)
    return take(params, indices)


def _element(params: Any, indices: Any) -> Any:
    if not indices.shape[-1]:  # coordinates of no axis: the whole, each time
        return jnp.broadcast_to(params, (*indices.shape[:-1], *params.shape))
    return jnp.asarray(params)[_places(indices)]


@op(
    "GatherNd",
    check=coordinates(lambda params, indices, batch_dims: params.shape[batch_dims:], "param shape"),
)
def GATHER_ND(params: Any, indices: Any, *, batch_dims: int) -> Any:
    take: Any = _element
    for _ in range(batch_dims):
        take = jax.vmap(take)
    return take(params, indices)


def gather(
    params: Any,
    indices: Any,
    validate_indices: bool | None = None,
    axis: Any = None,
    batch_dims: int = 0,
    name: str | None = None,
) -> Tensor:
    """Takes slices along an axis by index.

    Args:
        params: The tensor to take from.
        indices: Integers of any shape.
        validate_indices: Accepted for compatibility.
        axis: The axis; by default `batch_dims`.
        batch_dims: How many leading axes of both belong together.
        name: A name for the operation.

    Returns:
        A tensor of shape ``params.shape[:axis] + indices.shape[batch_dims:] + params.shape[axis + 1:]``.

    Raises:
        InvalidArgumentError: If an index is out of range (on a CPU; elsewhere it is clamped).

    >>> tf.gather([[1, 2], [3, 4], [5, 6]], [2, 0]).numpy()
    array([[5, 6],
           [1, 2]], dtype=int32)
    """
    x, index = convert_to_tensor(params), tensor_of(indices, "GatherV2", INTEGER)
    batch_dims = single_axis(batch_dims)
    if batch_dims < 0:
        batch_dims += index.shape.rank or 0
    place = batch_dims if axis is None else single_axis(axis)
    return GATHER(x, index, axis=place, batch_dims=batch_dims, name=name)


def gather_nd(
    params: Any, indices: Any, batch_dims: int = 0, name: str | None = None, bad_indices_policy: str = ""
) -> Tensor:
    """Takes elements or slices by coordinates.

    Args:
        params: The tensor to take from.
        indices: Coordinates along the last axis: as many as axes are indexed.
        batch_dims: How many leading axes of both belong together.
        name: A name for the operation.
        bad_indices_policy: Accepted for compatibility.

    >>> tf.gather_nd([[1, 2], [3, 4]], [[0, 1], [1, 0]]).numpy()
    array([2, 3], dtype=int32)
    """
    x, index = convert_to_tensor(params), tensor_of(indices, "GatherNd", INTEGER)
    return GATHER_ND(x, index, batch_dims=int(batch_dims), name=name)


def _dense(value: IndexedSlices, dtype: Any = None, name: str | None = None, as_ref: bool = False) -> Tensor:
    return dense(value)


register_tensor_conversion_function(IndexedSlices, _dense)

# Putting ---------------------------------------------------------------------------------------------------------


# More axes than this an array cannot have.
_MOST_AXES = 32


def _places(indices: Any) -> tuple[Any, ...]:
    if indices.shape[-1] > _MOST_AXES:
        raise ValueError(f"Expected coordinates of at most {_MOST_AXES} axes, received {indices.shape[-1]}.")
    return tuple(jnp.moveaxis(indices, -1, 0))


def _like_first(inputs: Sequence[Tensor], attrs: dict[str, Any]) -> Any:
    return inputs[0].dtype, inputs[0].shape


def _by_shape(inputs: Sequence[Tensor], attrs: dict[str, Any]) -> Any:
    known = constant_value(inputs[2])
    return inputs[1].dtype, unknown_shape(inputs[2].shape[0]) if known is None else TensorShape(known.tolist())


@op(
    "ScatterNd",
    static=(2,),
    unknown=_by_shape,
    check=coordinates(lambda indices, updates, shape: shape.tolist(), "shape", position=0),
)
def SCATTER_ND(indices: Any, updates: Any, shape: Any) -> Any:
    sizes = tuple(dimensions(shape))
    _check_updates(sizes, indices, updates)
    return jnp.zeros(sizes, updates.dtype).at[_places(indices)].add(updates)


def _check_updates(shape: tuple[int, ...], indices: Any, updates: Any) -> None:
    check_shape("updates", updates, indices.shape[:-1] + shape[indices.shape[-1] :])


_SCATTER: dict[str, Any] = {
    "same_dtype": (0, 2),
    "unknown": _like_first,
    "check": coordinates(lambda x, indices, updates: x.shape, "shape"),
}


@op("TensorScatterUpdate", **_SCATTER)
def SCATTER_UPDATE(x: Any, indices: Any, updates: Any) -> Any:
    _check_updates(x.shape, indices, updates)
    return jnp.asarray(x).at[_places(indices)].set(updates)


@op("TensorScatterAdd", **_SCATTER)
def SCATTER_ADD(x: Any, indices: Any, updates: Any) -> Any:
    _check_updates(x.shape, indices, updates)
    return jnp.asarray(x).at[_places(indices)].add(updates)


@op("TensorScatterSub", **_SCATTER)
def SCATTER_SUB(x: Any, indices: Any, updates: Any) -> Any:
    _check_updates(x.shape, indices, updates)
    return jnp.asarray(x).at[_places(indices)].add(-updates)


def _extreme_gradient(inputs: Sequence[Tensor], outputs: Any, given: Sequence[Any], attrs: dict[str, Any]) -> Any:
    """What became the extreme shares the gradient; ties share it equally."""
    return list(SCATTER_EXTREME_GRADIENT(*inputs, outputs[0], dense(given[0])))


@op(
    "TensorScatterExtremeGrad",
    differentiable=False,
    unknown=lambda inputs, attrs: [(x.dtype, x.shape) for x in inputs[:3]],
)
def SCATTER_EXTREME_GRADIENT(x: Any, indices: Any, updates: Any, y: Any, gradient: Any) -> Any:
    places = _places(indices)
    kept, put = x == y, updates == y[places]
    count = kept.astype(x.dtype).at[places].add(put.astype(x.dtype))
    share = gradient / jnp.maximum(count, 1)
    return share * kept, jnp.zeros(indices.shape, indices.dtype), share[places] * put


@op("TensorScatterMax", **_SCATTER, gradient=_extreme_gradient)
def SCATTER_MAX(x: Any, indices: Any, updates: Any) -> Any:
    _check_updates(x.shape, indices, updates)
    return jnp.asarray(x).at[_places(indices)].max(updates)


@op("TensorScatterMin", **_SCATTER, gradient=_extreme_gradient)
def SCATTER_MIN(x: Any, indices: Any, updates: Any) -> Any:
    _check_updates(x.shape, indices, updates)
    return jnp.asarray(x).at[_places(indices)].min(updates)


def _scatter(op_call: Any, tensor: Any, indices: Any, updates: Any, name: str | None) -> Tensor:
    x, values = matched(tensor, updates)
    index = tensor_of(indices, op_call.name, INTEGER)
    return op_call(x, index, values, name=name)


def scatter_nd(indices: Any, updates: Any, shape: Any, bad_indices_policy: str = "", name: str | None = None) -> Tensor:
    """Puts values into zeros at given coordinates; values for the same place add up.

    Args:
        indices: Coordinates along the last axis.
        updates: The values: elements or slices.
        shape: The shape of the result.
        bad_indices_policy: Accepted for compatibility.
        name: A name for the operation.

    >>> tf.scatter_nd([[1], [3]], [5, 7], [4]).numpy()
    array([0, 5, 0, 7], dtype=int32)
    """
    return SCATTER_ND(
        tensor_of(indices, "ScatterNd", INTEGER), convert_to_tensor(updates), static_integers(shape), name=name
    )


def tensor_scatter_nd_update(tensor: Any, indices: Any, updates: Any, name: str | None = None) -> Tensor:
    """Gives a copy with values replaced at given coordinates.

    Args:
        tensor: A tensor.
        indices: Coordinates along the last axis.
        updates: The values: elements or slices.
        name: A name for the operation.

    >>> tf.tensor_scatter_nd_update([1, 2, 3], [[0], [2]], [7, 9]).numpy()
    array([7, 2, 9], dtype=int32)
    """
    return _scatter(SCATTER_UPDATE, tensor, indices, updates, name)


def tensor_scatter_nd_add(
    tensor: Any, indices: Any, updates: Any, bad_indices_policy: str = "", name: str | None = None
) -> Tensor:
    """Gives a copy with values added at given coordinates.

    >>> tf.tensor_scatter_nd_add([1, 2, 3], [[0], [0]], [7, 9]).numpy()
    array([17,  2,  3], dtype=int32)
    """
    return _scatter(SCATTER_ADD, tensor, indices, updates, name)


def tensor_scatter_nd_sub(
    tensor: Any, indices: Any, updates: Any, bad_indices_policy: str = "", name: str | None = None
) -> Tensor:
    """Gives a copy with values subtracted at given coordinates.

    >>> tf.tensor_scatter_nd_sub([1, 2, 3], [[0]], [7]).numpy()
    array([-6,  2,  3], dtype=int32)
    """
    return _scatter(SCATTER_SUB, tensor, indices, updates, name)


def tensor_scatter_nd_max(
    tensor: Any, indices: Any, updates: Any, bad_indices_policy: str = "", name: str | None = None
) -> Tensor:
    """Gives a copy with the larger of the old and the given values at given coordinates.

    >>> tf.tensor_scatter_nd_max([1, 2, 3], [[0], [2]], [7, 1]).numpy()
    array([7, 2, 3], dtype=int32)
    """
    return _scatter(SCATTER_MAX, tensor, indices, updates, name)


def tensor_scatter_nd_min(
    tensor: Any, indices: Any, updates: Any, bad_indices_policy: str = "", name: str | None = None
) -> Tensor:
    """Gives a copy with the smaller of the old and the given values at given coordinates.

    >>> tf.tensor_scatter_nd_min([1, 2, 3], [[0], [2]], [7, 1]).numpy()
    array([1, 2, 1], dtype=int32)
    """
    return _scatter(SCATTER_MIN, tensor, indices, updates, name)
