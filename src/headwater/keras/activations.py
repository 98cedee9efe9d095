"""`keras.activations`: functions applied to what a layer computes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.keras._floats import as_float
from headwater.keras._lookup import resolve
from headwater.keras._serialization import deserialize_keras_object, serialize_keras_object
from headwater.ops import _sort, array, math, nn

__all__ = [
    "celu", "deserialize", "elu", "exponential", "gelu", "get", "glu", "hard_shrink", "hard_sigmoid", "hard_silu",
    "hard_swish", "hard_tanh", "leaky_relu", "linear", "log_sigmoid", "log_softmax", "mish", "relu", "relu6", "selu",
    "serialize", "sigmoid", "silu", "soft_shrink", "softmax", "softplus", "softsign", "sparse_plus", "sparse_sigmoid",
    "sparsemax", "squareplus", "swish", "tanh", "tanh_shrink", "threshold",
]  # fmt: skip

_TABLE: dict[str, Callable[..., Tensor]] = {}


def _known(function: Any) -> Any:
    function._keras_name = True
    _TABLE[function.__name__] = function
    return function


def _of_floats(function: Any) -> Any:
    """An activation that makes floats of integers and booleans first."""

    @functools.wraps(function)
    def converted(x: Any, *args: Any, **kwargs: Any) -> Tensor:
        return function(as_float(x) if isinstance(x, Tensor | np.ndarray) else x, *args, **kwargs)

    return _known(converted)


@_known
def linear(x: Any) -> Any:
    """`x` itself."""
    return x


@_known
def relu(x: Any, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Tensor:
    """``max(x, 0)``, or with a slope below `threshold` and a cap at `max_value`.

    >>> tf.keras.activations.relu(tf.constant([-2.0, 3.0]))
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([0., 3.], dtype=float32)>
    """
    x = convert_to_tensor(x)
    if threshold == 0.0 and max_value is None:
        return nn.leaky_relu(x, negative_slope) if negative_slope else nn.relu(x)
    below = negative_slope * (x - threshold) if negative_slope else array.zeros_like(x)
    result = array.where(x <= threshold, below, x)  # NaN stays NaN
    return result if max_value is None else math.minimum(result, float(max_value))


@_known
def leaky_relu(x: Any, negative_slope: float = 0.2) -> Tensor:
    """`x`, or `negative_slope` times it where it is negative."""
    return nn.leaky_relu(x, negative_slope)


@_known
def relu6(x: Any) -> Tensor:
    """``min(max(x, 0), 6)``."""
    return nn.relu6(x)


@_of_floats
def softmax(x: Any, axis: Any = -1) -> Tensor:
    """Exponentials that sum to 1 along `axis`, or over several axes together."""
    return nn.softmax(x, axis=axis) if isinstance(axis, int) else math.exp(log_softmax(x, axis))


@_of_floats
def log_softmax(x: Any, axis: Any = -1) -> Tensor:
    """The logarithm of `softmax`."""
    if isinstance(axis, int):
        return nn.log_softmax(x, axis=axis)
    return x - math.reduce_logsumexp(x, axis=list(axis), keepdims=True)


@_of_floats
def elu(x: Any, alpha: float = 1.0) -> Tensor:
    """`x`, or ``alpha * (exp(x) - 1)`` where it is negative (Clevert et al., 2016)."""
    result = nn.elu(x)
    if alpha == 1.0:
        return result
    x = convert_to_tensor(x)
    return result * (math.cast(x > 0.0, x.dtype) * (1.0 - alpha) + alpha)


@_of_floats
def selu(x: Any) -> Tensor:
    """The scaled `elu` that keeps mean and variance (Klambauer et al., 2017)."""
    return nn.selu(x)


@_of_floats
def softplus(x: Any) -> Tensor:
    """``log(exp(x) + 1)``."""
    return math.softplus(x)


@_of_floats
def softsign(x: Any) -> Tensor:
    """``x / (|x| + 1)``."""
    return nn.softsign(x)


@_of_floats
def silu(x: Any) -> Tensor:
    """``x * sigmoid(x)`` (also called swish)."""
    return nn.silu(x)


@_of_floats
def gelu(x: Any, approximate: bool = False) -> Tensor:
    """`x` times the normal distribution's cumulative function at `x` (Hendrycks and Gimpel, 2016)."""
    return nn.gelu(x, approximate)


@_of_floats
def tanh(x: Any) -> Tensor:
    """The hyperbolic tangent."""
    return math.tanh(x)


@_of_floats
def sigmoid(x: Any) -> Tensor:
    """``1 / (1 + exp(-x))``."""
    return math.sigmoid(x)


@_of_floats
def exponential(x: Any) -> Tensor:
    """``exp(x)``."""
    return math.exp(x)


@_of_floats
def hard_sigmoid(x: Any) -> Tensor:
    """``relu6(x + 3) / 6``."""
    return nn.relu6(convert_to_tensor(x) + 3.0) / 6.0


@_of_floats
def hard_silu(x: Any) -> Tensor:
    """``x * hard_sigmoid(x)``."""
    return convert_to_tensor(x) * hard_sigmoid(x)


@_of_floats
def mish(x: Any) -> Tensor:
    """``x * tanh(softplus(x))`` (Misra, 2019)."""
    return convert_to_tensor(x) * math.tanh(math.softplus(x))


@_of_floats
def celu(x: Any, alpha: float = 1.0) -> Tensor:
    """`x`, or ``alpha * (exp(x / alpha) - 1)`` where it is negative (Barron, 2017)."""
    x = convert_to_tensor(x)
    return math.maximum(x, 0.0) + alpha * math.expm1(math.minimum(x, 0.0) / alpha)


@_of_floats
def glu(x: Any, axis: int = -1) -> Tensor:
    """The first half of `x` along an axis times the sigmoid of the second one (Dauphin et al., 2017).

    Raises:
        ValueError: If the axis cannot be halved.

    >>> tf.keras.activations.glu(tf.constant([2.0, 0.0])).numpy()
    array([1.], dtype=float32)
    """
    x = convert_to_tensor(x)
    if x.shape[axis] is not None and x.shape[axis] % 2:
        raise ValueError(f"axis size must be divisible by 2. Received: x.shape={x.shape} with axis={axis}")
    first, second = array.split(x, 2, axis=axis)
    return first * math.sigmoid(second)


@_of_floats
def hard_shrink(x: Any, threshold: float = 0.5) -> Tensor:
    """`x`, or 0 where it is at most `threshold` from 0."""
    x = convert_to_tensor(x)
    return array.where(math.abs(x) > threshold, x, array.zeros_like(x))


@_of_floats
def hard_tanh(x: Any) -> Tensor:
    """``min(max(x, -1), 1)``."""
    return math.clip_by_value(x, -1.0, 1.0)


@_of_floats
def log_sigmoid(x: Any) -> Tensor:
    """``log(1 / (1 + exp(-x)))``.

    >>> tf.keras.activations.log_sigmoid(tf.constant([0.0])).numpy().round(4)
    array([-0.6931], dtype=float32)
    """
    return math.log_sigmoid(x)


@_of_floats
def soft_shrink(x: Any, threshold: float = 0.5) -> Tensor:
    """`x` brought nearer to 0 by `threshold`, or 0 where it is not further off."""
    x = convert_to_tensor(x)
    shrunk = array.where(x > threshold, x - threshold, array.zeros_like(x))
    return array.where(x < -threshold, x + threshold, shrunk)


@_of_floats
def sparse_plus(x: Any) -> Tensor:
    """``(x + 1)² / 4`` between -1 and 1, 0 below and `x` above."""
    x = convert_to_tensor(x)
    return array.where(x >= 1.0, x, math.square(math.maximum(x, -1.0) + 1.0) / 4.0)


@_of_floats
def sparse_sigmoid(x: Any) -> Tensor:
    """``(x + 1) / 2`` between -1 and 1, 0 below and 1 above."""
    return math.clip_by_value((convert_to_tensor(x) + 1.0) / 2.0, 0.0, 1.0)


@_of_floats
def sparsemax(x: Any, axis: int = -1) -> Tensor:
    """The nearest point whose elements along `axis` are not negative and sum to 1 (Martins and Astudillo, 2016).

    >>> tf.keras.activations.sparsemax(tf.constant([0.75, 0.25, -2.0])).numpy()
    array([0.75, 0.25, 0.  ], dtype=float32)
    """
    x = convert_to_tensor(x)
    falling = _sort.sort(x, axis=axis, direction="DESCENDING")
    sums = math.cumsum(falling, axis=axis)
    place = math.cumsum(array.ones_like(x), axis=axis)
    kept = math.cast(1.0 + place * falling > sums, x.dtype)
    count = math.reduce_sum(kept, axis=axis, keepdims=True)
    excess = (math.reduce_sum(kept * falling, axis=axis, keepdims=True) - 1.0) / count
    return math.maximum(x - excess, 0.0)


@_of_floats
def squareplus(x: Any, b: float = 4) -> Tensor:
    """``(x + sqrt(x² + b)) / 2`` (Barron, 2021)."""
    x = convert_to_tensor(x)
    return (x + math.sqrt(math.square(x) + b)) / 2.0


@_of_floats
def tanh_shrink(x: Any) -> Tensor:
    """``x - tanh(x)``."""
    return convert_to_tensor(x) - math.tanh(x)


@_of_floats
def threshold(x: Any, threshold: float, default_value: float) -> Tensor:
    """`x` where it is above `threshold`, else `default_value`."""
    x = convert_to_tensor(x)
    return array.where(x > threshold, x, array.ones_like(x) * default_value)


swish = silu
hard_swish = hard_silu
_TABLE |= {"swish": silu, "hard_swish": hard_silu}


def get(identifier: Any) -> Any:
    """The function that a name, config or callable stands for; None is `linear`."""
    return linear if identifier is None else resolve(identifier, _TABLE, "activation function")


def serialize(activation: Any) -> Any:
    """The name of an activation, or its config."""
    activation = linear if activation is None else activation
    from_table = getattr(activation, "_keras_name", False)
    return activation.__name__ if from_table else serialize_keras_object(activation)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The activation that a name or config describes."""
    return get(deserialize_keras_object(config, custom_objects))
