"""Rules for padded arrays whose data move: reshaped, reversed, sorted, joined, cut, gathered and scattered.

See `headwater.core.padding_rules`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from headwater.core.dimensions import is_symbolic
from headwater.core.padding_rules import bind, fixed, least, require, rule, varies

# Moving data -----------------------------------------------------------------------------------------------------


@rule("reshape")
def _reshape(ev: Any, equation: Any, dims: Any, value: Any, *rest: Any) -> Any:
    new = equation.params["new_sizes"]
    require(not rest and equation.params["dimensions"] is None, "such a reshape")
    before, after = _groups(dims[0]), _groups(new)
    # A group is a varying dimension and the fixed ones after it: its valid part is a beginning in both forms.
    if len(before) == len(after) and all(a == b for a, b in zip(before, after)):
        return lax.reshape(value, ev.shape(new))
    # Element by element: where in all elements it is, and where that is in the padded value.
    shape = ev.shape(new)
    along = [lax.iota(np.int64, n).reshape([-1 if a == axis else 1 for a in range(len(shape))])
             for axis, n in enumerate(shape)]  # fmt: skip
    number = _row_major(along, [ev.value(d) for d in new])
    places = []
    for dim in reversed(dims[0]):
        places.append(number % ev.value(dim))
        number = number // ev.value(dim)
    return jnp.ravel(value)[jnp.clip(_row_major(places[::-1], value.shape), 0, value.size - 1)]


def _row_major(places: Sequence[Any], sizes: Sequence[Any]) -> Any:
    """The numbers of elements that stand at these places along each axis, in row-major order."""
    number: Any = np.int64(0)
    for place, size in zip(places, sizes, strict=True):
        number = number * size + place
    return number


def _groups(dims: Sequence[Any]) -> list[Any]:
    """The product of the fixed dimensions at the beginning, then each varying one and the product of those after it."""
    groups: list[Any] = [1]
    for dim in dims:
        if is_symbolic(dim):
            groups.append(dim)
        else:
            groups[-1] = groups[-1] * int(dim)
    return groups


@rule("rev")
def _reverse(ev: Any, equation: Any, dims: Any, value: Any) -> Any:
    axes = [a for a in equation.params["dimensions"] if is_symbolic(dims[0][a])]
    value = bind(equation, [value], dimensions=tuple([a for a in equation.params["dimensions"] if a not in axes]))
    for axis in axes:
        value = _picked(value, axis, ev.value(dims[0][axis]) - 1 - np.arange(value.shape[axis]))
    return value


def _picked(value: Any, axis: int, places: Any) -> Any:
    return jnp.take(value, places, axis, mode="clip")


@rule("tile")
def _tile(ev: Any, equation: Any, dims: Any, value: Any) -> Any:
    for axis, (dim, count) in enumerate(zip(dims[0], equation.params["reps"], strict=True)):
        if varies([dim, count]):
            value = _picked(value, axis, np.arange(ev.size(dim * count)) % ev.value(dim))
        elif count != 1:
            value = jnp.tile(value, [count if a == axis else 1 for a in range(value.ndim)])
    return value


@rule("split")
def _split(ev: Any, equation: Any, dims: Any, value: Any) -> Any:
    axis, start, parts = equation.params["axis"], 0, []
    for size in equation.params["sizes"]:
        parts.append(_part(ev, value, axis, start, size))
        start = start + size
    return parts


def _part(ev: Any, value: Any, axis: int, start: Any, size: Any) -> Any:
    """What begins at a place that follows from the sizes; slices past the end would begin earlier."""
    value = _extended(value, axis, ev.size(start) + ev.size(size))
    return lax.dynamic_slice_in_dim(value, ev.value(start), ev.size(size), axis)


def _extended(value: Any, axis: int, size: int) -> Any:
    missing = max(0, size - value.shape[axis])
    return jnp.pad(value, [(0, missing if a == axis else 0) for a in range(value.ndim)]) if missing else value


@rule("sort")
def _sort(ev: Any, equation: Any, dims: Any, *values: Any) -> Any:
    p = equation.params
    axis = p["dimension"]
    if not varies([dims[0][axis]]):
        return bind(equation, values)
    beyond = lax.broadcasted_iota(np.int64, values[0].shape, axis) >= ev.value(dims[0][axis])
    return lax.sort((beyond, *values), dimension=axis, is_stable=p["is_stable"], num_keys=p["num_keys"] + 1)[1:]


@rule("top_k")
def _top_k(ev: Any, equation: Any, dims: Any, value: Any) -> Any:
    axis = equation.params.get("axis", -1) % value.ndim
    require(not varies([equation.params["k"]]), "a varying number of largest values")
    return bind(equation, [ev.masked(value, dims[0], [axis], least(value.dtype))])


@rule("concatenate")
def _concatenate(ev: Any, equation: Any, dims: Any, *values: Any) -> Any:
    axis = equation.params["dimension"]
    if not varies([shape[axis] for shape in dims]):
        return bind(equation, values)
    out = equation.outvars[0].aval
    offsets = [sum(shape[axis] for shape in dims[:place]) for place in range(len(dims))]
    room = max(ev.size(offset) + value.shape[axis] for offset, value in zip(offsets, values, strict=True))
    result = _extended(jnp.zeros(ev.shape(out.shape), out.dtype), axis, room)  # else a last part would begin earlier
    for offset, value in zip(offsets, values, strict=True):  # written over what the one before has beyond its end
        result = lax.dynamic_update_slice_in_dim(result, value, ev.value(offset), axis)
    return lax.slice_in_dim(result, 0, ev.size(out.shape[axis]), axis=axis)


@rule("pad")
def _pad(ev: Any, equation: Any, dims: Any, value: Any, fill: Any) -> Any:
    config, out, moved = [], equation.outvars[0].aval.shape, []
    for axis, (low, high, interior) in enumerate(equation.params["padding_config"]):
        if varies([dims[0][axis], out[axis], low]):
            require(not varies([low]) or ev.least(low) >= 0, f"padding of {low}")
            value = ev.masked(value, dims[0], [axis], fill)
            moved += [(axis, low)] if varies([low]) else []
            high = ev.size(out[axis]) - value.shape[axis] - max(value.shape[axis] - 1, 0) * interior
            config.append((0, high, interior) if varies([low]) else (low, high - low, interior))
        else:
            config.append((low, high, interior))
    value = lax.pad(value, jnp.asarray(fill, value.dtype), config)
    for axis, low in moved:  # what is shifted in from the other end is filled
        place = lax.broadcasted_iota(np.int64, value.shape, axis) - ev.value(low)
        value = jnp.where(
            place < 0, fill, jnp.take(value, np.arange(value.shape[axis]) - ev.value(low), axis, mode="clip")
        )
    return value


@rule("slice")
def _slice(ev: Any, equation: Any, dims: Any, value: Any) -> Any:
    p, out = equation.params, equation.outvars[0].aval.shape
    for axis in range(len(out)):
        start, step = p["start_indices"][axis], (p["strides"] or [1] * len(out))[axis]
        if not varies([dims[0][axis]]):
            value = lax.slice_in_dim(value, start, p["limit_indices"][axis], step, axis)
        elif step == 1:
            value = _part(ev, value, axis, start, out[axis])
        else:
            require(not varies([start]), "a slice with steps from a varying place")
            stop = start + (ev.size(out[axis]) - 1) * step + 1
            value = lax.slice_in_dim(_extended(value, axis, stop), start, stop, step, axis)
    return value


def _starts(ev: Any, dims: Sequence[Any], sizes: Sequence[Any], starts: Sequence[Any]) -> list[Any]:
    """Where a slice begins, kept within the true sizes as it would be within fixed ones."""
    ends = [ev.value(dim - size) for dim, size in zip(dims, sizes, strict=True)]
    return [jnp.clip(start, 0, jnp.asarray(end, start.dtype)) for start, end in zip(starts, ends, strict=True)]


def _roomy(ev: Any, value: Any, dims: Sequence[Any], sizes: Sequence[Any]) -> Any:
    """The value, long enough that a slice of the padded size fits wherever one of the true size does."""
    for axis, (dim, size) in enumerate(zip(dims, sizes, strict=True)):
        value = _extended(value, axis, ev.size(dim - size) + ev.size(size))
    return value


@rule("dynamic_slice")
def _dynamic_slice(ev: Any, equation: Any, dims: Any, value: Any, *starts: Any) -> Any:
    sizes = equation.params["slice_sizes"]
    return lax.dynamic_slice(_roomy(ev, value, dims[0], sizes), _starts(ev, dims[0], sizes, starts), ev.shape(sizes))


@rule("dynamic_update_slice")
def _dynamic_update_slice(ev: Any, equation: Any, dims: Any, value: Any, update: Any, *starts: Any) -> Any:
    first = _starts(ev, dims[0], dims[1], starts)
    parts = [a for a, (dim, size) in enumerate(zip(*dims[:2], strict=True)) if varies([size]) and dim != size]
    if parts:  # what is beyond such a part's end leaves what was there
        old = lax.dynamic_slice(_roomy(ev, value, dims[0], dims[1]), first, update.shape)
        update = ev.masked(update, dims[1], parts, old)
    return _written(ev, dims[0], dims[1], value, update, first)


def _written(ev: Any, dims: Sequence[Any], sizes: Sequence[Any], value: Any, update: Any, starts: Sequence[Any]) -> Any:
    room = _roomy(ev, value, dims, sizes)
    return lax.dynamic_update_slice(room, update, starts)[tuple([slice(n) for n in value.shape])]


@rule("gather")
def _gather(ev: Any, equation: Any, dims: Any, value: Any, indices: Any) -> Any:
    sizes, numbers = equation.params["slice_sizes"], equation.params["dimension_numbers"]
    if indices.ndim == 1 and _in_bounds(equation):
        starts = _window_starts(ev, dims[0], sizes, numbers.start_index_map, indices)
        part = lax.dynamic_slice(_roomy(ev, value, dims[0], sizes), starts, ev.shape(sizes))
        return lax.squeeze(part, numbers.collapsed_slice_dims)
    whole = [a for a in range(value.ndim) if a not in (*numbers.start_index_map, *numbers.operand_batching_dims)]
    require(all(dims[0][a] == sizes[a] for a in whole if varies([dims[0][a]])), "a gather of parts of varying size")
    require(not varies([sizes[a] for a in numbers.start_index_map]), "a gather of parts of varying size")
    fixed(dims[1], [-1], "a gather by indices of varying depth")
    ends = [dims[0][a] - sizes[a] for a in numbers.start_index_map]
    indices = _within(ev, indices, ends, equation.params["mode"])
    return bind(equation, [value, indices], slice_sizes=tuple(ev.shape(sizes)), indices_are_sorted=False)


def _within(ev: Any, indices: Any, ends: Sequence[Any], mode: Any) -> Any:
    """Indices that mean within the padded sizes what they mean within the true ones."""
    if not varies(ends):
        return indices
    last = jnp.stack([jnp.asarray(ev.value(end), indices.dtype) for end in ends])
    if mode == lax.GatherScatterMode.CLIP:
        return jnp.clip(indices, 0, last)
    return jnp.where(indices > last, _nowhere(indices), indices)


def _nowhere(indices: Any) -> Any:
    return np.array(np.iinfo(indices.dtype).max, indices.dtype)


_KINDS = ("", "_add", "-add", "_mul", "-mul", "_min", "-min", "_max", "-max")


@rule(*[f"scatter{kind}" for kind in _KINDS])
def _scatter(ev: Any, equation: Any, dims: Any, value: Any, indices: Any, updates: Any) -> Any:
    p = equation.params
    numbers = p["dimension_numbers"]
    if indices.ndim == 1 and varies(dims[0]) and _in_bounds(equation):
        require(equation.primitive.name.endswith("add"), "a scatter of parts of varying size")
        return _added_part(ev, numbers, dims, value, indices, updates)
    sizes = _window_sizes(numbers, dims[0], dims[2])
    whole = [a for a in range(value.ndim) if a not in numbers.scatter_dims_to_operand_dims]
    whole = [a for a in whole if a not in numbers.operand_batching_dims]
    require(all(dims[0][a] == sizes[a] for a in whole if varies([dims[0][a], sizes[a]])), "a scatter of varying parts")
    require(not varies([sizes[a] for a in numbers.scatter_dims_to_operand_dims]), "a scatter of varying parts")
    fixed(dims[1], [-1], "a scatter by indices of varying depth")
    ends = [dims[0][a] - sizes[a] for a in numbers.scatter_dims_to_operand_dims]
    indices = _within(ev, indices, ends, p["mode"])
    indices = ev.masked(indices, dims[1], range(indices.ndim - 1), _nowhere(indices))  # what is beyond is dropped
    drop = lax.GatherScatterMode.FILL_OR_DROP
    return bind(equation, [value, indices, updates], mode=drop, indices_are_sorted=False, unique_indices=False)


def _window_sizes(numbers: Any, dims: Sequence[Any], updates: Sequence[Any]) -> list[Any]:
    """The size of the part that one index names, along each axis of what is scattered into."""
    windows = iter(numbers.update_window_dims)
    single = (*numbers.inserted_window_dims, *numbers.operand_batching_dims)
    return [1 if axis in single else updates[next(windows)] for axis in range(len(dims))]


def _added_part(ev: Any, numbers: Any, dims: Any, value: Any, indices: Any, updates: Any) -> Any:
    """A single part, whose sizes may vary, added."""
    updates = ev.masked(updates, dims[2], range(updates.ndim), 0)
    sizes = _window_sizes(numbers, dims[0], dims[2])
    starts = _window_starts(ev, dims[0], sizes, numbers.scatter_dims_to_operand_dims, indices)
    part = lax.dynamic_slice(_roomy(ev, value, dims[0], sizes), starts, ev.shape(sizes))
    return _written(ev, dims[0], sizes, value, part + updates.reshape(ev.shape(sizes)), starts)


def _in_bounds(equation: Any) -> bool:
    modes = lax.GatherScatterMode
    return equation.params["mode"] in (modes.PROMISE_IN_BOUNDS, modes.CLIP)


def _window_starts(ev: Any, dims: Any, sizes: Any, places: Sequence[int], indices: Any) -> list[Any]:
    """Where the one part begins that a vector of indices names."""
    starts = [jnp.zeros((), indices.dtype)] * len(dims)
    for position, axis in enumerate(places):
        starts[axis] = indices[position]
    return _starts(ev, dims, sizes, starts)
