"""How often predictions are right."""

from __future__ import annotations

from typing import Any

from headwater.core import dtypes
from headwater.core.tensor import convert_to_tensor
from headwater.keras._arguments import Integer, Value, arguments
from headwater.keras._floats import as_float
from headwater.keras._registry import builtin
from headwater.keras._state import floatx
from headwater.keras.metrics._reductions import MeanMetricWrapper, pair
from headwater.ops import array, math


def accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where they are equal, else 0."""
    y_true, y_pred = pair(y_true, y_pred)
    return math.cast(math.equal(y_true, y_pred), floatx())


def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Any:
    """1 where a probability is on the right side of `threshold`, else 0.

    >>> tf.keras.metrics.binary_accuracy([[1.0], [0.0]], [[0.7], [0.6]])
    <tf.Tensor: shape=(2, 1), dtype=float32, numpy=
    array([[1.],
           [0.]], dtype=float32)>
    """
    y_true, y_pred = pair(y_true, as_float(y_pred))
    return math.cast(math.equal(y_true, math.cast(y_pred > threshold, y_true.dtype)), floatx())


def categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where the largest prediction is the one-hot label's class, else 0."""
    found = math.argmax(convert_to_tensor(y_pred), axis=-1, output_type=dtypes.int32)
    wanted = math.argmax(convert_to_tensor(y_true), axis=-1, output_type=dtypes.int32)
    return math.cast(math.equal(wanted, found), floatx())


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where the largest prediction is the label's class, else 0."""
    y_pred, y_true = convert_to_tensor(y_pred), convert_to_tensor(y_true)
    found = math.argmax(y_pred, axis=-1, output_type=dtypes.int32)
    return math.cast(math.equal(math.cast(_classes(y_true, y_pred), dtypes.int32), found), floatx())


def _classes(y_true: Any, y_pred: Any) -> Any:
    """Class numbers without a last axis of size 1."""
    if y_true.shape.rank == y_pred.shape.rank and y_true.shape[-1] == 1:
        return array.squeeze(y_true, axis=-1)
    return y_true


def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Any:
    """1 where the one-hot label's class is among the `k` largest predictions, else 0."""
    return sparse_top_k_categorical_accuracy(math.argmax(convert_to_tensor(y_true), axis=-1), y_pred, k)


def sparse_top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Any:
    """1 where the label's class is among the `k` largest predictions, else 0."""
    y_pred, y_true = convert_to_tensor(y_pred), convert_to_tensor(y_true)
    labels = math.cast(_classes(y_true, y_pred), dtypes.int32)
    return math.cast(math.in_top_k(labels, math.cast(y_pred, dtypes.float32), k), floatx())


@builtin("keras.metrics")
class Accuracy(MeanMetricWrapper):
    """How often predictions equal labels."""

    def __init__(self, name: str = "accuracy", dtype: Any = None) -> None:
        super().__init__(accuracy, name, dtype)


@builtin("keras.metrics")
class BinaryAccuracy(MeanMetricWrapper):
    """How often probabilities are on the right side of `threshold`."""

    @arguments(threshold=Value())
    def __init__(self, name: str = "binary_accuracy", dtype: Any = None, threshold: float = 0.5) -> None:
        super().__init__(binary_accuracy, name, dtype, threshold=threshold)


@builtin("keras.metrics")
class CategoricalAccuracy(MeanMetricWrapper):
    """How often the largest prediction is the one-hot label's class."""

    def __init__(self, name: str = "categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(categorical_accuracy, name, dtype)


@builtin("keras.metrics")
class SparseCategoricalAccuracy(MeanMetricWrapper):
    """How often the largest prediction is the label's class.

    >>> metric = tf.keras.metrics.SparseCategoricalAccuracy()
    >>> metric.update_state([[2], [1]], [[0.1, 0.6, 0.3], [0.05, 0.95, 0.0]])
    >>> metric.result().numpy()
    np.float32(0.5)
    """

    def __init__(self, name: str = "sparse_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(sparse_categorical_accuracy, name, dtype)


@builtin("keras.metrics")
class TopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the one-hot label's class is among the `k` largest predictions."""

    @arguments(k=Integer(1))
    def __init__(self, k: int = 5, name: str = "top_k_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(top_k_categorical_accuracy, name, dtype, k=k)


@builtin("keras.metrics")
class SparseTopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the label's class is among the `k` largest predictions."""

    @arguments(k=Integer(1))
    def __init__(self, k: int = 5, name: str = "sparse_top_k_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(sparse_top_k_categorical_accuracy, name, dtype, k=k)
