"""Losses of regions and of rare classes: Dice, Tversky, focal cross entropy; and of noisy labels."""

from __future__ import annotations

from typing import Any

from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.keras._arguments import Axes, Flag, Value, arguments
from headwater.keras._floats import as_float
from headwater.keras._registry import builtin
from headwater.keras._state import epsilon
from headwater.keras.losses._base import Wrapped
from headwater.keras.losses._functions import clip_probabilities, equal_pair, float_pair
from headwater.ops import array, math, nn


def categorical_focal_crossentropy(
    y_true: Any, y_pred: Any, alpha: Any = 0.25, gamma: float = 2.0, from_logits: bool = False,
    label_smoothing: float = 0.0, axis: int = -1,
) -> Tensor:  # fmt: skip
    """Cross entropy of one-hot labels weighted by ``alpha * (1 - p) ** gamma`` (Lin et al., 2018)."""
    y_true, y_pred = equal_pair(y_true, y_pred, "categorical_focal_crossentropy")
    if label_smoothing:
        y_true = y_true * (1.0 - label_smoothing) + label_smoothing / y_pred.shape[axis]
    if from_logits:
        y_pred = nn.softmax(y_pred, axis=axis)
    p = clip_probabilities(y_pred / math.reduce_sum(y_pred, axis=axis, keepdims=True))
    weight = math.pow(1.0 - p, gamma) * math.cast(convert_to_tensor(alpha), p.dtype)
    return -math.reduce_sum(weight * y_true * math.log(p), axis=axis)


def dice(y_true: Any, y_pred: Any, axis: Any = None) -> Tensor:
    """1 minus the Dice coefficient: twice the overlap as a part of both sizes, over `axis` (default all)."""
    y_true, y_pred = float_pair(y_true, y_pred)
    both = math.reduce_sum(y_true * y_pred, axis=axis)
    sizes = math.reduce_sum(y_true, axis=axis) + math.reduce_sum(y_pred, axis=axis)
    return 1.0 - 2.0 * both / (sizes + epsilon())


def tversky(y_true: Any, y_pred: Any, alpha: float = 0.5, beta: float = 0.5, axis: Any = None) -> Tensor:
    """1 minus the Tversky index (Salehi et al., 2017): `alpha` weighs what is missed, `beta` what is too much."""
    y_true, y_pred = float_pair(y_true, y_pred)
    both = math.reduce_sum(y_true * y_pred, axis=axis)
    missed = math.reduce_sum(y_true * (1.0 - y_pred), axis=axis)
    extra = math.reduce_sum((1.0 - y_true) * y_pred, axis=axis)
    return 1.0 - both / (both + alpha * missed + beta * extra + epsilon())


def categorical_generalized_cross_entropy(y_true: Any, y_pred: Any, q: float) -> Tensor:
    """``(1 - p ** q) / q`` of the probability of the label's class (Zhang and Sabuncu, 2018)."""
    y_pred = as_float(y_pred)
    labels = array.one_hot(math.cast(convert_to_tensor(y_true), "int32"), array.shape(y_pred)[-1], dtype=y_pred.dtype)
    return (1.0 - math.pow(math.reduce_sum(labels * y_pred, axis=-1), q)) / q


@builtin("keras.losses")
class CategoricalFocalCrossentropy(Wrapped):
    """See `categorical_focal_crossentropy`."""

    _function = staticmethod(categorical_focal_crossentropy)

    @arguments(gamma=Value(), from_logits=Flag(), label_smoothing=Value(0, 1), axis=Axes())
    def __init__(
        self, alpha: Any = 0.25, gamma: float = 2.0, from_logits: bool = False, label_smoothing: float = 0.0,
        axis: int = -1, reduction: str | None = "sum_over_batch_size", name: str = "categorical_focal_crossentropy",
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(
            reduction, name, dtype, alpha=alpha, gamma=gamma, from_logits=from_logits,
            label_smoothing=label_smoothing, axis=axis,
        )  # fmt: skip


@builtin("keras.losses")
class Dice(Wrapped):
    """See `dice`."""

    _function = staticmethod(dice)

    @arguments(axis=Axes(optional=True))
    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "dice", axis: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(reduction, name, dtype, axis=axis)


@builtin("keras.losses")
class Tversky(Wrapped):
    """See `tversky`."""

    _function = staticmethod(tversky)

    @arguments(alpha=Value(), beta=Value(), axis=Axes(optional=True))
    def __init__(
        self, alpha: float = 0.5, beta: float = 0.5, reduction: str | None = "sum_over_batch_size",
        name: str = "tversky", axis: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(reduction, name, dtype, alpha=alpha, beta=beta, axis=axis)


@builtin("keras.losses")
class CategoricalGeneralizedCrossEntropy(Wrapped):
    """See `categorical_generalized_cross_entropy`; labels are class numbers."""

    _function = staticmethod(categorical_generalized_cross_entropy)

    def __init__(
        self, q: float = 0.5, reduction: str | None = "sum_over_batch_size",
        name: str = "categorical_generalized_cross_entropy", dtype: Any = None,
    ) -> None:  # fmt: skip
        if not 0 < q < 1:
            raise ValueError(f"Expected `q` in the interval (0, 1). Received: q={q}")
        super().__init__(reduction, name, dtype, q=q)
