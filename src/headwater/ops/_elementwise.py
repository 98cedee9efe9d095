"""Elementwise functions of one argument."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from headwater.core.op import Op, op
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.ops import _exact, _slopes
from headwater.ops._inputs import BOOL, FLOATING, INEXACT, NUMBER, REAL, SIGNED, tensor_of
from headwater.ops._slopes import with_slope

# Exponentials and logarithms -------------------------------------------------------------------------------------

EXP = Op("Exp", jnp.exp, elementwise=True)
EXPM1 = Op("Expm1", with_slope(jnp.expm1, lambda x, y: jnp.exp(x)), elementwise=True)
LOG = Op("Log", with_slope(jnp.log, lambda x, y: _slopes.reciprocal(x)), elementwise=True)
LOG1P = Op("Log1p", with_slope(jnp.log1p, lambda x, y: _slopes.reciprocal(1 + x)), elementwise=True)
SIGMOID = Op("Sigmoid", jax.nn.sigmoid, elementwise=True)


def exp(x: Any, name: str | None = None) -> Tensor:
    """Computes e to the power of each element.

    >>> tf.exp([0.0, 1.0]).numpy()
    array([1.       , 2.7182817], dtype=float32)
    """
    return EXP(tensor_of(x, "Exp", INEXACT), name=name)


def expm1(x: Any, name: str | None = None) -> Tensor:
    """Computes ``exp(x) - 1``, accurately also near zero.

    >>> tf.math.expm1([0.0, 1e-8]).numpy()
    array([0.e+00, 1.e-08], dtype=float32)
    """
    return EXPM1(tensor_of(x, "Expm1", INEXACT), name=name)


def log(x: Any, name: str | None = None) -> Tensor:
    """Computes the natural logarithm.

    >>> tf.math.log([1.0, 0.0]).numpy()
    array([  0., -inf], dtype=float32)
    """
    return LOG(tensor_of(x, "Log", INEXACT), name=name)


def log1p(x: Any, name: str | None = None) -> Tensor:
    """Computes ``log(1 + x)``, accurately also near zero.

    >>> tf.math.log1p([0.0, 1e-8]).numpy()
    array([0.e+00, 1.e-08], dtype=float32)
    """
    return LOG1P(tensor_of(x, "Log1p", INEXACT), name=name)


def sigmoid(x: Any, name: str | None = None) -> Tensor:
    """Computes the logistic function ``1 / (1 + exp(-x))``.

    >>> tf.sigmoid([0.0, 100.0]).numpy()
    array([0.5, 1. ], dtype=float32)
    """
    return SIGMOID(tensor_of(x, "Sigmoid", INEXACT), name=name)


# Powers and roots ------------------------------------------------------------------------------------------------

SQUARE = Op("Square", _exact.square, elementwise=True)
SQRT = Op("Sqrt", _slopes.sqrt, elementwise=True)
RSQRT = Op("Rsqrt", _slopes.rsqrt, elementwise=True)
RECIPROCAL = Op("Reciprocal", _slopes.reciprocal, elementwise=True)


def square(x: Any, name: str | None = None) -> Tensor:
    """Computes the square.

    >>> tf.square([-2, 3]).numpy()
    array([4, 9], dtype=int32)
    """
    return SQUARE(tensor_of(x, "Square", NUMBER), name=name)


def sqrt(x: Any, name: str | None = None) -> Tensor:
    """Computes the square root.

    >>> tf.sqrt([4.0, 9.0]).numpy()
    array([2., 3.], dtype=float32)
    """
    return SQRT(tensor_of(x, "Sqrt", INEXACT), name=name)


def rsqrt(x: Any, name: str | None = None) -> Tensor:
    """Computes ``1 / sqrt(x)``.

    >>> tf.math.rsqrt([4.0, 0.0]).numpy()
    array([0.5, inf], dtype=float32)
    """
    return RSQRT(tensor_of(x, "Rsqrt", INEXACT), name=name)


def reciprocal(x: Any, name: str | None = None) -> Tensor:
    """Computes ``1 / x``.

    >>> tf.math.reciprocal([2.0, 4.0]).numpy()
    array([0.5 , 0.25], dtype=float32)
    """
    return RECIPROCAL(tensor_of(x, "Reciprocal", NUMBER), name=name)


# Trigonometry ----------------------------------------------------------------------------------------------------

SIN = Op("Sin", jnp.sin, elementwise=True)
COS = Op("Cos", jnp.cos, elementwise=True)
TAN = Op("Tan", jnp.tan, elementwise=True)
ASIN = Op("Asin", with_slope(jnp.arcsin, lambda x, y: _slopes.reciprocal(_slopes.sqrt(1 - x * x))), elementwise=True)
ACOS = Op("Acos", with_slope(jnp.arccos, lambda x, y: -_slopes.reciprocal(_slopes.sqrt(1 - x * x))), elementwise=True)
ATAN = Op("Atan", jnp.arctan, elementwise=True)
SINH = Op("Sinh", jnp.sinh, elementwise=True)
COSH = Op("Cosh", jnp.cosh, elementwise=True)
TANH = Op("Tanh", jnp.tanh, elementwise=True)
ASINH = Op("Asinh", jnp.arcsinh, elementwise=True)
ACOSH = Op("Acosh", with_slope(jnp.arccosh, lambda x, y: 1 / jnp.sinh(y)), elementwise=True)
ATANH = Op("Atanh", with_slope(jnp.arctanh, lambda x, y: _slopes.reciprocal(1 - x * x)), elementwise=True)


def sin(x: Any, name: str | None = None) -> Tensor:
    """Computes the sine of angles in radians.

    >>> tf.sin([0.0, 1.0]).numpy().round(4)
    array([0.    , 0.8415], dtype=float32)
    """
    return SIN(tensor_of(x, "Sin", INEXACT), name=name)


def cos(x: Any, name: str | None = None) -> Tensor:
    """Computes the cosine of angles in radians.

    >>> tf.cos([0.0]).numpy()
    array([1.], dtype=float32)
    """
    return COS(tensor_of(x, "Cos", INEXACT), name=name)


def tan(x: Any, name: str | None = None) -> Tensor:
    """Computes the tangent of angles in radians.

    >>> tf.tan([0.0]).numpy()
    array([0.], dtype=float32)
    """
    return TAN(tensor_of(x, "Tan", INEXACT), name=name)


def asin(x: Any, name: str | None = None) -> Tensor:
    """Computes the inverse sine, in radians.

    >>> tf.asin([0.0, 2.0]).numpy()
    array([ 0., nan], dtype=float32)
    """
    return ASIN(tensor_of(x, "Asin", INEXACT), name=name)


def acos(x: Any, name: str | None = None) -> Tensor:
    """Computes the inverse cosine, in radians.

    >>> tf.acos([1.0, 2.0]).numpy()
    array([ 0., nan], dtype=float32)
    """
    return ACOS(tensor_of(x, "Acos", INEXACT), name=name)


def atan(x: Any, name: str | None = None) -> Tensor:
    """Computes the inverse tangent, in radians.

    >>> tf.atan([0.0]).numpy()
    array([0.], dtype=float32)
    """
    return ATAN(tensor_of(x, "Atan", INEXACT), name=name)


def sinh(x: Any, name: str | None = None) -> Tensor:
    """Computes the hyperbolic sine.

    >>> tf.sinh([0.0]).numpy()
    array([0.], dtype=float32)
    """
    return SINH(tensor_of(x, "Sinh", INEXACT), name=name)


def cosh(x: Any, name: str | None = None) -> Tensor:
    """Computes the hyperbolic cosine.

    >>> tf.cosh([0.0]).numpy()
    array([1.], dtype=float32)
    """
    return COSH(tensor_of(x, "Cosh", INEXACT), name=name)


def tanh(x: Any, name: str | None = None) -> Tensor:
    """Computes the hyperbolic tangent.

    >>> tf.tanh([0.0, 100.0]).numpy()
    array([0., 1.], dtype=float32)
    """
    return TANH(tensor_of(x, "Tanh", INEXACT), name=name)


def asinh(x: Any, name: str | None = None) -> Tensor:
    """Computes the inverse hyperbolic sine.

    >>> tf.asinh([0.0]).numpy()
    array([0.], dtype=float32)
    """
    return ASINH(tensor_of(x, "Asinh", INEXACT), name=name)


def acosh(x: Any, name: str | None = None) -> Tensor:
    """Computes the inverse hyperbolic cosine.

    >>> tf.acosh([1.0, 0.0]).numpy()
    array([ 0., nan], dtype=float32)
    """
    return ACOSH(tensor_of(x, "Acosh", INEXACT), name=name)


def atanh(x: Any, name: str | None = None) -> Tensor:
    """Computes the inverse hyperbolic tangent.

    >>> tf.atanh([0.0, 1.0]).numpy()
    array([ 0., inf], dtype=float32)
    """
    return ATANH(tensor_of(x, "Atanh", INEXACT), name=name)


# Signs and rounding ----------------------------------------------------------------------------------------------


def _sign(x: Any) -> Any:
    if not jnp.iscomplexobj(x):
        return jnp.sign(x)
    zero = x == 0
    return jnp.where(zero, x, x / jnp.abs(jnp.where(zero, jnp.ones_like(x), x)))


NEG = Op("Neg", jnp.negative, elementwise=True)
SIGN = Op("Sign", _sign, elementwise=True)
FLOOR = Op("Floor", jnp.floor, elementwise=True, differentiable=False)
CEIL = Op("Ceil", jnp.ceil, elementwise=True, differentiable=False)
RINT = Op("Rint", jnp.rint, elementwise=True, differentiable=False)
ROUND = Op("Round", jnp.round, elementwise=True, differentiable=False)
ABS = Op("Abs", with_slope(_exact.absolute, lambda x, y: jnp.sign(x)), elementwise=True)


@op("ComplexAbs", elementwise=True)
def COMPLEX_ABS(x: Any) -> Any:
    return jnp.abs(x)


def negative(x: Any, name: str | None = None) -> Tensor:
    """Computes ``-x``.

    >>> tf.negative([1, -2]).numpy()
    array([-1,  2], dtype=int32)
    """
    return NEG(tensor_of(x, "Neg", SIGNED), name=name)


def abs(x: Any, name: str | None = None) -> Tensor:
    """Computes the absolute value; of a complex number, its magnitude (a real number).

    >>> tf.abs([-2.5, 3.0]).numpy()
    array([2.5, 3. ], dtype=float32)
    """
    tensor = convert_to_tensor(x)
    if tensor.dtype.is_complex:
        return COMPLEX_ABS(tensor, name=name)
    return ABS(tensor_of(tensor, "Abs", REAL), name=name)


def sign(x: Any, name: str | None = None) -> Tensor:
    """Computes -1, 0 or 1 by the sign; of a complex number, ``x / abs(x)``.

    >>> tf.sign([-2.5, 0.0, 3.0]).numpy()
    array([-1.,  0.,  1.], dtype=float32)
    """
    return SIGN(tensor_of(x, "Sign", NUMBER), name=name)


def floor(x: Any, name: str | None = None) -> Tensor:
    """Rounds down to a whole number.

    >>> tf.floor([1.7, -1.2]).numpy()
    array([ 1., -2.], dtype=float32)
    """
    return FLOOR(tensor_of(x, "Floor", FLOATING), name=name)


def ceil(x: Any, name: str | None = None) -> Tensor:
    """Rounds up to a whole number.

    >>> tf.math.ceil([1.2, -1.2]).numpy()
    array([ 2., -1.], dtype=float32)
    """
    return CEIL(tensor_of(x, "Ceil", FLOATING), name=name)


def rint(x: Any, name: str | None = None) -> Tensor:
    """Rounds to the nearest whole number, halves to even.

    >>> tf.math.rint([1.5, 2.5]).numpy()
    array([2., 2.], dtype=float32)
    """
    return RINT(tensor_of(x, "Rint", FLOATING), name=name)


def round(x: Any, name: str | None = None) -> Tensor:
    """Rounds to the nearest whole number, halves to even. Integers stay as they are.

    >>> tf.round([1.5, 2.5]).numpy()
    array([2., 2.], dtype=float32)
    """
    tensor = tensor_of(x, "Round", NUMBER)
    return tensor if tensor.dtype.is_integer else ROUND(tensor, name=name)


# What a number is ------------------------------------------------------------------------------------------------

IS_FINITE = Op("IsFinite", jnp.isfinite, elementwise=True, differentiable=False)
IS_INF = Op("IsInf", jnp.isinf, elementwise=True, differentiable=False)
IS_NAN = Op("IsNan", jnp.isnan, elementwise=True, differentiable=False)
LOGICAL_NOT = Op("LogicalNot", jnp.logical_not, elementwise=True, differentiable=False)


def is_finite(x: Any, name: str | None = None) -> Tensor:
    """Says which elements are neither infinite nor NaN.

    >>> tf.math.is_finite([1.0, float("inf")]).numpy()
    array([ True, False])
    """
    return IS_FINITE(tensor_of(x, "IsFinite", FLOATING), name=name)


def is_inf(x: Any, name: str | None = None) -> Tensor:
    """Says which elements are infinite.

    >>> tf.math.is_inf([1.0, float("inf")]).numpy()
    array([False,  True])
    """
    return IS_INF(tensor_of(x, "IsInf", FLOATING), name=name)


def is_nan(x: Any, name: str | None = None) -> Tensor:
    """Says which elements are NaN.

    >>> tf.math.is_nan([1.0, float("nan")]).numpy()
    array([False,  True])
    """
    return IS_NAN(tensor_of(x, "IsNan", FLOATING), name=name)


def logical_not(x: Any, name: str | None = None) -> Tensor:
    """Negates truth values.

    >>> tf.math.logical_not([True, False]).numpy()
    array([False,  True])
    """
    return LOGICAL_NOT(tensor_of(x, "LogicalNot", BOOL), name=name)


# Complex numbers -------------------------------------------------------------------------------------------------

REAL_PART = Op("Real", jnp.real, elementwise=True)
IMAG = Op("Imag", jnp.imag, elementwise=True)
CONJ = Op("Conj", jnp.conj, elementwise=True)
ANGLE = Op("Angle", jnp.angle, elementwise=True)


def real(input: Any, name: str | None = None) -> Tensor:
    """Gives the real part.

    >>> tf.math.real([1 + 2j]).numpy()
    array([1.])
    """
    x = convert_to_tensor(input)
    return REAL_PART(x, name=name) if x.dtype.is_complex else tensor_of(x, "Real", REAL)


def conj(x: Any, name: str | None = None) -> Tensor:
    """Gives the complex conjugate.

    >>> tf.math.conj([1 + 2j]).numpy()
    array([1.-2.j])
    """
    tensor = convert_to_tensor(x)
    return CONJ(tensor, name=name) if tensor.dtype.is_complex else tensor_of(tensor, "Conj", REAL)
