"""Kernels whose derivative is written out, where what JAX derives is not TensorFlow's."""

from __future__ import annotations

from typing import Any

import jax


def with_slope(function: Any, slope: Any) -> Any:
    """`function` of one array, elementwise, with derivative ``slope(x, y)``; y is the function's value."""

    @jax.custom_jvp
    def smooth(x: Any) -> Any:
        return function(x)

    @smooth.defjvp
    def tangent(primals: Any, tangents: Any) -> Any:
        y = smooth(*primals)
        return y, tangents[0] * slope(primals[0], y)

    return smooth
