"""Sizes that stand for any number, while a function is lowered once for inputs of all lengths.

A dimension is then one of JAX's symbolic ones, and ``tf.shape(x)`` an array that is known at run time alone. But ops
whose inputs must be known when a program is built take sizes that follow from it (``tf.zeros([2 * n])``), so what
integers are in terms of the dimensions is followed here: the jaxprs of the kernels that compute them are evaluated on
NumPy arrays of dimensions. What cannot be followed is left out, and the op that needs it refuses.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import export

from headwater.core.context import context

# Arrays of more elements hold no shape.
_LARGEST = 64

Array = Any  # a NumPy array of objects: integers, booleans, dimensions, or None where nothing is known


def is_symbolic(dim: Any) -> bool:
    """Whether a dimension stands for any size."""
    return export.is_symbolic_dim(dim)


def size(dim: Any) -> Any:
    """A dimension that an array held, as an integer unless it stands for any size."""
    return dim if is_symbolic(dim) else int(dim)


def integers(dims: Any, dtype: Any) -> Any:
    """An array of dimensions: a NumPy one, unless one of them stands for any size."""
    known = np.array(dims, object)
    if not any(map(is_symbolic, known.flat)):
        return np.array(dims, dtype)
    array = jnp.reshape(jnp.stack([jnp.asarray(d, dtype) for d in known.flat]), known.shape)
    if context.dimensions is not None:
        context.dimensions.note(array, known)
    return array


class Dimensions:
    """What arrays are in terms of the dimensions, while a function is lowered."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Any, Array]] = {}

    def note(self, array: Any, known: Array) -> None:
        """Says what an array holds."""
        self._known[id(array)] = array, known

    def static(self, positions: Sequence[int], inputs: Sequence[Any]) -> list[Any]:
        """The inputs of an op, those that decide its program in terms of the dimensions."""
        return [self._known.get(id(x), (x, x))[1] if i in positions else x for i, x in enumerate(inputs)]

    def follow(self, kernel: Callable[..., Any], inputs: Sequence[Any], result: Any) -> None:
        """Finds out what a result is, if all that it follows from is known."""
        given = [i for i, x in enumerate(inputs) if id(x) in self._known]
        others = all(type(x) is np.ndarray for i, x in enumerate(inputs) if i not in given)
        if not given or not others or not _is_small(result):
            return

        def of_given(*arrays: Any) -> Any:
            full = list(inputs)
            for position, array in zip(given, arrays, strict=True):
                full[position] = array
            return kernel(*full)

        traced = jax.make_jaxpr(of_given)(*[jax.ShapeDtypeStruct(inputs[i].shape, inputs[i].dtype) for i in given])
        try:
            (found,) = _evaluate(traced.jaxpr, traced.consts, [self._known[id(inputs[i])][1] for i in given])
        except _Unknown:
            return
        if all(x is not None for x in found.flat):
            self.note(result, found)


def _is_small(array: Any) -> bool:
    integer = hasattr(array, "dtype") and np.issubdtype(array.dtype, np.integer)
    return integer and not any(map(is_symbolic, array.shape)) and math.prod(array.shape) <= _LARGEST


# Evaluation ------------------------------------------------------------------------------------------------------


class _Unknown(Exception):
    """A primitive that does not compute sizes."""


def _evaluate(jaxpr: Any, consts: Sequence[Any], arguments: Sequence[Any]) -> list[Array]:
    env = dict(zip([*jaxpr.constvars, *jaxpr.invars], map(_array, [*consts, *arguments]), strict=True))

    def read(variable: Any) -> Array:
        return _array(variable.val) if hasattr(variable, "val") else env[variable]

    for equation in jaxpr.eqns:
        results = _apply(equation, [read(v) for v in equation.invars])
        env.update(zip(equation.outvars, results, strict=True))
    return [read(v) for v in jaxpr.outvars]


def _array(value: Any) -> Array:
    if isinstance(value, np.ndarray) and value.dtype == object:
        return value
    if isinstance(value, jax.core.Tracer):
        raise _Unknown("an array known at run time")
    return np.asarray(value).astype(object)


def _apply(equation: Any, values: list[Array]) -> list[Array]:
    name, parameters = equation.primitive.name, equation.params
    if name in ("jit", "pjit", "closed_call", "custom_jvp_call", "custom_vjp_call"):
        inner = parameters.get("jaxpr", parameters.get("call_jaxpr"))
        return _evaluate(inner.jaxpr, inner.consts, values)
    if name in _BY_ELEMENT:
        result = np.frompyfunc(_if_known(_BY_ELEMENT[name]), len(values), 1)(*values)
    elif name in _MOVING:
        result = _MOVING[name](parameters, *values)
    else:
        raise _Unknown(name)
    array = np.empty(np.shape(result), object)
    array[...] = result
    return [array]


def _if_known(function: Callable[..., Any]) -> Callable[..., Any]:
    def known(*values: Any) -> Any:
        try:
            return function(*values)
        except (TypeError, ValueError, ArithmeticError, jax.errors.InconclusiveDimensionOperation):  # not for all sizes
            return None

    return known


def _all_or_any(values: Sequence[Any], decisive: bool) -> Any:
    if any(v is decisive for v in values):
        return decisive
    return None if any(v is None for v in values) else not decisive


def _quotient(a: Any, b: Any) -> Any:
    return a // b if a >= 0 and b >= 1 else None


def _remainder(a: Any, b: Any) -> Any:
    return a % b if a >= 0 and b >= 1 else None


def _sign(a: Any) -> Any:
    return 0 if _equal(a, 0) else 1 if a >= 0 else -1


def _equal(a: Any, b: Any) -> bool:
    difference = a - b
    if not is_symbolic(difference):
        return bool(difference == 0)
    return difference >= 0 and not difference >= 1


def _chosen(which: Any, *cases: Any) -> Any:
    return cases[int(which)] if which is not None else None


_BY_ELEMENT: dict[str, Callable[..., Any]] = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "neg": operator.neg,
    "div": _quotient, "rem": _remainder, "sign": _sign,
    "max": lambda a, b: a if a >= b else b, "min": lambda a, b: b if a >= b else a,
    "eq": _equal, "ne": lambda a, b: not _equal(a, b),
    "lt": lambda a, b: bool(a < b), "le": lambda a, b: bool(a <= b),
    "gt": lambda a, b: bool(a > b), "ge": lambda a, b: bool(a >= b),
    "and": lambda *v: _all_or_any(v, False), "or": lambda *v: _all_or_any(v, True), "not": lambda a: not a,
    "select_n": _chosen, "convert_element_type": lambda a: a, "copy": lambda a: a, "stop_gradient": lambda a: a,
}  # fmt: skip


def _broadcast(parameters: dict[str, Any], value: Array) -> Array:
    shape = [1] * len(parameters["shape"])
    for axis, place in enumerate(parameters["broadcast_dimensions"]):
        shape[place] = value.shape[axis]
    return np.broadcast_to(value.reshape(shape), parameters["shape"])


def _slice(parameters: dict[str, Any], value: Array) -> Array:
    strides = parameters["strides"] or [1] * value.ndim
    bounds = zip(parameters["start_indices"], parameters["limit_indices"], strides, strict=True)
    return value[tuple([slice(*b) for b in bounds])]


def _dynamic_slice(parameters: dict[str, Any], value: Array, *starts: Array) -> Array:
    sizes = parameters["slice_sizes"]
    if not all(isinstance(s.item(), int) for s in starts):
        raise _Unknown("a slice at a size")
    first = [min(max(s.item(), 0), d - n) for s, d, n in zip(starts, value.shape, sizes, strict=True)]
    return value[tuple([slice(b, b + n) for b, n in zip(first, sizes, strict=True)])]


_MOVING: dict[str, Callable[..., Any]] = {
    "reshape": lambda p, a: a.reshape(p["new_sizes"]),
    "squeeze": lambda p, a: np.squeeze(a, p["dimensions"]),
    "broadcast_in_dim": _broadcast,
    "transpose": lambda p, a: np.transpose(a, p["permutation"]),
    "concatenate": lambda p, *a: np.concatenate(a, p["dimension"]),
    "stack": lambda p, *a: np.stack(a, p["axis"]),
    "slice": _slice,
    "dynamic_slice": _dynamic_slice,
    "rev": lambda p, a: np.flip(a, p["dimensions"]),
    "reduce_prod": lambda p, a: np.prod(a, axis=tuple(p["axes"])),
    "reduce_sum": lambda p, a: np.sum(a, axis=tuple(p["axes"])),
}
