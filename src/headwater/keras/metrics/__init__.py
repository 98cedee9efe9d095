"""`keras.metrics`: what is reported while training and evaluating."""

from __future__ import annotations

from typing import Any

from headwater.keras._lookup import resolve, table_of
from headwater.keras._serialization import deserialize_keras_object as deserialize
from headwater.keras._serialization import serialize_keras_object as serialize
from headwater.keras.losses import (
    binary_crossentropy,
    categorical_crossentropy,
    hinge,
    kl_divergence,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
    sparse_categorical_crossentropy,
    squared_hinge,
)
from headwater.keras.metrics._accuracy import (
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
    binary_accuracy,
    categorical_accuracy,
    sparse_categorical_accuracy,
    sparse_top_k_categorical_accuracy,
    top_k_categorical_accuracy,
)
from headwater.keras.metrics._base import Metric
from headwater.keras.metrics._confusion import AUC, Precision, Recall
from headwater.keras.metrics._errors import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    CategoricalHinge,
    CosineSimilarity,
    Hinge,
    KLDivergence,
    LogCoshError,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    RootMeanSquaredError,
    SparseCategoricalCrossentropy,
    SquaredHinge,
)
from headwater.keras.metrics._reductions import Mean, MeanMetricWrapper, Sum

mse = MSE = mean_squared_error
mae = MAE = mean_absolute_error
mape = MAPE = mean_absolute_percentage_error
msle = MSLE = mean_squared_logarithmic_error

_CLASSES = (
    AUC, Accuracy, BinaryAccuracy, BinaryCrossentropy, CategoricalAccuracy, CategoricalCrossentropy, CategoricalHinge,
    CosineSimilarity, Hinge, KLDivergence, LogCoshError, Mean, MeanAbsoluteError, MeanAbsolutePercentageError,
    MeanSquaredError, MeanSquaredLogarithmicError, Poisson, Precision, Recall, RootMeanSquaredError,
    SparseCategoricalAccuracy, SparseCategoricalCrossentropy, SparseTopKCategoricalAccuracy, SquaredHinge, Sum,
    TopKCategoricalAccuracy,
)  # fmt: skip

__all__ = [
    *[cls.__name__ for cls in _CLASSES], "MAE", "MAPE", "MSE", "MSLE", "MeanMetricWrapper", "Metric",
    "binary_accuracy", "binary_crossentropy", "categorical_accuracy", "categorical_crossentropy", "deserialize", "get",
    "hinge", "kl_divergence", "mae", "mape", "mean_absolute_error", "mean_absolute_percentage_error",
    "mean_squared_error", "mean_squared_logarithmic_error", "mse", "msle", "poisson", "serialize",
    "sparse_categorical_accuracy", "sparse_categorical_crossentropy", "sparse_top_k_categorical_accuracy",
    "squared_hinge", "top_k_categorical_accuracy",
]  # fmt: skip

_TABLE = table_of(
    *_CLASSES,
    mse=MeanSquaredError, MSE=MeanSquaredError, mae=MeanAbsoluteError, MAE=MeanAbsoluteError,
    mape=MeanAbsolutePercentageError, MAPE=MeanAbsolutePercentageError, msle=MeanSquaredLogarithmicError,
    MSLE=MeanSquaredLogarithmicError, bce=BinaryCrossentropy, logcosh=LogCoshError, rmse=RootMeanSquaredError,
)  # fmt: skip


def get(identifier: Any) -> Any:
    """The metric that a name, config, class or callable stands for; None stays None."""
    return resolve(identifier, _TABLE, "metric")
