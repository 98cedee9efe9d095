"""Tensors' form: shape, slices, joining, filling. Names at the root of `tf`."""

from __future__ import annotations

import builtins
import math
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from headwater.core import dtypes
from headwater.core.dtypes import as_dtype
from headwater.core.graph import untaped
from headwater.core.infer import PROBES, probe
from headwater.core.op import Op, op
from headwater.core.shapes import TensorShape, unknown_shape
from headwater.core.tape import ONES_LIKE, ZEROS_LIKE
from headwater.core.tensor import EagerTensor, SymbolicTensor, Tensor, convert_to_tensor, set_pack
from headwater.core.variable import Variable
from headwater.ops._common import as_shape_tensor
from headwater.ops.math import cast

newaxis = None

# Shape ----------------------------------------------------------------------------------------------------------

SHAPE = Op("Shape", lambda x, *, out_type: np.asarray(x.shape, out_type), shape_only=True, differentiable=False)


def _reshape_spec(inputs: Any, attrs: Any) -> Any:
    """Follows the shape argument even where the number of elements is not known."""
    x, target = inputs
    wanted = [probe(target, k) for k in builtins.range(len(PROBES))]
    if wanted[0] is None:
        return x.dtype, unknown_shape(target.shape[0])
    shapes = []
    for size, dims in zip(PROBES, wanted):
        known = None if x.shape.rank is None else math.prod(size if d is None else d for d in x.shape)
        rest = math.prod(int(d) for d in dims if d != -1)
        if x.shape.is_fully_defined() and (known % max(rest, 1) if -1 in dims else known != rest):  # type: ignore[operator]
            raise ValueError(f"Reshape cannot take {x.dtype.name}{x.shape} to shape {list(dims)} [Op:Reshape]")
        free = None if known is None or rest == 0 else known // rest
        shapes.append([free if d == -1 else int(d) for d in dims])
    return x.dtype, TensorShape([sizes[0] if len(set(sizes)) == 1 else None for sizes in zip(*shapes)])


RESHAPE = Op("Reshape", lambda x, shape: jnp.reshape(x, tuple(int(s) for s in shape)), static=(1,), spec=_reshape_spec)
PACK = Op("Pack", lambda *xs, axis: jnp.stack(xs, axis=axis), same_dtype=True)
FILL = Op("Fill", lambda dims, value: jnp.full(tuple(int(d) for d in dims), value), static=(0,))
RANGE = Op("Range", lambda start, limit, delta: jnp.arange(start, limit, delta), static=(0, 1, 2), differentiable=False)


def shape(input: Any, out_type: Any = None, name: str | None = None) -> Tensor:
    """The shape as an integer vector.

    >>> tf.shape(tf.zeros([2, 3]))
    <tf.Tensor: shape=(2,), dtype=int32, numpy=array([2, 3], dtype=int32)>
    """
    out = dtypes.int32 if out_type is None else as_dtype(out_type)
    return SHAPE(convert_to_tensor(input), out_type=np.dtype(out.as_numpy_dtype), name=name)


def reshape(tensor: Any, shape: Any, name: str | None = None) -> Tensor:
    """The same elements in another shape; one dimension may be -1.

    >>> tf.reshape([1, 2, 3, 4], [2, -1])
    <tf.Tensor: shape=(2, 2), dtype=int32, numpy=
    array([[1, 2],
           [3, 4]], dtype=int32)>
    """
    return RESHAPE(convert_to_tensor(tensor), as_shape_tensor(shape), name=name)


def stack(values: Any, axis: int = 0, name: str = "stack") -> Tensor:
    """Joins tensors of one shape along a new axis.

    >>> tf.stack([[1, 2], [3, 4]], axis=1)
    <tf.Tensor: shape=(2, 2), dtype=int32, numpy=
    array([[1, 3],
           [2, 4]], dtype=int32)>
    """
    hint = next((v.dtype for v in values if isinstance(v, Tensor | Variable)), None)
    return PACK(*[convert_to_tensor(v, dtype_hint=hint) for v in values], axis=int(axis), name=name)


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


def fill(dims: Any, value: Any, name: str | None = None) -> Tensor:
    """A tensor of shape `dims` with every element `value`.

    >>> tf.fill([2], 9)
    <tf.Tensor: shape=(2,), dtype=int32, numpy=array([9, 9], dtype=int32)>
    """
    return FILL(as_shape_tensor(dims), convert_to_tensor(value), name=name)


def zeros(shape: Any, dtype: Any = dtypes.float32, name: str | None = None, layout: Any = None) -> Tensor:
    """A tensor of zeros.

    >>> tf.zeros([2], tf.int32)
    <tf.Tensor: shape=(2,), dtype=int32, numpy=array([0, 0], dtype=int32)>
    """
    return fill(shape, _filler(as_dtype(dtype), 0), name)


def ones(shape: Any, dtype: Any = dtypes.float32, name: str | None = None, layout: Any = None) -> Tensor:
    """A tensor of ones.

    >>> tf.ones([2])
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([1., 1.], dtype=float32)>
    """
    return fill(shape, _filler(as_dtype(dtype), 1), name)


def _filler(dtype: Any, value: int) -> Any:
    return b"" if dtype is dtypes.string else np.asarray(value).astype(dtype.as_numpy_dtype)


def zeros_like(input: Any, dtype: Any = None, name: str | None = None, layout: Any = None) -> Tensor:
    """Zeros in the shape of `input`.

    >>> tf.zeros_like([1.0, 2.0])
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([0., 0.], dtype=float32)>
    """
    tensor = convert_to_tensor(input)
    if dtype is None or as_dtype(dtype) is tensor.dtype:
        return ZEROS_LIKE(tensor, name=name)
    return zeros(shape_of(tensor), dtype, name)


def ones_like(input: Any, dtype: Any = None, name: str | None = None, layout: Any = None) -> Tensor:
    """Ones in the shape of `input`.

    >>> tf.ones_like([1.5, 2.0])
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([1., 1.], dtype=float32)>
    """
    tensor = convert_to_tensor(input)
    if dtype is None or as_dtype(dtype) is tensor.dtype:
        return ONES_LIKE(tensor, name=name)
    return ones(shape_of(tensor), dtype, name)


def shape_of(tensor: Tensor) -> Any:
    """The shape for another op's argument: static where it is known, else computed."""
    return tensor.shape.as_list() if tensor.shape.is_fully_defined() else shape(tensor)


def range(start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: str = "range") -> Tensor:
    """The numbers from `start` up to, not including, `limit`.

    >>> tf.range(3)
    <tf.Tensor: shape=(3,), dtype=int32, numpy=array([0, 1, 2], dtype=int32)>
    >>> tf.range(3, 18, 5)
    <tf.Tensor: shape=(3,), dtype=int32, numpy=array([ 3,  8, 13], dtype=int32)>
    """
    if limit is None:
        start, limit = 0, start
    values = [
        convert_to_tensor(v, dtype if not isinstance(v, Tensor | Variable) else None) for v in (start, limit, delta)
    ]
    order = (dtypes.int32, dtypes.int64, dtypes.float32, dtypes.float64)
    target = as_dtype(dtype) if dtype is not None else max((v.dtype for v in values), key=_rank_in(order))
    return RANGE(*[cast(v, target) for v in values], name=name)


def _rank_in(order: tuple[Any, ...]) -> Any:
    return lambda dtype: order.index(dtype) if dtype in order else len(order)


# Slices ---------------------------------------------------------------------------------------------------------
# The `spec` of a slice has one entry per part of the Python index:
#   ("index", i)               a known position          ("at", k)            position starts[k]
#   ("range", begin, end, step) a known slice            ("span", k, size)    `size` elements from starts[k]
#   ("new",)                   a new axis                ("rest",)            the ellipsis


@op("StridedSlice")
def STRIDED_SLICE(x: Any, starts: Any, *, spec: tuple[Any, ...]) -> Any:
    consumed = sum(entry[0] in ("index", "at", "range", "span") for entry in spec)
    if consumed > x.ndim:
        raise IndexError(f"Index out of range: {consumed} indices for {x.ndim} dimensions")
    if not any(entry[0] == "rest" for entry in spec):
        spec = (*spec, ("rest",))
    static: list[Any] = []
    axis = 0  # of x, then of the result of the dynamic part
    for entry in spec:
        kind = entry[0]
        if kind == "rest":
            skipped = x.ndim - consumed
            static += [slice(None)] * skipped
            axis += skipped
        elif kind == "new":
            static.append(None)
        elif kind == "index":
            _check_index(entry[1], x.shape[axis], axis)
            static.append(entry[1])
            axis += 1
        elif kind == "range":
            static.append(slice(*entry[1:]))
            axis += 1
        else:
            start = starts[entry[1]]
            start = jnp.where(start < 0, start + x.shape[axis], start)
            size = 1 if kind == "at" else entry[2]
            x = lax.dynamic_slice_in_dim(x, start, size, axis)
            static.append(0 if kind == "at" else slice(None))
            axis += 1
    return x[tuple(static)]


def _check_index(index: int, size: int, axis: int) -> None:
    if not -size <= index < size:
        raise IndexError(f"slice index {index} of dimension {axis} out of bounds.")


@op("StridedSliceDynamic", static=(1,))
def _SLICE_BY_VALUES(x: Any, bounds: Any, *, spec: tuple[Any, ...]) -> Any:
    """A slice whose bounds are computed: ``("bounds", i, j, k)`` are positions in `bounds`, or None."""
    known = tuple(
        [("range", *[None if i is None else int(bounds[i]) for i in e[1:]]) if e[0] == "bounds" else e for e in spec]
    )
    return STRIDED_SLICE.kernel(x, jnp.asarray(bounds), spec=known)


def slice_tensor(tensor: Any, key: Any) -> Tensor:
    """``tensor[key]`` by NumPy's rules for basic indices."""
    tensor = convert_to_tensor(tensor)
    spec, index, by_value = _index(tensor, key)
    return (_SLICE_BY_VALUES if by_value else STRIDED_SLICE)(tensor, index, spec=spec, name="strided_slice")


def _index(tensor: Tensor, key: Any) -> tuple[tuple[Any, ...], Tensor, bool]:
    """A Python index as a `spec`, the vector of its computed parts, and whether those decide the result's shape."""
    parts = list(key) if isinstance(key, tuple) else [key]
    if tensor.shape.rank == 0 and any(p is not None and p is not Ellipsis for p in parts):
        raise ValueError(f"Index out of range using input dim 0; input has only 0 dims: received index {key!r}.")
    eager = isinstance(tensor, EagerTensor)
    dims = _dimensions(tensor.shape, parts)
    spec: list[Any] = []
    starts: list[Any] = []
    by_value = False
    for part, size in zip(parts, dims, strict=True):
        entry, dynamic = _entry(part, size, len(starts), eager)
        by_value = by_value or entry[0] == "bounds"
        spec.append(entry)
        starts += dynamic
    return tuple(spec), _index_vector(starts), by_value


@op("StridedSliceAssign")
def _SLICE_ASSIGN(x: Any, starts: Any, value: Any, *, spec: tuple[Any, ...], how: str) -> Any:
    places = STRIDED_SLICE.kernel(jnp.arange(x.size).reshape(x.shape), starts, spec=spec)
    flat = getattr(x.reshape(-1).at[places], how)(jnp.broadcast_to(value, places.shape))
    return flat.reshape(x.shape)


def slice_variable(variable: Variable, key: Any) -> Tensor:
    """``variable[key]``: a tensor whose `assign`, `assign_add` and `assign_sub` change that part of the variable."""
    part = slice_tensor(variable, key)

    def assign(method: str, value: Any, name: str | None = None, read_value: bool = True) -> Any:
        how = {"assign": "set", "assign_add": "add", "assign_sub": "subtract"}[method]
        with untaped():
            current = variable._read()
            spec, index, by_value = _index(current, key)
            if by_value:
                raise ValueError(
                    "Assigning to a slice whose bounds are computed is not possible; use scatter_nd_update."
                )
            new = convert_to_tensor(value, None if isinstance(value, Tensor | Variable) else variable.dtype)
            result = _SLICE_ASSIGN(current, index, new, spec=spec, how=how)
        return variable._store(result, read_value)

    part._slice_of = assign  # type: ignore[attr-defined]
    return part


def _dimensions(shape: TensorShape, parts: list[Any]) -> list[int | None]:
    """The size of the axis each part of an index applies to, as far as known."""
    rank = shape.rank
    consumed = sum(p is not None and p is not Ellipsis for p in parts)
    axis, sizes = 0, list[int | None]()
    for part in parts:
        if part is Ellipsis:
            sizes.append(None)
            axis += (rank or 0) - consumed
        elif part is None:
            sizes.append(None)
        else:
            sizes.append(shape[axis] if rank is not None and axis < rank else None)
            axis += 1
    return sizes


def _entry(part: Any, size: int | None, position: int, eager: bool) -> tuple[tuple[Any, ...], list[Any]]:
    if part is None:
        return ("new",), []
    if part is Ellipsis:
        return ("rest",), []
    if isinstance(part, slice):
        return _slice_entry(part, size, position, eager)
    if isinstance(part, SymbolicTensor | EagerTensor | Variable):
        part = convert_to_tensor(part)
        if not part.dtype.is_integer or part.shape.rank not in (0, None):
            raise TypeError(
                "Only integers, slices (`:`), ellipsis (`...`), tf.newaxis (`None`) and scalar tf.int32/tf.int64 "
                f"tensors are valid indices, received {part!r}. Use tf.gather or tf.boolean_mask."
            )
        if isinstance(part, SymbolicTensor):
            return ("at", position), [part]
    try:
        index = part.__index__()
    except (AttributeError, TypeError):
        raise TypeError(
            "Only integers, slices (`:`), ellipsis (`...`), tf.newaxis (`None`) and scalar tf.int32/tf.int64 tensors "
            f"are valid indices, received {part!r} of type {type(part).__name__}."
        ) from None
    if size is not None:
        _check_index(index, size, 0)
    # Eager positions are passed as data, so that x[0], x[1], ... share one program.
    return (("at", position), [index]) if eager else (("index", index), [])


def _slice_entry(part: slice, size: int | None, position: int, eager: bool) -> tuple[tuple[Any, ...], list[Any]]:
    bounds = [part.start, part.stop, part.step]
    bounds = [b if b is None or isinstance(b, SymbolicTensor) else _as_int(b) for b in bounds]
    if any(isinstance(b, SymbolicTensor) for b in bounds):
        places: list[int | None] = []
        dynamic: list[Any] = []
        for b in bounds:
            places.append(None if b is None else position + len(dynamic))
            dynamic += [] if b is None else [b]
        return ("bounds", *places), dynamic
    if eager and size is not None and bounds[2] in (None, 1) and bounds != [None, None, None]:
        start, stop, _ = slice(*bounds).indices(size)
        return ("span", position, max(stop - start, 0)), [start]
    return ("range", *bounds), []


def _as_int(value: Any) -> int:
    return int(value.numpy()) if isinstance(value, EagerTensor | Variable) else int(value.__index__())


def _index_vector(starts: list[Any]) -> Tensor:
    if not any(isinstance(s, Tensor) for s in starts):
        return convert_to_tensor(np.asarray(starts, np.int32))
    parts = [s if isinstance(s, Tensor) else convert_to_tensor(np.int32(s)) for s in starts]
    parts = [p if p.dtype is dtypes.int32 else cast(p, dtypes.int32) for p in parts]
    return PACK(*parts, axis=0, name="index")
