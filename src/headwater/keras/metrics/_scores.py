"""Scores of whole columns: F-beta, F1, R²; and correlations of rows."""

from __future__ import annotations

from typing import Any

from headwater.core.tensor import convert_to_tensor
from headwater.keras._floats import as_float
from headwater.keras._registry import builtin
from headwater.keras._state import epsilon
from headwater.keras.losses._functions import pair, squeeze_or_expand
from headwater.keras.metrics._base import Metric
from headwater.keras.metrics._reductions import MeanMetricWrapper
from headwater.ops import array, math

_AVERAGES = (None, "micro", "macro", "weighted")


class _ByColumn(Metric):
    """Metrics with a state per column of the labels, made for the first batch."""

    _names: tuple[str, ...] = ()

    def _make_state(self, shape: tuple[int, ...]) -> None:
        for name in self._names:
            setattr(self, f"_{name}", self.add_variable(shape, "zeros", name=name))

    def _columns(self, y_true: Any, y_pred: Any) -> int:
        """How many columns there are. Raises ValueError unless both are tables."""
        shapes = [y.shape for y in (y_true, y_pred)]
        if any(s.rank != 2 or s[-1] is None for s in shapes):
            raise ValueError(
                f"{type(self).__name__} expects values of shape [samples, columns]. Received: y_true of shape "
                f"{shapes[0]}, y_pred of shape {shapes[1]}. A single column can be added with y[:, None]."
            )
        return int(shapes[1][-1])

    def _add(self, name: str, value: Any) -> None:
        getattr(self, f"_{name}").assign_add(value, read_value=False)

    def _state(self, name: str) -> Any:
        return convert_to_tensor(getattr(self, f"_{name}"))


@builtin("keras.metrics")
class FBetaScore(_ByColumn):
    """The weighted harmonic mean of precision and recall: recall counts ``beta²`` times as much.

    Args:
        average: None for a score per class, ``"micro"`` (all decisions together), ``"macro"`` (the mean of the
            classes) or ``"weighted"`` (the mean by how often classes occur).
        beta: The weight of recall.
        threshold: Predictions above are positive; None: the largest one of each sample.
        name: Its name.
        dtype: The dtype of its state.

    >>> metric = tf.keras.metrics.FBetaScore(beta=2.0, threshold=0.5)
    >>> metric.update_state([[1, 0], [0, 1]], [[0.9, 0.6], [0.2, 0.8]])
    >>> metric.result().numpy().round(3)
    array([1.   , 0.833], dtype=float32)
    """

    _names = ("true_positives", "false_positives", "false_negatives", "intermediate_weights")

    def __init__(
        self, average: str | None = None, beta: float = 1.0, threshold: float | None = None,
        name: str = "fbeta_score", dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(name=name, dtype=dtype)
        if average not in _AVERAGES:
            raise ValueError(f"Invalid `average`: expected one of {_AVERAGES}. Received: average={average!r}")
        if not isinstance(beta, float) or beta <= 0.0:
            raise ValueError(f"Invalid `beta`: expected a Python float > 0. Received: beta={beta!r}")
        if threshold is not None and not (isinstance(threshold, float) and 0.0 < threshold <= 1.0):
            raise ValueError(
                f"Invalid `threshold`: expected a Python float with 0 < threshold <= 1. Received: {threshold!r}"
            )
        self.average = average
        self.beta = beta
        self.threshold = threshold

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Takes a batch into account."""
        y_true, y_pred = as_float(y_true, self.dtype), as_float(y_pred, self.dtype)
        if not self._variables:
            columns = self._columns(y_true, y_pred)
            self._make_state(() if self.average == "micro" else (columns,))
        said = math.cast(self._said(y_pred), self.dtype)
        counts = (said * y_true, said * (1.0 - y_true), (1.0 - said) * y_true, y_true)
        for name, count in zip(self._names, counts, strict=True):
            if sample_weight is not None:
                count = count * array.reshape(as_float(sample_weight, self.dtype), [-1, 1])
            self._add(name, math.reduce_sum(count, axis=None if self.average == "micro" else 0))

    def _said(self, y_pred: Any) -> Any:
        if self.threshold is not None:
            return y_pred > self.threshold
        largest = math.reduce_max(y_pred, axis=-1, keepdims=True)
        return math.logical_and(y_pred >= largest, math.abs(y_pred) > 1e-9)

    def result(self) -> Any:
        if not self._variables:
            return convert_to_tensor(0.0)
        tp, fp, fn, weight = [self._state(name) for name in self._names]
        precision, recall = tp / (tp + fp + epsilon()), tp / (tp + fn + epsilon())
        score = (1 + self.beta**2) * precision * recall / (self.beta**2 * precision + recall + epsilon())
        if self.average == "weighted":
            return math.reduce_sum(score * weight / (math.reduce_sum(weight) + epsilon()))
        return score if self.average is None else math.reduce_mean(score)

    def get_config(self) -> dict[str, Any]:
        own = {"average": self.average, "beta": self.beta, "threshold": self.threshold}
        return {**super().get_config(), **own}


@builtin("keras.metrics")
class F1Score(FBetaScore):
    """The harmonic mean of precision and recall. Arguments as for `FBetaScore`."""

    def __init__(
        self, average: str | None = None, threshold: float | None = None, name: str = "f1_score", dtype: Any = None
    ) -> None:
        super().__init__(average, 1.0, threshold, name, dtype)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.pop("beta")
        return config


@builtin("keras.metrics")
class R2Score(_ByColumn):
    """The coefficient of determination: 1 minus squared errors as a part of the variance.

    Args:
        class_aggregation: ``"uniform_average"``, ``"variance_weighted_average"``, or None for a score per column.
        num_regressors: The number of predictors, for the adjusted score; 0: not adjusted.
        name: Its name.
        dtype: The dtype of its state.

    >>> metric = tf.keras.metrics.R2Score()
    >>> metric.update_state([[1.0], [4.0], [3.0]], [[2.0], [4.0], [4.0]])
    >>> metric.result().numpy().round(4)
    np.float32(0.5714)
    """

    _names = ("squared_sum", "sum", "residual", "count")

    def __init__(
        self, class_aggregation: str | None = "uniform_average", num_regressors: int = 0, name: str = "r2_score",
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(name=name, dtype=dtype)
        if class_aggregation not in (None, "uniform_average", "variance_weighted_average"):
            raise ValueError(
                "Invalid `class_aggregation`: expected None, 'uniform_average' or 'variance_weighted_average'. "
                f"Received: {class_aggregation!r}"
            )
        if num_regressors < 0:
            raise ValueError(f"Expected `num_regressors` >= 0. Received: num_regressors={num_regressors}")
        self.class_aggregation = class_aggregation
        self.num_regressors = num_regressors
        self.num_samples = self.add_variable((), "zeros", name="num_samples")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Takes a batch into account."""
        y_true, y_pred = squeeze_or_expand(as_float(y_true, self.dtype), as_float(y_pred, self.dtype))
        columns = self._columns(y_true, y_pred)
        if len(self._variables) == 1:
            self._make_state((columns,))
        weight = as_float(1.0 if sample_weight is None else sample_weight, self.dtype)
        weight = array.expand_dims(weight, 1) if weight.shape.rank == 1 else weight
        weight = array.broadcast_to(weight, array.shape(y_true))
        parts = (math.square(y_true), y_true, math.square(y_true - y_pred), array.ones_like(y_true))
        for name, part in zip(self._names, parts, strict=True):
            self._add(name, math.reduce_sum(part * weight, axis=0))
        self.num_samples.assign_add(math.cast(array.size(y_true), self.dtype), read_value=False)

    def result(self) -> Any:
        if len(self._variables) == 1:
            return convert_to_tensor(0.0)
        squares, total, residual, count = [self._state(name) for name in self._names]
        variance = squares - total * total / count
        scores = 1.0 - residual / variance
        scores = array.where(math.is_inf(scores), array.zeros_like(scores), scores)
        if self.class_aggregation == "uniform_average":
            scores = math.reduce_mean(scores)
        elif self.class_aggregation is not None:
            scores = math.reduce_sum(variance * scores) / math.reduce_sum(variance)
        return self._adjusted(scores) if self.num_regressors else scores

    def _adjusted(self, score: Any) -> Any:
        """The score corrected for the number of predictors, where there are enough samples."""
        samples = convert_to_tensor(self.num_samples)
        rest = samples - float(self.num_regressors) - 1.0
        adjusted = 1.0 - (1.0 - score) * math.divide_no_nan(samples - 1.0, rest)
        return array.where(rest > 0.0, adjusted, score)

    def get_config(self) -> dict[str, Any]:
        own = {"class_aggregation": self.class_aggregation, "num_regressors": self.num_regressors}
        return {**super().get_config(), **own}


def _centred(values: Any, axis: int) -> Any:
    return values - math.reduce_mean(values, axis=axis, keepdims=True)


def pearson_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Pearson's correlation along `axis`: 1 for values on a rising line.

    >>> tf.keras.metrics.pearson_correlation([[1.0, 2.0, 3.0]], [[2.0, 4.0, 6.0]]).numpy().round(4)
    array([1.], dtype=float32)
    """
    a, b = [_centred(y, axis) for y in pair(y_true, y_pred)]
    a, b = [y / math.reduce_std(y, axis=axis, keepdims=True) for y in (a, b)]
    return math.reduce_mean(a * b, axis=axis)


def concordance_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """How well predictions are on the line ``y_pred == y_true`` (Lin, 1989), as Keras computes it."""
    y_true, y_pred = pair(y_true, y_pred)
    means = [math.reduce_mean(y, axis=axis, keepdims=True) for y in (y_true, y_pred)]
    spread = sum(math.reduce_variance(y, axis=axis, keepdims=True) for y in (y_true, y_pred))
    together = (y_true - means[1]) * (y_pred - means[1])
    return math.reduce_mean(2.0 * together / (spread + math.square(means[0] - means[1]) + epsilon()), axis=axis)


@builtin("keras.metrics")
class PearsonCorrelation(MeanMetricWrapper):
    """The mean of `pearson_correlation`."""

    def __init__(self, name: str = "pearson_correlation", dtype: Any = None, axis: int = -1) -> None:
        super().__init__(pearson_correlation, name, dtype, axis=axis)


@builtin("keras.metrics")
class ConcordanceCorrelation(MeanMetricWrapper):
    """The mean of `concordance_correlation`."""

    def __init__(self, name: str = "concordance_correlation", dtype: Any = None, axis: int = -1) -> None:
        super().__init__(concordance_correlation, name, dtype, axis=axis)
