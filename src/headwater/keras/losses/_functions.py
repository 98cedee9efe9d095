"""Losses as functions: one value per sample (the mean over the last axis)."""

from __future__ import annotations

from typing import Any

from headwater.core import dtypes
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.keras._floats import as_float
from headwater.keras._masks import attach
from headwater.keras._state import epsilon
from headwater.ops import array, math, nn


def float_pair(y_true: Any, y_pred: Any) -> tuple[Tensor, Tensor]:
    """Truth and prediction as floats of one dtype."""
    y_pred = as_float(y_pred)
    return as_float(y_true, y_pred.dtype), y_pred


def pair(y_true: Any, y_pred: Any) -> tuple[Tensor, Tensor]:
    """Truth and prediction as floats of one dtype and rank."""
    return squeeze_or_expand(*float_pair(y_true, y_pred))


def equal_pair(y_true: Any, y_pred: Any, name: str) -> tuple[Tensor, Tensor]:
    """Truth and prediction as floats. Raises ValueError unless their shapes agree."""
    y_true, y_pred = float_pair(y_true, y_pred)
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
    return -math.reduce_sum(unit(y_true, axis) * unit(y_pred, axis), axis=axis)


def unit(x: Tensor, axis: int) -> Tensor:
    """Vectors along `axis` scaled to length 1."""
    # Real Keras divides by the larger of the norm and its epsilon.
    norm = math.sqrt(math.reduce_sum(math.square(x), axis=axis, keepdims=True))
    return x / math.maximum(norm, epsilon())


def clip_probabilities(probabilities: Tensor) -> Tensor:
    """Probabilities so far from 0 and 1 that their logarithms, and those of the rest, are finite."""
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
    y_true, y_pred = equal_pair(y_true, y_pred, "categorical_crossentropy")
    if label_smoothing:
        y_true = y_true * (1.0 - label_smoothing) + label_smoothing / y_pred.shape[axis]
    if from_logits:
        return -math.reduce_sum(y_true * nn.log_softmax(y_pred, axis=axis), axis=axis)
    y_pred = y_pred / math.reduce_sum(y_pred, axis=axis, keepdims=True)
    return -math.reduce_sum(y_true * math.log(clip_probabilities(y_pred)), axis=axis)


def sparse_categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1
) -> Tensor:
    """``-log(y_pred[label])``.

    Args:
        y_true: Class numbers, shape [...] or [..., 1].
        y_pred: Probabilities or logits, shape [..., classes].
        from_logits: Whether `y_pred` are logits.
        ignore_class: A label whose samples count 0, and are left out by the result's mask.
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
    logits = y_pred if from_logits else math.log(clip_probabilities(y_pred))
    loss = nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    if valid is not None:
        loss = array.where(valid, loss, array.zeros_like(loss))
        attach(loss, valid)
    return loss


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
    y_true, y_pred = equal_pair(y_true, y_pred, "binary_crossentropy")
    if label_smoothing:
        y_true = y_true * (1.0 - label_smoothing) + 0.5 * label_smoothing
    return math.reduce_mean(_binary_entropy(y_true, y_pred, from_logits), axis=axis)


def _binary_entropy(y_true: Tensor, y_pred: Tensor, from_logits: bool) -> Tensor:
    if from_logits:
        return nn.sigmoid_cross_entropy_with_logits(labels=y_true, logits=y_pred)
    p = clip_probabilities(y_pred)
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
    y_true, y_pred = equal_pair(y_true, y_pred, "binary_focal_crossentropy")
    if label_smoothing:
        y_true = y_true * (1.0 - label_smoothing) + 0.5 * label_smoothing
    p = math.sigmoid(y_pred) if from_logits else y_pred
    entropy = _binary_entropy(y_true, p, False)
    hit = y_true * p + (1.0 - y_true) * (1.0 - p)
    focal = math.pow(1.0 - hit, gamma) * entropy
    if apply_class_balancing:
        focal = (y_true * alpha + (1.0 - y_true) * (1.0 - alpha)) * focal
    return math.reduce_mean(focal, axis=axis)
