"""Computes without compiling: JAX runs Python all the way, and NumPy computes its most used primitives.

What the fuzzer tests is what the engine makes of a program: traces, captures, control flow, gradients. XLA compiles
for seconds what then runs for microseconds, so most programs are run `uncompiled`: compiled functions are not compiled,
their conditionals and loops are Python's, and each primitive is NumPy's where the table below has it and a program of
one primitive elsewhere.
"""

from __future__ import annotations

import contextlib
import math
import string
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax
import numpy as np
from jax.extend.core import primitives

from headwater.core import transfer

_Form = Callable[..., Any]  # NumPy arrays, and the primitive's parameters as keywords -> a NumPy array


@contextlib.contextmanager
def uncompiled() -> Iterator[None]:
    """Within it nothing is compiled but what `_FORMS` lacks, one primitive at a time."""
    known = {getattr(primitives, f"{name}_p"): form for name, form in _FORMS.items()}
    before = {primitive: primitive.impl for primitive in known}
    for primitive, form in known.items():
        primitive.def_impl(_by_numpy(form, primitive.impl))
    try:
        with jax.disable_jit(), np.errstate(all="ignore"):
            yield
    finally:
        for primitive, rule in before.items():
            primitive.def_impl(rule)


def _by_numpy(form: _Form, rule: _Form) -> _Form:
    """The primitive's rule by NumPy; arrays that promote as Python's numbers do, and rare dtypes, take JAX's own."""

    def impl(*arrays: Any, **parameters: Any) -> Any:
        if not parameters.get("weak_type") and all(map(_is_plain, arrays)):
            result = form(*[np.asarray(x) for x in arrays], **parameters)
            if result is not NotImplemented:
                return transfer.given(np.asarray(result, order="C"))
        return rule(*arrays, **parameters)

    return impl


def _is_plain(array: Any) -> bool:
    if not isinstance(array, jax.Array):
        return isinstance(array, np.ndarray | np.generic) and array.dtype.kind in "fiub"
    return not array.aval.weak_type and isinstance(array.dtype, np.dtype) and array.dtype.kind in "fiub"


# The forms --------------------------------------------------------------------------------------------------------


def _ufunc(function: Callable[..., Any]) -> _Form:
    return lambda *arrays, **_: function(*arrays)


def _floats(function: Callable[..., Any]) -> _Form:
    return lambda *arrays, **_: function(*arrays) if arrays[0].dtype.kind == "f" else NotImplemented


def _reduction(function: Callable[..., Any], **options: Any) -> _Form:
    def form(x: Any, *, axes: Sequence[int], **_: Any) -> Any:
        return function(x, axis=tuple(axes), **options) if math.prod(x.shape) else NotImplemented

    return form


def _sum(function: Callable[..., Any]) -> _Form:
    return lambda x, *, axes, **_: function(x, axis=tuple(axes), dtype=x.dtype)


def _cumulative(function: Callable[..., Any]) -> _Form:
    def form(x: Any, *, axis: int, reverse: bool) -> Any:
        given = np.flip(x, axis) if reverse else x
        result = function(given, axis=axis).astype(x.dtype)
        return np.flip(result, axis) if reverse else result

    return form


def _position(function: Callable[..., Any]) -> _Form:
    def form(x: Any, *, axes: Sequence[int], index_dtype: Any, **_: Any) -> Any:
        return function(x, axis=axes[0]).astype(index_dtype) if math.prod(x.shape) else NotImplemented

    return form


def _convert(x: Any, *, new_dtype: Any, **_: Any) -> Any:
    if not isinstance(new_dtype, np.dtype | type) or np.dtype(new_dtype).kind not in "fiub":
        return NotImplemented
    if x.dtype.kind == "f" and np.dtype(new_dtype).kind in "iu":
        limits = np.iinfo(new_dtype)  # as XLA does: NaN is 0, what is too large is the largest
        whole = np.trunc(np.nan_to_num(x.astype(np.float64), posinf=np.inf, neginf=-np.inf))
        return np.where(whole >= limits.max, limits.max, np.where(whole <= limits.min, limits.min, whole)).astype(
            new_dtype
        )
    return x.astype(new_dtype)


def _remainder(x: Any, y: Any) -> Any:
    return np.fmod(x, y) if x.dtype.kind == "f" else np.where(y == 0, x, np.fmod(x, np.where(y == 0, 1, y)))


def _select(which: Any, *cases: Any) -> Any:
    return np.where(which, cases[1], cases[0]) if which.dtype == bool else NotImplemented


def _broadcast(x: Any, *, shape: Sequence[int], broadcast_dimensions: Sequence[int], **_: Any) -> Any:
    places = dict(zip(broadcast_dimensions, x.shape, strict=True))
    return np.broadcast_to(x.reshape([places.get(i, 1) for i in range(len(shape))]), shape).copy()


def _reshape(x: Any, *, new_sizes: Sequence[int], dimensions: Sequence[int] | None, **_: Any) -> Any:
    return np.reshape(x if dimensions is None else np.transpose(x, dimensions), new_sizes).copy()


def _pad(x: Any, value: Any, *, padding_config: Sequence[tuple[int, int, int]]) -> Any:
    if any(low < 0 or high < 0 or between for low, high, between in padding_config):
        return NotImplemented
    return np.pad(x, [p[:2] for p in padding_config], constant_values=value)


def _slice(x: Any, *, start_indices: Any, limit_indices: Any, strides: Any) -> Any:
    steps = strides or (1,) * x.ndim
    return x[tuple([slice(*part) for part in zip(start_indices, limit_indices, steps, strict=True)])].copy()


def _window(x: Any, starts: Sequence[Any], sizes: Sequence[int]) -> tuple[slice, ...]:
    """The part of `x` of those sizes, moved inside where it would reach out."""
    inside = [min(max(int(s), 0), n - size) for s, n, size in zip(starts, x.shape, sizes, strict=True)]
    return tuple([slice(start, start + size) for start, size in zip(inside, sizes, strict=True)])


def _update(x: Any, update: Any, *starts: Any) -> Any:
    result = x.copy()
    result[_window(x, starts, update.shape)] = update
    return result


def _dot(x: Any, y: Any, *, dimension_numbers: Any, preferred_element_type: Any, **_: Any) -> Any:
    (x_summed, y_summed), (x_batch, y_batch) = dimension_numbers
    letters = iter(string.ascii_letters)
    of_x = [next(letters) for _ in x.shape]
    of_y = [next(letters) for _ in y.shape]
    for i, j in zip((*x_summed, *x_batch), (*y_summed, *y_batch), strict=True):
        of_y[j] = of_x[i]
    free_x = [of_x[i] for i in range(x.ndim) if i not in (*x_summed, *x_batch)]
    free_y = [of_y[i] for i in range(y.ndim) if i not in (*y_summed, *y_batch)]
    result = "".join([*[of_x[i] for i in x_batch], *free_x, *free_y])
    return np.einsum(f"{''.join(of_x)},{''.join(of_y)}->{result}", x, y).astype(preferred_element_type or x.dtype)


def _bitcast(x: Any, *, new_dtype: Any) -> Any:
    same = isinstance(new_dtype, np.dtype) and new_dtype.itemsize == x.dtype.itemsize and new_dtype.kind in "fiu"
    return np.ascontiguousarray(x).view(new_dtype).reshape(x.shape) if same else NotImplemented


def _round(x: Any, *, rounding_method: Any) -> Any:
    return np.rint(x) if int(rounding_method) == 1 else NotImplemented


_FORMS: dict[str, _Form] = {
    **{name: _ufunc(getattr(np, name)) for name in ("sin", "cos", "tan", "tanh", "sinh", "cosh", "exp", "log", "sqrt")},
    **{name: _ufunc(getattr(np, name)) for name in ("expm1", "log1p", "floor", "ceil", "exp2", "cbrt", "square")},
    "abs": _ufunc(np.abs), "neg": _ufunc(np.negative), "sign": _ufunc(np.sign), "not": _ufunc(np.invert),
    "asin": _ufunc(np.arcsin), "acos": _ufunc(np.arccos), "atan": _ufunc(np.arctan), "atan2": _ufunc(np.arctan2),
    "asinh": _ufunc(np.arcsinh), "acosh": _ufunc(np.arccosh), "atanh": _ufunc(np.arctanh),
    "rsqrt": lambda x, **_: 1 / np.sqrt(x), "logistic": lambda x, **_: 1 / (1 + np.exp(-x)),
    "is_finite": _ufunc(np.isfinite), "round": _round, "integer_pow": lambda x, *, y: x**y if y >= 0 else 1 / x**-y,
    "copy": _ufunc(np.copy), "convert_element_type": _convert, "bitcast_convert_type": _bitcast,
    "add": _ufunc(np.add), "sub": _ufunc(np.subtract), "mul": _ufunc(np.multiply), "div": _floats(np.divide),
    "add_jaxvals": _ufunc(np.add), "rem": lambda x, y: _remainder(x, y), "pow": _floats(np.power),
    "max": _ufunc(np.maximum), "min": _ufunc(np.minimum), "clamp": lambda low, x, high: np.clip(x, low, high),
    "and": _ufunc(np.bitwise_and), "or": _ufunc(np.bitwise_or), "xor": _ufunc(np.bitwise_xor),
    "eq": _ufunc(np.equal), "ne": _ufunc(np.not_equal), "lt": _ufunc(np.less), "le": _ufunc(np.less_equal),
    "gt": _ufunc(np.greater), "ge": _ufunc(np.greater_equal), "select_n": _select,
    "reduce_sum": _sum(np.sum), "reduce_prod": _sum(np.prod), "reduce_max": _reduction(np.max),
    "reduce_min": _reduction(np.min), "reduce_and": _reduction(np.bitwise_and.reduce),
    "reduce_or": _reduction(np.bitwise_or.reduce), "argmax": _position(np.argmax), "argmin": _position(np.argmin),
    "cumsum": _cumulative(np.cumsum), "cumprod": _cumulative(np.cumprod),
    "cummax": _cumulative(np.maximum.accumulate), "cummin": _cumulative(np.minimum.accumulate),
    "broadcast_in_dim": _broadcast, "squeeze": lambda x, *, dimensions: np.squeeze(x, tuple(dimensions)),
    "reshape": _reshape,
    "transpose": lambda x, *, permutation: np.transpose(x, permutation).copy(),
    "rev": lambda x, *, dimensions: np.flip(x, dimensions).copy(),
    "concatenate": lambda *arrays, dimension: np.concatenate(arrays, dimension), "pad": _pad, "slice": _slice,
    "dynamic_slice": lambda x, *starts, slice_sizes: x[_window(x, starts, slice_sizes)].copy(),
    "dynamic_update_slice": _update, "dot_general": _dot,
    "iota": lambda *, dtype, shape, dimension, **_: np.indices(shape, np.dtype(dtype))[dimension],
}  # fmt: skip
