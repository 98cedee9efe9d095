"""Counts of right and wrong decisions at thresholds, and what is computed of them: precision, recall."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater.core.tensor import convert_to_tensor
from headwater.keras._arguments import Integer, arguments
from headwater.keras._floats import as_float
from headwater.keras._registry import builtin
from headwater.keras.losses._functions import squeeze_or_expand
from headwater.keras.metrics._base import Metric
from headwater.ops import array, math, nn

_KINDS = {
    "tp": "true_positives", "fp": "false_positives", "tn": "true_negatives", "fn": "false_negatives",
}  # fmt: skip


class Counts(Metric):
    """Metrics from weighted counts of decisions, one count per threshold.

    Args:
        thresholds: Predictions above are positive.
        name: Its name.
        dtype: The dtype of its state.
        top_k: Only the `k` largest predictions of a sample can be positive.
        class_id: The only class (place on the last axis) that is looked at.
    """

    _kept: tuple[str, ...] = ("tp", "fp", "tn", "fn")

    def __init__(
        self, thresholds: Any, name: str | None, dtype: Any, top_k: int | None = None, class_id: int | None = None
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.top_k = top_k
        self.class_id = class_id
        self._thresholds = np.asarray(thresholds, np.float32).reshape(-1)
        self._make_counts(())

    def _make_counts(self, labels: tuple[int, ...]) -> None:
        for kind in self._kept:
            count = self.add_variable((len(self._thresholds), *labels), "zeros", name=_KINDS[kind])
            setattr(self, _KINDS[kind], count)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Takes a batch into account."""
        self._count_in(*self._decisions(y_true, y_pred, sample_weight))

    def _decisions(self, y_true: Any, y_pred: Any, sample_weight: Any) -> tuple[Any, Any, Any]:
        """Truth, predictions and weights of one shape: those classes and predictions that are looked at."""
        y_pred = as_float(y_pred, self.dtype)
        y_true, y_pred = squeeze_or_expand(as_float(y_true, self.dtype), y_pred)
        if self.top_k is not None:
            y_pred = _largest(y_pred, self.top_k)
        if self.class_id is not None:
            y_true, y_pred = [self._of_class(y) for y in (y_true, y_pred)]
        if sample_weight is None:
            return y_true, y_pred, None
        weight = as_float(sample_weight, self.dtype)
        while weight.shape.rank < y_pred.shape.rank:  # a weight per sample
            weight = array.expand_dims(weight, -1)
        return y_true, y_pred, array.broadcast_to(weight, array.shape(y_pred))

    def _of_class(self, values: Any) -> Any:
        if values.shape.rank == 1:
            raise ValueError(
                f"With class_id={self.class_id}, expected values of shape [samples, classes]. Received: "
                f"{values.dtype.name} of shape {values.shape}."
            )
        return values[..., self.class_id : self.class_id + 1]  # type: ignore[operator]

    def _count_in(self, y_true: Any, y_pred: Any, weight: Any) -> None:
        """Counts flat decisions."""
        y_true, y_pred, weight = [None if v is None else array.reshape(v, [1, -1]) for v in (y_true, y_pred, weight)]
        self._add(y_true, y_pred, weight, array.expand_dims(convert_to_tensor(self._thresholds), 1))

    def _add(self, y_true: Any, y_pred: Any, weight: Any, thresholds: Any) -> None:
        """Adds counts of values of shape [1, samples, ...] at thresholds of shape [thresholds, 1, ...]."""
        said = math.cast(y_pred > math.cast(thresholds, y_pred.dtype), self.dtype)
        true = math.cast(math.cast(y_true, "bool"), self.dtype)
        cells = {
            "tp": said * true, "fp": said * (1.0 - true), "tn": (1.0 - said) * (1.0 - true), "fn": (1.0 - said) * true,
        }  # fmt: skip
        for kind in self._kept:
            count = cells[kind] if weight is None else cells[kind] * weight
            getattr(self, _KINDS[kind]).assign_add(math.reduce_sum(count, axis=1), read_value=False)

    def _count(self, kind: str) -> Any:
        return convert_to_tensor(getattr(self, _KINDS[kind]))

    def _share(self, kind: str, rest: str) -> Any:
        """The counts of a kind as a part of it and `rest` together."""
        return math.divide_no_nan(self._count(kind), self._count(kind) + self._count(rest))

    def _shaped(self, values: Any) -> Any:
        return values[0] if len(self._thresholds) == 1 else values


def _largest(values: Any, k: int) -> Any:
    """The `k` largest values of each sample; the others become too low for any threshold."""
    _, places = math.top_k(values, k)
    kept = math.reduce_sum(array.one_hot(places, array.shape(values)[-1], dtype=values.dtype), axis=-2)
    return array.where(kept > 0, values, array.zeros_like(values) - 1e10)


def _thresholds(value: Any, top_k: int | None = None) -> Any:
    if value is None:
        return 0.5 if top_k is None else -1e10
    if np.any(np.asarray(value) < 0) or np.any(np.asarray(value) > 1):
        raise ValueError(f"Threshold values must be in [0, 1]. Received: {value}")
    return value


class _Ratio(Counts):
    """One kind of decision as a part of two."""

    @arguments(top_k=Integer(1, optional=True), class_id=Integer(0, optional=True))
    def __init__(
        self, thresholds: Any = None, top_k: int | None = None, class_id: int | None = None, name: str | None = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(_thresholds(thresholds, top_k), name, dtype, top_k, class_id)
        self.thresholds = thresholds

    def result(self) -> Any:
        return self._shaped(self._share(*self._kept))

    def get_config(self) -> dict[str, Any]:
        own = {"thresholds": self.thresholds, "top_k": self.top_k, "class_id": self.class_id}
        return {**super().get_config(), **own}


@builtin("keras.metrics")
class Precision(_Ratio):
    """True positives of all positive predictions.

    Args:
        thresholds: Predictions above are positive; one number or several. Default 0.5.
        top_k: Only the `k` largest predictions of a sample can be positive; without `thresholds` all of them are.
        class_id: The only class (place on the last axis) that is looked at.
        name: Its name.
        dtype: The dtype of its state.

    >>> metric = tf.keras.metrics.Precision()
    >>> metric.update_state([0, 1, 1, 1], [1, 0, 1, 1])
    >>> metric.result().numpy()
    np.float32(0.6666667)
    """

    _kept = ("tp", "fp")


@builtin("keras.metrics")
class Recall(_Ratio):
    """True positives of all samples that are positive. Arguments as for `Precision`."""

    _kept = ("tp", "fn")


class _Number(Counts):
    """How many decisions of one kind there are."""

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(_thresholds(thresholds), name, dtype)
        self.thresholds = thresholds

    def result(self) -> Any:
        return self._shaped(self._count(self._kept[0]))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "thresholds": self.thresholds}


@builtin("keras.metrics")
class TruePositives(_Number):
    """How many positive predictions are right.

    Args:
        thresholds: Predictions above are positive; one number or several. Default 0.5.
        name: Its name.
        dtype: The dtype of its state.

    >>> metric = tf.keras.metrics.TruePositives()
    >>> metric.update_state([0, 1, 1, 1], [1, 0, 1, 1])
    >>> metric.result().numpy()
    np.float32(2.0)
    """

    _kept = ("tp",)


@builtin("keras.metrics")
class FalsePositives(_Number):
    """How many positive predictions are wrong. Arguments as for `TruePositives`."""

    _kept = ("fp",)


@builtin("keras.metrics")
class TrueNegatives(_Number):
    """How many negative predictions are right. Arguments as for `TruePositives`."""

    _kept = ("tn",)


@builtin("keras.metrics")
class FalseNegatives(_Number):
    """How many negative predictions are wrong. Arguments as for `TruePositives`."""

    _kept = ("fn",)


def as_probabilities(y_pred: Any, from_logits: bool) -> Any:
    """Predictions as numbers between 0 and 1."""
    return nn.sigmoid(as_float(y_pred)) if from_logits else y_pred
