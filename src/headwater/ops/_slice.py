"""Indexing and slicing."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from headwater.core import dtypes
from headwater.core.autograph.values import stays_below
from headwater.core.checks import Check, Verdict, element, first
from headwater.core.dimensions import integers
from headwater.core.errors import InvalidArgumentError
from headwater.core.graph import untaped
from headwater.core.op import op
from headwater.core.shapes import TensorShape
from headwater.core.tape import ONES_LIKE
from headwater.core.tensor import EagerTensor, SymbolicTensor, Tensor, convert_to_tensor
from headwater.core.variable import Variable
from headwater.ops._cast import cast
from headwater.ops._inputs import dimensions, static_integers
from headwater.ops._join import PACK
from headwater.ops._select import boolean_mask


class OutOfBounds(InvalidArgumentError, IndexError):
    """TensorFlow's error for an index that is out of range, which Python's protocols understand too."""


# Slices ---------------------------------------------------------------------------------------------------------
# The `spec` of a slice has one entry per part of the Python index:
#   ("index", i)               a known position          ("at", k)            position starts[k]
#   ("range", begin, end, step) a known slice            ("span", k, size)    `size` elements from starts[k]
#   ("new",)                   a new axis                ("rest",)            the ellipsis
#   ("there", k)               position starts[k], which is known to be in range


def _missing_index(x: Any, starts: Any, *, spec: tuple[Any, ...]) -> Verdict:
    """Whether a computed position is out of range."""
    axis, places, axes = 0, [], []
    for entry in spec:
        if entry[0] == "rest":
            axis += x.ndim - sum(e[0] not in ("new", "rest") for e in spec)
        elif entry[0] != "new":
            if entry[0] == "at":
                places.append(entry[1])
                axes.append(axis)
            axis += 1
    if not places:
        return None
    sizes = integers([x.shape[a] for a in axes], np.int64)
    index = starts[np.array(places)]
    bad, place = first((index < -sizes) | (index >= sizes))
    return bad, (element(index, place), place), axes


def _say_missing(found: list[int], axes: Sequence[int], attrs: dict[str, Any]) -> str:
    return f"slice index {found[0]} of dimension {axes[found[1]]} out of bounds."


_INDEX_CHECK = Check(_missing_index, _say_missing, error=OutOfBounds)


@op("StridedSlice", check=_INDEX_CHECK)
def STRIDED_SLICE(x: Any, starts: Any, *, spec: tuple[Any, ...]) -> Any:
    consumed = sum(entry[0] not in ("new", "rest") for entry in spec)
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
            static += [builtins.slice(None)] * skipped
            axis += skipped
        elif kind == "new":
            static.append(None)
        elif kind == "index":
            _check_index(entry[1], x.shape[axis], axis)
            static.append(entry[1])
            axis += 1
        elif kind == "range":
            static.append(builtins.slice(*entry[1:]))
            axis += 1
        else:
            start = starts[entry[1]]
            if x.shape[axis] >= 2**31:  # positions do not fit into 32 bits
                start = start.astype(jnp.int64)
            start = jnp.where(start < 0, start + x.shape[axis], start)
            size = entry[2] if kind == "span" else 1
            x = lax.dynamic_slice_in_dim(_at_least(x, size, axis), start, size, axis)
            static.append(builtins.slice(None) if kind == "span" else 0)
            axis += 1
    return x[tuple(static)]


def _at_least(x: Any, size: int, axis: int) -> Any:
    """`x`, or zeros where it is shorter than a slice: the body of a loop over no rows is a program too."""
    missing = size - x.shape[axis]
    return jnp.pad(x, [(0, missing if i == axis else 0) for i in builtins.range(x.ndim)]) if missing > 0 else x


def _check_index(index: int, size: int, axis: int) -> None:
    if not -size <= index < size:
        raise OutOfBounds(None, None, f"slice index {index} of dimension {axis} out of bounds.")


@op("StridedSliceDynamic", static=(1,), check=_INDEX_CHECK)
def _SLICE_BY_VALUES(x: Any, bounds: Any, *, spec: tuple[Any, ...]) -> Any:
    """A slice whose bounds are computed: ``("bounds", i, j, k)`` are positions in `bounds`, or None."""
    known = tuple(
        [
            ("range", *[None if i is None else dimensions(bounds[i])[0] for i in e[1:]]) if e[0] == "bounds" else e
            for e in spec
        ]
    )
    return STRIDED_SLICE.kernel(x, bounds if bounds.dtype == object else jnp.asarray(bounds), spec=known)


def slice_tensor(tensor: Any, key: Any) -> Tensor:
    """``tensor[key]`` by NumPy's rules for basic indices."""
    tensor = convert_to_tensor(tensor)
    if isinstance(key, Tensor | np.ndarray) and key.dtype == bool and key.ndim:
        return boolean_mask(tensor, key)
    spec, index, by_value = _index(tensor, key)
    return (_SLICE_BY_VALUES if by_value else STRIDED_SLICE)(tensor, index, spec=spec, name="strided_slice")


def row(tensor: Tensor, position: Any) -> Tensor:
    """``tensor[position]`` for a position, an integer or a scalar tensor, that is there for sure."""
    if not isinstance(position, SymbolicTensor):
        return slice_tensor(tensor, position)
    return STRIDED_SLICE(tensor, _index_vector([position]), spec=(("there", 0),), name="strided_slice")


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
    for part, (axis, size) in zip(parts, dims, strict=True):
        entry, dynamic = _entry(part, axis, size, len(starts), eager)
        by_value = by_value or entry[0] == "bounds"
        spec.append(entry)
        starts += dynamic
    return tuple(spec), _index_vector(starts), by_value


@op(
    "StridedSliceAssign",
    check=Check(
        lambda x, starts, value, spec, how: _missing_index(x, starts, spec=spec),
        _say_missing,
        error=OutOfBounds,
    ),
)
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


def _dimensions(shape: TensorShape, parts: list[Any]) -> list[tuple[int, int | None]]:
    """The axis each part of an index applies to, and its size, as far as known."""
    rank = shape.rank
    consumed = sum(p is not None and p is not Ellipsis for p in parts)
    axis, found = 0, list[tuple[int, int | None]]()
    for part in parts:
        if part is Ellipsis:
            found.append((axis, None))
            axis += (rank or 0) - consumed
        elif part is None:
            found.append((axis, None))
        else:
            found.append((axis, shape[axis] if rank is not None and axis < rank else None))
            axis += 1
    return found


def _entry(part: Any, axis: int, size: int | None, position: int, eager: bool) -> tuple[tuple[Any, ...], list[Any]]:
    if part is None:
        return ("new",), []
    if part is Ellipsis:
        return ("rest",), []
    if isinstance(part, builtins.slice):
        return _slice_entry(part, size, position, eager)
    if isinstance(part, SymbolicTensor | EagerTensor | Variable):
        part = convert_to_tensor(part)
        if not part.dtype.is_integer or part.shape.rank not in (0, None):
            raise TypeError(
                "Only integers, slices (`:`), ellipsis (`...`), tf.newaxis (`None`) and scalar tf.int32/tf.int64 "
                f"tensors are valid indices, received {part!r}. Use tf.gather or tf.boolean_mask."
            )
        if isinstance(part, SymbolicTensor):
            return ("there" if stays_below(part, size) else "at", position), [part]
    try:
        index = part.__index__()
    except (AttributeError, TypeError):
        raise TypeError(
            "Only integers, slices (`:`), ellipsis (`...`), tf.newaxis (`None`) and scalar tf.int32/tf.int64 tensors "
            f"are valid indices, received {part!r} of type {type(part).__name__}."
        ) from None
    if size is not None:
        _check_index(index, size, axis)
    # Eager positions are passed as data, so that x[0], x[1], ... share one program.
    return (("there", position), [index]) if eager else (("index", index), [])


def _slice_entry(part: Any, size: int | None, position: int, eager: bool) -> tuple[tuple[Any, ...], list[Any]]:
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
        start, stop, _ = builtins.slice(*bounds).indices(size)
        return ("span", position, max(stop - start, 0)), [start]
    return ("range", *bounds), []


def _as_int(value: Any) -> int:
    return int(value.numpy()) if isinstance(value, EagerTensor | Variable) else int(value.__index__())


def _index_vector(starts: list[Any]) -> Tensor:
    if not any(isinstance(s, Tensor) for s in starts):
        large = any(not -(2**31) <= s < 2**31 for s in starts)
        return convert_to_tensor(np.asarray(starts, np.int64 if large else np.int32))
    wide = any(s.dtype is dtypes.int64 if isinstance(s, Tensor) else not -(2**31) <= s < 2**31 for s in starts)
    dtype = dtypes.int64 if wide else dtypes.int32
    parts = [s if isinstance(s, Tensor) else convert_to_tensor(s, dtype) for s in starts]
    parts = [p if p.dtype is dtype else cast(p, dtype) for p in parts]
    return PACK(*parts, axis=0, name="index")


# By function -----------------------------------------------------------------------------------------------------


@op("Slice", static=(1, 2))
def SLICE(x: Any, begin: Any, size: Any) -> Any:
    first, counts = begin.tolist(), size.tolist()
    if len(first) != x.ndim or len(counts) != x.ndim:
        raise ValueError(f"Expected begin and size of length {x.ndim}, received {len(first)} and {len(counts)}.")
    counts = [d - b if c == -1 else c for b, c, d in zip(first, counts, x.shape, strict=True)]
    _check_bounds(first, counts, x.shape)
    return lax.slice(x, first, [b + c for b, c in zip(first, counts, strict=True)])


def _check_bounds(begin: list[int], counts: list[int], shape: Any) -> None:
    for axis, (b, c, d) in enumerate(zip(begin, counts, shape, strict=True)):
        if not 0 <= b <= d:
            raise InvalidArgumentError(None, None, f"Expected begin[{axis}] in [0, {d}], but got {b} [Op:Slice]")
        if not 0 <= c <= d - b:
            raise InvalidArgumentError(None, None, f"Expected size[{axis}] in [0, {d - b}], but got {c} [Op:Slice]")


def slice(input_: Any, begin: Any, size: Any, name: str | None = None) -> Tensor:
    """Cuts out `size` elements from `begin` on, along each axis.

    Args:
        input_: A tensor.
        begin: The first position along each axis.
        size: How many along each axis; -1 means all that follow.
        name: A name for the operation.

    Raises:
        InvalidArgumentError: If the slice reaches past the end.

    >>> tf.slice([[1, 2, 3], [4, 5, 6]], [0, 1], [2, 1]).numpy()
    array([[2],
           [5]], dtype=int32)
    """
    return SLICE(convert_to_tensor(input_), static_integers(begin), static_integers(size), name=name)


@op("StridedSliceByMasks", static=(1, 2, 3))
def _STRIDED(x: Any, begin: Any, end: Any, strides: Any, *, masks: tuple[int, int, int, int, int]) -> Any:
    begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask = masks
    key: list[Any] = []
    for i, (b, e, s) in enumerate(zip(begin.tolist(), end.tolist(), strides.tolist(), strict=True)):
        bit = 1 << i
        if ellipsis_mask & bit:
            key.append(Ellipsis)
        elif new_axis_mask & bit:
            key.append(None)
        elif shrink_axis_mask & bit:
            key.append(b)
        else:
            key.append(builtins.slice(None if begin_mask & bit else b, None if end_mask & bit else e, s))
    return x[tuple(key)]


def strided_slice(
    input_: Any,
    begin: Any,
    end: Any,
    strides: Any = None,
    begin_mask: int = 0,
    end_mask: int = 0,
    ellipsis_mask: int = 0,
    new_axis_mask: int = 0,
    shrink_axis_mask: int = 0,
    var: Any = None,
    name: str | None = None,
) -> Tensor:
    """Cuts out elements with a step; ``x[1:6:2]`` is the readable way.

    Args:
        input_: A tensor.
        begin: The first position along each axis.
        end: Where to stop along each axis.
        strides: The steps; ones by default.
        begin_mask: Bits: at bit i, begin[i] is ignored.
        end_mask: Bits: at bit i, end[i] is ignored.
        ellipsis_mask: Bits: at bit i stands ``...``.
        new_axis_mask: Bits: at bit i stands a new axis.
        shrink_axis_mask: Bits: at bit i the axis is removed, only element begin[i] taken.
        var: Accepted for compatibility.
        name: A name for the operation.

    >>> tf.strided_slice([1, 2, 3, 4], [0], [4], [2]).numpy()
    array([1, 3], dtype=int32)
    """
    first = static_integers(begin)
    steps = static_integers(strides) if strides is not None else ONES_LIKE(first)
    masks = (begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask)
    return _STRIDED(convert_to_tensor(input_), first, static_integers(end), steps, masks=masks, name=name)
