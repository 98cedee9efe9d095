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

from headwater.core.dimensions import is_symbolic

Rule = Callable[..., Any]
RULES: dict[str, Rule] = {}
_CALLS = ("jit", "pjit", "closed_call", "custom_jvp_call", "custom_vjp_call", "checkpoint", "remat2")
# Where symbolic dimensions may hide although no input or output varies.
ALWAYS = frozenset(["dim_as_value", *_CALLS, "while", "cond", "scan"])


class Refused(Exception):
    """The function cannot be padded: some primitive has no rule for its varying dimensions."""


def varies(shape: Sequence[Any]) -> bool:
    """Whether some dimension is symbolic."""
    return any(is_symbolic(d) for d in shape)


def at(dim: Any, values: Any) -> Any:
    """A dimension for these values of what it follows from: integers, or scalars known at run time."""
    return dim._evaluate(values) if is_symbolic(dim) else dim


def bind(equation: Any, values: Sequence[Any], **changes: Any) -> Any:
    """The primitive on other values, and with other parameters."""
    return equation.primitive.bind(*values, **(equation.params | changes))


def rule(*names: str) -> Callable[[Rule], Rule]:
    """Declares the rule for primitives of these names."""

    def declare(function: Rule) -> Rule:
        RULES.update(dict.fromkeys(names, function))
        return function

    return declare


def require(condition: Any, what: str) -> None:
    """Refuses what is not so."""
    if not condition:
        raise Refused(what)


def fixed(dims: Sequence[Any], axes: Sequence[int], what: str) -> None:
    """Refuses what is done along a varying dimension."""
    require(not varies([dims[a] for a in axes]), f"{what} along a varying dimension")


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
    "sin", "sinh", "sqrt", "square", "squeeze", "stack", "stop_gradient", "sub", "tan", "tanh", "transpose",
    "unstack", "xor", "zeta",
)
# fmt: on


@rule(*_ELEMENTWISE)
def _elementwise(ev: Any, equation: Any, dims: Any, *values: Any) -> Any:
    return bind(equation, values)


@rule("dim_as_value")
def _dim_as_value(ev: Any, equation: Any, dims: Any) -> Any:
    return jnp.asarray(ev.value(equation.params["dim"]), equation.outvars[0].aval.dtype)


@rule("broadcast_in_dim")
def _broadcast(ev: Any, equation: Any, dims: Any, value: Any, *rest: Any) -> Any:
    require(not rest, "a broadcast to sizes known at run time")
    return lax.broadcast_in_dim(value, ev.shape(equation.params["shape"]), equation.params["broadcast_dimensions"])


@rule("iota")
def _iota(ev: Any, equation: Any, dims: Any, *rest: Any) -> Any:
    require(not rest, "an iota of sizes known at run time")
    parameters = equation.params
    return lax.broadcasted_iota(parameters["dtype"], ev.shape(parameters["shape"]), parameters["dimension"])


# Sums, extremes, products ----------------------------------------------------------------------------------------


def least(dtype: Any) -> Any:
    """The least value of a NumPy dtype."""
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
    "reduce_max": least,
    "reduce_min": _greatest,
    "reduce_and": lambda dtype: True if dtype.kind == "b" else -1,
    "reduce_or": lambda dtype: 0,
    "argmax": least,
    "argmin": _greatest,
    "cumsum": lambda dtype: 0,
    "cumprod": lambda dtype: 1,
    "cummax": least,
    "cummin": _greatest,
    "cumlogsumexp": least,
}


@rule(*[name for name in _NEUTRAL if not name.startswith("cum")])
def _reduce(ev: Any, equation: Any, dims: Any, value: Any) -> Any:
    fill = _NEUTRAL[equation.primitive.name](value.dtype)
    return bind(equation, [ev.masked(value, dims[0], equation.params["axes"], fill)])


@rule(*[name for name in _NEUTRAL if name.startswith("cum")])
def _cumulative(ev: Any, equation: Any, dims: Any, value: Any) -> Any:
    if equation.params["reverse"]:
        value = ev.masked(value, dims[0], [equation.params["axis"]], _NEUTRAL[equation.primitive.name](value.dtype))
    return bind(equation, [value])


@rule("dot_general")
def _dot(ev: Any, equation: Any, dims: Any, left: Any, right: Any) -> Any:
    (left_axes, right_axes), _ = equation.params["dimension_numbers"]
    # Both sides: anything times zero may be NaN.
    return bind(equation, [ev.masked(left, dims[0], left_axes, 0), ev.masked(right, dims[1], right_axes, 0)])


@rule("conv_general_dilated")
def _convolve(ev: Any, equation: Any, dims: Any, left: Any, right: Any) -> Any:
    p = equation.params
    numbers, padding = p["dimension_numbers"], list(p["padding"])
    for place, axis in enumerate(numbers.lhs_spec[2:]):
        if varies([dims[0][axis], dims[1][numbers.rhs_spec[2 + place]]]):
            low, high = padding[place]
            require(not varies([low]) and p["lhs_dilation"][place] == 1, "such a convolution")
            padding[place] = (low, at(high, ev.buckets))
    if p["feature_group_count"] * p["batch_group_count"] != 1:
        fixed(dims[0], numbers.lhs_spec[:2], "a grouped convolution")
    left = ev.masked(left, dims[0], numbers.lhs_spec[1:], 0)
    right = ev.masked(right, dims[1], numbers.rhs_spec[1:], 0)
    return ev.sized(equation, bind(equation, [left, right], padding=tuple(padding)))


@rule("reduce_window_sum", "reduce_window_max", "reduce_window_min")
def _window(ev: Any, equation: Any, dims: Any, value: Any) -> Any:
    p = equation.params
    axes = [axis for axis, d in enumerate(dims[0]) if is_symbolic(d)]
    require(all(p["base_dilation"][a] == 1 and not varies(p["padding"][a]) for a in axes), "such a window")
    fill = _NEUTRAL[equation.primitive.name.replace("_window", "")](value.dtype)
    return ev.sized(equation, bind(equation, [ev.masked(value, dims[0], axes, fill)]))


@rule("select_and_scatter_add", "select_and_gather_add")
def _selected(ev: Any, equation: Any, dims: Any, *values: Any) -> Any:
    p = equation.params
    for shape in dims:
        for axis in [a for a, d in enumerate(shape) if is_symbolic(d)]:
            alone = p["window_dimensions"][axis] == p["window_strides"][axis] == 1
            require(alone and tuple(p["padding"][axis]) == (0, 0), "a window along a varying dimension")
    return bind(equation, values)


# Calls and loops -------------------------------------------------------------------------------------------------


@rule(*_CALLS)
def _call(ev: Any, equation: Any, dims: Any, *values: Any) -> Any:
    inner = equation.params.get("jaxpr", equation.params.get("call_jaxpr"))
    return ev.closed(inner, values) if hasattr(inner, "consts") else ev.run(inner, (), values)


@rule("while")
def _while(ev: Any, equation: Any, dims: Any, *values: Any) -> Any:
    p = equation.params
    test_count, body_count = p["cond_nconsts"], p["body_nconsts"]
    test_consts, body_consts = values[:test_count], values[test_count : test_count + body_count]
    test = lambda carry: ev.closed(p["cond_jaxpr"], [*test_consts, *carry])[0]  # noqa: E731
    body = lambda carry: tuple(ev.closed(p["body_jaxpr"], [*body_consts, *carry]))  # noqa: E731
    return list(lax.while_loop(test, body, _arrays(equation, values, test_count + body_count)))


@rule("cond")
def _cond(ev: Any, equation: Any, dims: Any, index: Any, *values: Any) -> Any:
    branches = [lambda *v, b=b: ev.closed(b, v) for b in equation.params["branches"]]
    return lax.switch(jnp.asarray(index, np.int32), branches, *values)


@rule("scan")
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
