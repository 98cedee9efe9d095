"""What each primitive does with padded arrays, so that what is within the true length depends only on what is.

A rule takes the evaluator (see `headwater.core.padding`), the equation, the symbolic shapes of its inputs and their
values; it gives what the equation's outputs are on padded arrays, or raises `Refused`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

Rule = Callable[..., Any]
RULES: dict[str, Rule] = {}
_CALLS = ("jit", "pjit", "closed_call", "custom_jvp_call", "custom_vjp_call", "checkpoint", "remat2")
# Where symbolic dimensions may hide although no input or output varies.
ALWAYS = frozenset(["dim_as_value", *_CALLS, "while", "cond", "scan"])


class Refused(Exception):
    """The function cannot be padded: some primitive has no rule for its varying dimensions."""


def varies(shape: Sequence[Any]) -> bool:
    """Whether some dimension is symbolic."""
    return any(not isinstance(d, int | np.integer) for d in shape)


def at(dim: Any, values: Any) -> Any:
    """A dimension for these values of what it follows from: integers, or scalars known at run time."""
    return dim if isinstance(dim, int) else dim._evaluate(values)


def bind(equation: Any, values: Sequence[Any], **changes: Any) -> Any:
    """The primitive on other values, and with other parameters."""
    return equation.primitive.bind(*values, **(equation.params | changes))


def _rule(*names: str) -> Callable[[Rule], Rule]:
    def declare(rule: Rule) -> Rule:
        RULES.update(dict.fromkeys(names, rule))
        return rule

    return declare


def _require(condition: Any, what: str) -> None:
    if not condition:
        raise Refused(what)


def _fixed(dims: Sequence[Any], axes: Sequence[int], what: str) -> None:
    _require(not varies([dims[a] for a in axes]), f"{what} along a varying dimension")


# Place by place -------------------------------------------------------------------------------------------------

# fmt: off
_ELEMENTWISE = (
    "abs", "acos", "acosh", "add", "add_any", "and", "asin", "asinh", "atan", "atan2", "atanh", "bessel_i0e",
    "bessel_i1e", "cbrt", "ceil", "clamp", "clz", "complex", "conj", "convert_element_type", "copy", "copy_p",
    "cos", "cosh", "digamma", "div", "eq", "erf", "erf_inv", "erfc", "exp", "exp2", "expm1", "floor", "ge",
    "gt", "igamma", "igamma_grad_a", "igammac", "imag", "integer_pow", "is_finite", "le", "lgamma", "log",
    "log1p", "logistic", "lt", "max", "min", "mul", "ne", "neg", "nextafter", "not", "optimization_barrier",
    "or", "polygamma", "population_count", "pow", "real", "reduce_precision", "regularized_incomplete_beta",
    "rem", "round", "rsqrt", "select_n", "shift_left", "shift_right_arithmetic", "shift_right_logical", "sign",
    "sin", "sinh", "sqrt", "square", "squeeze", "stop_gradient", "sub", "tan", "tanh", "transpose", "xor",
    "zeta",
)
# fmt: on


@_rule(*_ELEMENTWISE)
def _elementwise(ev: Any, equation: Any, dims: Any, *values: Any) -> Any:
    return bind(equation, values)


@_rule("dim_as_value")
def _dim_as_value(ev: Any, equation: Any, dims: Any) -> Any:
    return jnp.asarray(ev.value(equation.params["dim"]), equation.outvars[0].aval.dtype)


@_rule("broadcast_in_dim")
def _broadcast(ev: Any, equation: Any, dims: Any, value: Any, *rest: Any) -> Any:
    _require(not rest, "a broadcast to sizes known at run time")
    return lax.broadcast_in_dim(value, ev.shape(equation.params["shape"]), equation.params["broadcast_dimensions"])


@_rule("iota")
def _iota(ev: Any, equation: Any, dims: Any, *rest: Any) -> Any:
    _require(not rest, "an iota of sizes known at run time")
    parameters = equation.params
    return lax.broadcasted_iota(parameters["dtype"], ev.shape(parameters["shape"]), parameters["dimension"])


# Sums, extremes, products ----------------------------------------------------------------------------------------


def _least(dtype: Any) -> Any:
    if dtype.kind == "b":
        return False
    return -np.inf if jnp.issubdtype(dtype, jnp.floating) else np.iinfo(dtype).min


def _greatest(dtype: Any) -> Any:
    if dtype.kind == "b":
        return True
    return np.inf if jnp.issubdtype(dtype, jnp.floating) else np.iinfo(dtype).max


_NEUTRAL: dict[str, Callable[[Any], Any]] = {
    "reduce_sum": lambda dtype: 0,
    "reduce_prod": lambda dtype: 1,
    "reduce_max": _least,
    "reduce_min": _greatest,
    "reduce_and": lambda dtype: True if dtype.kind == "b" else -1,
    "reduce_or": lambda dtype: 0,
    "argmax": _least,
    "argmin": _greatest,
    "cumsum": lambda dtype: 0,
    "cumprod": lambda dtype: 1,
    "cummax": _least,
    "cummin": _greatest,
    "cumlogsumexp": _least,
}


@_rule(*[name for name in _NEUTRAL if not name.startswith("cum")])
def _reduce(ev: Any, equation: Any, dims: Any, value: Any) -> Any:
    fill = _NEUTRAL[equation.primitive.name](value.dtype)
    return bind(equation, [ev.masked(value, dims[0], equation.params["axes"], fill)])


@_rule(*[name for name in _NEUTRAL if name.startswith("cum")])
def _cumulative(ev: Any, equation: Any, dims: Any, value: Any) -> Any:
    if equation.params["reverse"]:
        value = ev.masked(value, dims[0], [equation.params["axis"]], _NEUTRAL[equation.primitive.name](value.dtype))
    return bind(equation, [value])


@_rule("dot_general")
def _dot(ev: Any, equation: Any, dims: Any, left: Any, right: Any) -> Any:
    (left_axes, right_axes), _ = equation.params["dimension_numbers"]
    # Both sides: anything times zero may be NaN.
    return bind(equation, [ev.masked(left, dims[0], left_axes, 0), ev.masked(right, dims[1], right_axes, 0)])


@_rule("conv_general_dilated")
def _convolve(ev: Any, equation: Any, dims: Any, left: Any, right: Any) -> Any:
    p = equation.params
    numbers = p["dimension_numbers"]
    _fixed(dims[1], numbers.rhs_spec[2:], "a convolution's window")
    spatial = [d for d in zip(numbers.lhs_spec[2:], p["padding"], p["lhs_dilation"]) if varies([dims[0][d[0]]])]
    _require(all(not varies([low]) and dilation == 1 for _, (low, _), dilation in spatial), "such a convolution")
    if p["feature_group_count"] * p["batch_group_count"] != 1:
        _fixed(dims[0], numbers.lhs_spec[:2], "a grouped convolution")
    left = ev.masked(left, dims[0], numbers.lhs_spec[1:], 0)
    right = ev.masked(right, dims[1], numbers.rhs_spec[1:2], 0)
    padding = tuple([(low, high if not varies([high]) else at(high, ev.buckets)) for low, high in p["padding"]])
    return bind(equation, [left, right], padding=padding)


@_rule("reduce_window_sum", "reduce_window_max", "reduce_window_min", "select_and_scatter_add", "select_and_gather_add")
def _window(ev: Any, equation: Any, dims: Any, *values: Any) -> Any:
    p = equation.params
    for shape in dims:
        for axis in [a for a, d in enumerate(shape) if not isinstance(d, int)]:
            alone = p["window_dimensions"][axis] == p["window_strides"][axis] == 1
            _require(alone and tuple(p["padding"][axis]) == (0, 0), "a window along a varying dimension")
    return bind(equation, values)


# Moving data -----------------------------------------------------------------------------------------------------


@_rule("reshape")
def _reshape(ev: Any, equation: Any, dims: Any, value: Any, *rest: Any) -> Any:
    new = equation.params["new_sizes"]
    _require(not rest and equation.params["dimensions"] is None, "such a reshape")
    before, after = _groups(dims[0]), _groups(new)
    # A group is a varying dimension and the fixed ones after it: its valid part is a beginning in both forms.
    _require(len(before) == len(after) and all(a == b for a, b in zip(before, after)), f"a reshape {dims[0]} to {new}")
    return lax.reshape(value, ev.shape(new))


def _groups(dims: Sequence[Any]) -> list[Any]:
    groups: list[Any] = [1]
    for dim in dims:
        if isinstance(dim, int):
            groups[-1] = groups[-1] * dim
        else:
            groups.append(dim)
    return groups


@_rule("rev")
def _reverse(ev: Any, equation: Any, dims: Any, value: Any) -> Any:
    _fixed(dims[0], equation.params["dimensions"], "a reversal")
    return bind(equation, [value])


@_rule("sort")
def _sort(ev: Any, equation: Any, dims: Any, *values: Any) -> Any:
    _fixed(dims[0], [equation.params["dimension"]], "a sort")
    return bind(equation, values)


@_rule("top_k")
def _top_k(ev: Any, equation: Any, dims: Any, value: Any) -> Any:
    _fixed(dims[0], [equation.params.get("axis", -1)], "top_k")
    return bind(equation, [value])


@_rule("concatenate")
def _concatenate(ev: Any, equation: Any, dims: Any, *values: Any) -> Any:
    axis = equation.params["dimension"]
    if not varies([shape[axis] for shape in dims]):
        return bind(equation, values)
    out = equation.outvars[0].aval
    result, offset = jnp.zeros(ev.shape(out.shape), out.dtype), 0
    for shape, value in zip(dims, values):  # each is written over what the one before has beyond its end
        result = lax.dynamic_update_slice_in_dim(result, value, ev.value(offset), axis)
        offset = offset + shape[axis]
    return result


@_rule("pad")
def _pad(ev: Any, equation: Any, dims: Any, value: Any, fill: Any) -> Any:
    config, out = [], equation.outvars[0].aval.shape
    for axis, (low, high, interior) in enumerate(equation.params["padding_config"]):
        if varies([dims[0][axis], out[axis]]):
            _require(not varies([low]) and interior == 0, "such padding")
            value = ev.masked(value, dims[0], [axis], fill)
            high = ev.size(out[axis]) - ev.size(dims[0][axis]) - low
        config.append((low, high, interior))
    return lax.pad(value, fill, config)


@_rule("slice")
def _slice(ev: Any, equation: Any, dims: Any, value: Any) -> Any:
    p, out = equation.params, equation.outvars[0].aval.shape
    for axis in range(len(out)):
        start, step = p["start_indices"][axis], (p["strides"] or [1] * len(out))[axis]
        if varies([dims[0][axis]]):
            _require(step == 1, "a slice with steps")
            ev.size(start)
            value = lax.dynamic_slice_in_dim(value, ev.value(start), ev.size(out[axis]), axis)
        else:
            value = lax.slice_in_dim(value, start, p["limit_indices"][axis], step, axis)
    return value


def _starts(ev: Any, dims: Sequence[Any], sizes: Sequence[Any], starts: Sequence[Any]) -> list[Any]:
    """Where a slice begins, kept within the true sizes as it would be within fixed ones."""
    kept = []
    for dim, size, start in zip(dims, sizes, starts, strict=True):
        ev.size(dim - size)  # what is left grows, so a slice of the padded size fits where one of the true size does
        kept.append(jnp.clip(start, 0, jnp.asarray(ev.value(dim - size), start.dtype)))
    return kept


@_rule("dynamic_slice")
def _dynamic_slice(ev: Any, equation: Any, dims: Any, value: Any, *starts: Any) -> Any:
    sizes = equation.params["slice_sizes"]
    return lax.dynamic_slice(value, _starts(ev, dims[0], sizes, starts), ev.shape(sizes))


@_rule("dynamic_update_slice")
def _dynamic_update_slice(ev: Any, equation: Any, dims: Any, value: Any, update: Any, *starts: Any) -> Any:
    return lax.dynamic_update_slice(value, update, _starts(ev, dims[0], dims[1], starts))


@_rule("gather")
def _gather(ev: Any, equation: Any, dims: Any, value: Any, indices: Any) -> Any:
    sizes, numbers = equation.params["slice_sizes"], equation.params["dimension_numbers"]
    if indices.ndim == 1 and _in_bounds(equation):
        part = lax.dynamic_slice(
            value, _window_starts(ev, dims[0], sizes, numbers.start_index_map, indices), ev.shape(sizes)
        )
        return lax.squeeze(part, numbers.collapsed_slice_dims)
    _require(all(isinstance(d, int) or d == s for d, s in zip(dims[0], sizes)), "a gather of parts of varying size")
    _fixed(dims[0], [*numbers.start_index_map, *numbers.collapsed_slice_dims], "a gather")
    _fixed(dims[1], [-1], "a gather by indices of varying depth")
    return bind(equation, [value, indices], slice_sizes=tuple(ev.shape(sizes)))


@_rule("scatter-add", "scatter_add")
def _scatter_add(ev: Any, equation: Any, dims: Any, value: Any, indices: Any, updates: Any) -> Any:
    updates = ev.masked(updates, dims[2], range(updates.ndim), 0)
    if not varies(dims[0]):
        return bind(equation, [value, indices, updates])
    numbers = equation.params["dimension_numbers"]
    _require(indices.ndim == 1 and _in_bounds(equation), "a scatter along a varying dimension")
    sizes = list(dims[2])
    for axis in numbers.inserted_window_dims:
        sizes.insert(axis, 1)
    starts = _window_starts(ev, dims[0], sizes, numbers.scatter_dims_to_operand_dims, indices)
    part = lax.dynamic_slice(value, starts, ev.shape(sizes)) + updates.reshape(ev.shape(sizes))
    return lax.dynamic_update_slice(value, part, starts)


def _in_bounds(equation: Any) -> bool:
    modes = lax.GatherScatterMode
    return equation.params["mode"] in (modes.PROMISE_IN_BOUNDS, modes.CLIP)


def _window_starts(ev: Any, dims: Any, sizes: Any, places: Sequence[int], indices: Any) -> list[Any]:
    """Where the one part begins that a vector of indices names."""
    starts = [jnp.zeros((), indices.dtype)] * len(dims)
    for position, axis in enumerate(places):
        starts[axis] = indices[position]
    return _starts(ev, dims, sizes, starts)


# Calls and loops -------------------------------------------------------------------------------------------------


@_rule(*_CALLS)
def _call(ev: Any, equation: Any, dims: Any, *values: Any) -> Any:
    inner = equation.params.get("jaxpr", equation.params.get("call_jaxpr"))
    return ev.closed(inner, values) if hasattr(inner, "consts") else ev.run(inner, (), values)


@_rule("while")
def _while(ev: Any, equation: Any, dims: Any, *values: Any) -> Any:
    p = equation.params
    test_count, body_count = p["cond_nconsts"], p["body_nconsts"]
    test_consts, body_consts = values[:test_count], values[test_count : test_count + body_count]
    test = lambda carry: ev.closed(p["cond_jaxpr"], [*test_consts, *carry])[0]  # noqa: E731
    body = lambda carry: tuple(ev.closed(p["body_jaxpr"], [*body_consts, *carry]))  # noqa: E731
    return list(lax.while_loop(test, body, _arrays(equation, values, test_count + body_count)))


@_rule("cond")
def _cond(ev: Any, equation: Any, dims: Any, index: Any, *values: Any) -> Any:
    branches = [lambda *v, b=b: ev.closed(b, v) for b in equation.params["branches"]]
    return lax.switch(jnp.asarray(index, np.int32), branches, *values)


@_rule("scan")
def _scan(ev: Any, equation: Any, dims: Any, *values: Any) -> Any:
    p = equation.params
    consts, carried = values[: p["num_consts"]], p["num_consts"] + p["num_carry"]
    carry, columns = _arrays(equation, values, p["num_consts"])[: p["num_carry"]], values[carried:]
    length = ev.value(p["length"])
    rows = [jnp.zeros(ev.shape(v.aval.shape), v.aval.dtype) for v in equation.outvars[p["num_carry"] :]]

    def body(step: Any, state: Any) -> Any:
        carry, rows = state
        place = length - 1 - step if p["reverse"] else step
        now = [lax.dynamic_index_in_dim(c, place, keepdims=False) for c in columns]
        results = ev.closed(p["jaxpr"], [*consts, *carry, *now])
        new, made = results[: p["num_carry"]], results[p["num_carry"] :]
        return tuple(new), [lax.dynamic_update_index_in_dim(r, m, place, 0) for r, m in zip(rows, made, strict=True)]

    carry, rows = lax.fori_loop(0, length, body, (tuple(carry), rows))
    return [*carry, *rows]


def _arrays(equation: Any, values: Sequence[Any], start: int) -> tuple[Any, ...]:
    """A loop's first values, literals included, as arrays of their dtypes."""
    pairs = zip(equation.invars[start:], values[start:], strict=True)
    return tuple([jnp.asarray(value, v.aval.dtype) for v, value in pairs])
