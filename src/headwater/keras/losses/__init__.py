"""`keras.losses`: how far predictions are from the truth, to be made small.

Functions give one value per sample; classes reduce those to a scalar.
"""

from __future__ import annotations

from typing import Any

from headwater.keras._lookup import described, resolve
from headwater.keras._serialization import serialize_keras_object as serialize
from headwater.keras._state import snake_case
from headwater.keras.losses import _base
from headwater.keras.losses._base import Loss, Reduction
from headwater.keras.losses._classes import (
    BinaryCrossentropy,
    BinaryFocalCrossentropy,
    CategoricalCrossentropy,
    CategoricalHinge,
    CosineSimilarity,
    Hinge,
    Huber,
    KLDivergence,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    SparseCategoricalCrossentropy,
    SquaredHinge,
)
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
from headwater.keras.losses._regions import (
    CategoricalFocalCrossentropy,
    CategoricalGeneralizedCrossEntropy,
    Dice,
    Tversky,
    categorical_focal_crossentropy,
    categorical_generalized_cross_entropy,
    dice,
    tversky,
)
from headwater.keras.losses._sequences import CTC, ctc

__all__ = [
    "CTC",
    "KLD",
    "MAE",
    "MAPE",
    "MSE",
    "MSLE",
    "BinaryCrossentropy",
    "BinaryFocalCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
    "CategoricalGeneralizedCrossEntropy",
    "CategoricalHinge",
    "CosineSimilarity",
    "Dice",
    "Hinge",
    "Huber",
    "KLDivergence",
    "LogCosh",
    "Loss",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "Reduction",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "Tversky",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_generalized_cross_entropy",
    "categorical_hinge",
    "cosine_similarity",
    "ctc",
    "deserialize",
    "dice",
    "get",
    "hinge",
    "huber",
    "kl_divergence",
    "kld",
    "kullback_leibler_divergence",
    "log_cosh",
    "logcosh",
    "mae",
    "mape",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "mse",
    "msle",
    "poisson",
    "serialize",
    "sparse_categorical_crossentropy",
    "squared_hinge",
    "tversky",
]  # fmt: skip

mse = MSE = mean_squared_error
mae = MAE = mean_absolute_error
mape = MAPE = mean_absolute_percentage_error
msle = MSLE = mean_squared_logarithmic_error
kld = KLD = kullback_leibler_divergence = kl_divergence
bce = BCE = binary_crossentropy
logcosh = log_cosh

_FUNCTIONS: list[Any] = [
    mean_squared_error, mean_absolute_error, mean_absolute_percentage_error, mean_squared_logarithmic_error, hinge,
    squared_hinge, categorical_hinge, huber, log_cosh, kl_divergence, poisson, cosine_similarity,
    categorical_crossentropy, sparse_categorical_crossentropy, binary_crossentropy, binary_focal_crossentropy,
    categorical_focal_crossentropy, categorical_generalized_cross_entropy, ctc, dice, tversky,
]  # fmt: skip
_CLASSES: list[Any] = [
    MeanSquaredError, MeanAbsoluteError, MeanAbsolutePercentageError, MeanSquaredLogarithmicError, Hinge, SquaredHinge,
    CategoricalHinge, Huber, LogCosh, KLDivergence, Poisson, CosineSimilarity, CategoricalCrossentropy,
    SparseCategoricalCrossentropy, BinaryCrossentropy, BinaryFocalCrossentropy, CategoricalFocalCrossentropy,
    CategoricalGeneralizedCrossEntropy, CTC, Dice, Tversky,
]  # fmt: skip
for _function in _FUNCTIONS:
    _function._keras_name = True
_TABLE: dict[str, Any] = {f.__name__: f for f in _FUNCTIONS} | {c.__name__: c for c in _CLASSES}
_TABLE |= {"mse": mse, "mae": mae, "mape": mape, "msle": msle, "kld": kld, "bce": bce, "logcosh": log_cosh}
_TABLE |= {"MSE": mse, "MAE": mae, "MAPE": mape, "MSLE": msle, "KLD": kld, "BCE": bce, "huber_loss": huber}


def get(identifier: Any) -> Any:
    """The loss that a name, config, class or callable stands for; None stays None."""
    return resolve(identifier, _TABLE, "loss")


def deserialize(name: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The loss or function that `serialize` described, or that has this name."""
    return described(name, _TABLE, "loss", custom_objects)


def as_loss(identifier: Any) -> Any:
    """A `Loss` for what `compile` was given: a name, function or loss."""
    loss = get(identifier)
    if loss is None or isinstance(loss, Loss):
        return loss
    name = identifier if isinstance(identifier, str) else getattr(loss, "__name__", snake_case(type(loss).__name__))
    return _base.LossFunctionWrapper(loss, name=name)
