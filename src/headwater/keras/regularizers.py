"""`keras.regularizers`: penalties on weights, added to the loss."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.keras._floats import as_float
from headwater.keras._lookup import Configurable, resolve, table_of
from headwater.keras._registry import builtin
from headwater.keras._serialization import deserialize_keras_object as deserialize
from headwater.keras._serialization import serialize_keras_object as serialize
from headwater.ops import array, linalg, math

__all__ = ["L1", "L1L2", "L2", "OrthogonalRegularizer", "Regularizer", "deserialize", "get", "l1", "l1_l2", "l2",
           "orthogonal_regularizer", "serialize"]  # fmt: skip


class Regularizer(Configurable):
    """Base of regularizers: subclasses define ``__call__(x)``, a scalar. The base itself penalizes nothing."""

    def __call__(self, x: Any) -> Tensor:
        return convert_to_tensor(0.0)


def _factor(value: Any, name: str) -> float:
    if value is None:
        return 0.0
    if isinstance(value, str | bool) or not isinstance(value, int | float | np.number) or not 0 <= value < float("inf"):
        raise ValueError(
            f"Invalid value for argument `{name}`: expected a non-negative float. Received: {name}={value}"
        )
    return float(value)


@builtin("keras.regularizers")
class L1L2(Regularizer):
    """``l1 * sum(|x|) + l2 * sum(x²)``."""

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        self.l1 = _factor(l1, "l1")
        self.l2 = _factor(l2, "l2")

    def __call__(self, x: Any) -> Tensor:
        x = as_float(x)
        total = array.zeros([], x.dtype)
        if self.l1:
            total = total + self.l1 * math.reduce_sum(math.abs(x))
        if self.l2:
            total = total + self.l2 * math.reduce_sum(math.square(x))
        return total

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1, "l2": self.l2}


@builtin("keras.regularizers")
class L1(Regularizer):
    """``l1 * sum(|x|)``.

    >>> tf.keras.regularizers.L1(0.1)(tf.constant([1.0, -2.0]))
    <tf.Tensor: shape=(), dtype=float32, numpy=0.30000001192092896>
    """

    def __init__(self, l1: float = 0.01) -> None:
        self.l1 = 0.01 if l1 is None else _factor(l1, "l1")

    def __call__(self, x: Any) -> Tensor:
        return self.l1 * math.reduce_sum(math.abs(as_float(x)))

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1}


@builtin("keras.regularizers")
class L2(Regularizer):
    """``l2 * sum(x²)``."""

    def __init__(self, l2: float = 0.01) -> None:
        self.l2 = 0.01 if l2 is None else _factor(l2, "l2")

    def __call__(self, x: Any) -> Tensor:
        return self.l2 * math.reduce_sum(math.square(as_float(x)))

    def get_config(self) -> dict[str, Any]:
        return {"l2": self.l2}


@builtin("keras.regularizers")
class OrthogonalRegularizer(Regularizer):
    """Penalizes the mean absolute cosine between different rows (or columns) of a matrix."""

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        if mode not in ("rows", "columns"):
            raise ValueError(f"Invalid value for argument `mode`: expected 'rows' or 'columns'. Received: mode={mode}")
        self.factor = _factor(factor, "factor")
        self.mode = mode

    def __call__(self, x: Any) -> Tensor:
        if len(x.shape) != 2:
            raise ValueError(f"Inputs to OrthogonalRegularizer must have rank 2. Received: shape {tuple(x.shape)}")
        x, axis = as_float(x), 1 if self.mode == "rows" else 0
        norms = math.sqrt(math.maximum(math.reduce_sum(math.square(x), axis=axis, keepdims=True), 1e-12))
        unit = x / norms
        rows = self.mode == "rows"
        cosines = linalg.matmul(unit, unit, transpose_a=not rows, transpose_b=rows)
        size = x.shape[1 - axis]
        off_diagonal = math.abs(cosines) * (1.0 - array.constant(_identity(size), cosines.dtype))
        return self.factor * 0.5 * math.reduce_sum(off_diagonal) / (size * (size - 1) / 2)

    def get_config(self) -> dict[str, Any]:
        return {"factor": self.factor, "mode": self.mode}


def _identity(size: int) -> list[list[float]]:
    return [[float(i == j) for j in range(size)] for i in range(size)]


def l1_l2(l1: float = 0.01, l2: float = 0.01) -> L1L2:
    """An `L1L2` with both factors 0.01 by default."""
    return L1L2(l1, l2)


l1 = L1
l2 = L2
orthogonal_regularizer = OrthogonalRegularizer

_TABLE = table_of(L1L2, L1, L2, OrthogonalRegularizer, l1_l2=L1L2)


def get(identifier: Any) -> Any:
    """The regularizer that a name, config, class or callable stands for; None stays None."""
    return resolve(identifier, _TABLE, "regularizer")
