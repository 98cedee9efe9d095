"""`tf.math`: arithmetic, comparison, reductions."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from headwater.core import dtypes
from headwater.core.dtypes import as_dtype
from headwater.core.op import Op, op
from headwater.core.tensor import EagerTensor, Tensor, convert_to_tensor
from headwater.ops._common import axes, binary, convert_pair, unary

# Arithmetic -----------------------------------------------------------------------------------------------------

ADD = Op("AddV2", jnp.add, elementwise=True)
SUB = Op("Sub", jnp.subtract, elementwise=True)
MUL = Op("Mul", jnp.multiply, elementwise=True)
REAL_DIV = Op("RealDiv", jnp.divide, elementwise=True)
FLOOR_DIV = Op("FloorDiv", jnp.floor_divide, elementwise=True)
FLOOR_MOD = Op("FloorMod", jnp.mod, elementwise=True)
POW = Op("Pow", jnp.power, elementwise=True)
NEG = Op("Neg", jnp.negative, elementwise=True)
ABS = Op("Abs", jnp.abs, elementwise=True)
SQUARE = Op("Square", jnp.square, elementwise=True)

# Comparison and logic -------------------------------------------------------------------------------------------

EQUAL = Op("Equal", jnp.equal, elementwise=True, differentiable=False)
NOT_EQUAL = Op("NotEqual", jnp.not_equal, elementwise=True, differentiable=False)
LESS = Op("Less", jnp.less, elementwise=True, differentiable=False)
LESS_EQUAL = Op("LessEqual", jnp.less_equal, elementwise=True, differentiable=False)
GREATER = Op("Greater", jnp.greater, elementwise=True, differentiable=False)
GREATER_EQUAL = Op("GreaterEqual", jnp.greater_equal, elementwise=True, differentiable=False)
LOGICAL_AND = Op("LogicalAnd", jnp.logical_and, elementwise=True, differentiable=False)
LOGICAL_OR = Op("LogicalOr", jnp.logical_or, elementwise=True, differentiable=False)
LOGICAL_NOT = Op("LogicalNot", jnp.logical_not, elementwise=True, differentiable=False)
BITWISE_XOR = Op("BitwiseXor", jnp.bitwise_xor, elementwise=True, differentiable=False)
BITWISE_AND = Op("BitwiseAnd", jnp.bitwise_and, elementwise=True, differentiable=False)
BITWISE_OR = Op("BitwiseOr", jnp.bitwise_or, elementwise=True, differentiable=False)
INVERT = Op("Invert", jnp.invert, elementwise=True, differentiable=False)

CAST = Op("Cast", lambda x, *, DstT: x.astype(DstT), same_dtype=False, elementwise=True)

add = binary(ADD)
subtract = binary(SUB)
multiply = binary(MUL)
floordiv = binary(FLOOR_DIV)
floormod = binary(FLOOR_MOD)
pow = binary(POW)
negative = unary(NEG)
abs = unary(ABS)
square = unary(SQUARE)
equal = binary(EQUAL)
not_equal = binary(NOT_EQUAL)
less = binary(LESS)
less_equal = binary(LESS_EQUAL)
greater = binary(GREATER)
greater_equal = binary(GREATER_EQUAL)
logical_and = binary(LOGICAL_AND)
logical_or = binary(LOGICAL_OR)
logical_not = unary(LOGICAL_NOT)


def cast(x: Any, dtype: Any, name: str | None = None) -> Any:
    """Converts to another dtype: fractions are cut off, booleans become 0 and 1.

    Args:
        x: A tensor, or what converts to one.
        dtype: The dtype wanted.
        name: A name for the result.

    Returns:
        A tensor of the same shape.

    >>> tf.cast([1.8, -2.2], tf.int32)
    <tf.Tensor: shape=(2,), dtype=int32, numpy=array([ 1, -2], dtype=int32)>
    """
    x, target = convert_to_tensor(x), as_dtype(dtype)
    if x.dtype is target:
        return x
    if dtypes.string in (x.dtype, target):
        raise TypeError(
            f"Cannot cast {x.dtype.name} to {target.name}. Use tf.strings.to_number or tf.strings.as_string."
        )
    if x.dtype.is_complex and not target.is_complex:
        x = EagerTensor(x._array.real) if isinstance(x, EagerTensor) else x
    return CAST(x, DstT=np.dtype(target.as_numpy_dtype), name=name)


def divide(x: Any, y: Any, name: str | None = None) -> Any:
    """`x / y` as Python does it: integers give floats.

    >>> tf.divide(7, 2)
    <tf.Tensor: shape=(), dtype=float64, numpy=3.5>
    """
    x, y = convert_pair(x, y)
    if x.dtype.is_integer and x.dtype is y.dtype:
        target = dtypes.float32 if x.dtype.size <= 2 else dtypes.float64
        x, y = cast(x, target), cast(y, target)
    return REAL_DIV(x, y, name=name)


truediv = divide

# Products -------------------------------------------------------------------------------------------------------


@op("BatchMatMulV2", same_dtype=True)
def MATMUL(a: Any, b: Any, *, transpose_a: bool, transpose_b: bool) -> Any:
    if transpose_a:
        a = jnp.swapaxes(a, -1, -2)
    if transpose_b:
        b = jnp.swapaxes(b, -1, -2)
    return jnp.matmul(a, b)


# Reductions -----------------------------------------------------------------------------------------------------


def _reduction(name: str, kernel: Any, **options: Any) -> Op:
    return Op(name, lambda x, *, axis, keepdims: kernel(x, axis=axis, keepdims=keepdims), **options)


SUM = _reduction("Sum", lambda x, axis, keepdims: jnp.sum(x, axis=axis, keepdims=keepdims, dtype=x.dtype))


def reduce_sum(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Tensor:
    """The sum over `axis` (None: all elements).

    >>> tf.reduce_sum([[1, 1, 1], [1, 1, 1]], axis=0)
    <tf.Tensor: shape=(3,), dtype=int32, numpy=array([2, 2, 2], dtype=int32)>
    """
    return SUM(convert_to_tensor(input_tensor), axis=axes(axis), keepdims=bool(keepdims), name=name)
