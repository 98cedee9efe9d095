"""Precision, recall and AUC: counts of right and wrong decisions at thresholds."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater.core.tensor import convert_to_tensor
from headwater.keras._registry import builtin
from headwater.keras.metrics._base import Metric, as_float
from headwater.keras.metrics._reductions import pair
from headwater.ops import array, math


class _Counts(Metric):
    """Metrics from weighted counts of decisions, one count per threshold."""

    _kept: tuple[str, ...] = ("tp", "fp", "tn", "fn")

    def __init__(self, thresholds: Any, name: str | None, dtype: Any) -> None:
        super().__init__(name=name, dtype=dtype)
        self._thresholds = np.asarray(thresholds, np.float32).reshape(-1)
        for kind in self._kept:
            setattr(self, f"_{kind}", self.add_variable((len(self._thresholds),), "zeros", name=kind))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Takes a batch into account."""
        y_true, y_pred = pair(y_true, y_pred)
        weight = None
        if sample_weight is not None:
            weight = as_float(sample_weight, self.dtype)
            while weight.shape.rank < y_pred.shape.rank:  # a weight per sample
                weight = array.expand_dims(weight, -1)
            weight = array.reshape(array.broadcast_to(weight, array.shape(y_pred)), [1, -1])
        y_true, y_pred = [array.reshape(math.cast(y, self.dtype), [-1]) for y in (y_true, y_pred)]
        said = math.cast(
            array.expand_dims(y_pred, 0) > array.expand_dims(convert_to_tensor(self._thresholds), 1), self.dtype
        )
        true = array.expand_dims(math.cast(math.cast(y_true, "bool"), self.dtype), 0)
        cells = {
            "tp": said * true, "fp": said * (1.0 - true), "tn": (1.0 - said) * (1.0 - true), "fn": (1.0 - said) * true,
        }  # fmt: skip
        for kind in self._kept:
            count = cells[kind] if weight is None else cells[kind] * weight
            getattr(self, f"_{kind}").assign_add(math.reduce_sum(count, axis=1), read_value=False)

    def _count(self, kind: str) -> Any:
        return convert_to_tensor(getattr(self, f"_{kind}"))

    def _shaped(self, values: Any) -> Any:
        return values[0] if len(self._thresholds) == 1 else values


def _thresholds(value: Any) -> Any:
    value = 0.5 if value is None else value
    if np.any(np.asarray(value) < 0) or np.any(np.asarray(value) > 1):
        raise ValueError(f"Threshold values must be in [0, 1]. Received: {value}")
    return value


@builtin("keras.metrics")
class Precision(_Counts):
    """True positives of all positive predictions.

    >>> metric = tf.keras.metrics.Precision()
    >>> metric.update_state([0, 1, 1, 1], [1, 0, 1, 1])
    >>> metric.result().numpy()
    np.float32(0.6666667)
    """

    _kept = ("tp", "fp")

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(_thresholds(thresholds), name, dtype)
        self.thresholds = thresholds

    def result(self) -> Any:
        return self._shaped(math.divide_no_nan(self._count("tp"), self._count("tp") + self._count("fp")))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "thresholds": self.thresholds}


@builtin("keras.metrics")
class Recall(_Counts):
    """True positives of all samples that are positive."""

    _kept = ("tp", "fn")

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(_thresholds(thresholds), name, dtype)
        self.thresholds = thresholds

    def result(self) -> Any:
        return self._shaped(math.divide_no_nan(self._count("tp"), self._count("tp") + self._count("fn")))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "thresholds": self.thresholds}


@builtin("keras.metrics")
class AUC(_Counts):
    """The area under the ROC curve, from counts at evenly spaced thresholds and the trapezoidal rule.

    Args:
        num_thresholds: How many thresholds.
        curve: ``"ROC"``.
        name: Its name.
        dtype: The dtype of its state.
    """

    def __init__(
        self, num_thresholds: int = 200, curve: str = "ROC", name: str | None = None, dtype: Any = None
    ) -> None:
        if num_thresholds <= 1:
            raise ValueError(f"Argument `num_thresholds` must be > 1. Received: num_thresholds={num_thresholds}")
        if curve != "ROC":
            raise ValueError(f"Invalid `curve` argument: expected 'ROC', received {curve!r}.")
        inner = (np.arange(num_thresholds - 2) + 1) / (num_thresholds - 1)
        super().__init__([-1e-7, *inner, 1 + 1e-7], name, dtype)
        self.num_thresholds = num_thresholds
        self.curve = curve

    def result(self) -> Any:
        recall = math.divide_no_nan(self._count("tp"), self._count("tp") + self._count("fn"))
        fall_out = math.divide_no_nan(self._count("fp"), self._count("fp") + self._count("tn"))
        return math.reduce_sum((fall_out[:-1] - fall_out[1:]) * (recall[:-1] + recall[1:]) / 2.0)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "num_thresholds": self.num_thresholds, "curve": self.curve}
