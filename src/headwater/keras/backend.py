"""`keras.backend`: settings of the session, and the functions that older programs compute with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from headwater.core.dtypes import as_dtype
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.core.variable import Variable
from headwater.keras import activations
from headwater.keras._random import SeedGenerator
from headwater.keras._state import (
    clear_session,
    epsilon,
    floatx,
    get_uid,
    image_data_format,
    set_epsilon,
    set_floatx,
    set_image_data_format,
)
from headwater.keras._tensor import KerasTensor
from headwater.ops import array, linalg, math, nn, random

__all__ = [
    "SeedGenerator", "abs", "all", "any", "argmax", "argmin", "backend", "batch_flatten", "batch_get_value",
    "batch_set_value", "cast", "cast_to_floatx", "clear_session", "clip", "concatenate", "constant", "cos",
    "count_params", "cumprod", "cumsum", "dot", "dtype", "elu", "epsilon", "equal", "eval", "exp", "expand_dims", "eye",
    "flatten", "floatx", "gather", "get_uid", "get_value", "greater", "greater_equal", "image_data_format", "int_shape",
    "is_keras_tensor", "is_tensor", "l2_normalize", "less", "less_equal", "log", "max", "maximum", "mean", "min",
    "minimum", "ndim", "not_equal", "one_hot", "ones", "ones_like", "permute_dimensions", "pow", "prod",
    "random_normal", "random_uniform", "relu", "reshape", "round", "set_epsilon", "set_floatx",
    "set_image_data_format", "set_value", "shape", "sigmoid", "sign", "sin", "softmax", "softplus", "softsign", "sqrt",
    "square", "squeeze", "stack", "standardize_dtype", "std", "stop_gradient", "sum", "tanh", "tile", "transpose",
    "truncated_normal", "update", "update_add", "update_sub", "var", "variable", "zeros", "zeros_like",
]  # fmt: skip

# Those that only go by another name here.
abs = math.abs
clip = math.clip_by_value
cos = math.cos
equal = math.equal
exp = math.exp
expand_dims = array.expand_dims
gather = array.gather
greater = math.greater
greater_equal = math.greater_equal
less = math.less
less_equal = math.less_equal
log = math.log
maximum = math.maximum
minimum = math.minimum
not_equal = math.not_equal
one_hot = array.one_hot
permute_dimensions = array.transpose
pow = math.pow
reshape = array.reshape
round = math.round
shape = array.shape
sigmoid = math.sigmoid
sign = math.sign
sin = math.sin
softplus = math.softplus
softsign = nn.softsign
sqrt = math.sqrt
square = math.square
stop_gradient = array.stop_gradient
tanh = math.tanh
tile = array.tile
transpose = array.transpose


def _reduction(name: str, function: Callable[..., Any]) -> Callable[..., Tensor]:
    def reduce(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
        values = convert_to_tensor(x)
        if name in ("all", "any"):
            values = math.cast(values, "bool")
        elif values.dtype.is_bool or (values.dtype.is_integer and name in ("mean", "std", "var")):
            values = math.cast(values, floatx())
        return function(values, axis=axis, keepdims=keepdims)

    reduce.__name__ = reduce.__qualname__ = name
    reduce.__doc__ = f"`tf.{function.__name__}`; of integers and booleans as Keras takes it."
    return reduce


all = _reduction("all", math.reduce_all)
any = _reduction("any", math.reduce_any)
max = _reduction("max", math.reduce_max)
mean = _reduction("mean", math.reduce_mean)
min = _reduction("min", math.reduce_min)
prod = _reduction("prod", math.reduce_prod)
std = _reduction("std", math.reduce_std)
sum = _reduction("sum", math.reduce_sum)
var = _reduction("var", math.reduce_variance)


# Variables -------------------------------------------------------------------------------------------------------


def variable(value: Any, dtype: Any = None, name: str | None = None, constraint: Any = None) -> Variable:
    """A variable of floatx, or of `dtype`."""
    return Variable(np.asarray(value), dtype=dtype or floatx(), name=name, constraint=constraint)


def get_value(x: Any) -> Any:
    """The value of a variable or tensor, as a NumPy array.

    >>> tf.keras.backend.get_value(tf.Variable([1.0, 2.0]))
    array([1., 2.], dtype=float32)
    """
    return x.numpy() if isinstance(x, Tensor | Variable) else x


def batch_get_value(tensors: Sequence[Any]) -> list[Any]:
    """The values of several variables."""
    return [get_value(x) for x in tensors]


def set_value(x: Variable, value: Any) -> None:
    """Sets a variable."""
    x.assign(np.asarray(value).astype(x.dtype.as_numpy_dtype))


def batch_set_value(tuples: Sequence[tuple[Variable, Any]]) -> None:
    """Sets several variables, from pairs of variable and value."""
    for x, value in tuples:
        set_value(x, value)


def update(x: Variable, new_x: Any) -> Any:
    """Sets a variable, and gives it."""
    return x.assign(new_x)


def update_add(x: Variable, increment: Any) -> Any:
    """Adds to a variable, and gives it."""
    return x.assign_add(increment)


def update_sub(x: Variable, decrement: Any) -> Any:
    """Subtracts from a variable, and gives it."""
    return x.assign_sub(decrement)


def eval(x: Any) -> Any:
    """The value of a tensor, as a NumPy array."""
    return get_value(convert_to_tensor(x))


# What tensors are ------------------------------------------------------------------------------------------------


def backend() -> str:
    """``"tensorflow"``: the backend of Keras whose place this takes."""
    return "tensorflow"


def int_shape(x: Any) -> tuple[int | None, ...] | None:
    """The shape as a tuple, None for unknown sizes; None for an unknown rank."""
    return None if x.shape.rank is None else tuple(x.shape)


def ndim(x: Any) -> int | None:
    """The number of axes."""
    return x.shape.rank


def count_params(x: Any) -> int:
    """The number of elements."""
    return int(np.prod(x.shape.as_list()))


def dtype(x: Any) -> str:
    """The dtype's name."""
    return x.dtype.name


def standardize_dtype(dtype: Any) -> str:
    """The name of a dtype; floatx for None."""
    return floatx() if dtype is None else as_dtype(dtype).name


def is_tensor(x: Any) -> bool:
    """Whether it is a tensor."""
    return isinstance(x, Tensor)


def is_keras_tensor(x: Any) -> bool:
    """Whether it is the place of a value in a functional model."""
    return isinstance(x, KerasTensor)


# Making and shaping ----------------------------------------------------------------------------------------------


def cast(x: Any, dtype: Any) -> Tensor:
    """A tensor of another dtype."""
    return math.cast(x, dtype)


def cast_to_floatx(x: Any) -> Any:
    """A tensor, or array, of floatx."""
    return math.cast(x, floatx()) if isinstance(x, Tensor | Variable) else np.asarray(x, dtype=floatx())


def constant(value: Any, dtype: Any = None, shape: Any = None, name: str = "Const") -> Tensor:
    """A constant of floatx, or of `dtype`."""
    return array.constant(value, dtype=dtype or floatx(), shape=shape, name=name)


def zeros(shape: Any, dtype: Any = None, name: str | None = None) -> Variable:
    """A variable of zeros."""
    return Variable(np.zeros(shape), dtype=dtype or floatx(), name=name)


def ones(shape: Any, dtype: Any = None, name: str | None = None) -> Variable:
    """A variable of ones."""
    return Variable(np.ones(shape), dtype=dtype or floatx(), name=name)


def eye(size: int, dtype: Any = None, name: str | None = None) -> Variable:
    """A variable that is an identity matrix."""
    return Variable(np.eye(size), dtype=dtype or floatx(), name=name)


def zeros_like(x: Any, dtype: Any = None, name: str | None = None) -> Tensor:
    """Zeros of the shape of `x`."""
    return array.zeros_like(x, dtype=dtype)


def ones_like(x: Any, dtype: Any = None, name: str | None = None) -> Tensor:
    """Ones of the shape of `x`."""
    return array.ones_like(x, dtype=dtype)


def random_normal(shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None) -> Tensor:
    """Normally distributed numbers."""
    return random.normal(shape, mean, stddev, dtype or floatx(), seed)


def random_uniform(shape: Any, minval: Any = 0.0, maxval: Any = 1.0, dtype: Any = None, seed: Any = None) -> Tensor:
    """Uniformly distributed numbers."""
    return random.uniform(shape, minval, maxval, dtype or floatx(), seed)


def truncated_normal(shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None) -> Tensor:
    """Normally distributed numbers within two standard deviations."""
    return random.truncated_normal(shape, mean, stddev, dtype or floatx(), seed)


def flatten(x: Any) -> Tensor:
    """All elements along one axis."""
    return array.reshape(x, [-1])


def batch_flatten(x: Any) -> Tensor:
    """All axes but the first, as one."""
    return array.reshape(x, [array.shape(x)[0], -1])


def squeeze(x: Any, axis: Any) -> Tensor:
    """Without the axis, whose size is 1."""
    return array.squeeze(x, axis=axis)


def concatenate(tensors: Sequence[Any], axis: int = -1) -> Tensor:
    """Tensors one after another along `axis`."""
    return array.concat(list(tensors), axis=axis)


def stack(x: Sequence[Any], axis: int = 0) -> Tensor:
    """Tensors side by side along an axis of their own."""
    return array.stack(list(x), axis=axis)


# Computing -------------------------------------------------------------------------------------------------------


def dot(x: Any, y: Any) -> Tensor:
    """The matrix product; of the last axis of `x` with the last but one of `y`."""
    x, y = convert_to_tensor(x), convert_to_tensor(y)
    return linalg.tensordot(x, y, [[-1 % x.shape.rank], [-2 % y.shape.rank if y.shape.rank > 1 else 0]])


def argmax(x: Any, axis: int = -1) -> Tensor:
    """The place of the largest element along `axis`."""
    return math.argmax(x, axis)


def argmin(x: Any, axis: int = -1) -> Tensor:
    """The place of the smallest element along `axis`."""
    return math.argmin(x, axis)


def cumsum(x: Any, axis: int = 0) -> Tensor:
    """Sums of the elements so far."""
    return math.cumsum(x, axis=axis)


def cumprod(x: Any, axis: int = 0) -> Tensor:
    """Products of the elements so far."""
    return math.cumprod(x, axis=axis)


def l2_normalize(x: Any, axis: Any = None) -> Tensor:
    """Norms of 1 along `axis`."""
    return nn.l2_normalize(x, axis=axis)


def softmax(x: Any, axis: int = -1) -> Tensor:
    """Exponentials that sum to 1 along `axis`."""
    return nn.softmax(x, axis=axis)


def elu(x: Any, alpha: float = 1.0) -> Tensor:
    """`x`, or ``alpha * (exp(x) - 1)`` where it is negative."""
    x = convert_to_tensor(x)
    return array.where(x > 0.0, x, alpha * math.expm1(x))


def relu(x: Any, alpha: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Tensor:
    """`keras.activations.relu`."""
    return activations.relu(x, negative_slope=alpha, max_value=max_value, threshold=threshold)
