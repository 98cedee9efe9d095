"""Sums and means of values, and of functions of truth and prediction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.keras._floats import as_float
from headwater.keras._masks import mask_of
from headwater.keras._registry import builtin
from headwater.keras.losses._base import masked_weight
from headwater.keras.losses._functions import squeeze_or_expand
from headwater.keras.metrics._base import Metric
from headwater.ops import array, math


def weighted(values: Any, sample_weight: Any, dtype: str, reduce: Callable[..., Any]) -> tuple[Any, Any]:
    """One value per sample, times its weight; and a weight per sample, or None."""
    mask = mask_of(values)
    values = as_float(values, dtype)
    kept = 1
    weight = None
    if sample_weight is not None:
        weight = masked_weight(as_float(sample_weight, dtype), mask, dtype)
        if weight.shape.rank == (values.shape.rank or 0) + 1 and weight.shape[-1] == 1:
            weight = array.squeeze(weight, axis=-1)
        kept = weight.shape.rank or 0
    rank = values.shape.rank
    if rank is not None and rank > max(kept, 1):
        values = reduce(values, axis=list(range(max(kept, 1), rank)))
    if weight is None:
        return values, None
    weight = array.broadcast_to(weight, array.shape(values))
    return _per_sample(values * weight, reduce), _per_sample(weight, reduce)


def _per_sample(values: Tensor, reduce: Callable[..., Any]) -> Any:
    rank = values.shape.rank or 0
    return values if rank < 2 else reduce(values, axis=list(range(1, rank)))


@builtin("keras.metrics")
class Sum(Metric):
    """The (weighted) sum of all values."""

    def __init__(self, name: str = "sum", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable((), "zeros", name="total")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Adds values."""
        values, _ = weighted(values, sample_weight, self.dtype, math.reduce_sum)
        self.total.assign_add(math.reduce_sum(values), read_value=False)

    def result(self) -> Any:
        return convert_to_tensor(self.total)


@builtin("keras.metrics")
class Mean(Metric):
    """The (weighted) mean of all values.

    >>> metric = tf.keras.metrics.Mean()
    >>> metric.update_state([1.0, 3.0], sample_weight=[1.0, 3.0])
    >>> metric.result().numpy()
    np.float32(2.5)
    """

    def __init__(self, name: str = "mean", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable((), "zeros", name="total")
        self.count = self.add_variable((), "zeros", name="count")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Takes values into account."""
        values, weight = weighted(values, sample_weight, self.dtype, math.reduce_mean)
        self.total.assign_add(math.reduce_sum(values), read_value=False)
        if weight is not None:
            count = math.reduce_sum(weight)
        else:
            count = math.cast(array.size(values), self.dtype)
        self.count.assign_add(count, read_value=False)

    def result(self) -> Any:
        return math.divide_no_nan(convert_to_tensor(self.total), convert_to_tensor(self.count))


@builtin("keras.metrics")
class MeanMetricWrapper(Mean):
    """The mean of a function ``fn(y_true, y_pred, **arguments)`` over what the mask of ``y_pred`` leaves.

    Args:
        fn: The function, one value per sample.
        name: The metric's name.
        dtype: The dtype of its state.
        **kwargs: Further arguments of `fn`.
    """

    def __init__(self, fn: Callable[..., Any], name: str | None = None, dtype: Any = None, **kwargs: Any) -> None:
        super().__init__(name=str(name or getattr(fn, "__name__", "mean")), dtype=dtype)
        self._fn = fn
        self._arguments = kwargs

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Takes a batch into account."""
        weight = masked_weight(sample_weight, mask_of(y_pred), self.dtype)
        super().update_state(self._fn(y_true, y_pred, **self._arguments), weight)

    def get_config(self) -> dict[str, Any]:
        config = {**super().get_config(), **self._arguments}
        return config if type(self) is not MeanMetricWrapper else {**config, "fn": self._fn}


def pair(y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """Truth in the dtype and rank of predictions."""
    y_pred = convert_to_tensor(y_pred)
    return squeeze_or_expand(math.cast(convert_to_tensor(y_true), y_pred.dtype), y_pred)
