"""Comparisons and logic of two tensors."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from headwater.core.op import Op
from headwater.core.tensor import Tensor
from headwater.ops._inputs import BOOL, REAL, matched, matched_numbers

_OPTIONS: dict[str, Any] = {"elementwise": True, "differentiable": False}
EQUAL = Op("Equal", jnp.equal, **_OPTIONS)
NOT_EQUAL = Op("NotEqual", jnp.not_equal, **_OPTIONS)
LESS = Op("Less", jnp.less, **_OPTIONS)
LESS_EQUAL = Op("LessEqual", jnp.less_equal, **_OPTIONS)
GREATER = Op("Greater", jnp.greater, **_OPTIONS)
GREATER_EQUAL = Op("GreaterEqual", jnp.greater_equal, **_OPTIONS)
LOGICAL_AND = Op("LogicalAnd", jnp.logical_and, **_OPTIONS)
LOGICAL_OR = Op("LogicalOr", jnp.logical_or, **_OPTIONS)


def equal(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Says where elements are equal.

    >>> tf.equal([1, 2], [1, 3]).numpy()
    array([ True, False])
    """
    return EQUAL(*matched(x, y), name=name)


def not_equal(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Says where elements differ.

    >>> tf.not_equal([1, 2], [1, 3]).numpy()
    array([False,  True])
    """
    return NOT_EQUAL(*matched(x, y), name=name)


def less(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Says where ``x < y``.

    >>> tf.less([1, 2], 2).numpy()
    array([ True, False])
    """
    return LESS(*matched_numbers("Less", REAL, x, y), name=name)


def less_equal(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Says where ``x <= y``.

    >>> tf.less_equal([1, 2], 1).numpy()
    array([ True, False])
    """
    return LESS_EQUAL(*matched_numbers("LessEqual", REAL, x, y), name=name)


def greater(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Says where ``x > y``.

    >>> tf.greater([1, 2], 1).numpy()
    array([False,  True])
    """
    return GREATER(*matched_numbers("Greater", REAL, x, y), name=name)


def greater_equal(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Says where ``x >= y``.

    >>> tf.greater_equal([1, 2], 2).numpy()
    array([False,  True])
    """
    return GREATER_EQUAL(*matched_numbers("GreaterEqual", REAL, x, y), name=name)


def logical_and(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Says where both are true.

    >>> tf.logical_and([True, False], True).numpy()
    array([ True, False])
    """
    return LOGICAL_AND(*matched_numbers("LogicalAnd", BOOL, x, y), name=name)


def logical_or(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Says where at least one is true.

    >>> tf.logical_or([True, False], False).numpy()
    array([ True, False])
    """
    return LOGICAL_OR(*matched_numbers("LogicalOr", BOOL, x, y), name=name)


def logical_xor(x: Any, y: Any, name: str | None = "LogicalXor") -> Tensor:
    """Says where exactly one is true.

    >>> tf.math.logical_xor([True, False], True).numpy()
    array([False,  True])
    """
    x, y = matched_numbers("LogicalXor", BOOL, x, y)
    return not_equal(x, y, name=name)
