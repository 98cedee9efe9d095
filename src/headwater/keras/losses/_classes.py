"""Losses as classes."""

from __future__ import annotations

from typing import Any

from headwater.keras._arguments import Axes, Flag, Integer, Value, arguments
from headwater.keras._registry import builtin
from headwater.keras.losses._base import Wrapped
from headwater.keras.losses._functions import (
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_hinge,
    cosine_similarity,
    hinge,
    huber,
    kl_divergence,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
    sparse_categorical_crossentropy,
    squared_hinge,
)


@builtin("keras.losses")
class MeanSquaredError(Wrapped):
    """See `mean_squared_error`."""

    _function = staticmethod(mean_squared_error)


@builtin("keras.losses")
class MeanAbsoluteError(Wrapped):
    """See `mean_absolute_error`."""

    _function = staticmethod(mean_absolute_error)


@builtin("keras.losses")
class MeanAbsolutePercentageError(Wrapped):
    """See `mean_absolute_percentage_error`."""

    _function = staticmethod(mean_absolute_percentage_error)


@builtin("keras.losses")
class MeanSquaredLogarithmicError(Wrapped):
    """See `mean_squared_logarithmic_error`."""

    _function = staticmethod(mean_squared_logarithmic_error)


@builtin("keras.losses")
class Hinge(Wrapped):
    """See `hinge`."""

    _function = staticmethod(hinge)


@builtin("keras.losses")
class SquaredHinge(Wrapped):
    """See `squared_hinge`."""

    _function = staticmethod(squared_hinge)


@builtin("keras.losses")
class CategoricalHinge(Wrapped):
    """See `categorical_hinge`."""

    _function = staticmethod(categorical_hinge)


@builtin("keras.losses")
class KLDivergence(Wrapped):
    """See `kl_divergence`."""

    _function = staticmethod(kl_divergence)


@builtin("keras.losses")
class Poisson(Wrapped):
    """See `poisson`."""

    _function = staticmethod(poisson)


@builtin("keras.losses")
class LogCosh(Wrapped):
    """See `log_cosh`."""

    _function = staticmethod(log_cosh)


@builtin("keras.losses")
class Huber(Wrapped):
    """See `huber`."""

    _function = staticmethod(huber)

    @arguments(delta=Value(0))
    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str = "huber_loss",
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype, delta=delta)


@builtin("keras.losses")
class CosineSimilarity(Wrapped):
    """See `cosine_similarity`."""

    _function = staticmethod(cosine_similarity)

    @arguments(axis=Axes())
    def __init__(
        self, axis: int = -1, reduction: str | None = "sum_over_batch_size", name: str = "cosine_similarity",
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(reduction, name, dtype, axis=axis)


@builtin("keras.losses")
class BinaryCrossentropy(Wrapped):
    """See `binary_crossentropy`."""

    _function = staticmethod(binary_crossentropy)

    @arguments(from_logits=Flag(), label_smoothing=Value(0, 1), axis=Axes())
    def __init__(
        self, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1,
        reduction: str | None = "sum_over_batch_size", name: str = "binary_crossentropy", dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(reduction, name, dtype, from_logits=from_logits, label_smoothing=label_smoothing, axis=axis)


@builtin("keras.losses")
class BinaryFocalCrossentropy(Wrapped):
    """See `binary_focal_crossentropy`."""

    _function = staticmethod(binary_focal_crossentropy)

    @arguments(
        apply_class_balancing=Flag(),
        alpha=Value(),
        gamma=Value(),
        from_logits=Flag(),
        label_smoothing=Value(0, 1),
        axis=Axes(),
    )
    def __init__(
        self, apply_class_balancing: bool = False, alpha: float = 0.25, gamma: float = 2.0, from_logits: bool = False,
        label_smoothing: float = 0.0, axis: int = -1, reduction: str | None = "sum_over_batch_size",
        name: str = "binary_focal_crossentropy", dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(
            reduction, name, dtype, apply_class_balancing=apply_class_balancing, alpha=alpha, gamma=gamma,
            from_logits=from_logits, label_smoothing=label_smoothing, axis=axis,
        )  # fmt: skip


@builtin("keras.losses")
class CategoricalCrossentropy(Wrapped):
    """See `categorical_crossentropy`."""

    _function = staticmethod(categorical_crossentropy)

    @arguments(from_logits=Flag(), label_smoothing=Value(0, 1), axis=Axes())
    def __init__(
        self, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1,
        reduction: str | None = "sum_over_batch_size", name: str = "categorical_crossentropy", dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(reduction, name, dtype, from_logits=from_logits, label_smoothing=label_smoothing, axis=axis)


@builtin("keras.losses")
class SparseCategoricalCrossentropy(Wrapped):
    """See `sparse_categorical_crossentropy`."""

    _function = staticmethod(sparse_categorical_crossentropy)

    @arguments(from_logits=Flag(), ignore_class=Integer(optional=True), axis=Axes())
    def __init__(
        self, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1,
        reduction: str | None = "sum_over_batch_size", name: str = "sparse_categorical_crossentropy", dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(reduction, name, dtype, from_logits=from_logits, ignore_class=ignore_class, axis=axis)
