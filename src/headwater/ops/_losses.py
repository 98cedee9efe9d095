"""Losses from logits."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from headwater.core.checks import in_range
from headwater.core.context import context
from headwater.core.op import op
from headwater.core.tensor import Tensor, convert_to_tensor
from headwater.core.variable import Variable
from headwater.core.watch import enabled
from headwater.ops._common import single_axis
from headwater.ops._floating import floating
from headwater.ops._inputs import INTEGER, broadcasts_to, tensor_of

# Softmax cross-entropy ------------------------------------------------------------------------------------------


def _wide(x: Any) -> Any:
    """Half precision is too coarse for sums of exponentials."""
    return x.astype(jnp.float32) if x.dtype.itemsize < 4 else x


def _cross_entropy(labels: Any, logits: Any) -> Any:
    log_p = jax.nn.log_softmax(_wide(logits))
    return -jnp.sum(labels * log_p, -1).astype(logits.dtype)


_softmax_cross_entropy = jax.custom_vjp(_cross_entropy)


def _cross_entropy_forward(labels: Any, logits: Any) -> Any:
    return _cross_entropy(labels, logits), (labels, logits)


def _cross_entropy_backward(saved: Any, gradient: Any) -> Any:
    """TensorFlow's gradient takes the labels of each row to sum to 1, whether they do or not."""
    labels, logits = saved
    log_p = jax.nn.log_softmax(_wide(logits))
    gradient = gradient[..., None]
    return (
        (-gradient * log_p).astype(labels.dtype),
        (gradient * (jnp.exp(log_p) - labels)).astype(logits.dtype),
    )


_softmax_cross_entropy.defvjp(_cross_entropy_forward, _cross_entropy_backward)


@op("SoftmaxCrossEntropyWithLogits")
def SOFTMAX_CROSS_ENTROPY(labels: Any, logits: Any, *, axis: int) -> Any:
    labels = labels.astype(logits.dtype)
    labels, logits = jnp.moveaxis(labels, axis, -1), jnp.moveaxis(logits, axis, -1)
    rows = logits.shape[:-1]
    if not broadcasts_to(labels.shape[:-1], rows):
        raise ValueError(f"Expected labels for {list(rows)} rows of logits, received {list(labels.shape[:-1])}.")
    labels, logits = jnp.broadcast_arrays(labels, logits)
    return (_cross_entropy if context.forward_mode else _softmax_cross_entropy)(labels, logits)


def softmax_cross_entropy_with_logits(labels: Any, logits: Any, axis: int = -1, name: str | None = None) -> Tensor:
    """The cross-entropy between `labels` and ``softmax(logits)``.

    Args:
        labels: Probabilities along `axis`, of the shape of `logits`.
        logits: Unnormalized log-probabilities, floating-point.
        axis: The axis of the classes.
        name: A name for the result.

    Returns:
        A tensor of the shape of `logits` without `axis`, in its dtype.

    >>> tf.nn.softmax_cross_entropy_with_logits([[0.0, 1.0]], [[0.0, 0.0]]).numpy()
    array([0.6931472], dtype=float32)
    """
    hint = logits.dtype if isinstance(logits, Tensor | Variable) else None
    logits = floating(logits, "SoftmaxCrossEntropyWithLogits")
    labels = convert_to_tensor(labels, dtype_hint=hint or logits.dtype)
    return SOFTMAX_CROSS_ENTROPY(labels, logits, axis=single_axis(axis), name=name)


_KNOWN_CLASS = in_range(
    "labels",
    lambda logits, labels: int(logits.shape[-1]),
    text="Received a label value of {found} which is outside the valid range of [0, {bound}), in {name}{place}",
)


@op("SparseSoftmaxCrossEntropyWithLogits", check=_KNOWN_CLASS)
def SPARSE_SOFTMAX_CROSS_ENTROPY(logits: Any, labels: Any) -> Any:
    count = logits.shape[-1]
    log_p = jax.nn.log_softmax(_wide(logits))
    chosen = labels[..., None] == jnp.arange(count, dtype=labels.dtype)
    loss = -jnp.sum(jnp.where(chosen, log_p, 0), -1)
    # Where nothing is checked, a label that is no class makes the loss NaN; else it leaves variables alone.
    missing = 0 if enabled() else jnp.nan
    return jnp.where((labels >= 0) & (labels < count), loss, missing).astype(logits.dtype)


def sparse_softmax_cross_entropy_with_logits(labels: Any, logits: Any, name: str | None = None) -> Tensor:
    """The cross-entropy between classes given by number and ``softmax(logits)``.

    Args:
        labels: Integers in ``[0, classes)``, of the shape of `logits` without the last dimension.
        logits: Unnormalized log-probabilities, floating-point, classes last.
        name: A name for the result.

    Returns:
        A tensor of the shape of `labels`, in the dtype of `logits`.

    Raises:
        ValueError: If the shapes do not fit.
        InvalidArgumentError: If a label is no class (on a CPU; elsewhere the loss is NaN).

    >>> tf.nn.sparse_softmax_cross_entropy_with_logits([1], [[0.0, 0.0]]).numpy()
    array([0.6931472], dtype=float32)
    """
    labels = tensor_of(labels, "SparseSoftmaxCrossEntropyWithLogits", INTEGER)
    logits = floating(logits, "SparseSoftmaxCrossEntropyWithLogits")
    if logits.shape.rank == 0:
        raise ValueError(f"`logits` cannot be a scalar. Received logits={logits}.")
    if logits.shape.rank is not None and labels.shape.rank is not None and labels.shape.rank != logits.shape.rank - 1:
        raise ValueError(
            f"Expected labels of rank {logits.shape.rank - 1}, one less than that of logits {logits.shape}, received "
            f"labels of shape {labels.shape}. For labels given as probabilities use softmax_cross_entropy_with_logits."
        )
    if logits.shape.rank is not None and not labels.shape.is_compatible_with(logits.shape[:-1]):
        raise ValueError(
            f"Expected labels of shape {logits.shape[:-1]} for logits {logits.shape}, received {labels.shape}."
        )
    return SPARSE_SOFTMAX_CROSS_ENTROPY(logits, labels, name=name)


# Sigmoid cross-entropy ------------------------------------------------------------------------------------------


def _magnitudes(logits: Any) -> tuple[Any, Any]:
    """``max(x, 0)`` and ``-abs(x)``, both with the derivative of the positive side at 0."""
    positive = logits >= 0
    return jnp.where(positive, logits, 0), jnp.where(positive, -logits, logits)


@op("SigmoidCrossEntropyWithLogits", elementwise=True)
def _SIGMOID_CROSS_ENTROPY(labels: Any, logits: Any) -> Any:
    positive, negative = _magnitudes(logits)
    return positive - logits * labels + jnp.log1p(jnp.exp(negative))


@op("WeightedCrossEntropyWithLogits", elementwise=True)
def _WEIGHTED_CROSS_ENTROPY(labels: Any, logits: Any, weight: Any) -> Any:
    factor = 1 + (weight - 1) * labels
    softplus = jnp.log1p(jnp.exp(-jnp.abs(logits))) + jnp.where(logits >= 0, 0, -logits)
    return (1 - labels) * logits + factor * softplus


def _pair(labels: Any, logits: Any, what: str) -> tuple[Tensor, Tensor]:
    logits = floating(logits, what)
    labels = convert_to_tensor(labels, dtype_hint=logits.dtype)
    if not labels.shape.is_compatible_with(logits.shape):
        raise ValueError(
            f"`logits` and `labels` must have the same shape, received ({logits.shape} vs {labels.shape})."
        )
    return labels, logits


def sigmoid_cross_entropy_with_logits(labels: Any = None, logits: Any = None, name: str | None = None) -> Tensor:
    """The cross-entropy between `labels` and ``sigmoid(logits)``, element by element.

    >>> tf.nn.sigmoid_cross_entropy_with_logits(labels=[1.0, 0.0], logits=[0.0, 0.0]).numpy()
    array([0.6931472, 0.6931472], dtype=float32)
    """
    labels, logits = _pair(labels, logits, "sigmoid_cross_entropy_with_logits")
    return _SIGMOID_CROSS_ENTROPY(labels, logits, name=name)


def weighted_cross_entropy_with_logits(labels: Any, logits: Any, pos_weight: Any, name: str | None = None) -> Tensor:
    """`sigmoid_cross_entropy_with_logits` with the positive part weighted by `pos_weight`.

    >>> tf.nn.weighted_cross_entropy_with_logits([1.0, 0.0], [0.0, 0.0], 2.0).numpy()
    array([1.3862944, 0.6931472], dtype=float32)
    """
    labels, logits = _pair(labels, logits, "weighted_cross_entropy_with_logits")
    weight = convert_to_tensor(pos_weight, dtype_hint=logits.dtype)
    return _WEIGHTED_CROSS_ENTROPY(labels, logits, weight, name=name)


@op("LogPoissonLoss", elementwise=True)
def _LOG_POISSON(targets: Any, log_input: Any, *, full: bool) -> Any:
    loss = jnp.exp(log_input) - log_input * targets
    if not full:
        return loss
    # Stirling's approximation of log(targets!), which is not meant for 0 and 1.
    small = (targets >= 0) & (targets <= 1)
    z = jnp.where(small, 1, targets)
    stirling = z * jnp.log(z) - z + 0.5 * jnp.log(2 * np.pi * z)
    return loss + jnp.where(small, 0, stirling)


def log_poisson_loss(targets: Any, log_input: Any, compute_full_loss: bool = False, name: str | None = None) -> Tensor:
    """The negative log-likelihood of `targets` under Poisson distributions with mean ``exp(log_input)``.

    Args:
        targets: Counts, floating-point.
        log_input: The logarithm of the mean, of the same shape.
        compute_full_loss: Whether to add Stirling's approximation of ``log(targets!)``.
        name: A name for the result.

    Returns:
        The losses, element by element.

    >>> tf.nn.log_poisson_loss([1.0], [0.0]).numpy()
    array([1.], dtype=float32)
    """
    log_input = floating(log_input, "log_poisson_loss")
    targets = convert_to_tensor(targets, dtype_hint=log_input.dtype)
    if not targets.shape.is_compatible_with(log_input.shape):
        raise ValueError(
            f"`log_input` and `targets` must have the same shape, received ({log_input.shape} vs {targets.shape})."
        )
    return _LOG_POISSON(targets, log_input, full=bool(compute_full_loss), name=name)
