"""Arithmetic of two tensors, with TensorFlow's gradients at ties and zeros."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from headwater.core import dtypes
from headwater.core.checks import none_of
from headwater.core.op import Op, op
from headwater.core.shapes import broadcast_shapes
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.core.variable import Variable
from headwater.ops import _exact
from headwater.ops._cast import cast
from headwater.ops._inputs import FLOATING, INEXACT, INTEGER, NUMBER, REAL, matched, matched_numbers
from headwater.ops._slopes import zero_wins

# Sums, products, quotients ---------------------------------------------------------------------------------------

ADD = Op("AddV2", jnp.add, elementwise=True)
SUB = Op("Sub", jnp.subtract, elementwise=True)
MUL = Op("Mul", _exact.multiply, elementwise=True)
REAL_DIV = Op("RealDiv", _exact.divide, elementwise=True)


@op("Add", effect="host", spec=lambda inputs, attrs: (dtypes.string, broadcast_shapes(*[x.shape for x in inputs])))
def ADD_STRINGS(x: Any, y: Any) -> Any:
    return x + y


def add(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Adds elementwise, with broadcasting; joins strings.

    Args:
        x: A tensor of numbers or strings.
        y: A tensor of the same dtype, of a shape that broadcasts with `x`'s.
        name: A name for the operation.

    >>> tf.add([1, 2], 3).numpy()
    array([4, 5], dtype=int32)
    """
    x, y = matched(x, y)
    if x.dtype is dtypes.string:
        return ADD_STRINGS(x, y, name=name)
    return ADD(*matched_numbers("AddV2", NUMBER, x, y), name=name)


def subtract(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Subtracts elementwise, with broadcasting.

    >>> tf.subtract([1, 2], 3).numpy()
    array([-2, -1], dtype=int32)
    """
    return SUB(*matched_numbers("Sub", NUMBER, x, y), name=name)


def multiply(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Multiplies elementwise, with broadcasting.

    >>> tf.multiply([1, 2], 3).numpy()
    array([3, 6], dtype=int32)
    """
    return MUL(*matched_numbers("Mul", NUMBER, x, y), name=name)


def truediv(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Divides elementwise; integers as Python 3 does, in float64 (8- and 16-bit ones in float32).

    Raises:
        TypeError: If two tensors have different dtypes.

    >>> tf.truediv([1, 2], 4).numpy()
    array([0.25, 0.5 ])
    """
    x, y = matched_numbers("RealDiv", NUMBER, x, y)
    if x.dtype is not y.dtype:
        raise TypeError(
            f"`x` and `y` must have the same dtype, got {x.dtype!r} != {y.dtype!r}. Use tf.cast(y, x.dtype)."
        )
    if x.dtype.is_integer:
        wide = dtypes.float32 if x.dtype.size <= 2 else dtypes.float64
        x, y = cast(x, wide), cast(y, wide)
    return REAL_DIV(x, y, name=name)


def divide(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Divides elementwise, as Python's ``/``.

    >>> tf.divide([1.0, 2.0], 4.0).numpy()
    array([0.25, 0.5 ], dtype=float32)
    """
    return truediv(x, y, name=name)


def realdiv(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Divides real or complex numbers elementwise.

    >>> tf.realdiv([1.0, 2.0], 4.0).numpy()
    array([0.25, 0.5 ], dtype=float32)
    """
    return REAL_DIV(*matched_numbers("RealDiv", INEXACT, x, y), name=name)


# Whole-number division -------------------------------------------------------------------------------------------


def _is_integer(x: Any) -> bool:
    return bool(np.issubdtype(x.dtype, np.integer))


_DIVISOR = none_of(lambda y: y == 0 if _is_integer(y) else None, "Integer division by zero", name="y", of_integers=True)
FLOOR_DIV = Op("FloorDiv", jnp.floor_divide, elementwise=True, differentiable=False, check=_DIVISOR)
FLOOR_MOD = Op("FloorMod", jnp.mod, elementwise=True, check=_DIVISOR)
TRUNCATE_DIV = Op("TruncateDiv", lambda x, y: lax.div(*jnp.broadcast_arrays(x, y)), elementwise=True, check=_DIVISOR)
TRUNCATE_MOD = Op("TruncateMod", lambda x, y: lax.rem(*jnp.broadcast_arrays(x, y)), elementwise=True, check=_DIVISOR)


def floordiv(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Divides and rounds down, as Python's ``//``.

    Raises:
        InvalidArgumentError: If an integer is divided by zero (`floormod` and the truncating ones too).

    >>> tf.math.floordiv([7, -7], 2).numpy()
    array([ 3, -4], dtype=int32)
    """
    return FLOOR_DIV(*matched_numbers("FloorDiv", REAL, x, y), name=name)


def floormod(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Computes the remainder with the divisor's sign, as Python's ``%``.

    >>> tf.math.floormod([7, -7], 3).numpy()
    array([1, 2], dtype=int32)
    """
    return FLOOR_MOD(*matched_numbers("FloorMod", REAL, x, y), name=name)


def truncatediv(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Divides integers and rounds towards zero, as C does.

    >>> tf.truncatediv([7, -7], 2).numpy()
    array([ 3, -3], dtype=int32)
    """
    return TRUNCATE_DIV(*matched_numbers("TruncateDiv", INTEGER, x, y), name=name)


def truncatemod(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Computes the remainder with the dividend's sign, as C does.

    >>> tf.truncatemod([7, -7], 3).numpy()
    array([ 1, -1], dtype=int32)
    """
    return TRUNCATE_MOD(*matched_numbers("TruncateMod", REAL, x, y), name=name)


# Larger and smaller ----------------------------------------------------------------------------------------------


@jax.custom_jvp
def _larger(x: Any, y: Any) -> Any:
    return jnp.maximum(x, y)


@_larger.defjvp
def _larger_tangent(primals: Any, tangents: Any) -> Any:
    # At a tie the whole gradient goes to the first argument.
    return _larger(*primals), jnp.where(primals[0] >= primals[1], *tangents)


@jax.custom_jvp
def _smaller(x: Any, y: Any) -> Any:
    return jnp.minimum(x, y)


@_smaller.defjvp
def _smaller_tangent(primals: Any, tangents: Any) -> Any:
    return _smaller(*primals), jnp.where(primals[0] <= primals[1], *tangents)


@jax.custom_jvp
def _next_after(x: Any, y: Any) -> Any:
    return jnp.nextafter(x, y)


@_next_after.defjvp
def _next_after_tangent(primals: Any, tangents: Any) -> Any:
    return _next_after(*primals), jnp.broadcast_arrays(tangents[0], primals[1])[0]


MAXIMUM = Op("Maximum", _larger, elementwise=True)
MINIMUM = Op("Minimum", _smaller, elementwise=True)
SQUARED_DIFFERENCE = Op("SquaredDifference", lambda x, y: _exact.multiply(x - y, jnp.conj(x - y)), elementwise=True)
NEXT_AFTER = Op("NextAfter", _next_after, elementwise=True)
ATAN2 = Op("Atan2", jnp.arctan2, elementwise=True)


def maximum(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Gives the larger of two elements.

    >>> tf.maximum([1.0, -2.0], 0.0).numpy()
    array([1., 0.], dtype=float32)
    """
    return MAXIMUM(*matched_numbers("Maximum", REAL, x, y), name=name)


def minimum(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Gives the smaller of two elements.

    >>> tf.minimum([1.0, -2.0], 0.0).numpy()
    array([ 0., -2.], dtype=float32)
    """
    return MINIMUM(*matched_numbers("Minimum", REAL, x, y), name=name)


def squared_difference(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Computes ``conj(x - y) * (x - y)``.

    >>> tf.math.squared_difference([1, 5], 3).numpy()
    array([4, 4], dtype=int32)
    """
    return SQUARED_DIFFERENCE(*matched_numbers("SquaredDifference", NUMBER, x, y), name=name)


def nextafter(x1: Any, x2: Any, name: str | None = None) -> Tensor:
    """Gives the next representable number after `x1` towards `x2`: in float32 unless one of them is a tensor.

    >>> bool(tf.math.nextafter(tf.constant(1.0, tf.float64), 2.0) > 1.0)
    True
    """
    if not isinstance(x1, Tensor | Variable) and not isinstance(x2, Tensor | Variable):
        x1 = convert_to_tensor(x1, dtype_hint=dtypes.float32)
    return NEXT_AFTER(*matched_numbers("NextAfter", FLOATING, x1, x2), name=name)


def atan2(y: Any, x: Any, name: str | None = None) -> Tensor:
    """Computes the angle of the point ``(x, y)``, in -pi..pi.

    >>> tf.math.atan2([1.0], [1.0]).numpy()
    array([0.7853982], dtype=float32)
    """
    return ATAN2(*matched_numbers("Atan2", FLOATING, y, x), name=name)


# Powers, and quotients and products that are defined at zero -----------------------------------------------------


@jax.custom_jvp
def _power(x: Any, y: Any) -> Any:
    return jnp.power(x, y)


@_power.defjvp
def _power_tangent(primals: Any, tangents: Any) -> Any:
    x, y = primals
    dx, dy = tangents
    z = _power(x, y)
    positive = x != 0 if jnp.iscomplexobj(x) else x > 0
    log_x = jnp.where(positive, jnp.log(jnp.where(positive, x, 1)), 0)
    return z, dx * (y * _power(x, y - 1)) + dy * (z * log_x)


@jax.custom_jvp
def _div_no_nan(x: Any, y: Any) -> Any:
    return jnp.where(y == 0, jnp.zeros_like(x), x / jnp.where(y == 0, jnp.ones_like(y), y))


@_div_no_nan.defjvp
def _div_no_nan_tangent(primals: Any, tangents: Any) -> Any:
    x, y = primals
    dx, dy = tangents
    return _div_no_nan(x, y), _div_no_nan(dx, y) + dy * _div_no_nan(_div_no_nan(-x, y), y)


@jax.custom_jvp
def _mul_no_nan(x: Any, y: Any) -> Any:
    return jnp.where(y == 0, jnp.zeros_like(x * y), x * y)


@_mul_no_nan.defjvp
def _mul_no_nan_tangent(primals: Any, tangents: Any) -> Any:
    x, y = primals
    dx, dy = tangents
    return _mul_no_nan(x, y), zero_wins(*jnp.broadcast_arrays(y, dx)) + zero_wins(*jnp.broadcast_arrays(dy, x))


def _zero_safe(function: Any, by_x: Any, by_y: Any) -> Any:
    """``function(x, y)`` that is 0 wherever x is 0, and so are its derivatives `by_x` and `by_y`."""

    @jax.custom_jvp
    def safe(x: Any, y: Any) -> Any:
        x, y = jnp.broadcast_arrays(x, y)
        return jnp.where(x == 0, jnp.zeros_like(x), function(x, y))

    @safe.defjvp
    def tangent(primals: Any, tangents: Any) -> Any:
        x, y = jnp.broadcast_arrays(*primals)
        dx, dy = tangents
        zero = x == 0
        slope_x = jnp.where(zero, jnp.zeros_like(x), by_x(x, y))
        return safe(x, y), dx * slope_x + dy * jnp.where(zero, jnp.zeros_like(x), by_y(x, y))

    return safe


_EXPONENT = none_of(
    lambda y: y < 0 if np.issubdtype(y.dtype, np.signedinteger) else None,
    "Integers to negative integer powers are not allowed",
    name="y",
    of_integers=True,
)
POW = Op("Pow", _power, elementwise=True, check=_EXPONENT)
DIV_NO_NAN = Op("DivNoNan", _div_no_nan, elementwise=True)
MUL_NO_NAN = Op("MulNoNan", _mul_no_nan, elementwise=True)
XLOGY = Op(
    "Xlogy", _zero_safe(lambda x, y: x * jnp.log(y), lambda x, y: jnp.log(y), lambda x, y: x / y), elementwise=True
)
XLOG1PY = Op(
    "Xlog1py",
    _zero_safe(lambda x, y: x * jnp.log1p(y), lambda x, y: jnp.log1p(y), lambda x, y: x / (1 + y)),
    elementwise=True,
)
XDIVY = Op("Xdivy", _zero_safe(lambda x, y: x / y, lambda x, y: 1 / y, lambda x, y: -x / (y * y)), elementwise=True)


def pow(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Computes ``x`` to the power ``y``.

    Raises:
        InvalidArgumentError: If an integer has a negative integer exponent.

    >>> tf.pow([2.0, 3.0], 2.0).numpy()
    array([4., 9.], dtype=float32)
    """
    return POW(*matched_numbers("Pow", NUMBER, x, y), name=name)


def divide_no_nan(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Divides elementwise; the result is 0 where the divisor is.

    >>> tf.math.divide_no_nan([1.0, 2.0], [2.0, 0.0]).numpy()
    array([0.5, 0. ], dtype=float32)
    """
    return DIV_NO_NAN(*matched_numbers("DivNoNan", INEXACT, x, y), name=name)


def multiply_no_nan(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Multiplies elementwise; the result is 0 where `y` is, whatever `x` is.

    >>> tf.math.multiply_no_nan([float("nan"), 2.0], [0.0, 3.0]).numpy()
    array([0., 6.], dtype=float32)
    """
    return MUL_NO_NAN(*matched_numbers("MulNoNan", INEXACT, x, y), name=name)


def xlogy(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Computes ``x * log(y)``, and 0 where `x` is 0.

    >>> tf.math.xlogy([0.0, 1.0], [0.0, 1.0]).numpy()
    array([0., 0.], dtype=float32)
    """
    return XLOGY(*matched_numbers("Xlogy", INEXACT, x, y), name=name)


def xlog1py(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Computes ``x * log1p(y)``, and 0 where `x` is 0.

    >>> tf.math.xlog1py([0.0, 1.0], [-1.0, 0.0]).numpy()
    array([0., 0.], dtype=float32)
    """
    return XLOG1PY(*matched_numbers("Xlog1py", INEXACT, x, y), name=name)


def xdivy(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Computes ``x / y``, and 0 where `x` is 0.

    >>> tf.math.xdivy([0.0, 1.0], [0.0, 2.0]).numpy()
    array([0. , 0.5], dtype=float32)
    """
    return XDIVY(*matched_numbers("Xdivy", INEXACT, x, y), name=name)


def reciprocal_no_nan(x: Any, name: str | None = None) -> Tensor:
    """Computes ``1 / x``, and 0 where `x` is 0.

    >>> tf.math.reciprocal_no_nan([2.0, 0.0]).numpy()
    array([0.5, 0. ], dtype=float32)
    """
    x = convert_to_tensor(x)
    return divide_no_nan(convert_to_tensor(1, dtype=x.dtype), x, name=name)


def scalar_mul(scalar: Any, x: Any, name: str | None = None) -> Tensor:
    """Multiplies a tensor by a scalar.

    Args:
        scalar: A number or a 0-D tensor; it takes the dtype of `x`.
        x: A tensor.
        name: A name for the operation.

    Raises:
        ValueError: If `scalar` is not 0-D.

    >>> tf.math.scalar_mul(2, [1.0, 3.0]).numpy()
    array([2., 6.], dtype=float32)
    """
    x = convert_to_tensor(x)
    scalar = convert_to_tensor(scalar, dtype=x.dtype)
    if scalar.shape.rank not in (0, None):
        raise ValueError(f"Only scalar multiply works, expected a 0-D scalar, received shape {scalar.shape}.")
    return multiply(scalar, x, name=name)


def complex(real: Any, imag: Any, name: str | None = None) -> Tensor:
    """Makes complex numbers of their parts.

    Args:
        real: The real parts, float32 or float64.
        imag: The imaginary parts, of the same dtype.
        name: A name for the operation.

    Returns:
        complex64 for float32 parts, complex128 for float64.

    >>> tf.complex([1.0], [2.0]).numpy()
    array([1.+2.j], dtype=complex64)
    """
    x, y = matched(real, imag)
    if x.dtype not in (dtypes.float32, dtypes.float64) or y.dtype is not x.dtype:
        raise TypeError(
            f"The parts of a complex number must both be float32 or both float64, received {x.dtype.name} and "
            f"{y.dtype.name}. Use tf.cast."
        )
    return COMPLEX(x, y, name=name)


COMPLEX = Op("Complex", lambda x, y: lax.complex(*jnp.broadcast_arrays(x, y)), elementwise=True)
