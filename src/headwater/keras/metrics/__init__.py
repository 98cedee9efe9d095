"""`keras.metrics`: what is reported while training and evaluating."""

from __future__ import annotations

from typing import Any

from headwater.keras._lookup import described, resolve, table_of
from headwater.keras._serialization import serialize_keras_object as serialize
from headwater.keras.losses import (
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_hinge,
    hinge,
    huber,
    kl_divergence,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
    sparse_categorical_crossentropy,
    squared_hinge,
)
from headwater.keras.losses import log_cosh as logcosh
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
from headwater.keras.metrics._confusion import (
    FalseNegatives,
    FalsePositives,
    Precision,
    Recall,
    TrueNegatives,
    TruePositives,
)
from headwater.keras.metrics._curves import (
    AUC,
    PrecisionAtRecall,
    RecallAtPrecision,
    SensitivityAtSpecificity,
    SpecificityAtSensitivity,
)
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
from headwater.keras.metrics._overlap import BinaryIoU, IoU, MeanIoU, OneHotIoU, OneHotMeanIoU
from headwater.keras.metrics._reductions import Mean, MeanMetricWrapper, Sum
from headwater.keras.metrics._scores import (
    ConcordanceCorrelation,
    F1Score,
    FBetaScore,
    PearsonCorrelation,
    R2Score,
    concordance_correlation,
    pearson_correlation,
)

mse = MSE = mean_squared_error
mae = MAE = mean_absolute_error
mape = MAPE = mean_absolute_percentage_error
msle = MSLE = mean_squared_logarithmic_error
kld = KLD = kullback_leibler_divergence = kl_divergence

_CLASSES = (
    AUC, Accuracy, BinaryAccuracy, BinaryCrossentropy, BinaryIoU, CategoricalAccuracy, CategoricalCrossentropy,
    CategoricalHinge, ConcordanceCorrelation, CosineSimilarity, F1Score, FBetaScore, FalseNegatives, FalsePositives,
    Hinge, IoU, KLDivergence, LogCoshError, Mean, MeanAbsoluteError, MeanAbsolutePercentageError, MeanIoU,
    MeanSquaredError, MeanSquaredLogarithmicError, OneHotIoU, OneHotMeanIoU, PearsonCorrelation, Poisson, Precision,
    PrecisionAtRecall, R2Score, Recall, RecallAtPrecision, RootMeanSquaredError, SensitivityAtSpecificity,
    SparseCategoricalAccuracy, SparseCategoricalCrossentropy, SparseTopKCategoricalAccuracy,
    SpecificityAtSensitivity, SquaredHinge, Sum, TopKCategoricalAccuracy, TrueNegatives, TruePositives,
)  # fmt: skip

__all__ = [
    *[cls.__name__ for cls in _CLASSES], "KLD", "MAE", "MAPE", "MSE", "MSLE", "MeanMetricWrapper", "Metric",
    "binary_accuracy", "binary_crossentropy", "binary_focal_crossentropy", "categorical_accuracy",
    "categorical_crossentropy", "categorical_hinge", "concordance_correlation", "deserialize", "get", "hinge", "huber",
    "kl_divergence", "kld", "kullback_leibler_divergence", "logcosh", "mae", "mape", "mean_absolute_error",
    "mean_absolute_percentage_error", "mean_squared_error", "mean_squared_logarithmic_error", "mse", "msle",
    "pearson_correlation", "poisson", "serialize",
    "sparse_categorical_accuracy", "sparse_categorical_crossentropy", "sparse_top_k_categorical_accuracy",
    "squared_hinge", "top_k_categorical_accuracy",
]  # fmt: skip

_UP = (
    AUC, Accuracy, BinaryAccuracy, BinaryIoU, CategoricalAccuracy, ConcordanceCorrelation, CosineSimilarity, F1Score,
    FBetaScore, IoU, MeanIoU, OneHotIoU, OneHotMeanIoU, PearsonCorrelation, Precision, PrecisionAtRecall, R2Score,
    Recall, RecallAtPrecision, SensitivityAtSpecificity, SparseCategoricalAccuracy, SparseTopKCategoricalAccuracy,
    SpecificityAtSensitivity, TopKCategoricalAccuracy, TrueNegatives, TruePositives,
)  # fmt: skip
for _class in _CLASSES:
    if _class not in (Mean, Sum):
        _class._direction = "up" if _class in _UP else "down"

_TABLE = table_of(
    *_CLASSES,
    mse=MeanSquaredError, MSE=MeanSquaredError, mae=MeanAbsoluteError, MAE=MeanAbsoluteError,
    mape=MeanAbsolutePercentageError, MAPE=MeanAbsolutePercentageError, msle=MeanSquaredLogarithmicError,
    MSLE=MeanSquaredLogarithmicError, bce=BinaryCrossentropy, BCE=BinaryCrossentropy,
    kld=KLDivergence, KLD=KLDivergence, logcosh=LogCoshError, rmse=RootMeanSquaredError,
)  # fmt: skip


def get(identifier: Any) -> Any:
    """The metric that a name, config, class or callable stands for; None stays None."""
    return resolve(identifier, _TABLE, "metric")


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The metric or function that `serialize` described, or that has this name."""
    return described(config, _TABLE, "metric", custom_objects)
