"""Functions that `tf.math` and `tf.nn` share: softmax and its kin, and normalization."""

from __future__ import annotations

from typing import Any

import jax

from headwater.core.op import Op, op
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.ops._arithmetic import maximum, multiply
from headwater.ops._cast import cast
from headwater.ops._common import single_axis
from headwater.ops._elementwise import abs, negative, rsqrt, square
from headwater.ops._inputs import FLOATING, tensor_of
from headwater.ops._reduce import reduce_sum

SOFTPLUS = Op("Softplus", jax.nn.softplus, elementwise=True)
SOFTSIGN = Op("Softsign", jax.nn.soft_sign, elementwise=True)


@op("Softmax")
def SOFTMAX(x: Any, *, axis: int) -> Any:
    return jax.nn.softmax(x, axis)


@op("LogSoftmax")
def LOG_SOFTMAX(x: Any, *, axis: int) -> Any:
    return jax.nn.log_softmax(x, axis)


def softplus(features: Any, name: str | None = None) -> Tensor:
    """Computes ``log(1 + exp(x))``.

    >>> tf.math.softplus([0.0, 100.0]).numpy().round(4)
    array([  0.6931, 100.    ], dtype=float32)
    """
    return SOFTPLUS(tensor_of(features, "Softplus", FLOATING), name=name)


def softsign(features: Any, name: str | None = None) -> Tensor:
    """Computes ``x / (1 + abs(x))``.

    >>> tf.nn.softsign([1.0, -3.0]).numpy()
    array([ 0.5 , -0.75], dtype=float32)
    """
    return SOFTSIGN(tensor_of(features, "Softsign", FLOATING), name=name)


def log_sigmoid(x: Any, name: str | None = None) -> Tensor:
    """Computes ``log(sigmoid(x))`` without overflow.

    >>> tf.math.log_sigmoid([0.0, -100.0]).numpy().round(4)
    array([  -0.6931, -100.    ], dtype=float32)
    """
    return negative(softplus(negative(tensor_of(x, "LogSigmoid", FLOATING))), name=name)


def softmax(logits: Any, axis: Any = None, name: str | None = None) -> Tensor:
    """Computes ``exp(x) / sum(exp(x))`` along an axis.

    Args:
        logits: A tensor of floats.
        axis: The axis; the last by default.
        name: A name for the operation.

    >>> tf.nn.softmax([0.0, 0.0]).numpy()
    array([0.5, 0.5], dtype=float32)
    """
    return SOFTMAX(tensor_of(logits, "Softmax", FLOATING), axis=-1 if axis is None else single_axis(axis), name=name)


def log_softmax(logits: Any, axis: Any = None, name: str | None = None) -> Tensor:
    """Computes ``x - log(sum(exp(x)))`` along an axis.

    >>> tf.nn.log_softmax([0.0, 0.0]).numpy().round(4)
    array([-0.6931, -0.6931], dtype=float32)
    """
    place = -1 if axis is None else single_axis(axis)
    return LOG_SOFTMAX(tensor_of(logits, "LogSoftmax", FLOATING), axis=place, name=name)


def l2_normalize(x: Any, axis: Any = None, epsilon: float = 1e-12, name: str | None = None, dim: Any = None) -> Tensor:
    """Scales to L2 norm 1 along axes: ``x / sqrt(max(sum(x ** 2), epsilon))``.

    Args:
        x: A tensor.
        axis: An axis or several; None means all.
        epsilon: The least sum of squares, so that zeros stay zeros.
        name: A name for the operation.
        dim: The older name of `axis`.

    >>> tf.math.l2_normalize([3.0, 4.0]).numpy()
    array([0.6, 0.8], dtype=float32)
    """
    tensor = convert_to_tensor(x)
    places = dim if axis is None else axis
    if tensor.dtype.is_complex:
        squares = reduce_sum(square(abs(tensor)), places, keepdims=True)
        scale = rsqrt(maximum(squares, epsilon))
        return multiply(tensor, cast(scale, tensor.dtype), name=name)
    scale = rsqrt(maximum(reduce_sum(square(tensor), places, keepdims=True), epsilon))
    return multiply(tensor, scale, name=name)
