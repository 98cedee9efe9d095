"""`Loss`: values of samples reduced to a scalar; and losses made of functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headwater.core import dtypes, nest
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.core.variable import Variable
from headwater.keras import _policy
from headwater.keras._lookup import Configurable, plain_name
from headwater.keras._masks import mask_of
from headwater.keras._registry import builtin
from headwater.keras._state import auto_name, floatx, snake_case
from headwater.keras.losses._functions import squeeze_or_expand
from headwater.ops import array, math

_MEANS = ("mean", "sum_over_batch_size")
_REDUCTIONS = ("sum", "sum_over_batch_size", "mean", "mean_with_sample_weight", "none", None)


class Reduction:
    """The names of reductions, as older programs write them: ``Reduction.SUM`` is ``"sum"``."""

    AUTO = "auto"
    NONE = "none"
    SUM = "sum"
    SUM_OVER_BATCH_SIZE = "sum_over_batch_size"

    @classmethod
    def all(cls) -> tuple[str, ...]:
        """All of them."""
        return cls.AUTO, cls.NONE, cls.SUM, cls.SUM_OVER_BATCH_SIZE

    @classmethod
    def validate(cls, key: str) -> None:
        """Raises ValueError unless `key` is one of them."""
        if key not in cls.all():
            raise ValueError(f"Invalid reduction: expected one of {cls.all()}. Received: {key!r}")


@builtin("keras.losses")
class Loss(Configurable):
    """Base of losses: subclasses define ``call(y_true, y_pred)``, one value per sample.

    `call` gets tensors of the loss's dtype, whatever was given. What the mask of `y_pred` leaves out (and that of
    what `call` gives) counts neither in sums nor in means.

    Args:
        name: Its name.
        reduction: ``"sum_over_batch_size"`` (the mean of all values), ``"mean_with_sample_weight"``, ``"sum"`` or
            ``"none"``.
        dtype: The dtype it computes in, or a dtype policy.
    """

    def __init__(
        self, name: str | None = None, reduction: str | None = "sum_over_batch_size", dtype: Any = None
    ) -> None:
        if reduction not in _REDUCTIONS:
            raise ValueError(
                f"Invalid value for argument `reduction`: expected one of {_REDUCTIONS}. Received: {reduction}"
            )
        self.name = name or auto_name(snake_case(type(self).__name__))
        self.reduction = reduction
        self._dtype = None if dtype is None else _policy.get(dtype).compute_dtype

    @property
    def dtype(self) -> str:
        """The dtype it computes in."""
        return self._dtype or floatx()

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        mask = mask_of(y_pred)
        values = self.call(_as_values(y_true, self.dtype), _as_values(y_pred, self.dtype))
        mask = both_masks(mask, mask_of(values))
        values = math.cast(convert_to_tensor(values), self.dtype)
        weight = masked_weight(sample_weight, mask, self.dtype, self.reduction in _MEANS)
        return reduce_weighted(values, weight, self.reduction)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each sample."""
        raise NotImplementedError(f"Loss {type(self).__name__} must define call(y_true, y_pred).")

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "reduction": self.reduction}


def _as_values(y: Any, dtype: str) -> Any:
    """A structure of tensors of the dtype; a list of numbers counts as one tensor, strings stay strings."""
    if isinstance(y, dict) or (isinstance(y, list | tuple) and any(_is_structure(v) for v in nest.flatten(y))):
        return nest.map_structure(lambda v: _as_values(v, dtype), y)
    tensor = convert_to_tensor(y)
    return tensor if tensor.dtype is dtypes.string else math.cast(tensor, dtype)


def _is_structure(leaf: Any) -> bool:
    return isinstance(leaf, Tensor | Variable) or hasattr(leaf, "__array__")


def both_masks(first: Any, second: Any) -> Any:
    """The mask that leaves out what either does; None if there is none."""
    if first is None or second is None:
        return second if first is None else first
    return math.logical_and(first, second)


def masked_weight(sample_weight: Any, mask: Any, dtype: str, of_a_mean: bool = False) -> Any:
    """The weights of samples, 0 where the mask leaves them out; None if there is neither.

    Args:
        sample_weight: Weights, or None.
        mask: A mask, or None.
        dtype: The dtype of the result.
        of_a_mean: Whether the others weigh as much more as a mean over all elements needs to be one over them.
    """
    weight = None if sample_weight is None else math.cast(convert_to_tensor(sample_weight), dtype)
    if mask is None:
        return weight
    counted = math.cast(convert_to_tensor(mask), dtype)
    if of_a_mean:
        counted = counted * math.divide_no_nan(math.cast(array.size(counted), dtype), math.reduce_sum(counted))
    return counted if weight is None else fit_weight(weight, counted) * fit_weight(counted, weight)


def reduce_weighted(values: Tensor, weight: Tensor | None, reduction: str | None) -> Any:
    """Values of samples, weighted and reduced to a scalar."""
    if weight is not None:
        weight = fit_weight(weight, values)
        values = values * weight
    if reduction in ("none", None) or values.shape.rank == 0:
        return values
    total = math.reduce_sum(values)
    if reduction == "sum":
        return total
    if reduction == "mean_with_sample_weight" and weight is not None:
        return math.divide_no_nan(total, math.reduce_sum(array.broadcast_to(weight, array.shape(values))))
    return total / math.cast(array.size(values), values.dtype)


def fit_weight(weight: Tensor, values: Tensor) -> Tensor:
    """A weight per sample in a shape that broadcasts with the values."""
    if weight.shape.rank is None or values.shape.rank is None:
        return weight
    if weight.shape.rank == values.shape.rank + 1 and weight.shape[-1] == 1:
        weight = array.squeeze(weight, axis=-1)
    while 0 < weight.shape.rank < values.shape.rank:  # type: ignore[operator]
        weight = array.expand_dims(weight, -1)
    return weight


class Wrapped(Loss):
    """A loss class around a function."""

    _function: Callable[..., Tensor]

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
        **arguments: Any,
    ) -> None:
        super().__init__(name or type(self)._function.__name__, reduction, dtype)
        self._arguments = arguments

    def __repr__(self) -> str:
        return f"<LossFunctionWrapper({self._function}, kwargs={self._arguments})>"

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return type(self)._function(*_aligned(y_true, y_pred), **self._arguments)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self._arguments}


def _aligned(y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """Truth and prediction in one rank, if each is one tensor."""
    both = isinstance(y_true, Tensor) and isinstance(y_pred, Tensor)
    return squeeze_or_expand(y_true, y_pred) if both else (y_true, y_pred)


class LossFunctionWrapper(Wrapped):
    """A loss made of any function ``fn(y_true, y_pred)``."""

    def __init__(
        self, fn: Callable[..., Any], reduction: str | None = "sum_over_batch_size", name: str | None = None,
        dtype: Any = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        Loss.__init__(self, name or getattr(fn, "__name__", None), reduction, dtype)
        self._arguments = kwargs
        self.fn = self._function = fn

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return self.fn(*_aligned(y_true, y_pred), **self._arguments)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "fn": plain_name(self.fn)}
