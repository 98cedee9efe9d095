"""Areas under curves, and the best of one rate where another is high enough."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from headwater.core.tensor import convert_to_tensor
from headwater.keras._arguments import Flag, arguments
from headwater.keras._registry import builtin
from headwater.keras.metrics._confusion import Counts, as_probabilities
from headwater.ops import array, math

_CURVES = ("ROC", "PR", "PRGAIN")
_SUMMATIONS = {"interpolation": None, "minoring": math.minimum, "majoring": math.maximum}


def _between(count: int) -> list[float]:
    """Evenly spaced numbers between 0 and 1."""
    return [float(x) for x in (np.arange(count - 2) + 1) / (count - 1)]


@builtin("keras.metrics")
class AUC(Counts):
    """The area under a curve, from counts at thresholds.

    Args:
        num_thresholds: How many thresholds, evenly spaced.
        curve: ``"ROC"``, ``"PR"`` or ``"PRGAIN"``.
        summation_method: ``"interpolation"`` (trapezoids; for PR the formula of Davis and Goadrich, 2006),
            ``"minoring"`` or ``"majoring"``.
        name: Its name.
        dtype: The dtype of its state.
        thresholds: The thresholds, in place of `num_thresholds`.
        multi_label: Whether there is an area for each column of the labels, which are then averaged.
        num_labels: How many columns there are; default: as the first batch has.
        label_weights: A weight per column.
        from_logits: Whether predictions are logits.

    >>> metric = tf.keras.metrics.AUC()
    >>> metric.update_state([0, 0, 1, 1], [0.0, 0.5, 0.3, 0.9])
    >>> metric.result().numpy()
    np.float32(0.75)
    """

    @arguments(multi_label=Flag(), from_logits=Flag())
    def __init__(
        self, num_thresholds: int = 200, curve: str = "ROC", summation_method: str = "interpolation",
        name: str | None = None, dtype: Any = None, thresholds: Sequence[float] | None = None,
        multi_label: bool = False, num_labels: int | None = None, label_weights: Any = None,
        from_logits: bool = False,
    ) -> None:  # fmt: skip
        if thresholds is None and num_thresholds <= 1:
            raise ValueError(f"Argument `num_thresholds` must be > 1. Received: num_thresholds={num_thresholds}")
        if num_labels and not multi_label:
            raise ValueError(f"`num_labels` is for `multi_label=True` only. Received: num_labels={num_labels}")
        self.curve = _one_of("curve", str(curve).upper(), _CURVES)
        self.summation_method = _one_of("summation_method", str(summation_method).lower(), tuple(_SUMMATIONS))
        self.multi_label = multi_label
        self.num_labels = num_labels
        self.label_weights = label_weights
        self.from_logits = from_logits
        self._given = thresholds
        inner = _between(num_thresholds) if thresholds is None else sorted(thresholds)
        self.num_thresholds = len(inner) + 2
        super().__init__([-1e-7, *inner, 1 + 1e-7], name, dtype)

    @property
    def thresholds(self) -> list[float]:
        """The thresholds, one below 0 and one above 1 included."""
        return [float(x) for x in self._thresholds]

    def _make_counts(self, labels: tuple[int, ...]) -> None:
        if not self.multi_label:
            super()._make_counts(())
        elif labels or self.num_labels:
            super()._make_counts(labels or (int(self.num_labels),))  # type: ignore[arg-type]

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Takes a batch into account."""
        y_pred = convert_to_tensor(as_probabilities(y_pred, self.from_logits))
        if self.multi_label and not self._variables:
            if y_pred.shape.rank != 2:
                raise ValueError(
                    f"With multi_label=True, expected predictions of shape [samples, labels]. Received: shape "
                    f"{y_pred.shape}."
                )
            self._make_counts((int(y_pred.shape[1]),))
        super().update_state(y_true, y_pred, sample_weight)

    def _count_in(self, y_true: Any, y_pred: Any, weight: Any) -> None:
        if self.multi_label:
            y_true, y_pred, weight = [None if v is None else array.expand_dims(v, 0) for v in (y_true, y_pred, weight)]
            self._add(y_true, y_pred, weight, array.reshape(convert_to_tensor(self._thresholds), [-1, 1, 1]))
            return
        if self.label_weights is not None:
            labels = array.broadcast_to(math.cast(self.label_weights, self.dtype), array.shape(y_pred))
            weight = labels if weight is None else weight * labels
        super()._count_in(y_true, y_pred, weight)

    def result(self) -> Any:
        if self.multi_label and not self._variables:
            return convert_to_tensor(0.0)
        exact = self.curve == "PR" and self.summation_method == "interpolation"
        area = math.reduce_sum(self._pr_parts() if exact else self._parts(), axis=0)
        if not self.multi_label:
            return area
        if self.label_weights is None:
            return math.reduce_mean(area)
        weights = math.cast(self.label_weights, area.dtype)
        return math.divide_no_nan(math.reduce_sum(area * weights), math.reduce_sum(weights))

    def _points(self) -> tuple[Any, Any]:
        """The curve: x and y at each threshold."""
        if self.curve == "ROC":
            return self._share("fp", "tn"), self._share("tp", "fn")
        if self.curve == "PR":
            return self._share("tp", "fn"), self._share("tp", "fp")
        tp, fp, tn, fn = [self._count(kind) for kind in self._kept]
        odds = math.divide_no_nan(tp + fn, tn + fp)
        none = math.equal(tp, 0.0)
        recall = array.where(none, array.zeros_like(tp), 1.0 - odds * math.divide_no_nan(fn, tp))
        precision = array.where(none, array.ones_like(tp), 1.0 - odds * math.divide_no_nan(fp, tp))
        return math.maximum(recall, 0.0), precision

    def _parts(self) -> Any:
        """The area between each threshold and the next."""
        x, y = self._points()
        pick: Any = _SUMMATIONS[self.summation_method]
        height = (y[:-1] + y[1:]) / 2.0 if pick is None else pick(y[:-1], y[1:])
        return (x[:-1] - x[1:]) * height

    def _pr_parts(self) -> Any:
        """The same for precision over recall, with counts between two thresholds on a straight line."""
        tp, positive = self._count("tp"), self._count("tp") + self._count("fp")
        found, said = tp[:-1] - tp[1:], positive[:-1] - positive[1:]
        slope = math.divide_no_nan(found, math.maximum(said, 0.0))
        start = tp[1:] - slope * positive[1:]
        both = math.logical_and(positive[:-1] > 0, positive[1:] > 0)
        ratio = math.divide_no_nan(positive[:-1], math.maximum(positive[1:], 0.0))
        logs = math.log(array.where(both, ratio, array.ones_like(ratio)))
        return math.divide_no_nan(slope * (found + start * logs), tp[1:] + self._count("fn")[1:])

    def get_config(self) -> dict[str, Any]:
        own = {
            "num_thresholds": self.num_thresholds, "curve": self.curve, "summation_method": self.summation_method,
            "multi_label": self.multi_label, "num_labels": self.num_labels, "label_weights": self.label_weights,
            "from_logits": self.from_logits,
        }  # fmt: skip
        if self._given is not None:
            own["thresholds"] = list(self._given)
        return {**super().get_config(), **own}


def _one_of(name: str, value: str, allowed: Sequence[str]) -> str:
    if value not in allowed:
        raise ValueError(f"Invalid `{name}`: expected one of {list(allowed)}. Received: {value!r}")
    return value


class _At(Counts):
    """The highest rate at thresholds where another one is at least a given value."""

    _bound = ""
    _bounded: tuple[str, str] = ("", "")
    _sought: tuple[str, str] = ("", "")

    def __init__(
        self, value: float, num_thresholds: int = 200, class_id: int | None = None, name: str | None = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        if not 0 <= value <= 1:
            raise ValueError(f"Argument `{self._bound}` must be in the range [0, 1]. Received: {self._bound}={value}")
        if num_thresholds <= 0:
            raise ValueError(f"Argument `num_thresholds` must be > 0. Received: num_thresholds={num_thresholds}")
        thresholds = [0.5] if num_thresholds == 1 else [0.0, *_between(num_thresholds), 1.0]
        super().__init__(thresholds, name, dtype, class_id=class_id)
        self.value = value
        self.num_thresholds = num_thresholds

    def result(self) -> Any:
        bounded, sought = self._share(*self._bounded), self._share(*self._sought)
        return math.reduce_max(array.where(bounded >= self.value, sought, array.zeros_like(sought)))

    def get_config(self) -> dict[str, Any]:
        own = {self._bound: self.value, "num_thresholds": self.num_thresholds, "class_id": self.class_id}
        return {**super().get_config(), **own}


_SENSITIVITY, _SPECIFICITY, _PRECISION = ("tp", "fn"), ("tn", "fp"), ("tp", "fp")


@builtin("keras.metrics")
class SensitivityAtSpecificity(_At):
    """The highest sensitivity (recall) where the specificity is at least `specificity`.

    Args:
        specificity: The lowest specificity.
        num_thresholds: How many thresholds are looked at.
        class_id: The only class (place on the last axis) that is looked at.
        name: Its name.
        dtype: The dtype of its state.
    """

    _bound, _bounded, _sought = "specificity", _SPECIFICITY, _SENSITIVITY

    def __init__(self, specificity: float, *args: Any, **kwargs: Any) -> None:
        super().__init__(specificity, *args, **kwargs)


@builtin("keras.metrics")
class SpecificityAtSensitivity(_At):
    """The highest specificity where the sensitivity is at least `sensitivity`."""

    _bound, _bounded, _sought = "sensitivity", _SENSITIVITY, _SPECIFICITY

    def __init__(self, sensitivity: float, *args: Any, **kwargs: Any) -> None:
        super().__init__(sensitivity, *args, **kwargs)


@builtin("keras.metrics")
class PrecisionAtRecall(_At):
    """The highest precision where the recall is at least `recall`."""

    _bound, _bounded, _sought = "recall", _SENSITIVITY, _PRECISION

    def __init__(self, recall: float, *args: Any, **kwargs: Any) -> None:
        super().__init__(recall, *args, **kwargs)


@builtin("keras.metrics")
class RecallAtPrecision(_At):
    """The highest recall where the precision is at least `precision`."""

    _bound, _bounded, _sought = "precision", _PRECISION, _SENSITIVITY

    def __init__(self, precision: float, *args: Any, **kwargs: Any) -> None:
        super().__init__(precision, *args, **kwargs)
