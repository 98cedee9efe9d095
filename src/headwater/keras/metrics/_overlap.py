"""Intersection over union: how well regions of classes cover each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headwater.core.tensor import convert_to_tensor
from headwater.keras._arguments import Integer, Value, arguments
from headwater.keras._registry import builtin
from headwater.keras.metrics._base import Metric
from headwater.ops import array, linalg, math


class _Overlap(Metric):
    """Metrics of how often each class was taken for which: numbers outside the classes do not count.

    Counts are float64, so that they are exact and weights need not be whole numbers.
    """

    def __init__(
        self, num_classes: int, name: str | None, dtype: Any, ignore_class: int | None, sparse_y_true: bool,
        sparse_y_pred: bool, axis: int,
    ) -> None:  # fmt: skip
        super().__init__(name=name, dtype="float64" if dtype is None else dtype)
        self.num_classes = num_classes
        self.ignore_class = ignore_class
        self.sparse_y_true = sparse_y_true
        self.sparse_y_pred = sparse_y_pred
        self.axis = axis
        self.total_cm = self.add_variable((num_classes, num_classes), "zeros", name="total_confusion_matrix")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Takes a batch into account."""
        true, said = self._labels(y_true, self.sparse_y_true), self._labels(y_pred, self.sparse_y_pred)
        weight = math.cast(1.0 if sample_weight is None else sample_weight, self.dtype)
        weight = array.reshape(weight, [-1]) if weight.shape.rank else weight
        counts = array.broadcast_to(weight, array.shape(true))
        known = math.logical_and(self._is_class(true), self._is_class(said))
        if self.ignore_class is not None:
            known = math.logical_and(known, math.not_equal(true, self.ignore_class))
        cell = array.where(known, true * self.num_classes + said, array.zeros_like(true))
        counts = array.where(known, counts, array.zeros_like(counts))
        table = array.scatter_nd(array.expand_dims(cell, 1), counts, [self.num_classes**2])
        self.total_cm.assign_add(array.reshape(table, [self.num_classes] * 2), read_value=False)

    def _labels(self, values: Any, sparse: bool) -> Any:
        """Class numbers, flat."""
        values = convert_to_tensor(values)
        values = values if sparse else math.argmax(values, axis=self.axis)
        return array.reshape(math.cast(values, "int32"), [-1])

    def _is_class(self, labels: Any) -> Any:
        return math.logical_and(labels >= 0, labels < self.num_classes)

    def _mean_over(self, classes: Sequence[int]) -> Any:
        """The mean of intersection over union of those classes that occur."""
        matrix = convert_to_tensor(self.total_cm)
        hit = linalg.diag_part(matrix)
        union = math.reduce_sum(matrix, axis=0) + math.reduce_sum(matrix, axis=1) - hit
        chosen = [array.gather(v, list(classes)) for v in (hit, union)]
        occurs = math.cast(math.not_equal(chosen[1], 0.0), matrix.dtype)
        mean = math.divide_no_nan(math.reduce_sum(math.divide_no_nan(chosen[0], chosen[1])), math.reduce_sum(occurs))
        return math.cast(mean, "float32")

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(), "num_classes": self.num_classes, "ignore_class": self.ignore_class,
            "sparse_y_true": self.sparse_y_true, "sparse_y_pred": self.sparse_y_pred, "axis": self.axis,
        }  # fmt: skip


@builtin("keras.metrics")
class IoU(_Overlap):
    """The mean intersection over union of some classes.

    Args:
        num_classes: How many classes there are.
        target_class_ids: The classes looked at.
        name: Its name.
        dtype: The dtype of its state.
        ignore_class: A label whose samples do not count.
        sparse_y_true: Whether labels are class numbers, else one value per class along `axis`.
        sparse_y_pred: The same for predictions.
        axis: The axis of the classes.

    >>> metric = tf.keras.metrics.IoU(num_classes=2, target_class_ids=[0])
    >>> metric.update_state([0, 0, 1, 1], [0, 1, 0, 1])
    >>> metric.result().numpy().round(4)
    np.float32(0.3333)
    """

    @arguments(num_classes=Integer(1))
    def __init__(
        self, num_classes: int, target_class_ids: Sequence[int], name: str | None = None, dtype: Any = None,
        ignore_class: int | None = None, sparse_y_true: bool = True, sparse_y_pred: bool = True, axis: int = -1,
    ) -> None:  # fmt: skip
        super().__init__(num_classes, name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis)
        if max(target_class_ids) >= num_classes:
            raise ValueError(f"Target class id {max(target_class_ids)} is out of range, which is [0, {num_classes}).")
        self.target_class_ids = list(target_class_ids)

    def result(self) -> Any:
        return self._mean_over(self.target_class_ids)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "target_class_ids": self.target_class_ids}


@builtin("keras.metrics")
class BinaryIoU(IoU):
    """The same for probabilities of one class: those of at least `threshold` are class 1, the others class 0."""

    @arguments(threshold=Value())
    def __init__(
        self, target_class_ids: Sequence[int] = (0, 1), threshold: float = 0.5, name: str | None = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(2, target_class_ids, name, dtype)
        self.threshold = threshold

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Takes a batch into account."""
        super().update_state(y_true, math.cast(y_pred, "float32") >= self.threshold, sample_weight)

    def get_config(self) -> dict[str, Any]:
        base = Metric.get_config(self)
        return {**base, "target_class_ids": self.target_class_ids, "threshold": self.threshold}


@builtin("keras.metrics")
class MeanIoU(_Overlap):
    """The mean intersection over union of all classes that occur. Arguments as for `IoU`."""

    @arguments(num_classes=Integer(1))
    def __init__(
        self, num_classes: int, name: str | None = None, dtype: Any = None, ignore_class: int | None = None,
        sparse_y_true: bool = True, sparse_y_pred: bool = True, axis: int = -1,
    ) -> None:  # fmt: skip
        super().__init__(num_classes, name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis)

    def result(self) -> Any:
        return self._mean_over(range(self.num_classes))


class _OneHot(_Overlap):
    """Labels are one-hot."""

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.pop("sparse_y_true")
        return config


@builtin("keras.metrics")
class OneHotIoU(_OneHot, IoU):
    """`IoU` of one-hot labels."""

    def __init__(
        self, num_classes: int, target_class_ids: Sequence[int], name: str | None = None, dtype: Any = None,
        ignore_class: int | None = None, sparse_y_pred: bool = False, axis: int = -1,
    ) -> None:  # fmt: skip
        IoU.__init__(self, num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis)


@builtin("keras.metrics")
class OneHotMeanIoU(_OneHot, MeanIoU):
    """`MeanIoU` of one-hot labels."""

    def __init__(
        self, num_classes: int, name: str | None = None, dtype: Any = None, ignore_class: int | None = None,
        sparse_y_pred: bool = False, axis: int = -1,
    ) -> None:  # fmt: skip
        MeanIoU.__init__(self, num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis)
