"""Kernels whose derivative is written out, where what JAX derives is not TensorFlow's."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir


def with_slope(function: Any, slope: Any, times: Any = lax.mul) -> Any:
    """`function` of one array, elementwise, with derivative ``slope(x, y)``; y is the function's value.

    `times` multiplies tangents by the slope: with `zero_wins`, zeros stay zero where the slope is infinite.
    """

    @jax.custom_jvp
    def smooth(x: Any) -> Any:
        return function(x)

    @smooth.defjvp
    def tangent(primals: Any, tangents: Any) -> Any:
        y = smooth(*primals)
        return y, times(tangents[0], slope(primals[0], y))

    return smooth


def with_mask(function: Any, mask: Any) -> Any:
    """`function` of one array, elementwise, with derivative 1 where ``mask(x)`` and 0 elsewhere."""

    @jax.custom_jvp
    def masked(x: Any) -> Any:
        return function(x)

    @masked.defjvp
    def tangent(primals: Any, tangents: Any) -> Any:
        return masked(*primals), jnp.where(mask(primals[0]), tangents[0], jnp.zeros_like(tangents[0]))

    return masked


def zero_wins(a: Any, b: Any) -> Any:
    """``a * b`` that is 0 wherever `a` is, whatever `b`; linear in both. Gradients of `a` follow the same rule."""
    return _ZERO_WINS.bind(a, b)


def _product(a: Any, b: Any) -> Any:
    return jnp.where(a == 0, jnp.zeros_like(a), a * b)


_ZERO_WINS = Primitive("zero_wins")
_ZERO_WINS.def_impl(jax.jit(_product))
_ZERO_WINS.def_abstract_eval(lambda a, b: a)
mlir.register_lowering(_ZERO_WINS, mlir.lower_fun(_product, multiple_results=False))
batching.defbroadcasting(_ZERO_WINS)
ad.defbilinear(_ZERO_WINS, lambda given, a, b: zero_wins(given, b), lambda given, a, b: zero_wins(a, given))

# As in TensorFlow, gradients that are zero stay zero where these functions are infinite or not defined.
_square = with_slope(lambda x: x * x, lambda x, y: 2 * x, zero_wins)
_cube = with_slope(lambda x: x * x * x, lambda x, y: 3 * _square(x), zero_wins)
reciprocal = with_slope(lambda x: jnp.ones_like(x) / x, lambda x, y: -_square(y), zero_wins)
rsqrt = with_slope(lax.rsqrt, lambda x, y: -0.5 * _cube(y), zero_wins)
sqrt = with_slope(jnp.sqrt, lambda x, y: 0.5 * reciprocal(y), zero_wins)
