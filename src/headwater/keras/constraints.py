"""`keras.constraints`: what weights are made to satisfy after each update."""

from __future__ import annotations

from typing import Any

from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.keras._floats import as_float
from headwater.keras._lookup import Configurable, resolve, table_of
from headwater.keras._registry import builtin
from headwater.keras._serialization import deserialize_keras_object as deserialize
from headwater.keras._serialization import serialize_keras_object as serialize
from headwater.keras._state import epsilon
from headwater.ops import math

__all__ = ["Constraint", "MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm", "deserialize", "get", "max_norm",
           "min_max_norm", "non_neg", "serialize", "unit_norm"]  # fmt: skip


@builtin("keras.constraints")
class Constraint(Configurable):
    """Base of constraints: subclasses define ``__call__(w)``. The base itself leaves weights as they are."""

    def __call__(self, w: Any) -> Tensor:
        return convert_to_tensor(w)


def _norm(w: Any, axis: Any) -> Any:
    return math.sqrt(math.reduce_sum(math.square(w), axis=axis, keepdims=True))


@builtin("keras.constraints")
class NonNeg(Constraint):
    """Negative weights become 0.

    >>> tf.keras.constraints.NonNeg()(tf.constant([-1.0, 2.0]))
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([0., 2.], dtype=float32)>
    """

    def __call__(self, w: Any) -> Tensor:
        w = convert_to_tensor(w)
        return math.maximum(w, math.cast(0, w.dtype))


@builtin("keras.constraints")
class MaxNorm(Constraint):
    """Norms along `axis` are at most `max_value`."""

    def __init__(self, max_value: float = 2, axis: Any = 0) -> None:
        self.max_value = max_value
        self.axis = axis

    def __call__(self, w: Any) -> Tensor:
        w = as_float(w)
        norms = _norm(w, self.axis)
        wanted = math.minimum(math.maximum(norms, 0.0), float(self.max_value))
        return w * (wanted / (epsilon() + norms))

    def get_config(self) -> dict[str, Any]:
        return {"max_value": self.max_value, "axis": self.axis}


@builtin("keras.constraints")
class UnitNorm(Constraint):
    """Norms along `axis` are 1."""

    def __init__(self, axis: Any = 0) -> None:
        self.axis = axis

    def __call__(self, w: Any) -> Tensor:
        w = as_float(w)
        return w / (epsilon() + _norm(w, self.axis))

    def get_config(self) -> dict[str, Any]:
        return {"axis": self.axis}


@builtin("keras.constraints")
class MinMaxNorm(Constraint):
    """Norms along `axis` move towards ``[min_value, max_value]``, by the fraction `rate`."""

    def __init__(self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Any = 0) -> None:
        self.min_value = min_value
        self.max_value = max_value
        self.rate = rate
        self.axis = axis

    def __call__(self, w: Any) -> Tensor:
        w = as_float(w)
        norms = _norm(w, self.axis)
        clipped = math.minimum(math.maximum(norms, float(self.min_value)), float(self.max_value))
        wanted = self.rate * clipped + (1.0 - self.rate) * norms
        return w * (wanted / (epsilon() + norms))

    def get_config(self) -> dict[str, Any]:
        return {"min_value": self.min_value, "max_value": self.max_value, "rate": self.rate, "axis": self.axis}


non_neg = NonNeg
max_norm = MaxNorm
unit_norm = UnitNorm
min_max_norm = MinMaxNorm

_TABLE = table_of(NonNeg, MaxNorm, UnitNorm, MinMaxNorm, nonneg=NonNeg, maxnorm=MaxNorm, unitnorm=UnitNorm)


def get(identifier: Any) -> Any:
    """The constraint that a name, config, class or callable stands for; None stays None."""
    return resolve(identifier, _TABLE, "constraint")
