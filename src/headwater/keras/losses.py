"""`keras.losses`: how far predictions are from the truth, to be made small.

Functions give one value per sample (the mean over the last axis); classes reduce those to a scalar.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headwater.core import dtypes, nest
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.core.variable import Variable
from headwater.keras import _policy
from headwater.keras._lookup import Configurable, described, plain_name, resolve
from headwater.keras._registry import builtin
from headwater.keras._serialization import serialize_keras_object as serialize
from headwater.keras._state import auto_name, epsilon, floatx, snake_case
from headwater.ops import array, math, nn

__all__ = [
    "KLD",
    "MAE",
    "MAPE",
    "MSE",
    "MSLE",
    "BinaryCrossentropy",
    "BinaryFocalCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "CosineSimilarity",
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
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_hinge",
    "cosine_similarity",
    "deserialize",
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
]  # fmt: skip

_REDUCTIONS = ("sum", "sum_over_batch_size", "mean", "mean_with_sample_weight", "none", None)


# Functions ------------------------------------------------------------------------------------------------------


def as_float(values: Any, dtype: Any = None) -> Tensor:
    """Values as a tensor of `dtype`; default: their own if it is a float, else floatx."""
    tensor = convert_to_tensor(values)
    if dtype is None:
        dtype = tensor.dtype if tensor.dtype.is_floating or tensor.dtype.is_complex else floatx()
    return math.cast(tensor, dtype)


def pair(y_true: Any, y_pred: Any) -> tuple[Tensor, Tensor]:
    """Truth and prediction as floats of one dtype and rank."""
    y_pred = as_float(y_pred)
    return squeeze_or_expand(as_float(y_true, y_pred.dtype), y_pred)


def _equal_pair(y_true: Any, y_pred: Any, name: str) -> tuple[Tensor, Tensor]:
    """Truth and prediction as floats. Raises ValueError unless their shapes agree."""
    y_pred = as_float(y_pred)
    y_true = as_float(y_true, y_pred.dtype)
    if not y_true.shape.is_compatible_with(y_pred.shape):
        raise ValueError(
            f"{name}: expected `y_true` and `y_pred` of the same shape. Received: y_true {y_true.dtype.name} of shape "
            f"{y_true.shape}, y_pred {y_pred.dtype.name} of shape {y_pred.shape}. Class numbers need a sparse loss, or "
            "tf.one_hot; an axis can be added with y_true[:, None]."
        )
    return y_true, y_pred


def squeeze_or_expand(x: Tensor, like: Tensor) -> tuple[Tensor, Tensor]:
    """`x` and `like` in one rank, where they differ by a last axis of size 1.

    Vectors get that axis; from more dimensions it is dropped.
    """
    a, b = x.shape.rank, like.shape.rank
    if a is None or b is None or abs(a - b) != 1 or (x if a > b else like).shape[-1] != 1:
        return x, like
    if min(a, b) == 1:
        return (x, array.expand_dims(like, -1)) if a > b else (array.expand_dims(x, -1), like)
    return (array.squeeze(x, axis=-1), like) if a > b else (x, array.squeeze(like, axis=-1))


def _last_mean(x: Tensor) -> Tensor:
    return math.reduce_mean(x, axis=-1) if x.shape.rank != 0 else x


def mean_squared_error(y_true: Any, y_pred: Any) -> Tensor:
    """``mean((y_true - y_pred)²)`` over the last axis.

    >>> tf.keras.losses.mean_squared_error([[0.0, 2.0]], [[1.0, 1.0]])
    <tf.Tensor: shape=(1,), dtype=float32, numpy=array([1.], dtype=float32)>
    """
    y_true, y_pred = pair(y_true, y_pred)
    return _last_mean(math.square(y_true - y_pred))


def mean_absolute_error(y_true: Any, y_pred: Any) -> Tensor:
    """``mean(|y_true - y_pred|)`` over the last axis."""
    y_true, y_pred = pair(y_true, y_pred)
    return _last_mean(math.abs(y_true - y_pred))


def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Tensor:
    """``100 * mean(|(y_true - y_pred) / y_true|)`` over the last axis."""
    y_true, y_pred = pair(y_true, y_pred)
    return 100.0 * _last_mean(math.abs((y_true - y_pred) / math.maximum(math.abs(y_true), epsilon())))


def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Tensor:
    """``mean((log(y_true + 1) - log(y_pred + 1))²)`` over the last axis."""
    y_true, y_pred = pair(y_true, y_pred)
    logs = [math.log(math.maximum(y, epsilon()) + 1.0) for y in (y_pred, y_true)]
    return _last_mean(math.square(logs[0] - logs[1]))


def _signs(y_true: Tensor) -> Tensor:
    """Labels as -1 and 1; labels 0 and 1 are taken for them."""
    binary = math.reduce_all(math.logical_or(math.equal(y_true, 0.0), math.equal(y_true, 1.0)))
    return array.where(binary, 2.0 * y_true - 1.0, y_true)


def hinge(y_true: Any, y_pred: Any) -> Tensor:
    """``mean(max(1 - y_true * y_pred, 0))`` over the last axis; labels are -1 or 1 (or 0 or 1)."""
    y_true, y_pred = pair(y_true, y_pred)
    return _last_mean(math.maximum(1.0 - _signs(y_true) * y_pred, 0.0))


def squared_hinge(y_true: Any, y_pred: Any) -> Tensor:
    """``mean(max(1 - y_true * y_pred, 0)²)`` over the last axis."""
    y_true, y_pred = pair(y_true, y_pred)
    return _last_mean(math.square(math.maximum(1.0 - _signs(y_true) * y_pred, 0.0)))


def categorical_hinge(y_true: Any, y_pred: Any) -> Tensor:
    """``max(neg - pos + 1, 0)``: pos is the prediction for the true class, neg the largest other one."""
    y_true, y_pred = pair(y_true, y_pred)
    positive = math.reduce_sum(y_true * y_pred, axis=-1)
    negative = math.reduce_max((1.0 - y_true) * y_pred, axis=-1)
    return math.maximum(negative - positive + 1.0, 0.0)


def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Tensor:
    """``mean(e² / 2)`` where ``|e| <= delta``, else ``delta * |e| - delta² / 2`` (Huber, 1964)."""
    y_true, y_pred = pair(y_true, y_pred)
    error = math.abs(y_pred - y_true)
    return _last_mean(array.where(error <= delta, 0.5 * math.square(error), delta * error - 0.5 * delta**2))


def log_cosh(y_true: Any, y_pred: Any) -> Tensor:
    """``mean(log(cosh(y_pred - y_true)))`` over the last axis."""
    y_true, y_pred = pair(y_true, y_pred)
    error = y_pred - y_true
    return _last_mean(error + math.softplus(-2.0 * error) - 0.6931471805599453)


def kl_divergence(y_true: Any, y_pred: Any) -> Tensor:
    """``sum(y_true * log(y_true / y_pred))`` over the last axis."""
    y_true, y_pred = pair(y_true, y_pred)
    y_true, y_pred = [math.minimum(math.maximum(y, epsilon()), 1.0) for y in (y_true, y_pred)]
    return math.reduce_sum(y_true * math.log(y_true / y_pred), axis=-1)


def poisson(y_true: Any, y_pred: Any) -> Tensor:
    """``mean(y_pred - y_true * log(y_pred))`` over the last axis."""
    y_true, y_pred = pair(y_true, y_pred)
    return _last_mean(y_pred - y_true * math.log(y_pred + epsilon()))


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """``-sum(unit(y_true) * unit(y_pred))``: -1 for equal directions."""
    y_true, y_pred = pair(y_true, y_pred)
    return -math.reduce_sum(_unit(y_true, axis) * _unit(y_pred, axis), axis=axis)


def _unit(x: Tensor, axis: int) -> Tensor:
    # Real Keras divides by the larger of the norm and its epsilon.
    norm = math.sqrt(math.reduce_sum(math.square(x), axis=axis, keepdims=True))
    return x / math.maximum(norm, epsilon())


def _clip(probabilities: Tensor) -> Tensor:
    return math.minimum(math.maximum(probabilities, epsilon()), 1.0 - epsilon())


def categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Tensor:
    """``-sum(y_true * log(y_pred))`` over the classes.

    Args:
        y_true: One-hot labels, shape [..., classes].
        y_pred: Probabilities or logits, shape [..., classes].
        from_logits: Whether `y_pred` are logits.
        label_smoothing: How much of the labels is spread evenly over the classes.
        axis: The axis of the classes.

    Returns:
        Shape [...].

    Raises:
        ValueError: If the shapes differ, as they do for class numbers.

    >>> tf.keras.losses.categorical_crossentropy([[0.0, 1.0]], [[0.5, 0.5]])
    <tf.Tensor: shape=(1,), dtype=float32, numpy=array([0.6931472], dtype=float32)>
    """
    y_true, y_pred = _equal_pair(y_true, y_pred, "categorical_crossentropy")
    if label_smoothing:
        y_true = y_true * (1.0 - label_smoothing) + label_smoothing / y_pred.shape[axis]
    if from_logits:
        return -math.reduce_sum(y_true * nn.log_softmax(y_pred, axis=axis), axis=axis)
    y_pred = y_pred / math.reduce_sum(y_pred, axis=axis, keepdims=True)
    return -math.reduce_sum(y_true * math.log(_clip(y_pred)), axis=axis)


def sparse_categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1
) -> Tensor:
    """``-log(y_pred[label])``.

    Args:
        y_true: Class numbers, shape [...] or [..., 1].
        y_pred: Probabilities or logits, shape [..., classes].
        from_logits: Whether `y_pred` are logits.
        ignore_class: A label whose samples count 0.
        axis: The axis of the classes, which must be the last one.

    Returns:
        Shape [...].

    Raises:
        ValueError: For another axis, or if the shapes do not fit.
        InvalidArgumentError: If a label is not one of the classes (on a CPU; elsewhere its loss is NaN).

    >>> tf.keras.losses.sparse_categorical_crossentropy([1], [[0.5, 0.5]])
    <tf.Tensor: shape=(1,), dtype=float32, numpy=array([0.6931472], dtype=float32)>
    """
    y_pred, labels = as_float(y_pred), convert_to_tensor(y_true)
    rank = y_pred.shape.rank
    if axis not in (-1, (rank or 0) - 1):
        raise ValueError(
            f"sparse_categorical_crossentropy: expected the classes on the last axis (axis=-1). Received: axis={axis} "
            f"for y_pred of shape {y_pred.shape}. Move the axis with tf.transpose."
        )
    if labels.shape.rank == rank and labels.shape[-1] == 1:
        labels = array.squeeze(labels, axis=-1)
    if not labels.shape.is_compatible_with(y_pred.shape[:-1]):
        raise ValueError(
            "sparse_categorical_crossentropy: expected `y_true` of the shape of `y_pred` without its last axis. "
            f"Received: y_true {labels.dtype.name} of shape {labels.shape}, y_pred {y_pred.dtype.name} of shape "
            f"{y_pred.shape}. One-hot labels need categorical_crossentropy."
        )
    labels = math.cast(labels, dtypes.int64 if labels.dtype is dtypes.int64 else dtypes.int32)
    valid = None
    if ignore_class is not None:
        valid = math.not_equal(labels, ignore_class)
        labels = array.where(valid, labels, array.zeros_like(labels))
    logits = y_pred if from_logits else math.log(_clip(y_pred))
    loss = nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    return loss if valid is None else array.where(valid, loss, array.zeros_like(loss))


def binary_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Tensor:
    """``mean(-y_true * log(y_pred) - (1 - y_true) * log(1 - y_pred))`` over `axis`.

    Args:
        y_true: Labels 0 or 1.
        y_pred: Probabilities or logits of the same shape.
        from_logits: Whether `y_pred` are logits.
        label_smoothing: How far labels are moved towards 1/2.
        axis: The axis of the mean.

    Returns:
        The shape without `axis`.

    Raises:
        ValueError: If the shapes differ.
    """
    y_true, y_pred = _equal_pair(y_true, y_pred, "binary_crossentropy")
    if label_smoothing:
        y_true = y_true * (1.0 - label_smoothing) + 0.5 * label_smoothing
    return math.reduce_mean(_binary_entropy(y_true, y_pred, from_logits), axis=axis)


def _binary_entropy(y_true: Tensor, y_pred: Tensor, from_logits: bool) -> Tensor:
    if from_logits:
        return nn.sigmoid_cross_entropy_with_logits(labels=y_true, logits=y_pred)
    p = _clip(y_pred)
    return -(y_true * math.log(p) + (1.0 - y_true) * math.log(1.0 - p))


def binary_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """Binary cross entropy weighted by ``(1 - p_true_class) ** gamma`` (Lin et al., 2018)."""
    y_true, y_pred = _equal_pair(y_true, y_pred, "binary_focal_crossentropy")
    if label_smoothing:
        y_true = y_true * (1.0 - label_smoothing) + 0.5 * label_smoothing
    p = math.sigmoid(y_pred) if from_logits else y_pred
    entropy = _binary_entropy(y_true, p, False)
    hit = y_true * p + (1.0 - y_true) * (1.0 - p)
    focal = math.pow(1.0 - hit, gamma) * entropy
    if apply_class_balancing:
        focal = (y_true * alpha + (1.0 - y_true) * (1.0 - alpha)) * focal
    return math.reduce_mean(focal, axis=axis)


# Classes --------------------------------------------------------------------------------------------------------


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

    `call` gets tensors of the loss's dtype, whatever was given.

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
        y_true, y_pred = _as_values(y_true, self.dtype), _as_values(y_pred, self.dtype)
        return reduce_weighted(self.call(y_true, y_pred), sample_weight, self.reduction, self.dtype)

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


def reduce_weighted(values: Any, sample_weight: Any, reduction: str | None, dtype: str) -> Any:
    """Values of samples, weighted and reduced to a scalar."""
    values = math.cast(convert_to_tensor(values), dtype)
    if sample_weight is not None:
        weight = math.cast(convert_to_tensor(sample_weight), values.dtype)
        weight = _fit_weight(weight, values)
        values = values * weight
    if reduction in ("none", None) or values.shape.rank == 0:
        return values
    total = math.reduce_sum(values)
    if reduction == "sum":
        return total
    if reduction == "mean_with_sample_weight" and sample_weight is not None:
        return math.divide_no_nan(total, math.reduce_sum(array.broadcast_to(weight, array.shape(values))))
    return total / math.cast(array.size(values), values.dtype)


def _fit_weight(weight: Tensor, values: Tensor) -> Tensor:
    """A weight per sample in a shape that broadcasts with the values."""
    if weight.shape.rank is None or values.shape.rank is None:
        return weight
    if weight.shape.rank == values.shape.rank + 1 and weight.shape[-1] == 1:
        weight = array.squeeze(weight, axis=-1)
    while 0 < weight.shape.rank < values.shape.rank:  # type: ignore[operator]
        weight = array.expand_dims(weight, -1)
    return weight


class _Wrapped(Loss):
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

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return type(self)._function(*_aligned(y_true, y_pred), **self._arguments)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self._arguments}


def _aligned(y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """Truth and prediction in one rank, if each is one tensor."""
    both = isinstance(y_true, Tensor) and isinstance(y_pred, Tensor)
    return squeeze_or_expand(y_true, y_pred) if both else (y_true, y_pred)


class LossFunctionWrapper(_Wrapped):
    """A loss made of any function ``fn(y_true, y_pred)``."""

    def __init__(
        self, fn: Callable[..., Any], reduction: str | None = "sum_over_batch_size", name: str | None = None,
        dtype: Any = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        Loss.__init__(self, name or getattr(fn, "__name__", None), reduction, dtype)
        self._arguments = kwargs
        self.fn = fn

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return self.fn(*_aligned(y_true, y_pred), **self._arguments)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "fn": plain_name(self.fn)}


@builtin("keras.losses")
class MeanSquaredError(_Wrapped):
    """See `mean_squared_error`."""

    _function = staticmethod(mean_squared_error)


@builtin("keras.losses")
class MeanAbsoluteError(_Wrapped):
    """See `mean_absolute_error`."""

    _function = staticmethod(mean_absolute_error)


@builtin("keras.losses")
class MeanAbsolutePercentageError(_Wrapped):
    """See `mean_absolute_percentage_error`."""

    _function = staticmethod(mean_absolute_percentage_error)


@builtin("keras.losses")
class MeanSquaredLogarithmicError(_Wrapped):
    """See `mean_squared_logarithmic_error`."""

    _function = staticmethod(mean_squared_logarithmic_error)


@builtin("keras.losses")
class Hinge(_Wrapped):
    """See `hinge`."""

    _function = staticmethod(hinge)


@builtin("keras.losses")
class SquaredHinge(_Wrapped):
    """See `squared_hinge`."""

    _function = staticmethod(squared_hinge)


@builtin("keras.losses")
class CategoricalHinge(_Wrapped):
    """See `categorical_hinge`."""

    _function = staticmethod(categorical_hinge)


@builtin("keras.losses")
class KLDivergence(_Wrapped):
    """See `kl_divergence`."""

    _function = staticmethod(kl_divergence)


@builtin("keras.losses")
class Poisson(_Wrapped):
    """See `poisson`."""

    _function = staticmethod(poisson)


@builtin("keras.losses")
class LogCosh(_Wrapped):
    """See `log_cosh`."""

    _function = staticmethod(log_cosh)


@builtin("keras.losses")
class Huber(_Wrapped):
    """See `huber`."""

    _function = staticmethod(huber)

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str = "huber_loss",
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype, delta=delta)


@builtin("keras.losses")
class CosineSimilarity(_Wrapped):
    """See `cosine_similarity`."""

    _function = staticmethod(cosine_similarity)

    def __init__(
        self, axis: int = -1, reduction: str | None = "sum_over_batch_size", name: str = "cosine_similarity",
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(reduction, name, dtype, axis=axis)


@builtin("keras.losses")
class BinaryCrossentropy(_Wrapped):
    """See `binary_crossentropy`."""

    _function = staticmethod(binary_crossentropy)

    def __init__(
        self, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1,
        reduction: str | None = "sum_over_batch_size", name: str = "binary_crossentropy", dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(reduction, name, dtype, from_logits=from_logits, label_smoothing=label_smoothing, axis=axis)


@builtin("keras.losses")
class BinaryFocalCrossentropy(_Wrapped):
    """See `binary_focal_crossentropy`."""

    _function = staticmethod(binary_focal_crossentropy)

    def __init__(
        self, apply_class_balancing: bool = False, alpha: float = 0.25, gamma: float = 2.0, from_logits: bool = False,
        label_smoothing: float = 0.0, axis: int = -1, reduction: str | None = "sum_over_batch_size",
        name: str = "binary_focal_crossentropy", dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(
            reduction, name, dtype, apply_class_balancing=apply_class_balancing, alpha=alpha, gamma=gamma,
            from_logits=from_logits, label_smoothing=label_smoothing, axis=axis,
        )  # fmt: skip


@builtin("keras.losses")
class CategoricalCrossentropy(_Wrapped):
    """See `categorical_crossentropy`."""

    _function = staticmethod(categorical_crossentropy)

    def __init__(
        self, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1,
        reduction: str | None = "sum_over_batch_size", name: str = "categorical_crossentropy", dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(reduction, name, dtype, from_logits=from_logits, label_smoothing=label_smoothing, axis=axis)


@builtin("keras.losses")
class SparseCategoricalCrossentropy(_Wrapped):
    """See `sparse_categorical_crossentropy`."""

    _function = staticmethod(sparse_categorical_crossentropy)

    def __init__(
        self, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1,
        reduction: str | None = "sum_over_batch_size", name: str = "sparse_categorical_crossentropy", dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(reduction, name, dtype, from_logits=from_logits, ignore_class=ignore_class, axis=axis)

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        ignored = self._arguments["ignore_class"]
        if ignored is None:
            return super().__call__(y_true, y_pred, sample_weight)
        # Samples of the ignored class count neither in the sum nor in the number of samples.
        values = math.cast(self.call(y_true, y_pred), self.dtype)
        labels = array.reshape(convert_to_tensor(y_true), array.shape(values))
        valid = math.cast(math.not_equal(labels, math.cast(ignored, labels.dtype)), self.dtype)
        if self.reduction in ("sum_over_batch_size", "mean"):
            valid = valid * math.divide_no_nan(math.cast(array.size(valid), self.dtype), math.reduce_sum(valid))
        if sample_weight is not None:
            valid = valid * _fit_weight(math.cast(convert_to_tensor(sample_weight), self.dtype), values)
        return reduce_weighted(values, valid, self.reduction, self.dtype)


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
]  # fmt: skip
_CLASSES: list[Any] = [
    MeanSquaredError, MeanAbsoluteError, MeanAbsolutePercentageError, MeanSquaredLogarithmicError, Hinge, SquaredHinge,
    CategoricalHinge, Huber, LogCosh, KLDivergence, Poisson, CosineSimilarity, CategoricalCrossentropy,
    SparseCategoricalCrossentropy, BinaryCrossentropy, BinaryFocalCrossentropy,
]  # fmt: skip
for _function in _FUNCTIONS:
    _function._keras_name = True
_TABLE: dict[str, Any] = {f.__name__: f for f in _FUNCTIONS} | {c.__name__: c for c in _CLASSES}
_TABLE |= {"mse": mse, "mae": mae, "mape": mape, "msle": msle, "kld": kld, "bce": bce, "logcosh": log_cosh}
_TABLE |= {"MSE": mse, "MAE": mae, "MAPE": mape, "MSLE": msle, "KLD": kld, "BCE": bce, "huber_loss": huber}
_CLASS_OF = {c._function.__name__: c for c in _CLASSES}


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
    return LossFunctionWrapper(loss, name=name)


def check_classes(loss: Any, y_true: Any, y_pred: Any) -> None:
    """Checks that a loss of distributions over classes gets targets with an axis of classes.

    Args:
        loss: A `Loss`.
        y_true: A batch of targets, a tensor or its spec.
        y_pred: A batch of predictions.

    Raises:
        ValueError: If the targets are class numbers, which would broadcast where there are as many as classes.
    """
    if class_name_of(loss) not in _OF_DISTRIBUTIONS:
        return
    shape, wanted = getattr(y_true, "shape", None), getattr(y_pred, "shape", None)
    if shape is None or wanted is None or None in (shape.rank, wanted.rank):
        return
    if shape.rank < wanted.rank and wanted[-1] != 1:
        raise ValueError(
            f"{loss.name}: expected targets y_true with an axis of classes, as y_pred of shape {wanted} has, received "
            f"labels of shape {shape}. Class numbers need a sparse loss, or tf.one_hot."
        )


_OF_DISTRIBUTIONS = ("KLDivergence", "CategoricalHinge", "CategoricalFocalCrossentropy")


def class_name_of(loss: Any) -> str:
    """The class name of a loss or loss function: ``SparseCategoricalCrossentropy``, or an empty string."""
    function = getattr(loss, "fn", loss)
    name = getattr(function, "__name__", type(loss).__name__)
    return _CLASS_OF[name].__name__ if name in _CLASS_OF else type(loss).__name__
