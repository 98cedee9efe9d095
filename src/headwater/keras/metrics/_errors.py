"""Means of losses, and the root of the mean squared error."""

from __future__ import annotations

from typing import Any

from headwater.core.tensor import convert_to_tensor
from headwater.keras import losses
from headwater.keras._floats import as_float
from headwater.keras._registry import builtin
from headwater.keras.metrics._reductions import Mean, MeanMetricWrapper, pair
from headwater.ops import math


@builtin("keras.metrics")
class MeanSquaredError(MeanMetricWrapper):
    """The mean of `keras.losses.mean_squared_error`."""

    def __init__(self, name: str = "mean_squared_error", dtype: Any = None) -> None:
        super().__init__(losses.mean_squared_error, name, dtype)


@builtin("keras.metrics")
class RootMeanSquaredError(Mean):
    """The square root of the mean squared error."""

    def __init__(self, name: str = "root_mean_squared_error", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Takes a batch into account."""
        y_true, y_pred = pair(as_float(y_true), as_float(y_pred))
        super().update_state(math.square(y_pred - y_true), sample_weight)

    def result(self) -> Any:
        return math.sqrt(super().result())


@builtin("keras.metrics")
class MeanAbsoluteError(MeanMetricWrapper):
    """The mean of `keras.losses.mean_absolute_error`."""

    def __init__(self, name: str = "mean_absolute_error", dtype: Any = None) -> None:
        super().__init__(losses.mean_absolute_error, name, dtype)


@builtin("keras.metrics")
class MeanAbsolutePercentageError(MeanMetricWrapper):
    """The mean of `keras.losses.mean_absolute_percentage_error`."""

    def __init__(self, name: str = "mean_absolute_percentage_error", dtype: Any = None) -> None:
        super().__init__(losses.mean_absolute_percentage_error, name, dtype)


@builtin("keras.metrics")
class MeanSquaredLogarithmicError(MeanMetricWrapper):
    """The mean of `keras.losses.mean_squared_logarithmic_error`."""

    def __init__(self, name: str = "mean_squared_logarithmic_error", dtype: Any = None) -> None:
        super().__init__(losses.mean_squared_logarithmic_error, name, dtype)


@builtin("keras.metrics")
class LogCoshError(MeanMetricWrapper):
    """The mean of `keras.losses.log_cosh`."""

    def __init__(self, name: str = "logcosh", dtype: Any = None) -> None:
        super().__init__(losses.log_cosh, name, dtype)


@builtin("keras.metrics")
class Hinge(MeanMetricWrapper):
    """The mean of `keras.losses.hinge`."""

    def __init__(self, name: str = "hinge", dtype: Any = None) -> None:
        super().__init__(losses.hinge, name, dtype)


@builtin("keras.metrics")
class SquaredHinge(MeanMetricWrapper):
    """The mean of `keras.losses.squared_hinge`."""

    def __init__(self, name: str = "squared_hinge", dtype: Any = None) -> None:
        super().__init__(losses.squared_hinge, name, dtype)


@builtin("keras.metrics")
class CategoricalHinge(MeanMetricWrapper):
    """The mean of `keras.losses.categorical_hinge`."""

    def __init__(self, name: str = "categorical_hinge", dtype: Any = None) -> None:
        super().__init__(losses.categorical_hinge, name, dtype)


@builtin("keras.metrics")
class KLDivergence(MeanMetricWrapper):
    """The mean of `keras.losses.kl_divergence`."""

    def __init__(self, name: str = "kl_divergence", dtype: Any = None) -> None:
        super().__init__(losses.kl_divergence, name, dtype)


@builtin("keras.metrics")
class Poisson(MeanMetricWrapper):
    """The mean of `keras.losses.poisson`."""

    def __init__(self, name: str = "poisson", dtype: Any = None) -> None:
        super().__init__(losses.poisson, name, dtype)


@builtin("keras.metrics")
class CosineSimilarity(MeanMetricWrapper):
    """The mean cosine of the angle between labels and predictions: 1 for equal directions."""

    def __init__(self, name: str = "cosine_similarity", dtype: Any = None, axis: int = -1) -> None:
        super().__init__(_cosine, name, dtype, axis=axis)


def _cosine(y_true: Any, y_pred: Any, axis: int) -> Any:
    return -convert_to_tensor(losses.cosine_similarity(y_true, y_pred, axis))


@builtin("keras.metrics")
class BinaryCrossentropy(MeanMetricWrapper):
    """The mean of `keras.losses.binary_crossentropy`."""

    def __init__(
        self,
        name: str = "binary_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
    ) -> None:
        super().__init__(
            losses.binary_crossentropy, name, dtype, from_logits=from_logits, label_smoothing=label_smoothing
        )


@builtin("keras.metrics")
class CategoricalCrossentropy(MeanMetricWrapper):
    """The mean of `keras.losses.categorical_crossentropy`."""

    def __init__(
        self, name: str = "categorical_crossentropy", dtype: Any = None, from_logits: bool = False,
        label_smoothing: float = 0, axis: int = -1,
    ) -> None:  # fmt: skip
        super().__init__(
            losses.categorical_crossentropy, name, dtype, from_logits=from_logits, label_smoothing=label_smoothing,
            axis=axis,
        )  # fmt: skip


@builtin("keras.metrics")
class SparseCategoricalCrossentropy(MeanMetricWrapper):
    """The mean of `keras.losses.sparse_categorical_crossentropy`."""

    def __init__(
        self,
        name: str = "sparse_categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(losses.sparse_categorical_crossentropy, name, dtype, from_logits=from_logits, axis=axis)
