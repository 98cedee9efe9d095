"""Arithmetic that XLA would rewrite into something that is only nearly the same.

- It takes ``x * x`` and ``abs(x)`` for non-negative, and drops an ``abs`` or a comparison with zero that follows.
  Integers wrap around: signed ones are computed here as unsigned numbers of the same bits, about which XLA does not
  reason.
- It turns a division by one number into a multiplication by its reciprocal, so that 49 / 49 is 0.99999994.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax


def is_signed(x: Any) -> bool:
    """Whether the elements are signed integers."""
    return bool(jnp.issubdtype(x.dtype, jnp.signedinteger))


def _unsigned(x: Any) -> Any:
    return lax.bitcast_convert_type(x, np.dtype(f"uint{8 * x.dtype.itemsize}"))


def on_bits(function: Callable[..., Any], *arrays: Any) -> Any:
    """`function` of arrays, computed on the bits of signed integers; it must be made of sums and products."""
    if not is_signed(arrays[0]):
        return function(*arrays)
    return lax.bitcast_convert_type(function(*map(_unsigned, arrays)), arrays[0].dtype)


def multiply(x: Any, y: Any) -> Any:
    """``x * y``, also where that overflows."""
    return on_bits(jnp.multiply, x, y)


def square(x: Any) -> Any:
    """``x * x``, also where that overflows."""
    return on_bits(jnp.square, x)


def absolute(x: Any) -> Any:
    """``abs(x)``, which for the smallest integer is that integer."""
    if not is_signed(x):
        return jnp.abs(x)
    bits = _unsigned(x)
    return lax.bitcast_convert_type(jnp.where(x < 0, -bits, bits), x.dtype)


@jax.custom_jvp
def divide(x: Any, y: Any) -> Any:
    """``x / y``, correctly rounded."""
    varied = isinstance(y, jax.core.Tracer) and np.size(y) == np.size(x) > 1
    if varied or jnp.iscomplexobj(x):
        return jnp.true_divide(x, y)
    # A divisor that depends on x, though its value never does (NaN stays NaN), is not taken for a constant.
    return jnp.true_divide(x, jnp.where(x != x, x, y))


@divide.defjvp
def _divide_tangent(primals: Any, tangents: Any) -> Any:
    x, y = primals
    dx, dy = tangents
    quotient = divide(x, y)
    return quotient, dx / y - dy * (quotient / y)


def mean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The mean, whose division is exact: that of a few equal numbers is that number. Integers round towards zero."""
    if jnp.issubdtype(x.dtype, jnp.inexact):
        half = jnp.issubdtype(x.dtype, jnp.floating) and x.dtype.itemsize < 4
        total = jnp.sum(x, axis, dtype=jnp.float32 if half else x.dtype, keepdims=keepdims)
        return divide(total, jnp.asarray(_group_size(x, total), total.real.dtype)).astype(x.dtype)
    wide = jnp.int64 if is_signed(x) else jnp.uint64
    total = jnp.sum(x, axis, dtype=wide, keepdims=keepdims)
    return lax.div(total, jnp.full_like(total, max(_group_size(x, total), 1))).astype(x.dtype)


def _group_size(x: Any, total: Any) -> Any:
    """How many elements go into one of the total; symbolic where dimensions are."""
    return x.size // (total.size or 1)
