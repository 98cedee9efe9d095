"""`tf.bitwise`: bits of integers."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from headwater.core.op import Op
from headwater.core.tensor import Tensor
from headwater.ops._inputs import INTEGER, matched_numbers, tensor_of

__all__ = ["bitwise_and", "bitwise_or", "bitwise_xor", "invert", "left_shift", "right_shift"]

_OPTIONS: dict[str, Any] = {"elementwise": True, "differentiable": False}
BITWISE_AND = Op("BitwiseAnd", jnp.bitwise_and, **_OPTIONS)
BITWISE_OR = Op("BitwiseOr", jnp.bitwise_or, **_OPTIONS)
BITWISE_XOR = Op("BitwiseXor", jnp.bitwise_xor, **_OPTIONS)
INVERT = Op("Invert", jnp.invert, **_OPTIONS)


def _places(x: Any, y: Any) -> Any:
    """How far to shift: never farther than the width, as in TensorFlow."""
    return jnp.clip(y, 0, 8 * x.dtype.itemsize - 1)


LEFT_SHIFT = Op("LeftShift", lambda x, y: jnp.left_shift(x, _places(x, y)), **_OPTIONS)
RIGHT_SHIFT = Op("RightShift", lambda x, y: jnp.right_shift(x, _places(x, y)), **_OPTIONS)


def bitwise_and(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Keeps the bits that both have.

    >>> tf.bitwise.bitwise_and([5, 6], 3).numpy()
    array([1, 2], dtype=int32)
    """
    return BITWISE_AND(*matched_numbers("BitwiseAnd", INTEGER, x, y), name=name)


def bitwise_or(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Keeps the bits that at least one has.

    >>> tf.bitwise.bitwise_or([5, 6], 3).numpy()
    array([7, 7], dtype=int32)
    """
    return BITWISE_OR(*matched_numbers("BitwiseOr", INTEGER, x, y), name=name)


def bitwise_xor(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Keeps the bits that exactly one has.

    >>> tf.bitwise.bitwise_xor([5, 6], 3).numpy()
    array([6, 5], dtype=int32)
    """
    return BITWISE_XOR(*matched_numbers("BitwiseXor", INTEGER, x, y), name=name)


def invert(x: Any, name: str | None = None) -> Tensor:
    """Flips every bit.

    >>> tf.bitwise.invert([0, 5]).numpy()
    array([-1, -6], dtype=int32)
    """
    return INVERT(tensor_of(x, "Invert", INTEGER), name=name)


def left_shift(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Moves bits to the left.

    >>> tf.bitwise.left_shift([1, 3], 2).numpy()
    array([ 4, 12], dtype=int32)
    """
    return LEFT_SHIFT(*matched_numbers("LeftShift", INTEGER, x, y), name=name)


def right_shift(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Moves bits to the right; signed numbers keep their sign.

    >>> tf.bitwise.right_shift([4, -8], 2).numpy()
    array([ 1, -2], dtype=int32)
    """
    return RIGHT_SHIFT(*matched_numbers("RightShift", INTEGER, x, y), name=name)
